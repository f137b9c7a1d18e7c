//! `hydrotest compare` as a user sees it: numbers, verdicts and exit codes. Bad files and structures lead to a verdict or a
//! clear error.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test fails by panicking")]

mod files;
#[path = "../support/folding.rs"]
mod folding;
mod gates;
#[path = "../support/plain.rs"]
#[expect(dead_code, reason = "these tests compare the whole output")]
mod plain;
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
    Command::new(env!("CARGO_BIN_EXE_hydrotest")).arg("compare").arg(first).arg(second).args(flags).output().unwrap()
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

/// The output on both streams. The directory is shown as `DIR`.
fn reported(output: &Output, directory: &Path) -> String {
    let both = text(&output.stdout) + &text(&output.stderr);
    plain::plain(&both, &[(&directory.display().to_string(), "DIR")])
}

/// The output outside the table of numbers.
fn remarks(printed: &str) -> String {
    let is_row = |line: &str| line.trim().contains("  ") && !line.starts_with("first ") && !line.starts_with("second ");
    let lines = printed.lines().filter(|line| !is_row(line));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Writes files into a directory and compares the two.
fn compared(first: &str, second: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let paths: [PathBuf; 2] = ["first.pdb", "second.pdb"].map(|name| directory.path().join(name));
    std::fs::write(&paths[0], first).unwrap();
    std::fs::write(&paths[1], second).unwrap();
    let output = compare(&paths[0], &paths[1], &[]);
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    (output.status.code(), reported(&output, directory.path()))
}

/// The atoms with changed coordinates.
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
fn a_moved_copy_is_equal_and_a_mirror_image_is_named() {
    let moved = placed(|_, [x, y, z]| [y + 3.0, -x, z]);
    assert_eq!(compared(HELIX, &moved).0, Some(0));
    let (code, printed) = compared(HELIX, &placed(|_, [x, y, z]| [x, y, -z]));
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(remarks(&printed), @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of unknown models; --model chooses others

    no pLDDT, correlation: the values do not vary
    farthest: CA of LEU 3 in chain A, 1.32758 Å
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    confident: pLDDT of at least 0.7, 5 residues of the first and 5 of the second
    likely cause: mirror image (explains 100 % of the difference); look at the handedness of frames: a rotation of determinant -1, or a flipped axis

    different: 5 of 13 judged numbers are beyond what is allowed
    ");
    let (code, printed) = compared(HELIX, &placed(|_, position| position.map(|value| value * 10.0)));
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(remarks(&printed), @"
    first   DIR/first.pdb
    second  DIR/second.pdb
    judged by the gates of unknown models; --model chooses others

    no lDDT, contacts of the second: needs at least 1 pairs of atoms within 15 Å, got 0
    no pLDDT, correlation: the values do not vary
    farthest: CA of LYS 5 in chain A, 55.4276 Å
    a TM-score says nothing of 5 residues: below 30 unrelated chains score high too
    worst residues: ALA 1 in chain A (lDDT 0), GLY 2 in chain A (lDDT 0), LEU 3 in chain A (lDDT 0), SER 4 in chain A (lDDT 0), LYS 5 in chain A (lDDT 0)
    confident: pLDDT of at least 0.7, 5 residues of the first and 5 of the second
    likely cause: coordinates × 10 (explains 99.9 % of the difference); look at units (ångström against nanometre, fraction against percent), and factors such as a temperature

    different: 7 of 13 judged numbers are beyond what is allowed
    ");
}

#[test]
fn bad_structures_lead_to_a_verdict_or_a_clear_error() {
    let lines =
        |keep: &dyn Fn(&str) -> bool| -> String { HELIX.split_inclusive('\n').filter(|line| keep(line)).collect() };
    let one = lines(&|line| line.contains(" CA  ALA"));
    let doubled = HELIX.replace("END\n", "") + HELIX;
    for (name, structure, same_as_itself, as_reference) in [
        ("one atom", one.clone(), Some(0), Some(1)),
        ("collinear", placed(|index, _| [index as f64 * 3.8, 0.0, 0.0]), Some(0), Some(1)),
        ("all in one place", placed(|_, _| [1.0; 3]), Some(0), Some(1)),
        ("duplicate atoms", doubled, Some(0), Some(1)),
        ("no alpha carbons", lines(&|line| !line.contains(" CA ")), Some(0), Some(1)),
        ("shorter", lines(&|line| !line.contains("LYS")), Some(0), Some(1)),
        ("unknown residues", HELIX.replace("SER", "UNK"), Some(0), Some(1)),
    ] {
        let (code, printed) = compared(&structure, &structure);
        assert_eq!(code, same_as_itself, "{name}: {printed}");
        for (first, second) in [(HELIX, structure.as_str()), (structure.as_str(), HELIX)] {
            let (code, printed) = compared(first, second);
            assert_eq!(code, as_reference, "{name}: {printed}");
        }
    }
    let (code, printed) = compared(HELIX, "END\n");
    assert_eq!(code, Some(2), "{printed}");
    insta::assert_snapshot!(printed, @"
    error: DIR/second.pdb:1: there is no atom

    1 error in usage or configuration (exit code 2)
    ");
    let broken = HELIX.replace("   3.600   0.900   0.100", "     nan   0.900   0.100");
    let (code, printed) = compared(HELIX, &broken);
    assert!(matches!(code, Some(1 | 2)), "{printed}");
    let (code, printed) = compared(HELIX, &HELIX.replace("   3.600   0.900", "   3.6x0   0.900"));
    assert_eq!(code, Some(2), "{printed}");
    insta::assert_snapshot!(printed, @r#"
    error: DIR/second.pdb:5: the x coordinate in columns 31 to 38 is "   3.6x0", not a number

    1 error in usage or configuration (exit code 2)
    "#);
}

#[test]
fn files_with_invalid_content_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let errors = [("a.npy", "x"), ("a.npz", "PK"), ("a.snap", "---\n"), ("a.cif", "data_\nloop_\n"), ("a.txt", "")]
        .map(|(name, content)| {
            let path = directory.path().join(name);
            std::fs::write(&path, content).unwrap();
            let output = compare(&path, &path, &[]);
            assert_eq!(output.status.code(), Some(2), "{name}: {}", text(&output.stdout));
            reported(&output, directory.path())
        });
    insta::assert_snapshot!(errors.join("\n"), @"
    error: DIR/a.npy: does not start as an npy file

    error: DIR/a.npy: does not start as an npy file

    2 errors in usage or configuration (exit code 2)

    error: DIR/a.npz: invalid Zip archive: Could not find EOCD

    error: DIR/a.npz: invalid Zip archive: Could not find EOCD

    2 errors in usage or configuration (exit code 2)

    error: DIR/a.snap: does not start with a head between two lines `---`

    error: DIR/a.snap: does not start with a head between two lines `---`

    2 errors in usage or configuration (exit code 2)

    error: DIR/a.cif:2: a loop has no tags

    error: DIR/a.cif:2: a loop has no tags

    2 errors in usage or configuration (exit code 2)

    error: DIR/a.txt: cannot tell what this is by its name; expected .pdb, .ent, .cif, .mmcif, .pdbx, .npy, .npz, .snap, or .json for a recorded response; .gz behind those of text

    error: DIR/a.txt: cannot tell what this is by its name; expected .pdb, .ent, .cif, .mmcif, .pdbx, .npy, .npz, .snap, or .json for a recorded response; .gz behind those of text

    2 errors in usage or configuration (exit code 2)
    ");
    let missing = directory.path().join("missing.pdb");
    assert_eq!(compare(&missing, &missing, &[]).status.code(), Some(2));
}

#[test]
fn recorded_results_compare_with_themselves_and_with_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/synthetic/esmfold");
    let mut found: Vec<PathBuf> = Vec::new();
    for suite in std::fs::read_dir(root).unwrap() {
        let files = std::fs::read_dir(suite.unwrap().path()).unwrap().map(|entry| entry.unwrap().path());
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
fn recorded_responses_are_judged_by_the_gates_of_their_model() {
    let directory = tempfile::tempdir().unwrap();
    let mut results = Vec::new();
    for (pickle, other, model) in [
        ("esm2.numpy1.protocol4", "esm2.numpy2.protocol5", "esm2"),
        ("boltz.numpy2.protocol2", "boltz.numpy1.protocol5", "boltz2"),
        ("esmc.numpy1.protocol4", "esmc.numpy2.protocol5", "esmc"),
    ] {
        let (first, second) = (response(directory.path(), pickle), response(directory.path(), other));
        let output = compare(&first, &second, &[]);
        let printed = reported(&output, directory.path());
        assert_eq!(output.status.code(), Some(0), "{printed}");
        results.push(format!("{model}: {}", remarks(&printed)));
    }
    insta::assert_snapshot!(results.join("\n"), @"
    esm2: first   DIR/esm2.numpy1.protocol4.json (its signature was not checked)
    second  DIR/esm2.numpy2.protocol5.json (its signature was not checked)
    judged by the gates of esm2

    equal: embeddings, metadata.sequence_lengths, chain_index, residue_index, hidden_states, lm_logits

    indistinguishable: they are equal, or differ by no more than repeats do
    boltz2: first   DIR/boltz.numpy2.protocol2.json (its signature was not checked)
    second  DIR/boltz.numpy1.protocol5.json (its signature was not checked)
    judged by the gates of boltz2

    equal: atom_array[0], metadata.sequence_lengths, atom_array[0].bonds, confidence[0].confidence_score, confidence[0].chains_ptm.0, confidence[0].complex_plddt, confidence[0].pair_chains_iptm.0.0, confidence[0].pair_chains_iptm.0.1, plddt[0], pde[0], confidence[1], ptm, iptm, pae, pdb, cif

    indistinguishable: they are equal, or differ by no more than repeats do
    esmc: first   DIR/esmc.numpy1.protocol4.json (its signature was not checked)
    second  DIR/esmc.numpy2.protocol5.json (its signature was not checked)
    judged by the gates of esmc

    equal: metadata.sequence_lengths, embeddings, chain_index, residue_index, hidden_states, lm_logits, sasa_logits, secondary_structure_logits, function_logits, residue_annotation_logits

    indistinguishable: they are equal, or differ by no more than repeats do
    ");
    let (esm2, boltz) =
        (response(directory.path(), "esm2.numpy1.protocol4"), response(directory.path(), "boltz.numpy2.protocol2"));
    let output = compare(&esm2, &boltz, &[]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(reported(&output, directory.path()), @"
    error: these are results of esm2 and of boltz2; --model says by whose gates to judge

    1 error in usage or configuration (exit code 2)
    ");
    assert_eq!(compare(&esm2, &boltz, &["--model", "esm2"]).status.code(), Some(1));
    let errors = ["{}", "[]", "{\"pickled\": \"!\", \"hmac\": \"\"}", "{\"pickled\": \"gASVCw==\", \"hmac\": \"\"}"]
        .map(|body| {
            let path = directory.path().join("broken.json");
            std::fs::write(&path, body).unwrap();
            let output = compare(&path, &path, &[]);
            assert_eq!(output.status.code(), Some(2), "{body}: {}", text(&output.stdout));
            reported(&output, directory.path())
        });
    insta::assert_snapshot!(errors.join("\n"), @r#"
    error: DIR/broken.json: missing field `pickled` at line 1 column 2; expected the body of a response, {"pickled": …, "hmac": …}

    error: DIR/broken.json: missing field `pickled` at line 1 column 2; expected the body of a response, {"pickled": …, "hmac": …}

    2 errors in usage or configuration (exit code 2)

    error: DIR/broken.json: invalid length 0, expected struct ResponseBody with 1 element at line 1 column 2; expected the body of a response, {"pickled": …, "hmac": …}

    error: DIR/broken.json: invalid length 0, expected struct ResponseBody with 1 element at line 1 column 2; expected the body of a response, {"pickled": …, "hmac": …}

    2 errors in usage or configuration (exit code 2)

    error: DIR/broken.json: `pickled` is not base64

    error: DIR/broken.json: `pickled` is not base64

    2 errors in usage or configuration (exit code 2)

    error: DIR/broken.json: pickle byte 2 (FRAME): the payload ends early

    error: DIR/broken.json: pickle byte 2 (FRAME): the payload ends early

    2 errors in usage or configuration (exit code 2)
    "#);
}

#[test]
fn one_complex_on_two_machines_is_equal_in_its_confident_parts() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let paths = ["multimer-check-A100.pdb", "multimer-check-T4.pdb"].map(|name| data.join(name));
    if !paths.iter().all(|path| path.exists()) {
        eprintln!("not tested on real data: it is not there");
        return;
    }
    let output = compare(&paths[0], &paths[1], &[]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}");
    for number in ["0.54321683", "0.5336", "0.99306980", "0.99005", "0.98837", "0.98704749"] {
        assert!(printed.contains(number), "{number}: {printed}");
    }
}
