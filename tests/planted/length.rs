//! One relative error leads to one verdict, for any length of the input and any form of storage: for each kind of field, an
//! error just within its gate and one just beyond it.

use hydrotest::prediction::{Contract, Prediction, Value};
use hydrotest::protein::{Label, Structure};
use hydrotest::tensor::Tensor;

use super::base_cases::{contract, prediction};
use super::judge::is_different;
use super::noise::noise;

const LENGTHS: [usize; 4] = [4, 40, 400, 1000];

/// Compares results of every length with erroneous ones, where the error is in units of the gate.
fn one_verdict(key: &str, name: &str, errors: [f64; 2], result: impl Fn(&Contract, usize, f64) -> Prediction) {
    let contract = contract(key);
    for length in LENGTHS {
        let expected = result(&contract, length, 0.0);
        for (error, is_beyond) in errors.into_iter().zip([false, true]) {
            let actual = result(&contract, length, error);
            let found = is_different(&contract, &expected, &actual);
            assert_eq!(found, is_beyond, "{key} {name}: {length} residues, an error of {error} of the gate");
        }
    }
}

/// Rows of numbers that all change in the same way.
fn rows(shape: &[usize], change: impl Fn(usize, &mut [f32])) -> Value {
    let width = *shape.last().unwrap();
    let mut next = noise(9);
    let mut values: Vec<f32> = (0..shape.iter().product()).map(|_| 2.0 * next()).collect();
    for (row, values) in values.chunks_exact_mut(width).enumerate() {
        change(row, values);
    }
    Value::Array(Tensor::from_values(shape.to_vec(), &values).unwrap())
}

/// Rotates a vector by this tangent and keeps its length.
fn turn(row: usize, values: &mut [f32], tangent: f64) {
    let mut next = noise(row as u64 + 1000);
    let mut other: Vec<f64> = values.iter().map(|_| f64::from(next())).collect();
    let dot = |one: &[f64], two: &[f64]| one.iter().zip(two).map(|(one, two)| one * two).sum::<f64>();
    let own: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
    let along = dot(&own, &other) / dot(&own, &own);
    other.iter_mut().zip(&own).for_each(|(other, own)| *other -= along * own);
    let scale = tangent * (dot(&own, &own) / dot(&other, &other)).sqrt();
    let shorter = 1.0 / tangent.hypot(1.0);
    for (value, (own, other)) in values.iter_mut().zip(own.iter().zip(other)) {
        *value = (shorter * (own + scale * other)) as f32;
    }
}

/// A helix of backbones whose atoms all move by this distance in ångström, in different directions.
fn helix(length: usize, size: f64) -> Structure {
    let label = |text: &str| Label::new(text).unwrap();
    let mut structure = Structure { b_factor: Some(Vec::new()), ..Structure::default() };
    let mut next = noise(3);
    for residue in 0..length {
        for (atom, (name, radius, rise)) in
            [("N", 1.55, -0.9), ("CA", 2.28, 0.0), ("C", 1.66, 1.1), ("O", 2.0, 2.3)].into_iter().enumerate()
        {
            let angle = f64::to_radians(100.0 * residue as f64 + 28.0 * (atom as f64 - 1.0));
            let place = [radius * angle.cos(), radius * angle.sin(), 1.5 * residue as f64 + rise];
            let way = [0, 1, 2].map(|_| f64::from(next()));
            let norm = way.iter().map(|axis| axis * axis).sum::<f64>().sqrt();
            let moved = [0, 1, 2].map(|axis| (place[axis] + size * way[axis] / norm) as f32);
            structure.push(label("A"), residue as i32, label("GLY"), label(name), label(&name[..1]), moved);
            structure.b_factor.as_mut().unwrap().push(0.9);
        }
    }
    structure
}

#[test]
fn vectors() {
    // A thousand residues of these take more space than what is stored whole.
    for (name, layers, width) in [("embeddings", None, 2400), ("hidden_states", Some(2), 320), ("lm_logits", None, 64)]
    {
        let shape = |length: usize| match layers {
            Some(layers) => vec![layers, 1, length, width],
            None => vec![1, length, width],
        };
        one_verdict("esmc", name, [0.8, 1.25], |contract, length, error| {
            let longer = 1.0 + 0.01 * error as f32;
            let value = rows(&shape(length), |_, row| {
                for value in row {
                    *value *= longer;
                }
            });
            prediction(contract, vec![(name, value)])
        });
        // The cosine may be 0.001 less than 1.
        one_verdict("esmc", name, [0.8, 1.25], |contract, length, error| {
            let tangent = (1.0 / (1.0 - 0.001 * error).powi(2) - 1.0).sqrt();
            let value = rows(&shape(length), |place, row| {
                if error > 0.0 {
                    turn(place, row, tangent);
                }
            });
            prediction(contract, vec![(name, value)])
        });
    }
    // Every element by itself.
    for (name, width) in [("embeddings", 2400), ("lm_logits", 33)] {
        one_verdict("esm2", name, [0.8, 1.25], |contract, length, error| {
            let value = rows(&[1, length, width], |_, row| {
                for value in row {
                    *value += (error * 1e-4 * (1.0 + f64::from(value.abs()))) as f32;
                }
            });
            prediction(contract, vec![(name, value)])
        });
    }
}

#[test]
fn confidences_and_aligned_errors() {
    let plddt = |length: usize, error: f64| {
        let values: Vec<f32> = (0..length).map(|at| (0.85 + 0.01 * (at % 5) as f64 + error) as f32).collect();
        Value::List(vec![Value::Array(Tensor::vector(&values))])
    };
    for (key, gate) in [("esmfold", 0.005), ("boltz2", 0.02)] {
        one_verdict(key, "plddt", [0.8, 1.25], |contract, length, error| {
            prediction(contract, vec![("plddt", plddt(length, gate * error))])
        });
    }
    for (key, gate, is_batch) in [("esmfold", 0.05, true), ("chai1", 0.5, false)] {
        one_verdict(key, "pae", [0.8, 1.25], |contract, length, error| {
            let shape = if is_batch { vec![1, length, length] } else { vec![length, length] };
            let value = rows(&shape, |_, row| {
                for value in row {
                    *value += 9.0 + (gate * error) as f32;
                }
            });
            let value = if is_batch { value } else { Value::List(vec![value]) };
            prediction(contract, vec![("plddt", plddt(length, 0.0)), ("pae", value)])
        });
    }
    one_verdict("esmfold", "ptm", [0.8, 1.25], |contract, _, error| {
        let value = Tensor::vector(&[(0.7 + 0.005 * error) as f32]);
        prediction(contract, vec![("ptm", Value::List(vec![Value::Array(value)]))])
    });
}

#[test]
fn positions_and_indices() {
    // A superposition absorbs half of the error of four alpha carbons.
    one_verdict("esmfold", "atom_array", [0.8, 2.0], |contract, length, error| {
        let structure = helix(length, 0.05 * error);
        prediction(contract, vec![("atom_array", Value::List(vec![Value::Structure(Box::new(structure))]))])
    });
    one_verdict("esm2", "residue_index", [0.0, 1.0], |contract, length, error| {
        let mut values: Vec<i32> = (0..length as i32).collect();
        values[length - 1] += error as i32;
        let value = Tensor::from_values(vec![1, length], &values).unwrap();
        prediction(contract, vec![("residue_index", Value::Array(value))])
    });
}
