//! Recorded results as a user keeps them: what is recorded, accepted, rejected and pruned, and by how much repeats may differ.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Stdio};
use std::sync::Arc;

use hydrotest::config::Config;
use hydrotest::prediction::{Input, Method, Options, Prediction, Request, Value};
use hydrotest::synthetic::SyntheticModel;
use hydrotest::tensor::Tensor;
use hydrotest::wire::pickle::encode_prediction;
use hydrotest::wire::responses::{CallKey, RawResponse, ResponseOrigin, ResponseWriter};
use tempfile::TempDir;

const BACKENDS: &str = r#"default = "reference"
[backends.reference]
kind = "reference"
[backends.lab]
kind = "replay"
directory = "responses"
weights = "toy"
"#;

const SUITE: &str = r#"about = "a small suite"

[[case]]
name = "short"
sequences = "short"
models = ["esm2", "esmfold"]
checks = [{ check = "contract" }, { check = "snapshot" }]
"#;

const SHORT: &str = "MLKNVHVLVLGAGDVGSVVVRLLEK";

/// A checkout with one suite.
struct Checkout {
    home: TempDir,
}

impl Checkout {
    fn new() -> Self {
        let checkout = Self {
            home: tempfile::tempdir().unwrap(),
        };
        checkout.write("backends.toml", BACKENDS);
        checkout.write("suites/small.toml", SUITE);
        checkout.write("suites/sequences.fasta", &format!(">short\n{SHORT}\n"));
        checkout
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Standard output and standard error of a run that ends with a code.
    #[track_caller]
    fn run(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
            .current_dir(self.home.path())
            .args(arguments)
            .env_remove("CARGO")
            .env_remove("CI")
            .env("HYDROTEST_STATE_DIR", self.home.path().join("state"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(output.status.code(), Some(code), "{stdout}\n{stderr}");
        (stdout, stderr)
    }
}

/// The response of ESM-2 to the only case, as a model of other weights gives it, with every number `factor` times what it is.
fn response(factor: f32) -> Prediction {
    let contract = Arc::clone(Config::built_in().unwrap().model("esm2").unwrap());
    let model = SyntheticModel::load(contract, Options::new()).unwrap();
    let mut prediction = model.predict(&request()).unwrap();
    for (name, value) in &mut prediction.fields {
        match value {
            Value::Array(tensor) if name == "embeddings" => {
                let values: Vec<f32> = tensor
                    .values()
                    .into_iter()
                    .flatten()
                    .map(|value: f32| value * factor)
                    .collect();
                *tensor = Tensor::from_values(tensor.shape().to_vec(), &values).unwrap();
            }
            Value::Record(metadata) if name == "metadata" => {
                for (name, value) in &mut metadata.fields {
                    if name == "model_version" {
                        *value = Value::Text("1.0".into());
                    }
                }
            }
            _ => {}
        }
    }
    prediction
}

fn request() -> Request {
    Request {
        method: Method::Embed,
        input: Input::One(SHORT.into()),
        options: Options::new(),
    }
}

/// Lets the backend `lab` give these responses, in this order.
fn keep(checkout: &Checkout, weights: &str, responses: &[Prediction]) {
    let origin = ResponseOrigin {
        backend: "gpu".into(),
        kind: "process".into(),
        weights: weights.into(),
        hydrotest: "0".into(),
    };
    let writer = ResponseWriter::create(&checkout.home.path().join("responses"), origin).unwrap();
    for response in responses {
        let raw = RawResponse::Payload {
            pickle: encode_prediction(response).unwrap(),
            buffers: Vec::new(),
        };
        writer.keep(&CallKey::new("esm2", &Options::new(), &request()), &raw);
    }
    assert_eq!(writer.failures(), Vec::<String>::new());
}

#[test]
fn a_case_with_a_wrong_answer_is_not_recorded_and_what_breaks_the_contract_is_not_accepted() {
    let world = Checkout::new();
    // The snapshot comes first, so that it would be written before anything else is known.
    let suite = SUITE.replace(
        "checks = [{ check = \"contract\" }, { check = \"snapshot\" }]",
        "checks = [{ check = \"snapshot\" }, { check = \"equals\", field = \"metadata.model_name\", value = \"another\" }]",
    );
    world.write("suites/small.toml", &suite);
    for arguments in [&["--record"][..], &[]] {
        let ran = world.run(1, arguments);
        assert!(ran.0.contains("only once nothing else is wrong"), "{}", ran.0);
        let listed = world.run(0, &["snapshots", "list", "--json"]);
        assert!(listed.0.contains("\"snapshots\": []"), "{}", listed.0);
    }
    world.write("suites/small.toml", SUITE);
    let pending = world.run(3, &["--model", "esm2"]);
    assert!(
        pending.0.contains("waits for review: synthetic/esm2/small/short"),
        "{}",
        pending.0
    );
    // The contract as it stands allows no such field.
    let path = world.home.path().join("snapshots/synthetic/esm2/small/short.snap.new");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("embeddings", "embedings")).unwrap();
    let refused = world.run(1, &["snapshots", "accept", "--yes"]);
    assert!(
        refused.1.contains("refused synthetic/esm2/small/short"),
        "{}",
        refused.1
    );
    assert!(path.exists());
    let rejected = world.run(0, &["snapshots", "reject", "--yes"]);
    assert!(rejected.0.contains("1 rejected"), "{}", rejected.0);
    assert!(!path.exists());
}

#[test]
fn results_of_suites_that_are_not_declared_here_are_not_pruned() {
    let world = Checkout::new();
    world.run(0, &["--record"]);
    world.write("other/others.toml", SUITE);
    world.write("other/sequences.fasta", ">short\nMLKNVHVLVLGAGDVGSVVVRLLEK\n");
    let kept = world.run(0, &["snapshots", "prune", "--yes", "--suites", "other"]);
    assert!(
        kept.0.contains("2 results of suites that are not declared here stay"),
        "{}",
        kept.0
    );
    assert!(kept.0.contains("deleted 0 files"), "{}", kept.0);
    world.run(0, &[]);
    let gone = world.run(0, &["snapshots", "prune", "--yes", "--undeclared", "--suites", "other"]);
    assert!(gone.0.contains("deleted 4 files"), "{}", gone.0);
}

#[test]
fn a_floor_above_the_tolerance_is_refused_unless_it_is_accepted() {
    let checkout = Checkout::new();
    let right = response(1.0);
    keep(
        &checkout,
        "toy",
        &[right.clone(), right.clone(), response(1.01), right.clone(), right],
    );
    let only = ["--backend", "lab", "--model", "esm2"];
    checkout.run(0, &[&only[..], &["--record"]].concat());
    let calibrate = ["calibrate", "--backend", "lab", "--model", "esm2"];
    let (told, error) = checkout.run(1, &calibrate);
    assert!(told.contains("toy/esm2/small/short: refused: repeats differ"), "{told}");
    assert!(
        told.contains("embeddings") && told.contains("0 floors written"),
        "{told}"
    );
    assert!(error.contains("`--accept-noise`"), "{error}");
    let (told, _) = checkout.run(0, &[&calibrate[..], &["--accept-noise"]].concat());
    assert!(
        told.contains("accepted as noise") && told.contains("1 floors written"),
        "{told}"
    );
    let (listed, _) = checkout.run(0, &["snapshots", "list"]);
    let shown = "5 repeats on lab, accepted above the tolerance: embeddings";
    assert!(listed.contains(shown), "{listed}");
}

#[test]
fn a_response_that_is_not_synthetic_is_a_mistake_of_the_table_under_synthetic_weights() {
    let checkout = Checkout::new();
    checkout.run(0, &["--record"]);
    keep(&checkout, "synthetic", &[response(1.5)]);
    // Recorded as synthetic, so that only the response itself says otherwise.
    let synthetic = BACKENDS.replace("\"toy\"", "\"synthetic\"");
    checkout.write("backends.toml", &synthetic);
    let (told, _) = checkout.run(2, &["--backend", "lab", "--model", "esm2"]);
    assert!(
        told.contains("the response says that it is not synthetic (model version `1.0`)"),
        "{told}"
    );
    assert!(
        told.contains("change `weights = \"synthetic\"` in [backends.lab], backends.toml:7:"),
        "{told}"
    );
}
