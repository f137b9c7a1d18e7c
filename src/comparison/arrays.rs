//! Two arrays by every metric for arrays.

use super::{Gates, Row, Section};
use crate::cause::of_arrays;
use crate::metric::{Difference, Extreme, difference, embedding_error};
use crate::prediction::show_shape;
use crate::tensor::Tensor;

pub(super) fn compare(name: &str, first: &Tensor, second: &Tensor, gates: &Gates) -> Section {
    let describe = |tensor: &Tensor| format!("{} array {}", tensor.dtype(), show_shape(tensor.shape()));
    let found = difference(first, second, gates.absolute, gates.relative);
    let mut section = match found {
        Some(found) => Section {
            name: name.to_owned(),
            rows: rows(&found, first, second, gates),
            differences: Vec::new(),
            cause: None,
        },
        None if first == second => Section {
            differences: Vec::new(),
            ..Section::different(name, String::new())
        },
        None => Section::different(name, format!("{} against {}", describe(first), describe(second))),
    };
    if !section.is_same() {
        section.cause = of_arrays(first, second, &[]);
    }
    section
}

fn rows(found: &Difference, first: &Tensor, second: &Tensor, gates: &Gates) -> Vec<Row> {
    let row = |metric, all| Row {
        metric,
        all,
        confident: None,
        allowed: None,
        is_kept: true,
        place: None,
    };
    let extreme = |metric, extreme: &Option<Extreme>| Row {
        place: extreme
            .as_ref()
            .map(|at| format!("at {:?}: {} against {}", at.position, at.expected, at.actual)),
        ..row(metric, Ok(extreme.as_ref().map_or(0.0, |at| at.difference)))
    };
    let bound = format!("at most {} + {} × |first|", gates.absolute, gates.relative);
    let mut rows = vec![
        row("elements", Ok(found.total as f64)),
        row("elements that differ", Ok(found.differing as f64)),
        Row {
            allowed: Some(bound),
            is_kept: found.is_within(),
            ..row("elements beyond the bound", Ok(found.beyond as f64))
        },
        extreme("greatest absolute difference", &found.absolute),
        extreme("greatest relative difference", &found.relative),
    ];
    let width = first.shape().last().copied().unwrap_or(1);
    if first.dtype().is_float()
        && width > 1
        && let (Some(reference), Some(observed)) = (first.to_f64(), second.to_f64())
    {
        let found = embedding_error(&observed, &reference, width);
        let of =
            |pick: fn(&crate::metric::EmbeddingError) -> f64| found.as_ref().map(pick).map_err(ToString::to_string);
        rows.push(row("least cosine of rows", of(|error| error.least_cosine.value)));
        rows.push(row("mean cosine of rows", of(|error| error.mean_cosine)));
    }
    rows
}
