//! Consistent confidences of a conformation: aligned errors follow from plddt and distances, and TM-scores from aligned errors.
//! They say nothing about a real protein.

use std::f64::consts::TAU;

use super::chain::SyntheticResidue;
use super::complex::SyntheticComplex;
use super::random::chance;
use crate::metric::distance_scale;
use crate::metric::geometry::vector::distance;

/// The bins of a predicted distribution, from 0 on. A value is spread over two bins so that it is exactly their expectation: logits,
/// probabilities and values agree.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConfidenceBins {
    count: u8,
    width: f64,
}

/// The bins of predicted aligned errors in ångström, as in `AlphaFold` and `ESMFold`.
pub(super) const ALIGNED_ERROR: ConfidenceBins = ConfidenceBins { count: 64, width: 0.5 };
/// The bins of the predicted lDDT between 0 and 1.
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
#[derive(Debug)]
pub(super) struct ConformationConfidence {
    /// 0 to 1.
    pub plddt: Vec<f32>,
    /// Predicted aligned error in ångström: frame by row, scored residue by column.
    pub pae: Vec<f32>,
    /// Predicted distance error in ångström, symmetric.
    pub pde: Vec<f32>,
    pub ptm: f64,
    /// 0 for a single chain, as in Boltz and Chai.
    pub iptm: f64,
    /// Frames of one chain by row, scored residues of another by column. The diagonal holds each chain's own pTM.
    pub pair_iptm: Vec<f64>,
}

/// Period, in residues, of the quality along a chain.
const PERIOD: f64 = 25.0;
/// The distance in ångström beyond which the aligned error no longer grows.
const FARTHEST: f64 = 40.0;

impl ConfidenceBins {
    fn centre(self, bin: usize) -> f64 {
        self.width * (bin as f64 + 0.5)
    }

    pub(super) fn greatest(self) -> f64 {
        self.centre(usize::from(self.count) - 1)
    }

    /// The first of the two bins of a value, and the probability of the second one.
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
    /// The predicted TM-scores are those of J. Jumper et al., Nature 596:583 (2021), suppl. 1.9.7, and R. Evans et al. (2021) for
    /// interfaces.
    pub(super) fn of(complex: &SyntheticComplex) -> Self {
        let (residues, chains) = (&complex.residues, complex.chains.len());
        let plddt: Vec<f32> = residues.iter().map(|own| quality(complex, own) as f32).collect();
        let pae = aligned_errors(complex, &plddt);
        let length = residues.len();
        let transposed = |pair: usize| pae[pair % length * length + pair / length];
        let pde = pae.iter().enumerate().map(|(pair, error)| 0.35 * (error + transposed(pair))).collect();
        let scale = distance_scale(length);
        let near = |error: f64| 1.0 / (1.0 + (error / scale).powi(2));
        let terms: Vec<f64> = pae.iter().map(|&error| ALIGNED_ERROR.expectation(error.into(), near)).collect();
        // The mean of the best frame over the residues that are chosen by the chains of both.
        let best = |is_chosen: &dyn Fn(usize, usize) -> bool| {
            let frames = residues.iter().zip(terms.chunks_exact(length.max(1)));
            let scores = frames.map(|(frame, terms)| {
                let scored = residues.iter().zip(terms);
                let chosen = scored.filter(|(scored, _)| is_chosen(frame.chain, scored.chain));
                mean(chosen.map(|(_, &term)| term))
            });
            scores.fold(0.0, f64::max)
        };
        let of_pair = |pair: usize| best(&|frame, scored| frame * chains + scored == pair);
        Self {
            ptm: best(&|_, _| true),
            iptm: best(&|frame, scored| frame != scored),
            pair_iptm: (0..chains * chains).map(of_pair).collect(),
            plddt,
            pae,
            pde,
        }
    }
}

/// The mean, 0 without values.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

/// The plddt of a residue, 0 to 1. It goes up and down along the chain and is lowest at the ends.
fn quality(complex: &SyntheticComplex, own: &SyntheticResidue) -> f64 {
    let chain = &complex.chains[own.chain];
    let index = own.index as u64;
    let phase = chance(&[chain.entity as u64, chain.residues.len() as u64]);
    let of_residue = chance(&[own.amino.map_or(u64::MAX, |amino| amino as u64), index]);
    let of_draw = chance(&[complex.seed, own.chain as u64, index]);
    let from_end = own.index.min(chain.residues.len() - 1 - own.index) as f64;
    let wave = (TAU * (own.index as f64 / PERIOD + phase)).sin();
    0.8 + 0.12 * wave + 0.05 * of_residue - 0.22 * (-from_end / 2.5).exp() + 0.01 * of_draw
}

/// The aligned error of every pair of residues, frames by row. It grows with the doubt about both residues, with their distance, and
/// between chains.
fn aligned_errors(complex: &SyntheticComplex, plddt: &[f32]) -> Vec<f32> {
    let doubts: Vec<f64> = plddt.iter().map(|&plddt| 1.0 - f64::from(plddt)).collect();
    let mut errors = Vec::with_capacity(plddt.len() * plddt.len());
    for (frame, own) in complex.residues.iter().enumerate() {
        for (scored, other) in complex.residues.iter().enumerate() {
            let apart = distance(own.middle(), other.middle()).min(FARTHEST);
            let doubt = 3.5 * doubts[scored] + 1.5 * doubts[frame];
            // Residues that are near each other in sequence have small errors, whatever the doubt.
            let freedom = 1.0 - (-(own.index.abs_diff(other.index) as f64) / 6.0).exp();
            let error =
                if own.chain == other.chain { 0.3 + doubt * freedom + 0.05 * apart } else { 1.3 + doubt + 0.1 * apart };
            errors.push(error.clamp(ALIGNED_ERROR.centre(0), ALIGNED_ERROR.greatest()) as f32);
        }
    }
    errors
}
