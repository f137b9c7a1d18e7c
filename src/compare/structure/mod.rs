//! Whether two structures of one input are the same: superposed by what both sides are confident of, measured in several
//! ways because no single metric suffices, and compared with gates and noise floors. Knows no snapshot and no suite.

mod chirality;
mod confidence;
mod digits;
mod failed;
mod identity;
mod interface;
mod pae;
mod parts;
mod plddt;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::metrics::measured;
use crate::diagnosis::Failed;
use crate::metric::selection::{Part, residue_of_atoms};
use crate::metric::{Contacts, Point, lddt, match_equivalent_names, mean_absolute_error, superpose};
use crate::metric_value::{MetricValue, MetricVerdict, NoiseFloor, count, show};
use crate::prediction::contract::FactorScale;
use crate::prediction::gates::StructureGates;
use crate::protein::{Structure, name_of_atom};

pub(crate) use confidence::{behind, factor_of, of_residues};
pub(crate) use failed::aspect;
pub(crate) use identity::faults as atom_faults;
pub(crate) use interface::least_dockq;
pub use pae::compare as compare_pae;
pub(crate) use plddt::compare_confidence;
use plddt::{confidence_measures, mask};

/// A structure and what the model thinks of its residues.
#[derive(Debug, Clone)]
pub(crate) struct Side<'a> {
    /// The atoms.
    pub(crate) structure: &'a Structure,
    /// Confidence of every residue as a fraction of 1, in the order of [`Structure::residues`].
    pub(crate) confidence: Option<Vec<f64>>,
    /// How the temperature factors carry it, where they are confidences.
    pub(crate) scale: Option<FactorScale>,
}

impl Side<'_> {
    /// The temperature factors of all atoms as fractions of 1.
    fn factors(&self) -> Option<Vec<f64>> {
        let (factors, scale) = (self.structure.b_factor.as_ref()?, self.scale?);
        Some(factors.iter().map(|factor| factor / scale.greatest).collect())
    }
}

/// What a comparison of two structures found.
#[derive(Debug, Clone, PartialEq)]
pub struct StructureComparison {
    /// What is wrong whatever the measures say; nothing was measured where the atoms are not the same ones.
    pub(crate) faults: Vec<String>,
    /// Every measure that could be taken.
    pub(crate) measures: Vec<MetricValue>,
    /// How many residues both sides are confident of, and how many there are.
    pub(crate) confident: (usize, usize),
    /// For every residue whether both sides are confident of it; empty where nothing was measured.
    pub(crate) mask: Vec<bool>,
    /// The confident alpha carbon that moved farthest, in words.
    pub(crate) farthest: Option<String>,
    /// Where the worst part of a measure is, by the key of the measure.
    pub(crate) places: BTreeMap<&'static str, String>,
    /// Which model the measures are of, counted from 0, and how many there are: of several the worst one tells.
    pub(crate) model: (usize, usize),
}

impl StructureComparison {
    /// The worst that a measure says.
    pub(crate) fn verdict(&self) -> MetricVerdict {
        let measured = self.measures.iter().map(MetricValue::verdict).max();
        match measured {
            Some(verdict) if self.faults.is_empty() => verdict,
            _ => MetricVerdict::Different,
        }
    }

    /// What failed, for those who look for the cause.
    pub(crate) fn failed(&self) -> Failed<'_> {
        Failed { aspect: aspect(&self.measures), confident: (!self.mask.is_empty()).then_some(self.mask.as_slice()) }
    }

    /// One line: the verdict, and the faults or the measures behind it.
    pub(crate) fn summary(&self) -> String {
        let verdict = match self.model {
            (_, 0 | 1) => self.verdict().to_string(),
            (model, models) => format!("{}: model {} of {models}", self.verdict(), model + 1),
        };
        if !self.faults.is_empty() {
            return format!("{verdict}: {}", self.faults.join("; "));
        }
        let own = self.verdict();
        let telling = self.measures.iter().filter(|measure| measure.verdict() == own);
        let telling: Vec<String> = telling.take(3).map(|measure| self.tell(measure)).collect();
        let (confident, residues) = self.confident;
        let telling = if telling.is_empty() { "nothing could be measured".to_owned() } else { telling.join("; ") };
        format!("{verdict}: {telling} ({confident} of {} confident)", count(residues, "residue"))
    }

    /// A measure and where its worst part is.
    pub(crate) fn tell(&self, measure: &MetricValue) -> String {
        match self.places.get(measure.key).filter(|_| measure.used() > 0.0) {
            Some(place) => format!("{measure} ({place})"),
            None => measure.to_string(),
        }
    }

    /// All measures, one a line, and where the greatest difference is.
    pub(crate) fn lines(&self) -> Vec<String> {
        let measures = self.measures.iter();
        let measures = measures.map(|measure| format!("{}: {}", self.tell(measure), measure.verdict()));
        measures.chain(self.farthest.clone()).collect()
    }
}

