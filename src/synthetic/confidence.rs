//! Confidence in a conformation, consistent within itself: plddt and distance give the aligned errors, and those the TM-scores.
//! Says nothing about a real protein.

use std::f64::consts::TAU;

use super::chain::SyntheticResidue;
use super::complex::SyntheticComplex;
use super::geometry::distance;
use super::random::{Random, seed_of};
use crate::metric::distance_scale;

/// The bins of a predicted distribution, from 0 on. A value is spread over two of them, so that it is their expectation exactly:
/// logits, probabilities and values agree.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConfidenceBins {
    count: u8,
    width: f64,
}

/// The predicted aligned error in ångström, as `AlphaFold` and `ESMFold` have it.
pub(super) const ALIGNED_ERROR: ConfidenceBins = ConfidenceBins { count: 64, width: 0.5 };
/// The predicted lDDT between 0 and 1.
pub(super) const LDDT: ConfidenceBins = ConfidenceBins { count: 50, width: 0.02 };
/// Logit of a bin without any probability.
const NEVER: f32 = -30.0;

/// One conformation with its confidence.
#[derive(Debug)]
pub(super) struct Conformation {
    pub complex: SyntheticComplex,
    pub confidence: ConformationConfidence,
}

/// Confidence of one conformation, per residue or per pair of residues.
#[derive(Debug, Clone)]
pub(super) struct ConformationConfidence {
    /// 0 to 1.
    pub plddt: Vec<f32>,
    /// Predicted aligned error in ångström: frame by row, scored residue by column.
    pub pae: Vec<f32>,
    /// Predicted distance error in ångström, symmetric.
    pub pde: Vec<f32>,
    pub ptm: f64,
    /// 0 for a single chain, as Boltz and Chai have it.
    pub iptm: f64,
    /// Frames of one chain by row, scored residues of another by column; a chain's own pTM on the diagonal.
    pub pair_iptm: Vec<f64>,
}

/// Residues after which the quality of a chain has gone up and down once.
const PERIOD: f64 = 25.0;
/// Distances beyond this add no doubt, in ångström.
const FARTHEST: f64 = 40.0;

impl ConfidenceBins {
    /// The value that a bin stands for.
    fn centre(self, bin: usize) -> f64 {
        self.width * (bin as f64 + 0.5)
    }

    pub(super) fn greatest(self) -> f64 {
        self.centre(usize::from(self.count) - 1)
    }

    /// The first of the two bins of a value, and the probability of the second.
    fn split(self, value: f64) -> (usize, f64) {
        let along = (value / self.width - 0.5).max(0.0);
        let first = along.floor().min(f64::from(self.count - 2));
        (first as usize, (along - first).min(1.0))
    }

    /// The expectation of a function of the bins' centres.
    fn expectation(self, value: f64, function: impl Fn(f64) -> f64) -> f64 {
        let (first, share) = self.split(value);
        (1.0 - share) * function(self.centre(first)) + share * function(self.centre(first + 1))
    }

    pub(super) fn probabilities(self, value: f32, out: &mut [f32]) {
        let (first, share) = self.split(f64::from(value));
        out.fill(0.0);
        out[first] = (1.0 - share) as f32;
        out[first + 1] = share as f32;
    }

    pub(super) fn logits(self, value: f32, out: &mut [f32]) {
        self.probabilities(value, out);
        for value in out {
            *value = value.ln().max(NEVER);
        }
    }
}

impl ConformationConfidence {
    pub(super) fn of(complex: &SyntheticComplex) -> Self {
        let residues = complex.residues.iter();
        let plddt: Vec<f32> = residues.map(|own| quality(complex, own) as f32).collect();
        let length = complex.residues.len();
        let pae = aligned_errors(complex, &plddt);
        let error = |frame: usize, scored: usize| pae[frame * length + scored];
        let pde = (0..length * length)
            .map(|pair| 0.35 * (error(pair / length, pair % length) + error(pair % length, pair / length)))
            .collect();
        let mut confidence = Self {
            plddt,
            pae,
            pde,
            ptm: 0.0,
            iptm: 0.0,
            pair_iptm: vec![0.0; complex.chains.len() * complex.chains.len()],
        };
        confidence.score(complex);
        confidence
    }

