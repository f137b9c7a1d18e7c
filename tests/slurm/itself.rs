//! This program, serving its embedded models in jobs, predicts exactly what the backend `reference` does.

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::backend::{BackendError, Stage};
use hydrotest::config::Config;
use hydrotest::prediction::{Input, Options, Prediction, Request, Value};
use serde_json::json;

use crate::cluster;
use crate::harness::{declared, run, stopped};

pub const TRIALS: &[(&str, fn())] = &[
    ("a_job_predicts_what_reference_predicts", same),
    (
        "a_script_that_is_only_shown_is_the_one_that_is_submitted_without_the_secret",
        shown,
    ),
];

const COMMAND: &str = "command = ['{hydrotest}', 'serve', '--host', '{host}', '--port', '{port}']";

fn same() {
    let _peace = cluster::in_peace();
    run(async {
        let config = Config::built_in().unwrap();
        let reference = Platform::select(&config, "reference", Overrides::default())
            .ok()
            .unwrap();
        let lab = declared(COMMAND);
        for key in ["esm2", "esmfold", "chai"] {
            let contract = config.models.iter().find(|model| model.key.starts_with(key)).unwrap();
            let requests = ["MALWMRLL", "MALW1", "MALW:RLLP"].map(|sequence| Request {
                method: contract.method,
                input: Input::One(sequence.into()),
                options: json!({ "include_fields": ["*"] }).as_object().unwrap().clone(),
            });
            let mut answers = Vec::new();
            for platform in [&lab, &reference] {
                let instance = platform.open(contract, &Options::new()).unwrap();
                instance.start().await.unwrap();
                let mut given = Vec::new();
                for request in &requests {
                    given.push(instance.predict(request).await.map(timeless).map_err(words));
                }
                stopped(&instance).await;
                answers.push(given);
            }
            assert_eq!(answers[0], answers[1], "{}", contract.key);
            assert!(answers[0][0].is_ok() && answers[0][1].is_err(), "{}", contract.key);
        }
    });
}

/// A prediction without the times it took.
pub fn timeless(mut prediction: Prediction) -> Prediction {
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

fn shown() {
    let config = Config::built_in().unwrap();
    let contract = config.model("esm2").unwrap();
    let platform = declared(&format!(
        "{COMMAND}\nenv = {{ TOKEN = 'sesame' }}\ntime = '5'\ncpus = 2\ngres = 'gpu:1'"
    ));
    let shown = platform.dry_run(contract, &Options::new()).unwrap().unwrap();
    for part in [
        "# sbatch --parsable --no-requeue --gres=gpu:1 --time=5 --cpus-per-task=2 ",
        "#!/bin/bash\n",
        "export MODEL_CLASS=boileroom.models.esm.core.ESM2Core\n",
        "serve --host 0.0.0.0 --port \"$1\"\n",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    assert!(
        !shown.contains("sesame") && !shown.contains("TRANSPORT_HMAC"),
        "{shown}"
    );
}
