//! `hydrotest compare` as its user meets it: numbers, verdicts, exit codes, and bad files and structures, which give a
//! verdict or a clear error.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking")]

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