/// Holds a structure against the one that is expected. Both must have even columns.
///
/// Residues count as confident when both sides reach the gate, and all do where a side says nothing. Atoms that may trade
/// names are given those that fit first.
pub(crate) fn compare_structures(
    expected: &Side<'_>,
    got: &Side<'_>,
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> StructureComparison {
    let residues = expected.structure.residues().len();
    let mut found = StructureComparison {
        faults: identity::faults(expected.structure, got.structure),
        measures: Vec::new(),
        confident: (0, residues),
        mask: Vec::new(),
        farthest: None,
        places: BTreeMap::new(),
        model: (0, expected.structure.model_count()),
    };
    if !found.faults.is_empty() {
        return found;
    }
    let atoms = expected.structure.atoms().max(1);
    let models = expected.structure.coord.chunks_exact(atoms);
    let pairs = models.zip(got.structure.coord.chunks_exact(atoms)).enumerate();
    for (index, (reference, model)) in pairs {
        let mut pair = ModelPair::new(expected, got, reference, model, gates);
        pair.measure();
        if !pair.has_placed_atoms() {
            // Where no residue is confident and no two residues are near each other, every place still counts.
            pair.confident.fill(true);
            pair.measures.clear();
            pair.places.clear();
            pair.measure();
        }
        for measure in &mut pair.measures {
            measure.floor = floor.get(measure.key);
        }
        if index == 0 || is_worse(&pair.measures, &found.measures) {
            found.confident.0 = pair.confident.iter().filter(|confident| **confident).count();
            found.mask = pair.confident;
            found.measures = pair.measures;
            found.farthest = pair.farthest;
            found.places = pair.places;
            found.model.0 = index;
        }
    }
    if digits::half_precision(&expected.structure.coord).is_none()
        && let Some(format) = digits::half_precision(&got.structure.coord)
    {
        let words = format!("all coordinates are {format} numbers, and those expected are not");
        found.faults.push(words);
    }
    found
}

/// Whether the worst of some measures is worse than that of others.
fn is_worse(measures: &[MetricValue], others: &[MetricValue]) -> bool {
    let worst = |measures: &[MetricValue]| {
        let used = measures.iter().map(|measure| (measure.verdict(), measure.used()));
        used.max_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)))
    };
    match (worst(measures), worst(others)) {
        (Some(own), Some(other)) => own.0.cmp(&other.0).then(own.1.total_cmp(&other.1)).is_gt(),
        (own, other) => own.is_some() && other.is_none(),
    }
}

struct ModelPair<'a> {
    structure: &'a Structure,
    gates: &'a StructureGates,
    reference: &'a [Point],
    model: Vec<Point>,
    confidences: Option<(&'a [f64], &'a [f64])>,
    /// How far the temperature factors of all atoms lie apart on average.
    factor_error: Option<f64>,
    /// For every residue whether both sides are confident of it.
    confident: Vec<bool>,
    measures: Vec<MetricValue>,
    farthest: Option<String>,
    places: BTreeMap<&'static str, String>,
}

