//! `hydrotest compare` as its user meets it: numbers, verdicts, exit codes, and bad files and structures, which give a
//! verdict or a clear error.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by panicking"
)]

mod files;
#[path = "../support/folding.rs"]
mod folding;
mod results;
mod structures;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const HELIX: &str = "\
ATOM      1  N   ALA A   1      -0.677  -1.230  -0.491  1.00  0.90           N
ATOM      2  CA  ALA A   1      -0.001   0.064  -0.491  1.00  0.90           C
ATOM      3  C   ALA A   1       1.499  -0.110  -0.491  1.00  0.90           C
ATOM      4  O   ALA A   1       2.030  -1.227  -0.502  1.00  0.90           O
ATOM      5  CA  GLY A   2       3.600   0.900   0.100  1.00  0.90           C
ATOM      6  CA  LEU A   3       5.100   3.800   2.000  1.00  0.90           C
ATOM      7  CA  SER A   4       4.000   5.000   5.500  1.00  0.90           C
ATOM      8  CA  LYS A   5       7.000   6.200   7.300  1.00  0.90           C
END
";

fn compare(first: &Path, second: &Path, flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hydrotest"))
        .arg("compare")
        .arg(first)
        .arg(second)
        .args(flags)
        .output()
        .unwrap()
}

/// An array as an npy file.
fn npy(tensor: &hydrotest::tensor::Tensor) -> Vec<u8> {
    let kind = match tensor.dtype() {
        hydrotest::tensor::DType::F64 => "<f8",
        _ => "<f4",
    };
    let sizes: Vec<String> = tensor.shape().iter().map(ToString::to_string).collect();
    let comma = if sizes.len() == 1 { "," } else { "" };
    let sizes = sizes.join(", ") + comma;
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sizes}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend_from_slice(tensor.bytes());
    bytes
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Writes files into a directory and compares the two.
fn compared(first: &str, second: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let paths: [PathBuf; 2] = ["first.pdb", "second.pdb"].map(|name| directory.path().join(name));
    std::fs::write(&paths[0], first).unwrap();
    std::fs::write(&paths[1], second).unwrap();
    let output = compare(&paths[0], &paths[1], &[]);
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// The atoms with these coordinates instead.
fn placed(change: impl Fn(usize, [f64; 3]) -> [f64; 3]) -> String {
    let lines = HELIX.lines().enumerate().map(|(index, line)| {
        if !line.starts_with("ATOM") {
            return line.to_owned();
        }
        let at = [30, 38, 46].map(|start| line[start..start + 8].trim().parse().unwrap());
        let [x, y, z] = change(index, at);
        format!("{}{x:8.3}{y:8.3}{z:8.3}{}", &line[..30], &line[54..])
    });
    lines.map(|line| line + "\n").collect()
}

#[test]
fn a_moved_copy_is_the_same_and_a_mirror_image_is_named() {
    let moved = placed(|_, [x, y, z]| [y + 3.0, -x, z]);
    assert_eq!(compared(HELIX, &moved).0, Some(0));
    let (code, words) = compared(HELIX, &placed(|_, [x, y, z]| [x, y, -z]));
    assert_eq!(code, Some(1));
    assert!(words.contains("likely cause: mirror image"), "{words}");
    let (code, words) = compared(HELIX, &placed(|_, position| position.map(|value| value * 10.0)));
    assert_eq!(code, Some(1));
    assert!(words.contains("coordinates × 10"), "{words}");
}

#[test]
fn bad_structures_give_a_verdict_or_a_clear_error() {
    let lines =
        |keep: &dyn Fn(&str) -> bool| -> String { HELIX.split_inclusive('\n').filter(|line| keep(line)).collect() };
    let one = lines(&|line| line.contains(" CA  ALA"));
    let doubled = HELIX.replace("END\n", "") + HELIX;
    for (name, structure, same_as_itself, as_reference) in [
        ("one atom", one.clone(), Some(0), Some(1)),
        (
            "collinear",
            placed(|index, _| [index as f64 * 3.8, 0.0, 0.0]),
            Some(0),
            Some(1),
        ),
        ("all in one place", placed(|_, _| [1.0; 3]), Some(0), Some(1)),
        ("duplicate atoms", doubled, Some(0), Some(1)),
        (
            "no alpha carbons",
            lines(&|line| !line.contains(" CA ")),
            Some(0),
            Some(1),
        ),
        ("shorter", lines(&|line| !line.contains("LYS")), Some(0), Some(1)),
        ("unknown residues", HELIX.replace("SER", "UNK"), Some(0), Some(1)),
    ] {
        let (code, words) = compared(&structure, &structure);
        assert_eq!(code, same_as_itself, "{name}: {words}");
        for (first, second) in [(HELIX, structure.as_str()), (structure.as_str(), HELIX)] {
            let (code, words) = compared(first, second);
            assert_eq!(code, as_reference, "{name}: {words}");
        }
    }
    let (code, words) = compared(HELIX, "END\n");
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("second.pdb:1: there is no atom"), "{words}");
    let broken = HELIX.replace("   3.600   0.900   0.100", "     nan   0.900   0.100");
    let (code, words) = compared(HELIX, &broken);
    assert!(matches!(code, Some(1 | 2)), "{words}");
    let (code, words) = compared(HELIX, &HELIX.replace("   3.600   0.900", "   3.6x0   0.900"));
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("second.pdb:5: "), "file and line: {words}");
}

