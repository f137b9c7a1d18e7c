//! The section of a value that is not a structure: every metric of arrays, and the judged metrics. Does not give verdicts of its own.

use super::{ComparedPair, ComparisonTable, Coverage, MetricRow};
use crate::compare::{Agreement, FieldComparison, ValueDifference};
use crate::metric::{EmbeddingError, Extreme, difference, embedding_error_of};
use crate::metric_value::{ABSOLUTE, MetricValue, MetricVerdict, exact};
use crate::prediction::{Listing, Prediction, Value};
use crate::tensor::Tensor;

/// The section of a value.
pub(super) fn section(field: &FieldComparison, table: &ComparisonTable<'_>) -> ComparedPair {
    let path = field.path.as_str();
    let arrays = table.first.array(path).zip(table.second.array(path));
    let mut section = match arrays {
        Some((one, other)) if field.agreement != Agreement::Equal => {
            let (wide_one, wide_other) = widened(one, other);
            // Arrays of different element types were not measured yet.
            let measures = if one.dtype() == other.dtype() {
                field.measures.clone()
            } else {
                measured_alone(path, &wide_one, &wide_other, table)
            };
            ComparedPair::new(path, rows(&wide_one, &wide_other, &measures))
        }
        _ => ComparedPair::new(path, judged(&field.measures)),
    };
    section.warnings.extend(arrays.and_then(|(one, other)| not_finite(one, other)));
    section.verdict = match field.agreement {
        Agreement::Equal => MetricVerdict::Indistinguishable,
        Agreement::Within if field.measures.is_empty() => MetricVerdict::WithinTolerance,
        Agreement::Within => section.verdict.min(MetricVerdict::WithinTolerance),
        Agreement::Beyond => MetricVerdict::Different,
    };
    section.notes.extend(note(field, table));
    if field.agreement == Agreement::Beyond {
        section.differences.push(difference_text(field));
        section.cause = table.cause(field);
        section.notes.extend(arrays.and_then(|(one, other)| super::too_large(one, other)));
    }
    section
}

/// The metrics beyond their limit if the value is compared by gates, else the text of the finding.
fn difference_text(field: &FieldComparison) -> String {
    let beyond = field.measures.iter().filter(|measure| measure.verdict() == MetricVerdict::Different);
    let beyond: Vec<String> = beyond.map(ToString::to_string).collect();
    if let (ValueDifference::Gates, false) = (&field.finding, beyond.is_empty()) {
        return beyond.join("; ");
    }
    let lines = field.details().into_iter().map(|line| format!("\n  {line}"));
    field.summary() + &lines.collect::<String>()
}

/// A note on how a value was judged.
fn note(field: &FieldComparison, table: &ComparisonTable<'_>) -> Option<String> {
    match &field.finding {
        ValueDifference::Rows { difference, .. } if field.agreement == Agreement::Within => Some(format!(
            "{} of {} rows are recorded, of the others their lengths",
            difference.grid.kept(),
            difference.grid.rows
        )),
        ValueDifference::Numbers { difference, tolerance, .. }
            if difference.differing > 0 && (tolerance.absolute > 0.0 || tolerance.relative > 0.0) =>
        {
            Some(format!("every element may differ by {} + {} × |first|", tolerance.absolute, tolerance.relative))
        }
        ValueDifference::Gates => {
            let is_pair_error = field.measures.iter().any(|measure| measure.key == "unmasked_pae");
            let has = |listing: &Listing<'_>| listing.entries().any(|(path, _)| is_confidence(path));
            let is_vectors = field.measures.iter().any(|measure| measure.key == "norm_ratio");
            if is_pair_error && !has(table.first) && !has(table.second) {
                Some("without confidence every residue counts".to_owned())
            } else {
                is_vectors
                    .then(|| "judged as embeddings: the vector of each residue by its direction and length".to_owned())
            }
        }
        _ => None,
    }
}

