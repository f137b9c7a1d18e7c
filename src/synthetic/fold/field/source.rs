//! Which numbers a field of a known name holds, as a function that writes its rows. Other fields get noise within their
//! range.

use super::super::geometry::distance;
use super::super::random::{Random, hash_text, seed_of};
use super::super::{Heads, Model};
use super::feature::{PairFeatures, TokenFeatures, residue_logits};
use super::row::Row;
use super::{atom_map, frame};
use crate::prediction::contract::FieldSpec;

/// Where the rows of a field come from.
pub(super) enum Source<'a> {
    /// Every row is written by itself.
    Written(Write<'a>),
    /// Every row is one of a few, by number; these need to be encoded only once.
    Chosen {
        /// The number of the pattern in a row.
        choose: Box<dyn Fn(&Row) -> usize + 'a>,
        /// The pattern of a number.
        pattern: Box<dyn Fn(usize) -> Vec<f32> + 'a>,
        /// How often the pattern stands in a row.
        times: usize,
    },
}

/// Fills in one row.
type Write<'a> = Box<dyn Fn(&Row, &mut [f32]) + 'a>;

/// The rows of a field for one conformation; `token_axes` and `width` say how they are cut.
pub(super) fn source<'a>(
    field: &'a FieldSpec,
    model: &'a Model,
    heads: &'a Heads,
    token_axes: usize,
    width: usize,
) -> Source<'a> {
    if let Some(chosen) = histograms(field, model, heads, token_axes, width) {
        return chosen;
    }
    let known = match token_axes {
        0 => per_complex(field, model, heads, width),
        1 => per_token(field, model, width),
        2 => per_pair(field, model, heads, width),
        _ => None,
    };
    Source::Written(known.unwrap_or_else(|| noise(field)))
}

/// Fields of predicted distributions.
fn histograms<'a>(
    field: &FieldSpec,
    model: &'a Model,
    heads: &'a Heads,
    token_axes: usize,
    width: usize,
) -> Option<Source<'a>> {
    let confidence = &model.confidence;
    let tokens = model.complex.tokens.len();
    let error_bins = heads.aligned_error.centres.len();
    let lddt_bins = heads.lddt.centres.len();
    let error = move |row: &Row| usize::from(confidence.error_rows[row.token * tokens + row.partner]);
    Some(match (field.name.as_str(), token_axes, width) {
        ("ptm_logits", 2, width) if width == error_bins => Source::Chosen {
            choose: Box::new(error),
            pattern: Box::new(|row| heads.aligned_error.row(row as u16).logits.clone()),
            times: 1,
        },
        ("aligned_confidence_probs", 2, width) if width == error_bins => Source::Chosen {
            choose: Box::new(error),
            pattern: Box::new(|row| heads.aligned_error.row(row as u16).probabilities.clone()),
            times: 1,
        },
        // The same for every atom; flatter in the blocks before the last, which know less.
        ("lddt_head", 1, width) if width % lddt_bins == 0 => Source::Chosen {
            choose: Box::new(|row| {
                let sureness = 1024 * (row.layer + 1) / row.layers;
                (sureness << 16) + usize::from(confidence.lddt_rows[row.token])
            }),
            pattern: Box::new(|number| {
                let sureness = (number >> 16) as f32 / 1024.0;
                let logits = &heads.lddt.row(number as u16).logits;
                logits.iter().map(|logit| sureness * logit).collect()
            }),
            times: width / lddt_bins,
        },
        ("distogram" | "distogram_logits", 2, bins) if bins > 2 => {
            let betas = model.complex.betas();
            Source::Chosen {
                choose: Box::new(move |row| {
                    let apart = distance(betas[row.token], betas[row.partner]);
                    (apart.min(FARTHEST) * STEPS).round() as usize
                }),
                pattern: Box::new(move |steps| distogram(steps as f64 / STEPS, bins)),
                times: 1,
            }
        }
        _ => return None,
    })
}

fn per_complex<'a>(field: &FieldSpec, model: &'a Model, heads: &'a Heads, width: usize) -> Option<Write<'a>> {
    let confidence = &model.confidence;
    let chains = model.complex.chains.len();
    Some(match (field.name.as_str(), width) {
        ("ptm", 1) => Box::new(|_, out| out.fill(confidence.ptm as f32)),
        ("iptm", 1) => Box::new(|_, out| out.fill(confidence.iptm as f32)),
        ("max_pae", 1) => {
            let greatest = heads.aligned_error.centres.last().copied().unwrap_or(0.0) as f32;
            Box::new(move |_, out| out.fill(greatest))
        }
        ("per_chain_iptm" | "pair_chains_iptm", width) if width == chains * chains => Box::new(|_, out| {
            for (value, &score) in out.iter_mut().zip(&confidence.pair_iptm) {
                *value = score as f32;
            }
        }),
        _ => return None,
    })
}

