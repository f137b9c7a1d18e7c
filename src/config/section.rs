//! One TOML table of a file, with its keys and values. Does not check any of them.

use std::sync::Arc;

use toml_spanner::Span;

use super::document::{self, Document, TomlValue};
use super::{Diagnostics, Located, Location, Source};

/// A TOML table in declared order. A clone shares its data, so a higher layer can keep its part and read it later.
#[derive(Debug, Clone)]
pub struct Section {
    document: Arc<Document>,
    table: u32,
    taken: Option<Arc<[&'static str]>>,
}

impl Section {
    /// Parses a whole file. Returns what can be read in spite of syntax errors, which go to `diagnostics`.
    pub(crate) fn parse(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Self {
        Self::of(&Arc::new(Document::parse(source, diagnostics)), 0)
    }

    /// Parses a whole file; `None` if it has syntax errors. The rest of such a file would only cause misleading messages.
    pub(super) fn parse_strictly(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Option<Self> {
        let before = diagnostics.len();
        let root = Self::parse(source, diagnostics);
        (diagnostics.len() == before).then_some(root)
    }

    /// The place of its header, or of a whole inline table.
    pub(crate) fn location(&self) -> Location {
        self.document.place(self.document.table(self.table).span)
    }

    /// Its keys in declared order.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries().map(Entry::key)
    }

    /// The place of a key, if the table has it.
    pub(crate) fn key_location(&self, key: &str) -> Option<Location> {
        self.entries().find(|entry| entry.is(key)).map(Entry::key_location)
    }

    /// Whether it is a whole file; every other table has a header or braces of its own.
    pub(super) const fn is_root(&self) -> bool {
        self.table == 0
    }

    /// The same table for a reader of its other keys, which does not report those in `keys` as unknown.
    pub(super) fn after(&self, keys: &[&'static str]) -> Self {
        Self { taken: Some(keys.into()), ..self.clone() }
    }

    /// The keys that were read already.
    pub(super) fn taken(&self) -> &[&'static str] {
        self.taken.as_deref().unwrap_or_default()
    }

    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        let entries = self.document.table(self.table).entries.range();
        let entries = self.document.entries.get(entries).unwrap_or_default();
        entries.iter().map(|entry| Entry { document: &self.document, entry })
    }

    fn of(document: &Arc<Document>, table: u32) -> Self {
        Self { document: Arc::clone(document), table, taken: None }
    }
}

/// One key with its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    document: &'a Arc<Document>,
    entry: &'a document::TomlEntry,
}

impl<'a> Entry<'a> {
    pub(super) fn key(self) -> &'a str {
        self.document.text(self.entry.key)
    }

    /// Whether this is its key. Compares the lengths first: most keys differ in it, and the text need not be fetched.
    pub(super) fn is(self, key: &str) -> bool {
        self.entry.key.range().len() == key.len() && self.key() == key
    }

    pub(super) fn key_location(self) -> Location {
        self.document.place(self.entry.key_span)
    }

    pub(super) fn located_key(self) -> Located<String> {
        Located { value: self.key().to_owned(), location: self.key_location() }
    }

    pub(super) const fn item(self) -> Item<'a> {
        Item { document: self.document, item: &self.entry.item }
    }
}

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    document: &'a Arc<Document>,
    item: &'a document::TomlItem,
}

/// The content of a value.
#[derive(Debug, Clone)]
pub(super) enum Datum<'a> {
    Text(&'a str),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Datetime(&'a str),
    Array(Items<'a>),
    Table(Section),
    /// Reported when the file was parsed.
    Unreadable,
}

impl<'a> Item<'a> {
    pub(super) fn location(self) -> Location {
        self.document.place(self.item.span)
    }

    pub(super) fn datum(self) -> Datum<'a> {
        match self.item.value {
            TomlValue::Text(text) => Datum::Text(self.document.text(text)),
            TomlValue::Integer(value) => Datum::Integer(value),
            TomlValue::Float(value) => Datum::Float(value),
            TomlValue::Flag(flag) => Datum::Flag(flag),
            TomlValue::Datetime(text) => Datum::Datetime(self.document.text(text)),
            TomlValue::Array(items) => Datum::Array(Items { document: self.document, items }),
            TomlValue::Table(table) => Datum::Table(Section::of(self.document, table)),
            TomlValue::Unreadable => Datum::Unreadable,
        }
    }

    pub(super) fn text(self) -> Option<&'a str> {
        let Datum::Text(text) = self.datum() else { return None };
        Some(text)
    }

    pub(super) fn located_text(self) -> Option<Located<String>> {
        self.text().map(|text| Located { value: text.to_owned(), location: self.location() })
    }

    /// A number, written with or without a fraction.
    pub(super) fn number(self) -> Option<f64> {
        match self.datum() {
            Datum::Integer(value) => Some(value as f64),
            Datum::Float(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn array(self) -> Option<Items<'a>> {
        let Datum::Array(items) = self.datum() else { return None };
        Some(items)
    }

    pub(super) fn table(self) -> Option<Section> {
        let Datum::Table(section) = self.datum() else { return None };
        Some(section)
    }

    pub(super) const fn is_unreadable(self) -> bool {
        matches!(self.item.value, TomlValue::Unreadable)
    }

    /// The type of the value, for messages.
    pub(super) const fn describe(self) -> &'static str {
        match self.item.value {
            TomlValue::Text(_) => "a string",
            TomlValue::Integer(_) => "an integer",
            TomlValue::Float(_) => "a number",
            TomlValue::Flag(_) => "a boolean",
            TomlValue::Datetime(_) => "a date or time",
            TomlValue::Array(_) => "an array",
            TomlValue::Table(_) => "a table",
            TomlValue::Unreadable => "an unreadable value",
        }
    }
}

/// The values of an array.
#[derive(Debug, Clone, Copy)]
pub(super) struct Items<'a> {
    document: &'a Arc<Document>,
    items: Span,
}

impl<'a> Items<'a> {
    pub(super) fn iter(self) -> impl ExactSizeIterator<Item = Item<'a>> {
        let items = self.document.items.get(self.items.range()).unwrap_or_default();
        items.iter().map(|item| Item { document: self.document, item })
    }
}
