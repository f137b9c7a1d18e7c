//! Two arrays by every metric for arrays.

use super::{Part, Row, Rules, Section};
use crate::cause::{of_arrays, too_large};
use crate::check::{is_embedding, measure_embedding};
use crate::measure::{Floor, Measure, bound, exact, of_elements};
use crate::metric::{EmbeddingError, Extreme, difference, embedding_error};
use crate::prediction::contract::Tolerance;
use crate::prediction::show_shape;
use crate::snapshot::FieldJudge;
use crate::tensor::Tensor;

pub(super) fn compare(name: &str, first: &Tensor, second: &Tensor, rules: &Rules) -> Section {
    let tolerance = rules.judge.tolerance(name);
    let floor = rules.judge.floor(name);
    let bound = bound(tolerance, floor);
    if let Some(section) = embedding(name, first, second, rules) {
        return section;
    }
    let describe = |tensor: &Tensor| format!("{} array {}", tensor.dtype(), show_shape(tensor.shape()));
    let mut section = match difference(first, second, bound.absolute, bound.relative) {
        Some(found) => Section::new(name, rows(first, second, &[of_elements(&found, tolerance, floor)])),
        None if first == second => Section::new(name, Vec::new()),
        None => Section::different(name, format!("{} against {}", describe(first), describe(second))),
    };
    if tolerance != EXACT && !section.rows.is_empty() {
        let Tolerance { absolute, relative } = tolerance;
        section
            .notes
            .push(format!("every element may differ by {absolute} + {relative} × |first|"));
    }
    if !section.is_same() {
        section.cause = of_arrays(first, second, &[]);
        section.notes.extend(too_large(first, second));
    }
    section
}

/// Vectors of residues, where the model has gates for them. A file of one array does not say what it holds; with a model of
/// embeddings it is taken as that.
fn embedding(name: &str, first: &Tensor, second: &Tensor, rules: &Rules) -> Option<Section> {
    let gates = rules.embedding.filter(|_| name == UNNAMED || is_embedding(name))?;
    let none = Floor::unknown();
    let floor = rules.floors.get(name).unwrap_or(&none);
    let measures = measure_embedding(first, second, &gates, floor)?;
    let mut section = Section::new(name, rows(first, second, &measures));
    section
        .notes
        .push("judged as embeddings: the vector of each residue by its direction and length".to_owned());
    if !section.is_same() {
        section.cause = of_arrays(first, second, &[]);
        section.notes.extend(too_large(first, second));
    }
    Some(section)
}

/// The name of the array of a file that holds no other.
const UNNAMED: &str = "array";

const EXACT: Tolerance = Tolerance {
    absolute: 0.0,
    relative: 0.0,
};

/// Every metric of two arrays of one shape, with what was judged of them; only that where they have no common shape.
pub(super) fn rows(first: &Tensor, second: &Tensor, measures: &[Measure]) -> Vec<Row> {
    let Some(found) = difference(first, second, 0.0, 0.0) else {
        return judged(measures);
    };
    let row = |metric, all| Row {
        metric,
        all,
        confident: None,
        judged: Vec::new(),
        place: None,
    };
    let extreme = |metric, extreme: &Option<Extreme>| Row {
        place: extreme
            .as_ref()
            .map(|at| format!("{:?}: {} against {}", at.position, exact(at.expected), exact(at.actual))),
        ..row(metric, Ok(extreme.as_ref().map_or(0.0, |at| at.difference)))
    };
    let mut rows = vec![
        row("elements", Ok(found.total as f64)),
        row("elements that differ", Ok(found.differing as f64)),
        extreme("greatest absolute difference", &found.absolute),
        extreme("greatest relative difference", &found.relative),
    ];
    let width = first.shape().last().copied().unwrap_or(1);
    if first.dtype().is_float()
        && width > 1
        && let (Some(reference), Some(observed)) = (first.to_f64(), second.to_f64())
    {
        let found = embedding_error(&observed, &reference, width);
        let of = |pick: fn(&EmbeddingError) -> f64| found.as_ref().map(pick).map_err(ToString::to_string);
        rows.push(row("least cosine of rows", of(|error| error.least_cosine.value)));
        rows.push(row("mean cosine of rows", of(|error| error.mean_cosine)));
        rows.push(row(
            "least ratio of norms of rows",
            of(|error| error.least_norm_ratio.value),
        ));
        rows.push(row(
            "greatest ratio of norms of rows",
            of(|error| error.greatest_norm_ratio.value),
        ));
    }
    rows.extend(judged(measures));
    rows
}

/// What was judged of a value.
pub(super) fn judged(measures: &[Measure]) -> Vec<Row> {
    let rows = measures.iter().map(|measure| Row {
        metric: match measure.key {
            crate::measure::ABSOLUTE => "nearest its limit",
            _ => measure.name,
        },
        all: Ok(measure.observed),
        confident: None,
        judged: vec![(Part::All, *measure)],
        place: None,
    });
    rows.collect()
}
