//! Holds embeddings of an answer against recorded ones by the gates of the model: direction and length of the vector of each
//! residue, which half precision keeps where single elements vary. Finds the fields and the words; the metric measures.

use crate::measure::{Better, Floor, Measure};
use crate::metric::embedding_error;
use crate::prediction::gates::EmbeddingGates;
use crate::tensor::Tensor;

/// Fields that hold one vector for each residue.
const FIELDS: [&str; 2] = ["embeddings", "hidden_states"];

/// Whether a path is that of vectors of residues.
#[must_use]
pub fn is_embedding(path: &str) -> bool {
    FIELDS.contains(&path.split(['.', '[']).next().unwrap_or(path))
}

/// The least cosine of a residue's two vectors, and how far the ratio of their lengths is from 1 at worst. `None` for equal arrays
/// and for those that cannot be measured, such as numbers that are not finite.
#[must_use]
pub fn measure_embedding(
    expected: &Tensor,
    got: &Tensor,
    gates: &EmbeddingGates,
    floor: &Floor,
) -> Option<Vec<Measure>> {
    let is_vectors = expected.dtype().is_float() && expected.shape().len() > 1;
    if !is_vectors || expected == got || expected.shape() != got.shape() || expected.dtype() != got.dtype() {
        return None;
    }
    let width = *expected.shape().last()?;
    let found = embedding_error(&got.to_f64()?, &expected.to_f64()?, width).ok()?;
    let ratios = [found.least_norm_ratio.value, found.greatest_norm_ratio.value];
    let norm = ratios.map(|ratio| (ratio - 1.0).abs());
    let measure = |key, name, better, observed, allowed| Measure {
        key,
        name,
        unit: "",
        better,
        observed,
        floor: floor.get(key),
        allowed,
    };
    Some(vec![
        measure(
            "cosine",
            "least cosine of residues",
            Better::Higher,
            found.least_cosine.value,
            gates.cosine,
        ),
        measure(
            "norm_ratio",
            "change of norms of residues",
            Better::Lower,
            norm[0].max(norm[1]),
            gates.norm_ratio,
        ),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::evidence::Answer;
    use super::super::finding::Finding;
    use super::super::fixture::folded::{declared, folded};
    use super::super::fixture::{compiled, judge_recorded_with};
    use crate::prediction::Value;
    use crate::snapshot::Recording;
    use crate::tensor::Tensor;

    /// Little enough that its embeddings are stored whole.
    const INPUT: &str = "MKVL";

    fn found(model: &str, table: &str, change: impl Fn(&mut Vec<f32>)) -> Vec<Finding> {
        let directory = tempfile::tempdir().unwrap();
        let contract = declared(model);
        let check = compiled(
            &contract,
            &format!("check = 'snapshot'\nfields = ['embeddings']\n{table}"),
        );
        let judge = |answer: Answer| {
            let recording = Recording::Missing;
            judge_recorded_with(&*check, &contract, &[answer], directory.path(), recording, None)
        };
        let right = folded(&contract, "call", INPUT, json!({}));
        assert_eq!(judge(right.clone()), []);
        judge(right.change("embeddings", |value| {
            if let Value::Array(tensor) = value {
                let mut values: Vec<f32> = tensor.values().unwrap().collect();
                change(&mut values);
                *tensor = Tensor::from_values(tensor.shape().to_vec(), &values).unwrap();
            }
        }))
    }

    #[test]
    fn half_precision_is_within_the_gates_and_other_lengths_and_directions_are_not() {
        let rounded = |values: &mut Vec<f32>| {
            for value in values {
                *value = half::bf16::from_f32(*value).to_f32();
            }
        };
        assert_eq!(found("esmc", "", rounded), []);
        let longer = found("esmc", "", |values| {
            *values = values.iter().map(|value| value * 1.02).collect();
        });
        assert!(
            longer[0].to_string().contains("embeddings: different: ")
                && longer[0].to_string().contains("change of norms"),
            "{longer:?}"
        );
        let late = found("esmc", "", |values| values.rotate_right(1));
        assert!(late[0].to_string().contains("least cosine of residues"), "{late:?}");
        assert_eq!(found("esmc", "", |values| values[0] = f32::NAN).len(), 1);
        // Without such gates, and where a check gives a tolerance, every element counts.
        assert_eq!(found("esm2", "", rounded).len(), 1);
        assert_eq!(found("esmc", "atol = 1e-6\nrtol = 0.0", rounded).len(), 1);
    }
}