#[test]
fn files_that_are_nothing_of_the_kind_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("a.npy", "x"),
        ("a.npz", "PK"),
        ("a.snap", "---\n"),
        ("a.cif", "data_\nloop_\n"),
        ("a.txt", ""),
    ] {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        let output = compare(&path, &path, &[]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", text(&output.stdout));
        assert!(text(&output.stderr).contains(name), "{}", text(&output.stderr));
    }
    let missing = directory.path().join("missing.pdb");
    assert_eq!(compare(&missing, &missing, &[]).status.code(), Some(2));
}

#[test]
fn recorded_results_compare_with_themselves_and_with_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/synthetic/esmfold");
    let mut found: Vec<PathBuf> = Vec::new();
    for suite in std::fs::read_dir(root).unwrap() {
        let files = std::fs::read_dir(suite.unwrap().path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        found.extend(files.filter(|path| path.extension().is_some_and(|extension| extension == "snap")));
    }
    found.sort();
    let (first, last) = (found.first().unwrap(), found.last().unwrap());
    let output = compare(first, first, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["same"], true);
    assert!(!json["sections"].as_array().unwrap().is_empty());
    assert_eq!(compare(first, last, &[]).status.code(), Some(1));
}

/// A response as a model server sends it, from a recorded pickle.
fn response(directory: &Path, pickle: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pickle");
    let payload = std::fs::read(root.join(format!("{pickle}.pickle"))).unwrap();
    let pickled = base64_simd::STANDARD.encode_to_string(payload);
    let path = directory.join(format!("{pickle}.json"));
    let body = serde_json::json!({ "pickled": pickled, "hmac": "0".repeat(64) });
    std::fs::write(&path, body.to_string()).unwrap();
    path
}

