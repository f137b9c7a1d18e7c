//! `zeros`: few exact zeros in rows of residues, and nothing but padding in the other rows.

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::{count, show};
use super::numbers::Tally;
use super::parser::CheckParser;
use super::{CallFindings, CheckRule};
use crate::prediction::Axes;
use crate::prediction::contract::{FieldKind, FieldSpec};
use crate::tensor::Tensor;

/// The name of the check.
pub(crate) const NAME: &str = "zeros";

#[derive(Debug)]
struct Zeros {
    field: FieldPath,
    at_most: Option<usize>,
    padding: Option<f64>,
}

/// Reads `field` and at least one of `at_most` and `padding`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let at_most = parser.reader.count("at_most", 0);
    let padding = parser.reader.number("padding", ..);
    if !parser.reader.has("at_most") && !parser.reader.has("padding") {
        let label = "expected `at_most` zeros for each sample, or the value of `padding`";
        parser.reject("nothing is demanded of the field", label);
    }
    let field = parser.field_that("one array for the batch, with residues", has_rows)?;
    Some(Box::new(Zeros { field, at_most, padding }))
}

fn has_rows(field: &FieldSpec) -> bool {
    let axes = Axes::of(field);
    field.kind == FieldKind::Array && axes.batch.is_some() && !axes.residues.is_empty()
}

impl CheckRule for Zeros {
    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let field = &self.field;
        let mut findings = Vec::new();
        let mut add = |summary: String| findings.push(Finding::wrong(NAME, answered.call, summary));
        let value = field.find(NAME, answered)?;
        let Some(tensor) = value.as_array() else {
            add(format!("{field}: expected an array, got {}", value.describe()));
            return Ok(findings);
        };
        let Some(axes) = answered.contract.field(field.name()).map(Axes::of) else {
            return Ok(findings);
        };
        let (zeros, padded) = self.count(answered, &axes, tensor);
        if zeros.iter().all(|tally| tally.seen == 0) {
            add(format!("{field}: expected rows for residues, got none"));
        }
        for (sample, tally) in zeros.iter().enumerate() {
            if let Some(most) = self.at_most.filter(|most| tally.broken > *most) {
                let first = tally.first.map_or_else(String::new, |spot| format!("{:?}", tensor.position(spot.flat)));
                add(format!(
                    "{field}: expected at most {} in the {} of sample {sample}, got {}, the first at {first}",
                    count(most, "zero"),
                    count(tally.seen, "element"),
                    tally.broken
                ));
            }
        }
        match (self.padding, padded.first) {
            (Some(_), _) if padded.seen == 0 => {
                add(format!("{field}: expected padding, but all samples are equally long"));
            }
            (Some(value), Some(spot)) => add(format!(
                "{field}: {} of {} of padding are not {}; at {:?} is {}",
                padded.broken,
                count(padded.seen, "element"),
                show(value),
                tensor.position(spot.flat),
                show(spot.value)
            )),
            _ => {}
        }
        Ok(findings)
    }
}

impl Zeros {
    /// Counts zeros among the residues of every sample, and values behind their ends that are not padding.
    fn count(&self, answered: &AnsweredCall<'_>, axes: &Axes, tensor: &Tensor) -> (Vec<Tally>, Tally) {
        let lengths = answered.expected.complex_lengths();
        let mut zeros = vec![Tally::default(); lengths.len()];
        let mut padded = Tally::default();
        axes.for_each_run(tensor, &lengths, |run| {
            tensor.for_each_f64(run.range, |flat, value| {
                if !run.inside {
                    padded.judge(flat, value, self.padding.map_or(0.0, |padding| (value - padding).abs()));
                } else if let Some(tally) = zeros.get_mut(run.sample) {
                    tally.judge(flat, value, if value == 0.0 { 1.0 } else { 0.0 });
                }
            });
        });
        (zeros, padded)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compile_errors, compiled, embedder, folder, response, summaries};

    #[test]
    fn zeros_among_residues_and_values_in_the_padding_are_found() {
        let contract = embedder();
        let check = compiled(&contract, "check = 'zeros'\nfield = 'embeddings'\nat_most = 1\npadding = 0");
        let right = response(&contract, "call", "AC:D|EF", json!({}));
        assert_eq!(summaries(&check, &contract, std::slice::from_ref(&right)), Vec::<String>::new());
        let one = right.clone().with_element("embeddings", 3, 0.0);
        assert_eq!(summaries(&check, &contract, std::slice::from_ref(&one)), Vec::<String>::new());
        insta::assert_snapshot!(summaries(&check, &contract, &[one.with_element("embeddings", 5, 0.0)]).join("\n"), @"embeddings: expected at most 1 zero in the 12 elements of sample 0, got 2, the first at [0, 0, 3]");
        insta::assert_snapshot!(summaries(&check, &contract, &[right.with_element("embeddings", 23, 0.5)]).join("\n"), @"embeddings: 1 of 4 elements of padding are not 0; at [1, 2, 3] is 0.5");
    }

    #[test]
    fn padding_that_is_not_there_is_no_pass() {
        let contract = embedder();
        let check = compiled(&contract, "check = 'zeros'\nfield = 'chain_index'\npadding = -1");
        insta::assert_snapshot!(summaries(&check, &contract, &[response(&contract, "call", "AC|DE", json!({}))]).join("\n"), @"chain_index: expected padding, but all samples are equally long");
    }

    #[test]
    fn fields_without_rows_and_empty_demands_are_refused() {
        let errors = compile_errors(&folder(), "check = 'zeros'\nfield = 'plddt'\nat_most = 1");
        insta::assert_snapshot!(errors, @"
        error: `plddt` cannot be judged so
         --> check.toml:2:9
          |
        2 | field = 'plddt'
          |         ^^^^^^^ expected one array for the batch, with residues
        ");
        let errors = compile_errors(&embedder(), "check = 'zeros'\nfield = 'embeddings'");
        insta::assert_snapshot!(errors, @"
        error: nothing is demanded of the field
         --> check.toml:1:1
          |
        1 | check = 'zeros'
          | ^ expected `at_most` zeros for each sample, or the value of `padding`
        ");
    }
}
