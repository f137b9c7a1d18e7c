//! Bonds, angles, handedness, rings and torsions, measured on the structures that are handed out.

use std::ops::Range;

use serde_json::json;

use super::built_in::{INSULIN, NIPAH, TWENTY, fold, structure};
use crate::metric::geometry::vector::{Vector, angle, axes, cross, distance, inner, minus, torsion};
use crate::prediction::Value;
use crate::protein::Structure;
use crate::protein::residue::by_name;

pub(crate) fn folded(sequence: &str) -> Structure {
    let prediction = fold("esmfold", sequence, json!({ "include_fields": [] }));
    structure(&prediction, "atom_array[0]").clone()
}

pub(crate) fn at(structure: &Structure, residue: &Range<usize>, name: &str) -> Vector {
    let atom = structure.atom_named(residue, name).unwrap();
    structure.coord[atom].map(f64::from)
}

fn near(measured: f64, expected: f64, within: f64, what: &str) {
    assert!((measured - expected).abs() <= within, "{what}: {measured}, not {expected}");
}

/// Pairs of residues that follow each other in a chain.
fn neighbours(structure: &Structure) -> Vec<(Range<usize>, Range<usize>)> {
    let residues = structure.residues();
    residues
        .windows(2)
        .filter(|pair| structure.chain_id[pair[0].start] == structure.chain_id[pair[1].start])
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}

#[test]
fn backbones_have_ideal_bonds_and_angles() {
    for sequence in [TWENTY, NIPAH] {
        let structure = folded(sequence);
        for residue in structure.residues() {
            let [n, ca, c, o] = ["N", "CA", "C", "O"].map(|name| at(&structure, &residue, name));
            near(distance(n, ca), 1.458, 0.01, "N–CA");
            near(distance(ca, c), 1.525, 0.01, "CA–C");
            near(distance(c, o), 1.231, 0.01, "C–O");
            near(angle(n, ca, c), 111.2, 2.0, "N–CA–C");
        }
        for (first, second) in neighbours(&structure) {
            let proline = structure.res_name[second.start] == "PRO";
            let [ca, c, o] = ["CA", "C", "O"].map(|name| at(&structure, &first, name));
            let [n, next] = ["N", "CA"].map(|name| at(&structure, &second, name));
            near(distance(c, n), if proline { 1.341 } else { 1.329 }, 0.005, "C–N");
            near(distance(ca, next), 3.80, 0.06, "CA–CA");
            near(angle(ca, c, n), 117.2, 0.5, "CA–C–N");
            near(angle(o, c, n), 122.5, 1.0, "O–C–N");
            let expected = if proline { 119.3 } else { 121.7 };
            near(angle(c, n, next), expected, 0.5, "C–N–CA");
            near(torsion(ca, c, n, next).abs(), 180.0, 0.5, "omega");
        }
    }
}

#[test]
fn residues_are_left_handed_and_none_has_a_positive_phi() {
    let structure = folded(&format!("{NIPAH}:{TWENTY}"));
    for residue in structure.residues() {
        if structure.res_name[residue.start] != "GLY" {
            let [n, ca, c, cb] = ["N", "CA", "C", "CB"].map(|name| at(&structure, &residue, name));
            let volume = inner(minus(n, ca), cross(minus(c, ca), minus(cb, ca)));
            assert!((2.23..=2.77).contains(&volume), "volume {volume}");
        }
    }
    for (first, second) in neighbours(&structure) {
        let [n, ca, c] = ["N", "CA", "C"].map(|name| at(&structure, &second, name));
        assert!(torsion(at(&structure, &first, "C"), n, ca, c) < 0.0);
    }
}

#[test]
fn side_chains_have_the_bonds_of_their_kind() {
    let structure = folded(&format!("{TWENTY}:{NIPAH}"));
    for residue in structure.residues() {
        let name = structure.res_name[residue.start];
        let mut bonds = 0;
        for first in residue.clone() {
            for second in first + 1..residue.end {
                let apart = distance(structure.coord[first].map(f64::from), structure.coord[second].map(f64::from));
                assert!(apart > 1.2, "{name}: {} {}", structure.atom_name[first], structure.atom_name[second]);
                bonds += usize::from(apart < 1.95);
            }
        }
        let rings = match name.as_str() {
            "PRO" | "HIS" | "PHE" | "TYR" => 1,
            "TRP" => 2,
            _ => 0,
        };
        assert_eq!(bonds, residue.len() - 1 + rings, "{name}");
    }
}