#[test]
fn recorded_responses_are_judged_by_the_gates_of_the_model_that_they_name() {
    let directory = tempfile::tempdir().unwrap();
    for (pickle, other, model) in [
        ("esm2.numpy1.protocol4", "esm2.numpy2.protocol5", "esm2"),
        ("boltz.numpy2.protocol2", "boltz.numpy1.protocol5", "boltz2"),
        ("esmc.numpy1.protocol4", "esmc.numpy2.protocol5", "esmc"),
    ] {
        let (first, second) = (response(directory.path(), pickle), response(directory.path(), other));
        let output = compare(&first, &second, &[]);
        let words = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{words}{}", text(&output.stderr));
        assert!(words.contains(&format!("judged by the gates of {model}\n")), "{words}");
        assert!(words.contains("its signature was not checked"), "{words}");
        assert!(words.contains("indistinguishable: "), "{words}");
    }
    let (esm2, boltz) = (
        response(directory.path(), "esm2.numpy1.protocol4"),
        response(directory.path(), "boltz.numpy2.protocol2"),
    );
    let output = compare(&esm2, &boltz, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("results of esm2 and of boltz2"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(compare(&esm2, &boltz, &["--model", "esm2"]).status.code(), Some(1));
    for body in [
        "{}",
        "[]",
        "{\"pickled\": \"!\", \"hmac\": \"\"}",
        "{\"pickled\": \"gASVCw==\", \"hmac\": \"\"}",
    ] {
        let path = directory.path().join("broken.json");
        std::fs::write(&path, body).unwrap();
        let output = compare(&path, &path, &[]);
        assert_eq!(output.status.code(), Some(2), "{body}: {}", text(&output.stdout));
        assert!(
            text(&output.stderr).contains("broken.json: "),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn gates_are_those_of_the_model_and_may_be_changed() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["first.pdb", "second.pdb"].map(|name| directory.path().join(name));
    std::fs::write(&paths[0], HELIX).unwrap();
    // One residue moves by a third of an ångström: too much for a model without chance, little for a diffusion model.
    let moved = placed(|index, [x, y, z]| if index == 6 { [x, y + 0.3, z] } else { [x, y, z] });
    std::fs::write(&paths[1], moved).unwrap();
    let run = |flags: &[&str]| compare(&paths[0], &paths[1], flags);
    let unknown = run(&[]);
    assert_eq!(unknown.status.code(), Some(1), "{}", text(&unknown.stdout));
    assert!(text(&unknown.stdout).contains("the gates of unknown models"));
    assert_eq!(run(&["--model", "esmfold"]).status.code(), Some(1));
    let boltz = run(&["--model", "boltz2"]);
    assert_eq!(boltz.status.code(), Some(0), "{}", text(&boltz.stdout));
    assert!(text(&boltz.stdout).contains("within tolerance"));
    let loose = [
        "--gate",
        "rmsd=1",
        "--gate",
        "ca_rmsd=1",
        "--gate",
        "ca_max=1",
        "--gate",
        "lddt=0.5",
    ];
    let output = run(&[&loose[..], &["--gate", "unmasked_lddt=0.5"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("with changes"));
    for (flags, words) in [
        (["--model", "esmfld"], "did you mean `esmfold`?"),
        (["--gate", "rmds=1"], "there is no gate `rmds`"),
        (["--gate", "lddt=2"], "expected a number from 0 to 1"),
    ] {
        let output = run(&flags);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
    }
}

#[test]
fn confidence_is_read_on_the_scale_of_the_first() {
    let percent: String = HELIX
        .lines()
        .map(|line| line.replace("  1.00  0.90", "  1.00 90.00") + "\n")
        .collect();
    assert_eq!(compared(&percent, &percent).0, Some(0));
    let (code, words) = compared(HELIX, &percent);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("temperature factors: values × 100"), "{words}");
    let (code, words) = compared(&percent, HELIX);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("temperature factors: values ÷ 100"), "{words}");
}

#[test]
fn every_number_comes_with_its_bound_and_its_word() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["first.pdb", "second.pdb"].map(|name| directory.path().join(name));
    std::fs::write(&paths[0], HELIX).unwrap();
    std::fs::write(
        &paths[1],
        placed(|index, [x, y, z]| [x, y, z + 0.001 * (index % 3) as f64]),
    )
    .unwrap();
    let output = compare(&paths[0], &paths[1], &["--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["same"], &json["verdict"]),
        (&true.into(), &"within tolerance".into()),
        "{json}"
    );
    let metrics = json["sections"][0]["metrics"].as_array().unwrap();
    let rmsd = metrics
        .iter()
        .find(|row| row["metric"] == "RMSD of alpha carbons (Å)")
        .unwrap();
    let judged = &rmsd["judged"][0];
    assert_eq!(judged["verdict"], "within tolerance");
    assert!(judged["observed"].as_f64().unwrap() < judged["allowed"].as_f64().unwrap());
    let equal = compare(&paths[0], &paths[0], &[]);
    assert!(
        text(&equal.stdout).contains("indistinguishable: "),
        "{}",
        text(&equal.stdout)
    );
}

#[test]
fn the_floor_beside_a_snapshot_counts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/synthetic");
    let directory = tempfile::tempdir().unwrap();
    let copy = |from: &Path| {
        let to = directory.path().join(from.strip_prefix(&root).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, &to).unwrap();
        to
    };
    for arrays in std::fs::read_dir(root.join("arrays")).unwrap() {
        copy(&arrays.unwrap().path());
    }
    let [first, second] = [1, 2].map(|seed| copy(&root.join(format!("boltz2/ensemble/ten_seeds+seed_{seed}.snap"))));
    let strict = ["--gate", "ca_rmsd=0.01"];
    let without = compare(&first, &second, &strict);
    assert_eq!(without.status.code(), Some(1), "{}", text(&without.stdout));
    let floor = serde_json::json!({ "backend": "a", "repeats": 5, "fields": { "atom_array[0]": { "ca_rmsd": 0.3 } } });
    std::fs::write(first.with_extension("floor.json"), floor.to_string()).unwrap();
    let with = compare(&first, &second, &strict);
    let words = text(&with.stdout);
    assert_eq!(with.status.code(), Some(0), "{words}");
    // The first is the reference: a floor beside the second takes nothing away from it, and adds nothing.
    let none = serde_json::json!({ "backend": "b", "repeats": 5, "fields": { "atom_array[0]": { "ca_rmsd": 0.0 } } });
    std::fs::write(second.with_extension("floor.json"), none.to_string()).unwrap();
    assert_eq!(compare(&first, &second, &strict).status.code(), Some(0));
    assert_eq!(compare(&second, &first, &strict).status.code(), Some(1));
    let row = words
        .lines()
        .find(|line| line.starts_with("RMSD of alpha carbons"))
        .unwrap();
    assert!(
        row.contains("0.3  at most 0.01") && row.contains("indistinguishable"),
        "{row}"
    );
}

#[test]
fn one_complex_on_two_machines_is_the_same_where_it_is_confident() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let paths = ["multimer-check-A100.pdb", "multimer-check-T4.pdb"].map(|name| data.join(name));
    if !paths.iter().all(|path| path.exists()) {
        eprintln!("not tested on real data: it is not there");
        return;
    }
    let output = compare(&paths[0], &paths[1], &[]);
    let words = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{words}");
    for number in ["0.54321683", "0.5336", "0.99306980", "0.99005", "0.98837", "0.98704749"] {
        assert!(words.contains(number), "{number}: {words}");
    }
}
