//! Mistakes in arrays: aligned errors of residue pairs, and vectors of residues.

use hydrotest::diagnosis::MistakeKind;
use hydrotest::prediction::{Prediction, Value};
use hydrotest::tensor::Tensor;

use super::Mistake;
use super::noise::noise;

/// An array of a result: the field, or the first item of its list.
fn array<'a>(prediction: &'a mut Prediction, field: &str) -> Option<&'a mut Tensor> {
    let (_, value) = prediction.fields.iter_mut().find(|(name, _)| name == field)?;
    let value = match value {
        Value::List(items) => items.first_mut()?,
        value => value,
    };
    match value {
        Value::Array(tensor) => Some(tensor),
        _ => None,
    }
}

/// Reorders the entries of the last two axes. Indices out of range stand for the entries of a linker or a token.
fn of_pairs(name: &'static str, kinds: &'static [MistakeKind], order: fn(usize) -> Vec<usize>) -> Mistake {
    Mistake::new(name, kinds, move |prediction| {
        let pae = array(prediction, "pae")?;
        let mut shape = pae.shape().to_vec();
        let length = *shape.last()?;
        let values: Vec<f32> = pae.values()?.collect();
        let order = order(length);
        let mut other = noise(11);
        let mut all = Vec::new();
        for &row in &order {
            for &column in &order {
                let is_there = row < length && column < length;
                all.push(if is_there { values[row * length + column] } else { 14.0 + 8.0 * other() });
            }
        }
        let axes = shape.len();
        shape[axes - 2..].fill(order.len());
        *pae = Tensor::from_values(shape, &all).unwrap();
        Some(())
    })
}

/// Recomputes every element from its index and all elements.
fn of_elements(
    field: &'static str,
    name: &'static str,
    kinds: &'static [MistakeKind],
    change: fn(usize, usize, &[f32]) -> f32,
) -> Mistake {
    Mistake::new(name, kinds, move |prediction| {
        let tensor = array(prediction, field)?;
        let width = *tensor.shape().last()?;
        let values: Vec<f32> = tensor.values()?.collect();
        let changed: Vec<f32> = (0..values.len()).map(|flat| change(flat, width, &values)).collect();
        *tensor = Tensor::from_values(tensor.shape().to_vec(), &changed).unwrap();
        Some(())
    })
}

/// Mistakes in aligned errors.
pub fn of_errors() -> Vec<Mistake> {
    vec![
        of_elements("pae", "transposed", &[MistakeKind::AxesSwapped], |flat, width, all| {
            all[flat % width * width + flat / width]
        }),
        of_elements("pae", "made symmetric", &[MistakeKind::Symmetrised], |flat, width, all| {
            f32::midpoint(all[flat], all[flat % width * width + flat / width])
        }),
        of_elements("pae", "ten times", &[MistakeKind::Scale], |flat, _, all| all[flat] * 10.0),
        of_elements("pae", "nanometres", &[MistakeKind::Scale], |flat, _, all| all[flat] / 10.0),
        of_elements("pae", "one more", &[MistakeKind::Offset], |flat, _, all| all[flat] + 2.0),
        of_elements(
            "pae",
            "no number",
            &[MistakeKind::NotFinite],
            |flat, _, all| {
                if flat % 97 == 5 { f32::NAN } else { all[flat] }
            },
        ),
        of_elements("pae", "zeros", &[MistakeKind::Constant], |_, _, _| 0.0),
        of_pairs("cut short", &[MistakeKind::CutShort], |length| (0..length - 30).collect()),
        of_pairs("without the first", &[MistakeKind::Missing], |length| (1..length).collect()),
        of_pairs("without some", &[MistakeKind::Missing], |length| (0..40).chain(47..length).collect()),
        of_pairs("padding", &[MistakeKind::ExtraResidues], |length| (0..length + 12).collect()),
        of_pairs("special tokens", &[MistakeKind::ExtraResidues], |length| {
            [length].into_iter().chain(0..length).chain([length + 1]).collect()
        }),
        of_pairs("token before", &[MistakeKind::ExtraResidues], |length| {
            [length].into_iter().chain(0..length).collect()
        }),
        of_pairs("linker", &[MistakeKind::ExtraResidues], |length| {
            (0..35).chain(length..length + 25).chain(35..length).collect()
        }),
        of_pairs("two linkers", &[MistakeKind::ExtraResidues], |length| {
            let linker = || length..length + 15;
            (0..35).chain(linker()).chain(35..70).chain(linker()).chain(70..length).collect()
        }),
        of_pairs("late", &[MistakeKind::Shifted], |length| (0..length).map(|at| (at + length - 1) % length).collect()),
        of_pairs("two early", &[MistakeKind::Shifted], |length| (0..length).map(|at| (at + 2) % length).collect()),
        of_pairs("reversed", &[MistakeKind::PermutedItems], |length| (0..length).rev().collect()),
        of_pairs("chains in another order", &[MistakeKind::PermutedItems], |length| {
            (35..length).chain(0..35).collect()
        }),
        of_pairs("three chains in another order", &[MistakeKind::PermutedItems], |length| {
            (70..length).chain(30..70).chain(0..30).collect()
        }),
        of_pairs("shuffled", &[MistakeKind::PermutedItems], |length| {
            let (mut order, mut next) = ((0..length).collect::<Vec<_>>(), noise(3));
            order.sort_by_cached_key(|_| (1e6 * next()) as i32);
            order
        }),
    ]
}

