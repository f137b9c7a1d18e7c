//! The shipped references of the published weights: the results that boileroom's tests recorded, other samples and another card
//! pass, a changed result fails, and backends of other weights are skipped.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/plain.rs"]
mod plain;
#[path = "support/project.rs"]
mod project;

use std::fs;
use std::path::{Path, PathBuf};

use hydrotest::config::{BackendTable, Config, Suites};
use hydrotest::plan::{Overriding, PlannedTrial, Selection, expand};
use hydrotest::prediction::{Prediction, Record, Value};
use hydrotest::protein::{Structure, mmcif, pdb};
use hydrotest::snapshot::{Recording, Store};
use hydrotest::tensor::Tensor;
use hydrotest::wire::pickle::encode_prediction;
use hydrotest::wire::responses::{CallKey, RawResponse, ResponseOrigin, ResponseWriter};
use project::{Project, Ran};

const WEIGHTS: &str = "published";
const BACKENDS: &str = "default = 'gpu'\n[backends.gpu]\nkind = 'replay'\ndirectory = 'kept'\n\
                        [backends.reference]\nkind = 'reference'\n";

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The cases of the suite.
fn cases() -> Vec<PlannedTrial> {
    let config = Config::built_in().unwrap();
    let suites = Suites::load(&repository().join("suites"), &config).unwrap();
    let everything = BackendTable { models: None, ..config.backends[0].clone() };
    let selection =
        Selection { suites: vec!["published".into()], weights: Some(WEIGHTS.into()), ..Selection::default() };
    let plan = expand(&config, &suites.suites, &everything, &selection, Overriding::default());
    plan.unwrap_or_else(|errors| panic!("{errors}")).trials
}

/// A model's response with the given fields, and nothing that was not requested.
fn response(trial: &PlannedTrial, given: &[(&str, Value)]) -> Prediction {
    let contract = &trial.contract;
    let sequences = trial.calls[0].request.input.strings();
    let lengths = sequences.iter().map(|text| text.chars().filter(|letter| *letter != ':').count());
    let lengths = lengths.map(|length| Value::Integer(length as i64)).collect();
    let mut fields: Vec<(String, Value)> = Vec::new();
    for spec in &contract.fields {
        let value = given.iter().find(|(name, _)| *name == spec.name);
        fields.push((spec.name.clone(), value.map_or(Value::None, |(_, value)| value.clone())));
    }
    let metadata = [
        ("model_name", Value::Text(contract.name.clone())),
        ("model_version", Value::Text("1.0".into())),
        ("sequence_lengths", Value::List(lengths)),
        ("preprocessing_time", Value::Float(0.1)),
        ("inference_time", Value::Float(0.1)),
        ("postprocessing_time", Value::Float(0.1)),
    ];
    fields.push((
        "metadata".into(),
        Value::Record(Record {
            class: "boileroom.base.PredictionMetadata".into(),
            fields: metadata.map(|(name, value)| (name.to_owned(), value)).into(),
        }),
    ));
    Prediction { class: contract.output.clone(), fields }
}

/// The shipped response, after a change to its structure.
fn shipped(trial: &PlannedTrial, change: impl Fn(&mut Structure)) -> Prediction {
    let store = Store::new(&repository().join("snapshots"), Recording::Never).unwrap();
    let key = trial.snapshot_key(WEIGHTS, &trial.calls[0].name).unwrap();
    let recorded = store.read(&key).unwrap().unwrap_or_else(|| panic!("{key} is not shipped"));
    let mut given = Vec::new();
    for name in ["atom_array", "plddt", "ptm"] {
        let Some(mut value) = recorded.prediction.field(name).cloned() else {
            continue;
        };
        if let Value::List(items) = &mut value {
            for item in items {
                if let Value::Structure(structure) = item {
                    change(structure);
                }
            }
        }
        given.push((name, value));
    }
    response(trial, &given)
}

