//! One TOML table, owned, with the place of every key and value. Holds what was written; judges nothing but syntax.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{Diagnostic, Diagnostics, Location, Source};

/// A TOML table in declared order. Cloning shares it, so that a higher floor can keep its part and read it later.
#[derive(Debug, Clone)]
pub struct Section {
    table: Arc<Table>,
}

#[derive(Debug)]
struct Table {
    source: Arc<Source>,
    span: Range<usize>,
    entries: Vec<Entry>,
}

/// One key with its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) item: Item,
}

/// One value with its place.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) span: Range<usize>,
    pub(super) datum: Datum,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Datum {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Datetime(String),
    Array(Vec<Item>),
    Table(Section),
    /// A number that does not fit; reported when the file was parsed.
    Unreadable,
}

impl Datum {
    /// What a reader calls it.
    pub(super) const fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Flag(_) => "a boolean",
            Self::Datetime(_) => "a date or time",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
            Self::Unreadable => "an unreadable value",
        }
    }
}

impl Section {
    /// Parses a whole file. Every syntax error goes to `diagnostics`; what could be read in spite of them comes back.
    #[must_use]
    pub fn parse(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Self {
        let (table, errors) = DeTable::parse_recoverable(source.text());
        for error in errors {
            let span = error.span().unwrap_or_default();
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            diagnostics.push(Diagnostic::at(Location::new(source, span), message));
        }
        Converter { source, diagnostics }.section(table.into_inner(), 0..0)
    }

    /// The place of its header, or of the whole of an inline table.
    #[must_use]
    pub fn location(&self) -> Location {
        self.place(&self.table.span)
    }

    /// Whether it is a whole file; every other table has a header or braces of its own.
    pub(super) fn is_root(&self) -> bool {
        self.table.span.is_empty()
    }

    /// Its keys in declared order.
    #[must_use]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.table.entries.iter().map(|entry| entry.key.as_str())
    }

    /// The place of a key; `None` when it is not there.
    #[must_use]
    pub fn key_location(&self, key: &str) -> Option<Location> {
        self.table
            .entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| self.place(&entry.key_span))
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.table.entries
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Location {
        Location::new(&self.table.source, span.clone())
    }
}

struct Converter<'a> {
    source: &'a Arc<Source>,
    diagnostics: &'a mut Diagnostics,
}

impl Converter<'_> {
    fn section(&mut self, table: DeTable<'_>, span: Range<usize>) -> Section {
        let entries = table
            .into_iter()
            .map(|(key, value)| {
                let key_span = key.span();
                let span = value.span();
                Entry {
                    key: key.into_inner().into_owned(),
                    key_span,
                    item: self.item(value.into_inner(), span),
                }
            })
            .collect();
        Section {
            table: Arc::new(Table {
                source: Arc::clone(self.source),
                span,
                entries,
            }),
        }
    }

    fn item(&mut self, value: DeValue<'_>, span: Range<usize>) -> Item {
        let datum = match value {
            DeValue::String(text) => Datum::Text(text.into_owned()),
            DeValue::Boolean(flag) => Datum::Flag(flag),
            DeValue::Datetime(datetime) => Datum::Datetime(datetime.to_string()),
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(value) => Datum::Integer(value),
                Err(_) => self.unreadable(&span, "integer does not fit into 64 bits"),
            },
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() || float.as_str().contains("inf") || value.is_nan() => {
                    Datum::Float(value)
                }
                _ => self.unreadable(&span, "number does not fit into double precision"),
            },
            DeValue::Array(array) => Datum::Array(
                array
                    .into_iter()
                    .map(|item| {
                        let span = item.span();
                        self.item(item.into_inner(), span)
                    })
                    .collect(),
            ),
            DeValue::Table(table) => Datum::Table(self.section(table, span.clone())),
        };
        Item { span, datum }
    }

    fn unreadable(&mut self, span: &Range<usize>, message: &str) -> Datum {
        self.diagnostics
            .push(Diagnostic::at(Location::new(self.source, span.clone()), message));
        Datum::Unreadable
    }
}
