//! Metrics of single parts, which a mean over the structure would hide: chains, pairs of chains, confident residues and atoms. Each
//! metric is that of the worst part, with its name. Does not give a verdict.

use super::interface::BoundingBox;
use super::{ModelPair, renumbered};
use crate::metric::geometry::{Backbone, Torsion};
use crate::metric::selection::{Part, chain_of_atoms, residue_of_atoms};
use crate::metric::{Contacts, Lddt, Point, Superposition, changed_hands, lddt};
use crate::protein::{Structure, name_of_residue};

/// Distance within which lDDT counts pairs, in ångström.
const NEAR: f64 = 15.0;

impl ModelPair<'_> {
    /// Measures chains, pairs of chains and residues, confident or not unless a metric says otherwise.
    pub(super) fn measure_parts(&mut self) {
        self.measure_chains();
        self.measure_handedness();
        self.measure_peptides();
    }

    /// The confident residue with the least lDDT, from the score of all confident atoms.
    pub(super) fn measure_residues(&mut self, score: &Lddt, atoms: &[usize], residues: &[usize]) {
        let scored = score.per_residue.iter().enumerate().filter_map(|(place, score)| Some((place, (*score)?)));
        let Some((place, worst)) = scored.min_by(|one, other| one.1.total_cmp(&other.1)) else { return };
        let numbers = renumbered(atoms.iter().map(|&atom| residues[atom]));
        let atom = numbers.iter().position(|number| *number == place);
        let name = atom.and_then(|at| atoms.get(at)).map(|&atom| name_of_residue(self.structure, atom));
        self.add_at("residue_lddt", worst, name);
    }

    /// The confident atom that moved farthest.
    pub(super) fn measure_atoms(
        &mut self,
        motion: &Superposition,
        atoms: &[usize],
        reference: &[Point],
        model: &[Point],
    ) {
        let distances = motion.distances(model, reference).enumerate();
        let Some((place, distance)) = distances.max_by(|one, other| one.1.total_cmp(&other.1)) else { return };
        let name =
            |&atom: &usize| format!("{} of {}", self.structure.atom_name[atom], name_of_residue(self.structure, atom));
        self.add_at("atom_max", distance, atoms.get(place).map(name));
    }

    fn measure_chains(&mut self) {
        let chains = self.structure.chains();
        if chains.len() < 2 {
            return;
        }
        let residues = residue_of_atoms(self.structure);
        let mut own: Option<(f64, String)> = None;
        for (name, atoms) in &chains {
            let numbers = renumbered(residues[atoms.clone()].iter().copied());
            let (reference, model) = (&self.reference[atoms.clone()], &self.model[atoms.clone()]);
            if let Ok(score) = lddt(reference, model, &numbers, Contacts::InEither) {
                lower(&mut own, score.global, || format!("chain {name}"));
            }
        }
        let extents: Vec<[BoundingBox; 2]> = chains
            .iter()
            .map(|(_, atoms)| [self.reference, &self.model].map(|points| BoundingBox::of(points[atoms.clone()].iter())))
            .collect();
        let mut between: Option<(f64, String)> = None;
        for (place, (name, atoms)) in chains.iter().enumerate() {
            for (later, (other, others)) in chains.iter().enumerate().skip(place + 1) {
                let is_near = (0..2).any(|side| extents[place][side].is_within(NEAR, &extents[later][side]));
                if !is_near {
                    continue;
                }
                let points = |points: &[Point]| [&points[atoms.clone()], &points[others.clone()]].concat();
                // Atoms of one chain count as one residue, so that only pairs between the two are left.
                let sides = [vec![0; atoms.len()], vec![1; others.len()]].concat();
                let score = lddt(&points(self.reference), &points(&self.model), &sides, Contacts::InEither);
                if let Ok(score) = score {
                    lower(&mut between, score.global, || format!("chains {name} and {other}"));
                }
            }
        }
        for (key, worst) in [("chain_lddt", own), ("interface_lddt", between)] {
            if let Some((score, name)) = worst {
                self.add_at(key, score, Some(name));
            }
        }
    }

    /// Confident residues with inverted chirality.
    fn measure_handedness(&mut self) {
        let volumes = |points: &[Point]| Backbone::at(self.structure, points).chirality_volumes();
        let (before, after) = (volumes(self.reference), volumes(&self.model));
        if before.is_empty() {
            return;
        }
        let pairs = before.iter().zip(&after);
        let inverted = pairs.filter(|(one, other)| self.is_confident(one.0) && one.1 * other.1 < 0.0);
        let inverted: Vec<usize> = inverted.map(|(one, _)| one.0).collect();
        let name = inverted.first().and_then(|&residue| self.residue_at(residue));
        self.add_at("inverted_residues", inverted.len() as f64, name);
    }

    /// The confident peptide bond that turned farthest.
    fn measure_peptides(&mut self) {
        let torsions = |points: &[Point]| Backbone::at(self.structure, points).torsions(Torsion::Omega);
        let (before, after) = (torsions(self.reference), torsions(&self.model));
        let pairs = before.iter().zip(&after);
        let confident = pairs.filter(|(one, _)| self.is_confident(one.0) && self.is_confident(one.0 + 1));
        let turned = confident.map(|(one, other)| {
            let turn = (one.1 - other.1).rem_euclid(360.0);
            (one.0, turn.min(360.0 - turn))
        });
        if let Some((residue, turn)) = turned.max_by(|one, other| one.1.total_cmp(&other.1)) {
            self.add_at("omega", turn, self.residue_at(residue));
        }
    }

    fn is_confident(&self, residue: usize) -> bool {
        self.confident.get(residue) == Some(&true)
    }

    fn residue_at(&self, residue: usize) -> Option<String> {
        let atoms = self.structure.residues().into_iter().nth(residue)?;
        Some(name_of_residue(self.structure, atoms.start))
    }

    /// Adds a metric with the place of its worst part.
    fn add_at(&mut self, key: &'static str, observed: f64, place: Option<String>) {
        self.add(key, observed);
        self.places.extend(place.map(|place| (key, place)));
    }
}

