//! Whether two structures of one input are the same: superposed by the residues that both sides are confident of, measured by several
//! metrics, and compared with gates and noise floors. Does not know snapshots or suites.

mod confidence;
mod identity;
mod interface;
mod pae;
mod parts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::metrics::{About, measured, metric};
use crate::diagnosis::{Aspect, Failed};
use crate::metric::selection::{Part, residue_of_atoms};
use crate::metric::{Contacts, MetricError, Point, lddt, match_equivalent_names, superpose};
use crate::metric_value::{MetricValue, MetricVerdict, NoiseFloor, count, show};
use crate::prediction::contract::FactorScale;
use crate::prediction::gates::StructureGates;
use crate::protein::{Structure, name_of_atom};

pub(crate) use confidence::{behind, compare_confidence, factor_of, mask, of_residues};
use confidence::{confidence_error, confidence_measures};
pub(crate) use identity::faults as atom_faults;
pub(crate) use interface::least_dockq;
pub use pae::compare as compare_pae;

/// A structure and the confidences of its residues.
#[derive(Debug, Clone)]
pub(crate) struct Side<'a> {
    pub(crate) structure: &'a Structure,
    /// Confidence of every residue as a fraction of 1, in the order of [`Structure::residues`].
    pub(crate) confidence: Option<Vec<f64>>,
    /// How the temperature factors carry confidence, if they do.
    pub(crate) scale: Option<FactorScale>,
}

impl Side<'_> {
    /// The temperature factors of all atoms as fractions of 1.
    fn factors(&self) -> Option<Vec<f64>> {
        let (factors, scale) = (self.structure.b_factor.as_ref()?, self.scale?);
        Some(factors.iter().map(|factor| factor / scale.greatest).collect())
    }
}

/// The result of comparing two structures.
#[derive(Debug, Clone, PartialEq)]
pub struct StructureComparison {
    /// Faults that fail whatever the metrics are. If the atoms differ, nothing is measured.
    pub(crate) faults: Vec<String>,
    /// Every metric that could be measured.
    pub(crate) measures: Vec<MetricValue>,
    /// How many residues both sides are confident of, and how many there are.
    pub(crate) confident: (usize, usize),
    /// For every residue whether both sides are confident of it. Empty if nothing was measured.
    pub(crate) mask: Vec<bool>,
    /// The confident alpha carbon that moved farthest, as text.
    pub(crate) farthest: Option<String>,
    /// The place of the worst part of a metric, by the key of the metric.
    pub(crate) places: BTreeMap<&'static str, String>,
    /// The model with the worst metrics, which these are, counted from 0, and the number of models.
    pub(crate) model: (usize, usize),
}

impl StructureComparison {
    /// The worst verdict of a metric.
    pub(crate) fn verdict(&self) -> MetricVerdict {
        let worst = self.measures.iter().map(MetricValue::verdict).max();
        worst.filter(|_| self.faults.is_empty()).unwrap_or(MetricVerdict::Different)
    }

    /// The failed part of the structure, for the diagnosis.
    pub(crate) fn failed(&self) -> Failed<'_> {
        Failed { aspect: aspect(&self.measures), confident: (!self.mask.is_empty()).then_some(self.mask.as_slice()) }
    }

    /// One line: the verdict, and the faults or the metrics behind it.
    pub(crate) fn summary(&self) -> String {
        let own = self.verdict();
        let verdict = match self.model {
            (_, 0 | 1) => own.to_string(),
            (model, models) => format!("{own}: model {} of {models}", model + 1),
        };
        if !self.faults.is_empty() {
            return format!("{verdict}: {}", self.faults.join("; "));
        }
        let measures = self.measures.iter().filter(|measure| measure.verdict() == own);
        let measures: Vec<String> = measures.take(3).map(|measure| self.tell(measure)).collect();
        let (confident, residues) = self.confident;
        let measures = if measures.is_empty() { "nothing could be measured".to_owned() } else { measures.join("; ") };
        format!("{verdict}: {measures} ({confident} of {} confident)", count(residues, "residue"))
    }

    /// A metric and the place of its worst part.
    pub(crate) fn tell(&self, measure: &MetricValue) -> String {
        match self.places.get(measure.key).filter(|_| measure.used() > 0.0) {
            Some(place) => format!("{measure} ({place})"),
            None => measure.to_string(),
        }
    }

    /// All metrics, one per line, and the place of the greatest difference.
    pub(crate) fn lines(&self) -> Vec<String> {
        let measures = self.measures.iter().map(|measure| format!("{}: {}", self.tell(measure), measure.verdict()));
        measures.chain(self.farthest.clone()).collect()
    }
}

