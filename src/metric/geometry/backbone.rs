//! Bonds, angles, torsions and chirality along the backbone, residue by residue.

use super::vector::{Vector, angle, cross, distance, inner, minus, torsion};
use crate::metric::Point;
use crate::protein::{Label, Structure};

/// The backbone of every residue of one model of a structure, and its beta carbon.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Backbone {
    /// One entry per residue, in the order of [`Structure::residues`].
    pub(crate) residues: Vec<ResidueAtoms>,
}

/// The positions of a residue's atoms in ångström; `None` for missing atoms.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct ResidueAtoms {
    /// Three-letter name.
    pub(crate) name: Label,
    /// Chain, counted from 0. A residue is bonded to the next entry of the same chain, whatever their numbers are.
    pub(crate) chain: usize,
    /// N.
    pub(crate) nitrogen: Option<Vector>,
    /// CA.
    pub(crate) alpha: Option<Vector>,
    /// C.
    pub(crate) carbon: Option<Vector>,
    /// O.
    pub(crate) oxygen: Option<Vector>,
    /// CB.
    pub(crate) beta: Option<Vector>,
}

/// A value of one residue, NaN if a position of its atoms is not finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ResidueValue {
    /// Index of the residue, or of the first of two residues.
    pub(crate) residue: usize,
    pub(crate) value: f64,
    /// The difference to the ideal value, in standard deviations of accurate crystal structures.
    pub(crate) deviation: f64,
}

/// A bond of the backbone, in ångström. Ideals after Engh & Huber (2001).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackboneBond {
    /// N to CA, 1.458 ± 0.019.
    NitrogenAlpha,
    /// CA to C, 1.525 ± 0.021.
    AlphaCarbon,
    /// C to O, 1.231 ± 0.020.
    CarbonOxygen,
    /// C to N of the next residue, 1.329 ± 0.014, before proline 1.341 ± 0.016.
    Peptide,
}

/// An angle of the backbone across a peptide bond, in degrees. Ideals after Engh & Huber (2001).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Angle {
    /// CA, C, N of the next residue: 117.2 ± 2.2.
    AlphaCarbonNitrogen,
    /// C, then N and CA of the next residue: 121.7 ± 2.5.
    CarbonNitrogenAlpha,
}

/// A torsion of the backbone, in degrees from −180 to 180.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Torsion {
    /// C of the residue before, N, CA, C. Rarely positive but in glycine.
    Phi,
    /// CA, C, N and CA of the next residue: near 180 (trans) or, mostly before proline, near 0 (cis).
    Omega,
}

const PROLINE: Label = Label::literal("PRO");

impl Backbone {
    /// The backbone of a structure. Ligands and waters take part as residues without backbone atoms.
    pub(crate) fn of(structure: &Structure) -> Self {
        Self::at(structure, &structure.coord)
    }

    /// The same with the atoms at other points, one for each, such as those of another model.
    pub(crate) fn at(structure: &Structure, points: &[Point]) -> Self {
        const NAMES: [Label; 5] =
            [Label::literal("N"), Label::literal("CA"), Label::literal("C"), Label::literal("O"), Label::literal("CB")];
        let mut residues: Vec<ResidueAtoms> = Vec::new();
        let (mut chain, mut last) = (0, None);
        for range in structure.residues() {
            let id = structure.chain_id[range.start];
            chain += usize::from(last.is_some_and(|last| last != id));
            last = Some(id);
            let mut found = [None; 5];
            for atom in range.clone() {
                if let Some(place) = NAMES.iter().position(|&name| name == structure.atom_name[atom]) {
                    found[place] = found[place].or(points.get(atom).map(|point| point.map(f64::from)));
                }
            }
            let ([nitrogen, alpha, carbon, oxygen, beta], name) = (found, structure.res_name[range.start]);
            residues.push(ResidueAtoms { name, chain, nitrogen, alpha, carbon, oxygen, beta });
        }
        Self { residues }
    }

    /// The length of a bond wherever both its atoms exist.
    pub(crate) fn bonds(&self, bond: BackboneBond) -> Vec<ResidueValue> {
        let length = |first: Option<Vector>, second: Option<Vector>| Some(distance(first?, second?));
        match bond {
            BackboneBond::NitrogenAlpha => self.each((1.458, 0.019), |here| length(here.nitrogen, here.alpha)),
            BackboneBond::AlphaCarbon => self.each((1.525, 0.021), |here| length(here.alpha, here.carbon)),
            BackboneBond::CarbonOxygen => self.each((1.231, 0.020), |here| length(here.carbon, here.oxygen)),
            BackboneBond::Peptide => self.each_pair(|here, next| {
                let ideal = if next.name == PROLINE { (1.341, 0.016) } else { (1.329, 0.014) };
                Some((length(here.carbon, next.nitrogen)?, ideal))
            }),
        }
    }

    /// The size of an angle wherever its three atoms exist.
    pub(crate) fn angles(&self, kind: Angle) -> Vec<ResidueValue> {
        self.each_pair(|here, next| match kind {
            Angle::AlphaCarbonNitrogen => Some((angle(here.alpha?, here.carbon?, next.nitrogen?), (117.2, 2.2))),
            Angle::CarbonNitrogenAlpha => Some((angle(here.carbon?, next.nitrogen?, next.alpha?), (121.7, 2.5))),
        })
    }

