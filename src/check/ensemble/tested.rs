//! Tests whether two sets of samples of one complex come from one distribution, by several distances. Reads no suite and no
//! snapshot.

use super::super::number::show;
use super::samples::Sample;
use crate::metric::selection::{Part, positions, residue_of_atoms};
use crate::metric::{Contacts, EnergyTest, Point, energy_test, lddt, mean_absolute_error, superpose};
use crate::metric_value::{Direction, MetricValue, MetricVerdict};
use crate::prediction::gates::EnsembleGates;

/// Splits are drawn the same way in every run.
const SEED: u64 = 0x5eed;

/// The result of one test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tested {
    /// The name of the distance.
    pub(crate) words: &'static str,
    /// Its unit, with a space before it.
    pub(crate) unit: &'static str,
    /// The distance between the sets and how surprising it is.
    pub(crate) result: EnergyTest,
    /// The greatest distance that does not count.
    pub(crate) margin: f64,
    /// The probability below which it is no chance: the share of this test in the probability of all.
    pub(crate) p: f64,
}

impl Tested {
    /// Whether the sets differ by more than chance and by more than matters.
    pub(crate) fn differs(&self) -> bool {
        self.result.p_value < self.p && self.result.distance > self.margin
    }

    /// The distance and its margin. If the distance exceeds it and may still be chance, the probability of that.
    pub(crate) fn measure(&self) -> MetricValue {
        let distance = MetricValue {
            key: "energy_distance",
            name: self.words,
            unit: self.unit,
            better: Direction::Lower,
            observed: self.result.distance.max(0.0),
            floor: None,
            allowed: self.margin,
        };
        if self.differs() || distance.verdict() != MetricVerdict::Different {
            return distance;
        }
        MetricValue {
            key: "p",
            name: "probability of such samples by chance",
            unit: "",
            better: Direction::Higher,
            observed: self.result.p_value,
            allowed: self.p,
            ..distance
        }
    }

    /// Whether any distance could be surprising with so few samples.
    pub(crate) fn can_fail(&self) -> bool {
        2.0 / (self.result.splits as f64) < self.p
    }
}

impl std::fmt::Display for Tested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (distance, margin) = (show(self.result.distance), show(self.margin));
        let (p_value, p) = (show(self.result.p_value), show(self.p));
        write!(f, "{} {distance}{} (allowed {margin}), p {p_value} (below {p} is no chance)", self.words, self.unit)
    }
}

/// What is wrong with the confidence of new samples, so that it cannot be tested although that of the recorded ones can.
pub(crate) fn unsound_confidence(recorded: &[Sample], now: &[Sample]) -> Option<String> {
    let lengths = recorded.iter().map(|sample| Some(sample.confidence.as_ref()?.len()));
    let length = lengths.collect::<Option<Vec<_>>>()?.into_iter().max()?;
    now.iter().find_map(|sample| {
        let name = &sample.name;
        match &sample.confidence {
            None => Some(format!("{name} has no confidence, and what was recorded has")),
            Some(values) if values.len() != length => {
                Some(format!("{name} has the confidence of {} residues, expected {length}", values.len()))
            }
            Some(values) => {
                let residue = values.iter().position(|value| !value.is_finite())?;
                Some(format!("the confidence of residue {residue} of {name} is not finite"))
            }
        }
    })
}

/// Every test that the samples allow. All must have the same atoms.
pub(crate) fn test(recorded: &[Sample], now: &[Sample], gates: &EnsembleGates) -> Vec<Tested> {
    let all: Vec<&Sample> = recorded.iter().chain(now).collect();
    let mut found = Vec::new();
    let mut add = |words, unit, margin, distance: &dyn Fn(usize, usize) -> Option<f64>| {
        let size = all.len();
        let pairs = (0..size * size).map(|place| {
            let (row, column) = (place / size, place % size);
            if row == column { Some(0.0) } else { distance(row, column) }
        });
        let matrix: Option<Vec<f64>> = pairs.collect();
        if let Some(Ok(result)) = matrix.map(|matrix| energy_test(&matrix, recorded.len(), now.len(), SEED)) {
            found.push(Tested { words, unit, result, margin, p: gates.p });
        }
    };
    let alphas = points(recorded, now, gates.confidence);
    let numbers: Vec<usize> = (0..alphas.first().map_or(0, Vec::len)).collect();
    add("energy distance by CA RMSD", " Å", gates.rmsd_margin, &|row, column| {
        superpose(&alphas[row], &alphas[column]).ok().map(|motion| motion.rmsd)
    });
    add("energy distance by 1 − lDDT", "", gates.lddt_margin, &|row, column| {
        Some(1.0 - lddt(&alphas[row], &alphas[column], &numbers, Contacts::InEither).ok()?.global)
    });
    add("energy distance by pLDDT", "", gates.plddt_margin, &|row, column| {
        mean_absolute_error(all[row].confidence.as_deref()?, all[column].confidence.as_deref()?).ok()
    });
    // Several chances to fail by chance share one probability (Bonferroni).
    let share = found.len().max(1) as f64;
    for tested in &mut found {
        tested.p /= share;
    }
    found
}

/// The alpha carbons of every sample where both sets are confident on average. All of them if too few are confident for a
/// superposition.
fn points(recorded: &[Sample], now: &[Sample], least: f64) -> Vec<Vec<Point>> {
    let Some(first) = recorded.first() else {
        return Vec::new();
    };
    let means = means(recorded).zip(means(now));
    let is_confident = |residue: usize| {
        let reaches = |means: &[f64]| means.get(residue).is_some_and(|mean| *mean >= least);
        means.as_ref().is_none_or(|(one, other)| reaches(one) && reaches(other))
    };
    let residues = residue_of_atoms(&first.structure);
    let all = Part::AlphaCarbons.of(&first.structure);
    let sure: Vec<usize> = all.iter().copied().filter(|&atom| is_confident(residues[atom])).collect();
    let chosen = if sure.len() < 3 { all } else { sure };
    recorded.iter().chain(now).map(|sample| positions(&sample.structure, &chosen)).collect()
}

/// The mean confidence of every residue.
fn means(samples: &[Sample]) -> Option<Vec<f64>> {
    let all: Vec<&Vec<f64>> = samples.iter().map(|sample| sample.confidence.as_ref()).collect::<Option<_>>()?;
    let mean = |residue: usize| {
        let sum = all.iter().map(|values| values.get(residue).copied()).sum::<Option<f64>>()?;
        Some(sum / all.len() as f64)
    };
    (0..all.first()?.len()).map(mean).collect()
}

/// Two samples with the same positions.
pub(super) fn copies(samples: &[Sample]) -> Option<(&Sample, &Sample)> {
    samples.iter().enumerate().find_map(|(place, one)| {
        let other = samples[place + 1..].iter().find(|other| other.structure.coord == one.structure.coord)?;
        Some((one, other))
    })
}
