//! `DockQ`: the quality of docking of two chains, from their contacts, their interface and the position of the smaller chain. Does not
//! pair atoms or chains.

use std::collections::HashSet;

use super::Point;
use super::contact::{for_each_contact_of_matter, squared_distance};
use super::error::{MetricError, check_lengths, check_points};
use super::superposition::{Superposition, superpose};

/// Residues touch when two of their atoms are nearer than this distance in ångström.
pub(crate) const CONTACT: f64 = 5.0;
/// Residues form the interface when two of their atoms are nearer than this distance in ångström.
const INTERFACE: f64 = 10.0;
/// Distances in ångström at which the two terms count half.
const INTERFACE_SCALE: f64 = 1.5;
const LIGAND_SCALE: f64 = 8.5;

/// The two chains of a complex, atom by atom the same in reference and model: those of the first chain, then the second's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DockedPair<'a> {
    /// Atoms of the reference's residues without hydrogens, see [`super::selection::is_docked`].
    pub(crate) reference: &'a [Point],
    /// The same atoms of the model.
    pub(crate) model: &'a [Point],
    /// Residue of every atom, from 0 over both chains; no residue is in both.
    pub(crate) residues: &'a [usize],
    /// Whether an atom is N, CA, C or O.
    pub(crate) backbone: &'a [bool],
    /// Number of atoms in the first chain.
    pub(crate) first_chain: usize,
}

/// The score and its three parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DockQ {
    /// The mean of the parts, from 0 to 1: above 0.23 acceptable, 0.49 medium, 0.80 high quality.
    pub(crate) score: f64,
    /// Fraction of the reference's residue contacts that the model keeps.
    pub(crate) native_contacts: f64,
    /// Root mean square distance of the interface's backbone in ångström, superposed by itself.
    pub(crate) interface_rmsd: f64,
    /// Root mean square distance of the smaller chain's backbone in ångström, superposed by the larger chain's; of two equal
    /// chains the first one's, superposed by the second's.
    pub(crate) ligand_rmsd: f64,
}

/// The `DockQ` of a model (Basu & Wallner, `PLoS` ONE 11, 2016): (fnat + 1/(1 + (iRMSD/1.5)²) + 1/(1 + (LRMSD/8.5)²)) / 3.
///
/// # Errors
/// When the lists do not correspond, points are not finite, a chain has no backbone, the reference's chains do not touch, and
/// when thousands of points lie in one place.
pub(crate) fn dockq(pair: &DockedPair) -> Result<DockQ, MetricError> {
    check(pair)?;
    let native = touching_residues(pair, pair.reference, CONTACT)?;
    if native.is_empty() {
        return Err(MetricError::TooFew { what: "contacts between the chains of the reference", found: 0, needed: 1 });
    }
    let kept = touching_residues(pair, pair.model, CONTACT)?.intersection(&native).count();
    let native_contacts = kept as f64 / native.len() as f64;

    let near = touching_residues(pair, pair.reference, INTERFACE)?;
    let interface: HashSet<usize> = near.into_iter().flat_map(|(first, second)| [first, second]).collect();
    let is_interface = |atom: usize| interface.contains(&pair.residues[atom]);
    let (model, reference) = backbone(pair, is_interface);
    let interface_rmsd = superpose(&model, &reference)?.rmsd;

    let (receptor, ligand) = receptor_and_ligand(pair);
    let (model, reference) = backbone(pair, |atom| receptor.contains(&atom));
    let frame = superpose(&model, &reference)?;
    let (model, reference) = backbone(pair, |atom| ligand.contains(&atom));
    let ligand_rmsd = rmsd_under(&frame, &model, &reference)?;

    let term = |rmsd: f64, scale: f64| 1.0 / (1.0 + (rmsd / scale).powi(2));
    Ok(DockQ {
        score: (native_contacts + term(interface_rmsd, INTERFACE_SCALE) + term(ligand_rmsd, LIGAND_SCALE)) / 3.0,
        native_contacts,
        interface_rmsd,
        ligand_rmsd,
    })
}