impl<'a> ModelPair<'a> {
    fn new(
        expected: &'a Side<'a>,
        got: &'a Side<'a>,
        reference: &'a [Point],
        model: &'a [Point],
        gates: &'a StructureGates,
    ) -> Self {
        let residues = expected.structure.residues().len();
        let confidences = expected.confidence.as_deref().zip(got.confidence.as_deref());
        let confidences = confidences.filter(|(one, other)| one.len() == residues && other.len() == residues);
        let confident = match confidences {
            Some((one, other)) => mask(one, other, gates.confidence),
            None => vec![true; residues],
        };
        let mut model = model.to_vec();
        // Both lists have one point for each atom, so that this cannot fail.
        let _ = match_equivalent_names(expected.structure, reference, &mut model);
        Self {
            structure: expected.structure,
            gates,
            reference,
            model,
            confidences,
            factor_error: expected
                .factors()
                .zip(got.factors())
                .map(|(one, other)| mean_absolute_error(&other, &one).unwrap_or(f64::NAN)),
            confident,
            measures: Vec::new(),
            farthest: None,
            places: BTreeMap::new(),
        }
    }

    fn measure(&mut self) {
        let residues = residue_of_atoms(self.structure);
        let kept = |atom: &usize| self.confident.get(residues[*atom]) == Some(&true);
        let alphas: Vec<usize> = Part::AlphaCarbons.of(self.structure).into_iter().filter(kept).collect();
        let all: Vec<usize> = (0..self.structure.atoms()).filter(kept).collect();
        self.measure_alphas(&alphas);
        let (reference, model) = self.points(&all);
        if let Ok(motion) = superpose(&model, &reference) {
            self.add("rmsd", motion.rmsd);
            self.measure_atoms(&motion, &all, &reference, &model);
        }
        let numbers = renumbered(all.iter().map(|&atom| residues[atom]));
        if let Ok(score) = lddt(&reference, &model, &numbers, Contacts::InReference) {
            self.add("lddt", score.global);
            self.measure_residues(&score, &all, &residues);
        }
        if let Ok(score) = lddt(self.reference, &self.model, &residues, Contacts::InEither) {
            self.add("unmasked_lddt", score.global);
        }
        self.measure_parts();
        if let Some(score) = least_dockq(self.structure, self.reference, &self.model, &self.confident) {
            self.add("dockq", score);
        }
        if let Some(inverted) = chirality::inverted(self.structure, self.reference, &self.model) {
            self.add("inverted", inverted);
        }
        if let Some((one, other)) = self.confidences {
            self.measures.extend(confidence_measures(one, other, self.gates));
        }
        // Those of alpha carbons stand for their residues above; atoms may have their own.
        if let Some(error) = self.factor_error {
            self.add("b_factor", error);
        }
    }

    /// Whether any measure looked at positions. What sees distances only is not enough: the mirror image has all of them.
    fn has_placed_atoms(&self) -> bool {
        let has = |key| self.measures.iter().any(|measure| measure.key == key);
        has("rmsd") || (has("unmasked_lddt") && (has("inverted") || self.structure.atoms() < chirality::FEWEST))
    }

    fn measure_alphas(&mut self, alphas: &[usize]) {
        let (reference, model) = self.points(alphas);
        let Ok(motion) = superpose(&model, &reference) else {
            return;
        };
        self.add("ca_rmsd", motion.rmsd);
        let distances = motion.distances(&model, &reference).enumerate();
        if let Some((place, distance)) = distances.max_by(|one, other| one.1.total_cmp(&other.1)) {
            self.add("ca_max", distance);
            let name = alphas.get(place).map(|&atom| name_of_atom(self.structure, atom));
            self.farthest = name.map(|name| format!("farthest: {name}, {} Å", show(distance)));
        }
    }

    fn points(&self, atoms: &[usize]) -> (Vec<Point>, Vec<Point>) {
        let pairs = atoms.iter().filter_map(|&atom| Some((*self.reference.get(atom)?, *self.model.get(atom)?)));
        pairs.unzip()
    }

    fn add(&mut self, key: &'static str, observed: f64) {
        self.measures.push(measured(key, observed, self.gates, &NoiseFloor::unknown()));
    }
}

/// Residue numbers without gaps, in the order they come.
fn renumbered(residues: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut last = None;
    let mut number = 0;
    residues
        .map(|residue| {
            number += usize::from(last.is_some_and(|last| last != residue));
            last = Some(residue);
            number
        })
        .collect()
}
