//! Compares a backend that serves the embedded models with the backend `reference`, to the last byte. Needs the module
//! `timeless`.

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::backend::{BackendError, Stage};
use hydrotest::config::Config;
use hydrotest::prediction::{Input, Options, Request};
use serde_json::json;

use crate::timeless::timeless;

/// Checks that both predict the same for every model, with all fields of one chain and of two, that both refuse a digit with
/// the same message, and that the instances leave nothing.
pub async fn predicts_as_reference(platform: &Platform) {
    let config = Config::built_in().unwrap();
    let reference = Platform::select(&config, "reference", Overrides::default());
    let reference = reference.ok().unwrap();
    for contract in &config.models {
        let key = &contract.key;
        let requests = ["MALWMRLL", "MALW1", "MALW:RLLP"].map(|sequence| Request {
            method: contract.method,
            input: Input::One(sequence.into()),
            options: json!({ "include_fields": ["*"] }).as_object().unwrap().clone(),
        });
        let mut responses = Vec::new();
        for platform in [platform, &reference] {
            let instance = platform.open(contract, &Options::new()).unwrap();
            let started = instance.start().await;
            started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
            let mut given = Vec::new();
            for request in &requests {
                given.push(instance.predict(request).await.map(timeless).map_err(stage_and_message));
            }
            assert_eq!(instance.stop().await, None);
            assert_eq!(instance.take_leaks(), Vec::<String>::new());
            responses.push(given);
        }
        assert_eq!(responses[0], responses[1], "{key}");
        assert!(responses[0][0].is_ok(), "{key} takes no plain chain");
        assert!(responses[0][1].is_err(), "{key} takes a digit for a residue");
    }
}

/// The message of a refused call on both. The class of the exception is not transferred.
fn stage_and_message(error: BackendError) -> (Stage, String) {
    (error.stage, error.message)
}
