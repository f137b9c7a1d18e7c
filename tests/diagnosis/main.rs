//! The likely cause of a difference, on the embedded models' responses for real sequences: planted mistakes are named, and no
//! cause is named where two results agree.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail, and prints its measurements")]

mod arrays;
mod failed;
mod names;
#[path = "../support/noise.rs"]
mod noise;
mod pairs;
mod parts;

use std::collections::BTreeMap;

use hydrotest::config::Config;
use hydrotest::diagnosis::{Candidate, Cause, MistakeKind, Relation, StructureFrame, of_structures};
use hydrotest::prediction::{Input, Options, Prediction, Request, Value};
use hydrotest::protein::{Label, Structure, fasta};
use hydrotest::synthetic::SyntheticModel;
use serde_json::json;

use noise::noise;

/// Every sequence of the shared suites that is short enough to fold quickly, and complexes of some of them.
fn sequences() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/suites/sequences.fasta");
    let records = fasta::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut sequences: Vec<String> = records.into_iter().map(|record| record.sequence).collect();
    let is_protein = |sequence: &String| sequence.chars().all(|letter| "ACDEFGHIKLMNPQRSTVWY".contains(letter));
    sequences.retain(|sequence| is_protein(sequence) && (20..=250).contains(&sequence.len()));
    sequences
}

fn predict(key: &str, sequence: &str, options: &serde_json::Value) -> Prediction {
    let config = Config::built_in().unwrap();
    let contract = config.model(key).unwrap();
    let model = SyntheticModel::load(contract.clone(), Options::new()).unwrap();
    let request = Request {
        method: contract.method,
        input: Input::One(sequence.to_owned()),
        options: options.as_object().unwrap().clone(),
    };
    model.predict(&request).unwrap()
}

fn fold(sequence: &str) -> Structure {
    let prediction = predict("esmfold", sequence, &json!({}));
    prediction.at("atom_array[0]").unwrap().as_structure().unwrap().clone()
}

fn jittered(structure: &Structure, seed: u64, size: f32) -> Structure {
    let mut next = noise(seed);
    let mut other = structure.clone();
    other.coord.iter_mut().flatten().for_each(|value| *value += size * next());
    other
}

fn moved(structure: &Structure) -> Structure {
    let mut other = structure.clone();
    for [x, y, z] in &mut other.coord {
        (*x, *y, *z) = (0.6 * *x - 0.8 * *y + 4.0, 0.8 * *x + 0.6 * *y - 7.0, *z + 1.0);
    }
    other
}

fn each(structure: &Structure, change: impl Fn([f32; 3]) -> [f32; 3]) -> Structure {
    let mut other = structure.clone();
    other.coord.iter_mut().for_each(|position| *position = change(*position));
    other
}

fn reordered(structure: &Structure, order: &[usize]) -> Structure {
    let mut other = structure.clone();
    other.coord = order.iter().map(|&atom| structure.coord[atom]).collect();
    other
}