fn check(pair: &DockedPair) -> Result<(), MetricError> {
    check_points(pair.reference, pair.model, 2)?;
    check_lengths("residue numbers", pair.residues.len(), pair.reference.len())?;
    check_lengths("backbone flags", pair.backbone.len(), pair.reference.len())?;
    if pair.first_chain == 0 || pair.first_chain >= pair.reference.len() {
        return Err(MetricError::Malformed("both chains need atoms"));
    }
    Ok(())
}

/// Residues of the first and of the second chain with atoms nearer than a distance.
fn touching_residues(
    pair: &DockedPair,
    points: &[Point],
    distance: f64,
) -> Result<HashSet<(usize, usize)>, MetricError> {
    let mut found = HashSet::new();
    for_each_contact_of_matter(points, distance, |one, other| {
        let (first, second) = (one.min(other), one.max(other));
        let is_between = first < pair.first_chain && second >= pair.first_chain;
        // Atoms exactly that far apart do not touch.
        if is_between && squared_distance(points[first], points[second]) < distance * distance {
            found.insert((pair.residues[first], pair.residues[second]));
        }
    })?;
    Ok(found)
}

/// The backbone atoms of model and reference for which `counts` holds.
fn backbone(pair: &DockedPair, counts: impl Fn(usize) -> bool) -> (Vec<Point>, Vec<Point>) {
    let atoms = (0..pair.reference.len()).filter(|&atom| pair.backbone[atom] && counts(atom));
    atoms.map(|atom| (pair.model[atom], pair.reference[atom])).unzip()
}

/// The atoms of the chain with more residues, and of the other. Of two equal chains the second is the receptor, as in the program
/// that the score comes from (`DockQ` 2.1).
fn receptor_and_ligand(pair: &DockedPair) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
    let (first, second) = (0..pair.first_chain, pair.first_chain..pair.reference.len());
    let count = |atoms: &std::ops::Range<usize>| {
        let mut residues = pair.residues[atoms.clone()].to_vec();
        residues.sort_unstable();
        residues.dedup();
        residues.len()
    };
    if count(&first) > count(&second) { (first, second) } else { (second, first) }
}

