//! Planted mistakes are found, repeats and real platforms agree.

mod parts;

use serde_json::json;

use super::*;
use crate::check::fixture::folded::{
    MISTAKES, UBIQUITIN, declared, first_structure, folded, jitter, swap_names, through_bfloat16,
};
use crate::metric_value::{Direction, Worst};
use crate::protein::{Label, pdb, test_data};

fn gates() -> StructureGates {
    declared("esmfold").gates.structure.unwrap()
}

fn ubiquitin() -> Structure {
    first_structure(&folded(&declared("esmfold"), "call", UBIQUITIN, json!({})))
}

fn side(structure: &Structure) -> Side<'_> {
    Side {
        structure,
        confidence: of_residues(structure, Some(FactorScale::of_alphas(1.0)), None),
        scale: Some(FactorScale::of_alphas(1.0)),
    }
}

fn compare_with(expected: &Structure, got: &Structure, floor: &NoiseFloor) -> StructureComparison {
    compare_structures(&side(expected), &side(got), &gates(), floor)
}

fn changed(change: impl FnOnce(&mut Structure)) -> StructureComparison {
    let expected = ubiquitin();
    let mut got = expected.clone();
    change(&mut got);
    compare_with(&expected, &got, &NoiseFloor::unknown())
}

fn broken(found: &StructureComparison) -> Vec<&'static str> {
    let measures = found.measures.iter();
    let broken = measures.filter(|measure| measure.verdict() == MetricVerdict::Different);
    broken.map(|measure| measure.key).collect()
}

#[test]
fn the_same_structure_moved_as_a_whole_is_the_same() {
    assert_eq!(changed(|_| {}).verdict(), MetricVerdict::Indistinguishable);
    let moved = changed(|structure| {
        structure.coord = crate::metric::test_points::moved(&structure.coord, 3);
    });
    assert_eq!(moved.verdict(), MetricVerdict::WithinTolerance, "{moved:?}");
    assert!(moved.confident.0 > 0, "{moved:?}");
    assert_eq!(moved.confident.1, 76);
}

#[test]
fn every_planted_mistake_is_a_difference() {
    for (name, mistake) in MISTAKES {
        let found = changed(mistake);
        assert_eq!(found.verdict(), MetricVerdict::Different, "{name}: {found:?}");
        assert!(found.summary().starts_with("different: "), "{name}");
    }
}

#[test]
fn a_mirror_image_is_found_whatever_the_model_is_sure_of() {
    let mut expected = ubiquitin();
    expected.b_factor = Some(vec![0.1; expected.atoms()]);
    let mut got = expected.clone();
    MISTAKES[0].1(&mut got);
    let found = compare_with(&expected, &got, &NoiseFloor::unknown());
    assert_eq!(found.confident.0, 0);
    assert_eq!(broken(&found), ["inverted"]);
}

#[test]
fn a_mirror_image_without_beta_carbons_is_found_by_the_turns_of_its_chain() {
    let keep_only = |names: &[&str]| {
        let mut structure = ubiquitin();
        let keep = structure.atom_name.iter().map(|name| names.contains(&name.as_str()));
        structure.retain(&keep.collect::<Vec<bool>>());
        structure.b_factor = Some(vec![0.1; structure.atoms()]);
        structure
    };
    for names in [&["CA"][..], &["N", "CA", "C", "O"], &["N", "C", "O"]] {
        let expected = keep_only(names);
        let mut got = expected.clone();
        assert_eq!(compare_with(&expected, &got, &NoiseFloor::unknown()).verdict(), MetricVerdict::Indistinguishable);
        jitter(&mut got, 0.1, 3);
        let found = compare_with(&expected, &got, &NoiseFloor::unknown());
        assert_eq!(broken(&found), [""; 0], "{names:?}");
        MISTAKES[0].1(&mut got);
        let found = compare_with(&expected, &got, &NoiseFloor::unknown());
        assert_eq!(broken(&found), ["inverted"], "{names:?}");
        // Three places of which a model is sure lie in one plane, which is its own mirror image.
        got.b_factor.as_mut().unwrap()[..3].fill(0.9);
        let mut expected = expected;
        expected.b_factor.as_mut().unwrap()[..3].fill(0.9);
        let found = compare_with(&expected, &got, &NoiseFloor::unknown());
        assert!(broken(&found).contains(&"inverted"), "{names:?}: {found:?}");
    }
}

