//! The getters of a [`TableReader`] for plain values and lists of them, and how time spans are written. Reports values of another
//! type or out of range. Does not judge what the values mean.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use super::section::{Datum, Item, Items};
use super::{Diagnostic, Located, TableReader};

/// One string or several, each with its place.
#[derive(Debug, Clone)]
pub(crate) enum OneOrMany {
    One(Located<String>),
    Many(Vec<Located<String>>),
}

impl OneOrMany {
    pub(crate) fn into_vec(self) -> Vec<Located<String>> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

impl<'a> TableReader<'a> {
    /// A string.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        self.value(key, "a string", Item::text).map(str::to_owned)
    }

    /// A string with its place.
    pub(super) fn located_text(&mut self, key: &'static str) -> Option<Located<String>> {
        self.value(key, "a string", Item::located_text)
    }

    /// A string that must be there.
    pub(crate) fn required_text(&mut self, key: &'static str) -> Option<String> {
        self.require(key).text(key)
    }

    /// A boolean.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.value(key, "`true` or `false`", |item| match item.datum() {
            Datum::Flag(flag) => Some(flag),
            _ => None,
        })
    }

    /// A date, as text.
    pub(super) fn date(&mut self, key: &'static str) -> Option<String> {
        self.value(key, "a date such as 2027-06-30", |item| match item.datum() {
            Datum::Datetime(text) => Some(text.to_owned()),
            _ => None,
        })
    }

    /// A whole number within a range.
    pub(crate) fn integer(&mut self, key: &'static str, range: impl RangeBounds<i64>) -> Option<i64> {
        let value = self.value(key, "an integer", |item| match item.datum() {
            Datum::Integer(value) => Some(value),
            _ => None,
        })?;
        if range.contains(&value) {
            return Some(value);
        }
        self.reject(
            key,
            format_args!("`{key}` is {value}"),
            format_args!("expected an integer {}", show_range(&range)),
        );
        None
    }

    /// A whole number of at least `least`, as a size.
    pub(crate) fn count(&mut self, key: &'static str, least: u32) -> Option<usize> {
        usize::try_from(self.integer(key, i64::from(least)..)?).ok()
    }

    /// A number within a range, written with or without a fraction; never NaN.
    pub(crate) fn number(&mut self, key: &'static str, range: impl RangeBounds<f64>) -> Option<f64> {
        let value = self.value(key, "a number", Item::number)?;
        if range.contains(&value) && !value.is_nan() {
            return Some(value);
        }
        self.reject(key, format_args!("`{key}` is {value}"), format_args!("expected a number {}", show_range(&range)));
        None
    }

    /// Numbers in an array, none of them NaN.
    pub(crate) fn numbers(&mut self, key: &'static str) -> Option<Vec<f64>> {
        self.array(key, "an array of numbers", "a number", |item| item.number().filter(|value| !value.is_nan()))
    }

    /// Strings in an array.
    pub(crate) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.array(key, "an array of strings", "a string", |item| item.text().map(str::to_owned))
    }

    /// Strings in an array, each with its place.
    pub(crate) fn located_texts(&mut self, key: &'static str) -> Option<Vec<Located<String>>> {
        self.array(key, "an array of strings", "a string", Item::located_text)
    }

    /// Dimensions of an array, each a string or a whole number, as text with their places.
    pub(crate) fn located_sizes(&mut self, key: &'static str) -> Option<Vec<Located<String>>> {
        self.array(key, "an array of sizes and symbols", "a size or a symbol", |item| match item.datum() {
            Datum::Integer(size) => Some(Located { value: size.to_string(), location: item.location() }),
            _ => item.located_text(),
        })
    }

    /// Either one string or an array of strings.
    pub(crate) fn text_or_texts(&mut self, key: &'static str) -> Option<OneOrMany> {
        let item = self.item(key)?;
        match item.datum() {
            Datum::Array(_) => self.located_texts(key).map(OneOrMany::Many),
            _ => self.value(key, "a string or an array of strings", Item::located_text).map(OneOrMany::One),
        }
    }

    /// A time span: a number of seconds, or text such as `"1.5s"`, `"20m"`, `"1h30m"`.
    pub(crate) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        let read = self.value(key, EXPECTED_DURATION, |item| match item.datum() {
            Datum::Text(text) => Some(parse_duration(text)),
            _ => item.number().map(from_seconds),
        })?;
        if read.is_none() {
            let message = format_args!("`{key}` is not a time span");
            self.reject(key, message, format_args!("expected {EXPECTED_DURATION}"));
        }
        read
    }

    /// One of several names, each of which stands for a value.
    pub(crate) fn choice<T: Clone>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        self.named(key, key, choices)
    }

    /// As [`Self::choice`], for names that messages call `what`.
    pub(super) fn named<T: Clone>(&mut self, key: &'static str, what: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| value.clone());
        if found.is_none() {
            let names = choices.iter().map(|(name, _)| name);
            let diagnostic = Diagnostic::unknown(self.location_of(key), what, &text, names);
            self.diagnostics().push(diagnostic);
        }
        found
    }

    /// Takes a value out of an item; reports an item that `take` does not accept.
    pub(super) fn value<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        take: impl FnOnce(Item<'a>) -> Option<T>,
    ) -> Option<T> {
        let item = self.item(key)?;
        let value = take(item);
        if value.is_none() {
            self.wrong_type(key, expected, item);
        }
        value
    }

    /// Takes all items of an array; `None` when any of them did not fit.
    pub(super) fn array<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        expected_item: &str,
        take: impl Fn(Item<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.value(key, expected, Item::array)?;
        let taken = self.take(key, items, expected_item, take);
        (taken.len() == items.iter().len()).then_some(taken)
    }

    /// Takes the items of an array that fit and reports the others.
    pub(super) fn take<'b, T>(
        &mut self,
        key: &str,
        items: Items<'b>,
        expected: &str,
        take: impl Fn(Item<'b>) -> Option<T>,
    ) -> Vec<T> {
        let mut taken = Vec::with_capacity(items.iter().len());
        for item in items.iter() {
            let value = take(item);
            if value.is_none() && !item.is_unreadable() {
                let message = format!("`{key}` holds {}", item.describe());
                self.diagnostics().report(item.location(), message, format!("expected {expected}"));
            }
            taken.extend(value);
        }
        taken
    }

    /// Reports a value of the wrong type, unless it was reported as unreadable already.
    pub(super) fn wrong_type(&mut self, key: &str, expected: &str, item: Item<'_>) {
        if !item.is_unreadable() {
            let message = format!("`{key}` is {}", item.describe());
            self.diagnostics().report(item.location(), message, format!("expected {expected}"));
        }
    }
}