/// Every mistake in a structure, with its name and the cause that must be reported.
fn planted(structure: &Structure) -> Vec<(&'static str, MistakeKind, Structure)> {
    let atoms = structure.atoms();
    let rolled: Vec<usize> = (0..atoms).map(|atom| (atom + atoms - 1) % atoms).collect();
    let swapped = |residue_name: Option<&str>, first: &str, second: &str| {
        let mut order: Vec<usize> = (0..atoms).collect();
        for residue in structure.residues() {
            let is_meant = residue_name.is_none_or(|name| structure.res_name[residue.start] == *name);
            let pair = structure.atom_named(&residue, first).zip(structure.atom_named(&residue, second));
            if let Some((first, second)) = pair.filter(|_| is_meant) {
                order.swap(first, second);
            }
        }
        reordered(structure, &order)
    };
    let residue_shift = {
        let residues = structure.residues();
        let mut order: Vec<usize> = (0..atoms).collect();
        for pair in residues.windows(2) {
            for atom in pair[1].clone() {
                let name = structure.atom_name[atom];
                order[atom] = structure.atom_named(&pair[0], name.as_str()).unwrap_or(pair[0].start);
            }
        }
        reordered(structure, &order)
    };
    let mut nan = structure.clone();
    nan.coord[atoms / 2][1] = f32::NAN;
    let mut renumbered = structure.clone();
    renumbered.res_id.iter_mut().for_each(|number| *number += 1);
    let mut padded = structure.clone();
    for name in ["N", "CA", "C", "O", "CB"] {
        let label = |text| Label::new(text).unwrap();
        let element = &name[..1];
        padded.push(label("@"), -1, label("VAL"), label(name), label(element), [0.0; 3]);
        if let Some(column) = &mut padded.b_factor {
            column.push(0.0);
        }
    }
    let factor = |change: fn(f64) -> f64| {
        let mut other = structure.clone();
        other.b_factor.iter_mut().flatten().for_each(|value| *value = change(*value));
        other
    };
    let mut late = structure.clone();
    let residues = structure.residues();
    for pair in residues.windows(2) {
        let before = structure.b_factor.as_ref().unwrap()[pair[0].start];
        late.b_factor.as_mut().unwrap()[pair[1].clone()].fill(before);
    }
    let mut planted = vec![
        ("rigid motion", MistakeKind::RigidMotion, moved(structure)),
        ("mirror", MistakeKind::Mirror, moved(&each(structure, |[x, y, z]| [-x, y, z]))),
        ("nanometres", MistakeKind::Scale, each(structure, |position| position.map(|value| value / 10.0))),
        ("times ten", MistakeKind::Scale, moved(&each(structure, |position| position.map(|value| value * 10.0)))),
        ("axes swapped", MistakeKind::AxesSwapped, each(structure, |[x, y, z]| [y, x, z])),
        ("atoms rolled", MistakeKind::Shifted, reordered(structure, &rolled)),
        ("residues shifted", MistakeKind::Shifted, residue_shift),
        ("C and CB swapped", MistakeKind::PermutedAtoms, swapped(None, "C", "CB")),
        ("bfloat16", MistakeKind::LowerPrecision, each(structure, |p| p.map(|v| half::bf16::from_f32(v).to_f32()))),
        ("float16", MistakeKind::LowerPrecision, each(structure, |p| p.map(|v| half::f16::from_f32(v).to_f32()))),
        ("NaN", MistakeKind::NotFinite, nan),
        ("constant", MistakeKind::Constant, each(structure, |_| [0.0; 3])),
        ("numbers from 1", MistakeKind::Offset, renumbered),
        ("padding", MistakeKind::ExtraResidues, padded),
        ("b-factors × 100", MistakeKind::Scale, factor(|value| value * 100.0)),
        ("b-factors + 0.1", MistakeKind::Offset, factor(|value| value + 0.1)),
        ("b-factors late", MistakeKind::Shifted, late),
    ];
    if structure.res_name.iter().any(|name| *name == "LEU") {
        planted.push(("leucine methyls", MistakeKind::PermutedAtoms, swapped(Some("LEU"), "CD1", "CD2")));
    }
    planted
}

