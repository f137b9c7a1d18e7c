//! The text of a comparison: how many elements differ, by how much, where, the tolerance, and which tolerance would pass. Does not
//! compare anything.

use std::fmt;

use super::comparison::{Comparison, FieldComparison, ValueDifference};
use super::kept_rows::RowsDifference;
use crate::metric::{Difference, Extreme};
use crate::metric_value::{MetricValue, MetricVerdict, count, exact};
use crate::prediction::contract::Tolerance;
use crate::tensor::DType;

/// The greatest number of differing values in a message.
const TOLD: usize = 12;

impl Comparison {
    /// One line: how many values differ, and the first of them.
    pub(crate) fn summary(&self) -> String {
        let differing = self.beyond().count();
        let verb = if differing == 1 { "differs" } else { "differ" };
        let all = count(self.fields.len(), "value");
        let first = self.beyond().next().map_or("", |field| field.path.as_str());
        format!("{differing} of {all} {verb} from the recorded result, `{first}` first")
    }

    /// The lines about each differing value, for the first dozen of them.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        let reported: Vec<String> = self.beyond().take(TOLD).map(ToString::to_string).collect();
        let mut lines: Vec<String> = reported.iter().flat_map(|field| field.lines()).map(str::to_owned).collect();
        let more = self.beyond().count().saturating_sub(TOLD);
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.details() {
            writeln!(f, "{line}")?;
        }
        write!(f, "{}", self.summary())
    }
}

impl FieldComparison {
    /// One line about the difference, without the path.
    pub(crate) fn summary(&self) -> String {
        match &self.finding {
            ValueDifference::Same => "equal".to_owned(),
            ValueDifference::Numbers { difference, place, .. } if difference.total == 1 => {
                scalar(difference, place.as_deref())
            }
            ValueDifference::Numbers { difference, .. } => counts(difference),
            ValueDifference::Directions { cosine, least, position, place } => format!(
                "cosine similarity {} < {} of the row at {position:?}{}",
                exact(*cosine),
                exact(*least),
                in_brackets(place.as_deref())
            ),
            ValueDifference::Rows { difference, .. } => rows(difference),
            ValueDifference::Hash => "differs in elements that are not recorded; its hash is another".to_owned(),
            ValueDifference::Atoms { differing, total, first, expected, actual } => format!(
                "{differing} of {total} atoms have other names, first atom {first}: expected {expected}, got {actual}"
            ),
            ValueDifference::Lines { line, .. } => format!("the texts differ from line {line} on"),
            ValueDifference::Changed { expected, actual } => format!("expected {expected}, got {actual}"),
            ValueDifference::Missing { expected } => format!("missing, expected {expected}"),
            ValueDifference::Extra { actual } => format!("not expected, got {actual}"),
            ValueDifference::Structure(found) => found.summary(),
            ValueDifference::Gates => by_gates(&self.measures),
            ValueDifference::Unjudged(reason) => format!("cannot be judged: {reason}"),
        }
    }

