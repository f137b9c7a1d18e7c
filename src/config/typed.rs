//! The typed getters of a [`TableReader`]: each takes one kind of value out of a table and reports whatever else it finds.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use super::section::{Datum, Item, Items};
use super::{Diagnostic, Location, TableReader, duration};

/// A value with the place it was written at.
#[derive(Debug, Clone)]
pub struct Located<T> {
    pub(crate) value: T,
    /// Where it is written.
    pub(crate) location: Location,
}

/// One string or several, each with its place.
#[derive(Debug, Clone)]
pub(crate) enum OneOrMany {
    /// A string by itself.
    One(Located<String>),
    /// An array of strings.
    Many(Vec<Located<String>>),
}

impl OneOrMany {
    /// All of them.
    pub(crate) fn into_vec(self) -> Vec<Located<String>> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

impl TableReader<'_> {
    /// A string.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.item(key)?.datum() {
            Datum::Text(text) => Some(text.to_owned()),
            _ => self.wrong_type(key, "a string"),
        }
    }

    /// A string, where another type is for the caller to read.
    pub(super) fn text_if_text(&mut self, key: &'static str) -> Option<String> {
        match self.item(key)?.datum() {
            Datum::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }

    /// Whether a key holds a table.
    pub(super) fn holds_table(&mut self, key: &'static str) -> bool {
        self.item(key).is_some_and(|item| matches!(item.datum(), Datum::Table(_)))
    }

    /// A string that must be there.
    pub(crate) fn required_text(&mut self, key: &'static str) -> Option<String> {
        self.require(key).text(key)
    }

    /// A boolean.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        match self.item(key)?.datum() {
            Datum::Flag(flag) => Some(flag),
            _ => self.wrong_type(key, "`true` or `false`"),
        }
    }

    /// A whole number within a range.
    pub(crate) fn integer(&mut self, key: &'static str, range: impl RangeBounds<i64>) -> Option<i64> {
        match self.item(key)?.datum() {
            Datum::Integer(value) if range.contains(&value) => Some(value),
            Datum::Integer(value) => {
                let label = format!("expected an integer {}", show_range(&range));
                self.reject(key, format_args!("`{key}` is {value}"), label);
                None
            }
            _ => self.wrong_type(key, "an integer"),
        }
    }

    /// A whole number of at least `least`, as a size.
    pub(crate) fn count(&mut self, key: &'static str, least: u32) -> Option<usize> {
        let value = self.integer(key, i64::from(least)..)?;
        usize::try_from(value).ok()
    }

    /// A number within a range, written with or without a fraction; never NaN.
    pub(crate) fn number(&mut self, key: &'static str, range: impl RangeBounds<f64>) -> Option<f64> {
        let value = match self.item(key)?.datum() {
            Datum::Integer(value) => value as f64,
            Datum::Float(value) => value,
            _ => return self.wrong_type(key, "a number"),
        };
        if range.contains(&value) && !value.is_nan() {
            return Some(value);
        }
        let label = format!("expected a number {}", show_range(&range));
        self.reject(key, format_args!("`{key}` is {value}"), label);
        None
    }

    /// Numbers in an array, none of them NaN.
    pub(crate) fn numbers(&mut self, key: &'static str) -> Option<Vec<f64>> {
        let Datum::Array(items) = self.item(key)?.datum() else { return self.wrong_type(key, "an array of numbers") };
        self.each(key, items, "a number", |datum| match datum {
            Datum::Integer(value) => Some(value as f64),
            Datum::Float(value) if !value.is_nan() => Some(value),
            _ => None,
        })
    }

    /// Strings in an array.
    pub(crate) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let located = self.located_texts(key)?;
        Some(located.into_iter().map(|text| text.value).collect())
    }

    /// Strings in an array, each with its place.
    pub(crate) fn located_texts(&mut self, key: &'static str) -> Option<Vec<Located<String>>> {
        let Datum::Array(items) = self.item(key)?.datum() else { return self.wrong_type(key, "an array of strings") };
        let texts = self.each(key, items, "a string", |datum| match datum {
            Datum::Text(text) => Some(text.to_owned()),
            _ => None,
        })?;
        Some(located(texts, items))
    }

    /// Array dimensions, each a string or a whole number, as text with their places.
    pub(crate) fn located_sizes(&mut self, key: &'static str) -> Option<Vec<Located<String>>> {
        let Datum::Array(items) = self.item(key)?.datum() else {
            return self.wrong_type(key, "an array of sizes and symbols");
        };
        let sizes = self.each(key, items, "a size or a symbol", |datum| match datum {
            Datum::Text(text) => Some(text.to_owned()),
            Datum::Integer(size) => Some(size.to_string()),
            _ => None,
        })?;
        Some(located(sizes, items))
    }

    /// Either one string or an array of strings.
    pub(crate) fn text_or_texts(&mut self, key: &'static str) -> Option<OneOrMany> {
        let item = self.item(key)?;
        match item.datum() {
            Datum::Text(text) => Some(OneOrMany::One(Located { value: text.to_owned(), location: item.location() })),
            Datum::Array(_) => self.located_texts(key).map(OneOrMany::Many),
            _ => self.wrong_type(key, "a string or an array of strings"),
        }
    }

    /// A time span longer than nothing: a number of seconds, or text such as `"1.5s"`, `"20m"`, `"1h30m"`.
    pub(crate) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        let read = match self.item(key)?.datum() {
            Datum::Integer(seconds) => duration::from_seconds(seconds as f64),
            Datum::Float(seconds) => duration::from_seconds(seconds),
            Datum::Text(text) => duration::parse(text),
            _ => return self.wrong_type(key, duration::EXPECTED),
        };
        if read.is_none() {
            let label = format!("expected {}", duration::EXPECTED);
            self.reject(key, format_args!("`{key}` is not a time span"), label);
        }
        read
    }

    /// One of several names, each of which stands for a value.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names = choices.iter().map(|(name, _)| *name);
            let diagnostic = Diagnostic::unknown(self.location_of(key), key, &text, names);
            self.diagnostics().push(diagnostic);
        }
        found
    }

    /// Takes all items of an array; `None` when any did not fit.
    fn each<T>(
        &mut self,
        key: &str,
        items: Items<'_>,
        expected: &str,
        take: impl Fn(Datum<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let taken = self.take(key, items, expected, take);
        (taken.len() == items.iter().len()).then_some(taken)
    }

    /// Takes the items of an array that fit and reports the others.
    pub(super) fn take<T>(
        &mut self,
        key: &str,
        items: Items<'_>,
        expected: &str,
        take: impl Fn(Datum<'_>) -> Option<T>,
    ) -> Vec<T> {
        let mut taken = Vec::with_capacity(items.iter().len());
        for item in items.iter() {
            match take(item.datum()) {
                Some(value) => taken.push(value),
                None if item.is_unreadable() => {}
                None => {
                    let message = format!("`{key}` holds {}", item.describe());
                    let diagnostic =
                        Diagnostic::at(item.location(), message).with_label(format!("expected {expected}"));
                    self.diagnostics().push(diagnostic);
                }
            }
        }
        taken
    }

    pub(super) fn wrong_type<T>(&mut self, key: &'static str, expected: &str) -> Option<T> {
        let item = self.item(key)?;
        self.diagnostics().push(wrong_type(key, expected, item));
        None
    }
}

fn located<T>(values: Vec<T>, items: Items<'_>) -> Vec<Located<T>> {
    let located = values.into_iter().zip(items.iter());
    located.map(|(value, item)| Located { value, location: item.location() }).collect()
}

pub(super) fn wrong_type(key: &str, expected: &str, found: Item<'_>) -> Diagnostic {
    Diagnostic::at(found.location(), format!("`{key}` is {}", found.describe()))
        .with_label(format!("expected {expected}"))
}

fn show_range<T: fmt::Display>(range: &impl RangeBounds<T>) -> String {
    match (range.start_bound(), range.end_bound()) {
        (Bound::Included(least), Bound::Included(greatest)) => format!("from {least} to {greatest}"),
        (least, greatest) => {
            let least = match least {
                Bound::Included(value) => Some(format!("of at least {value}")),
                Bound::Excluded(value) => Some(format!("above {value}")),
                Bound::Unbounded => None,
            };
            let greatest = match greatest {
                Bound::Included(value) => Some(format!("of at most {value}")),
                Bound::Excluded(value) => Some(format!("below {value}")),
                Bound::Unbounded => None,
            };
            let limits: Vec<String> = least.into_iter().chain(greatest).collect();
            limits.join(" and ")
        }
    }
}
