//! Our numbers against those of biotite, gemmi, tmtools and `DockQ`, on real structures where they lie beside the project and
//! on the embedded models' answers.
//!
//! Needs a Python with these four: `HYDROTEST_ORACLES` names one, and then must have them; without it the tests are ignored.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may fail, and says what it lacks"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use hydrotest::config::Config;
use hydrotest::prediction::{Input, Options, Request};
use hydrotest::protein::{Structure, pdb};
use hydrotest::reference::ReferenceModel;
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;

const VARIABLE: &str = "HYDROTEST_ORACLES";

fn main() -> ExitCode {
    let has_oracles = std::env::var_os(VARIABLE).is_some();
    if !has_oracles {
        eprintln!("ignored: set {VARIABLE} to a Python with biotite, gemmi, tmtools and DockQ");
    }
    let has_pair = pair().iter().all(|path| path.exists());
    if !has_pair {
        eprintln!("ignored: the real structures do not lie beside the project");
    }
    let trials: [(&str, fn(), bool); 2] = [
        (
            "one_complex_on_two_machines_measures_as_elsewhere",
            one_complex_on_two_machines,
            has_pair,
        ),
        (
            "answers_of_the_embedded_models_measure_as_elsewhere",
            answers_of_the_embedded_models,
            true,
        ),
    ];
    let trials = trials.map(|(name, run, has_data)| {
        let trial = Trial::test(name, move || {
            run();
            Ok(())
        });
        trial.with_ignored_flag(!(has_oracles && has_data))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

/// What the oracles say of two files.
fn oracles(first: &Path, second: &Path) -> Value {
    let python = std::env::var(VARIABLE).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/oracles.py");
    let output = Command::new(python)
        .arg(script)
        .arg(first)
        .arg(second)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn ours(first: &Path, second: &Path) -> Value {
    let program = env!("CARGO_BIN_EXE_hydrotest");
    let output = Command::new(program)
        .args(["compare", "--json"])
        .arg(first)
        .arg(second)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_agree(first: &Path, second: &Path) {
    let theirs = oracles(first, second);
    let ours = ours(first, second);
    let metrics = ours["sections"][0]["metrics"].as_array().unwrap();
    let number = |name: &str| {
        let row = metrics.iter().find(|row| row["metric"] == name);
        row.and_then(|row| row["all"].as_f64())
    };
    for (name, within) in [
        ("RMSD of alpha carbons (Å)", 2e-5),
        ("RMSD of all atoms (Å)", 2e-5),
        ("lDDT, contacts of the first", 1e-6),
        ("lDDT, contacts of the second", 1e-6),
        ("lDDT, symmetric", 1e-6),
        // The search for the best motion has freedom in its last digits.
        ("TM-score", 2e-4),
    ] {
        let (ours, theirs) = (number(name).unwrap(), theirs[name].as_f64().unwrap());
        eprintln!("{name}: {ours} and {theirs}");
        assert!((ours - theirs).abs() <= within, "{name}: {ours} and {theirs}");
    }
    let gemmi = theirs["gemmi_rmsd"].as_f64().unwrap();
    assert!(
        (number("RMSD of alpha carbons (Å)").unwrap() - gemmi).abs() < 1e-6,
        "{gemmi}"
    );
    assert_eq!(number("atoms"), theirs["atoms"][0].as_f64());
    if let Some(theirs) = theirs["DockQ"][0].as_f64() {
        let ours = number("DockQ").unwrap();
        eprintln!("DockQ: {ours} and {theirs}");
        assert!((ours - theirs).abs() < 1e-4, "DockQ: {ours} and {theirs}");
    }
}

/// One complex, predicted on two kinds of machine.
fn pair() -> [PathBuf; 2] {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    ["multimer-check-A100.pdb", "multimer-check-T4.pdb"].map(|name| data.join(name))
}

fn one_complex_on_two_machines() {
    let [first, second] = pair();
    assert_agree(&first, &second);
}

fn fold(sequence: &str) -> Structure {
    let config = Config::built_in().unwrap();
    let contract = config.model("esmfold").unwrap();
    let model = ReferenceModel::load(contract.clone(), Options::new()).unwrap();
    let request = Request {
        method: contract.method,
        input: Input::One(sequence.to_owned()),
        options: Options::new(),
    };
    let prediction = model.predict(&request).unwrap();
    prediction.at("atom_array[0]").unwrap().as_structure().unwrap().clone()
}

fn answers_of_the_embedded_models() {
    let directory = tempfile::tempdir().unwrap();
    for sequence in [
        "MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG",
        "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKT",
    ] {
        let first = fold(sequence);
        let mut second = first.clone();
        for (index, position) in second.coord.iter_mut().enumerate() {
            // A bend that grows along the chain, and a ripple on it.
            let along = index as f32;
            position[0] += (along * 0.7).sin() * 0.8 + along * along * 2e-6;
            position[1] += (along * 0.3).cos() * 0.5;
        }
        let paths: [PathBuf; 2] = ["first.pdb", "second.pdb"].map(|name| directory.path().join(name));
        std::fs::write(&paths[0], pdb::write(&first).unwrap()).unwrap();
        std::fs::write(&paths[1], pdb::write(&second).unwrap()).unwrap();
        assert_agree(&paths[0], &paths[1]);
    }
}
