//! The declared backend `self`, which is this program serving its embedded models as a process, predicts for every model
//! exactly what the backend `reference` does.

use std::process::Command;

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::backend::{BackendError, Stage};
use hydrotest::config::Config;
use hydrotest::prediction::{Input, Options, Prediction, Request, Value};
use serde_json::json;

use crate::harness::run;

const SAME: &str = "the_backend_self_predicts_what_reference_predicts";

pub const TRIALS: &[(&str, fn())] = &[
    (SAME, same),
    ("a_proxy_in_the_environment_is_not_asked_about_this_machine", proxy),
];

fn same() {
    run(async {
        let config = Config::built_in().unwrap();
        let select = |name| Platform::select(&config, name, Overrides::default()).ok().unwrap();
        let (itself, reference) = (select("self"), select("reference"));
        for contract in &config.models {
            let requests = ["MALWMRLL", "MALW1", "MALW:RLLP"].map(|sequence| Request {
                method: contract.method,
                input: Input::One(sequence.into()),
                options: json!({ "include_fields": ["*"] }).as_object().unwrap().clone(),
            });
            let mut answers = Vec::new();
            for platform in [&itself, &reference] {
                let instance = platform.open(contract, &Options::new()).unwrap();
                instance.start().await.unwrap();
                let mut given = Vec::new();
                for request in &requests {
                    given.push(instance.predict(request).await.map(timeless).map_err(words));
                }
                assert_eq!(instance.stop().await, None);
                answers.push(given);
            }
            assert_eq!(answers[0], answers[1], "{}", contract.key);
            assert!(answers[0][1].is_err(), "{} takes a digit for a residue", contract.key);
        }
    });
}

/// A prediction without the times it took.
fn timeless(mut prediction: Prediction) -> Prediction {
    for (name, value) in &mut prediction.fields {
        if let (Value::Record(metadata), "metadata") = (value, name.as_str()) {
            metadata.fields.retain(|(name, _)| !name.ends_with("_time"));
        }
    }
    prediction
}

/// What both say of a refused call; the class of the exception does not travel.
fn words(error: BackendError) -> (Stage, String) {
    (error.stage, error.message)
}

fn proxy() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for variable in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env(variable, "http://127.0.0.1:1");
    }
    for variable in ["no_proxy", "NO_PROXY"] {
        command.env_remove(variable);
    }
    let ended = command.args(["--exact", SAME]).output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && told.contains("1 passed"), "{told}");
}
