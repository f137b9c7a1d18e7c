//! Compares our numbers with those of biotite, gemmi, tmtools and `DockQ`, on real structures and on the embedded models'
//! responses. `HYDROTEST_ORACLES` names a Python with these four, `HYDROTEST_STRUCTURES` a folder of structures.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and prints its measurements"
)]

#[path = "support/engine.rs"]
mod engine;
#[path = "support/folding.rs"]
mod folding;

use std::path::{Path, PathBuf};
use std::process::Command;

use hydrotest::protein::{Label, Structure, mmcif, pdb};
use serde_json::{Value, json};

use engine::engine;

/// The oracles' output for files.
fn oracles(command: &str, files: &[PathBuf]) -> Value {
    let python = engine("HYDROTEST_ORACLES");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/oracles.py");
    let output =
        Command::new(python).env("PYTHONDONTWRITEBYTECODE", "1").arg(script).arg(command).args(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn ours(first: &Path, second: &Path) -> Value {
    let program = env!("CARGO_BIN_EXE_hydrotest");
    let output = Command::new(program).args(["compare", "--json"]).arg(first).arg(second).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_agree(first: &Path, second: &Path) {
    let theirs = oracles("measure", &[first.to_owned(), second.to_owned()]);
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
        // The last digits of the search for the best superposition are arbitrary.
        ("TM-score", 2e-4),
    ] {
        let (ours, theirs) = (number(name).unwrap(), theirs[name].as_f64().unwrap());
        eprintln!("{name}: {ours} and {theirs}");
        assert!((ours - theirs).abs() <= within, "{name}: {ours} and {theirs}");
    }
    let gemmi = theirs["gemmi_rmsd"].as_f64().unwrap();
    assert!((number("RMSD of alpha carbons (Å)").unwrap() - gemmi).abs() < 1e-6, "{gemmi}");
    assert_eq!(number("atoms"), theirs["atoms"][0].as_f64());
    if let Some(theirs) = theirs["DockQ"][0].as_f64() {
        let ours = number("DockQ").unwrap();
        eprintln!("DockQ: {ours} and {theirs}");
        // The program computes in single precision.
        assert!((ours - theirs).abs() < 1e-6, "DockQ: {ours} and {theirs}");
    }
}

/// The folder of real structures.
fn data() -> PathBuf {
    engine("HYDROTEST_STRUCTURES").into()
}

#[test]
#[ignore = "needs HYDROTEST_ORACLES and HYDROTEST_STRUCTURES"]
fn real_structures_of_two_machines_have_the_oracles_metrics() {
    let [first, second] = ["multimer-check-A100.pdb", "multimer-check-T4.pdb"].map(|name| data().join(name));
    assert_agree(&first, &second);
}

/// Every structure file of the data folder, subfolders included.
fn real_files() -> Vec<PathBuf> {
    let mut folders = vec![data()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("pdb" | "cif") => files.push(path),
                _ if path.is_dir() => folders.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

#[test]
#[ignore = "needs HYDROTEST_ORACLES and HYDROTEST_STRUCTURES"]
fn real_structures_are_read_like_the_oracles() {
    let files = real_files();
    assert!(!files.is_empty(), "no structure is in {}", data().display());
    assert_read_alike(&files);
}

/// Compares every atom with two other readers: equal names and numbers, and positions and temperature factors equal to the last
/// bit of single precision.
fn assert_read_alike(paths: &[PathBuf]) {
    let theirs = oracles("read", paths);
    for (path, theirs) in paths.iter().zip(theirs.as_array().unwrap()) {
        let text = std::fs::read_to_string(path).unwrap();
        let is_mmcif = path.extension().is_some_and(|extension| extension == "cif");
        let ours = if is_mmcif { mmcif::read(&text) } else { pdb::read(&text) }.unwrap();
        for tool in ["biotite", "gemmi"] {
            assert_same_atoms(&ours, &theirs[tool], &format!("{tool} on {}", path.display()));
        }
    }
}

fn assert_same_atoms(ours: &Structure, theirs: &Value, label: &str) {
    let names = theirs["names"].as_array().unwrap();
    assert_eq!(ours.atoms(), names.len(), "{label}");
    let single = |value: &Value| (value.as_f64().unwrap() as f32).to_bits();
    for (atom, names) in names.iter().enumerate() {
        let here = json!([
            ours.chain_id[atom].as_str(),
            ours.res_id[atom],
            ours.ins_code[atom].as_str(),
            ours.res_name[atom].as_str(),
            ours.atom_name[atom].as_str(),
            ours.element[atom].as_str(),
        ]);
        assert_eq!(&here, names, "{label}, atom {atom}");
        let there: Vec<u32> = theirs["coord"][atom].as_array().unwrap().iter().map(single).collect();
        assert_eq!(ours.coord[atom].map(f32::to_bits).as_slice(), there, "{label}, atom {atom}");
        // Without the column, each reader has its own default.
        if let Some(b_factors) = &ours.b_factor {
            let there = single(&theirs["b_factor"][atom]);
            assert_eq!((b_factors[atom] as f32).to_bits(), there, "{label}, atom {atom}");
        }
    }
}

/// The folding models with their inputs: one chain, and two that touch if the model accepts several.
const FOLDS: [(&str, &str); 5] = [
    ("esmfold", "MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG"),
    ("esmfold", "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKT:GIVEQCCTSICSLYQLENYCN"),
    ("esmfold2", "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKT"),
    ("chai1", "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKT"),
    ("boltz2", "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKT"),
];

#[test]
#[ignore = "needs HYDROTEST_ORACLES"]
fn metrics_of_the_embedded_models_responses_equal_the_oracles() {
    let directory = tempfile::tempdir().unwrap();
    for (model, sequence) in FOLDS {
        let first = folding::structure(&folding::fold(model, sequence, &[]));
        // The ripple must be small enough that equivalent atoms do not fit better with swapped names: the tools compare by
        // name.
        let second = folding::bent_by(&first, 0.1);
        let paths: [PathBuf; 2] = ["first.pdb", "second.pdb"].map(|name| directory.path().join(name));
        std::fs::write(&paths[0], pdb::write(&first).unwrap()).unwrap();
        std::fs::write(&paths[1], pdb::write(&second).unwrap()).unwrap();
        eprintln!("{model}");
        assert_agree(&paths[0], &paths[1]);
    }
}

/// The structure with three hydrogens around every nitrogen and carbon atom, after the other atoms of its residue.
fn with_hydrogens(structure: &Structure) -> Structure {
    let mut protonated = Structure::default();
    for residue in structure.residues() {
        let mut add = |atom: usize, name: Label, element: Label, position: [f32; 3]| {
            let (chain, number) = (structure.chain_id[atom], structure.res_id[atom]);
            protonated.push(chain, number, structure.res_name[atom], name, element, position);
        };
        for atom in residue.clone() {
            let name = structure.atom_name[atom];
            add(atom, name, structure.element[atom], structure.coord[atom]);
        }
        let mut count = 0;
        for atom in residue.filter(|&atom| ["N", "C"].contains(&structure.element[atom].as_str())) {
            let [x, y, z] = structure.coord[atom];
            for position in [[x + 1.0, y, z], [x, y - 1.0, z], [x, y, z + 1.0]] {
                count += 1;
                let name = Label::new(&format!("H{count}")).unwrap();
                add(atom, name, Label::literal("H"), position);
            }
        }
    }
    protonated
}

/// Two chains of equal length, either of which may be the receptor. Then with hydrogens, which make most contacts, and with a
/// residue of HETATM records, which the program does not read.
#[test]
#[ignore = "needs HYDROTEST_ORACLES"]
fn dockq_of_equal_chains_and_hydrogens_equals_the_oracle() {
    let directory = tempfile::tempdir().unwrap();
    let twins = folding::structure(&folding::fold(
        "esmfold",
        "FVNQHLCGSHLVEALYLVCGERGFFYTPKT:FVNQHLCGSHLVEALYLVCGERGFFYTPKT",
        &[],
    ));
    let protonated = with_hydrogens(&twins);
    assert!(protonated.atoms() > twins.atoms() + 50);
    let mut modified = protonated.clone();
    for atom in modified.residues()[4].clone().chain(modified.residues()[40].clone()) {
        modified.hetero[atom] = true;
    }
    for (name, first) in [("twins", twins), ("protonated", protonated), ("modified", modified)] {
        let second = folding::bent(&first);
        let paths = ["first", "second"].map(|side| directory.path().join(format!("{name}-{side}.pdb")));
        std::fs::write(&paths[0], pdb::write(&first).unwrap()).unwrap();
        std::fs::write(&paths[1], pdb::write(&second).unwrap()).unwrap();
        eprintln!("{name}");
        assert_agree(&paths[0], &paths[1]);
        assert_agree(&paths[1], &paths[0]);
    }
}

/// The texts that models return, and the texts that we write for their structures.
#[test]
#[ignore = "needs HYDROTEST_ORACLES"]
fn responses_of_the_embedded_models_are_read_like_the_oracles() {
    let directory = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    let mut write = |name: String, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        paths.push(path);
    };
    for (index, (model, sequence)) in FOLDS.into_iter().enumerate() {
        let response = folding::fold(model, sequence, &["*"]);
        let structure = folding::structure(&response);
        write(format!("{index}-{model}.pdb"), &pdb::write(&structure).unwrap());
        write(format!("{index}-{model}.cif"), &mmcif::write(&structure, model));
        for format in ["pdb", "cif"] {
            let text = response.at(&format!("{format}[0]")).and_then(|value| value.as_text());
            if let Some(text) = text {
                write(format!("{index}-{model}-answer.{format}"), text);
            }
        }
    }
    assert!(paths.len() >= 4 * FOLDS.len() - 1, "a model's texts are missing: {paths:?}");
    assert_read_alike(&paths);
}
