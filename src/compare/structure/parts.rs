//! The measures that a mean would hide things from: every chain by itself, every pair of chains, every confident residue and atom.
//! The worst part is what each of them tells, with its name. Measures; judges nothing.

use super::interface::BoundingBox;
use super::{ModelPair, renumbered};
use crate::metric::geometry::{Backbone, Torsion};
use crate::metric::selection::residue_of_atoms;
use crate::metric::{Contacts, Lddt, Point, Superposition, lddt};
use crate::protein::name_of_residue;

/// Distance within which lDDT counts pairs, in ångström.
const NEAR: f64 = 15.0;

impl ModelPair<'_> {
    /// What single chains, pairs of chains and residues differ by, confident or not where nothing else is said.
    pub(super) fn measure_parts(&mut self) {
        self.measure_chains();
        self.measure_handedness();
        self.measure_peptides();
    }

    /// The confident residue that keeps least of its surroundings, from the test over all confident atoms.
    pub(super) fn measure_residues(&mut self, score: &Lddt, atoms: &[usize], residues: &[usize]) {
        let scored = score.per_residue.iter().enumerate();
        let scored = scored.filter_map(|(place, score)| Some((place, (*score)?)));
        let Some((place, worst)) = scored.min_by(|one, other| one.1.total_cmp(&other.1)) else {
            return;
        };
        let numbers = renumbered(atoms.iter().map(|&atom| residues[atom]));
        let atom = numbers.iter().position(|number| *number == place);
        let name = atom.and_then(|at| atoms.get(at)).map(|&atom| self.residue(atom));
        self.add("residue_lddt", worst);
        self.keep_place("residue_lddt", name);
    }

    /// The confident atom that lies farthest from its place.
    pub(super) fn measure_atoms(
        &mut self,
        motion: &Superposition,
        atoms: &[usize],
        reference: &[Point],
        model: &[Point],
    ) {
        let distances = motion.distances(model, reference).enumerate();
        let Some((place, distance)) = distances.max_by(|one, other| one.1.total_cmp(&other.1)) else {
            return;
        };
        let name =
            atoms.get(place).map(|&atom| format!("{} of {}", self.structure.atom_name[atom], self.residue(atom)));
        self.add("atom_max", distance);
        self.keep_place("atom_max", name);
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
        if let Some((score, name)) = own {
            self.add("chain_lddt", score);
            self.keep_place("chain_lddt", Some(name));
        }
        if let Some((score, name)) = between {
            self.add("interface_lddt", score);
            self.keep_place("interface_lddt", Some(name));
        }
    }

    /// Confident residues whose alpha carbon has the other hand.
    fn measure_handedness(&mut self) {
        let volumes = |points: &[Point]| Backbone::at(self.structure, points).chirality_volumes();
        let (before, after) = (volumes(self.reference), volumes(&self.model));
        if before.is_empty() {
            return;
        }
        let pairs = before.iter().zip(&after);
        let inverted: Vec<usize> = pairs
            .filter(|(one, other)| self.is_confident(one.0) && one.1 * other.1 < 0.0)
            .map(|(one, _)| one.0)
            .collect();
        let name = inverted.first().and_then(|&residue| self.residue_at(residue));
        self.add("inverted_residues", inverted.len() as f64);
        self.keep_place("inverted_residues", name);
    }

    /// The confident peptide bond that turned farthest.
    fn measure_peptides(&mut self) {
        let torsions = |points: &[Point]| Backbone::at(self.structure, points).torsions(Torsion::Omega);
        let (before, after) = (torsions(self.reference), torsions(&self.model));
        let pairs = before.iter().zip(&after);
        let turned =
            pairs.filter(|(one, _)| self.is_confident(one.0) && self.is_confident(one.0 + 1)).map(|(one, other)| {
                let turn = (one.1 - other.1).rem_euclid(360.0);
                (one.0, turn.min(360.0 - turn))
            });
        let Some((residue, turn)) = turned.max_by(|one, other| one.1.total_cmp(&other.1)) else {
            return;
        };
        let name = self.residue_at(residue);
        self.add("omega", turn);
        self.keep_place("omega", name);
    }

    fn is_confident(&self, residue: usize) -> bool {
        self.confident.get(residue) == Some(&true)
    }

    fn residue_at(&self, residue: usize) -> Option<String> {
        let atoms = self.structure.residues().into_iter().nth(residue)?;
        Some(self.residue(atoms.start))
    }

    /// `MET 7 in chain A`.
    fn residue(&self, atom: usize) -> String {
        name_of_residue(self.structure, atom)
    }

    fn keep_place(&mut self, key: &'static str, name: Option<String>) {
        self.places.extend(name.map(|name| (key, name)));
    }
}

/// Keeps the lowest score; what is no number is lower than all.
fn lower(worst: &mut Option<(f64, String)>, score: f64, name: impl FnOnce() -> String) {
    if worst.as_ref().is_none_or(|known| score < known.0 || score.is_nan()) {
        *worst = Some((score, name()));
    }
}