fn per_token<'a>(field: &FieldSpec, model: &'a Model, width: usize) -> Option<Write<'a>> {
    let complex = &model.complex;
    let confidence = &model.confidence;
    let token = |row: &Row| &complex.tokens[row.token];
    // Only amino acids have a place in the dense layouts; the rest is left out there.
    let amino = move |row: &Row| complex.tokens[row.token].residue.map(|residue| residue.amino);
    Some(match (field.name.as_str(), width) {
        ("plddt", 1) => Box::new(|row, out| out.fill(confidence.plddt[row.token])),
        ("residue_index", 1) => Box::new(move |row, out| out.fill(token(row).index as f32)),
        ("chain_index", 1) => Box::new(move |row, out| out.fill(token(row).chain as f32)),
        ("entity_id", 1) => Box::new(move |row, out| out.fill(complex.chains[token(row).chain].entity as f32)),
        ("aatype", 1) => Box::new(move |row, out| out.fill(amino(row).map_or(20.0, |amino| amino as f32))),
        ("atom14_atom_exists", atom_map::DENSE) => Box::new(move |row, out| atom_map::dense_exists(amino(row), out)),
        ("atom37_atom_exists", atom_map::ALL) => Box::new(move |row, out| atom_map::all_exists(amino(row), out)),
        ("residx_atom14_to_atom37", atom_map::DENSE) => {
            Box::new(move |row, out| atom_map::dense_to_all(amino(row), out))
        }
        ("residx_atom37_to_atom14", atom_map::ALL) => Box::new(move |row, out| atom_map::all_to_dense(amino(row), out)),
        ("frames", 7) => Box::new(|row, out| frame::backbone(complex, row, out)),
        ("sidechain_frames", 128) => Box::new(|row, out| frame::side_chain(complex, row, out)),
        ("angles", 14) => Box::new(|row, out| frame::angles(complex, row, 1.0, out)),
        // Longer where the model is surer, as networks tend to have it.
        ("unnormalized_angles", 14) => {
            Box::new(|row, out| frame::angles(complex, row, 0.5 + f64::from(confidence.plddt[row.token]), out))
        }
        ("states" | "s_s", width) => {
            let features = TokenFeatures::new(complex, width, hash_text(&field.name));
            Box::new(move |row, out| features.write(row, out))
        }
        ("lm_logits", _) => Box::new(move |row, out| residue_logits(amino(row), out)),
        _ => return None,
    })
}

fn per_pair<'a>(field: &FieldSpec, model: &'a Model, heads: &'a Heads, width: usize) -> Option<Write<'a>> {
    let complex = &model.complex;
    let confidence = &model.confidence;
    let tokens = complex.tokens.len();
    let pair = move |row: &Row| row.token * tokens + row.partner;
    Some(match (field.name.as_str(), width) {
        ("pae", 1) => {
            Box::new(move |row, out| out.fill(heads.aligned_error.row(confidence.error_rows[pair(row)]).mean))
        }
        ("pde", 1) => Box::new(move |row, out| out.fill(confidence.pde[pair(row)])),
        ("s_z", width) => {
            let features = PairFeatures::new(complex, width, hash_text(&field.name));
            Box::new(move |row, out| features.write(row, out))
        }
        _ => return None,
    })
}

/// Distances told apart in an ångström, and the greatest of them.
const STEPS: f64 = 64.0;
const FARTHEST: f64 = 30.0;

/// A peak in the bin of a distance: bins as `AlphaFold` has them, bounds from 2.3125 to 21.6875 Å, open at both ends.
fn distogram(distance: f64, bins: usize) -> Vec<f32> {
    let (first, last) = (2.3125, 21.6875);
    let step = (last - first) / (bins - 2) as f64;
    let peak = ((distance - first) / step + 0.5).clamp(0.0, (bins - 1) as f64);
    (0..bins)
        .map(|bin| (-0.5 * (bin as f64 - peak).powi(2)).max(-30.0) as f32)
        .collect()
}

/// Numbers for a field nobody knows: within its range, equal in every call, different from place to place.
fn noise(field: &FieldSpec) -> Write<'_> {
    let whole = field.dtypes.first().is_some_and(|dtype| !dtype.is_float());
    let (least, greatest) = field.range.unwrap_or(if whole { (0.0, 1.0) } else { (-1.0, 1.0) });
    let least = if least.is_finite() {
        least
    } else {
        greatest.min(1.0) - 1.0
    };
    let greatest = if greatest.is_finite() { greatest } else { least + 1.0 };
    let name = hash_text(&field.name);
    Box::new(move |row, out| {
        let place = [name, row.layer as u64, row.token as u64, row.partner as u64];
        let mut random = Random::new(seed_of(&place));
        for value in out {
            let number = least + (greatest - least) * random.unit();
            *value = if whole { number.round() } else { number } as f32;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_peak_in_their_own_bin() {
        let boundaries: Vec<f64> = (0..63)
            .map(|bin| 2.3125 + f64::from(bin) * (21.6875 - 2.3125) / 62.0)
            .collect();
        for distance in [1.0, 3.7, 8.01, 20.9, 60.0] {
            let logits = distogram(distance, 64);
            let peak = (0..64).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
            let bin = boundaries.iter().filter(|&&boundary| boundary < distance).count();
            assert_eq!(peak, bin, "{distance}");
        }
    }
}
