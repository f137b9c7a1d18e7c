//! Holds the aligned errors of an answer against recorded ones by the gates of the model, between the residues that both sides
//! are confident of. Finds the sides and the words; `likeness` measures.

use super::gated::{PLDDT, STRUCTURES, by_worst, field_of, recorded_side};
use super::likeness::compare_pae;
use crate::measure::{Floor, Measure};
use crate::prediction::contract::FactorScale;
use crate::prediction::gates::StructureGates;
use crate::snapshot::{Contents, FieldComparison, Pair};
use crate::tensor::Tensor;

/// The fields of predicted errors between pairs of residues: of positions after alignment, and of distances.
pub const PAIR_ERRORS: [&str; 2] = ["pae", "pde"];

/// Judges aligned errors such as `pae[0]`, or `pae` of a batch, where both sides are confident; `None` where nobody says of what,
/// and
/// where not all of them are stored, and where they are equal, which the comparison of numbers tells better.
#[must_use]
pub fn judge_pae(
    pair: &Pair<'_>,
    scale: Option<FactorScale>,
    gates: &StructureGates,
    floor: &Floor,
) -> Option<FieldComparison> {
    if pair.recorded.array(pair.path)? == pair.actual.array(pair.path)? {
        return None;
    }
    let measures = measure_pae(pair.path, (pair.recorded, pair.actual), scale, gates, floor)?;
    by_worst(pair.path, measures)
}

/// What [`judge_pae`] goes by: of several samples the worst of each measure.
#[must_use]
pub fn measure_pae(
    path: &str,
    (recorded, actual): (&Contents, &Contents),
    scale: Option<FactorScale>,
    gates: &StructureGates,
    floor: &Floor,
) -> Option<Vec<Measure>> {
    let (one, other) = (recorded.array(path)?, actual.array(path)?);
    if one.shape() != other.shape() || one.dtype() != other.dtype() {
        return None;
    }
    let parts: Vec<(usize, Tensor, Tensor)> = match &path[field_of(path).len()..] {
        "" if one.shape().len() == 3 => (0..one.shape()[0])
            .map(|sample| Some((sample, one.part(sample)?, other.part(sample)?)))
            .collect::<Option<_>>()?,
        rest => {
            let index = rest.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
            vec![(index, one.clone(), other.clone())]
        }
    };
    let mut worst: Vec<Measure> = Vec::new();
    for (sample, one, other) in parts {
        let (sure, now) = (
            confidence_of(recorded, sample, scale)?,
            confidence_of(actual, sample, scale)?,
        );
        let (one, other) = (square(&one, sure.len())?, square(&other, now.len())?);
        for measure in compare_pae(&one, &other, (&sure, &now), gates, floor) {
            match worst.iter_mut().find(|known| known.key == measure.key) {
                Some(known) if known.used() >= measure.used() => {}
                Some(known) => *known = measure,
                None => worst.push(measure),
            }
        }
    }
    (!worst.is_empty()).then_some(worst)
}

/// The confidence of the residues of a sample, from its structure or its `plddt`; `None` where neither says it.
#[must_use]
pub fn confidence_of(contents: &Contents, sample: usize, scale: Option<FactorScale>) -> Option<Vec<f64>> {
    let plddt = contents.array(&format!("{PLDDT}[{sample}]")).and_then(Tensor::to_f64);
    plddt.or_else(|| {
        let path = format!("{STRUCTURES}[{sample}]");
        recorded_side(contents, &path, contents.structure(&path)?, scale).confidence
    })
}

/// The first rows and columns of a square matrix, which in a batch may be padded.
fn square(matrix: &Tensor, size: usize) -> Option<Vec<f64>> {
    let [rows, columns] = *matrix.shape() else {
        return None;
    };
    if rows != columns || rows < size {
        return None;
    }
    let values = matrix.to_f64()?;
    let rows = values.chunks_exact(columns.max(1)).take(size);
    Some(rows.flat_map(|row| row[..size].iter().copied()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::finding::Finding;
    use super::super::fixture::folded::{UBIQUITIN, declared, folded};
    use super::super::fixture::{compiled, judge_recorded_with};
    use crate::prediction::Value;
    use crate::snapshot::Recording;
    use crate::tensor::Tensor;

    /// Little enough that its aligned errors are stored whole.
    const INPUT: &str = "NLYIQWLKDGGPSSGRPPPS:GIVEQCCTSICSLYQLENYCN";

    /// What a comparison with the recorded answer of a model says of one with other aligned errors.
    fn found(model: &str, input: &str, change: impl Fn(usize, usize, f32, &[f32]) -> f32) -> Vec<Finding> {
        let directory = tempfile::tempdir().unwrap();
        let contract = declared(model);
        let check = compiled(&contract, "check = 'snapshot'\nfields = ['atom_array', 'plddt', 'pae']");
        let judge = |answer| {
            let recording = Recording::Missing;
            judge_recorded_with(&*check, &contract, &[answer], directory.path(), recording, None)
        };
        let right = folded(&contract, "call", input, json!({ "include_fields": ["plddt", "pae"] }));
        assert_eq!(judge(right.clone()), []);
        let edit = |tensor: &mut Tensor| {
            let size = *tensor.shape().last().unwrap();
            let values: Vec<f32> = tensor.values().unwrap().collect();
            let changed = values.iter().enumerate();
            let changed: Vec<f32> = changed
                .map(|(flat, value)| change(flat / size % size, flat % size, *value, &values))
                .collect();
            *tensor = Tensor::from_values(tensor.shape().to_vec(), &changed).unwrap();
        };
        judge(right.change("pae", |value| match value {
            Value::Array(tensor) => edit(tensor),
            Value::List(items) => match &mut items[0] {
                Value::Array(tensor) => edit(tensor),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }))
    }

    #[test]
    fn aligned_errors_are_judged_by_their_mean() {
        for model in ["esmfold", "boltz2"] {
            assert_eq!(
                found(model, INPUT, |row, column, value, _| {
                    if (row, column) == (0, 3) { value + 2.0 } else { value }
                }),
                [],
                "{model}: one pair may move"
            );
            let transposed = found(model, INPUT, |row, column, _, all| {
                let size = (all.len() as f64).sqrt() as usize;
                all[column * size + row]
            });
            assert!(transposed[0].summary.contains("pae"), "{model}: {transposed:?}");
            assert!(
                transposed[0]
                    .hint
                    .as_deref()
                    .unwrap_or_default()
                    .contains("axes in the order"),
                "{model}: {transposed:?}"
            );
            assert_eq!(found(model, INPUT, |_, _, value, _| value * 10.0).len(), 1, "{model}");
            assert_eq!(
                found(model, INPUT, |_, _, value, _| if value > 5.0 {
                    f32::NAN
                } else {
                    value
                })
                .len(),
                1,
                "{model}"
            );
        }
    }

    #[test]
    fn larger_matrices_are_judged_alike() {
        let input = &UBIQUITIN[..70];
        assert_eq!(found("boltz2", input, |_, _, value, _| value + 0.1), []);
        assert_eq!(found("boltz2", input, |_, _, value, _| value + 3.0).len(), 1);
    }
}
