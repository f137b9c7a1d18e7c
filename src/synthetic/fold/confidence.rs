//! Confidence in a complex, made consistent with its structure and within itself: burial and propensity give the plddt,
//! plddt and distance the aligned errors, and those the TM-scores. Says nothing about a real protein.

use super::complex::{Complex, Token};
use super::geometry::distance;
use super::histogram::Histograms;
use super::neighbours::Neighbours;
use super::random::Random;

/// Predicted distributions that all confidences are drawn from.
#[derive(Debug)]
pub(super) struct Heads {
    pub lddt: Histograms,
    pub aligned_error: Histograms,
}

/// Confidence of one conformation; all per token or per pair of tokens.
#[derive(Debug, Clone)]
pub(super) struct Confidence {
    /// Distributions of the plddt, by their number in [`Heads::lddt`].
    pub lddt_rows: Vec<u16>,
    /// 0 to 1.
    pub plddt: Vec<f32>,
    /// Distributions of the aligned error, by their number in [`Heads::aligned_error`]: frame by row, scored token by
    /// column.
    pub error_rows: Vec<u16>,
    /// Predicted distance error in ångström, symmetric.
    pub pde: Vec<f32>,
    pub ptm: f64,
    /// 0 for a single chain, as Boltz and Chai have it.
    pub iptm: f64,
    /// Frames of one chain by row, scored tokens of another by column; a chain's own pTM on the diagonal.
    pub pair_iptm: Vec<f64>,
}

/// Neighbours within this distance make a residue buried, in ångström.
const BURIAL_REACH: f64 = 10.0;

impl Heads {
    pub(super) fn new() -> Self {
        Self {
            lddt: Histograms::lddt(),
            aligned_error: Histograms::aligned_error(),
        }
    }
}

impl Confidence {
    /// The confidence of a complex; `random` moves it a little.
    pub(super) fn of(complex: &Complex, heads: &Heads, random: &mut Random) -> Self {
        let lddt_rows: Vec<u16> = local_quality(complex, random)
            .into_iter()
            .map(|quality| heads.lddt.row_of(quality))
            .collect();
        let plddt: Vec<f32> = lddt_rows.iter().map(|&row| heads.lddt.row(row).mean).collect();
        let tokens = complex.tokens.len();
        let error_rows: Vec<u16> = errors(complex, &plddt)
            .into_iter()
            .map(|error| heads.aligned_error.row_of(error))
            .collect();
        let mean = |frame: usize, scored: usize| heads.aligned_error.row(error_rows[frame * tokens + scored]).mean;
        let pde = (0..tokens * tokens)
            .map(|pair| 0.35 * (mean(pair / tokens, pair % tokens) + mean(pair % tokens, pair / tokens)))
            .collect();
        let scores = Scores::of(complex, heads, &error_rows);
        Self {
            lddt_rows,
            plddt,
            error_rows,
            pde,
            ptm: scores.ptm,
            iptm: scores.iptm,
            pair_iptm: scores.pairs,
        }
    }

    pub(super) fn mean_plddt(&self) -> f64 {
        self.plddt.iter().map(|&value| f64::from(value)).sum::<f64>() / self.plddt.len().max(1) as f64
    }
}

/// How sure each token's own surroundings are: strong and buried structure most, chain ends least.
fn local_quality(complex: &Complex, random: &mut Random) -> Vec<f64> {
    let betas = complex.betas();
    let mut near = Neighbours::within(BURIAL_REACH);
    for &beta in &betas {
        near.push(beta, 0);
    }
    let quality = |(index, token): (usize, &Token)| {
        let mut count = 0;
        near.any(betas[index], |_, square| {
            count += usize::from(square < BURIAL_REACH * BURIAL_REACH);
            false
        });
        let burial = (count as f64 / 20.0).min(1.0);
        let strength = token.residue.map_or(0.0, |residue| residue.assignment.strength);
        let length = complex.chains[token.chain].tokens.len();
        let from_end = token.index.min(length - 1 - token.index) as f64;
        let floppiness = 0.22 * (-from_end / 2.5).exp();
        0.63 + 0.2 * strength + 0.2 * burial - floppiness + 0.01 * random.signed()
    };
    complex.tokens.iter().enumerate().map(quality).collect()
}

/// The error of every token's position, in ångström, when the frame of every other is laid over the truth: frames by row.
/// It grows with doubt about either and with their distance, and with every chain border.
fn errors(complex: &Complex, plddt: &[f32]) -> Vec<f64> {
    let centres = complex.centres();
    let doubts: Vec<f64> = plddt.iter().map(|&plddt| 1.0 - f64::from(plddt)).collect();
    // Residues that follow each other closely can hardly err, whatever the doubt.
    let freedom: Vec<f64> = (0..complex.tokens.len())
        .map(|along| 1.0 - (-(along as f64) / 6.0).exp())
        .collect();
    let mut errors = Vec::with_capacity(centres.len() * centres.len());
    for (frame, own) in complex.tokens.iter().enumerate() {
        for (scored, other) in complex.tokens.iter().enumerate() {
            let apart = distance(centres[frame], centres[scored]);
            let doubt = 3.5 * doubts[scored] + 1.5 * doubts[frame];
            errors.push(if own.chain == other.chain {
                0.3 + doubt * freedom[own.index.abs_diff(other.index)] + 0.05 * apart
            } else {
                1.3 + doubt + 0.1 * apart
            });
        }
    }
    errors
}

/// Predicted TM-scores: J. Jumper et al., Nature 596:583 (2021), suppl. 1.9.7, and R. Evans et al. (2021) for interfaces.
struct Scores {
    ptm: f64,
    iptm: f64,
    pairs: Vec<f64>,
}

impl Scores {
    fn of(complex: &Complex, heads: &Heads, error_rows: &[u16]) -> Self {
        let (tokens, chains) = (complex.tokens.len(), complex.chains.len());
        let scale = distance_scale(tokens);
        let terms = heads
            .aligned_error
            .expectations(|error| 1.0 / (1.0 + (error / scale).powi(2)));
        let mut scores = Self {
            ptm: 0.0,
            iptm: 0.0,
            pairs: vec![0.0; chains * chains],
        };
        for (frame, rows) in error_rows.chunks_exact(tokens.max(1)).enumerate() {
            let own = complex.tokens[frame].chain;
            let (mut total, mut elsewhere) = (0.0, 0.0);
            for (other, chain) in complex.chains.iter().enumerate() {
                let sum: f64 = rows[chain.tokens.clone()]
                    .iter()
                    .map(|&row| terms[usize::from(row)])
                    .sum();
                let best = &mut scores.pairs[own * chains + other];
                *best = best.max(sum / chain.tokens.len().max(1) as f64);
                total += sum;
                elsewhere += if other == own { 0.0 } else { sum };
            }
            scores.ptm = scores.ptm.max(total / tokens as f64);
            let others = tokens - complex.chains[own].tokens.len();
            if others > 0 {
                scores.iptm = scores.iptm.max(elsewhere / others as f64);
            }
        }
        scores
    }
}

/// The normalising distance of the TM-score, with the lower bound on the length that `AlphaFold` sets.
pub(super) fn distance_scale(residues: usize) -> f64 {
    1.24 * (residues.max(19) as f64 - 15.0).cbrt() - 1.8
}
