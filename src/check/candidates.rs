//! What the response to a call may be by mistake: another response of its case, another sample, another recorded result of the
//! model. Collects them if a response is wrong. Does not compare them.

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::pair::{Sides, sample};
use crate::diagnosis::{OtherResult, Relation};
use crate::prediction::contract::FieldKind;
use crate::prediction::{Contract, Prediction, Request, Value};

/// A value of the field, with its label and how its request differs.
type LabelledValue = (String, Relation, Value);

/// What the second of two sides may be instead of the first.
pub(crate) fn candidates(
    field: &FieldPath,
    sides: &Sides<'_>,
    first: &AnsweredCall<'_>,
    second: &AnsweredCall<'_>,
) -> Vec<OtherResult> {
    let is_list = first.contract.field(field.name()).is_some_and(|spec| spec.kind != FieldKind::Array);
    // Single samples of a list are compared, each as a list of one.
    let is_item = is_list && sides.samples.is_some();
    let mut found = of_responses(field, sides, first, second);
    found.extend(of_records(field, is_item, second).unwrap_or_default());
    let results = found.into_iter().map(|(label, relation, value)| {
        let value = if is_item { Value::List(vec![value]) } else { value };
        let prediction = Prediction { class: String::new(), fields: vec![(field.name().to_owned(), value)] };
        OtherResult { label, relation, prediction }
    });
    results.collect()
}

fn of_responses(
    field: &FieldPath,
    sides: &Sides<'_>,
    first: &AnsweredCall<'_>,
    second: &AnsweredCall<'_>,
) -> Vec<LabelledValue> {
    let path = field.to_string();
    let mut found = Vec::new();
    for answered in second.results.responses.iter().filter_map(|response| second.results.answer(response)) {
        let Some(value) = answered.prediction.at(&path) else {
            continue;
        };
        let label = format!("the response to call `{}`", answered.call);
        let relation = relation(second.contract, &second.response.request, &answered.response.request);
        let Some((from, to)) = sides.samples else {
            if answered.call != first.call && answered.call != second.call {
                found.push((label, relation, value.clone()));
            }
            continue;
        };
        // A whole response that equals another one has nothing to do with samples.
        let is_whole = answered.call != second.call && second.prediction.at(&path) == Some(value);
        for index in 0..answered.expected.complexes.len() {
            let is_itself = answered.call == second.call && index == to;
            let is_expected = answered.call == first.call && index == from;
            if is_itself || is_expected {
                continue;
            }
            let Some(part) = sample(&answered, field, value, index) else {
                continue;
            };
            found.push(if is_whole {
                (label.clone(), relation, part)
            } else {
                (format!("sample {index} of {label}"), Relation::OtherItem, part)
            });
        }
    }
    found
}

/// Recorded results, sample by sample if samples are compared.
fn of_records(field: &FieldPath, is_item: bool, second: &AnsweredCall<'_>) -> Option<Vec<LabelledValue>> {
    let name = field.name();
    let recorded = second.results.recorded.filter(|_| field.is_whole())?;
    let key = (recorded.key)(second.call).ok()?;
    let fields = vec![(name.to_owned(), second.prediction.field(name)?.clone())];
    let alone = Prediction { class: second.prediction.class.clone(), fields };
    let provenance = recorded.provenance(second.contract, second.response);
    let neighbours = recorded.store.neighbours(&key, &provenance, &alone, &[name, &format!("{name}[0]")]);
    let mut found = Vec::new();
    for OtherResult { label, relation, prediction } in neighbours {
        let Some(value) = prediction.field(name).cloned() else {
            continue;
        };
        // Samples are compared one by one, and a result of one sample is compared as a whole.
        let items = value.as_items().unwrap_or_default().to_vec();
        let only = value.as_array().filter(|array| array.shape().first() == Some(&1));
        let only = only.and_then(|array| array.part(0)).map(Value::Array);
        let whole = (!is_item).then_some(value);
        let values = whole.into_iter().chain(items).chain(only);
        found.extend(values.map(|value| (label.clone(), relation, value)));
    }
    Some(found)
}

