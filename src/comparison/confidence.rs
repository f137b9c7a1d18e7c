//! Confidences and aligned errors that come as arrays, measured by the gates of the model as those of a whole result are.
//! Judges nothing.

use super::{Loaded, Rules};
use crate::check::likeness::{compare_confidence, compare_pae, of_residues};
use crate::measure::{Floor, Measure};
use crate::prediction::contract::FactorScale;
use crate::tensor::Tensor;

/// The fields that have gates of their own.
pub(super) const PLDDT: &str = "plddt";
pub(super) const PAE: &str = "pae";

/// What the gates of a field go by, and what a reader must know of it; `None` for all other arrays, for equal ones, and where
/// the caller bounds elements. The two must be of one shape.
pub(super) fn measure(
    name: &str,
    sides: [&Loaded; 2],
    arrays: (&Tensor, &Tensor),
    rules: &Rules,
) -> Option<(Vec<Measure>, Option<String>)> {
    let gates = rules.gates.filter(|_| !rules.bounds_elements)?;
    let (one, other) = arrays;
    let none = Floor::unknown();
    let floor = rules.floors.get(name).unwrap_or(&none);
    if one == other {
        return None;
    }
    match name.split('[').next()? {
        PLDDT => {
            let measures = compare_confidence(&one.to_f64()?, &other.to_f64()?, &gates, floor);
            Some((measures, None))
        }
        PAE => {
            let mut worst: Vec<Measure> = Vec::new();
            let mut caution = None;
            for (sample, one, other) in samples(name, one, other)? {
                let size = one.shape().first().copied()?;
                let [first, second] = [0, 1].map(|side| confidence(sides[side], sample, size, rules.scales[side]));
                if first.is_none() && second.is_none() {
                    caution = Some("without confidence every residue counts".to_owned());
                }
                let every = || vec![1.0; size];
                let sure = first.clone().or_else(|| second.clone()).unwrap_or_else(every);
                let now = second.or(first).unwrap_or_else(every);
                for measure in compare_pae(&one.to_f64()?, &other.to_f64()?, (&sure, &now), &gates, floor) {
                    match worst.iter_mut().find(|known| known.key == measure.key) {
                        Some(known) if known.used() >= measure.used() => {}
                        Some(known) => *known = measure,
                        None => worst.push(measure),
                    }
                }
            }
            (!worst.is_empty()).then_some((worst, caution))
        }
        _ => None,
    }
}

/// The square matrices of an array of them, with the sample that each belongs to.
fn samples(name: &str, one: &Tensor, other: &Tensor) -> Option<Vec<(usize, Tensor, Tensor)>> {
    match *one.shape() {
        [rows, columns] if rows == columns => {
            let index = name.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
            let index = index.and_then(|index| index.parse().ok()).unwrap_or(0);
            Some(vec![(index, one.clone(), other.clone())])
        }
        [samples, rows, columns] if rows == columns => (0..samples)
            .map(|sample| Some((sample, one.part(sample)?, other.part(sample)?)))
            .collect(),
        _ => None,
    }
}

/// The confidence of as many residues, from a `plddt` beside the array or from the structure.
fn confidence(loaded: &Loaded, sample: usize, size: usize, scale: Option<FactorScale>) -> Option<Vec<f64>> {
    let contents = &loaded.contents;
    let listed = contents.array(&format!("{PLDDT}[{sample}]")).cloned();
    let beside = || {
        let whole = contents.array(PLDDT)?;
        match whole.shape().len() {
            1 if sample == 0 => Some(whole.clone()),
            2 => whole.part(sample),
            _ => None,
        }
    };
    let plddt = listed.or_else(beside).and_then(|plddt| plddt.to_f64());
    let of_structure = || of_residues(contents.structure(&format!("atom_array[{sample}]"))?, scale, None);
    plddt.or_else(of_structure).filter(|values| values.len() == size)
}