/// Runs the suite on a backend that returns these responses.
fn run(responses: &[(&PlannedTrial, Prediction)]) -> (Option<i32>, String) {
    let project = Project::new(BACKENDS);
    let kept = project.state().parent().unwrap().join("kept");
    let origin = ResponseOrigin {
        backend: "gpu".into(),
        kind: "process".into(),
        weights: WEIGHTS.into(),
        hydrotest: "0".into(),
    };
    let writer = ResponseWriter::create(&kept, origin).unwrap();
    for (trial, prediction) in responses {
        let raw = RawResponse::Payload { pickle: encode_prediction(prediction).unwrap(), buffers: Vec::new() };
        let call = &trial.calls[0];
        writer.keep(&CallKey::new(&trial.contract.key, &call.config, &call.request), &raw);
    }
    assert_eq!(writer.failures(), Vec::<String>::new());
    // A wrong result must not be kept for review in this checkout.
    let mut command = project.command(&["--suite", "published", "--color", "never"]);
    let ran = Ran::from(command.env("CI", "1").output().unwrap());
    (ran.code, ran.reported)
}

#[test]
fn the_shipped_results_pass_and_changed_ones_fail() {
    let cases = cases();
    assert!(cases.len() >= 5);
    let right: Vec<_> = cases.iter().map(|trial| (trial, shipped(trial, |_| {}))).collect();
    let (code, reported) = run(&right);
    assert_eq!(code, Some(0), "{reported}");
    assert!(reported.contains(&format!("{} passed; 0 failed; 0 ignored", cases.len())), "{reported}");
    for trial in &cases {
        // Each residue of one half rotates away from the other half, as after a wrong hinge.
        let spoiled = shipped(trial, |structure| {
            let half = structure.coord.len() / 2;
            structure.coord[half..].iter_mut().for_each(|position| position[2] = -position[2]);
        });
        let (code, reported) = run(&[(trial, spoiled)]);
        assert_eq!(code, Some(1), "{}: {reported}", trial.name);
        assert!(reported.contains("0 passed; 1 failed"), "{reported}");
    }
}

