//! Tensors that networks learn, imitated: smooth, bounded functions of residue, neighbours and structure at any width.
//! They carry no meaning beyond being equal for equal input.

use super::super::complex::Complex;
use super::super::geometry::{Point, distance};
use super::super::propensity::propensities;
use super::super::random::{Random, seed_of};
use super::row::Row;

/// One vector for every token.
pub(super) struct TokenFeatures {
    width: usize,
    values: Vec<f32>,
}

/// One vector for every pair of tokens.
pub(super) struct PairFeatures {
    rows: TokenFeatures,
    columns: TokenFeatures,
    centres: Vec<Point>,
    near: Vec<f32>,
}

/// Kinds of token: the twenty, and anything else.
const KINDS: usize = 21;

impl TokenFeatures {
    /// `salt` tells the features of one field from those of another.
    pub(super) fn new(complex: &Complex, width: usize, salt: u64) -> Self {
        let kinds: Vec<Vec<f32>> = (0..KINDS)
            .map(|kind| signed_vector(width, seed_of(&[salt, kind as u64])))
            .collect();
        let kind = |index: usize| {
            let residue = complex.tokens.get(index).and_then(|token| token.residue);
            &kinds[residue.map_or(KINDS - 1, |residue| residue.amino.min(KINDS - 1))]
        };
        let mut values = Vec::with_capacity(width * complex.tokens.len());
        for (index, token) in complex.tokens.iter().enumerate() {
            let (own, before, after) = (kind(index), kind(index.saturating_sub(1)), kind(index + 1));
            let torsions = token.residue.map_or(0.0, |residue| residue.phi + 0.6 * residue.psi);
            let turn = 0.4 + 0.1 * torsions + 0.003 * token.index as f64 + 0.05 * token.chain as f64;
            // cos(k·turn) by its two-term recurrence: no call of a trigonometric function per element.
            let (mut wave, mut last) = (1.0, turn.cos());
            let twice = 2.0 * turn.cos();
            for place in 0..width {
                let mixed = 0.6 * own[place] + 0.15 * (before[place] + after[place]);
                values.push(mixed + 0.3 * wave as f32);
                (wave, last) = (twice * wave - last, wave);
            }
        }
        Self { width, values }
    }

    /// The vector of a token; smaller in the blocks before the last.
    pub(super) fn write(&self, row: &Row, out: &mut [f32]) {
        let share = 0.5 + 0.5 * (row.layer + 1) as f32 / row.layers as f32;
        for (value, feature) in out.iter_mut().zip(self.of(row.token)) {
            *value = share * feature;
        }
    }

    fn of(&self, token: usize) -> &[f32] {
        &self.values[token * self.width..(token + 1) * self.width]
    }
}

impl PairFeatures {
    pub(super) fn new(complex: &Complex, width: usize, salt: u64) -> Self {
        Self {
            rows: TokenFeatures::new(complex, width, seed_of(&[salt, 1])),
            columns: TokenFeatures::new(complex, width, seed_of(&[salt, 2])),
            centres: complex.centres(),
            near: signed_vector(width, seed_of(&[salt, 3])),
        }
    }

    pub(super) fn write(&self, row: &Row, out: &mut [f32]) {
        let apart = distance(self.centres[row.token], self.centres[row.partner]);
        let nearness = (-apart / 10.0).exp() as f32;
        let pairs = self.rows.of(row.token).iter().zip(self.columns.of(row.partner));
        for ((value, (first, second)), near) in out.iter_mut().zip(pairs).zip(&self.near) {
            *value = first * second + nearness * near;
        }
    }
}

/// Scores of the residue that stands at a place: highest for the true one, then for those of like propensities.
pub(super) fn residue_logits(amino: Option<usize>, out: &mut [f32]) {
    let own = amino.map(propensities);
    for (kind, value) in out.iter_mut().enumerate() {
        *value = match own {
            Some(own) if kind < KINDS - 1 => {
                let unlike: f64 = own.iter().zip(propensities(kind)).map(|(a, b)| (a - b).abs()).sum();
                let truth = if amino == Some(kind) { 4.0 } else { 0.0 };
                (truth - 3.0 * unlike) as f32
            }
            _ => -8.0,
        };
    }
}

fn signed_vector(width: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..width).map(|_| random.signed() as f32).collect()
}
