//! Parts that are wrong in a whole that looks right, on the real complex that is shipped as a reference.

use super::*;
use crate::diagnosis::Aspect;

/// A part that is wrong is found however large the rest is, and the measure that finds it says where it is.
#[test]
fn a_wrong_part_is_found_by_its_own_measure_and_named() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/published/esmfold/published/complex.snap");
    let recorded = crate::snapshot::open(std::path::Path::new(path)).unwrap();
    let expected = recorded.prediction.at("atom_array[0]").unwrap().as_structure().unwrap().clone();
    let compare = |change: &dyn Fn(&mut Structure)| {
        let mut got = expected.clone();
        change(&mut got);
        compare_with(&expected, &got, &NoiseFloor::unknown())
    };
    let chain = |structure: &Structure, name: &str| {
        let chains = structure.chains();
        chains.into_iter().find(|(own, _)| own.as_str() == name).unwrap().1
    };
    let moved = compare(&|structure| {
        let atoms = chain(structure, "A");
        structure.coord[atoms].iter_mut().for_each(|point| point[0] += 25.0);
    });
    assert!(broken(&moved).contains(&"interface_lddt"), "{moved:?}");
    assert_eq!(moved.places["interface_lddt"], "chains A and B");
    assert_eq!(moved.failed().aspect, Aspect::Assembly);
    let reversed = compare(&|structure| {
        let atoms = chain(structure, "A");
        structure.coord[atoms].reverse();
    });
    assert!(broken(&reversed).contains(&"chain_lddt"), "{reversed:?}");
    let of_residue = |residue: &str, change: &dyn Fn(&mut Structure, std::ops::Range<usize>)| {
        compare(&|structure| {
            let confident = |range: &std::ops::Range<usize>| {
                structure.b_factor.as_ref().is_some_and(|factors| factors[range.start] > 0.9)
            };
            let residues = structure.residues().into_iter();
            let mut own = residues.filter(|range| structure.res_name[range.start] == residue && confident(range));
            let range = own.next().unwrap();
            change(structure, range);
        })
    };
    let histidine = of_residue("HIS", &|structure, residue| {
        let atom = |name| structure.atom_named(&residue, name).unwrap();
        let (one, other) = (atom("ND1"), atom("CD2"));
        structure.coord.swap(one, other);
    });
    assert!(broken(&histidine).contains(&"atom_max"), "{histidine:?}");
    insta::assert_snapshot!(histidine.summary(), @"different: greatest distance of a confident atom 2.18615 Å, allowed 0.5 (ND1 of HIS 96 in chain B); lDDT 0.998896, allowed at least 0.999 (246 of 286 residues confident)");
    let inverted = of_residue("LEU", &|structure, residue| {
        // The hydrogen's place and the side chain's trade: the beta carbon is mirrored in the plane of the backbone.
        let at = |name| structure.coord[structure.atom_named(&residue, name).unwrap()].map(f64::from);
        let (alpha, beta) = (at("CA"), at("CB"));
        let minus = |one: [f64; 3], other: [f64; 3]| [0, 1, 2].map(|axis| one[axis] - other[axis]);
        let (one, other, side) = (minus(at("N"), alpha), minus(at("C"), alpha), minus(beta, alpha));
        let normal = [
            one[1] * other[2] - one[2] * other[1],
            one[2] * other[0] - one[0] * other[2],
            one[0] * other[1] - one[1] * other[0],
        ];
        let dot = |one: [f64; 3], other: [f64; 3]| (0..3).map(|axis| one[axis] * other[axis]).sum::<f64>();
        let scale = 2.0 * dot(side, normal) / dot(normal, normal);
        let place = structure.atom_named(&residue, "CB").unwrap();
        structure.coord[place] = [0, 1, 2].map(|axis| (beta[axis] - scale * normal[axis]) as f32);
    });
    assert!(broken(&inverted).contains(&"inverted_residues"), "{inverted:?}");
    let coarse = compare(&|structure| through_bfloat16(structure));
    assert_eq!(coarse.verdict(), MetricVerdict::Different, "{coarse:?}");
}
