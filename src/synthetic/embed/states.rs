//! Hidden states: what a residue is, mixed layer by layer with what surrounds it, at a model's width.

use std::collections::BTreeMap;

use super::context::{Features, SURROUNDINGS};
use super::layout::Content;
use super::mixing::{Random, Weights};
use super::scales::SCALES;

/// Which state of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// After this many layers; 0 is what enters the first.
    Depth(usize),
    /// The output: after all layers and the final normalisation.
    Output,
}

/// The states of every place of every sample, ready to be written for any layer.
pub(super) struct States {
    layers: usize,
    /// What enters the first layer, per kind of content.
    tokens: BTreeMap<Content, Vec<f32>>,
    /// Per sample and place: what stands there, and what the layers add.
    samples: Vec<Vec<(Content, Vec<f32>)>>,
}

impl States {
    /// The states of a network of so many layers and features per residue, fixed by a name.
    pub fn new(name: &str, layers: usize, width: usize, samples: &[Vec<Features>]) -> Self {
        let mixing = Weights::new(&format!("{name} surroundings"), SURROUNDINGS, width);
        let lookup = Weights::new(&format!("{name} residues"), SCALES, width);
        let mut tokens = BTreeMap::new();
        for place in samples.iter().flatten() {
            tokens.entry(place.content).or_insert_with(|| {
                // A part of its own keeps apart what has equal scales, such as X and a mask.
                let mut random = Random::named(&format!("{name} {:?}", place.content));
                let mut row: Vec<f32> = (0..width).map(|_| random.next()).collect();
                lookup.add(&place.own, &mut row);
                row
            });
        }
        let surround = |place: &Features| {
            let mut row = vec![0.0; width];
            mixing.add(&place.surroundings, &mut row);
            (place.content, row)
        };
        let samples = samples
            .iter()
            .map(|places| places.iter().map(surround).collect())
            .collect();
        Self {
            layers,
            tokens,
            samples,
        }
    }

    /// Writes one state to `row`; nothing where the sample has no such place.
    pub fn write(&self, sample: usize, place: usize, layer: Layer, row: &mut [f32]) {
        let Some((content, surroundings)) = self.samples.get(sample).and_then(|places| places.get(place)) else {
            return;
        };
        let Some(token) = self.tokens.get(content) else { return };
        let depth = match layer {
            Layer::Depth(depth) => depth.min(self.layers),
            Layer::Output => self.layers,
        };
        let (keep, take) = shares(depth as f32 / self.layers.max(1) as f32);
        for ((value, own), other) in row.iter_mut().zip(token).zip(surroundings) {
            *value = keep * own + take * other;
        }
        if layer == Layer::Output {
            normalise(row);
        }
    }
}

/// How much of the residue itself and of its surroundings a state holds, at a depth from 0 to 1. The residue fades
/// slowly, the surroundings come in quickly and settle, both smoothly.
fn shares(depth: f32) -> (f32, f32) {
    (1.0 - 0.4 * depth * depth, depth * (2.2 - 1.2 * depth))
}

/// Layer normalisation (Ba et al. 2016) without gain and offset: mean 0 and variance 1 over the features.
fn normalise(row: &mut [f32]) {
    let count = row.len().max(1) as f32;
    let mean = row.iter().sum::<f32>() / count;
    let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
    let scale = 1.0 / (variance + 1e-5).sqrt();
    for value in row {
        *value = (*value - mean) * scale;
    }
}