fn rmsd_under(motion: &Superposition, mobile: &[Point], target: &[Point]) -> Result<f64, MetricError> {
    check_points(mobile, target, 1)?;
    let squares: f64 = motion.distances(mobile, target).map(|distance| distance * distance).sum();
    Ok((squares / mobile.len() as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::test_points::{moved, walk};
    use super::*;

    /// Two straight chains of two atoms a residue, 4.1 Å apart; the second chain is shorter and moved up by `shift`.
    fn complex(shift: f32) -> Vec<Point> {
        let first = (0..20u8).map(|index| [f32::from(index) * 2.0, f32::from(index % 3), 0.0]);
        let second = (0..12u8).map(|index| [f32::from(index) * 2.0, f32::from(index % 3) + 4.1, shift]);
        first.chain(second).collect()
    }

    fn score(model: &[Point]) -> Result<DockQ, MetricError> {
        let residues: Vec<usize> = (0..32).map(|atom| atom / 2).collect();
        dockq(&DockedPair {
            reference: &complex(0.0),
            model,
            residues: &residues,
            backbone: &[true; 32],
            first_chain: 20,
        })
    }

    #[test]
    fn a_moved_copy_is_perfect() {
        let result = score(&moved(&complex(0.0), 1)).unwrap();
        assert!((result.score - 1.0).abs() < 1e-6, "{result:?}");
    }

    #[test]
    fn a_lifted_ligand_loses_contacts_and_place() {
        let result = score(&complex(3.9)).unwrap();
        assert!((result.ligand_rmsd - 3.9).abs() < 1e-6);
        assert!(result.native_contacts > 0.0 && result.native_contacts < 1.0);
        assert!(result.interface_rmsd > 0.5 && result.interface_rmsd < 3.9);
        let far = score(&complex(100.0)).unwrap();
        assert!(far.native_contacts.abs() < f64::EPSILON);
        assert!(far.score < 0.1 && far.score < result.score);
    }

    #[test]
    fn of_equal_chains_the_second_is_the_receptor() {
        // Three times the atoms in the second chain, but as many residues: one atom of the first chain's last residue is off.
        let first = (0..6u8).map(|index| [f32::from(index) * 4.0, f32::from(index % 2), 0.0]);
        let second = (0..18u8).map(|index| [f32::from(index) * 1.3, f32::from(index % 3) + 4.1, f32::from(index % 2)]);
        let reference: Vec<Point> = first.chain(second).collect();
        let mut model = reference.clone();
        model[5][2] += 6.0;
        let residues: Vec<usize> = (0..6).chain((0..18).map(|atom| 6 + atom / 3)).collect();
        let pair = DockedPair {
            reference: &reference,
            model: &model,
            residues: &residues,
            backbone: &[true; 24],
            first_chain: 6,
        };
        // Superposed by the second chain, which is the same, five of six atoms stay and one is 6 Å away.
        let off = dockq(&pair).unwrap().ligand_rmsd;
        assert!((off - (36.0f64 / 6.0).sqrt()).abs() < 1e-6, "{off}");
        // The chain with more residues is the receptor wherever it stands.
        let longer: Vec<usize> = (0..6).chain(6..24).collect();
        let off = dockq(&DockedPair { residues: &longer, ..pair }).unwrap().ligand_rmsd;
        assert!((off - 6.0f64.sqrt()).abs() < 1e-6, "{off}");
        let shorter: Vec<usize> = (0..6).chain([6; 18]).collect();
        let off = dockq(&DockedPair { residues: &shorter, ..pair }).unwrap().ligand_rmsd;
        assert!(off > 0.5 && (off - 6.0f64.sqrt()).abs() > 0.1, "{off}");
    }

    #[test]
    fn atoms_at_just_the_distance_do_not_touch() {
        let reference = [[0.0; 3], [5.0, 0.0, 0.0], [4.9, 1.0, 0.0]];
        let pair = |residues| DockedPair {
            reference: &reference,
            model: &reference,
            residues,
            backbone: &[true; 3],
            first_chain: 1,
        };
        assert_eq!(touching_residues(&pair(&[0, 1, 2]), &reference, CONTACT).unwrap().len(), 0);
        let near = [[0.0; 3], [4.999, 0.0, 0.0], [0.0, 5.0, 0.0]];
        assert_eq!(touching_residues(&pair(&[0, 1, 2]), &near, CONTACT).unwrap(), HashSet::from([(0, 1)]));
    }

    #[test]
    fn what_has_no_score_is_an_error() {
        let points = walk(32, 2);
        let apart = complex(50.0);
        let (residues, backbone): (Vec<usize>, _) = ((0..32).collect(), [true; 32]);
        let whole =
            DockedPair { reference: &apart, model: &points, residues: &residues, backbone: &backbone, first_chain: 20 };
        let message = |pair: DockedPair| dockq(&pair).unwrap_err().to_string();
        insta::assert_snapshot!(message(whole), @"needs at least 1 contacts between the chains of the reference, got 0");
        insta::assert_snapshot!(message(DockedPair { first_chain: 32, ..whole }), @"both chains need atoms");
        insta::assert_snapshot!(message(DockedPair { residues: &[], ..whole }), @"0 residue numbers cannot be compared with 32");
        let bare = DockedPair { reference: &complex(0.0), backbone: &[false; 32], ..whole };
        insta::assert_snapshot!(message(bare), @"needs at least 1 points, got 0");
    }
}