#[test]
fn of_several_models_the_worst_is_judged_and_named() {
    let one = ubiquitin();
    let models = |others: &[&Structure]| {
        let mut all = one.clone();
        for other in others {
            all.coord.extend(&other.coord);
        }
        all.models = Some(1 + others.len());
        all
    };
    let mut mirror = one.clone();
    MISTAKES[0].1(&mut mirror);
    let mut shaken = one.clone();
    jitter(&mut shaken, 0.01, 1);
    let found = compare_with(&models(&[&one, &one]), &models(&[&shaken, &mirror]), &NoiseFloor::unknown());
    assert_eq!(found.model, (2, 3));
    assert!(broken(&found).contains(&"inverted"), "{found:?}");
    insta::assert_snapshot!(found.summary(), @"different: model 3 of 3: CA RMSD 3.2906 Å, allowed 0.05; greatest CA distance 5.57293 Å, allowed 0.25; all-atom RMSD 5.6631 Å, allowed 0.1 (59 of 76 residues confident)");
    let found = compare_with(&models(&[&one, &one]), &models(&[&shaken, &one]), &NoiseFloor::unknown());
    assert_eq!((found.model, found.verdict()), ((1, 3), MetricVerdict::WithinTolerance));
}

#[test]
fn only_the_strict_distance_sees_swapped_methyl_groups() {
    let found = changed(|structure| {
        for residue in structure.residues() {
            if structure.res_name[residue.start] == "LEU" {
                let atom = |name| structure.atom_named(&residue, name).unwrap();
                let (one, other) = (atom("CD1"), atom("CD2"));
                structure.coord.swap(one, other);
            }
        }
    });
    assert!(broken(&found).contains(&"rmsd"), "{found:?}");
    assert!(!broken(&found).contains(&"ca_rmsd"), "{found:?}");
    let glutamines = changed(|structure| swap_names(structure, "OE1", "NE2"));
    assert!(broken(&glutamines).contains(&"rmsd"), "{glutamines:?}");
    for (one, other) in [("OD1", "OD2"), ("OE1", "OE2")] {
        let acids = changed(|structure| swap_names(structure, one, other));
        assert_eq!(acids.verdict(), MetricVerdict::Indistinguishable, "{acids:?}");
    }
}

#[test]
fn half_the_digits_are_within_tolerance_of_nothing_and_noise_of_the_floor() {
    let shift = |structure: &mut Structure| structure.coord.iter_mut().flatten().for_each(|axis| *axis += 100.0);
    let mut expected = ubiquitin();
    shift(&mut expected);
    let mut got = expected.clone();
    through_bfloat16(&mut got);
    let found = compare_with(&expected, &got, &NoiseFloor::unknown());
    assert!(broken(&found).contains(&"ca_rmsd"), "far from the origin: {found:?}");
    insta::assert_snapshot!(found.faults[0], @"all coordinates are bfloat16 numbers, and those expected are not");

    let noisy = |seed| {
        let mut structure = ubiquitin();
        jitter(&mut structure, 0.01, seed);
        structure
    };
    let repeats = compare_with(&noisy(1), &noisy(2), &NoiseFloor::unknown());
    assert_eq!(repeats.verdict(), MetricVerdict::WithinTolerance);
    let worst: Worst = repeats
        .measures
        .iter()
        .map(|measure| {
            let wider = if measure.better == Direction::Lower { 1.5 } else { 0.999 };
            (measure.key.to_owned(), measure.observed * wider)
        })
        .collect();
    let again = compare_with(&noisy(3), &noisy(4), &NoiseFloor { worst, slack: 1.0 });
    assert_eq!(again.verdict(), MetricVerdict::Indistinguishable, "{again:?}");
    insta::assert_snapshot!(again.lines()[0], @"CA RMSD 0.0142506 Å, floor 0.0216936, allowed 0.05: indistinguishable");
}

