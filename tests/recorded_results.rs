//! Recorded results as a user maintains them: what is recorded, accepted, rejected and pruned, and how much repeats may differ.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/plain.rs"]
mod plain;

use std::process::{Command, Stdio};
use std::sync::Arc;

use hydrotest::config::Config;
use hydrotest::prediction::{Input, Method, Options, Prediction, Request, Value};
use hydrotest::synthetic::SyntheticModel;
use hydrotest::tensor::Tensor;
use hydrotest::wire::pickle::encode_prediction;
use hydrotest::wire::responses::{CallKey, RawResponse, ResponseOrigin, ResponseWriter};
use plain::{failures, plain};
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
        let checkout = Self { home: tempfile::tempdir().unwrap() };
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

    /// Standard output and standard error of a run that must exit with a code. The directory is shown as `HOME`.
    #[track_caller]
    fn run(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
            .env("HYDROTEST_FORMAT", "pretty")
            .current_dir(self.home.path())
            .args(arguments)
            .env_remove("CARGO")
            .env_remove("CI")
            .env("HYDROTEST_STATE_DIR", self.home.path().join("state"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let home = self.home.path().display().to_string();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| plain(&String::from_utf8(text).unwrap(), &[(&home, "HOME")]));
        assert_eq!(output.status.code(), Some(code), "{stdout}\n{stderr}");
        (stdout, stderr)
    }
}

