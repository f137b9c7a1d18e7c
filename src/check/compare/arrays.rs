//! Arrays against arrays: element by element, and row by row by direction.

use super::super::number::{count, exact, show};
use super::super::places::Places;
use super::{Mismatch, Walk};
use crate::measure::{Better, Measure, of_elements};
use crate::metric::{Difference, Extreme, difference};
use crate::prediction::contract::Tolerance;
use crate::prediction::show_shape;
use crate::tensor::Tensor;

impl Walk {
    pub(super) fn array(&mut self, path: &str, expected: &Tensor, got: &Tensor, places: &Places<'_>) {
        if expected.dtype() != got.dtype() {
            return self.incomparable(format!("{path}: dtype {} against {}", expected.dtype(), got.dtype()));
        }
        if expected.shape() != got.shape() {
            let shapes = (show_shape(expected.shape()), show_shape(got.shape()));
            return self.incomparable(format!("{path}: shape {} against {}", shapes.0, shapes.1));
        }
        let (absolute, relative) = self.allowed.bound().unwrap_or((f64::INFINITY, 0.0));
        let Some(found) = difference(expected, got, absolute, relative) else {
            self.found.compared += 1;
            if expected.bytes() != got.bytes() {
                self.incomparable(format!("{path}: the texts differ"));
            }
            return;
        };
        self.found.compared += found.total;
        if let Some(extreme) = &found.absolute {
            self.found.greatest = self.found.greatest.max(extreme.difference);
        }
        let is_row = expected.shape().last().is_some_and(|width| *width > 1);
        let by_cosine = self.allowed.cosine.filter(|_| expected.dtype().is_float() && is_row);
        if let Some(least) = by_cosine {
            self.cosine(path, expected, got, least, places);
        }
        if let Some((absolute, relative)) = self.allowed.elements
            && expected.dtype().is_float()
        {
            let tolerance = Tolerance { absolute, relative };
            self.found
                .measures
                .push(of_elements(&found, tolerance, self.allowed.floor));
        }
        if (self.allowed.elements.is_some() || by_cosine.is_none()) && !self.within(&found) {
            self.found
                .mismatches
                .push(self.describe(path, expected, &found, places));
        }
    }

    /// Whether numbers are close enough: within the bound of elements, or equal where another measure was asked for that
    /// does not apply to them.
    const fn within(&self, found: &Difference) -> bool {
        match self.allowed.elements {
            Some(_) => found.is_within(),
            None => found.differing == 0,
        }
    }

    pub(super) fn describe(&self, path: &str, shape: &Tensor, found: &Difference, places: &Places<'_>) -> Mismatch {
        let (absolute, relative) = self.allowed.bound().unwrap_or((0.0, 0.0));
        let is_exact = absolute == 0.0 && relative == 0.0;
        let broken = if self.allowed.elements.is_some() {
            found.beyond
        } else {
            found.differing
        };
        let summary = if shape.shape().is_empty() {
            let (expected, got) = found
                .absolute
                .as_ref()
                .map_or((0.0, 0.0), |most| (most.expected, most.actual));
            format!("{path}: expected {}, got {}", exact(expected), exact(got))
        } else {
            let verb = if is_exact { "differ" } else { "lie too far apart" };
            format!("{path}: {broken} of {} {verb}", count(found.total, "element"))
        };
        let mut details = Vec::new();
        let mut tell = |what: &str, extreme: &Option<Extreme>| {
            if let Some(extreme) = extreme {
                details.push(format!(
                    "greatest {what} difference {} at {}: expected {}, got {}",
                    show(extreme.difference),
                    places.place(shape, extreme.index),
                    exact(extreme.expected),
                    exact(extreme.actual)
                ));
            }
        };
        tell("absolute", &found.absolute);
        tell("relative", &found.relative);
        details.push(format!(
            "allowed atol = {}, rtol = {}; {}",
            show(absolute),
            show(relative),
            smallest(found.needed)
        ));
        Mismatch { summary, details }
    }

    fn cosine(&mut self, path: &str, expected: &Tensor, got: &Tensor, least: f64, places: &Places<'_>) {
        let Some((row, cosine)) = least_cosine(expected, got) else {
            return;
        };
        self.found.measures.push(Measure {
            key: "cosine",
            name: "least cosine of rows",
            unit: "",
            better: Better::Higher,
            // Rounding may take the cosine of equal rows above 1 or below.
            observed: if expected.bytes() == got.bytes() { 1.0 } else { cosine },
            floor: None,
            allowed: least,
        });
        // NaN is less than nothing, and no cosine either.
        if cosine >= least {
            return;
        }
        let width = expected.shape().last().copied().unwrap_or(1);
        self.found.mismatches.push(Mismatch {
            summary: format!(
                "{path}: rows point apart, cosine {} of at least {}",
                exact(cosine),
                exact(least)
            ),
            details: vec![format!("the row at {}", places.place(expected, row * width))],
        });
    }
}

fn smallest(needed: f64) -> String {
    if needed.is_finite() {
        // Rounded up, so that the number shown is enough.
        let shown = show(needed);
        let enough = shown.parse::<f64>().is_ok_and(|shown| shown >= needed);
        format!(
            "atol = {} would pass",
            if enough { shown } else { format!("{needed:e}") }
        )
    } else {
        "no tolerance would pass".into()
    }
}

/// The row of two arrays of one shape whose directions lie farthest apart, and their cosine. Two rows of zeros point the
/// same way, a row of zeros and another one do not.
fn least_cosine(first: &Tensor, second: &Tensor) -> Option<(usize, f64)> {
    let width = *first.shape().last()?;
    let (first, second) = (first.to_f64()?, second.to_f64()?);
    let rows = first.chunks_exact(width).zip(second.chunks_exact(width));
    let cosines = rows.map(|(first, second)| {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let lengths = (dot(first, first).sqrt(), dot(second, second).sqrt());
        match (lengths.0 > 0.0, lengths.1 > 0.0) {
            (false, false) if first == second => 1.0,
            (true, true) => dot(first, second) / (lengths.0 * lengths.1),
            _ => 0.0,
        }
    });
    // NaN must win, so that it is seen.
    cosines.enumerate().min_by(|a, b| match (a.1.is_nan(), b.1.is_nan()) {
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        _ => a.1.total_cmp(&b.1),
    })
}