#[test]
fn wrong_confidences_are_found_by_their_error() {
    let hundredfold = changed(|structure| {
        let factors = structure.b_factor.iter_mut().flatten();
        factors.for_each(|factor| *factor *= 100.0);
    });
    assert_eq!(broken(&hundredfold), ["plddt", "plddt_max", "unmasked_plddt", "mask_size", "b_factor"]);
    let only_alphas = changed(|structure| {
        let names = structure.atom_name.clone();
        let factors = structure.b_factor.iter_mut().flatten().zip(names);
        factors.filter(|(_, name)| name.as_str() != "CA").for_each(|(factor, _)| *factor = 0.0);
    });
    assert_eq!(broken(&only_alphas), ["b_factor"]);
    let shifted = changed(|structure| {
        let residues = structure.residues();
        let mut factors = structure.b_factor.clone().unwrap();
        for pair in residues.windows(2) {
            factors[pair[1].clone()].fill(structure.b_factor.as_ref().unwrap()[pair[0].start]);
        }
        structure.b_factor = Some(factors);
    });
    assert_eq!(shifted.verdict(), MetricVerdict::Different, "{shifted:?}");
    assert!(broken(&shifted).contains(&"unmasked_plddt"), "{shifted:?}");
}

#[test]
fn other_atoms_are_told_before_anything_is_measured() {
    let renamed = changed(|structure| structure.atom_name[4] = Label::literal("XX"));
    insta::assert_snapshot!(renamed.faults.join("\n"), @"1 of 601 atoms are not the same; no CB of MET 0 in chain A; unexpected XX of MET 0 in chain A");
    assert_eq!(renamed.measures, []);
    let fewer = changed(|structure| {
        let keep: Vec<bool> = (0..structure.atoms()).map(|atom| atom > 3).collect();
        structure.retain(&keep);
    });
    insta::assert_snapshot!(fewer.faults[0], @"4 of 601 atoms are not the same; no N of MET 0 in chain A");
    let turned = changed(|structure| structure.atom_name.swap(0, 1));
    insta::assert_snapshot!(turned.faults[0], @"the atoms come in another order: N of MET 0 in chain A is number 1, expected 0");
    let broken = changed(|structure| structure.coord[1][2] = f32::NAN);
    insta::assert_snapshot!(broken.faults.join("\n"), @"got: 1 atom without finite position, the first CA of MET 0 in chain A");
    let bare = changed(|structure| structure.b_factor = None);
    insta::assert_snapshot!(bare.faults.join("\n"), @"only one has temperature factors");
    let element = changed(|structure| structure.element[1] = Label::literal("CA"));
    insta::assert_snapshot!(element.faults.join("\n"), @"CA of MET 0 in chain A is C against CA by element");
    let empty = changed(|structure| *structure = Structure::default());
    assert_eq!(empty.verdict(), MetricVerdict::Different);
    let nothing = Structure::default();
    assert_eq!(compare_with(&nothing, &nothing, &NoiseFloor::unknown()).verdict(), MetricVerdict::Different);
}

#[test]
fn small_and_flat_structures_get_a_verdict() {
    for atoms in [1, 2, 3] {
        let mut expected = ubiquitin();
        let keep: Vec<bool> = (0..expected.atoms()).map(|atom| atom < atoms).collect();
        expected.retain(&keep);
        expected.coord = (0..atoms).map(|atom| [atom as f32, 0.0, 0.0]).collect();
        assert_eq!(
            compare_with(&expected, &expected, &NoiseFloor::unknown()).verdict(),
            MetricVerdict::Indistinguishable
        );
        let mut got = expected.clone();
        got.coord[0][0] += 100.0;
        let expected_verdict = if atoms == 1 { MetricVerdict::Indistinguishable } else { MetricVerdict::Different };
        assert_eq!(compare_with(&expected, &got, &NoiseFloor::unknown()).verdict(), expected_verdict, "{atoms}");
    }
}

#[test]
fn one_complex_on_two_kinds_of_card_is_the_same() {
    let read = |name| pdb::read(&test_data::read(name)?).ok();
    let (Some(first), Some(second)) = (read("multimer-check-A100.pdb"), read("multimer-check-T4.pdb")) else {
        return;
    };
    let found = compare_with(&first, &second, &NoiseFloor::unknown());
    assert_eq!(found.verdict(), MetricVerdict::WithinTolerance, "{found:?}");
    assert_eq!(found.confident, (246, 286));
    for (name, mistake) in MISTAKES {
        let mut wrong = second.clone();
        mistake(&mut wrong);
        assert_eq!(compare_with(&first, &wrong, &NoiseFloor::unknown()).verdict(), MetricVerdict::Different, "{name}");
    }
}

