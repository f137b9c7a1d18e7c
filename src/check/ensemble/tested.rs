//! Tests two sets of samples of one complex for one distribution, by several distances. Knows no suite and no snapshot.

use super::super::number::show;
use super::samples::Sample;
use crate::metric::selection::{Part, positions, residue_of_atoms};
use crate::metric::{Contacts, EnergyTest, Point, energy_test, lddt, mean_absolute_error, superpose};
use crate::metric_value::{Direction, MetricValue, MetricVerdict};
use crate::prediction::gates::EnsembleGates;
use crate::protein::Structure;

/// Splits are drawn the same way on every run.
const SEED: u64 = 0x5eed;

/// The result of one test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tested {
    /// What the distance is called.
    pub(crate) words: &'static str,
    /// Its unit, with a space before it.
    pub(crate) unit: &'static str,
    /// The distance between the sets and how surprising it is.
    pub(crate) result: EnergyTest,
    /// The greatest distance that does not count.
    pub(crate) margin: f64,
    /// The probability below which it is no chance: the share of this test in that of all.
    pub(crate) p: f64,
}

impl Tested {
    /// Whether the sets differ by more than chance and by more than matters.
    pub(crate) fn differs(&self) -> bool {
        self.result.p_value < self.p && self.result.distance > self.margin
    }

    /// The distance against its margin; where that is exceeded and may still be chance, the probability of that.
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

    /// Whether any distance at all could be surprising with so few samples.
    pub(crate) fn can_fail(&self) -> bool {
        2.0 / (self.result.splits as f64) < self.p
    }
}

impl std::fmt::Display for Tested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}{} (allowed {}), p {} (below {} is no chance)",
            self.words,
            show(self.result.distance),
            self.unit,
            show(self.margin),
            show(self.result.p_value),
            show(self.p)
        )
    }
}

/// What is wrong with the confidence of new samples, so that no test of it can be taken, where it can be of those recorded.
pub(crate) fn unsound_confidence(recorded: &[Sample], now: &[Sample]) -> Option<String> {
    let length = recorded.iter().map(|sample| Some(sample.confidence.as_ref()?.len()));
    let length = length.collect::<Option<Vec<_>>>()?.into_iter().max()?;
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
            let p = gates.p;
            found.push(Tested { words, unit, result, margin, p });
        }
    };
    let alphas = points(recorded, now, gates.confidence);
    let numbers: Vec<usize> = (0..alphas.first().map_or(0, Vec::len)).collect();
    add("energy distance by CA RMSD", " Å", gates.rmsd_margin, &|row, column| {
        superpose(&alphas[row], &alphas[column]).ok().map(|motion| motion.rmsd)
    });
    add("energy distance by 1 − lDDT", "", gates.lddt_margin, &|row, column| {
        let score = lddt(&alphas[row], &alphas[column], &numbers, Contacts::InEither).ok()?;
        Some(1.0 - score.global)
    });
    add("energy distance by pLDDT", "", gates.plddt_margin, &|row, column| {
        let (one, other) = (all[row].confidence.as_deref()?, all[column].confidence.as_deref()?);
        mean_absolute_error(one, other).ok()
    });
    // Several chances to fail by chance share one probability (Bonferroni).
    let share = found.len().max(1) as f64;
    for tested in &mut found {
        tested.p /= share;
    }
    found
}

/// The alpha carbons of every sample where both sets are confident on average; all where too few are to fix a turn.
fn points(recorded: &[Sample], now: &[Sample], least: f64) -> Vec<Vec<Point>> {
    let Some(first) = recorded.first() else {
        return Vec::new();
    };
    let (one, other) = (means(recorded), means(now));
    let confident = |residue: usize| match (&one, &other) {
        (Some(one), Some(other)) => {
            one.get(residue).is_some_and(|mean| *mean >= least) && other.get(residue).is_some_and(|mean| *mean >= least)
        }
        _ => true,
    };
    let residues = residue_of_atoms(&first.structure);
    let all = Part::AlphaCarbons.of(&first.structure);
    let sure: Vec<usize> = all.iter().copied().filter(|&atom| confident(residues[atom])).collect();
    let chosen = if sure.len() < 3 { all } else { sure };
    let samples = recorded.iter().chain(now);
    samples.map(|sample| positions(&sample.structure, &chosen)).collect()
}

fn means(samples: &[Sample]) -> Option<Vec<f64>> {
    let all: Vec<&Vec<f64>> = samples.iter().map(|sample| sample.confidence.as_ref()).collect::<Option<_>>()?;
    let length = all.first()?.len();
    let at = |residue: usize| {
        let values = all.iter().map(|values| values.get(residue).copied());
        Some(values.sum::<Option<f64>>()? / all.len() as f64)
    };
    (0..length).map(at).collect()
}

/// Two samples that are one structure, by their places.
pub(super) fn copies(samples: &[Sample]) -> Option<(usize, usize)> {
    let same = |one: &Structure, other: &Structure| one.coord == other.coord;
    (0..samples.len())
        .flat_map(|first| (first + 1..samples.len()).map(move |second| (first, second)))
        .find(|&(first, second)| same(&samples[first].structure, &samples[second].structure))
}
