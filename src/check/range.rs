//! `range`: every number of a field lies within limits.

use std::ops::Bound;

use super::bounds::Bounds;
use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::numbers::judge_each;
use super::parser::CheckParser;
use super::{CallFindings, CheckRule};

/// The name of the check.
pub(crate) const NAME: &str = "range";

#[derive(Debug)]
struct Range {
    field: FieldPath,
    bounds: Bounds,
}

/// Reads `field` and at least one of `min`, `max`, `above` and `below`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let field = parser.field();
    let mut limit = |included, excluded| {
        let limits = (parser.reader.number(included, ..), parser.reader.number(excluded, ..));
        if let (Some(_), Some(_)) = limits {
            let message = format!("both `{included}` and `{excluded}` are given");
            parser.reader.reject(excluded, message, "expected one of them");
        }
        limits.1.map(Bound::Excluded).or(limits.0.map(Bound::Included)).unwrap_or(Bound::Unbounded)
    };
    let bounds = Bounds { least: limit("min", "above"), greatest: limit("max", "below") };
    if !bounds.can_be_broken() {
        let label = "expected limits by `min` or `above`, `max` or `below`";
        parser.reject(format!("no number could be judged: {bounds}"), label);
    }
    Some(Box::new(Range { field: field?, bounds }))
}

impl CheckRule for Range {
    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        judge_each(NAME, &self.field, answered, &self.bounds.to_string(), |value| self.bounds.excess(value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compile_errors, compiled, folder, judge, response, summaries};
    use crate::backend::Responsible;

    #[test]
    fn numbers_outside_the_limits_are_found() {
        let contract = folder();
        let check = compiled(&contract, "check = 'range'\nfield = 'plddt'\nmin = 0.1\nbelow = 1");
        let right = response(&contract, "call", "AC|D", json!({"include_fields": ["plddt"]}));
        assert_eq!(summaries(&check, &contract, std::slice::from_ref(&right)), Vec::<String>::new());
        for (value, shown) in [(1.0, "1"), (0.0, "0"), (f64::NAN, "NaN")] {
            assert_eq!(
                summaries(&check, &contract, &[right.clone().with_element("plddt", 1, value)]),
                [format!("plddt[0]: 1 of 2 elements not at least 0.1 and below 1; at [1] is {shown}")]
            );
        }
    }

    #[test]
    fn a_number_of_the_metadata_is_judged() {
        let contract = folder();
        let check = compiled(&contract, "check = 'range'\nfield = 'metadata.inference_time'\nabove = 0.25");
        let right = response(&contract, "call", "AC", json!({}));
        insta::assert_snapshot!(summaries(&check, &contract, &[right]).join("\n"), @"metadata.inference_time: expected above 0.25, got 0.25");
    }

    #[test]
    fn a_field_that_is_not_there_is_no_pass() {
        let contract = folder();
        let check = compiled(&contract, "check = 'range'\nfield = 'plddt'\nmin = 0");
        let findings = judge(&check, &contract, &[response(&contract, "call", "AC", json!({}))]);
        assert_eq!((findings.len(), findings[0].responsible), (1, Responsible::Harness));
        let text = compiled(&contract, "check = 'range'\nfield = 'pdb'\nmin = 0");
        let responses = [response(&contract, "call", "AC", json!({"include_fields": ["*"]}))];
        insta::assert_snapshot!(summaries(&text, &contract, &responses)[0], @"pdb[0]: expected numbers, got str of 923 characters");
    }

    #[test]
    fn limits_that_cannot_be_broken_are_refused() {
        for limits in [
            "",
            "min = 2\nmax = 1",
            "min = 0\nabove = 0",
            "min = 1\nbelow = 1",
            "above = -inf",
            "min = -inf\nbelow = inf",
            "min = nan",
        ] {
            let errors = compile_errors(&folder(), &format!("check = 'range'\nfield = 'plddt'\n{limits}"));
            assert!(!errors.is_empty(), "{limits}");
        }
    }
}
