//! `finite`: every number of a field is finite, neither NaN nor infinite.

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::numbers::judge_each;
use super::parser::{CheckParser, FieldScope};
use super::{CallFindings, CheckRule, InputScope};

/// The name of the check.
pub(crate) const NAME: &str = "finite";

#[derive(Debug)]
struct Finite {
    fields: Vec<FieldPath>,
}

/// Reads `fields`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    Some(Box::new(Finite { fields: parser.fields(FieldScope::Fillable)? }))
}

impl CheckRule for Finite {
    fn other_inputs(&self) -> Option<InputScope> {
        // A place in the field, such as a sample of a batch, is one of this input.
        self.fields.iter().all(FieldPath::is_whole).then_some(InputScope::Every)
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let excess = |value: f64| if value.is_finite() { 0.0 } else { f64::INFINITY };
        let judged = self.fields.iter().map(|field| judge_each(NAME, field, answered, "finite", excess));
        Ok(judged.flat_map(|judged| judged.unwrap_or_else(|finding| vec![*finding])).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compiled, folder, response, summaries};

    #[test]
    fn what_is_not_finite_is_found() {
        let contract = folder();
        let check = compiled(&contract, "check = 'finite'\nfields = ['ptm', 'atom_array']");
        let right = response(&contract, "call", "AC", json!({"include_fields": ["ptm"]}));
        assert_eq!(summaries(&check, &contract, std::slice::from_ref(&right)), Vec::<String>::new());
        let wrong = right
            .with_element("ptm", 0, f64::NEG_INFINITY)
            .with_structure(|structure| structure.coord[1][2] = f32::NAN);
        insta::assert_snapshot!(summaries(&check, &contract, &[wrong]).join("\n"), @"
        ptm[0]: 1 of 1 element not finite; at [0] is -inf
        atom_array[0].coord: 1 of 33 elements not finite; at [1, 2] is NaN
        ");
    }
}
