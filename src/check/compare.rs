//! Holds one value against another, in any nesting: how far their numbers lie apart and what else differs. Measures and
//! words; whether a difference is right or wrong is for the checks.

use super::number::{count, exact, show};
use super::places::Places;
use super::structure_field::name_of_atom;
use crate::metric::{Difference, Extreme, difference, rmsd, superpose};
use crate::prediction::{Value, show_shape};
use crate::protein::Structure;
use crate::tensor::Tensor;

/// How far two values may lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowed {
    /// Bound of every element: `|got − expected| ≤ absolute + relative · |expected|`; `None` where only the other measures
    /// count.
    pub elements: Option<(f64, f64)>,
    /// Least cosine of two rows of an array.
    pub cosine: Option<f64>,
    /// Greatest distance of two structures in ångström: root mean square after superposition.
    pub rmsd: Option<f64>,
}

/// One way in which two values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// One line.
    pub summary: String,
    /// Numbers and places.
    pub details: Vec<String>,
}

/// What a comparison found.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Everything beyond what is allowed.
    pub mismatches: Vec<Mismatch>,
    /// Why the values cannot be measured against each other: other kinds, types, shapes or names.
    pub incomparable: bool,
    /// The greatest absolute difference of two numbers; infinite for different texts.
    pub greatest: f64,
    /// Single numbers and texts that were compared.
    pub compared: usize,
}

/// Compares two values at a path.
#[must_use]
pub fn compare(path: &str, expected: &Value, got: &Value, allowed: Allowed, places: &Places<'_>) -> Comparison {
    let mut walk = Walk {
        allowed,
        found: Comparison::default(),
    };
    walk.value(path, expected, got, places);
    walk.found
}

struct Walk {
    allowed: Allowed,
    found: Comparison,
}

impl Walk {
    fn value(&mut self, path: &str, expected: &Value, got: &Value, places: &Places<'_>) {
        match (expected, got) {
            (Value::None, Value::None) => self.incomparable(format!("{path}: nothing to compare, both are None")),
            (Value::Array(expected), Value::Array(got)) => self.array(path, expected, got, places),
            (Value::Structure(expected), Value::Structure(got)) => self.structure(path, expected, got),
            (Value::Text(expected), Value::Text(got)) => self.text(path, expected, got),
            (Value::List(expected), Value::List(got)) | (Value::Tuple(expected), Value::Tuple(got)) => {
                self.items(path, expected, got, places);
            }
            (Value::Map(expected), Value::Map(got)) => self.map(path, expected, got),
            _ => match (scalar(expected), scalar(got)) {
                (Some(expected), Some(got)) => self.array(path, &expected, &got, &Places::default()),
                _ => self.incomparable(format!("{path}: {} against {}", expected.describe(), got.describe())),
            },
        }
    }

