//! The planted mistakes: each turns a correct response into a wrong one.

use hydrotest::diagnosis::MistakeKind;
use hydrotest::prediction::{Prediction, Value};
use hydrotest::protein::{Label, Structure};
use hydrotest::tensor::Tensor;

type Planted = (&'static str, MistakeKind, Prediction);

fn field<'a>(prediction: &'a mut Prediction, name: &str) -> Option<&'a mut Value> {
    let mut fields = prediction.fields.iter_mut();
    fields.find(|(field, _)| field == name).map(|(_, value)| value)
}

/// Changes the first structure.
fn structure(right: &Prediction, change: impl FnOnce(&mut Structure)) -> Prediction {
    let mut wrong = right.clone();
    match field(&mut wrong, "atom_array") {
        Some(Value::List(items)) => match &mut items[0] {
            Value::Structure(structure) => change(structure),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    wrong
}

/// Changes the array of a field, or the first of its arrays.
fn array(
    right: &Prediction,
    name: &str,
    change: impl FnOnce(&[usize], &[f32]) -> (Vec<usize>, Vec<f32>),
) -> Prediction {
    let mut wrong = right.clone();
    let value = field(&mut wrong, name).unwrap();
    let value = match value {
        Value::List(items) => &mut items[0],
        whole => whole,
    };
    let Value::Array(tensor) = value else { panic!("{value:?}") };
    let values: Vec<f32> = tensor.values().unwrap().collect();
    let (shape, values) = change(tensor.shape(), &values);
    *tensor = Tensor::from_values(shape, &values).unwrap();
    wrong
}

fn each(right: &Prediction, name: &str, change: impl Fn(f32) -> f32) -> Prediction {
    array(right, name, |shape, values| (shape.to_vec(), values.iter().map(|value| change(*value)).collect()))
}

fn coordinates(right: &Prediction, change: impl Fn(f32) -> f32) -> Prediction {
    structure(right, |structure| {
        structure.coord.iter_mut().flatten().for_each(|axis| *axis = change(*axis));
    })
}

/// Adds the noise of another card to every number: up to `most` ångström for coordinates and aligned errors, and the measured
/// difference between two cards for confidences and embeddings.
pub fn jittered(right: &Prediction, most: f32, mut next: impl FnMut() -> f32) -> Prediction {
    let mut other = right.clone();
    for (name, value) in &mut other.fields {
        let size = match name.as_str() {
            // The measured difference between an A100 and a T4: 0.0003 where the model is confident.
            "plddt" => 3e-4,
            // Single precision on two types of card.
            "embeddings" => 5e-5,
            _ => most,
        };
        let items = match value {
            Value::List(items) => items.as_mut_slice(),
            whole => std::slice::from_mut(whole),
        };
        for item in items {
            match item {
                Value::Structure(structure) => {
                    structure.coord.iter_mut().flatten().for_each(|axis| *axis += size * next());
                }
                Value::Array(tensor) if tensor.dtype().is_float() => {
                    let values: Vec<f32> = tensor
                        .values::<f32>()
                        .unwrap()
                        .map(|value| (value + size * next()).max(if name == "pae" { 0.0 } else { f32::MIN }))
                        .collect();
                    *tensor = Tensor::from_values(tensor.shape().to_vec(), &values).unwrap();
                }
                _ => {}
            }
        }
    }
    other
}

fn swap(structure: &mut Structure, residue_name: Option<&str>, first: &str, second: &str) {
    for residue in structure.residues() {
        let is_meant = residue_name.is_none_or(|name| structure.res_name[residue.start] == *name);
        let pair = structure.atom_named(&residue, first).zip(structure.atom_named(&residue, second));
        if let Some((first, second)) = pair.filter(|_| is_meant) {
            structure.coord.swap(first, second);
        }
    }
}

/// Moves everything after a bond between confident residues.
fn break_chain(structure: &mut Structure) {
    let residues = structure.residues();
    let factor = |residue: usize| structure.b_factor.as_ref().unwrap()[residues[residue].start];
    let places = 4..residues.len() - 4;
    let surest = places.max_by(|&one, &other| {
        let sure = |place: usize| factor(place - 1).min(factor(place));
        sure(one).total_cmp(&sure(other))
    });
    let start = residues[surest.unwrap()].start;
    structure.coord[start..].iter_mut().for_each(|position| position[1] += 25.0);
}

fn factors(structure: &mut Structure, change: impl Fn(f64) -> f64) {
    structure.b_factor.iter_mut().flatten().for_each(|factor| *factor = change(*factor));
}

/// Shifts the confidences by one residue.
fn late(right: &Prediction) -> Prediction {
    let wrong = array(right, "plddt", |shape, values| {
        let mut late = values.to_vec();
        late.rotate_right(1);
        (shape.to_vec(), late)
    });
    structure(&wrong, |structure| {
        let before = structure.b_factor.clone().unwrap();
        let residues = structure.residues();
        for pair in residues.windows(2) {
            structure.b_factor.as_mut().unwrap()[pair[1].clone()].fill(before[pair[0].start]);
        }
    })
}

fn percent(right: &Prediction) -> Prediction {
    let wrong = each(right, "plddt", |value| value * 100.0);
    structure(&wrong, |structure| factors(structure, |factor| factor * 100.0))
}

fn padded(structure: &mut Structure) {
    for name in ["N", "CA", "C", "O", "CB"] {
        let label = |text| Label::new(text).unwrap();
        structure.push(label("@"), -1, label("VAL"), label(name), label(&name[..1]), [0.0; 3]);
        if let Some(column) = &mut structure.b_factor {
            column.push(0.0);
        }
    }
}

fn tf32(value: f32) -> f32 {
    f32::from_bits(value.to_bits() & !0x1fff)
}

/// Mistakes in the response of a folding model for one chain.
pub fn of_folds(right: &Prediction) -> Vec<Planted> {
    let of = |change: &dyn Fn(&mut Structure)| structure(right, change);
    let mut planted = vec![
        ("mirror image", MistakeKind::Mirror, of(&|it| it.coord.iter_mut().for_each(|at| at[0] = -at[0]))),
        ("nanometres", MistakeKind::Scale, coordinates(right, |axis| axis / 10.0)),
        ("C and CB swapped", MistakeKind::PermutedAtoms, of(&|it| swap(it, None, "C", "CB"))),
        ("atoms rolled by one", MistakeKind::Shifted, of(&|it| it.coord.rotate_right(1))),
        ("chain break of 25 Å", MistakeKind::Broken, of(&break_chain)),
        ("pLDDT × 100", MistakeKind::Scale, percent(right)),
        ("pLDDT one residue late", MistakeKind::Shifted, late(right)),
        (
            "coordinates through bfloat16",
            MistakeKind::LowerPrecision,
            coordinates(right, |axis| half::bf16::from_f32(axis).to_f32()),
        ),
        (
            "coordinates through float16",
            MistakeKind::LowerPrecision,
            coordinates(right, |axis| half::f16::from_f32(axis).to_f32()),
        ),
        ("NaN", MistakeKind::NotFinite, of(&|it| it.coord[7][1] = f32::NAN)),
        ("constant coordinates", MistakeKind::Constant, coordinates(right, |_| 1.0)),
        ("constant pLDDT", MistakeKind::Constant, each(right, "plddt", |_| 0.5)),
        ("residues from 1", MistakeKind::Offset, of(&|it| it.res_id.iter_mut().for_each(|number| *number += 1))),
        ("pLDDT + 0.1", MistakeKind::Offset, each(right, "plddt", |value| value + 0.1)),
        ("padding left in", MistakeKind::ExtraResidues, of(&padded)),
        ("PAE transposed", MistakeKind::AxesSwapped, transposed(right)),
    ];
    let sure_leucines = |it: &Structure| {
        let residues = it.residues().into_iter();
        let sure = |residue: &std::ops::Range<usize>| {
            it.res_name[residue.start] == "LEU" && it.b_factor.as_ref().unwrap()[residue.start] >= 0.7
        };
        residues.filter(sure).count() * 25 >= it.residues().len()
    };
    if sure_leucines(right.at("atom_array[0]").unwrap().as_structure().unwrap()) {
        let swapped = of(&|it| swap(it, Some("LEU"), "CD1", "CD2"));
        planted.push(("leucine CD1 and CD2 swapped", MistakeKind::PermutedAtoms, swapped));
    }
    planted
}

fn transposed(right: &Prediction) -> Prediction {
    array(right, "pae", |shape, values| {
        let size = *shape.last().unwrap();
        let turned = (0..values.len()).map(|flat| values[flat % size * size + flat / size]);
        (shape.to_vec(), turned.collect())
    })
}

/// Mistakes in the response of a folding model for two chains.
pub fn of_complexes(right: &Prediction) -> Vec<Planted> {
    let permuted = structure(right, |it| {
        let first = it.chains()[0].1.len();
        it.chain_id.rotate_left(first);
        it.res_id.rotate_left(first);
        it.ins_code.rotate_left(first);
        it.res_name.rotate_left(first);
        it.hetero.rotate_left(first);
        it.atom_name.rotate_left(first);
        it.element.rotate_left(first);
        it.coord.rotate_left(first);
        it.b_factor.as_mut().unwrap().rotate_left(first);
    });
    vec![
        ("chains permuted", MistakeKind::PermutedChains, permuted),
        ("pLDDT × 100 in a complex", MistakeKind::Scale, percent(right)),
        (
            "mirror image of a complex",
            MistakeKind::Mirror,
            structure(right, |it| it.coord.iter_mut().for_each(|at| at[2] = -at[2])),
        ),
    ]
}

/// Mistakes in the response of an embedding model for one chain.
pub fn of_embeddings(right: &Prediction) -> Vec<Planted> {
    let of = |change: fn(f32) -> f32| each(right, "embeddings", change);
    let rows = |pick: fn(usize) -> Vec<usize>| {
        array(right, "embeddings", |shape, values| {
            let (length, width) = (shape[1], shape[2]);
            let order = pick(length);
            let rows = order.iter().flat_map(|row| &values[row * width..(row + 1) * width]);
            (vec![1, order.len(), width], rows.copied().collect())
        })
    };
    let turned = array(right, "embeddings", |shape, values| {
        let (length, width) = (shape[1], shape[2]);
        let turned = (0..values.len()).map(|flat| values[flat % length * width + flat / length]);
        (vec![1, width, length], turned.collect())
    });
    vec![
        ("× 100", MistakeKind::Scale, of(|value| value * 100.0)),
        ("offset", MistakeKind::Offset, of(|value| value + 0.3)),
        ("float16", MistakeKind::LowerPrecision, of(|value| half::f16::from_f32(value).to_f32())),
        ("TF32", MistakeKind::LowerPrecision, of(tf32)),
        ("bfloat16", MistakeKind::LowerPrecision, of(|value| half::bf16::from_f32(value).to_f32())),
        ("constant", MistakeKind::Constant, of(|_| 0.0)),
        (
            "NaN",
            MistakeKind::NotFinite,
            array(right, "embeddings", |shape, values| {
                let mut wrong = values.to_vec();
                wrong[5] = f32::NAN;
                (shape.to_vec(), wrong)
            }),
        ),
        ("axes swapped", MistakeKind::AxesSwapped, turned),
        (
            "one residue late",
            MistakeKind::Shifted,
            rows(|length| (0..length).map(|row| (row + length - 1) % length).collect()),
        ),
        ("residues reversed", MistakeKind::PermutedItems, rows(|length| (0..length).rev().collect())),
        ("padding left in", MistakeKind::ExtraResidues, rows(|length| (0..length).chain([0, 0, 0]).collect())),
        (
            "linker left in",
            MistakeKind::ExtraResidues,
            rows(|length| (0..9).chain([3, 5, 3]).chain(9..length).collect()),
        ),
        ("cut short", MistakeKind::CutShort, rows(|length| (0..length - 5).collect())),
    ]
}

/// Reverses the samples of a batch, in every field that holds them.
pub fn reversed_batch(right: &Prediction) -> Prediction {
    let mut wrong = right.clone();
    for (name, value) in &mut wrong.fields {
        match value {
            Value::List(items) => items.reverse(),
            Value::Array(tensor) if name != "metadata" && tensor.shape().first() == Some(&2) => {
                *tensor = tensor.gather(&[1, 0]).unwrap();
            }
            _ => {}
        }
    }
    wrong
}
