//! Proves what a backend's own configuration and sizes make of the cases: what instances get, what is left out, and under
//! which names results are recorded.

use serde_json::json;

use super::*;
use crate::config::{Config, Sequences, Source, Suites};

const SUITE: &str = r#"
about = "toy"
models = ["esm2"]

[[case]]
name = "plain"
sequences = "short"
checks = [{ check = "snapshot" }]

[[case]]
name = "small"
config = { model_name = "esm2_t6_8M_UR50D" }
sequences = "short"
checks = [{ check = "snapshot" }]

[[case]]
name = "sizes"
variants = "*"
sequences = "short"
checks = [{ check = "contract" }]

[[case]]
name = "fields"
config = { include_fields = ["lm_logits"], device = "cpu" }
sequences = "short"
checks = [{ check = "contract" }]
"#;

fn plan(table: &str) -> Plan {
    let text = format!("default = 'lab'\n[backends.lab]\n{table}\n");
    let config = Config::parse(&Source::new("lab.toml", text)).unwrap_or_else(|errors| panic!("{errors}"));
    let sequences = Sequences::parse(&Source::new("sequences.fasta", ">short\nMLKNV\n")).unwrap();
    let suites = Suites::parse(&[Source::new("suites/toy.toml", SUITE)], &config, &sequences);
    let suites = suites.unwrap_or_else(|errors| panic!("{errors}")).suites;
    let (selection, overriding) = (Selection::default(), Overriding::default());
    expand(&config, &suites, &config.backends[0], &selection, overriding).unwrap_or_else(|errors| panic!("{errors}"))
}

fn trial<'a>(plan: &'a Plan, case: &str) -> &'a PlannedTrial {
    plan.trials.iter().find(|trial| trial.case == case).unwrap()
}

fn key(plan: &Plan, case: &str) -> String {
    trial(plan, case).snapshot_keys("w").next().unwrap().to_string()
}

#[test]
fn a_declared_size_is_the_default_and_its_results_are_recorded_by_themselves() {
    let small = plan("kind = 'reference'\nvariants.esm2 = ['esm2_t6_8M_UR50D']");
    assert_eq!(
        trial(&small, "plain").calls[0].config,
        *json!({ "model_name": "esm2_t6_8M_UR50D" }).as_object().unwrap()
    );
    assert_eq!(key(&small, "plain"), "w/esm2/toy/plain@esm2_t6_8M_UR50D");
    assert_eq!(
        key(&small, "small"),
        "w/esm2/toy/small",
        "the case itself names this size"
    );
    let names: Vec<&str> = small
        .trials
        .iter()
        .map(|trial| trial.case.as_str())
        .filter(|name| name.contains("sizes"))
        .collect();
    assert_eq!(names, ["sizes@esm2_t6_8M_UR50D"]);
    assert!(small.trials.iter().all(|trial| trial.skip.is_none()));

    let large = plan("kind = 'reference'\nvariants.esm2 = ['esm2_t33_650M_UR50D']");
    assert_eq!(key(&large, "plain"), "w/esm2/toy/plain", "the contract's own default");
    let reason = trial(&large, "small").skip.as_deref().unwrap();
    assert!(
        reason.contains("does not have esm2_t6_8M_UR50D: see its `variants.esm2`"),
        "{reason}"
    );
    assert_eq!(
        plan("kind = 'reference'")
            .trials
            .iter()
            .filter(|trial| trial.case.contains("sizes"))
            .count(),
        6
    );
}

#[test]
fn a_server_that_runs_already_is_told_with_the_call_what_it_could_be_configured_with() {
    let table = "url = 'http://x'\nconfig.esm2 = { device = 'cuda:3', model_name = 'esm2_t6_8M_UR50D' }";
    let running = plan(&format!("kind = 'http'\n{table}"));
    let call = &trial(&running, "fields").calls[0];
    let config = json!({ "device": "cpu", "model_name": "esm2_t6_8M_UR50D" });
    assert_eq!(serde_json::Value::from(call.config.clone()), config);
    assert_eq!(call.request.options["include_fields"], json!(["lm_logits"]));

    let started = plan("kind = 'process'\ncommand = ['x']\nconfig.esm2 = { device = 'cuda:3' }");
    let call = &trial(&started, "fields").calls[0];
    assert_eq!(call.config["include_fields"], json!(["lm_logits"]));
    assert_eq!(call.config["device"], "cpu", "a case outweighs the backend");
    assert!(call.request.options.is_empty());
}
