//! One TOML table of a file, and its keys and values as they are seen from it. Holds what was written; judges nothing.

use std::sync::Arc;

use super::document::{self, Document, Span, TomlValue};
use super::{Diagnostics, Location, Source};

/// A TOML table in declared order. Cloning shares it, so that a higher layer can keep its part and read it later.
#[derive(Debug, Clone)]
pub struct Section {
    document: Arc<Document>,
    table: u32,
    taken: Option<Arc<[&'static str]>>,
}

impl Section {
    /// Parses a whole file. Every syntax error goes to `diagnostics`; what could be read in spite of them comes back.
    pub(crate) fn parse(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Self {
        Self::of(&Arc::new(Document::parse(source, diagnostics)), 0)
    }

    /// The place of its header, or of the whole of an inline table.
    pub(crate) fn location(&self) -> Location {
        self.document.place(self.document.table(self.table).span)
    }

    /// Its keys in declared order.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries().map(Entry::key)
    }

    /// The place of a key; `None` when it is not there.
    pub(crate) fn key_location(&self, key: &str) -> Option<Location> {
        let entry = self.entries().find(|entry| entry.is(key))?;
        Some(entry.key_location())
    }

    /// Whether it is a whole file; every other table has a header or braces of its own.
    pub(super) const fn is_root(&self) -> bool {
        self.table == 0
    }

    /// The same table for the reader of its other keys: those in `keys` were read before and are not unknown to it.
    pub(super) fn after(&self, keys: &[&'static str]) -> Self {
        Self { taken: Some(keys.into()), ..self.clone() }
    }

    /// The keys that were read before.
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

    /// Whether this is its key. Most keys that are looked for have another length, which is compared without looking at the text.
    pub(super) fn is(self, key: &str) -> bool {
        self.entry.key.len() == key.len() && self.key() == key
    }

    pub(super) fn key_location(self) -> Location {
        self.document.place(self.entry.key_span)
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

/// What a value is.
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

    pub(super) const fn is_unreadable(self) -> bool {
        matches!(self.item.value, TomlValue::Unreadable)
    }

    /// What a reader calls it.
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
