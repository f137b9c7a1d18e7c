//! Whole results compared with each other and with files of their parts: every element counts, the format does not.

use std::path::{Path, PathBuf};

use hydrotest::prediction::{Prediction, Value};
use hydrotest::protein::{Structure, mmcif, pdb};
use hydrotest::tensor::Tensor;
use hydrotest::wire::pickle;

use super::folding::{bent, fold, structure};
use super::{compare, remarks, reported, text};

const SEQUENCE: &str = "MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG";

fn written(directory: &Path, name: &str, prediction: &Prediction) -> PathBuf {
    let pickled = base64_simd::STANDARD.encode_to_string(pickle::encode_prediction(prediction).unwrap());
    let body = serde_json::json!({ "pickled": pickled, "hmac": "0".repeat(64) });
    let path = directory.join(name);
    std::fs::write(&path, body.to_string()).unwrap();
    path
}

fn field<'a>(prediction: &'a mut Prediction, name: &str) -> &'a mut Value {
    let found = prediction.fields.iter_mut().find(|(own, _)| own == name);
    &mut found.unwrap().1
}

/// Changes a single-precision array, or the first array of a list.
fn change(prediction: &Prediction, name: &str, edit: impl FnOnce(&mut Vec<f32>)) -> Prediction {
    let mut changed = prediction.clone();
    let mut value = field(&mut changed, name);
    if let Value::List(items) = value {
        value = &mut items[0];
    }
    let Value::Array(tensor) = value else {
        panic!("{name} is no array");
    };
    let mut values: Vec<f32> = tensor.values().unwrap().collect();
    edit(&mut values);
    *tensor = Tensor::from_values(tensor.shape().to_vec(), &values).unwrap();
    changed
}

fn floats(prediction: &Prediction, path: &str) -> Tensor {
    prediction.at(path).and_then(Value::as_array).unwrap().clone()
}

#[test]
fn every_element_of_two_whole_responses_is_compared() {
    let directory = tempfile::tempdir().unwrap();
    let right = fold("esm2", SEQUENCE, &["hidden_states"]);
    let first = written(directory.path(), "first.json", &right);
    for (name, by) in [("embeddings", 0.009), ("hidden_states", 0.05)] {
        let wrong = change(&right, name, |values| {
            let middle = values.len() / 2 + 17;
            values[middle] += by;
        });
        let second = written(directory.path(), "second.json", &wrong);
        let output = compare(&first, &second, &[]);
        let printed = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{name}: {printed}");
        assert!(printed.contains("1 of ") && printed.contains("elements beyond tolerance"), "{printed}");
        let other = if name == "embeddings" { "hidden_states" } else { "embeddings" };
        let rest = compare(&first, &second, &["--field", other]);
        assert_eq!(rest.status.code(), Some(0), "{}", text(&rest.stdout));
    }
}

/// Writes a structure to files with the given B-factors of residues.
fn files(directory: &Path, structure: &Structure, in_pdb: Option<&[f64]>, in_cif: Option<&[f64]>) -> [PathBuf; 2] {
    let with = |factors: Option<&[f64]>| {
        let mut structure = structure.clone();
        let spread = factors.map(|factors| {
            let residues = structure.residues().into_iter().zip(factors);
            residues.flat_map(|(atoms, factor)| atoms.map(|_| *factor)).collect()
        });
        structure.b_factor = spread;
        structure
    };
    let paths = ["m.pdb", "m.cif"].map(|name| directory.join(name));
    std::fs::write(&paths[0], pdb::write(&with(in_pdb)).unwrap()).unwrap();
    std::fs::write(&paths[1], mmcif::write(&with(in_cif), "m")).unwrap();
    paths
}

