//! The three ways to a model predict the same as `reference` to the last bit, and the suites pass through them.

use hydrotest::config::Config;
use hydrotest::prediction::{Input, Options};
use hydrotest::synthetic::SyntheticModel;
use serde_json::json;

use crate::hosted::{declaration, open, platform, request, run, start, stop};
use crate::project::Project;
use crate::timeless::timeless;
use crate::whole::{HELD_BY_THE_HARNESS, OF_SERVERS, every_suite_passes};

/// One model that embeds and one that folds. All models have passed once already, so two are enough for the other ways.
const ONE_OF_EACH: &[&str] = &["--model", "esm2,boltz2"];
const WRAPPER: &str = "selector = 'your_backend'";
const BACKEND: &str = "backend_class = 'boileroom.backend.your_backend:YourBackend'\n\
     arguments = { core_class = '{model.core}', config = '{config}', device = '{device}' }";

fn same(settings: &str) {
    run(async {
        let platform = platform(settings);
        for contract in &Config::built_in().unwrap().models {
            let instance = open(&platform, &contract.key);
            start(&instance).await;
            let model = SyntheticModel::load(contract.clone(), Options::new()).unwrap();
            for sequence in ["MALWMRLL", "MALW:RLLP"] {
                let call = request(contract, Input::One(sequence.into()), &json!({ "include_fields": ["*"] }));
                let predicted = timeless(instance.predict(&call).await.unwrap());
                assert_eq!(predicted, timeless(model.predict(&call).unwrap()), "{}", contract.key);
            }
            let bad = request(contract, Input::One("MALW1".into()), &json!({}));
            let (error, refusal) = (instance.predict(&bad).await.unwrap_err(), model.predict(&bad).unwrap_err());
            assert_eq!(error.message, refusal.message);
            // A client's own exception repeats the model's message. Its class is the client's.
            let is_core = settings.starts_with("core");
            assert_eq!(error.exception.as_deref(), is_core.then_some("ValueError"));
            assert!(error.log_tail.iter().any(|line| line.starts_with("Traceback")), "{error:?}");
            stop(&instance).await;
        }
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_backend_that_is_imported_with_its_wrapper_is_a_note() {
    let one = ["--exact", "esm2::embed::minimal"];
    let note = "imports boileroom.backend.your_backend at once: without a lazy import";
    for (settings, is_noted) in [("wrapper = 'boileroom.eager:ESM2'", true), ("", false)] {
        let text = declaration(env!("CARGO_BIN_EXE_hydrotest"), &format!("{WRAPPER}\n{settings}"));
        let ran = Project::new(&text).run(&one);
        ran.expect(0, &["1 passed; 0 failed"]);
        assert_eq!(ran.reported.contains(note), is_noted, "{}", ran.reported);
    }
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn structured_input_arrives_as_objects() {
    run(async {
        let config = Config::built_in().unwrap();
        let contract = config.model("esmfold2").unwrap();
        let molecule = json!({
            "kind": "protein", "id": "A", "sequence": "MALW", "modifications": [{ "position": 0, "ccd": "MSE" }],
            "msa": { "sequences": ["MALW"] },
        });
        let input = json!({ "kind": "structure_prediction_input", "sequences": [molecule] });
        let types = |settings: &str| platform(&format!("backend_class = 'misbehaving:Backend'\n{settings}"));
        for (settings, seen) in [
            ("structured_input = 'objects'", "StructurePredictionInput ProteinInput Modification MSAInput"),
            ("", "dict dict dict dict"),
        ] {
            let instance = open(&types(settings), "esmfold2");
            start(&instance).await;
            let call = request(contract, Input::Structured(input.clone()), &json!({}));
            let error = instance.predict(&call).await.unwrap_err();
            assert_eq!(error.message, seen);
            // Input without a matching class is refused by the model.
            let odd = json!({ "kind": "structure_prediction_input", "sequences": [{ "kind": "protein", "id": 1 }] });
            let call = request(contract, Input::Structured(odd), &json!({}));
            assert_eq!(instance.predict(&call).await.unwrap_err().message, "dict dict");
            stop(&instance).await;
        }
    });
}

fn suites(settings: &str, models: &[&str], skipped: &[(&str, &str)]) {
    let text = declaration(env!("CARGO_BIN_EXE_hydrotest"), &format!("{settings}\nmax_instances = 2"));
    every_suite_passes(&Project::new(&text), models, &[skipped, OF_SERVERS].concat());
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_wrapper_predicts_what_reference_predicts() {
    same(WRAPPER);
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_backend_class_predicts_what_reference_predicts() {
    same(BACKEND);
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_core_class_predicts_what_reference_predicts() {
    same("core = true");
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn every_suite_passes_through_a_wrapper() {
    suites(WRAPPER, ONE_OF_EACH, &[]);
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn every_suite_passes_on_every_model_through_a_backend_class() {
    suites(BACKEND, &[], &[]);
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn every_suite_passes_through_a_core_class() {
    suites("core = true", ONE_OF_EACH, HELD_BY_THE_HARNESS);
}
