//! What is said of several cases, and that it is not said without its evidence.

use serde_json::json;

use super::super::fixture::{case, finding};
use super::*;

fn lines(cases: &[CaseRecord]) -> String {
    let cases: Vec<&CaseRecord> = cases.iter().collect();
    hints(&cases, "http", "published").iter().map(HintRecord::line).collect::<Vec<_>>().join("\n")
}

/// A case whose call with these options was answered so.
fn answered_case(name: &str, check: Option<&str>, options: Value, response: ResponseRecord) -> CaseRecord {
    let findings: Vec<FindingRecord> = check.map(|check| finding(check, "what is wrong")).into_iter().collect();
    let verdict = if findings.is_empty() { Verdict::Pass } else { Verdict::Fail };
    let mut case = case(name, verdict, findings);
    case.checks = check.map(str::to_owned).into_iter().collect();
    case.calls[0].options = options;
    case.calls[0].response = Some(response);
    case
}

fn lacking(field: &str) -> ResponseRecord {
    ResponseRecord { lacks: vec![field.into()], ..ResponseRecord::default() }
}

#[test]
fn options_are_ignored_where_several_cases_show_it_and_none_the_contrary() {
    let asking =
        |name: &str, response| answered_case(name, Some("contract"), json!({ "include_fields": ["plddt"] }), response);
    let device =
        answered_case("esm2::bad_input::device", Some("error"), json!({ "device": "cpu" }), ResponseRecord::default());
    let plain = answered_case("esm2::embed::plain", None, json!({}), ResponseRecord::default());
    let all = [asking("esm2::embed::all", lacking("lm_logits")), device.clone(), plain.clone()];
    insta::assert_snapshot!(lines(&all), @"options of calls seem to be ignored by esm2, 2 cases got the default response: hand the `options` of each request on to the model (seen in esm2::embed::all: asked for `lm_logits`, which did not come; esm2::bad_input::device: `device` was not refused)");
    assert_eq!(lines(&all[..1]), "", "one case is not several");
    let refused =
        [device.clone(), answered_case("esm2::bad_input::size", Some("error"), json!({ "size": 3 }), lacking("x"))];
    assert_eq!(lines(&refused), "", "it may be the input that must be refused");
    let came = ResponseRecord { gave: vec!["plddt".into()], ..ResponseRecord::default() };
    let heard =
        [&all[..], &[answered_case("esm2::embed::one", None, json!({ "include_fields": ["plddt"] }), came)]].concat();
    assert_eq!(lines(&heard), "");
}

#[test]
fn a_configuration_is_told_from_options() {
    let mut cases = ["one", "two"].map(|name| {
        let name = format!("esm2::options::{name}");
        answered_case(&name, Some("contract"), json!({}), lacking("lm_logits"))
    });
    for case in &mut cases {
        case.calls[0].config = json!({ "include_fields": ["lm_logits"] });
    }
    insta::assert_snapshot!(lines(&cases), @"the configuration seems to be ignored by esm2, 2 cases got the default response: construct the model with the configuration that it is given (`MODEL_CONFIG`) (seen in esm2::options::one: asked for `lm_logits`, which did not come; esm2::options::two: asked for `lm_logits`, which did not come)");
}

#[test]
fn a_response_that_does_not_repeat_is_seen_in_one_case() {
    let mut twice = answered_case("esm2::metamorphic::repeat", Some("agree"), json!({}), ResponseRecord::default());
    let again = CallRecord { name: "again".into(), ..twice.calls[0].clone() };
    twice.calls.push(again);
    assert_eq!(lines(std::slice::from_ref(&twice)), "", "the finding is about the first call");
    twice.attempts[0].findings[0].call = Some("again".into());
    insta::assert_snapshot!(lines(std::slice::from_ref(&twice)), @"responses of esm2 are not repeatable, in 1 case the same call got another response: evaluate without dropout, fix the seeds, and share no state between calls (seen in esm2::metamorphic::repeat: `call` and `again` are the same call)");
    twice.calls[1].options = json!({ "seed": 2 });
    assert_eq!(lines(&[twice]), "", "another call may have another response");
}

#[test]
fn weights_are_doubted_only_where_rules_hold_and_nothing_explains_the_differences() {
    let names = ["one", "two", "three", "four"].map(|name| format!("esm2::recorded::{name}"));
    let cases = names.map(|name| answered_case(&name, Some("snapshot"), json!({}), ResponseRecord::default()));
    insta::assert_snapshot!(lines(&cases), @"the weights of esm2 may not be `published`, as the table says: 4 of 4 comparisons with results recorded with them differ, and the rules hold in 4 of 4 cases: check which parameters are loaded, or correct `weights` (seen in esm2::recorded::one: what is wrong; esm2::recorded::two: what is wrong; esm2::recorded::three: what is wrong; and 1 more)");
    assert_eq!(lines(&cases[..2]), "", "two comparisons are too few");
    let mut explained = cases.clone();
    for case in &mut explained {
        case.attempts[0].findings[0].likely_cause = Some("the sign changed".into());
    }
    assert_eq!(lines(&explained), "");
    let broken = answered_case("esm2::embed::rule", Some("contract"), json!({}), ResponseRecord::default());
    assert_eq!(lines(&[&cases[..], &[broken]].concat()), "");
    let right = answered_case("esm2::recorded::five", None, json!({}), ResponseRecord::default());
    let right = CaseRecord { checks: vec!["snapshot".into()], ..right };
    assert_eq!(lines(&[&cases[..], &[right]].concat()), "", "one of five comparisons holds");
}

#[test]
fn another_model_and_another_size_are_told_by_what_every_response_is() {
    let other = |class: &str| ResponseRecord { other_class: Some(class.into()), ..ResponseRecord::default() };
    let fold = other("boileroom.models.esm.types.ESMFoldOutput");
    let cases = ["one", "two"].map(|name| {
        let name = format!("esmfold2::fold::{name}");
        answered_case(&name, Some("contract"), json!({}), fold.clone())
    });
    insta::assert_snapshot!(lines(&cases), @r#"this server runs another model, esmfold and not esmfold2: say `models = ["esmfold"]` in the table of the backend, or start esmfold2 there (seen in esmfold2::fold::one: the response is a boileroom.models.esm.types.ESMFoldOutput; esmfold2::fold::two: the response is a boileroom.models.esm.types.ESMFoldOutput)"#);
    let own = answered_case("esmfold2::fold::three", None, json!({}), ResponseRecord::default());
    assert_eq!(lines(&[&cases[..], &[own]].concat()), "", "one response is its own");
    let unknown = answered_case("esmfold2::fold::one", Some("contract"), json!({}), other("lab.Result"));
    assert_eq!(lines(&[unknown]), "", "a class of its own is no model");
    let small = ResponseRecord {
        other_size: Some("esm2_t6_8M_UR50D".into()),
        digest: Some("1".into()),
        ..ResponseRecord::default()
    };
    let small = answered_case("esm2::embed::one", Some("contract"), json!({}), small);
    insta::assert_snapshot!(lines(std::slice::from_ref(&small)), @"this server runs another size of esm2, esm2_t6_8M_UR50D: say it in `variants.esm2` or `config.esm2` of the backend, or start the size that is declared (seen in esm2::embed::one: its dimensions)");
    let sized = ResponseRecord { digest: Some("2".into()), ..ResponseRecord::default() };
    let sized = answered_case("esm2::embed::two", None, json!({}), sized);
    assert_eq!(lines(&[small, sized]), "");
}