#[test]
fn a_response_equals_its_own_files() {
    let directory = tempfile::tempdir().unwrap();
    let response = fold("boltz2", SEQUENCE, &["plddt"]);
    let whole = written(directory.path(), "whole.json", &response);
    let percent: Vec<f64> = floats(&response, "plddt[0]").to_f64().unwrap().iter().map(|value| value * 100.0).collect();
    let zeros = vec![0.0; percent.len()];
    let right = structure(&response);
    let [in_pdb, in_cif] = files(directory.path(), &right, Some(&zeros), Some(&percent));
    for (first, second, flags) in [
        (&whole, &in_pdb, &[][..]),
        (&whole, &in_cif, &[]),
        (&in_cif, &whole, &[]),
        (&in_pdb, &in_cif, &[]),
        (&in_pdb, &in_cif, &["--model", "boltz2"]),
    ] {
        let output = compare(first, second, flags);
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{printed}");
        assert!(printed.contains("lDDT, symmetric") && printed.contains("at least"), "judged: {printed}");
    }
    let printed = reported(&compare(&whole, &in_cif, &[]), directory.path());
    assert!(printed.contains("pLDDT, mean absolute error"), "{printed}");
    insta::assert_snapshot!(remarks(&printed), @"
    first   DIR/whole.json (its signature was not checked)
    second  DIR/m.cif
    judged by the gates of boltz2

    only the second has temperature factors; they were not compared
    confident: pLDDT of at least 0.7, 59 residues of the first and 59 of the second

    indistinguishable: they are equal, or differ by no more than repeats do
    ");
    let printed = reported(&compare(&in_pdb, &in_cif, &[]), directory.path());
    insta::assert_snapshot!(remarks(&printed), @"
    first   DIR/m.pdb
    second  DIR/m.cif
    judged by the gates of unknown models; --model chooses others

    farthest: CA of PHE 45 in chain A, 0.000778753 Å
    the temperature factors of the first are no confidence; they were not compared
    without confidence on both sides every residue counts

    within tolerance: they count as the same
    ");

    // A different prediction is still different, and so is a different confidence.
    let bent = bent(&right);
    let halves: Vec<f64> = percent.iter().map(|value| value / 2.0).collect();
    for (model, factors) in [(&bent, &percent), (&right, &halves)] {
        let other = tempfile::tempdir().unwrap();
        let [_, in_cif] = files(other.path(), model, None, Some(factors));
        let output = compare(&whole, &in_cif, &[]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    }
}

#[test]
fn a_column_that_only_one_file_has_is_reported_with_the_rest() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let right = structure(&fold("esmfold", SEQUENCE, &[]));
    let sure = vec![0.9; right.residues().len()];
    let [_, with] = files(one.path(), &right, None, Some(&sure));
    let [_, without] = files(other.path(), &right, None, None);
    let output = compare(&with, &without, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let section = &json["sections"][0];
    assert_eq!(section["differences"][0], "only the first has temperature factors");
    let metrics = section["metrics"].as_array().unwrap();
    let rmsd = metrics.iter().find(|row| row["metric"] == "RMSD of all atoms (Å)").unwrap();
    assert_eq!(rmsd["judged"][0]["verdict"], "indistinguishable", "{json}");
}

#[test]
fn an_array_of_a_result_is_found_by_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let response = fold("boltz2", SEQUENCE, &["plddt", "pae"]);
    let whole = written(directory.path(), "whole.json", &response);
    let save = |name: &str, tensor: &Tensor| {
        let path = directory.path().join(name);
        std::fs::write(&path, super::npy(tensor)).unwrap();
        path
    };
    let plddt = floats(&response, "plddt[0]");
    let named = save("plddt.npy", &plddt);
    let output = compare(&whole, &named, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    insta::assert_snapshot!(remarks(&reported(&output, directory.path())), @"
    first   DIR/whole.json (its signature was not checked)
    second  DIR/plddt.npy
    judged by the gates of boltz2

    plddt[0]: indistinguishable
    not compared, because only one of the two is about it: pae[0]

    indistinguishable: they are equal, or differ by no more than repeats do
    ");

    let unnamed = save("out.npy", &plddt);
    let output = compare(&whole, &unnamed, &[]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    insta::assert_snapshot!(reported(&output, directory.path()), @"
    error: no array of the first has a name of the second: plddt[0], pae[0] against out; --field NAME says what the npy file holds

    1 error in usage or configuration (exit code 2)
    ");
    assert_eq!(compare(&whole, &unnamed, &["--field", "plddt"]).status.code(), Some(0));
    let output = compare(&whole, &unnamed, &["--field", "plddd"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    insta::assert_snapshot!(reported(&output, directory.path()), @"
    error: there is nothing to compare: the first holds no `plddd` but atom_array, atom_array[0], confidence, plddt, plddt[0], ptm, iptm, pae, pae[0], pde, pdb, cif, the second no `plddd` but out

    1 error in usage or configuration (exit code 2)
    ");
}

#[test]
fn aligned_errors_and_confidences_in_files_are_judged_by_their_gates() {
    let directory = tempfile::tempdir().unwrap();
    let response = fold("boltz2", SEQUENCE, &["plddt", "pae"]);
    let whole = written(directory.path(), "whole.json", &response);
    let pae = floats(&response, "pae[0]");
    let size = pae.shape()[0];
    let values: Vec<f32> = pae.values().unwrap().collect();
    let save = |name: &str, values: &[f32]| {
        let path = directory.path().join(name);
        std::fs::write(&path, super::npy(&Tensor::from_values(vec![size, size], values).unwrap())).unwrap();
        path
    };
    let right = save("pae.npy", &values);
    let one_pair = save("one.npy", &{
        let mut values = values.clone();
        values[3] += 2.0;
        values
    });
    let transposed: Vec<f32> = (0..size * size).map(|flat| values[flat % size * size + flat / size]).collect();
    let transposed = save("transposed.npy", &transposed);
    for (first, flags) in [(&right, &[][..]), (&right, &["--model", "boltz2"]), (&whole, &["--field", "pae"])] {
        let output = compare(first, &one_pair, flags);
        let printed = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "one pair may differ: {printed}{}", text(&output.stderr));
        assert!(printed.contains("PAE error") && printed.contains("at most"), "{printed}");
        let output = compare(first, &transposed, flags);
        let printed = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{printed}");
        assert!(printed.contains("correlation of PAE asymmetry"), "{printed}");
    }
    let bounded = compare(&right, &one_pair, &["--atol", "0.1"]);
    assert_eq!(bounded.status.code(), Some(1), "{}", text(&bounded.stdout));

    let shifted = change(&response, "plddt", |values| values.rotate_right(1));
    let shifted = written(directory.path(), "shifted.json", &shifted);
    let printed = text(&compare(&whole, &shifted, &[]).stdout);
    assert!(printed.contains("different: pLDDT error"), "{printed}");
    assert!(!printed.contains("different: different"), "{printed}");
}

#[test]
fn a_recorded_result_of_any_size_is_compared_element_by_element() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/synthetic/esm2/embed/everything.snap");
    let recorded = hydrotest::snapshot::open(&root).unwrap();
    assert_eq!((recorded.model(), recorded.weights()), ("esm2", "synthetic"));
    let directory = tempfile::tempdir().unwrap();
    let input = std::fs::read_to_string(&root).unwrap();
    let input = input.lines().find_map(|line| line.trim().strip_prefix("\"input\": ")).unwrap();
    let input = input.trim_matches(['"', ',']);
    let right = fold("esm2", input, &["*"]);
    let noisy = change(&right, "hidden_states", |values| {
        let moved = values.iter_mut().enumerate();
        moved.for_each(|(at, value)| *value += 5e-5 * (at as f32 * 0.7).sin());
    });
    let one = change(&right, "hidden_states", |values| {
        let middle = values.len() / 2 + 17;
        values[middle] += 0.002;
    });
    let [right, noisy, one] = [("right", right), ("noisy", noisy), ("one", one)]
        .map(|(name, result)| written(directory.path(), &format!("{name}.json"), &result));
    for (result, code) in [(right, 0), (noisy, 0), (one, 1)] {
        let output = compare(&root, &result, &[]);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stdout));
    }
}
