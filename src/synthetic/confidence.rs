//! Confidence in a conformation, consistent within itself: plddt and distance give the aligned errors, and those the TM-scores.
//! Says nothing about a real protein.

use std::f64::consts::TAU;

use super::chain::SyntheticResidue;
use super::complex::SyntheticComplex;
use super::geometry::distance;
use super::random::chance;
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
    pub(crate) complex: SyntheticComplex,
    pub(crate) confidence: ConformationConfidence,
}

/// Confidence of one conformation, per residue or per pair of residues.
#[derive(Debug, Clone)]
pub(super) struct ConformationConfidence {
    /// 0 to 1.
    pub(crate) plddt: Vec<f32>,
    /// Predicted aligned error in ångström: frame by row, scored residue by column.
    pub(crate) pae: Vec<f32>,
    /// Predicted distance error in ångström, symmetric.
    pub(crate) pde: Vec<f32>,
    pub(crate) ptm: f64,
    /// 0 for a single chain, as Boltz and Chai have it.
    pub(crate) iptm: f64,
    /// Frames of one chain by row, scored residues of another by column; a chain's own pTM on the diagonal.
    pub(crate) pair_iptm: Vec<f64>,
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
    /// The predicted TM-scores are those of J. Jumper et al., Nature 596:583 (2021), suppl. 1.9.7, and R. Evans et al. (2021) for
    /// interfaces.
    pub(super) fn of(complex: &SyntheticComplex) -> Self {
        let (residues, chains) = (&complex.residues, complex.chains.len());
        let plddt: Vec<f32> = residues.iter().map(|own| quality(complex, own) as f32).collect();
        let pae = aligned_errors(complex, &plddt);
        let length = residues.len();
        let error = |frame: usize, scored: usize| pae[frame * length + scored];
        let pde = (0..length * length)
            .map(|pair| 0.35 * (error(pair / length, pair % length) + error(pair % length, pair / length)))
            .collect();
        let scale = distance_scale(length);
        let near = |error: f64| 1.0 / (1.0 + (error / scale).powi(2));
        let term = |&error: &f32| ALIGNED_ERROR.expectation(error.into(), near);
        let terms: Vec<f64> = pae.iter().map(term).collect();
        // The best frame's mean over the residues that are chosen by its chain and theirs.
        let best = |is_chosen: &dyn Fn(usize, usize) -> bool| {
            let frames = residues.iter().zip(terms.chunks_exact(length.max(1)));
            let score = |(frame, terms): (&SyntheticResidue, &[f64])| {
                let scored = residues.iter().zip(terms);
                let chosen = scored.filter(|(scored, _)| is_chosen(frame.chain, scored.chain));
                mean(chosen.map(|(_, &term)| term))
            };
            frames.map(score).fold(0.0, f64::max)
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

/// The mean; 0 of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

/// How sure a residue's surroundings are, 0 to 1: in waves along the chain, and least at its ends.
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

/// The error of every residue's position when the frame of every other is laid over the truth, frames by row. It grows with doubt
/// about either and with their distance, and with every chain border.
fn aligned_errors(complex: &SyntheticComplex, plddt: &[f32]) -> Vec<f32> {
    let doubts: Vec<f64> = plddt.iter().map(|&plddt| 1.0 - f64::from(plddt)).collect();
    let mut errors = Vec::with_capacity(plddt.len() * plddt.len());
    for (frame, own) in complex.residues.iter().enumerate() {
        for (scored, other) in complex.residues.iter().enumerate() {
            let apart = distance(own.middle(), other.middle()).min(FARTHEST);
            let doubt = 3.5 * doubts[scored] + 1.5 * doubts[frame];
            // Residues that follow each other closely can hardly err, whatever the doubt.
            let freedom = 1.0 - (-(own.index.abs_diff(other.index) as f64) / 6.0).exp();
            let error =
                if own.chain == other.chain { 0.3 + doubt * freedom + 0.05 * apart } else { 1.3 + doubt + 0.1 * apart };
            errors.push(error.clamp(ALIGNED_ERROR.centre(0), ALIGNED_ERROR.greatest()) as f32);
        }
    }
    errors
}