#[test]
fn rings_close_and_lie_flat() {
    let structure = folded(TWENTY);
    let closing = [
        ("PRO", "N", "CD", 1.473),
        ("PRO", "CB", "CG", 1.492),
        ("PRO", "CG", "CD", 1.503),
        ("HIS", "CE1", "NE2", 1.321),
        ("PHE", "CE2", "CZ", 1.382),
        ("TYR", "CE2", "CZ", 1.378),
        ("TRP", "NE1", "CE2", 1.370),
        ("TRP", "CZ3", "CH2", 1.400),
    ];
    let flat = [
        ("HIS", ["CB", "CG", "ND1", "CD2", "CE1", "NE2"].as_slice()),
        ("PHE", &["CB", "CG", "CD1", "CD2", "CE1", "CE2", "CZ"]),
        ("TYR", &["CB", "CG", "CD1", "CD2", "CE1", "CE2", "CZ", "OH"]),
        ("TRP", &["CB", "CG", "CD1", "CD2", "NE1", "CE2", "CE3", "CZ2", "CZ3", "CH2"]),
        ("ARG", &["CD", "NE", "CZ", "NH1", "NH2"]),
        ("ASN", &["CB", "CG", "OD1", "ND2"]),
        ("GLU", &["CG", "CD", "OE1", "OE2"]),
    ];
    for residue in structure.residues() {
        let name = structure.res_name[residue.start];
        for (_, first, second, length) in closing.iter().filter(|row| name == *row.0) {
            let measured = distance(at(&structure, &residue, first), at(&structure, &residue, second));
            near(measured, *length, 0.03, &format!("{name} {first}–{second}"));
        }
        for (_, atoms) in flat.iter().filter(|row| name == *row.0) {
            let points: Vec<Vector> = atoms.iter().map(|atom| at(&structure, &residue, atom)).collect();
            let normal = cross(minus(points[1], points[0]), minus(points[2], points[0]));
            let normal = axes(normal, points[1])[0];
            for (&point, atom) in points.iter().zip(*atoms) {
                assert!(inner(normal, minus(point, points[0])).abs() < 0.03, "{name} {atom}");
            }
        }
        if name == "PRO" {
            let [n, cb, cg, cd] = ["N", "CB", "CG", "CD"].map(|atom| at(&structure, &residue, atom));
            near(angle(cb, cg, cd), 105.0, 3.0, "CB–CG–CD");
            near(angle(cg, cd, n), 103.5, 3.0, "CG–CD–N");
        }
    }
}

#[test]
fn branched_side_chains_have_their_stereochemistry() {
    let structure = folded(&format!("{TWENTY}:{NIPAH}"));
    // Centre, three substituents in order, and the sign of their triple product, as in real structures: the second
    // chiral centre of isoleucine and threonine, and the names that stereochemistry gives valine's and leucine's ends.
    let rows = [
        ("ILE", "CB", ["CA", "CG1", "CG2"], 1.0),
        ("THR", "CB", ["CA", "OG1", "CG2"], 1.0),
        ("VAL", "CB", ["CA", "CG1", "CG2"], -1.0),
        ("LEU", "CG", ["CB", "CD1", "CD2"], -1.0),
    ];
    let mut seen = 0;
    for residue in structure.residues() {
        let name = structure.res_name[residue.start];
        for (_, centre, atoms, sign) in rows.iter().filter(|row| name == row.0) {
            let middle = at(&structure, &residue, centre);
            let [a, b, c] = atoms.map(|atom| minus(at(&structure, &residue, atom), middle));
            let volume = sign * inner(a, cross(b, c));
            assert!((2.0..3.2).contains(&volume), "{name} {volume}");
            seen += 1;
        }
    }
    assert!(seen > 100);
}

#[test]
fn atoms_are_those_of_the_sequence_in_their_order() {
    let structure = folded(&format!("{TWENTY}:{INSULIN}"));
    let sequences: Vec<String> = structure.sequences().into_iter().map(|(_, sequence)| sequence).collect();
    assert_eq!(sequences, [TWENTY, INSULIN]);
    for residue in structure.residues() {
        let amino = by_name(structure.res_name[residue.start].as_str()).unwrap();
        let names: Vec<&str> = residue.clone().map(|atom| structure.atom_name[atom].as_str()).collect();
        assert_eq!(names, amino.atoms);
    }
}

#[test]
fn files_hold_the_atoms_of_the_array() {
    let prediction = fold("esmfold", INSULIN, json!({ "include_fields": ["pdb", "cif"] }));
    let array = structure(&prediction, "atom_array[0]");
    let text = |path: &str| prediction.at(path).and_then(Value::as_text).unwrap().to_owned();
    let pdb = crate::protein::pdb::read(&text("pdb[0]")).unwrap();
    let cif = crate::protein::mmcif::read(&text("cif[0]")).unwrap();
    assert_eq!((pdb.atoms(), cif.atoms()), (array.atoms(), array.atoms()));
    assert_eq!((&pdb.res_id, &cif.atom_name), (&array.res_id, &array.atom_name));
    assert_eq!(cif.coord, array.coord);
    assert_eq!(array.res_id.first(), Some(&0));
}