#[test]
fn esmfold_is_judged_exactly_like_in_boilerooms_tests() {
    let cases = cases();
    let short = cases.iter().find(|trial| trial.name == "esmfold::published::short").unwrap();
    let changed = |change: &dyn Fn(&mut Structure)| run(&[(short, shipped(short, change))]);
    // Each of these passes there: the distance is a mean over all atoms, so that no single atom matters.
    let moved = |by: f32| move |structure: &mut Structure| structure.coord.iter_mut().for_each(|place| place[0] += by);
    let (code, reported) = changed(&moved(1.45));
    assert_eq!(code, Some(0), "{reported}");
    let (code, reported) = changed(&|structure| structure.coord[10][1] += 15.0);
    assert_eq!(code, Some(0), "{reported}");
    let factors = |by: f64| move |structure: &mut Structure| structure.b_factor.as_mut().unwrap()[7] += by;
    let (code, reported) = changed(&factors(0.049));
    assert_eq!(code, Some(0), "{reported}");
    // Each of these fails there, even the rotated one: nothing is superposed.
    let (code, reported) = changed(&moved(1.55));
    assert_eq!(code, Some(1), "{reported}");
    insta::assert_snapshot!(plain::failures(&reported, &[]), @"
    ---- esmfold::published::short ----
    fail: the backend is wrong

    positions [call]: atom_array[0]: RMSD 1.55 Å where the atoms lie, expected less than 1.5

    does not conform: the backend is wrong (exit code 1)
    ");
    let (code, reported) = changed(&|structure| structure.coord.iter_mut().for_each(|[x, y, _]| (*x, *y) = (-*x, -*y)));
    assert_eq!(code, Some(1), "{reported}");
    let (code, reported) = changed(&factors(0.051));
    assert_eq!(code, Some(1), "{reported}");
    insta::assert_snapshot!(plain::failures(&reported, &[]), @"
    ---- esmfold::published::short ----
    fail: the backend is wrong

    positions [call]: atom_array[0]: temperature factor of CE of MET 0 in chain A: recorded 0.57, got 0.621, expected within 0.05

    does not conform: the backend is wrong (exit code 1)
    ");
}

#[test]
fn backends_of_other_weights_are_skipped_and_reported_once() {
    let project = Project::new(BACKENDS);
    let ran = project.run(&["--backend", "reference", "--suite", "published,masks"]);
    ran.expect(0, &["0 failed; 0 ignored"]);
    let notes = |ran: &Ran| {
        let notes = ran.reported.lines().filter(|line| line.contains("published"));
        notes.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(notes(&ran), @"  note: suite published has no cases: it is for weights `published`, and those of backend `reference` are `synthetic`");
    let ran = project.run(&["--backend", "reference", "--suite", "published"]);
    ran.expect(4, &[]);
    insta::assert_snapshot!(notes(&ran), @"suite published has no cases: it is for weights `published`, and those of backend `reference` are `synthetic`");
}

#[test]
fn other_samples_and_another_card_pass() {
    let data = repository().join("../shared/data");
    if !data.exists() {
        eprintln!("ignored: the real outputs are not beside this checkout");
        return;
    }
    let cases = cases();
    let case = |name: &str| cases.iter().find(|trial| trial.case == name).unwrap();
    let read = |path: PathBuf| -> Structure {
        let text = fs::read_to_string(&path).unwrap();
        match path.extension().unwrap().to_str().unwrap() {
            "pdb" => pdb::read(&text).unwrap(),
            _ => mmcif::read(&text).unwrap(),
        }
    };
    let structures = |mut structure: Structure, trial: &PlannedTrial| {
        let spec = trial.contract.field("atom_array").unwrap();
        let shift = spec.first_residue.unwrap() - structure.res_id.iter().min().unwrap();
        structure.res_id.iter_mut().for_each(|number| *number += shift);
        if spec.b_factor.is_none() {
            structure.b_factor = None;
            structure.b_factor_dtype = None;
        }
        Value::List(vec![Value::Structure(Box::new(structure))])
    };
    let complex = case("complex");
    let other_card = structures(read(data.join("multimer-check-T4.pdb")), complex);
    let (code, reported) = run(&[(complex, response(complex, &[("atom_array", other_card)]))]);
    assert_eq!(code, Some(0), "{reported}");
    let chai = case("nipah");
    for rank in 1..5 {
        let sample = read(data.join(format!("chai/pred.rank_{rank}.cif")));
        let plddt = means(&sample);
        let text = fs::read_to_string(data.join(format!("chai/scores.rank_{rank}.json"))).unwrap();
        let scores: serde_json::Value = serde_json::from_str(&text).unwrap();
        let ptm = scores["ptm"].as_f64().unwrap() as f32;
        let one = |tensor: Tensor| Value::List(vec![Value::Array(tensor)]);
        let given = [
            ("atom_array", structures(sample, chai)),
            ("plddt", one(Tensor::vector(&plddt))),
            ("ptm", one(Tensor::vector(&[ptm]))),
        ];
        let (code, reported) = run(&[(chai, response(chai, &given))]);
        assert_eq!(code, Some(0), "rank {rank}: {reported}");
    }
}

/// The mean temperature factor of each residue's atoms, from 0 to 1.
fn means(structure: &Structure) -> Vec<f32> {
    let factors = structure.b_factor.as_ref().unwrap();
    let mut sums: Vec<(i32, f64, f64)> = Vec::new();
    for (number, factor) in structure.res_id.iter().zip(factors) {
        match sums.last_mut() {
            Some((last, sum, count)) if last == number => {
                *sum += factor;
                *count += 1.0;
            }
            _ => sums.push((*number, *factor, 1.0)),
        }
    }
    sums.iter().map(|(_, sum, count)| (sum / count / 100.0) as f32).collect()
}

#[test]
fn every_reference_states_its_origin() {
    for trial in cases() {
        let key = trial.snapshot_key(WEIGHTS, &trial.calls[0].name).unwrap();
        let text = fs::read_to_string(repository().join("snapshots").join(key.path())).unwrap();
        assert!(text.contains("\"recorded\": ") && text.contains("MIT"), "{key}");
    }
}