#[test]
fn atoms_heaped_in_one_place_are_no_reason_to_measure_less() {
    let spread: Vec<Point> = (0..6000).map(|atom| [atom as f32, (atom % 7) as f32, 0.0]).collect();
    let heaped = vec![[0.0; 3]; 6000];
    let residues: Vec<usize> = (0..6000).collect();
    assert_eq!(symmetric_lddt(&spread, &spread, &residues), Some(1.0));
    assert!(symmetric_lddt(&spread, &heaped, &residues).is_some_and(f64::is_nan));
    assert_eq!(symmetric_lddt(&heaped, &heaped, &residues), None);
}

#[test]
fn an_interface_is_judged_when_both_chains_are_sure() {
    let contract = declared("esmfold");
    let insulin = "GIVEQCCTSICSLYQLENYCN:FVNQHLCGSHLVEALYLVCGERGFFYTPKT";
    let mut expected = first_structure(&folded(&contract, "call", insulin, json!({})));
    expected.b_factor = Some(vec![0.9; expected.atoms()]);
    let chain = expected.chains()[1].1.clone();
    let mut got = expected.clone();
    got.coord[chain.clone()].iter_mut().for_each(|position| position[0] += 4.0);
    let found = compare_with(&expected, &got, &NoiseFloor::unknown());
    assert!(broken(&found).contains(&"dockq"), "{found:?}");
    // A chain of low confidence has no defined place.
    expected.b_factor.as_mut().unwrap()[chain.clone()].fill(0.3);
    got.b_factor.as_mut().unwrap()[chain].fill(0.3);
    let found = compare_with(&expected, &got, &NoiseFloor::unknown());
    assert!(found.measures.iter().all(|measure| measure.key != "dockq"), "{found:?}");
    assert!(!broken(&found).contains(&"ca_rmsd"), "{found:?}");
}

#[test]
fn the_last_of_many_chains_is_looked_at_too() {
    let contract = declared("esmfold");
    let insulin = "GIVEQCCTSICSLYQLENYCN:FVNQHLCGSHLVEALYLVCGERGFFYTPKT";
    let pair = first_structure(&folded(&contract, "call", insulin, json!({})));
    let mut expected = Structure::default();
    for copy in 0..7 {
        for atom in 0..pair.atoms() {
            let [x, y, z] = pair.coord[atom];
            let letter = b'A' + 2 * copy + u8::from(pair.chain_id[atom] == *"B");
            expected.push(
                Label::new(&char::from(letter).to_string()).unwrap(),
                pair.res_id[atom],
                pair.res_name[atom],
                pair.atom_name[atom],
                pair.element[atom],
                [x + 500.0 * f32::from(copy), y, z],
            );
        }
    }
    expected.b_factor = Some(vec![0.9; expected.atoms()]);
    let last = expected.chains().last().unwrap().1.clone();
    let mut got = expected.clone();
    got.coord[last].iter_mut().for_each(|position| position[0] += 4.0);
    let dockq = |got: &Structure| {
        let found = compare_with(&expected, got, &NoiseFloor::unknown());
        let measure = found.measures.iter().find(|measure| measure.key == "dockq").unwrap();
        (measure.observed, measure.verdict())
    };
    assert_eq!(expected.chains().len(), 14);
    assert!(dockq(&expected).0 > 0.999);
    assert_eq!(dockq(&got).1, MetricVerdict::Different);
}

#[test]
fn what_crosses_the_gate_by_less_than_noise_is_no_change_of_the_mask() {
    let gates = declared("chai1").gates.structure.unwrap();
    let mask = |expected: &[f64], got: &[f64]| {
        let measures = compare_confidence(expected, got, &gates, &NoiseFloor::unknown());
        measures.into_iter().find(|measure| measure.key == "mask_size").unwrap()
    };
    // Twenty residues at the edge, ten of which fall a hundredth below it.
    let edge = [0.705; 20];
    let mut fallen = edge;
    fallen[..10].fill(0.695);
    for (one, other) in [(edge, fallen), (fallen, edge)] {
        assert_eq!(mask(&one, &other).verdict(), MetricVerdict::Indistinguishable);
    }
    fallen[..10].fill(0.6);
    assert_eq!(mask(&edge, &fallen).verdict(), MetricVerdict::Different);
    assert_eq!(mask(&fallen, &edge).verdict(), MetricVerdict::Different);
    fallen[..10].fill(f64::NAN);
    assert_eq!(mask(&edge, &fallen).verdict(), MetricVerdict::Different);
}