/// Counts how many mistakes got the right cause.
#[derive(Default)]
struct Score(BTreeMap<&'static str, (usize, usize)>);

impl Score {
    fn add(&mut self, name: &'static str, kind: MistakeKind, cause: Option<&Cause>) {
        let entry = self.0.entry(name).or_default();
        entry.1 += 1;
        if cause.is_some_and(|cause| cause.kind == kind) {
            entry.0 += 1;
        } else {
            eprintln!("{name}: {cause:?}");
        }
    }

    fn assert(&self) {
        let (right, all) = self.0.values().fold((0, 0), |sum, entry| (sum.0 + entry.0, sum.1 + entry.1));
        for (name, (right, all)) in &self.0 {
            eprintln!("{name}: {right} of {all}");
        }
        eprintln!("named correctly: {right} of {all}");
        assert!(all > 100 && right * 100 >= all * 95, "{right} of {all}");
    }
}

#[test]
fn mistakes_in_structures_are_named() {
    let mut score = Score::default();
    let folds: Vec<Structure> = sequences().iter().map(|sequence| fold(sequence)).collect();
    for (index, structure) in folds.iter().enumerate() {
        for (name, kind, wrong) in planted(structure) {
            score.add(name, kind, of_structures(structure, &wrong, StructureFrame::Fixed, &[]).as_ref());
        }
        // The same under the noise of another machine, if the mistake is larger than the noise.
        for (name, kind, wrong) in planted(structure) {
            if !matches!(name, "bfloat16" | "float16" | "constant") && !name.starts_with("b-factors") {
                let noisy = jittered(&wrong, index as u64, 0.01);
                score.add(name, kind, of_structures(structure, &noisy, StructureFrame::Fixed, &[]).as_ref());
            }
        }
    }
    score.assert();
}

#[test]
fn mistakes_in_complexes_are_named() {
    let mut score = Score::default();
    for sequence in sequences().iter().filter(|sequence| sequence.len() < 80) {
        let dimer = fold(&format!("{sequence}:{sequence}"));
        let half = dimer.atoms() / 2;
        let order: Vec<usize> = (half..2 * half).chain(0..half).collect();
        let cause = of_structures(&dimer, &reordered(&dimer, &order), StructureFrame::Free, &[]);
        // In a symmetric dimer both positions are equal.
        if let Some(cause) = cause {
            score.add("equal chains", MistakeKind::PermutedChains, Some(&cause));
        }
        let renamed = {
            let mut other = reordered(&dimer, &order);
            other.chain_id = order.iter().map(|&atom| dimer.chain_id[atom]).collect();
            other
        };
        score.add(
            "chain order",
            MistakeKind::PermutedChains,
            of_structures(&dimer, &renamed, StructureFrame::Fixed, &[]).as_ref(),
        );
        let linked = fold(&format!("{sequence}{}{sequence}", "G".repeat(25)));
        score.add(
            "linker",
            MistakeKind::ExtraResidues,
            of_structures(&dimer, &linked, StructureFrame::Free, &[]).as_ref(),
        );
        let whole = fold(&format!("{sequence}{sequence}"));
        let cut = fold(sequence);
        score.add("cut short", MistakeKind::CutShort, of_structures(&whole, &cut, StructureFrame::Free, &[]).as_ref());
    }
    let (right, all) = score.0.values().fold((0, 0), |sum, entry| (sum.0 + entry.0, sum.1 + entry.1));
    eprintln!("named correctly: {right} of {all}");
    assert!(all > 30 && right * 100 >= all * 95, "{right} of {all}");
}

#[test]
fn a_response_to_another_call_and_another_seed_are_recognised() {
    let mut score = Score::default();
    for sequence in sequences().iter().filter(|sequence| sequence.len() < 80) {
        let seeded = |seed: u64| {
            let prediction = predict("chai1", sequence, &json!({"seed": seed}));
            prediction.field("atom_array").unwrap().as_items().unwrap()[0].clone()
        };
        let (wanted, other) = (seeded(1), seeded(2));
        let candidate = |relation| Candidate { label: "another response", relation, value: &other };
        let (expected, actual) = (wanted.as_structure().unwrap(), other.as_structure().unwrap());
        for (name, relation, kind) in [
            ("stale", Relation::OtherRequest, MistakeKind::Stale),
            ("seed", Relation::OtherSeed, MistakeKind::OtherSeed),
        ] {
            let cause = of_structures(expected, actual, StructureFrame::Free, &[candidate(relation)]);
            score.add(name, kind, cause.as_ref());
        }
        let same = of_structures(expected, expected, StructureFrame::Free, &[candidate(Relation::OtherSeed)]);
        assert_eq!(same, None, "the right seed");
    }
    let (right, all) = score.0.values().fold((0, 0), |sum, entry| (sum.0 + entry.0, sum.1 + entry.1));
    assert!(all > 10 && right * 100 >= all * 95, "{right} of {all}");
}

#[test]
fn no_cause_is_named_if_two_structures_agree() {
    for (index, sequence) in sequences().iter().enumerate() {
        let structure = fold(sequence);
        let others: Vec<Value> = [Value::Structure(Box::new(structure.clone()))].into();
        let candidates = [Candidate { label: "another", relation: Relation::OtherRequest, value: &others[0] }];
        for frame in [StructureFrame::Fixed, StructureFrame::Free] {
            assert_eq!(of_structures(&structure, &structure, frame, &candidates), None);
            for size in [1e-5, 1e-3, 0.01, 0.1, 1.0] {
                let other = jittered(&structure, index as u64 + 7, size);
                assert_eq!(of_structures(&structure, &other, frame, &candidates), None, "noise of {size} Å");
            }
        }
        assert_eq!(of_structures(&structure, &moved(&structure), StructureFrame::Free, &candidates), None);
    }
}
