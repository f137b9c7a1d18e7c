//! The likely cause of mistakes in arrays.

use hydrotest::diagnosis::{MistakeKind, of_arrays};
use hydrotest::tensor::Tensor;
use serde_json::json;

use super::noise::noise;
use super::{Score, predict, sequences};

fn tensor(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::from_values(shape.to_vec(), values).unwrap()
}

fn map(tensor: &Tensor, change: impl Fn(usize, f32) -> f32) -> Tensor {
    let values: Vec<f32> =
        tensor.values::<f32>().unwrap().enumerate().map(|(index, value)| change(index, value)).collect();
    Tensor::from_values(tensor.shape().to_vec(), &values).unwrap()
}

/// The rows of a two-dimensional array in the given order.
fn rows(tensor: &Tensor, order: impl Iterator<Item = usize>) -> Tensor {
    tensor.gather(&order.collect::<Vec<_>>()).unwrap()
}

#[test]
fn mistakes_in_arrays_are_named() {
    let mut score = Score::default();
    for sequence in sequences() {
        let embeddings =
            predict("esm2", &sequence, &json!({})).field("embeddings").unwrap().as_array().unwrap().part(0).unwrap();
        let (length, width) = (embeddings.shape()[0], embeddings.shape()[1]);
        let values: Vec<f32> = embeddings.values().unwrap().collect();
        let mut transposed = Vec::new();
        for column in 0..width {
            transposed.extend((0..length).map(|row| values[row * width + column]));
        }
        let cases = [
            ("× 100", MistakeKind::Scale, map(&embeddings, |_, value| value * 100.0)),
            ("÷ 10", MistakeKind::Scale, map(&embeddings, |_, value| value / 10.0)),
            ("offset", MistakeKind::Offset, map(&embeddings, |_, value| value + 0.3)),
            ("NaN", MistakeKind::NotFinite, map(&embeddings, |index, value| if index == 3 { f32::NAN } else { value })),
            ("constant", MistakeKind::Constant, map(&embeddings, |_, _| 0.5)),
            ("bfloat16", MistakeKind::LowerPrecision, map(&embeddings, |_, v| half::bf16::from_f32(v).to_f32())),
            ("float16", MistakeKind::LowerPrecision, map(&embeddings, |_, v| half::f16::from_f32(v).to_f32())),
            ("TF32", MistakeKind::LowerPrecision, map(&embeddings, |_, v| f32::from_bits(v.to_bits() & !0x1fff))),
            ("late", MistakeKind::Shifted, rows(&embeddings, (0..length).map(|row| (row + length - 1) % length))),
            ("early", MistakeKind::Shifted, rows(&embeddings, (0..length).map(|row| (row + 1) % length))),
            ("reversed", MistakeKind::PermutedItems, rows(&embeddings, (0..length).rev())),
            ("cut short", MistakeKind::CutShort, rows(&embeddings, 0..length - 5)),
            ("padding", MistakeKind::ExtraResidues, rows(&embeddings, (0..length).chain([0, 0, 0]))),
            ("linker", MistakeKind::ExtraResidues, rows(&embeddings, (0..10).chain([3, 5]).chain(10..length))),
            ("without the first", MistakeKind::Missing, rows(&embeddings, 1..length)),
            ("special token", MistakeKind::ExtraResidues, rows(&embeddings, std::iter::once(7).chain(0..length))),
            (
                "special tokens",
                MistakeKind::ExtraResidues,
                rows(&embeddings, std::iter::once(7).chain(0..length).chain([3])),
            ),
            ("transposed", MistakeKind::AxesSwapped, tensor(&[width, length], &transposed)),
        ];
        for (name, kind, wrong) in cases {
            score.add(name, kind, of_arrays(&embeddings, &wrong, &[]).as_ref());
        }
        let mut next = noise(length as u64);
        let jitter: Vec<f32> = (0..values.len()).map(|_| 1e-4 * next()).collect();
        assert_eq!(of_arrays(&embeddings, &map(&embeddings, |index, value| value + jitter[index]), &[]), None);
        assert_eq!(of_arrays(&embeddings, &embeddings, &[]), None);
    }
    score.assert();
}

#[test]
fn a_symmetrized_matrix_is_named() {
    for sequence in sequences().into_iter().filter(|sequence| sequence.len() < 60) {
        let prediction = predict("boltz2", &sequence, &json!({"include_fields": ["pae"]}));
        let pae = prediction.at("pae[0]").unwrap().as_array().unwrap().clone();
        let size = pae.shape()[0];
        let values: Vec<f32> = pae.values().unwrap().collect();
        let symmetric = map(&pae, |flat, value| f32::midpoint(value, values[flat % size * size + flat / size]));
        let cause = of_arrays(&pae, &symmetric, &[]);
        assert_eq!(cause.map(|cause| cause.kind), Some(MistakeKind::Symmetrised));
        let rounded = map(&pae, |_, value| (value * 100.0).round() / 100.0);
        assert_eq!(of_arrays(&pae, &rounded, &[]), None);
    }
}