    pub(super) fn mean_plddt(&self) -> f64 {
        self.plddt.iter().map(|&value| f64::from(value)).sum::<f64>() / self.plddt.len().max(1) as f64
    }

    /// Predicted TM-scores: J. Jumper et al., Nature 596:583 (2021), suppl. 1.9.7, and R. Evans et al. (2021) for interfaces.
    fn score(&mut self, complex: &SyntheticComplex) {
        let (length, chains) = (complex.residues.len(), complex.chains.len());
        let scale = distance_scale(length);
        let term =
            |&error: &f32| ALIGNED_ERROR.expectation(f64::from(error), |error| 1.0 / (1.0 + (error / scale).powi(2)));
        for (frame, rows) in complex.residues.iter().zip(self.pae.chunks_exact(length.max(1))) {
            let (mut total, mut elsewhere, mut others) = (0.0, 0.0, 0);
            for (other, chain) in complex.chains.iter().enumerate() {
                let own = &rows[chain.residues.clone()];
                let sum: f64 = own.iter().map(term).sum();
                let best = &mut self.pair_iptm[frame.chain * chains + other];
                *best = best.max(sum / own.len().max(1) as f64);
                total += sum;
                if other != frame.chain {
                    elsewhere += sum;
                    others += own.len();
                }
            }
            self.ptm = self.ptm.max(total / length as f64);
            self.iptm = self.iptm.max(elsewhere / others.max(1) as f64);
        }
    }
}

/// How sure a residue's surroundings are, 0 to 1: in waves along the chain, and least at its ends.
fn quality(complex: &SyntheticComplex, own: &SyntheticResidue) -> f64 {
    let chain = &complex.chains[own.chain];
    let mut of_entity = Random::new(seed_of(&[chain.entity as u64, chain.residues.len() as u64]));
    let phase = of_entity.unit();
    let amino = own.amino.map_or(u64::MAX, |amino| amino as u64);
    let mut of_residue = Random::new(seed_of(&[amino, own.index as u64]));
    let mut of_draw = Random::new(seed_of(&[complex.seed, own.chain as u64, own.index as u64]));
    let from_end = own.index.min(chain.residues.len() - 1 - own.index) as f64;
    let wave = (TAU * (own.index as f64 / PERIOD + phase)).sin();
    0.8 + 0.12 * wave + 0.05 * of_residue.signed() - 0.22 * (-from_end / 2.5).exp() + 0.01 * of_draw.signed()
}

/// The error of every residue's position when the frame of every other is laid over the truth, frames by row. It grows with doubt
/// about either and with their distance, and with every chain border.
fn aligned_errors(complex: &SyntheticComplex, plddt: &[f32]) -> Vec<f32> {
    let centres = complex.centres();
    let doubts: Vec<f64> = plddt.iter().map(|&plddt| 1.0 - f64::from(plddt)).collect();
    let mut errors = Vec::with_capacity(centres.len() * centres.len());
    for (frame, own) in complex.residues.iter().enumerate() {
        for (scored, other) in complex.residues.iter().enumerate() {
            let apart = distance(centres[frame], centres[scored]).min(FARTHEST);
            let doubt = 3.5 * doubts[scored] + 1.5 * doubts[frame];
            // Residues that follow each other closely can hardly err, whatever the doubt.
            let freedom = 1.0 - (-(own.index.abs_diff(other.index) as f64) / 6.0).exp();
            let error = if own.chain == other.chain {
                0.3 + doubt * freedom + 0.05 * apart
            } else {
                1.3 + doubt + 0.1 * apart
            };
            errors.push(error.clamp(ALIGNED_ERROR.centre(0), ALIGNED_ERROR.greatest()) as f32);
        }
    }
    errors
}
