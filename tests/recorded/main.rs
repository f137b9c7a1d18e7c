//! Responses of boileroom's own cores are read and judged like live ones, without Python. The README in this directory
//! describes their origin.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/plain.rs"]
mod plain;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plain::{failures, plain};

/// The result of replaying one backend's responses.
struct Replayed {
    code: Option<i32>,
    reported: String,
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded")
}

/// Judges the responses of a backend with a configuration.
fn replay(config: &Path, arguments: &[&str]) -> Replayed {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
        .env("HYDROTEST_FORMAT", "pretty")
        .current_dir(here())
        .arg("--config")
        .arg(config)
        .arg("--suites")
        .arg("suites")
        .arg("--snapshots")
        .arg(home.path().join("snapshots"))
        .args(arguments)
        .env("HYDROTEST_STATE_DIR", home.path().join("state"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let reported = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Replayed { code: output.status.code(), reported: reported.join("\n") }
}

impl Replayed {
    /// Each case and its result, in order.
    fn cases(&self) -> Vec<(&str, &str)> {
        let lines = self.reported.lines().filter_map(|line| line.strip_prefix("test "));
        lines.filter_map(|line| line.split_once(" ... ")).map(|(name, result)| (name.trim(), result)).collect()
    }

    /// The cases that did not pass.
    fn others(&self) -> Vec<(&str, &str)> {
        self.cases().into_iter().filter(|(_, result)| *result != "ok").collect()
    }
}

/// Cases that fail because of boileroom's own code, with their entries in `backends.toml`. None is a fault of the platform.
const UPSTREAM: [(&str, &str); 4] = [
    ("esm3::recorded::function_track", "the function track is 8 x 260"),
    ("esm3::recorded::every_track", "`*` asks for the function track"),
    ("esmfold::recorded::scores_of_a_batch", "one pTM, the maximum"),
    ("esmfold::recorded::complex_in_a_batch", "rows of padding become atoms"),
];

/// Every case passes except those that fail upstream. None lacks a response, and every model has cases.
#[track_caller]
fn conforms(backend: &str, models: &[&str]) {
    let replayed = replay(Path::new("backends.toml"), &["--backend", backend]);
    let reported = &replayed.reported;
    let is_selected = |name: &str| models.iter().any(|model| name.starts_with(&format!("{model}::")));
    let upstream: Vec<(&str, &str)> = UPSTREAM.into_iter().filter(|(name, _)| is_selected(name)).collect();
    assert_eq!(replayed.code, Some(0), "{reported}");
    assert_eq!(replayed.others().len(), upstream.len(), "{reported}");
    for (name, reason) in upstream {
        let result = replayed.others().into_iter().find(|(other, _)| *other == name);
        let result = result.map_or("ok", |(_, result)| result);
        let is_known = result.starts_with("ignored (known upstream: ") && result.contains(reason);
        assert!(is_known, "{name}: {result}\n{reported}");
    }
    assert!(!reported.contains("no recorded response"), "{reported}");
    for model in models {
        let start = format!("{model}::");
        let passed = replayed.cases().into_iter().filter(|(name, _)| name.starts_with(&start));
        assert!(passed.count() >= 6, "{model} on {backend}: {reported}");
    }
}

#[test]
fn boileroom_s_server() {
    conforms("server", &["esm2", "esmfold", "esmc", "esm3", "esmfold2", "chai1", "boltz2"]);
}

#[test]
fn boileroom_s_cores() {
    conforms("core", &["esm2", "esmfold", "esmc", "esm3", "esmfold2"]);
}

#[test]
fn a_backend_that_wraps_exceptions() {
    conforms("wrapped", &["esm2"]);
}

/// An entry matches only its own message: if the message or the release changes, the same cases fail. An unused entry is out of
/// date.
#[test]
fn a_known_defect_hides_nothing_else() {
    let recorded = std::fs::read_to_string(here().join("backends.toml")).unwrap();
    let unneeded =
        "[[known]]\ncase = \"recorded::nip*\"\nmessage = \"m\"\nreason = \"r\"\nlink = \"l\"\nexpires = 2027-06-30\n";
    let results = [
        (", \"expected no chain @\"", ""),
        ("(1, 5, 8, 260)", "(1, 5, 260)"),
        ("weights = \"rig\"", "weights = \"rig\"\nboileroom = \"0.5.0\""),
        ("\n[[known]]\n", &format!("\n{unneeded}\n[[known]]\n")),
    ]
    .map(|(right, wrong)| {
        assert!(recorded.contains(right), "{right}");
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("backends.toml");
        std::fs::write(&config, recorded.replacen(right, wrong, 1)).unwrap();
        let replayed = replay(&config, &["--backend", "server"]);
        assert_eq!(replayed.code, Some(1), "{}", replayed.reported);
        let reported = plain(&replayed.reported, &[(&home.path().display().to_string(), "HOME")]);
        let counts = reported.lines().filter(|line| line.contains(" passed, ") || line.contains("`recorded::nip*`"));
        counts.collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(results.join("\n"), @"
    58 passed, 1 failed, 3 known upstream
    core: 58 of 62 passed, 1 failed, 3 known upstream
    58 passed, 1 failed, 3 known upstream
    core: 58 of 62 passed, 1 failed, 3 known upstream
    58 passed, 4 failed
    core: 58 of 62 passed, 4 failed
    58 passed, 0 failed, 4 known upstream
    core: 58 of 62 passed, 4 known upstream
    out of date: `recorded::nip*` at HOME/backends.toml:26:1 is out of date: remove it, or limit its `boileroom` to the releases that have the defect
    ");
}

/// Wrong assumptions about real responses, and the case that refutes each.
const MISTAKES: [(&str, &str, &str); 3] = [
    // Chai-1 writes a factor for each atom, and the residue's plddt is their mean.
    ("b_factor_of = \"mean\"", "b_factor_of = \"CA\"", "chai1::recorded::nipah"),
    // A field that is derived from one layer is not derived from the neighbouring layer.
    ("lddt_head[-1, :, :, 1]", "lddt_head[-1, :, :, 2]", "esmfold::recorded::everything"),
    ("hidden_states[:, -1]", "hidden_states[:, -2]", "esm2::esm2::every_layer"),
];

/// The shipped contract with a wrong entry, followed by the tables of the recorded responses.
fn mistaken(home: &Path, right: &str, wrong: &str) -> PathBuf {
    let shipped = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("backends.toml")).unwrap();
    assert!(shipped.contains(right), "{right} is not in the shipped contract");
    let recorded = std::fs::read_to_string(here().join("backends.toml")).unwrap();
    let recorded = recorded.replace("default = \"server\"\n", "");
    let path = home.join("backends.toml");
    std::fs::write(&path, format!("{}\n{recorded}", shipped.replace(right, wrong))).unwrap();
    path
}

#[test]
fn a_contract_that_contradicts_real_responses_is_detected() {
    let reported = MISTAKES.map(|(right, wrong, case)| {
        let home = tempfile::tempdir().unwrap();
        let config = mistaken(home.path(), right, wrong);
        let replayed = replay(&config, &["--backend", "server", "--exact", case]);
        assert_eq!(replayed.code, Some(1), "{}", replayed.reported);
        failures(&replayed.reported, &[])
    });
    insta::assert_snapshot!(reported.join("\n"), @"
    ---- chai1::recorded::nipah ----
    fail: the backend is wrong

    b_factor [call]: cif[0]: the temperature factor of the alpha carbon is not `plddt` × 100 in 340 of 413 residues; ILE 1 in chain A should have 49.1035, has 52.846

    does not conform: the backend is wrong (exit code 1)
    ---- esmfold::recorded::everything ----
    fail: the backend is wrong

    contract [call]: `plddt` is not the expectation of the softmax of `lddt_head[-1, :, :, 2]`: at [0][1] (chain A residue 1) expected 0.496813, got 0.510286, allowed 0.001
      beyond that: 4 of 4 elements, by up to 0.0134734

    does not conform: the backend is wrong (exit code 1)
    ---- esm2::esm2::every_layer ----
    fail: the backend is wrong

    contract [call]: `embeddings` is not `hidden_states[:, -2]`: at [0, 2, 165] (chain A residue 2) expected 1.2446, got 3.60247, allowed 0.0001
      beyond that: 1280 of 1280 elements, by up to 2.35787

    does not conform: the backend is wrong (exit code 1)
    ");
}
