//! The likely cause of missing, extra or reordered atoms, in chains and in models.

use hydrotest::diagnosis::{MistakeKind, StructureFrame, of_structures};
use hydrotest::protein::Structure;

use super::noise::noise;
use super::{Score, fold, jittered, sequences};

/// The atoms with these indices, in this order.
fn taken(structure: &Structure, order: &[usize]) -> Structure {
    let mut other = Structure { b_factor: structure.b_factor.as_ref().map(|_| Vec::new()), ..Structure::default() };
    for &atom in order {
        other.push(
            structure.chain_id[atom],
            structure.res_id[atom],
            structure.res_name[atom],
            structure.atom_name[atom],
            structure.element[atom],
            structure.coord[atom],
        );
        let factor = structure.b_factor.as_ref().map(|factors| factors[atom]);
        if let Some((column, factor)) = other.b_factor.as_mut().zip(factor) {
            column.push(factor);
        }
    }
    other
}

fn shuffled(atoms: usize, seed: u64) -> Vec<usize> {
    let mut next = noise(seed);
    let mut keyed: Vec<(f32, usize)> = (0..atoms).map(|atom| (next(), atom)).collect();
    keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
    keyed.into_iter().map(|(_, atom)| atom).collect()
}

/// Every residue at the position of the previous one in its chain.
fn shifted_in_chains(structure: &Structure) -> Structure {
    let mut other = structure.clone();
    for pair in structure.residues().windows(2) {
        if structure.chain_id[pair[0].start] != structure.chain_id[pair[1].start] {
            continue;
        }
        for atom in pair[1].clone() {
            let name = structure.atom_name[atom];
            let from = structure.atom_named(&pair[0], name.as_str()).unwrap_or(pair[0].start);
            other.coord[atom] = structure.coord[from];
        }
    }
    other
}

#[test]
fn missing_doubled_and_reordered_atoms_are_named() {
    let mut score = Score::default();
    for (index, sequence) in sequences().into_iter().enumerate() {
        let dimer = fold(&format!("{sequence}:{}", &sequence[..sequence.len() / 2]));
        let atoms = dimer.atoms();
        let all: Vec<usize> = (0..atoms).collect();
        let first = dimer.residues()[0].len();
        let first_of_second = dimer.chains()[1].1.start;
        let middle = dimer.residues()[9].clone();
        let without_middle: Vec<usize> = all.iter().copied().filter(|atom| !middle.contains(atom)).collect();
        let reversed: Vec<usize> = all.iter().copied().rev().collect();
        let chains = [&all[first_of_second..], &all[..first_of_second]].concat();
        let doubled = [&all[..], &[atoms / 3]].concat();
        let inserted = [&all[..=atoms / 3], &[atoms / 3], &all[atoms / 3 + 1..]].concat();
        let shuffled = shuffled(atoms, index as u64);
        for (name, kind, order) in [
            ("without the first residue", MistakeKind::Missing, &all[first..]),
            ("without one in the middle", MistakeKind::Missing, &without_middle),
            ("atom twice, at the end", MistakeKind::DuplicateAtoms, &doubled),
            ("atom twice, side by side", MistakeKind::DuplicateAtoms, &inserted),
            ("atoms shuffled", MistakeKind::PermutedAtoms, &shuffled),
            ("atoms reversed", MistakeKind::PermutedAtoms, &reversed),
            ("chains in another order", MistakeKind::PermutedChains, &chains),
        ] {
            let wrong = taken(&dimer, order);
            for wrong in [jittered(&wrong, index as u64, 0.01), wrong] {
                score.add(name, kind, of_structures(&dimer, &wrong, StructureFrame::Free, &[]).as_ref());
            }
        }
        let late = shifted_in_chains(&dimer);
        score.add(
            "late within chains",
            MistakeKind::Shifted,
            of_structures(&dimer, &late, StructureFrame::Free, &[]).as_ref(),
        );
        let mut zeros = dimer.clone();
        let sign = |atom: usize| if atom.is_multiple_of(2) { 0.0 } else { -0.0 };
        zeros.coord = all.iter().map(|&atom| [sign(atom), 0.0, 0.0]).collect();
        score.add(
            "zeros of both signs",
            MistakeKind::Constant,
            of_structures(&dimer, &zeros, StructureFrame::Free, &[]).as_ref(),
        );
    }
    score.assert();
}

#[test]
fn the_cause_is_searched_in_the_model_that_differs() {
    let sequence = sequences().remove(0);
    let one = fold(&sequence);
    let models = |parts: &[&Structure]| Structure {
        coord: parts.iter().flat_map(|part| part.coord.iter().copied()).collect(),
        models: Some(parts.len()),
        ..one.clone()
    };
    let (near, far) = (jittered(&one, 1, 0.05), jittered(&one, 2, 1.0));
    let mut mirror = far.clone();
    mirror.coord.iter_mut().for_each(|position| position[0] = -position[0]);
    let expected = models(&[&one, &near, &far]);
    let cause = |actual: &Structure| of_structures(&expected, actual, StructureFrame::Free, &[]);
    assert_eq!(cause(&expected), None);
    assert_eq!(cause(&models(&[&one, &near, &mirror])).map(|it| it.kind), Some(MistakeKind::Mirror));
    let swapped = cause(&models(&[&far, &near, &one])).unwrap();
    assert_eq!(swapped.kind, MistakeKind::PermutedItems);
    assert_eq!(swapped.what, "models in another order: model 1 stands at 3");
}
