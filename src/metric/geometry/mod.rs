//! Measures whether a structure could exist: bonds, angles, torsions, chirality and clashes. Gives no verdict: real predictions
//! violate rules where they are unsure, so the checks decide by fractions of confident residues.

mod backbone;
mod clash;
mod side_chain;
pub(crate) mod vector;

pub(crate) use backbone::{Angle, Backbone, BackboneBond, Torsion};
pub(crate) use clash::clashes;
pub(crate) use side_chain::{SideChainValue, SideChains};

/// Real predictions, if they exist beside the project, against values of biotite 1.6.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::protein::{mmcif, pdb, test_data};

    fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
        let count = values.len() as f64;
        values.sum::<f64>() / count
    }

    #[test]
    fn a_real_structure_measures_as_elsewhere() {
        let Some(text) = test_data::read("boltz/0_model_0.cif") else {
            return;
        };
        let structure = mmcif::read(&text).unwrap();
        let backbone = Backbone::of(&structure);
        let near =
            |value: f64, expected: f64| assert!((value - expected).abs() < 2e-5 * expected.abs(), "{value} {expected}");
        let values = |measures: Vec<backbone::ResidueValue>| mean(measures.into_iter().map(|measure| measure.value));
        near(values(backbone.bonds(BackboneBond::Peptide)), 1.324_430_1);
        near(values(backbone.angles(Angle::AlphaCarbonNitrogen)), 116.359_33);
        near(values(backbone.angles(Angle::CarbonNitrogenAlpha)), 121.473_91);
        near(mean(backbone.alpha_distances().into_iter().map(|pair| pair.1)), 3.790_407);
        let phi = backbone.torsions(Torsion::Phi);
        assert_eq!((phi[0].0, phi[99].0, phi.len()), (1, 100, 412));
        near(phi[0].1, -68.577_23);
        near(phi[99].1, -108.056_11);
        assert_eq!(phi.iter().filter(|value| value.1 > 0.0).count(), 29);
        let omega = backbone.torsions(Torsion::Omega);
        near(omega[0].1, 177.659_8);
        near(omega[100].1, 178.430_91);
        assert_eq!(clashes(&structure, 1.5), []);
    }

    #[test]
    fn real_structures_are_left_handed_throughout() {
        let read = |name| pdb::read(&test_data::read(name)?).ok();
        for name in ["multimer-check-A100.pdb", "multimer-check-T4.pdb", "esmfold_server_short.pdb"] {
            let Some(structure) = read(name) else { continue };
            let volumes = Backbone::of(&structure).chirality_volumes();
            assert!(volumes.len() > 20);
            for (residue, volume) in volumes {
                assert!((2.23..2.77).contains(&volume), "{name} residue {residue}: {volume}");
            }
        }
    }
}