/// Reorders the rows of every sample. Indices out of range stand for the row of a token.
fn of_rows(name: &'static str, kinds: &'static [MistakeKind], order: fn(usize) -> Vec<usize>) -> Mistake {
    Mistake::new(name, kinds, move |prediction| {
        let embeddings = array(prediction, "embeddings")?;
        let [samples, length, width] = *embeddings.shape() else {
            return None;
        };
        let values: Vec<f32> = embeddings.values()?.collect();
        let order = order(length);
        let mut other = noise(12);
        let mut all = Vec::new();
        for sample in 0..samples {
            for &row in &order {
                if row < length {
                    let start = (sample * length + row) * width;
                    all.extend_from_slice(&values[start..start + width]);
                } else {
                    all.extend((0..width).map(|_| other()));
                }
            }
        }
        *embeddings = Tensor::from_values(vec![samples, order.len(), width], &all).unwrap();
        Some(())
    })
}

/// Mistakes in vectors.
pub fn of_vectors() -> Vec<Mistake> {
    vec![
        of_elements("embeddings", "ten times", &[MistakeKind::Scale], |flat, _, all| all[flat] * 10.0),
        of_elements("embeddings", "times 1.3", &[MistakeKind::Scale], |flat, _, all| all[flat] * 1.3),
        of_elements("embeddings", "times 0.4 and an offset", &[MistakeKind::Scale], |flat, _, all| {
            all[flat] * 0.4 - 0.7
        }),
        of_elements("embeddings", "offset", &[MistakeKind::Offset], |flat, _, all| all[flat] + 0.3),
        of_elements("embeddings", "no number", &[MistakeKind::NotFinite], |flat, _, all| {
            if flat == 77 { f32::NAN } else { all[flat] }
        }),
        of_elements("embeddings", "zeros", &[MistakeKind::Constant], |_, _, _| 0.0),
        of_elements("embeddings", "channels late", &[MistakeKind::Features], |flat, width, all| {
            all[flat / width * width + (flat + width - 1) % width]
        }),
        of_elements("embeddings", "samples swapped", &[MistakeKind::PermutedItems], |flat, _, all| {
            all[(flat + all.len() / 2) % all.len()]
        }),
        of_rows("late", &[MistakeKind::Shifted], |length| (0..length).map(|at| (at + length - 1) % length).collect()),
        of_rows("two early", &[MistakeKind::Shifted], |length| (0..length).map(|at| (at + 2) % length).collect()),
        of_rows("reversed", &[MistakeKind::PermutedItems], |length| (0..length).rev().collect()),
        of_rows("chains in another order", &[MistakeKind::PermutedItems], |length| (10..length).chain(0..10).collect()),
        of_rows("shuffled", &[MistakeKind::PermutedItems], |length| {
            let (mut order, mut next) = ((0..length).collect::<Vec<_>>(), noise(3));
            order.sort_by_cached_key(|_| (1e6 * next()) as i32);
            order
        }),
        of_rows("cut short", &[MistakeKind::CutShort], |length| (0..length - 8).collect()),
        of_rows("without the first", &[MistakeKind::Missing], |length| (1..length).collect()),
        of_rows("without some", &[MistakeKind::Missing], |length| (0..8).chain(11..length).collect()),
        of_rows("padding", &[MistakeKind::ExtraResidues], |length| (0..length + 6).collect()),
        of_rows("special tokens", &[MistakeKind::ExtraResidues], |length| {
            [length].into_iter().chain(0..length).chain([length + 1]).collect()
        }),
        of_rows("token before", &[MistakeKind::ExtraResidues], |length| {
            [length].into_iter().chain(0..length).collect()
        }),
        of_rows("linker", &[MistakeKind::ExtraResidues], |length| {
            (0..12).chain(length..length + 10).chain(12..length).collect()
        }),
        of_rows("two linkers", &[MistakeKind::ExtraResidues], |length| {
            let linker = || length..length + 5;
            (0..8).chain(linker()).chain(8..16).chain(linker()).chain(16..length).collect()
        }),
    ]
}

/// Mistakes in the indices stored with vectors.
pub fn of_indices() -> Vec<Mistake> {
    vec![Mistake::new("residue index from 1", &[MistakeKind::Offset], |prediction| {
        let indices = array(prediction, "residue_index")?;
        let values: Vec<i32> = indices.to_f64()?.into_iter().map(|index| index as i32 + 1).collect();
        *indices = Tensor::from_values(indices.shape().to_vec(), &values).unwrap();
        Some(())
    })]
}
