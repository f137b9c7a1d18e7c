//! Confidence in a conformation, consistent within itself: plddt and distance give the aligned errors, and those the TM-scores.
//! Says nothing about a real protein.

use std::f64::consts::TAU;

use super::chain::SyntheticResidue;
use super::complex::SyntheticComplex;
use super::geometry::distance;
use super::histogram::Histograms;
use super::random::{Random, seed_of};

/// Predicted distributions that all confidences are drawn from.
#[derive(Debug)]
pub(super) struct ConfidenceHeads {
    pub lddt: Histograms,
    pub aligned_error: Histograms,
}

/// Confidence of one conformation, per residue or per pair of residues.
#[derive(Debug, Clone)]
pub(super) struct ConformationConfidence {
    /// Distributions of the plddt, by their number in [`ConfidenceHeads::lddt`].
    pub lddt_rows: Vec<u16>,
    /// 0 to 1.
    pub plddt: Vec<f32>,
    /// Distributions of the aligned error, by their number in [`ConfidenceHeads::aligned_error`]: frame by row, scored residue by
    /// column.
    pub error_rows: Vec<u16>,
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

impl ConfidenceHeads {
    pub(super) fn new() -> Self {
        Self {
            lddt: Histograms::lddt(),
            aligned_error: Histograms::aligned_error(),
        }
    }
}

impl ConformationConfidence {
    pub(super) fn of(complex: &SyntheticComplex, heads: &ConfidenceHeads) -> Self {
        let residues = complex.residues.iter();
        let lddt_rows: Vec<u16> = residues.map(|own| heads.lddt.row_of(quality(complex, own))).collect();
        let plddt: Vec<f32> = lddt_rows.iter().map(|&row| heads.lddt.row(row).mean).collect();
        let length = complex.residues.len();
        let error_rows = error_rows(complex, heads, &plddt);
        let mean = |frame: usize, scored: usize| heads.aligned_error.row(error_rows[frame * length + scored]).mean;
        let pde = (0..length * length)
            .map(|pair| 0.35 * (mean(pair / length, pair % length) + mean(pair % length, pair / length)))
            .collect();
        let mut confidence = Self {
            lddt_rows,
            plddt,
            error_rows,
            pde,
            ptm: 0.0,
            iptm: 0.0,
            pair_iptm: vec![0.0; complex.chains.len() * complex.chains.len()],
        };
        confidence.score(complex, heads);
        confidence
    }

    pub(super) fn mean_plddt(&self) -> f64 {
        self.plddt.iter().map(|&value| f64::from(value)).sum::<f64>() / self.plddt.len().max(1) as f64
    }

    /// Predicted TM-scores: J. Jumper et al., Nature 596:583 (2021), suppl. 1.9.7, and R. Evans et al. (2021) for interfaces.
    fn score(&mut self, complex: &SyntheticComplex, heads: &ConfidenceHeads) {
        let (length, chains) = (complex.residues.len(), complex.chains.len());
        let scale = distance_scale(length);
        let terms = heads
            .aligned_error
            .expectations(|error| 1.0 / (1.0 + (error / scale).powi(2)));
        for (frame, rows) in complex.residues.iter().zip(self.error_rows.chunks_exact(length.max(1))) {
            let (mut total, mut elsewhere, mut others) = (0.0, 0.0, 0);
            for (other, chain) in complex.chains.iter().enumerate() {
                let own = &rows[chain.residues.clone()];
                let sum: f64 = own.iter().map(|&row| terms[usize::from(row)]).sum();
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
fn error_rows(complex: &SyntheticComplex, heads: &ConfidenceHeads, plddt: &[f32]) -> Vec<u16> {
    let centres = complex.centres();
    let doubts: Vec<f64> = plddt.iter().map(|&plddt| 1.0 - f64::from(plddt)).collect();
    let mut rows = Vec::with_capacity(centres.len() * centres.len());
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
            rows.push(heads.aligned_error.row_of(error));
        }
    }
    rows
}

/// The normalising distance of the TM-score, with the lower bound on the length that `AlphaFold` sets.
pub(super) fn distance_scale(residues: usize) -> f64 {
    1.24 * (residues.max(19) as f64 - 15.0).cbrt() - 1.8
}
