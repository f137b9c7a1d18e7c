//! The typed getters of a [`Reader`]: each takes one kind of value out of a table and reports whatever else it finds.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use super::section::{Datum, Entry, Item};
use super::{Diagnostic, Location, Reader, Section, duration, json};

/// A value with the place it was written at.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub location: Location,
}

/// One string or several, each with its place.
#[derive(Debug, Clone)]
pub enum OneOrMany {
    /// A string by itself.
    One(Located<String>),
    /// An array of strings.
    Many(Vec<Located<String>>),
}

impl Reader<'_> {
    /// A string.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        match &self.item(key)?.datum {
            Datum::Text(text) => Some(text.clone()),
            _ => self.wrong_type(key, "a string"),
        }
    }

    /// A string that must be there.
    pub fn required_text(&mut self, key: &'static str) -> Option<String> {
        self.require(key).text(key)
    }

    /// A boolean.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        match &self.item(key)?.datum {
            Datum::Flag(flag) => Some(*flag),
            _ => self.wrong_type(key, "`true` or `false`"),
        }
    }

    /// A whole number within a range.
    pub fn integer(&mut self, key: &'static str, range: impl RangeBounds<i64>) -> Option<i64> {
        match &self.item(key)?.datum {
            Datum::Integer(value) if range.contains(value) => Some(*value),
            Datum::Integer(value) => {
                let label = format!("expected an integer {}", show_range(&range));
                self.reject(key, format_args!("`{key}` is {value}"), label);
                None
            }
            _ => self.wrong_type(key, "an integer"),
        }
    }

    /// A whole number of at least `least`, as a size.
    pub fn count(&mut self, key: &'static str, least: u32) -> Option<usize> {
        let value = self.integer(key, i64::from(least)..)?;
        usize::try_from(value).ok()
    }

    /// A number within a range, written with or without a fraction; never NaN.
    pub fn number(&mut self, key: &'static str, range: impl RangeBounds<f64>) -> Option<f64> {
        let value = match &self.item(key)?.datum {
            Datum::Integer(value) => *value as f64,
            Datum::Float(value) => *value,
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
    pub fn numbers(&mut self, key: &'static str) -> Option<Vec<f64>> {
        let Datum::Array(items) = &self.item(key)?.datum else {
            return self.wrong_type(key, "an array of numbers");
        };
        self.each(key, items, "a number", |datum| match datum {
            Datum::Integer(value) => Some(*value as f64),
            Datum::Float(value) if !value.is_nan() => Some(*value),
            _ => None,
        })
    }

    /// Whole numbers in an array.
    pub fn integers(&mut self, key: &'static str) -> Option<Vec<i64>> {
        let Datum::Array(items) = &self.item(key)?.datum else {
            return self.wrong_type(key, "an array of integers");
        };
        self.each(key, items, "an integer", |datum| match datum {
            Datum::Integer(value) => Some(*value),
            _ => None,
        })
    }

    /// Strings in an array.
    pub fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let located = self.located_texts(key)?;
        Some(located.into_iter().map(|text| text.value).collect())
    }

    /// Strings in an array, each with its place.
    pub fn located_texts(&mut self, key: &'static str) -> Option<Vec<Located<String>>> {
        let Datum::Array(items) = &self.item(key)?.datum else {
            return self.wrong_type(key, "an array of strings");
        };
        let texts = self.each(key, items, "a string", |datum| match datum {
            Datum::Text(text) => Some(text.clone()),
            _ => None,
        })?;
        let places = items.iter().map(|item| self.table().place(&item.span));
        let located = texts.into_iter().zip(places);
        Some(located.map(|(value, location)| Located { value, location }).collect())
    }

    /// Either one string or an array of strings.
    pub fn text_or_texts(&mut self, key: &'static str) -> Option<OneOrMany> {
        let item = self.item(key)?;
        match &item.datum {
            Datum::Text(text) => Some(OneOrMany::One(Located {
                value: text.clone(),
                location: self.table().place(&item.span),
            })),
            Datum::Array(_) => self.located_texts(key).map(OneOrMany::Many),
            _ => self.wrong_type(key, "a string or an array of strings"),
        }
    }

    /// A time span longer than nothing: a number of seconds, or text such as `"1.5s"`, `"20m"`, `"1h30m"`.
    pub fn duration(&mut self, key: &'static str) -> Option<Duration> {
        let read = match &self.item(key)?.datum {
            Datum::Integer(seconds) => duration::from_seconds(*seconds as f64),
            Datum::Float(seconds) => duration::from_seconds(*seconds),
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
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names = choices.iter().map(|(name, _)| *name);
            let diagnostic = Diagnostic::unknown(self.location_of(key), key, &text, names);
            self.diagnostics().push(diagnostic);
        }
        found
    }

    /// A table.
    pub fn section(&mut self, key: &'static str) -> Option<Section> {
        match &self.item(key)?.datum {
            Datum::Table(section) => Some(section.clone()),
            _ => self.wrong_type(key, "a table"),
        }
    }

    /// An array of tables; empty when the key is absent.
    pub fn sections(&mut self, key: &'static str) -> Vec<Section> {
        let Some(item) = self.item(key) else {
            return Vec::new();
        };
        let Datum::Array(items) = &item.datum else {
            return self.wrong_type(key, "an array of tables").unwrap_or_default();
        };
        self.take(key, items, "a table", |datum| match datum {
            Datum::Table(section) => Some(section.clone()),
            _ => None,
        })
    }

    /// A table whose keys are names of the user's choice and whose values are tables, in declared order.
    pub fn named_sections(&mut self, key: &'static str) -> Vec<(Located<String>, Section)> {
        let Some(section) = self.section(key) else {
            return Vec::new();
        };
        let mut named = Vec::with_capacity(section.entries().len());
        for Entry { key, key_span, item } in section.entries() {
            let name = Located {
                value: key.clone(),
                location: section.place(key_span),
            };
            match &item.datum {
                Datum::Table(part) => named.push((name, part.clone())),
                Datum::Unreadable => {}
                other => {
                    let diagnostic = wrong_type(section.place(&item.span), key, "a table", other);
                    self.diagnostics().push(diagnostic);
                }
            }
        }
        named
    }

    /// Any value as JSON; dates and non-finite numbers, which JSON has not, are reported.
    pub fn json(&mut self, key: &'static str) -> Option<serde_json::Value> {
        let item = self.item(key)?;
        json::value(self.table(), item, self.diagnostics())
    }

    /// A table as a JSON object.
    pub fn object(&mut self, key: &'static str) -> Option<crate::prediction::Options> {
        let item = self.item(key)?;
        match &item.datum {
            Datum::Table(section) => json::object(section, self.diagnostics()),
            _ => self.wrong_type(key, "a table"),
        }
    }

    /// Takes all items of an array; `None` when any did not fit.
    fn each<T>(
        &mut self,
        key: &str,
        items: &[Item],
        expected: &str,
        take: impl Fn(&Datum) -> Option<T>,
    ) -> Option<Vec<T>> {
        let taken = self.take(key, items, expected, take);
        (taken.len() == items.len()).then_some(taken)
    }

    /// Takes the items of an array that fit and reports the others.
    fn take<T>(&mut self, key: &str, items: &[Item], expected: &str, take: impl Fn(&Datum) -> Option<T>) -> Vec<T> {
        let mut taken = Vec::with_capacity(items.len());
        for item in items {
            match take(&item.datum) {
                Some(value) => taken.push(value),
                None if matches!(item.datum, Datum::Unreadable) => {}
                None => {
                    let location = self.table().place(&item.span);
                    let message = format!("`{key}` holds {}", item.datum.describe());
                    let diagnostic = Diagnostic::at(location, message).with_label(format!("expected {expected}"));
                    self.diagnostics().push(diagnostic);
                }
            }
        }
        taken
    }

    fn wrong_type<T>(&mut self, key: &'static str, expected: &str) -> Option<T> {
        let item = &self.entry(key)?.item;
        let diagnostic = wrong_type(self.table().place(&item.span), key, expected, &item.datum);
        self.diagnostics().push(diagnostic);
        None
    }
}

fn wrong_type(location: Location, key: &str, expected: &str, found: &Datum) -> Diagnostic {
    Diagnostic::at(location, format!("`{key}` is {}", found.describe())).with_label(format!("expected {expected}"))
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