    /// Index of the residue and torsion in degrees wherever its four atoms exist. Phi belongs to the residue with the CA in the
    /// middle, omega to the first of its two residues.
    pub(crate) fn torsions(&self, kind: Torsion) -> Vec<(usize, f64)> {
        let value = |here: &ResidueAtoms, next: &ResidueAtoms| match kind {
            Torsion::Phi => Some(torsion(here.carbon?, next.nitrogen?, next.alpha?, next.carbon?)),
            Torsion::Omega => Some(torsion(here.alpha?, here.carbon?, next.nitrogen?, next.alpha?)),
        };
        let shift = usize::from(kind == Torsion::Phi);
        self.pairs().filter_map(|(index, here, next)| Some((index + shift, value(here, next)?))).collect()
    }

    /// Index of the residue and distance in ångström to the next alpha carbon of its chain: 3.80 across a trans peptide bond,
    /// 2.8 to 3.1 across a cis one, more at a break.
    pub(crate) fn alpha_distances(&self) -> Vec<(usize, f64)> {
        self.pairs().filter_map(|(index, here, next)| Some((index, distance(here.alpha?, next.alpha?)))).collect()
    }

    /// Index of the residue and (N−CA)·[(C−CA)×(CB−CA)] in Å³: about +2.5 for L-amino acids, −2.5 for their mirror images.
    pub(crate) fn chirality_volumes(&self) -> Vec<(usize, f64)> {
        let volume = |here: &ResidueAtoms| {
            let from_alpha = |atom: Option<Vector>| Some(minus(atom?, here.alpha?));
            Some(inner(from_alpha(here.nitrogen)?, cross(from_alpha(here.carbon)?, from_alpha(here.beta)?)))
        };
        self.residues.iter().enumerate().filter_map(|(index, here)| Some((index, volume(here)?))).collect()
    }

    /// Neighbours along a chain, with the index of the first.
    fn pairs(&self) -> impl Iterator<Item = (usize, &ResidueAtoms, &ResidueAtoms)> {
        let pairs = self.residues.iter().zip(self.residues.iter().skip(1)).enumerate();
        pairs.map(|(index, (here, next))| (index, here, next)).filter(|(_, here, next)| here.chain == next.chain)
    }

    /// The values of single residues with one ideal, which is a mean and a standard deviation.
    fn each(&self, ideal: (f64, f64), value: impl Fn(&ResidueAtoms) -> Option<f64>) -> Vec<ResidueValue> {
        let residues = self.residues.iter().enumerate();
        residues.filter_map(|(index, here)| Some(ResidueValue::new(index, value(here)?, ideal))).collect()
    }

    /// The values of neighbours, each with its own ideal.
    fn each_pair(
        &self,
        value: impl Fn(&ResidueAtoms, &ResidueAtoms) -> Option<(f64, (f64, f64))>,
    ) -> Vec<ResidueValue> {
        let values = self.pairs().filter_map(|(index, here, next)| Some((index, value(here, next)?)));
        values.map(|(index, (value, ideal))| ResidueValue::new(index, value, ideal)).collect()
    }
}

impl ResidueValue {
    fn new(residue: usize, value: f64, (mean, deviation): (f64, f64)) -> Self {
        Self { residue, value, deviation: (value - mean) / deviation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(atoms: &[(&str, i32, &str, &str, [f32; 3])]) -> Structure {
        let mut structure = Structure::default();
        for &(chain, number, residue, name, position) in atoms {
            let label = |text| Label::new(text).unwrap();
            structure.push(label(chain), number, label(residue), label(name), label("C"), position);
        }
        structure
    }

    /// Two residues in a plane, a third alone in its chain.
    fn sample() -> Structure {
        structure(&[
            ("A", 1, "ALA", "N", [0.0, 0.0, 0.0]),
            ("A", 1, "ALA", "CA", [1.458, 0.0, 0.0]),
            ("A", 1, "ALA", "C", [2.0, 1.4, 0.0]),
            ("A", 1, "ALA", "CB", [2.0, -0.7, -1.2]),
            ("A", 7, "PRO", "N", [3.3, 1.5, 0.0]),
            ("A", 7, "PRO", "CA", [4.1, 2.7, 0.0]),
            ("B", 1, "GLY", "N", [4.6, 2.7, 0.0]),
            ("B", 1, "GLY", "CA", [4.6, f32::NAN, 0.0]),
        ])
    }

    #[test]
    fn residues_bond_to_the_next_of_their_chain_only() {
        let backbone = Backbone::of(&sample());
        let bonds = backbone.bonds(BackboneBond::NitrogenAlpha);
        assert_eq!(bonds.iter().map(|bond| bond.residue).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(bonds[0].deviation.abs() < 1e-4);
        assert!(bonds[2].value.is_nan() && bonds[2].deviation.is_nan());
        let peptide = backbone.bonds(BackboneBond::Peptide);
        assert_eq!(peptide.len(), 1);
        let length = 1.3f64.hypot(0.1);
        assert!((peptide[0].value - length).abs() < 1e-6);
        assert!((peptide[0].deviation - (length - 1.341) / 0.016).abs() < 1e-3, "proline follows");
        assert_eq!(backbone.bonds(BackboneBond::CarbonOxygen), []);
        assert_eq!(backbone.alpha_distances().len(), 1);
    }

    #[test]
    fn a_flat_zigzag_is_trans_and_a_mirror_changes_hands() {
        let mut structure = sample();
        let omega = Backbone::of(&structure).torsions(Torsion::Omega);
        assert!((omega[0].1.abs() - 180.0).abs() < 1e-6);
        assert_eq!(Backbone::of(&structure).torsions(Torsion::Phi), []);
        let volume = Backbone::of(&structure).chirality_volumes();
        assert_eq!(volume.len(), 1);
        assert!(volume[0].1 > 2.0, "{volume:?}");
        for position in &mut structure.coord {
            position[2] = -position[2];
        }
        let mirrored = Backbone::of(&structure).chirality_volumes();
        assert!((mirrored[0].1 + volume[0].1).abs() < 1e-9);
    }
}
