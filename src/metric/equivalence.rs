//! Gives equivalent atoms the names that fit a reference, before all-atom metrics compare atoms by name. Does not superpose.

use std::ops::Range;

use super::Point;
use super::contact::squared_distance;
use super::error::{MetricError, check_lengths};
use crate::protein::Structure;
use crate::protein::residue::equivalent_atoms;

/// Swaps the positions of equivalent atoms in `model` (the carboxyl oxygens of ASP and GLU, the ring edges of PHE and TYR)
/// wherever the distances to the residue's backbone then agree better with the reference. Gives the indices of the residues
/// swapped.
///
/// `structure` names the atoms of both lists. Nothing is superposed; a residue without full backbone keeps its names.
///
/// # Errors
/// When a list has not one point for every atom.
pub(crate) fn match_equivalent_names(
    structure: &Structure,
    reference: &[Point],
    model: &mut [Point],
) -> Result<Vec<usize>, MetricError> {
    check_lengths("points", reference.len(), structure.atoms())?;
    check_lengths("points", model.len(), structure.atoms())?;
    let mut swapped = Vec::new();
    for (index, residue) in structure.residues().into_iter().enumerate() {
        let pairs = equivalent_atoms(structure.res_name[residue.start].as_str());
        let Some(EquivalentAtoms { pairs, backbone }) = EquivalentAtoms::find(structure, &residue, pairs) else {
            continue;
        };
        // Equal conformations have equal distances, so the naming with the smaller squared differences fits better.
        let mismatch = |atom: usize, position: Point| -> f64 {
            let apart = |anchor: usize| {
                let here = squared_distance(position, model[anchor]).sqrt();
                (here - squared_distance(reference[atom], reference[anchor]).sqrt()).powi(2)
            };
            backbone.iter().map(|&anchor| apart(anchor)).sum()
        };
        let as_named: f64 = pairs.iter().map(|&(a, b)| mismatch(a, model[a]) + mismatch(b, model[b])).sum();
        let traded: f64 = pairs.iter().map(|&(a, b)| mismatch(a, model[b]) + mismatch(b, model[a])).sum();
        if traded < as_named {
            for &(first, second) in &pairs {
                model.swap(first, second);
            }
            swapped.push(index);
        }
    }
    Ok(swapped)
}

/// The atoms of one residue that matter here, by index.
struct EquivalentAtoms {
    pairs: Vec<(usize, usize)>,
    backbone: [usize; 4],
}

impl EquivalentAtoms {
    /// `None` when no atoms may trade names, or one is missing.
    fn find(structure: &Structure, residue: &Range<usize>, pairs: &[(&str, &str)]) -> Option<Self> {
        let atom = |name: &str| structure.atom_named(residue, name);
        let pairs: Option<Vec<(usize, usize)>> = pairs.iter().map(|(a, b)| Some((atom(a)?, atom(b)?))).collect();
        Some(Self {
            pairs: pairs.filter(|pairs| !pairs.is_empty())?,
            backbone: [atom("N")?, atom("CA")?, atom("C")?, atom("O")?],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::superpose;
    use super::super::test_points::moved;
    use super::*;
    use crate::protein::{Label, pdb, test_data};

    fn residue(name: &str, atoms: &[(&str, Point)]) -> Structure {
        let mut structure = Structure::default();
        for &(atom, position) in atoms {
            let label = |text| Label::new(text).unwrap();
            structure.push(label("A"), 1, label(name), label(atom), label("C"), position);
        }
        structure
    }

    const ASPARTATE: [(&str, Point); 6] = [
        ("N", [0.0, 0.0, 0.0]),
        ("CA", [1.46, 0.0, 0.0]),
        ("C", [2.0, 1.4, 0.0]),
        ("O", [1.3, 2.4, 0.2]),
        ("OD1", [2.9, -0.9, -2.3]),
        ("OD2", [1.2, -2.2, -2.0]),
    ];

    #[test]
    fn traded_names_are_traded_back() {
        let structure = residue("ASP", &ASPARTATE);
        let mut model = moved(&structure.coord, 1);
        let good = model.clone();
        assert_eq!(match_equivalent_names(&structure, &structure.coord, &mut model), Ok(vec![]));
        model.swap(4, 5);
        assert_eq!(match_equivalent_names(&structure, &structure.coord, &mut model), Ok(vec![0]));
        assert_eq!(model, good);
    }

    #[test]
    fn other_residues_and_incomplete_ones_keep_their_names() {
        for structure in [residue("LEU", &ASPARTATE), residue("ASP", &ASPARTATE[1..])] {
            let mut model = structure.coord.clone();
            let last = model.len() - 1;
            model.swap(last, last - 1);
            assert_eq!(match_equivalent_names(&structure, &structure.coord, &mut model), Ok(vec![]));
        }
        let structure = residue("ASP", &ASPARTATE);
        assert!(match_equivalent_names(&structure, &structure.coord, &mut []).is_err());
    }

    #[test]
    fn every_traded_residue_of_a_real_structure_is_found() {
        let Some(text) = test_data::read("multimer-check-T4.pdb") else {
            return;
        };
        let structure = pdb::read(&text).unwrap();
        let mut model = structure.coord.clone();
        let mut traded = Vec::new();
        for (index, residue) in structure.residues().into_iter().enumerate() {
            for (first, second) in equivalent_atoms(structure.res_name[residue.start].as_str()) {
                let atom = |name| structure.atom_named(&residue, name).unwrap();
                model.swap(atom(first), atom(second));
                traded.push(index);
            }
        }
        traded.dedup();
        assert!(superpose(&model, &structure.coord).unwrap().rmsd > 0.1);
        assert_eq!(match_equivalent_names(&structure, &structure.coord, &mut model), Ok(traded));
        assert_eq!(model, structure.coord);
    }
}
