//! What a comparison found, in words: how many, how far, where, what was allowed and what would pass. Finds nothing itself.

use std::fmt;

use super::comparison::{Comparison, FieldComparison, ValueDifference};
use super::kept_rows::RowsDifference;
use crate::metric::{Difference, Extreme};
use crate::metric_value::{MetricValue, MetricVerdict, count, exact};
use crate::prediction::contract::Tolerance;
use crate::tensor::DType;

/// The most differing values a message tells of.
const TOLD: usize = 12;

impl Comparison {
    /// How many values differ, and the first of them: a line.
    pub(crate) fn summary(&self) -> String {
        let differing = self.beyond().count();
        let verb = if differing == 1 { "differs" } else { "differ" };
        let all = count(self.fields.len(), "value");
        let first = self.beyond().next().map_or("", |field| field.path.as_str());
        format!("{differing} of {all} {verb} from the recorded result, `{first}` first")
    }

    /// What is told of each value that differs, a line each; of many, the first dozen.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        let reported = self.beyond().take(TOLD).map(ToString::to_string);
        let mut lines: Vec<String> =
            reported.flat_map(|field| field.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
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
    /// What was found, without the path: a line.
    pub(crate) fn summary(&self) -> String {
        match &self.finding {
            ValueDifference::Same => "equal".to_owned(),
            ValueDifference::Numbers { difference, place, .. } if difference.total == 1 => {
                scalar(difference, place.as_deref())
            }
            ValueDifference::Numbers { difference, .. } => DifferenceCounts(difference).to_string(),
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

    /// Numbers, places, and what would have passed: a line each.
    pub(crate) fn details(&self) -> Vec<String> {
        match &self.finding {
            ValueDifference::Numbers { difference, tolerance, place } => {
                let mut lines = if difference.total == 1 { Vec::new() } else { extremes(difference, place.as_deref()) };
                let would_pass = would_pass(difference.needed);
                lines.push(format!("{}; {would_pass}", Allowed(*tolerance)));
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

/// The verdict of the worst of several measures, with all of them.
fn by_gates(measures: &[MetricValue]) -> String {
    let verdict = measures.iter().map(MetricValue::verdict).max();
    let words: Vec<String> = measures.iter().map(ToString::to_string).collect();
    format!("{}: {}", verdict.unwrap_or(MetricVerdict::Different), words.join("; "))
}

/// A single number.
fn scalar(difference: &Difference, place: Option<&str>) -> String {
    match &difference.absolute {
        Some(most) => format!(
            "expected {}, got {}{}",
            ShownElement(most.expected, difference.dtype),
            ShownElement(most.actual, difference.dtype),
            in_brackets(place)
        ),
        None => "equal".to_owned(),
    }
}

fn in_brackets(place: Option<&str>) -> String {
    place.map(|place| format!(" ({place})")).unwrap_or_default()
}

struct DifferenceCounts<'a>(&'a Difference);

impl fmt::Display for DifferenceCounts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { total, differing, beyond, .. } = self.0;
        write!(f, "{beyond} of {total} elements beyond tolerance")?;
        if differing > beyond {
            write!(f, " ({differing} differ)")?;
        }
        Ok(())
    }
}

fn extremes(difference: &Difference, place: Option<&str>) -> Vec<String> {
    let place = in_brackets(place);
    let mut lines = Vec::new();
    if let Some(most) = &difference.absolute {
        lines.push(format!("greatest absolute difference {}", At(most, difference.dtype, &place)));
    }
    // The same element twice is told once, with both numbers.
    match (&difference.absolute, &difference.relative) {
        (Some(absolute), Some(relative)) if absolute.index == relative.index => {
            lines.push(format!("greatest relative difference {} there", Amount(relative.difference)));
        }
        (_, Some(relative)) => {
            lines.push(format!("greatest relative difference {}", At(relative, difference.dtype, "")));
        }
        _ => {}
    }
    lines
}

struct Allowed(Tolerance);

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tolerance { absolute, relative } = self.0;
        write!(f, "allowed {} + {} × |expected|", Amount(absolute), Amount(relative))
    }
}

fn would_pass(needed: f64) -> String {
    if needed.is_finite() {
        format!("an absolute tolerance of {} would pass", Enough(needed))
    } else {
        "no tolerance would pass".to_owned()
    }
}

fn rows(found: &RowsDifference) -> String {
    let RowsDifference { grid, kept, beyond, .. } = found;
    format!(
        "{} of {} rows are recorded: {} in them; {beyond} of {} rows have a length that is too far off",
        grid.kept(),
        grid.rows,
        DifferenceCounts(kept),
        grid.rows
    )
}

fn rows_in_detail(found: &RowsDifference, tolerance: Tolerance) -> Vec<String> {
    let mut lines = extremes(&found.kept, None);
    if let Some(row) = &found.worst {
        lines.push(format!(
            "the length of the row at {:?} is {}, expected {}, may differ by {}",
            row.position,
            Amount(row.actual),
            Amount(row.expected),
            Amount(row.allowed)
        ));
    }
    lines.push(Allowed(tolerance).to_string());
    lines
}

struct At<'a>(&'a Extreme, DType, &'a str);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(extreme, dtype, place) = self;
        write!(
            f,
            "{} at {:?}{place}: expected {}, got {}",
            Amount(extreme.difference),
            extreme.position,
            ShownElement(extreme.expected, *dtype),
            ShownElement(extreme.actual, *dtype)
        )
    }
}