/// Compares a structure with the expected one. Both must have even columns.
///
/// Residues are confident if both sides reach the gate, and all are if a side has no confidences. Equivalent atoms first get the names
/// that fit best.
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
            // If no residue is confident and no two residues are near each other, all positions count.
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
    if identity::half_precision(&expected.structure.coord).is_none()
        && let Some(format) = identity::half_precision(&got.structure.coord)
    {
        found.faults.push(format!("all coordinates are {format} numbers, and those expected are not"));
    }
    found
}

/// Whether the worst of some metrics is worse than the worst of others.
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
    /// The mean absolute difference of the temperature factors of all atoms.
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
        // Both lists have one point for each atom, so this cannot fail.
        let _ = match_equivalent_names(expected.structure, reference, &mut model);
        let factors = expected.factors().zip(got.factors());
        Self {
            structure: expected.structure,
            gates,
            reference,
            model,
            confidences,
            factor_error: factors.map(|(one, other)| confidence_error(&one, &other)),
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
        if let Some(score) = symmetric_lddt(self.reference, &self.model, &residues) {
            self.add("unmasked_lddt", score);
        }
        self.measure_parts();
        if let Some(score) = least_dockq(self.structure, self.reference, &self.model, &self.confident) {
            self.add("dockq", score);
        }
        if let Some(inverted) = parts::inverted(self.structure, self.reference, &self.model) {
            self.add("inverted", inverted);
        }
        if let Some((one, other)) = self.confidences {
            self.measures.extend(confidence_measures(one, other, self.gates));
        }
        // The metrics above only use the factors of alpha carbons, but every atom may have its own.
        if let Some(error) = self.factor_error {
            self.add("b_factor", error);
        }
    }

    /// Whether any metric covers positions. Distances alone are not enough: a mirror image preserves all of them.
    fn has_placed_atoms(&self) -> bool {
        let has = |key| self.measures.iter().any(|measure| measure.key == key);
        has("rmsd") || (has("unmasked_lddt") && (has("inverted") || self.structure.atoms() < parts::FEWEST))
    }

    fn measure_alphas(&mut self, alphas: &[usize]) {
        let (reference, model) = self.points(alphas);
        let Ok(motion) = superpose(&model, &reference) else { return };
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

/// The lDDT by the contacts of both sides. Returns `None` if no two atoms are near each other or the reference cannot be measured either,
/// and NaN if only the model cannot: its points are not finite, or thousands of them lie in one place.
pub(super) fn symmetric_lddt(reference: &[Point], model: &[Point], residues: &[usize]) -> Option<f64> {
    let measure = |model| lddt(reference, model, residues, Contacts::InEither);
    match measure(model) {
        Ok(score) => Some(score.global),
        Err(MetricError::TooFew { .. }) => None,
        Err(_) => measure(reference).is_ok().then_some(f64::NAN),
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

/// The aspect of a structure that failed: confidences only if all positions agree, and the assembly only if every chain agrees.
fn aspect(measures: &[MetricValue]) -> Aspect {
    let failed: Vec<(&str, Option<About>)> = measures
        .iter()
        .filter(|measure| measure.verdict() == MetricVerdict::Different)
        .map(|measure| (measure.key, metric(measure.key).map(|metric| metric.about)))
        .collect();
    let mut positions = failed.iter().filter(|(_, about)| *about != Some(About::Confidence)).peekable();
    if failed.is_empty() {
        return Aspect::Any;
    }
    if positions.peek().is_none() {
        return Aspect::Confidences;
    }
    let has = |key: &str| failed.iter().any(|(own, _)| *own == key);
    if has("interface_lddt") && !has("chain_lddt") && !has("residue_lddt") {
        Aspect::Assembly
    } else if positions.all(|(_, about)| *about == Some(About::All)) {
        Aspect::Any
    } else {
        Aspect::Positions
    }
}
