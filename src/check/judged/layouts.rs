//! What cards differ by passes, short or long; what real ports get wrong does not.

use serde_json::json;

use super::super::case_results::CallResult;
use super::super::fixture::folded::{UBIQUITIN, change_array, declared, folded};
use super::super::fixture::{compiled, judge_recorded_with};
use crate::metric::test_points::noise;
use crate::prediction::Value;
use crate::snapshot::Recording;
use crate::tensor::Tensor;

const TRP_CAGE: &str = "NLYIQWLKDGGPSSGRPPPS";
/// By how much each residue of the A100 and T4 pair moved where it is confident, in ångström, and its plddt.
const CARDS: (f32, f32) = (0.0035, 3e-4);

/// A mistake in the elements of an array, with its shape.
type ArrayMistake = fn(&[usize], &mut [f32]);

/// What a comparison with the recorded response of a model says of a changed one.
fn found(model: &str, input: &str, change: impl FnOnce(CallResult) -> CallResult) -> Vec<String> {
    found_by("check = 'snapshot'", model, input, |response| response, change)
}

/// The same of another check, and of a response that is prepared before it is recorded.
fn found_by(
    table: &str,
    model: &str,
    input: &str,
    prepare: impl FnOnce(CallResult) -> CallResult,
    change: impl FnOnce(CallResult) -> CallResult,
) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let contract = declared(model);
    let check = compiled(&contract, table);
    let judge = |response: CallResult| {
        let recording = Recording::Missing;
        judge_recorded_with(&check, &contract, &[response], directory.path(), recording, None)
    };
    let right = prepare(folded(&contract, "call", input, json!({ "include_fields": ["*"] })));
    assert_eq!(judge(right.clone()), []);
    let findings = judge(change(right));
    findings.iter().map(ToString::to_string).collect()
}

/// Changes the elements of an array field by their flat index.
fn alter(response: CallResult, field: &str, change: impl FnOnce(&[usize], &mut [f32])) -> CallResult {
    response.change(field, |value| {
        let Value::Array(tensor) = value else { panic!("{value:?}") };
        let mut values: Vec<f32> = tensor.values().unwrap().collect();
        change(tensor.shape(), &mut values);
        *tensor = Tensor::from_values(tensor.shape().to_vec(), &values).unwrap();
    })
}

/// Noise of so much of the typical element of each row, as the arithmetic of half precision leaves it.
fn rough(response: CallResult, field: &str, most: f32) -> CallResult {
    alter(response, field, |shape, values| {
        let mut next = noise(11);
        for row in values.chunks_mut(*shape.last().unwrap()) {
            let typical = (row.iter().map(|value| value * value).sum::<f32>() / row.len() as f32).sqrt();
            // Uniform between −√3 and √3 has a typical size of 1.
            for value in row {
                *value += most * typical * 1.732 * next();
            }
        }
    })
}

/// A response of ESMFold as another card gives it: residues a little elsewhere, in atoms and in frames alike.
fn as_another_card(response: CallResult, residues: usize) -> CallResult {
    let (place, confidence) = CARDS;
    let mut next = noise(3);
    let shifts: Vec<[f32; 3]> = (0..residues)
        .map(|_| {
            let shift = [next(), next(), next()];
            let length = shift.iter().map(|axis| axis * axis).sum::<f32>().sqrt().max(1e-3);
            shift.map(|axis| place * axis / length)
        })
        .collect();
    let signs: Vec<f32> = (0..residues).map(|_| confidence * next().signum()).collect();
    let response = response
        .with_structure(|structure| {
            let factors = structure.b_factor.clone().unwrap();
            for (residue, run) in structure.residues().into_iter().enumerate() {
                for atom in run {
                    for (axis, shift) in structure.coord[atom].iter_mut().zip(shifts[residue]) {
                        *axis += shift;
                    }
                    structure.b_factor.as_mut().unwrap()[atom] = factors[atom] + f64::from(signs[residue]);
                }
            }
        })
        .change("plddt", |value| {
            change_array(value, |values| {
                values.iter_mut().zip(&signs).for_each(|(value, sign)| *value += sign);
            });
        });
    let response = alter(response, "frames", |_, values| {
        for (frame, row) in values.chunks_mut(7).enumerate() {
            let shift = shifts[frame % residues];
            row[4..].iter_mut().zip(shift).for_each(|(axis, shift)| *axis += shift);
        }
    });
    let response = alter(response, "sidechain_frames", |_, values| {
        for (frame, row) in values.chunks_mut(16).enumerate() {
            let shift = shifts[frame / 8 % residues];
            for (axis, shift) in shift.into_iter().enumerate() {
                row[4 * axis + 3] += shift;
            }
        }
    });
    let trunk = ["s_s", "s_z", "states", "distogram_logits", "lm_logits", "ptm_logits", "lddt_head"];
    // Ten bits of the mantissa, as TF32 keeps.
    trunk.into_iter().fold(response, |response, field| rough(response, field, 1.0 / 1024.0))
}