    fn items(&mut self, path: &str, expected: &[Value], got: &[Value], places: &Places<'_>) {
        if expected.len() != got.len() || expected.is_empty() {
            let summary = format!("{path}: {} against {}", count(expected.len(), "item"), got.len());
            return self.incomparable(summary);
        }
        for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
            self.value(&format!("{path}[{index}]"), expected, got, &places.of_item(index));
        }
    }

    fn map(&mut self, path: &str, expected: &[(Value, Value)], got: &[(Value, Value)]) {
        if expected.len() != got.len() {
            let summary = format!("{path}: {} against {}", count(expected.len(), "entry"), got.len());
            return self.incomparable(summary.replace("entrys", "entries"));
        }
        for ((expected_key, expected), (key, got)) in expected.iter().zip(got) {
            if expected_key != key {
                let keys = (expected_key.as_text().unwrap_or("?"), key.as_text().unwrap_or("?"));
                self.incomparable(format!("{path}: key {:?} against {:?}", keys.0, keys.1));
                return;
            }
            let path = format!("{path}.{}", key.as_text().unwrap_or("?"));
            self.value(&path, expected, got, &Places::default());
        }
    }

    fn text(&mut self, path: &str, expected: &str, got: &str) {
        self.found.compared += 1;
        if expected == got {
            return;
        }
        self.found.greatest = f64::INFINITY;
        let mut lines = expected.lines().zip(got.lines()).enumerate();
        let details = match lines.find(|(_, (expected, got))| expected != got) {
            Some((line, (expected, got))) => vec![
                format!("line {}: expected {expected:?}", line + 1),
                format!("line {}:      got {got:?}", line + 1),
            ],
            None => vec![format!(
                "{} lines against {}",
                expected.lines().count(),
                got.lines().count()
            )],
        };
        self.found.mismatches.push(Mismatch {
            summary: format!("{path}: the texts differ"),
            details,
        });
    }

    fn array(&mut self, path: &str, expected: &Tensor, got: &Tensor, places: &Places<'_>) {
        if expected.dtype() != got.dtype() {
            return self.incomparable(format!("{path}: dtype {} against {}", expected.dtype(), got.dtype()));
        }
        if expected.shape() != got.shape() {
            let shapes = (show_shape(expected.shape()), show_shape(got.shape()));
            return self.incomparable(format!("{path}: shape {} against {}", shapes.0, shapes.1));
        }
        let (absolute, relative) = self.allowed.elements.unwrap_or((f64::INFINITY, 0.0));
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

    fn describe(&self, path: &str, shape: &Tensor, found: &Difference, places: &Places<'_>) -> Mismatch {
        let (absolute, relative) = self.allowed.elements.unwrap_or((0.0, 0.0));
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

    fn structure(&mut self, path: &str, expected: &Structure, got: &Structure) {
        let uneven = expected.uneven_column().or(got.uneven_column());
        if let Some(column) = uneven {
            return self.incomparable(format!("{path}: column `{column}` has not one entry for each atom"));
        }
        if expected.coord.len() != got.coord.len() {
            let summary = format!(
                "{path}: {} against {}",
                count(expected.coord.len(), "atom"),
                got.coord.len()
            );
            return self.incomparable(summary);
        }
        let differs = |atom: &usize| name_of_atom(expected, *atom) != name_of_atom(got, *atom);
        if let Some(atom) = (0..expected.atoms()).find(differs) {
            let names = (name_of_atom(expected, atom), name_of_atom(got, atom));
            return self.incomparable(format!("{path}: atom {atom} is {} against {}", names.0, names.1));
        }
        self.found.compared += expected.coord.len();
        let gaps = expected.coord.iter().zip(&got.coord).map(|(a, b)| distance(*a, *b));
        let farthest = gaps.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((atom, gap)) = farthest else {
            return self.incomparable(format!("{path}: nothing to compare, both have no atoms"));
        };
        self.found.greatest = self.found.greatest.max(gap);
        let superposed = superpose(&got.coord, &expected.coord).map(|motion| motion.rmsd);
        let plain = rmsd(&got.coord, &expected.coord);
        let shown = |distance: &Result<f64, _>| {
            distance
                .as_ref()
                .map_or_else(|_| "undefined".to_owned(), |it| show(*it))
        };
        let details = vec![
            format!(
                "RMSD {} Å as they are, {} Å superposed, over {}",
                shown(&plain),
                shown(&superposed),
                count(expected.coord.len(), "atom")
            ),
            format!(
                "greatest distance {} Å: {}",
                show(gap),
                name_of_atom(expected, atom % expected.atoms().max(1))
            ),
        ];
        let summary = match (self.allowed.rmsd, self.allowed.elements) {
            (Some(most), _) if superposed.as_ref().is_ok_and(|rmsd| *rmsd <= most) => return,
            (Some(most), _) => format!(
                "{path}: superposed RMSD {} Å, allowed {}",
                shown(&superposed),
                show(most)
            ),
            (None, elements) => {
                let (absolute, _) = elements.unwrap_or((0.0, 0.0));
                if gap <= absolute {
                    return self.factors(path, expected, got, absolute);
                }
                format!(
                    "{path}: atoms are up to {} Å apart, allowed {}",
                    show(gap),
                    show(absolute)
                )
            }
        };
        self.found.mismatches.push(Mismatch { summary, details });
    }

    fn factors(&mut self, path: &str, expected: &Structure, got: &Structure, absolute: f64) {
        match (&expected.b_factor, &got.b_factor) {
            (None, None) => {}
            (Some(expected), Some(got)) => {
                let (expected, got) = (Tensor::vector(expected), Tensor::vector(got));
                if let Some(found) = difference(&expected, &got, absolute, 0.0).filter(|found| !found.is_within()) {
                    let path = format!("{path}.b_factor");
                    let mismatch = self.describe(&path, &expected, &found, &Places::default());
                    self.found.mismatches.push(mismatch);
                }
            }
            _ => self.incomparable(format!("{path}: only one has a column b_factor")),
        }
    }

    fn incomparable(&mut self, summary: String) {
        self.found.incomparable = true;
        self.found.mismatches.push(Mismatch {
            summary,
            details: Vec::new(),
        });
    }
}

fn scalar(value: &Value) -> Option<Tensor> {
    match value {
        Value::Integer(number) => Some(Tensor::scalar(*number)),
        Value::Float(number) => Some(Tensor::scalar(*number)),
        Value::Bool(flag) => Some(Tensor::scalar(*flag)),
        _ => None,
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

fn distance(a: [f32; 3], b: [f32; 3]) -> f64 {
    let squares: f64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| (f64::from(*a) - f64::from(b)).powi(2))
        .sum();
    if squares.is_nan() {
        f64::INFINITY
    } else {
        squares.sqrt()
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
