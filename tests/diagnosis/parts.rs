//! The likely cause of mistakes in parts of a structure: misplaced or copied domains and chains, and residues with other
//! numbers.

use hydrotest::diagnosis::{Candidate, MistakeKind, Relation, StructureFrame, of_structures};
use hydrotest::prediction::Value;
use hydrotest::protein::{Label, Structure};

use super::{Score, fold, jittered, sequences};

/// The structure with the atoms of this range rotated about the axis through `at`.
fn turned(structure: &Structure, atoms: std::ops::Range<usize>, at: usize, degrees: f32) -> Structure {
    let mut other = structure.clone();
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let [x, y, _] = structure.coord[at];
    for point in &mut other.coord[atoms] {
        let (right, up) = (point[0] - x, point[1] - y);
        point[0] = x + cosine * right - sine * up;
        point[1] = y + sine * right + cosine * up;
    }
    other
}

/// Chains at some distance from each other, because the embedded model folds all of them in one place.
fn complex(sequences: &[&str]) -> Structure {
    let mut complex = Structure { b_factor: Some(Vec::new()), ..Structure::default() };
    for (place, sequence) in sequences.iter().enumerate() {
        let chain = turned(&fold(sequence), 0..0, 0, 0.0);
        let angle = place as f32 * 1.3;
        let name = Label::new(&char::from(b'A' + place as u8).to_string()).unwrap();
        for atom in 0..chain.atoms() {
            let [x, y, z] = chain.coord[atom];
            let (sine, cosine) = angle.sin_cos();
            let shift = 24.0 * place as f32;
            let point = [
                cosine * x - sine * y + shift,
                sine * x + cosine * y + 11.0 * (place % 3) as f32,
                z + 7.0 * (place % 2) as f32,
            ];
            complex.push(
                name,
                chain.res_id[atom],
                chain.res_name[atom],
                chain.atom_name[atom],
                chain.element[atom],
                point,
            );
            let factor = chain.b_factor.as_ref().unwrap()[atom];
            complex.b_factor.as_mut().unwrap().push(factor);
        }
    }
    complex
}

fn some() -> Vec<String> {
    sequences().into_iter().filter(|sequence| (30..90).contains(&sequence.len())).take(5).collect()
}

#[test]
fn a_hinge_is_named_with_its_residue() {
    let mut score = Score::default();
    for (index, sequence) in some().into_iter().enumerate() {
        for (chains, name) in
            [(vec![sequence.as_str()], "alone"), (vec!["GIVEQCCTSICSLYQLENYCN", &sequence], "in a complex")]
        {
            let structure = complex(&chains);
            let (last, own) = structure.chains().pop().unwrap();
            let residues: Vec<_> =
                structure.residues().into_iter().filter(|atoms| own.contains(&atoms.start)).collect();
            for part in [3, 4] {
                let cut = residues[residues.len() / 2 + residues.len() / (4 * part)].start;
                let wrong = turned(&structure, cut..own.end, cut, 40.0);
                for wrong in [jittered(&wrong, index as u64, 0.05), wrong] {
                    let cause = of_structures(&structure, &wrong, StructureFrame::Free, &[]);
                    score.add(name, MistakeKind::Hinge, cause.as_ref());
                    let found = cause.unwrap();
                    assert!(found.what.starts_with(&format!("chain {last} turns about ")), "{found}");
                    let number: i32 =
                        found.what.split_whitespace().nth(5).unwrap().trim_end_matches(':').parse().unwrap();
                    assert!((number - structure.res_id[cut]).abs() <= 2, "{found}, at {}", structure.res_id[cut]);
                }
            }
        }
    }
    assert_eq!(score.0.values().map(|entry| entry.1 - entry.0).sum::<usize>(), 0);
}

#[test]
fn copied_chains_are_named() {
    for (index, sequence) in some().into_iter().enumerate() {
        let structure = complex(&[&sequence, "GIVEQCCTSICSLYQLENYCN", &sequence]);
        let chains = structure.chains();
        let mut wrong = structure.clone();
        let source = structure.coord[chains[0].1.clone()].to_vec();
        wrong.coord[chains[2].1.clone()].copy_from_slice(&source);
        let mut part = structure.clone();
        let short = chains[1].1.len();
        part.coord[chains[1].1.clone()].copy_from_slice(&source[..short]);
        for (wrong, what) in
            [(wrong, "chain C has the positions of chain A"), (part, "chain B has the positions of chain A")]
        {
            for wrong in [jittered(&wrong, index as u64, 0.05), wrong] {
                let cause = of_structures(&structure, &wrong, StructureFrame::Free, &[]).unwrap();
                assert_eq!((cause.kind, cause.what.as_str()), (MistakeKind::Copied, what));
            }
        }
        // One chain comes from another item of a batch.
        let mut other = jittered(&structure, 5 + index as u64, 3.0);
        let mut wrong = structure.clone();
        wrong.coord[chains[2].1.clone()].copy_from_slice(&other.coord[chains[2].1.clone()]);
        other.coord.iter_mut().for_each(|point| point[0] += 9.0);
        let value = Value::Structure(Box::new(other));
        let candidate = Candidate::new("what was recorded as atom_array[1]", Relation::OtherItem, &value);
        let cause = of_structures(&structure, &wrong, StructureFrame::Free, &[candidate]).unwrap();
        assert_eq!(cause.kind, MistakeKind::Copied);
        assert_eq!(cause.what, "chain C equals that of what was recorded as atom_array[1]");
    }
}