/// A value of an array with the digits its type holds, so that a float32 reads 0.7 and not 0.699999988079071.
struct ShownElement(f64, DType);

impl fmt::Display for ShownElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            DType::F16 | DType::BF16 | DType::F32 => plainly(f, self.0 as f32, self.0),
            _ => plainly(f, self.0, self.0),
        }
    }
}

/// A size of a difference, to six digits.
struct Amount(f64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = format!("{:.5e}", self.0).parse().unwrap_or(self.0);
        plainly(f, rounded, rounded)
    }
}

/// A tolerance that would pass, to three digits and rounded up, so that it still passes.
struct Enough(f64);

impl fmt::Display for Enough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 <= 0.0 || !self.0.is_finite() {
            return plainly(f, self.0, self.0);
        }
        let step = 10f64.powi(self.0.abs().log10().floor() as i32 - 2);
        let rounded = [self.0, self.0 + step / 2.0, self.0 + step]
            .into_iter()
            .filter_map(|value| format!("{value:.2e}").parse().ok())
            .find(|&rounded: &f64| rounded >= self.0)
            .unwrap_or(self.0);
        plainly(f, rounded, rounded)
    }
}

/// With an exponent where that is what people write.
fn plainly<T: fmt::Display + fmt::LowerExp>(f: &mut fmt::Formatter<'_>, value: T, size: f64) -> fmt::Result {
    let size = size.abs();
    if size == 0.0 || !size.is_finite() || (1e-4..1e15).contains(&size) {
        write!(f, "{value}")
    } else {
        write!(f, "{value:e}")
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
            assert_eq!(Enough(needed).to_string(), said);
            assert!(said.parse::<f64>().unwrap() >= needed);
        }
    }

    #[test]
    fn elements_have_the_digits_of_their_type() {
        assert_eq!(ShownElement(f64::from(0.7f32), DType::F32).to_string(), "0.7");
        assert_eq!(ShownElement(0.1, DType::F64).to_string(), "0.1");
        assert_eq!(ShownElement(f64::NAN, DType::F32).to_string(), "NaN");
        assert_eq!(ShownElement(7.0, DType::I64).to_string(), "7");
        assert_eq!(Amount(0.050_000_011_9).to_string(), "0.05");
        assert_eq!(Amount(1.5e-9).to_string(), "1.5e-9");
    }
}
