//! The likely cause of mistakes in arrays that have a number or a vector for every residue pair, where both axes change
//! together.

use hydrotest::diagnosis::{MistakeKind, of_arrays};
use hydrotest::tensor::Tensor;
use serde_json::json;

use super::noise::noise;
use super::{Score, predict, sequences};

/// The matrix with these entries on both axes, plus noise of the given size. Indices out of range stand for the residues of a
/// linker.
fn gathered(pairs: &Tensor, order: &[usize], size: f32) -> Tensor {
    let [length, _, channels] = *pairs.shape() else {
        panic!("three axes: {:?}", pairs.shape());
    };
    let values: Vec<f32> = pairs.values().unwrap().collect();
    let (mut next, mut linker) = (noise(order.len() as u64), noise(77));
    let mut all = Vec::new();
    for &row in order {
        for &column in order {
            for channel in 0..channels {
                let known = row < length && column < length;
                let value =
                    if known { values[(row * length + column) * channels + channel] } else { 15.0 + 9.0 * linker() };
                all.push(value + size * next());
            }
        }
    }
    Tensor::from_values(vec![order.len(), order.len(), channels], &all).unwrap()
}

/// One matrix, or several of them, in the shape that the diagnosis expects.
fn shaped(pairs: &Tensor, samples: usize) -> Tensor {
    let [length, _, channels] = *pairs.shape() else {
        panic!("three axes: {:?}", pairs.shape());
    };
    let values: Vec<f32> = pairs.values().unwrap().collect();
    let mut shape = vec![length, length];
    if channels > 1 {
        shape.push(channels);
    }
    if samples > 1 {
        shape.insert(0, samples);
    }
    let all: Vec<f32> = (0..samples).flat_map(|sample| values.iter().map(move |value| value + sample as f32)).collect();
    Tensor::from_values(shape, &all).unwrap()
}

/// The aligned errors of one input, alone and next to distances raised to the power of the channel index.
fn matrices(sequence: &str, channels: usize) -> Tensor {
    let prediction = predict("boltz2", sequence, &json!({"include_fields": ["pae"]}));
    let pae = prediction.at("pae[0]").unwrap().as_array().unwrap().clone();
    let length = pae.shape()[0];
    let values: Vec<f32> = pae.values().unwrap().collect();
    let all: Vec<f32> = values
        .iter()
        .flat_map(|value| (0..channels).map(move |channel| value * (1.0 + channel as f32 * 0.3)))
        .collect();
    Tensor::from_values(vec![length, length, channels], &all).unwrap()
}

#[test]
fn mistakes_of_both_axes_are_named() {
    let mut score = Score::default();
    let short = sequences().into_iter().filter(|sequence| sequence.len() < 110).take(3);
    for sequence in short {
        for channels in [1, 6] {
            let pairs = matrices(&sequence, channels);
            let length = pairs.shape()[0];
            let all: Vec<usize> = (0..length).collect();
            let linker: Vec<usize> = (length..length + 25).collect();
            let (third, half) = (length / 3, length / 2);
            let turned = |places: usize| [&all[places..], &all[..places]].concat();
            let mut shuffled = all.clone();
            let mut next = noise(length as u64);
            shuffled.sort_by_cached_key(|_| (1e6 * next()) as i32);
            let cases = [
                ("cut short", MistakeKind::CutShort, all[..third].to_vec()),
                ("without the first", MistakeKind::Missing, all[1..].to_vec()),
                ("without some", MistakeKind::Missing, [&all[..third], &all[third + 7..]].concat()),
                ("without both ends", MistakeKind::Missing, all[1..length - 1].to_vec()),
                ("padding", MistakeKind::ExtraResidues, [&all[..], &linker[..13]].concat()),
                ("linker", MistakeKind::ExtraResidues, [&all[..half], &linker, &all[half..]].concat()),
                (
                    "two linkers",
                    MistakeKind::ExtraResidues,
                    [&all[..third], &linker[..10], &all[third..half], &linker[..10], &all[half..]].concat(),
                ),
                ("special tokens", MistakeKind::ExtraResidues, [&linker[..1], &all, &linker[1..2]].concat()),
                ("special token", MistakeKind::ExtraResidues, [&linker[..1], &all].concat()),
                ("late", MistakeKind::Shifted, turned(length - 1)),
                ("two early", MistakeKind::Shifted, turned(2)),
                ("reversed", MistakeKind::PermutedItems, all.iter().rev().copied().collect()),
                ("chains", MistakeKind::PermutedItems, turned(third)),
                ("three chains", MistakeKind::PermutedItems, [&all[half..], &all[third..half], &all[..third]].concat()),
                ("shuffled", MistakeKind::PermutedItems, shuffled),
            ];
            for (name, kind, order) in cases {
                for size in [0.0, 0.05] {
                    let wrong = gathered(&pairs, &order, size);
                    for samples in if channels == 1 { 1..3 } else { 1..2 } {
                        let (wanted, got) = (shaped(&pairs, samples), shaped(&wrong, samples));
                        score.add(name, kind, of_arrays(&wanted, &got, &[]).as_ref());
                    }
                }
            }
            let noisy = gathered(&pairs, &all, 0.05);
            assert_eq!(of_arrays(&pairs, &noisy, &[]), None);
            let other = gathered(&pairs, &linker, 0.0);
            assert_eq!(of_arrays(&pairs, &other, &[]), None);
        }
    }
    score.assert();
}

#[test]
fn mistakes_of_both_axes_are_reported_with_their_place() {
    // For the first chain, which is as long as one period of the confidence, the errors are nearly symmetric.
    let pairs = matrices(&sequences()[1], 1);
    let length = pairs.shape()[0];
    let all: Vec<usize> = (0..length).collect();
    let reported =
        |order: &[usize]| of_arrays(&shaped(&pairs, 1), &shaped(&gathered(&pairs, order, 0.0), 1), &[]).unwrap().what;
    assert_eq!(
        reported(&[&all[..9], &[900, 901, 902], &all[9..]].concat()),
        "a linker left in: 3 extra entries at 9 along axes 0 and 1"
    );
    assert_eq!(
        reported(&[&[900], &all[..], &[901, 902]].concat()),
        "special tokens left in: 1 extra entry at 0 and 2 at the end along axes 0 and 1"
    );
    assert_eq!(
        reported(&[&all[..4], &all[7..]].concat()),
        format!("without 3 of {length} entries after the first 4 along axes 0 and 1")
    );
    assert_eq!(
        reported(&all.iter().rev().copied().collect::<Vec<_>>()),
        format!("entries along axes 0 and 1 in reverse order: 0 stands at {}", length - 1)
    );
}