#[test]
fn swapped_positions_of_many_equal_chains_are_named() {
    let sequence = "GIVEQCCTSICSLYQLENYCN";
    for count in [2, 3, 8, 12] {
        let structure = complex(&vec![sequence; count]);
        let chains = structure.chains();
        for swapped in [vec![(0, count - 1)], vec![(0, count - 1), (1, count / 2)]] {
            let mut order: Vec<usize> = (0..count).collect();
            for (one, other) in swapped {
                order.swap(one, other);
            }
            let mut wrong = structure.clone();
            for (place, &from) in order.iter().enumerate() {
                wrong.coord[chains[place].1.clone()].copy_from_slice(&structure.coord[chains[from].1.clone()]);
            }
            let is_in_order = order.iter().enumerate().all(|(place, &from)| place == from);
            for wrong in [jittered(&wrong, count as u64, 0.02), wrong] {
                let cause = of_structures(&structure, &wrong, StructureFrame::Free, &[]);
                let expected = (!is_in_order).then_some(MistakeKind::PermutedChains);
                assert_eq!(cause.as_ref().map(|cause| cause.kind), expected, "{count} {order:?} {cause:?}");
            }
        }
    }
}

#[test]
fn one_moved_chain_among_many_is_named() {
    let sequences = some();
    let structure = complex(&[&sequences[0], "GIVEQCCTSICSLYQLENYCN", "FVNQHLCGSHLVEALYLVCGERGFFYTPKT"]);
    for (place, (name, atoms)) in structure.chains().into_iter().enumerate() {
        let mut wrong = structure.clone();
        wrong.coord[atoms].iter_mut().for_each(|point| point[2] += 12.0);
        let cause =
            of_structures(&structure, &jittered(&wrong, place as u64, 0.05), StructureFrame::Free, &[]).unwrap();
        assert_eq!(cause.kind, MistakeKind::ChainsMoved, "{cause}");
        let what = format!("chain {name} stands elsewhere, its atoms 12.0 Å off on average");
        assert_eq!(cause.what, what);
    }
}

#[test]
fn changed_residue_numbers_and_chain_names_are_named() {
    let sequences = some();
    let structure = complex(&[&sequences[0], "GIVEQCCTSICSLYQLENYCN", &sequences[1]]);
    let chains = structure.chains();
    let reported = |change: &dyn Fn(&mut Structure)| {
        let mut wrong = structure.clone();
        change(&mut wrong);
        let cause = of_structures(&structure, &wrong, StructureFrame::Free, &[]).unwrap();
        (cause.kind, cause.what)
    };
    let add = |structure: &mut Structure, chain: usize, number: i32| {
        let own = &mut structure.res_id[chains[chain].1.clone()];
        for own in own {
            *own += number;
        }
    };
    assert_eq!(
        reported(&|wrong| (0..3).for_each(|chain| add(wrong, chain, 1))),
        (MistakeKind::Offset, "residue numbers are all +1 from what they should be".into())
    );
    assert_eq!(
        reported(&|wrong| add(wrong, 2, -1)),
        (MistakeKind::Offset, "residue numbers of chain C -1 from what they should be".into())
    );
    let lengths: Vec<i32> = chains.iter().map(|(_, atoms)| structure.res_id[atoms.end - 1] + 1).collect();
    assert_eq!(
        reported(&|wrong| {
            add(wrong, 1, lengths[0] - structure.res_id[0]);
            add(wrong, 2, lengths[0] + lengths[1] - 2 * structure.res_id[0]);
        }),
        (MistakeKind::Offset, "residue numbers run on through all chains instead of starting anew in each".into())
    );
    let named = |names: [&str; 3]| {
        let names = names.map(|name| Label::new(name).unwrap());
        reported(&|wrong| {
            for (chain, name) in names.iter().enumerate() {
                wrong.chain_id[chains[chain].1.clone()].fill(*name);
            }
        })
    };
    assert_eq!(
        named(["B", "C", "D"]),
        (MistakeKind::PermutedChains, "chains are named B, C, D instead of A, B, C".into())
    );
    assert_eq!(
        named(["A", "A", "A"]),
        (MistakeKind::PermutedChains, "chains are named A, A, A instead of A, B, C".into())
    );
    let mut gaps = structure.clone();
    gaps.res_id.iter_mut().for_each(|number| *number += i32::from(*number > 9) * 5);
    let cause = of_structures(&gaps, &structure, StructureFrame::Free, &[]).unwrap();
    assert_eq!(cause.what, "residues are counted on where their numbers should have gaps");
}