/// Keeps the lowest score. NaN is lower than all numbers.
fn lower(worst: &mut Option<(f64, String)>, score: f64, name: impl FnOnce() -> String) {
    if worst.as_ref().is_none_or(|known| score < known.0 || score.is_nan()) {
        *worst = Some((score, name()));
    }
}

/// The fewest points that can be chiral.
pub(super) const FEWEST: usize = 4;

/// The fraction of alpha carbons with inverted chirality, confident or not, which neither lDDT nor confidence shows. If none has its
/// neighbours, as in a backbone, an alpha trace or glycine, it is the fraction of changed turns of the chain of alpha carbons, or of all atoms if there are too few alpha carbons.
/// Returns `None` for fewer than four atoms.
pub(super) fn inverted(structure: &Structure, reference: &[Point], model: &[Point]) -> Option<f64> {
    let volumes = |points| Backbone::at(structure, points).chirality_volumes();
    let (one, other) = (volumes(reference), volumes(model));
    if !one.is_empty() {
        let changed = one.iter().zip(&other).filter(|(one, other)| one.1 * other.1 < 0.0);
        return Some(changed.count() as f64 / one.len() as f64);
    }
    let alphas = Part::AlphaCarbons.of(structure);
    let chosen = if alphas.len() < FEWEST { Part::All.of(structure) } else { alphas };
    let points = |all: &[Point]| -> Option<Vec<Point>> { chosen.iter().map(|&atom| all.get(atom).copied()).collect() };
    let chains = chain_of_atoms(structure);
    let chains: Vec<usize> = chosen.iter().map(|&atom| chains[atom]).collect();
    changed_hands(&points(model)?, &points(reference)?, &chains).ok()?.fraction()
}