/// Moves all frames of a response, each by its own vector.
fn moved(response: CallResult, field: &str, shift: impl Fn(usize) -> [f32; 3]) -> CallResult {
    alter(response, field, |shape, values| {
        let (size, places) = match shape.last() {
            Some(7) => (7, [4, 5, 6]),
            _ => (16, [3, 7, 11]),
        };
        for (frame, row) in values.chunks_mut(size).enumerate() {
            for (place, shift) in places.into_iter().zip(shift(frame)) {
                row[place] += shift;
            }
        }
    })
}

const FRAMES: [&str; 2] = ["frames", "sidechain_frames"];

#[test]
fn what_two_cards_differ_by_passes_in_every_field_of_esmfold() {
    for input in [TRP_CAGE, UBIQUITIN] {
        let reported = found("esmfold", input, |response| as_another_card(response, input.len()));
        assert_eq!(reported, Vec::<String>::new(), "{input}");
    }
    // It is a change: element by element at a thousandth these fields are others.
    let table = "check = 'snapshot'\natol = 1e-3";
    let keep = |response: CallResult| response;
    let reported = found_by(table, "esmfold", TRP_CAGE, keep, |response| as_another_card(response, 20));
    for field in ["frames", "lm_logits", "ptm_logits"] {
        assert!(reported[0].contains(&format!("  {field}: ")), "{field}: {reported:?}");
    }
}

#[test]
fn half_precision_passes_in_short_and_in_long_embeddings() {
    let long = UBIQUITIN.repeat(6);
    // Noise that leaves a cosine of 0.99: its square is 1 / 0.99² − 1.
    let wrong = (1.0f32 / (0.99 * 0.99) - 1.0).sqrt();
    for input in [&long[..4], &long[..76], &long[..400]] {
        for field in ["embeddings", "hidden_states", "lm_logits"] {
            let reported = found("esmc", input, |response| rough(response, field, 1.0 / 256.0));
            assert_eq!(reported, Vec::<String>::new(), "{field} of {} residues", input.len());
            let reported = found("esmc", input, |response| rough(response, field, wrong));
            assert!(
                reported.len() == 1 && reported[0].contains(field),
                "{field} of {} residues: {reported:?}",
                input.len()
            );
        }
    }
}

#[test]
fn wrong_frames_are_found() {
    let mistakes: [(&str, ArrayMistake); 6] = [
        ("mirror image", |_, values| {
            values.chunks_mut(7).for_each(|row| row[4] = -row[4]);
        }),
        ("nanometres", |_, values| {
            let positions = values.chunks_mut(7).flat_map(|row| &mut row[4..]);
            positions.for_each(|axis| *axis /= 10.0);
        }),
        ("quaternions with the real part last", |_, values| {
            values.chunks_mut(7).for_each(|row| row[..4].rotate_left(1));
        }),
        ("rotations the other way", |_, values| {
            let parts = values.chunks_mut(7).flat_map(|row| &mut row[1..4]);
            parts.for_each(|part| *part = -*part);
        }),
        ("rows rolled by one residue", |_, values| values.rotate_right(7)),
        ("a block of another call", |shape, values| {
            let block: usize = shape[1..].iter().product();
            values[..block].fill(0.5);
        }),
    ];
    are_found("frames", &mistakes);
    let mistakes: [(&str, ArrayMistake); 3] = [
        ("rotations the other way", |_, values| {
            for row in values.chunks_mut(16) {
                for (one, other) in [(1, 4), (2, 8), (6, 9)] {
                    row.swap(one, other);
                }
            }
        }),
        ("rows rolled by one residue", |_, values| values.rotate_right(128)),
        ("rows rolled by one frame", |_, values| values.rotate_right(16)),
    ];
    are_found("sidechain_frames", &mistakes);
}

fn are_found(field: &str, mistakes: &[(&str, ArrayMistake)]) {
    for (name, mistake) in mistakes {
        for input in [TRP_CAGE, UBIQUITIN] {
            let reported = found("esmfold", input, |response| alter(response, field, mistake));
            let words = format!("{field}: ");
            assert!(reported.len() == 1 && reported[0].contains(&words), "{field}, {name}: {reported:?}");
        }
    }
}

#[test]
fn frames_that_left_their_place_are_found() {
    let sideways = |frame: usize| [(frame as f32).sin(), (frame as f32).cos(), 0.0];
    for field in FRAMES {
        are_found(field, &[("zero", |_, values| values.fill(0.0))]);
        for input in [TRP_CAGE, UBIQUITIN] {
            let shifted = found("esmfold", input, |response| moved(response, field, sideways));
            assert!(shifted.len() == 1 && shifted[0].contains(field), "{field}: {shifted:?}");
            // All by the same: the atoms lie where they lay.
            let shifted = found("esmfold", input, |response| moved(response, field, |_| [0.0, 1.0, 0.0]));
            assert!(shifted.len() == 1 && shifted[0].contains(field), "{field}: {shifted:?}");
        }
    }
}

