//! Tests that need readers and writers of both formats: what is written reads back, and no text makes a reader panic.

use super::{Label, Structure, mmcif, pdb, test_data};
use crate::tensor::DType;

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

/// Two models with everything the formats can say: hetero atoms, insertion codes, odd numbers, quotes in names.
fn sample() -> Structure {
    let mut structure = Structure::default();
    let atoms = [
        ("A", -5, "ALA", "N", "N"),
        ("A", -5, "ALA", "CA", "C"),
        ("A", 9999, "LEU", "HD11", "H"),
        ("A", 10_000, "LEU", "CD1", "C"),
        ("A", 10_000, "DA", "H5''", "H"),
        ("B", 1, "CA", "CA", "CA"),
        ("B", 2, "HEM", "FE", "FE"),
    ];
    for (index, (chain, number, residue, atom, element)) in atoms.into_iter().enumerate() {
        let x = index as f32 * 1.125 - 3.0;
        structure.push(label(chain), number, label(residue), label(atom), label(element), [x, -x, 100.5]);
    }
    let second: Vec<[f32; 3]> = structure.coord.iter().map(|[x, y, z]| [-x, *y, z + 0.5]).collect();
    structure.coord.extend(second);
    structure.models = Some(2);
    structure.hetero[5] = true;
    structure.hetero[6] = true;
    structure.ins_code[4] = label("B");
    structure.b_factor = Some(vec![0.0, 0.25, 1.0, 99.75, -1.5, 50.0, 100.0]);
    structure.b_factor_dtype = Some(DType::F64);
    structure
}

#[test]
fn pdb_reads_back_what_it_wrote() {
    assert_eq!(pdb::read(&pdb::write(&sample()).unwrap()), Ok(sample()));
}

#[test]
fn mmcif_reads_back_what_it_wrote() {
    let mut structure = sample();
    structure.chain_id[6] = label("chain 'B");
    structure.coord[3] = [1.0 / 3.0, -1e-9, 123_456.79];
    structure.b_factor.as_mut().unwrap()[2] = 0.1 + 0.2;
    assert_eq!(mmcif::read(&mmcif::write(&structure, "sample")), Ok(structure));
}

#[test]
fn a_hundred_thousand_atoms_outgrow_the_decimals() {
    let mut structure = Structure::default();
    for index in 0..100_500 {
        let position = [(index % 1000) as f32, 0.0, 1.0];
        structure.push(label("A"), index / 5, label("GLY"), label("CA"), label("C"), position);
    }
    let text = pdb::write(&structure).unwrap();
    assert!(text.contains("ATOM  A0000  CA  GLY AA7PR"), "the hundred thousandth atom is numbered in hybrid-36");
    let read = pdb::read(&text).unwrap();
    assert_eq!((read.res_id.last(), read.atoms()), (Some(&20_099), 100_500));
    assert_eq!(read.res_id, structure.res_id);
}

#[test]
fn real_pdb_files_survive_both_formats() {
    for name in ["multimer-check-A100.pdb", "multimer-check-T4.pdb", "esmfold_server_short.pdb"] {
        let Some(text) = test_data::read(name) else { continue };
        let structure = pdb::read(&text).unwrap();
        assert_eq!(structure.uneven_column(), None);
        let records = text.lines().filter(|line| line.starts_with("ATOM"));
        let rewritten = pdb::write(&structure).unwrap();
        let written = rewritten.lines().filter(|line| line.starts_with("ATOM"));
        for (line, (before, after)) in records.zip(written).enumerate() {
            assert_eq!(before[11..].trim_end(), after[11..].trim_end(), "{name} atom {line}");
        }
        assert_eq!(pdb::read(&rewritten).as_ref(), Ok(&structure));
        assert_eq!(mmcif::read(&mmcif::write(&structure, name)).as_ref(), Ok(&structure));
    }
}

#[test]
fn a_real_mmcif_file_survives() {
    let Some(text) = test_data::read("boltz/0_model_0.cif") else { return };
    let structure = mmcif::read(&text).unwrap();
    assert_eq!((structure.atoms(), structure.residues().len()), (3269, 413));
    assert_eq!((structure.res_id[0], structure.res_id[3268]), (1, 413));
    assert_eq!(structure.b_factor.as_ref().unwrap()[0].to_bits(), 91.453f64.to_bits());
    assert_eq!(structure.coord[0].map(f32::to_bits), [17.573_79, 12.821_88, 12.254_85].map(f32::to_bits));
    assert!(structure.sequences()[0].1.starts_with("ICLQKTSNQILKPK"));
    assert_eq!(mmcif::read(&mmcif::write(&structure, "model")).as_ref(), Ok(&structure));
}

/// Cuts, doubles and overwrites pieces of good files; every result is fine that is not a panic.
#[test]
fn no_damaged_text_makes_a_reader_panic() {
    let good = [pdb::write(&sample()).unwrap(), mmcif::write(&sample(), "sample")];
    let scraps =
        ["\n", "\r", ";", "'", "_", "loop_ ", "data_", "é", "\0", "?", "MODEL", "ATOM  ", " ", "9999999999", "#"];
    let mut state = 1u64;
    let mut below = |bound: usize| {
        // Knuth's linear congruential generator, upper half.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound.max(1)
    };
    for round in 0..6000 {
        let mut text = good[round % 2].clone();
        for _ in 0..=below(4) {
            let mut cut = || (0..=below(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap();
            let (first, second) = (cut(), cut());
            let (from, to) = (first.min(second), first.max(second).min(first.min(second) + 90));
            if text.is_char_boundary(to) {
                text.replace_range(from..to, scraps[below(scraps.len())]);
            }
        }
        for outcome in [pdb::read(&text), mmcif::read(&text)] {
            match outcome {
                Ok(structure) => assert_eq!(structure.uneven_column(), None),
                Err(error) => {
                    assert!((1..=text.lines().count().max(1)).contains(&error.line), "{error}\n{text}");
                    assert!(error.message.len() < 300, "{error}");
                }
            }
        }
    }
}