/// How two requests differ.
fn relation(contract: &Contract, asked: &Request, other: &Request) -> Relation {
    let seed = contract.seed_option();
    let without = |request: &Request| {
        let mut options = request.options.clone();
        options.retain(|name, _| Some(name.as_str()) != seed && name != "include_fields");
        options
    };
    let drawn_by = |request: &Request| request.options.get(seed?).cloned();
    let same = asked.input == other.input && without(asked) == without(other);
    if same && drawn_by(asked) != drawn_by(other) { Relation::OtherSeed } else { Relation::OtherRequest }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::case_results::CallResult;
    use super::super::finding::Finding;
    use super::super::fixture::folded::{UBIQUITIN, declared, folded};
    use super::super::fixture::{compile_with, compiled, judge, judge_case};
    use crate::snapshot::{Recording, Store};

    const TRP_CAGE: &str = "NLYIQWLKDGGPSSGRPPPS";

    fn hints(findings: &[Finding]) -> Vec<&str> {
        findings.iter().filter_map(|finding| finding.hint.as_deref()).collect()
    }

    /// What `snapshot` hints at when `got` comes where `expected` was recorded, `beside` being another recorded case.
    fn hinted(model: &str, fields: &str, expected: &CallResult, beside: &CallResult, got: &CallResult) -> String {
        let directory = tempfile::tempdir().unwrap();
        let contract = declared(model);
        let check = compiled(&contract, &format!("check = 'snapshot'\nfields = {fields}"));
        let store = |recording| Store::new(directory.path(), recording).unwrap();
        for (case, response) in [("case", expected), ("beside", beside)] {
            let responses = std::slice::from_ref(response);
            let found = judge_case(case, &check, &contract, responses, &store(Recording::Missing), None);
            assert_eq!(found, []);
        }
        let wrong = CallResult { result: got.result.clone(), ..expected.clone() };
        let found = judge_case("case", &check, &contract, &[wrong], &store(Recording::Never), None);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].hint.clone().unwrap_or_else(|| "no hint".to_owned())
    }

    #[test]
    fn a_response_that_another_case_recorded_is_stale() {
        let reported = [
            ("esmfold", "['atom_array']", json!({})),
            ("esmfold", "['plddt']", json!({ "include_fields": ["plddt"] })),
            ("boltz2", "['atom_array', 'plddt']", json!({ "include_fields": ["plddt"] })),
            ("esm2", "['embeddings']", json!({})),
            ("esmfold", "['s_z']", json!({ "include_fields": ["s_z"] })),
        ]
        .map(|(model, fields, options)| {
            let contract = declared(model);
            let ask = |input: &str| folded(&contract, "call", input, options.clone());
            let hint = hinted(model, fields, &ask(UBIQUITIN), &ask(TRP_CAGE), &ask(TRP_CAGE));
            format!("{model} {fields}: {hint}")
        });
        insta::assert_snapshot!(reported.join("\n"), @"
        esmfold ['atom_array']: likely cause: equals the recorded result of suite::beside (explains 100 % of the difference); look at a cache, or a buffer or response that is used twice
        esmfold ['plddt']: likely cause: equals the recorded result of suite::beside (explains 100 % of the difference); look at a cache, or a buffer or response that is used twice
        boltz2 ['atom_array', 'plddt']: likely cause: equals the recorded result of suite::beside (explains 100 % of the difference); look at a cache, or a buffer or response that is used twice
        esm2 ['embeddings']: likely cause: equals the recorded result of suite::beside (explains 100 % of the difference); look at a cache, or a buffer or response that is used twice
        esmfold ['s_z']: likely cause: equals the recorded result of suite::beside (explains 100 % of the difference); look at a cache, or a buffer or response that is used twice
        ");
    }

    #[test]
    fn a_response_under_another_seed_is_told_from_a_stale_one() {
        let contract = declared("chai1");
        // Long enough that two seeds always differ by more than the gates allow.
        let sequence = UBIQUITIN.repeat(3);
        let ask = |seed: u64| {
            let options = json!({ "seed": seed, "num_diffn_samples": 1, "include_fields": ["plddt"] });
            folded(&contract, "call", &sequence, options)
        };
        let hint = |got| hinted("chai1", "['atom_array']", &ask(1), &ask(2), &ask(got));
        insta::assert_snapshot!(hint(2), @"likely cause: equals the recorded result of suite::beside (explains 100 % of the difference); look at how the seed reaches the generators of random numbers");
        insta::assert_snapshot!(hint(3), @"no hint");
    }

    #[test]
    fn responses_that_should_agree_are_held_against_all_others_of_the_case() {
        let contract = declared("esmfold");
        let table = "check = 'agree'\nfields = ['atom_array']\nfirst = 'first'\nsecond = 'again'\ngates = {}";
        let check = compile_with(&contract, table, &["first", "other", "again"]).unwrap();
        let ask = |call: &str, input: &str| folded(&contract, call, input, json!({}));
        let responses = [ask("first", UBIQUITIN), ask("other", TRP_CAGE), ask("again", TRP_CAGE)];
        let found = judge(&check, &contract, &responses);
        insta::assert_snapshot!(hints(&found)[0], @"likely cause: equals the response to call `other` (explains 100 % of the difference); look at a cache, or a buffer or response that is used twice");
        let right = [ask("first", UBIQUITIN), ask("other", TRP_CAGE), ask("again", UBIQUITIN)];
        assert_eq!(judge(&check, &contract, &right), []);
    }

    #[test]
    fn samples_that_were_not_put_back_in_order_are_told_from_stale_batches() {
        let contract = declared("esm2");
        let table = "check = 'agree'\nfields = ['embeddings']\nitems = [[0, 1], [1, 0]]\natol = 1e-3";
        let check = compile_with(&contract, table, &["forth", "back"]).unwrap();
        let (one, two) = ("ACDEFGHIKL", "MNPQRSTVWY");
        let ask = |call: &str, input: String| folded(&contract, call, &input, json!({}));
        let forth = ask("forth", format!("{one}|{two}"));
        let back = ask("back", format!("{two}|{one}"));
        assert_eq!(judge(&check, &contract, &[forth.clone(), back]), []);
        let stale = CallResult { result: forth.result.clone(), ..ask("back", format!("{two}|{one}")) };
        let found = judge(&check, &contract, &[forth.clone(), stale]);
        insta::assert_snapshot!(hints(&found)[0], @"likely cause: equals the response to call `forth` (explains 100 % of the difference); look at a cache, or a buffer or response that is used twice");
        let noisy = ask("back", format!("{one}|{two}")).with_element("embeddings", 0, 0.123);
        let permuted = CallResult { request: ask("back", format!("{two}|{one}")).request, ..noisy };
        let found = judge(&check, &contract, &[forth, permuted]);
        insta::assert_snapshot!(hints(&found)[0], @"likely cause: equals sample 1 of the response to call `forth` (explains 100 % of the difference); look at the order in which a batch is sorted, padded and put back");
    }

    #[test]
    fn samples_are_held_against_what_other_cases_recorded() {
        let directory = tempfile::tempdir().unwrap();
        let contract = declared("esmfold");
        let ask = |call: &str, input: &str| folded(&contract, call, input, json!({}));
        let snapshot = compiled(&contract, "check = 'snapshot'\nfields = ['atom_array']");
        let store = Store::new(directory.path(), Recording::Missing).unwrap();
        let recorded = [ask("call", TRP_CAGE)];
        assert_eq!(judge_case("cage", &snapshot, &contract, &recorded, &store, None), []);
        let table = "check = 'agree'\nfields = ['atom_array']\nitems = [[0, 0]]\ngates = {}";
        let check = compile_with(&contract, table, &["alone", "batch"]).unwrap();
        let stale = CallResult { result: recorded[0].result.clone(), ..ask("batch", UBIQUITIN) };
        let responses = [ask("alone", UBIQUITIN), stale];
        let found = judge_case("case", &check, &contract, &responses, &store, None);
        insta::assert_snapshot!(hints(&found)[0], @"likely cause: equals the recorded result of suite::cage (explains 100 % of the difference); look at a cache, or a buffer or response that is used twice");
    }
}