#[test]
fn the_sign_of_a_quaternion_and_where_everything_lies_mean_nothing() {
    let turned = found("esmfold", TRP_CAGE, |response| {
        alter(response, "frames", |_, values| {
            let parts = values.chunks_mut(7).flat_map(|row| &mut row[..4]);
            parts.for_each(|part| *part = -*part);
        })
    });
    assert_eq!(turned, Vec::<String>::new());
    let elsewhere = found("esmfold", TRP_CAGE, |response| {
        let response = moved(response, "frames", |_| [0.0, 30.0, 0.0]);
        response.with_structure(|structure| structure.coord.iter_mut().for_each(|at| at[1] += 30.0))
    });
    assert_eq!(elsewhere, Vec::<String>::new());
}

/// Mistakes in vectors of a trunk.
const OF_ROWS: [(&str, ArrayMistake); 4] = [
    ("scaled by 1.3", |_, values| {
        for value in values {
            *value *= 1.3;
        }
    }),
    ("offset", |_, values| {
        let squares: f32 = values.iter().map(|value| value * value).sum();
        let typical = (squares / values.len() as f32).sqrt();
        for value in values {
            *value += 0.3 * typical;
        }
    }),
    ("rows rolled by one", |shape, values| {
        values.rotate_right(*shape.last().unwrap());
    }),
    ("one element is no number", |_, values| values[70] = f32::NAN),
];

#[test]
fn wrong_rows_of_the_trunk_are_found() {
    for field in ["s_s", "s_z", "states", "lm_logits", "distogram_logits"] {
        are_found(field, &OF_ROWS);
    }
    // Neighbouring rows of the embedded model's are nearly the same.
    let others = OF_ROWS.into_iter().filter(|(name, _)| !name.contains("rolled"));
    are_found("ptm_logits", &others.collect::<Vec<_>>());
}

#[test]
fn unsure_residues_do_not_hide_what_is_wrong_with_all() {
    // Every second residue.
    let unsure = |response: CallResult| {
        response.change("plddt", |value| {
            change_array(value, |values| {
                for (residue, value) in values.iter_mut().enumerate() {
                    *value = if residue % 2 == 0 { 0.9 } else { 0.3 };
                }
            });
        })
    };
    for (name, mistake) in OF_ROWS {
        let change = |response| alter(response, "s_z", mistake);
        let reported = found_by("check = 'snapshot'", "esmfold", UBIQUITIN, unsure, change);
        assert!(reported.len() == 1 && reported[0].contains("s_z: "), "{name}: {reported:?}");
    }
    for (field, second_residue) in [("frames", 7), ("sidechain_frames", 128)] {
        let change = |response| alter(response, field, |_, values| values[second_residue] = f32::NAN);
        let reported = found_by("check = 'snapshot'", "esmfold", UBIQUITIN, unsure, change);
        assert!(reported.len() == 1 && reported[0].contains(&format!("{field}: ")), "{field}: {reported:?}");
    }
    // Of a recorded result that is broken there itself, the rest is judged.
    let broken = |response| alter(unsure(response), "frames", |_, values| values[7] = f32::NAN);
    let change = |response| as_another_card(response, UBIQUITIN.len());
    assert_eq!(found_by("check = 'snapshot'", "esmfold", UBIQUITIN, broken, change), Vec::<String>::new());
    // What is unsure may be seen otherwise, as long as it is the same on the whole.
    let change = |response| {
        alter(response, "s_s", |shape, values| {
            let mut next = noise(5);
            let width = *shape.last().unwrap();
            for row in values.chunks_mut(width).skip(1).step_by(2) {
                let typical = (row.iter().map(|value| value * value).sum::<f32>() / width as f32).sqrt();
                for value in row {
                    *value += 0.2 * typical * next();
                }
            }
        })
    };
    let reported = found_by("check = 'snapshot'", "esmfold", UBIQUITIN, unsure, change);
    assert_eq!(reported, Vec::<String>::new());
}

#[test]
fn one_wrong_row_of_a_long_array_is_found() {
    let reported = found("esmc", &UBIQUITIN.repeat(2), |response| {
        alter(response, "embeddings", |shape, values| {
            let width = *shape.last().unwrap();
            let (one, other) = values.split_at_mut(41 * width);
            other[..width].copy_from_slice(&one[..width]);
        })
    });
    assert!(reported[0].contains("least cosine of residues"), "{reported:?}");
}

#[test]
fn another_shape_is_told_as_one() {
    for field in ["frames", "s_s", "sidechain_frames", "s_z"] {
        let reported = found("esmfold", TRP_CAGE, |response| {
            response.change(field, |value| {
                let Value::Array(tensor) = value else { panic!("{value:?}") };
                let mut shape = tensor.shape().to_vec();
                let residues = shape.iter().rposition(|size| *size == 20).unwrap();
                shape[residues] -= 1;
                let values: Vec<f32> = tensor.values().unwrap().collect();
                let values = &values[..shape.iter().product()];
                *tensor = Tensor::from_values(shape, values).unwrap();
            })
        });
        assert!(reported.len() == 1 && reported[0].contains(&format!("{field}: ")), "{field}: {reported:?}");
    }
}