fn show_range<T: fmt::Display>(range: &impl RangeBounds<T>) -> String {
    if let (Bound::Included(least), Bound::Included(greatest)) = (range.start_bound(), range.end_bound()) {
        return format!("from {least} to {greatest}");
    }
    let least = match range.start_bound() {
        Bound::Included(value) => Some(format!("of at least {value}")),
        Bound::Excluded(value) => Some(format!("above {value}")),
        Bound::Unbounded => None,
    };
    let greatest = match range.end_bound() {
        Bound::Included(value) => Some(format!("of at most {value}")),
        Bound::Excluded(value) => Some(format!("below {value}")),
        Bound::Unbounded => None,
    };
    least.into_iter().chain(greatest).collect::<Vec<_>>().join(" and ")
}

const EXPECTED_DURATION: &str = "a number of seconds above 0 or text such as \"90s\", \"20m\" or \"1h30m\"";
const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
/// A thousand years.
const LONGEST: f64 = 1000.0 * 366.0 * 86400.0;

fn from_seconds(seconds: f64) -> Option<Duration> {
    (seconds > 0.0 && seconds <= LONGEST).then(|| Duration::from_secs_f64(seconds))
}

/// Reads `1.5s` or `1h30m`. A number without a unit means seconds only if it stands alone. Returns `None` for anything that is not
/// a time span longer than zero.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    if let Some(seconds) = plain_number(text) {
        return from_seconds(seconds);
    }
    let mut rest = text.trim();
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|letter: char| letter.is_ascii_alphabetic())?);
        let end = tail.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let scale = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        seconds += plain_number(number.trim())? * scale;
        rest = tail.trim_start();
    }
    from_seconds(seconds)
}

/// Digits with at most one point. `f64` would also accept a sign, an exponent and `inf`.
fn plain_number(text: &str) -> Option<f64> {
    let is_plain = text.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_usual_spellings() {
        let seconds = |text| parse_duration(text).map(|span| span.as_secs_f64());
        assert_eq!(seconds("20m"), Some(1200.0));
        assert_eq!(seconds("1.5s"), Some(1.5));
        assert_eq!(seconds("250ms"), Some(0.25));
        assert_eq!(seconds("1h 30m"), Some(5400.0));
        assert_eq!(seconds("90"), Some(90.0));
    }

    #[test]
    fn refuses_what_is_no_span() {
        for text in ["", "m", "-1s", "0s", "1e9s", "infs", "3 days", "1m2", "1..5s", "99999999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(from_seconds(f64::NAN), None);
    }
}