    /// One line each for numbers, places, and the tolerance that would pass.
    pub(crate) fn details(&self) -> Vec<String> {
        match &self.finding {
            ValueDifference::Numbers { difference, tolerance, place } => {
                let mut lines = if difference.total == 1 { Vec::new() } else { extremes(difference, place.as_deref()) };
                let would_pass = if difference.needed.is_finite() {
                    format!("an absolute tolerance of {} would pass", enough(difference.needed))
                } else {
                    "no tolerance would pass".to_owned()
                };
                lines.push(format!("{}; {would_pass}", allowed(*tolerance)));
                lines
            }
            ValueDifference::Rows { difference, tolerance } => rows_in_detail(difference, *tolerance),
            ValueDifference::Lines { line, expected, actual } => {
                let shown = |text: &Option<String>| {
                    text.as_ref().map_or_else(|| "nothing".to_owned(), |text| format!("{text:?}"))
                };
                vec![
                    format!("line {line}: expected {}", shown(expected)),
                    format!("line {line}:      got {}", shown(actual)),
                ]
            }
            ValueDifference::Structure(found) => found.lines(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for FieldComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.summary())?;
        for line in self.details() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

/// The worst verdict of several metrics, and the metrics.
fn by_gates(measures: &[MetricValue]) -> String {
    let verdict = measures.iter().map(MetricValue::verdict).max();
    let measures: Vec<String> = measures.iter().map(ToString::to_string).collect();
    format!("{}: {}", verdict.unwrap_or(MetricVerdict::Different), measures.join("; "))
}

fn scalar(difference: &Difference, place: Option<&str>) -> String {
    match &difference.absolute {
        Some(most) => format!("{}{}", expected_and_got(most, difference.dtype), in_brackets(place)),
        None => "equal".to_owned(),
    }
}

fn expected_and_got(extreme: &Extreme, dtype: DType) -> String {
    format!("expected {}, got {}", element(extreme.expected, dtype), element(extreme.actual, dtype))
}

fn in_brackets(place: Option<&str>) -> String {
    place.map(|place| format!(" ({place})")).unwrap_or_default()
}

fn counts(Difference { total, differing, beyond, .. }: &Difference) -> String {
    let differ = if differing > beyond { format!(" ({differing} differ)") } else { String::new() };
    format!("{beyond} of {total} elements beyond tolerance{differ}")
}

fn extremes(difference: &Difference, place: Option<&str>) -> Vec<String> {
    let at = |extreme: &Extreme, place: &str| {
        let Extreme { difference: amount_apart, position, .. } = extreme;
        format!("{} at {position:?}{place}: {}", amount(*amount_apart), expected_and_got(extreme, difference.dtype))
    };
    let absolute = difference.absolute.as_ref();
    let relative = difference.relative.as_ref().map(|relative| {
        // An element with both extremes is only described once.
        if absolute.is_some_and(|absolute| absolute.index == relative.index) {
            format!("greatest relative difference {} there", amount(relative.difference))
        } else {
            format!("greatest relative difference {}", at(relative, ""))
        }
    });
    let absolute = absolute.map(|most| format!("greatest absolute difference {}", at(most, &in_brackets(place))));
    absolute.into_iter().chain(relative).collect()
}

fn allowed(Tolerance { absolute, relative }: Tolerance) -> String {
    format!("allowed {} + {} × |expected|", amount(absolute), amount(relative))
}

fn rows(found: &RowsDifference) -> String {
    let RowsDifference { grid, kept, beyond, .. } = found;
    format!(
        "{} of {} rows are recorded: {} in them; {beyond} of {} rows have a length that is too far off",
        grid.kept(),
        grid.rows,
        counts(kept),
        grid.rows
    )
}

fn rows_in_detail(found: &RowsDifference, tolerance: Tolerance) -> Vec<String> {
    let mut lines = extremes(&found.kept, None);
    if let Some(row) = &found.worst {
        lines.push(format!(
            "the length of the row at {:?} is {}, expected {}, may differ by {}",
            row.position,
            amount(row.actual),
            amount(row.expected),
            amount(row.allowed)
        ));
    }
    lines.push(allowed(tolerance));
    lines
}

/// A value of an array with the digits of its type, so that a float32 reads 0.7 and not 0.699999988079071.
fn element(value: f64, dtype: DType) -> String {
    match dtype {
        DType::F16 | DType::BF16 | DType::F32 => plain(value as f32, value),
        _ => plain(value, value),
    }
}

/// The size of a difference, rounded to six digits.
fn amount(value: f64) -> String {
    let rounded = format!("{value:.5e}").parse().unwrap_or(value);
    plain(rounded, rounded)
}

/// A tolerance that would pass, rounded up to three digits so that it still passes.
fn enough(needed: f64) -> String {
    if needed <= 0.0 || !needed.is_finite() {
        return plain(needed, needed);
    }
    let step = 10f64.powi(needed.abs().log10().floor() as i32 - 2);
    let rounded = [needed, needed + step / 2.0, needed + step]
        .into_iter()
        .filter_map(|value| format!("{value:.2e}").parse().ok())
        .find(|&rounded: &f64| rounded >= needed)
        .unwrap_or(needed);
    plain(rounded, rounded)
}

/// A number with an exponent if it is very large or very small.
fn plain<T: fmt::Display + fmt::LowerExp>(value: T, size: f64) -> String {
    let size = size.abs();
    if size == 0.0 || !size.is_finite() || (1e-4..1e15).contains(&size) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_said_to_be_enough_is_never_rounded_down() {
        for (needed, said) in
            [(0.05, "0.05"), (0.050_000_01, "0.0501"), (1.234_5e-7, "1.24e-7"), (9.999, "10"), (1.0, "1"), (0.0, "0")]
        {
            assert_eq!(enough(needed), said);
            assert!(said.parse::<f64>().unwrap() >= needed);
        }
    }

    #[test]
    fn elements_have_the_digits_of_their_type() {
        assert_eq!(element(f64::from(0.7f32), DType::F32), "0.7");
        assert_eq!(element(0.1, DType::F64), "0.1");
        assert_eq!(element(f64::NAN, DType::F32), "NaN");
        assert_eq!(element(7.0, DType::I64), "7");
        assert_eq!(amount(0.050_000_011_9), "0.05");
        assert_eq!(amount(1.5e-9), "1.5e-9");
    }
}