fn is_confidence(path: &str) -> bool {
    matches!(crate::prediction::field_of(path), crate::compare::PLDDT | crate::compare::STRUCTURES)
}

/// The metrics of two arrays by the rules, without the rest of their responses.
fn measured_alone(path: &str, one: &Tensor, other: &Tensor, table: &ComparisonTable<'_>) -> Vec<MetricValue> {
    let alone = |tensor: &Tensor| Prediction {
        class: String::new(),
        fields: vec![(crate::prediction::field_of(path).to_owned(), Value::Array(tensor.clone()))],
    };
    let found = crate::compare::compare(&alone(one), &alone(other), &table.rules.policy);
    found.fields.into_iter().flat_map(|field| field.measures).collect()
}

/// Both arrays in a common element type: doubles if only their types differ.
fn widened(first: &Tensor, second: &Tensor) -> (Tensor, Tensor) {
    let wide = |tensor: &Tensor| Tensor::from_values(tensor.shape().to_vec(), &tensor.to_f64()?).ok();
    let differ = first.dtype() != second.dtype() && first.shape() == second.shape();
    match differ.then(|| wide(first).zip(wide(second))).flatten() {
        Some(pair) => pair,
        None => (first.clone(), second.clone()),
    }
}

/// A warning about elements that are not finite, because NaN counts as equal to NaN.
fn not_finite(first: &Tensor, second: &Tensor) -> Option<String> {
    let count = |tensor: &Tensor| {
        let mut count = 0usize;
        if tensor.dtype().is_float() {
            tensor.for_each_f64(0..tensor.len(), |_, value| count += usize::from(!value.is_finite()));
        }
        count
    };
    let (one, other) = (count(first), count(second));
    (one + other > 0).then(|| {
        format!("elements that are not finite: {one} in the first, {other} in the second; NaN counts as equal to NaN")
    })
}

/// Every metric of two arrays of one shape, and the judged metrics. Only the latter if shapes differ.
fn rows(first: &Tensor, second: &Tensor, measures: &[MetricValue]) -> Vec<MetricRow> {
    let Some(found) = difference(first, second, 0.0, 0.0) else {
        return judged(measures);
    };
    let extreme = |metric, extreme: &Option<Extreme>| {
        let extreme = extreme.as_ref();
        let show = |at: &Extreme| format!("{:?}: {} against {}", at.position, exact(at.expected), exact(at.actual));
        let row = MetricRow::new(metric, Ok(extreme.map_or(0.0, |at| at.difference)));
        MetricRow { place: extreme.map(show), ..row }
    };
    let mut rows = vec![
        MetricRow::new("elements", Ok(found.total as f64)),
        MetricRow::new("elements that differ", Ok(found.differing as f64)),
        extreme("greatest absolute difference", &found.absolute),
        extreme("greatest relative difference", &found.relative),
    ];
    let width = first.shape().last().copied().unwrap_or(1);
    if first.dtype().is_float() && width > 1 {
        let found = embedding_error_of(second, first);
        let of = |pick: fn(&EmbeddingError) -> f64| found.as_ref().map(pick).map_err(ToString::to_string);
        rows.extend([
            MetricRow::new("least cosine of rows", of(|error| error.least_cosine.value)),
            MetricRow::new("mean cosine of rows", of(|error| error.mean_cosine)),
            MetricRow::new("least ratio of norms of rows", of(|error| error.least_norm_ratio.value)),
            MetricRow::new("greatest ratio of norms of rows", of(|error| error.greatest_norm_ratio.value)),
        ]);
    }
    rows.extend(judged(measures));
    rows
}

/// The judged metrics of a value.
fn judged(measures: &[MetricValue]) -> Vec<MetricRow> {
    let rows = measures.iter().map(|measure| {
        let name = if measure.key == ABSOLUTE { "nearest its limit" } else { measure.name };
        MetricRow { judged: vec![(Coverage::All, *measure)], ..MetricRow::new(name, Ok(measure.observed)) }
    });
    rows.collect()
}
