//! A parsed TOML file as flat lists of tables, keys and values with their places. Does not know what they mean.
//!
//! Texts are ranges of the file, so a file of any size needs few allocations and is cheap to drop.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use toml_spanner::{Arena, Item, Span, Table, Value};

use super::{Diagnostic, Diagnostics, Location, Source};

/// The limit of nested tables and arrays: each level takes stack.
const DEEPEST: usize = 64;

/// A whole file.
#[derive(Debug)]
pub(super) struct Document {
    source: Arc<Source>,
    /// Texts that are spelled differently in the file, such as with escapes. Their spans count on from the end of the file.
    respelled: String,
    /// The first is the file itself.
    tables: Vec<TomlTable>,
    /// The entries of a table are adjacent.
    pub(super) entries: Vec<TomlEntry>,
    /// Values in arrays; those of an array are adjacent.
    pub(super) items: Vec<TomlItem>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TomlTable {
    pub(super) span: Span,
    pub(super) entries: Span,
}

/// One key with its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct TomlEntry {
    pub(super) key: Span,
    pub(super) key_span: Span,
    pub(super) item: TomlItem,
}

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) struct TomlItem {
    pub(super) span: Span,
    pub(super) value: TomlValue,
}

/// The content of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum TomlValue {
    Text(Span),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Datetime(Span),
    /// A range of the items.
    Array(Span),
    /// The index of a table.
    Table(u32),
    /// A number that does not fit, which was reported when the file was parsed.
    Unreadable,
}

/// The span of a range of bytes, entries or items. Files are smaller than four gigabytes, so 32 bits are enough.
fn span(range: &Range<usize>) -> Span {
    let bound = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span::new(bound(range.start), bound(range.end))
}

impl Document {
    /// Parses a file. Returns what can be read in spite of syntax errors, which go to `diagnostics`.
    pub(super) fn parse(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Self {
        let mut document = Self {
            source: Arc::clone(source),
            respelled: String::new(),
            tables: Vec::new(),
            // A file may have tens of thousands of entries, and a growing vector would copy them.
            entries: Vec::with_capacity(source.text().bytes().filter(|byte| *byte == b'=').count()),
            items: Vec::new(),
        };
        if u32::try_from(source.text().len()).is_err() {
            diagnostics.push(Diagnostic::new(format!("{} is larger than four gigabytes", source.path())));
            return document;
        }
        let arena = Arena::new();
        let read = toml_spanner::parse_recoverable(source.text(), &arena);
        for error in read.errors() {
            let place = |span: Span| Location::new(source, span.range());
            let mut diagnostic = Diagnostic::at(place(error.span()), error.message(source.text()));
            if let Some((first, label)) = error.secondary_label() {
                diagnostic = diagnostic.with_related(place(first), label);
            }
            diagnostics.push(diagnostic);
        }
        document.add_table(read.table(), Span::default(), 0, diagnostics);
        document
    }

    pub(super) fn table(&self, index: u32) -> TomlTable {
        self.tables.get(index as usize).copied().unwrap_or_default()
    }

    pub(super) fn place(&self, span: Span) -> Location {
        Location::new(&self.source, span.range())
    }

    pub(super) fn text(&self, text: Span) -> &str {
        let (range, length) = (text.range(), self.source.text().len());
        let found = match range.start.checked_sub(length) {
            Some(start) => self.respelled.get(start..range.end - length),
            None => self.source.text().get(range),
        };
        found.unwrap_or_default()
    }

    fn add_table(&mut self, table: &Table<'_>, table_span: Span, depth: usize, diagnostics: &mut Diagnostics) -> u32 {
        let index = self.tables.len();
        let first = self.entries.len();
        self.tables.push(TomlTable { span: table_span, entries: span(&(first..first + table.len())) });
        // The entries of a table are adjacent, so all of them are added before any nested table is.
        for (key, value) in table.entries() {
            let item = TomlItem { span: value.span(), value: TomlValue::Unreadable };
            let key = TomlEntry { key: self.add_text(key.name), key_span: key.span, item };
            self.entries.push(key);
        }
        for (offset, (_, value)) in table.entries().iter().enumerate() {
            let value = self.add_value(value, depth + 1, diagnostics);
            if let Some(entry) = self.entries.get_mut(first + offset) {
                entry.item.value = value;
            }
        }
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    fn add_value(&mut self, item: &Item<'_>, depth: usize, diagnostics: &mut Diagnostics) -> TomlValue {
        let item_span = item.span();
        let mut unreadable = |message: &str| {
            diagnostics.push(Diagnostic::at(self.place(item_span), message));
            TomlValue::Unreadable
        };
        match item.value() {
            // The parser limits nested brackets, but not dotted keys.
            Value::Array(_) | Value::Table(_) if depth > DEEPEST => {
                unreadable(&format!("nested more than {DEEPEST} deep"))
            }
            Value::String(text) => TomlValue::Text(self.add_text(text)),
            Value::Boolean(flag) => TomlValue::Flag(*flag),
            Value::DateTime(_) => TomlValue::Datetime(item_span),
            Value::Integer(integer) => match integer.as_i64() {
                Some(value) => TomlValue::Integer(value),
                None => unreadable("integer does not fit into 64 bits"),
            },
            // A number that is infinite without being written as `inf` is too large.
            Value::Float(value) if value.is_infinite() && !self.text(item_span).contains("inf") => {
                unreadable("number does not fit into double precision")
            }
            Value::Float(value) => TomlValue::Float(*value),
            Value::Array(array) => {
                let first = self.items.len();
                self.items
                    .extend(array.iter().map(|item| TomlItem { span: item.span(), value: TomlValue::Unreadable }));
                for (offset, item) in array.iter().enumerate() {
                    let value = self.add_value(item, depth + 1, diagnostics);
                    if let Some(item) = self.items.get_mut(first + offset) {
                        item.value = value;
                    }
                }
                TomlValue::Array(span(&(first..first + array.len())))
            }
            Value::Table(table) => TomlValue::Table(self.add_table(table, item_span, depth, diagnostics)),
        }
    }

    /// Adds a text, as a range of the file if the parser did not change its spelling.
    fn add_text(&mut self, text: &str) -> Span {
        let file = self.source.text();
        let offset = (text.as_ptr() as usize).wrapping_sub(file.as_ptr() as usize);
        let range = offset..offset.saturating_add(text.len());
        if file.get(range.clone()) == Some(text) {
            return span(&range);
        }
        let start = file.len() + self.respelled.len();
        self.respelled.push_str(text);
        span(&(start..start + text.len()))
    }
}
