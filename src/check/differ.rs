//! `differ`: something changed between two responses, or two samples, by more than a given amount.

use super::CheckRule;
use super::case_results::{Calls, CaseResults};
use super::finding::Finding;
use super::number::show;
use super::pair::{Compared, Sides};
use super::parser::{CheckParser, TOLERANCES};
use crate::compare::{Agreement, Policy, ValueDifference as Found, compare};
use crate::prediction::contract::FieldKind;
use crate::prediction::{Value, field_of};

/// The name of the check.
pub(crate) const NAME: &str = "differ";

#[derive(Debug)]
struct Differ {
    compared: Compared,
    more_than: f64,
}

/// Reads `fields`, `first`, `second`, `items` and `more_than`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let compared = Compared::read(parser);
    let more_than = parser.reader.number("more_than", TOLERANCES).unwrap_or(0.0);
    let compared = compared?;
    if compared.fields.iter().all(|field| field.metadata_attribute().is_none()) {
        // Between texts there is no amount.
        let has_numbers = |kind| !matches!(kind, FieldKind::Pdb | FieldKind::Cif);
        parser.demand_some("more_than", &compared.fields, "a field with numbers", has_numbers);
    }
    Some(Box::new(Differ { compared, more_than }))
}

impl CheckRule for Differ {
    fn judge(&self, _: &Calls, results: &CaseResults<'_>) -> Vec<Finding> {
        self.compared
            .judge_each(NAME, results, |field, sides, _, _| self.judge_sides(field.name(), sides).into_iter().collect())
    }
}

impl Differ {
    fn judge_sides(&self, field: &str, sides: &Sides<'_>) -> Option<Finding> {
        let found = compare(&sides.first, &sides.second, &Policy::numbers(None, None));
        let wrong = |summary: String| Some(Finding::wrong(NAME, &self.compared.second, summary));
        let mut greatest = 0.0f64;
        let mut texts_differ = false;
        let is_text =
            |path: &str| [&sides.first, &sides.second].iter().all(|side| matches!(side.at(path), Some(Value::Text(_))));
        for value in found.fields.iter().filter(|value| field_of(&value.path) == field) {
            match &value.finding {
                Found::Numbers { difference, .. } => {
                    let most = difference.absolute.as_ref().map_or(0.0, |most| most.difference);
                    // Indices may differ as well as measured numbers do.
                    greatest = if most.is_nan() { f64::INFINITY } else { greatest.max(most) };
                }
                Found::Lines { .. } => texts_differ = true,
                // Short texts are reported whole and not by their first line that differs.
                Found::Changed { .. } if is_text(&value.path) => texts_differ = true,
                // Responses of another form do differ, but not in the demanded way.
                _ if value.agreement == Agreement::Beyond => {
                    return wrong(format!("{}: {}", sides.label_of(&value.path), value.summary()));
                }
                _ => {}
            }
        }
        if !sides.holds_values() {
            return Some(sides.nothing_to_compare(NAME, &self.compared.second));
        }
        if greatest.is_infinite() {
            return wrong(format!("{}: a value that is not finite is no difference that was asked for", sides.label));
        }
        if texts_differ || greatest > self.more_than {
            return None;
        }
        let expected = if self.more_than > 0.0 {
            format!("a difference of more than {}", show(self.more_than))
        } else {
            "a difference".to_owned()
        };
        wrong(format!("{}: expected {expected}, the greatest is {}", sides.label, show(greatest)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compile_errors, compile_with, embedder, folder, response, summaries};
    use crate::check::Check;
    use crate::prediction::Value;
    use crate::prediction::contract::Contract;

    fn check(contract: &Contract, table: &str) -> Check {
        compile_with(contract, &format!("check = 'differ'\n{table}"), &["first", "second"])
            .unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn equal_responses_are_found_and_different_ones_pass() {
        let contract = embedder();
        let [first, second] = ["first", "second"].map(|call| response(&contract, call, "ACD", json!({})));
        let any = check(&contract, "fields = ['embeddings']");
        insta::assert_snapshot!(summaries(&any, &contract, &[first.clone(), second.clone()]).join("\n"), @"embeddings (`first`, `second`): expected a difference, the greatest is 0");
        let moved = [first, second.with_element("embeddings", 0, 0.35)];
        assert_eq!(summaries(&any, &contract, &moved), Vec::<String>::new());
        let much = check(&contract, "fields = ['embeddings']\nmore_than = 0.5");
        insta::assert_snapshot!(summaries(&much, &contract, &moved).join("\n"), @"embeddings (`first`, `second`): expected a difference of more than 0.5, the greatest is 0.25");
    }

    #[test]
    fn responses_of_another_form_are_no_difference() {
        let contract = embedder();
        let first = response(&contract, "first", "ACD", json!({}));
        let second = response(&contract, "second", "ACDE", json!({}));
        let any = check(&contract, "fields = ['embeddings']");
        insta::assert_snapshot!(summaries(&any, &contract, &[first.clone(), second]).join("\n"), @"embeddings (`first`, `second`): expected float32 array (1, 3, 4), got float32 array (1, 4, 4)");
        let none = response(&contract, "second", "ACD", json!({})).with("embeddings", Value::None);
        insta::assert_snapshot!(summaries(&any, &contract, &[first, none]).join("\n"), @"embeddings: expected a value, got None");
    }

    #[test]
    fn texts_that_are_not_the_same_differ() {
        let contract = folder();
        let ask = |call: &str| response(&contract, call, "AC|AC", json!({ "include_fields": ["pdb"] }));
        let files = check(&contract, "fields = ['pdb']");
        insta::assert_snapshot!(summaries(&files, &contract, &[ask("first"), ask("second")]).join("\n"), @"pdb (`first`, `second`): expected a difference, the greatest is 0");
        for text in ["ATOM", "REMARK\nATOM"] {
            let other = ask("second").change("pdb", |value| match value {
                Value::List(items) => items[1] = Value::Text(text.to_owned()),
                other => panic!("no list but {other:?}"),
            });
            assert_eq!(summaries(&files, &contract, &[ask("first"), other]), Vec::<String>::new(), "{text}");
        }
        let [first, second] = ["ATOM", "HETATM"].map(|text| Value::List(vec![Value::Text(text.to_owned()); 2]));
        let short = [ask("first").with("pdb", first), ask("second").with("pdb", second)];
        assert_eq!(summaries(&files, &contract, &short), Vec::<String>::new());
        let errors = compile_errors(&contract, "check = 'differ'\nfields = ['pdb']\nitems = [[0, 1]]\nmore_than = 1");
        insta::assert_snapshot!(errors, @"
        error: `more_than` is said of no field
         --> check.toml:4:13
          |
        4 | more_than = 1
          |             ^ expected a field with numbers among `fields`
        ");
    }

    #[test]
    fn structures_differ_by_the_distance_of_their_atoms() {
        let contract = folder();
        let [first, second] = ["first", "second"].map(|call| response(&contract, call, "AC|AC", json!({})));
        let moved = [first, second.with_structure(|structure| structure.coord[0][1] += 2.0)];
        let items = check(&contract, "fields = ['atom_array']\nitems = [[0, 0], [1, 1]]\nmore_than = 1");
        insta::assert_snapshot!(summaries(&items, &contract, &moved).join("\n"), @"atom_array (`first` sample 1, `second` sample 1): expected a difference of more than 1, the greatest is 0");
    }
}
