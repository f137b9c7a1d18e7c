//! Responses of boileroom's own cores, read and judged as live ones are. No Python runs; where they come from is in the README beside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What came of reading one backend's responses.
struct Replayed {
    code: Option<i32>,
    told: String,
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded")
}

/// Judges the responses of a backend by a configuration.
fn replay(config: &Path, arguments: &[&str]) -> Replayed {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
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
    let told = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Replayed {
        code: output.status.code(),
        told: told.join("\n"),
    }
}

impl Replayed {
    /// What each case came to, in order.
    fn cases(&self) -> Vec<(&str, &str)> {
        let lines = self.told.lines().filter_map(|line| line.strip_prefix("test "));
        lines
            .filter_map(|line| line.split_once(" ... "))
            .map(|(name, result)| (name.trim(), result))
            .collect()
    }

    /// The cases that did not pass.
    fn others(&self) -> Vec<&str> {
        self.cases()
            .into_iter()
            .filter(|(_, result)| *result != "ok")
            .map(|(name, _)| name)
            .collect()
    }
}

/// Cases that boileroom's own code fails, with what it is told of; nothing of it is a platform's fault.
const UPSTREAM: [(&str, &[&str]); 4] = [
    // ESM3 gives eight vectors for each residue, and boileroom takes one.
    (
        "esm3::recorded::function_track",
        &["Expected token array with shape (tokens, features); got (1, 5, 8, 260)"],
    ),
    (
        "esm3::recorded::every_track",
        &["Expected token array with shape (tokens, features); got (1, 5, 8, 260)"],
    ),
    // transformers takes the greatest pTM of the batch.
    (
        "esmfold::recorded::scores_of_a_batch",
        &["ptm: expected 2 samples, got 1"],
    ),
    // Rows of padding become residues.
    (
        "esmfold::recorded::complex_in_a_batch",
        &["atom N of VAL -1 in chain @", "expected chains `A`, got `A`, `@`"],
    ),
];

/// Every case passes but those of upstream, none for lack of a response, and each of the models has some.
#[track_caller]
fn conforms(backend: &str, models: &[&str]) {
    let replayed = replay(Path::new("backends.toml"), &["--backend", backend]);
    let told = &replayed.told;
    let mut upstream: Vec<&str> = UPSTREAM.into_iter().map(|(name, _)| name).collect();
    upstream.retain(|name| models.iter().any(|model| name.starts_with(&format!("{model}::"))));
    let mut others = replayed.others();
    upstream.sort_unstable();
    others.sort_unstable();
    assert_eq!(others, upstream, "{told}");
    assert_eq!(replayed.code, Some(i32::from(!upstream.is_empty())), "{told}");
    assert!(!told.contains("no recorded response"), "{told}");
    for (name, words) in UPSTREAM {
        let told = told
            .split_once(&format!("---- {name} ----"))
            .map_or("", |(_, told)| told);
        let told = told.split("reproduce:").next().unwrap_or_default();
        let is_asked = upstream.contains(&name);
        assert!(
            !is_asked || words.iter().all(|words| told.contains(words)),
            "{name}: {told}"
        );
    }
    for model in models {
        let start = format!("{model}::");
        let passed = replayed
            .cases()
            .into_iter()
            .filter(|(name, _)| name.starts_with(&start));
        assert!(passed.count() >= 6, "{model} on {backend}: {told}");
    }
}

#[test]
fn boileroom_s_server() {
    conforms(
        "server",
        &["esm2", "esmfold", "esmc", "esm3", "esmfold2", "chai1", "boltz2"],
    );
}

#[test]
fn boileroom_s_cores() {
    conforms("core", &["esm2", "esmfold", "esmc", "esm3", "esmfold2"]);
}

#[test]
fn a_backend_that_wraps_exceptions() {
    conforms("wrapped", &["esm2"]);
}

/// What has been believed of real answers, and the case that shows it is wrong.
const MISTAKES: [(&str, &str, &str, &str); 1] = [
    // Chai-1 writes a factor for each atom, and the residue's plddt is their mean.
    (
        "b_factor_of = \"mean\"",
        "b_factor_of = \"CA\"",
        "chai1::recorded::nipah",
        "the temperature factor of the alpha carbon is not `plddt`",
    ),
];

/// The shipped contract with something changed, before the recorded responses.
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
fn a_contract_that_is_wrong_about_real_answers_is_found_out() {
    for (right, wrong, case, words) in MISTAKES {
        let home = tempfile::tempdir().unwrap();
        let config = mistaken(home.path(), right, wrong);
        let replayed = replay(&config, &["--backend", "server", "--exact", case]);
        assert_eq!(replayed.code, Some(1), "{}", replayed.told);
        assert!(replayed.told.contains(words), "{}", replayed.told);
    }
}
