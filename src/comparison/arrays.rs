//! Two arrays by every metric for arrays.

use super::{Loaded, Part, Row, Rules, Section, confidence};
use crate::cause::{of_arrays, too_large};
use crate::check::{is_embedding, measure_embedding};
use crate::measure::{Floor, Measure, Verdict, bound, exact, of_elements};
use crate::metric::{EmbeddingError, Extreme, difference, embedding_error_of};
use crate::prediction::contract::Tolerance;
use crate::prediction::show_shape;
use crate::snapshot::FieldJudge;
use crate::tensor::Tensor;

pub(super) fn compare(name: &str, sides: [&Loaded; 2], first: &Tensor, second: &Tensor, rules: &Rules) -> Section {
    let tolerance = rules.judge.tolerance(name);
    let floor = rules.judge.floor(name);
    let bound = bound(tolerance, floor);
    let describe = |tensor: &Tensor| format!("{} array {}", tensor.dtype(), show_shape(tensor.shape()));
    let (one, other) = widened(first, second);
    let mut section = match difference(&one, &other, bound.absolute, bound.relative) {
        Some(found) => {
            let words = "judged as embeddings: the vector of each residue by its direction and length";
            let as_embedding = || Some((embedding(name, &one, &other, rules)?, Some(words.to_owned())));
            let gated = confidence::measure(name, sides, (&one, &other), rules).or_else(as_embedding);
            let by_element = gated.is_none();
            let (measures, note) = gated.unwrap_or_else(|| (vec![of_elements(&found, tolerance, floor)], None));
            let mut section = Section::new(name, rows(&one, &other, &measures));
            section.notes.extend(note);
            if by_element && tolerance != EXACT && found.differing > 0 {
                let Tolerance { absolute, relative } = tolerance;
                section
                    .notes
                    .push(format!("every element may differ by {absolute} + {relative} × |first|"));
            }
            section
        }
        None => Section::new(name, Vec::new()),
    };
    let is_other_text = first != second && !first.dtype().is_numeric();
    if first.shape() != second.shape() || first.dtype() != second.dtype() || is_other_text {
        section.verdict = Verdict::Different;
        section
            .differences
            .push(format!("{} against {}", describe(first), describe(second)));
    }
    section.warnings.extend(not_finite(first, second));
    if !section.is_same() {
        section.cause = of_arrays(first, second, &[]);
        section.notes.extend(too_large(first, second));
    }
    section
}

/// Vectors of residues, where the model has gates for them. A file of one array does not say what it holds; with a model of
/// embeddings it is taken as that.
fn embedding(name: &str, first: &Tensor, second: &Tensor, rules: &Rules) -> Option<Vec<Measure>> {
    let gates = rules.embedding.filter(|_| name == UNNAMED || is_embedding(name))?;
    let none = Floor::unknown();
    let floor = rules.floors.get(name).unwrap_or(&none);
    measure_embedding(first, second, &gates, floor)
}

/// The name of the array of a file that holds no other.
const UNNAMED: &str = "array";

/// Both in the element type in which they can be compared: their own, or doubles where only the types differ.
pub(super) fn widened(first: &Tensor, second: &Tensor) -> (Tensor, Tensor) {
    let wide = |tensor: &Tensor| Tensor::from_values(tensor.shape().to_vec(), &tensor.to_f64()?).ok();
    let differ = first.dtype() != second.dtype() && first.shape() == second.shape();
    match differ.then(|| wide(first).zip(wide(second))).flatten() {
        Some(pair) => pair,
        None => (first.clone(), second.clone()),
    }
}

/// What a verdict alone would hide: NaN counts as equal to NaN.
pub(super) fn not_finite(first: &Tensor, second: &Tensor) -> Option<String> {
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
    if first.dtype().is_float() && width > 1 {
        let found = embedding_error_of(second, first);
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