/// The response of ESM-2 to the only case, labelled with other weights, and with every number multiplied by `factor`.
fn response(factor: f32) -> Prediction {
    let contract = Arc::clone(Config::built_in().unwrap().model("esm2").unwrap());
    let model = SyntheticModel::load(contract, Options::new()).unwrap();
    let mut prediction = model.predict(&request()).unwrap();
    for (name, value) in &mut prediction.fields {
        match value {
            Value::Array(tensor) if name == "embeddings" => {
                let values: Vec<f32> = tensor.values().into_iter().flatten().map(|value: f32| value * factor).collect();
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
    Request { method: Method::Embed, input: Input::One(SHORT.into()), options: Options::new() }
}

/// Makes the backend `lab` return these responses, in this order.
fn keep(checkout: &Checkout, weights: &str, responses: &[Prediction]) {
    keep_raw(checkout, weights, &responses.iter().map(raw).collect::<Vec<_>>());
}

fn raw(response: &Prediction) -> RawResponse {
    RawResponse::Payload { pickle: encode_prediction(response).unwrap(), buffers: Vec::new() }
}

/// The response to a call that the model refuses with the message `no`.
fn refused() -> RawResponse {
    RawResponse::Failure { fault: "refused".into(), decoding: false, message: "no".into(), exception: None }
}

fn keep_raw(checkout: &Checkout, weights: &str, responses: &[RawResponse]) {
    let origin = ResponseOrigin {
        backend: "gpu".into(),
        kind: "process".into(),
        weights: weights.into(),
        hydrotest: "0".into(),
    };
    let writer = ResponseWriter::create(&checkout.home.path().join("responses"), origin).unwrap();
    for raw in responses {
        writer.keep(&CallKey::new("esm2", &Options::new(), &request()), raw);
    }
    assert_eq!(writer.failures(), Vec::<String>::new());
}

#[test]
fn a_case_with_a_wrong_response_is_not_recorded_and_contract_violations_are_not_accepted() {
    let project = Checkout::new();
    // The snapshot comes first, so that it would be written before the other checks are evaluated.
    let suite = SUITE.replace(
        "checks = [{ check = \"contract\" }, { check = \"snapshot\" }]",
        "checks = [{ check = \"snapshot\" }, { check = \"equals\", field = \"metadata.model_name\", value = \"another\" }]",
    );
    project.write("suites/small.toml", &suite);
    let reported = [&["--record"][..], &[]].map(|flags| {
        let ran = project.run(1, &[&["--model", "esm2"], flags].concat());
        let listed = project.run(0, &["snapshots", "list", "--json"]);
        assert!(listed.0.contains("\"snapshots\": []"), "{}", listed.0);
        failures(&ran.0, &[])
    });
    insta::assert_snapshot!(reported.join("\n\n"), @r#"
    ---- esm2::small::short ----
    fail: the backend is wrong

    snapshot [call]: no recorded result: HOME/snapshots/synthetic/esm2/small/short.snap
      hint: it is recorded only once nothing else is wrong with the case

    equals [call]: metadata.model_name: expected "another", got "ESM-2"

    does not conform: the backend is wrong (exit code 1)

    ---- esm2::small::short ----
    fail: the backend is wrong

    snapshot [call]: no recorded result: HOME/snapshots/synthetic/esm2/small/short.snap
      hint: it is recorded only once nothing else is wrong with the case

    equals [call]: metadata.model_name: expected "another", got "ESM-2"

    does not conform: the backend is wrong (exit code 1)
    "#);
    project.write("suites/small.toml", SUITE);
    let pending = project.run(3, &["--model", "esm2"]);
    let (_, closing) = pending.0.split_once("\n\nbackend ").unwrap();
    insta::assert_snapshot!(closing, @"
    reference (kind reference, weights synthetic): 1 case over 1 model in TIME s
      0 passed, 0 failed, 1 without a sound reference
      core: 0 of 1 passed, 1 without a sound reference
      waits for review: synthetic/esm2/small/short
      see `hydrotest snapshots list`, then `accept` or `reject`
    inconclusive: there is nothing to compare with; record the missing results on a backend you trust with `--record` (exit code 3)
    ");
    // The current contract does not allow this field.
    let path = project.home.path().join("snapshots/synthetic/esm2/small/short.snap.new");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("embeddings", "embedings")).unwrap();
    let refused = project.run(1, &["snapshots", "accept", "--yes"]);
    let (line, error) = refused.1.split_once('\n').unwrap();
    assert!(line.starts_with("refused synthetic/esm2/small/short: "), "{line}");
    assert!(line.ends_with(".npz: has no array \"embedings\""), "{line}");
    insta::assert_snapshot!(error, @"error: 1 result refused; `hydrotest snapshots reject` deletes them (exit code 1)");
    assert!(path.exists());
    let rejected = project.run(0, &["snapshots", "reject", "--yes"]);
    insta::assert_snapshot!(rejected.0, @"
    synthetic/esm2/small/short (new): ESM-2 embed on reference (kind reference) with synthetic weights
    1 rejected; arrays that no result refers to go with `hydrotest snapshots prune`
    ");
    assert!(!path.exists());
}

#[test]
fn results_of_undeclared_suites_are_not_pruned() {
    let project = Checkout::new();
    project.run(0, &["--record"]);
    project.write("other/others.toml", SUITE);
    project.write("other/sequences.fasta", ">short\nMLKNVHVLVLGAGDVGSVVVRLLEK\n");
    let kept = project.run(0, &["snapshots", "prune", "--yes", "--suites", "other"]);
    insta::assert_snapshot!(kept.0, @"
    2 results of suites that are not declared here stay; `--undeclared` means them too
    deleted 0 files
    ");
    project.run(0, &[]);
    let gone = project.run(0, &["snapshots", "prune", "--yes", "--undeclared", "--suites", "other"]);
    insta::assert_snapshot!(gone.0.lines().last().unwrap(), @"deleted 4 files");
}

/// The last paragraph.
fn last(reported: &str) -> &str {
    reported.rsplit("\n\n").next().unwrap()
}

#[test]
fn a_noise_floor_above_the_tolerance_is_refused_unless_it_is_accepted() {
    let checkout = Checkout::new();
    let right = response(1.0);
    keep(&checkout, "toy", &[right.clone(), right.clone(), response(1.01), right.clone(), right]);
    let only = ["--backend", "lab", "--model", "esm2"];
    checkout.run(0, &[&only[..], &["--record"]].concat());
    let calibrate = ["calibrate", "--backend", "lab", "--model", "esm2"];
    let (reported, error) = checkout.run(1, &calibrate);
    insta::assert_snapshot!(last(&reported), @"
    toy/esm2/small/short: refused: repeats differ by more than a response may, in embeddings
    0 floors written
    ");
    insta::assert_snapshot!(error, @"error: 1 floor refused: look whether the backend is right every time; `--accept-noise` writes them all the same (exit code 1)");
    let (reported, _) = checkout.run(0, &[&calibrate[..], &["--accept-noise"]].concat());
    insta::assert_snapshot!(last(&reported), @"
    toy/esm2/small/short: 1 of 1 values vary over 5 repeats
      accepted as noise, so that the check passes more than its tolerance: embeddings
    1 floors written
    ");
    let (listed, _) = checkout.run(0, &["snapshots", "list"]);
    let floor = listed.trim_end().rsplit("  ").next().unwrap();
    insta::assert_snapshot!(floor, @"5 repeats on lab, accepted above the tolerance: embeddings");
}

#[test]
fn calibration_judges_no_response_so_that_no_entry_is_out_of_date_by_it() {
    let checkout = Checkout::new();
    keep(&checkout, "toy", &[response(1.0), response(1.0)]);
    checkout.run(0, &["--backend", "lab", "--model", "esm2", "--record"]);
    checkout.write("backends.toml", &format!("{BACKENDS}known_failures = \"known.toml\"\n"));
    let rest = "reason = 'a narrow card'\nlink = 'T-1'\n";
    let always = format!("[[known]]\ncase = 'esm2::small::short'\nmessage = 'no'\n{rest}expires = 2999-01-01\n");
    let expired = format!("[[known]]\ncase = '*::short'\nmessage = 'no'\n{rest}expires = 2000-01-01\n");
    checkout.write("known.toml", &(always + &expired));
    let calibrate = ["calibrate", "--backend", "lab", "--model", "esm2", "--repeats", "2"];
    let (reported, error) = checkout.run(0, &calibrate);
    insta::assert_snapshot!(last(&reported), @"
    toy/esm2/small/short: 0 of 1 values vary over 2 repeats
    1 floors written
    ");
    assert_eq!(error, "");

    keep_raw(&checkout, "toy", &[refused()]);
    let (_, error) = checkout.run(3, &calibrate);
    insta::assert_snapshot!(error, @"no floor was written: a call failed, as is known of the backend");
}

#[test]
fn a_call_that_fails_in_some_repeats_by_a_known_defect_has_no_floor() {
    let checkout = Checkout::new();
    let defect = "[[known]]\nmodels = ['esm2']\ncase = '*'\nmessage = 'no'\nreason = 'it forgets'\nlink = 'T-1'\n\
                  expires = 2999-01-01\n";
    keep(&checkout, "toy", &[response(1.0)]);
    checkout.run(0, &["--backend", "lab", "--model", "esm2", "--record"]);
    checkout.write("backends.toml", &format!("{BACKENDS}{defect}"));
    let right = raw(&response(1.0));
    keep_raw(&checkout, "toy", &[right.clone(), refused(), right]);
    let (reported, _) = checkout.run(0, &["calibrate", "--backend", "lab", "--model", "esm2", "--repeats", "3"]);
    insta::assert_snapshot!(last(&reported), @"
    toy/esm2/small/short: 2 of 3 repeats responded, so that no floor is written
    0 floors written
    ");
}

#[test]
fn a_real_response_under_synthetic_weights_is_a_configuration_mistake() {
    let checkout = Checkout::new();
    checkout.run(0, &["--record"]);
    keep(&checkout, "synthetic", &[response(1.5)]);
    // Recorded as synthetic, so that only the response itself contradicts the table.
    let synthetic = BACKENDS.replace("\"toy\"", "\"synthetic\"");
    checkout.write("backends.toml", &synthetic);
    let (reported, _) = checkout.run(2, &["--backend", "lab", "--model", "esm2"]);
    insta::assert_snapshot!(failures(&reported, &[]), @r#"
    ---- esm2::small::short ----
    error: inconclusive, the configuration is wrong

    snapshot [call]: the response says that it is not synthetic (model version `1.0`), and the backend is declared with weights `synthetic`
      hint: change `weights = "synthetic"` in [backends.lab], backends.toml:7:1 to the name of the weights that the model has there, such as "published"

    inconclusive: the backend could not be tested, the configuration is wrong (exit code 2)
    "#);
}
