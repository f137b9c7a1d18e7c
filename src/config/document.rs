//! A parsed TOML file as flat lists: every table, key and value with its place, texts as stretches of the file. A few
//! allocations for a file of any size, and nothing to do when it is dropped. Knows the syntax, no meaning.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use toml_spanner::{Arena, Item, Table, Value};

use super::{Diagnostic, Diagnostics, Location, Source};

/// So deep may tables and arrays be nested; each level takes stack.
const DEEPEST: usize = 64;

/// A whole file.
#[derive(Debug)]
pub(super) struct Document {
    source: Arc<Source>,
    /// Texts that stand in the file in another spelling, such as with escapes.
    respelled: String,
    /// The first is the file itself.
    tables: Vec<TomlTable>,
    /// Those of one table lie together.
    pub(super) entries: Vec<TomlEntry>,
    /// Values in arrays; those of one array lie together.
    pub(super) items: Vec<TomlItem>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct TomlTable {
    pub(super) span: Span,
    pub(super) entries: Span,
}

/// One key with its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct TomlEntry {
    pub(super) key: TomlText,
    pub(super) key_span: Span,
    pub(super) item: TomlItem,
}

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) struct TomlItem {
    pub(super) span: Span,
    pub(super) value: TomlValue,
}

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub(super) enum TomlValue {
    Text(TomlText),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Datetime(TomlText),
    /// Which of the items.
    Array(Span),
    /// Which of the tables.
    Table(u32),
    /// A number that does not fit; reported when the file was parsed.
    Unreadable,
}

/// A text: a stretch of the file or of what is spelled otherwise there.
#[derive(Debug, Clone, Copy)]
pub(super) enum TomlText {
    Written(Span),
    Respelled(Span),
}

impl TomlText {
    /// In bytes.
    pub(super) const fn len(self) -> usize {
        let (Self::Written(span) | Self::Respelled(span)) = self;
        (span.end - span.start) as usize
    }
}

/// A stretch of bytes, entries or items. Files are below four gigabytes, so half the width will do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn new(range: &Range<usize>) -> Self {
        let bound = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: bound(range.start), end: bound(range.end) }
    }

    /// As the parser gives it.
    const fn of(span: toml_spanner::Span) -> Self {
        Self { start: span.start, end: span.end }
    }

    pub(super) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Document {
    /// Parses a file. Every syntax error goes to `diagnostics`; what could be read in spite of them comes back.
    pub(super) fn parse(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Self {
        let mut document = Self {
            source: Arc::clone(source),
            respelled: String::new(),
            tables: Vec::new(),
            // A vector that grows is copied, and a file may have tens of thousands of entries.
            entries: Vec::with_capacity(source.text().bytes().filter(|byte| *byte == b'=').count()),
            items: Vec::new(),
        };
        if u32::try_from(source.text().len()).is_err() {
            let message = format!("{} is larger than four gigabytes", source.path());
            diagnostics.push(Diagnostic::new(message));
            return document;
        }
        let arena = Arena::new();
        let read = toml_spanner::parse_recoverable(source.text(), &arena);
        for error in read.errors() {
            let place = |span: toml_spanner::Span| Location::new(source, span.range());
            let mut diagnostic = Diagnostic::at(place(error.span()), error.message(source.text()));
            if let Some((first, label)) = error.secondary_label() {
                diagnostic = diagnostic.with_related(place(first), label);
            }
            diagnostics.push(diagnostic);
        }
        document.add_table(read.table(), Span::new(&(0..0)), 0, diagnostics);
        document
    }

    pub(super) fn table(&self, index: u32) -> TomlTable {
        const EMPTY: Span = Span { start: 0, end: 0 };
        self.tables.get(index as usize).copied().unwrap_or(TomlTable { span: EMPTY, entries: EMPTY })
    }

    pub(super) fn place(&self, span: Span) -> Location {
        Location::new(&self.source, span.range())
    }

    pub(super) fn text(&self, text: TomlText) -> &str {
        match text {
            TomlText::Written(span) => self.written(span),
            TomlText::Respelled(span) => self.respelled.get(span.range()).unwrap_or_default(),
        }
    }

    fn add_table(&mut self, table: &Table<'_>, span: Span, depth: usize, diagnostics: &mut Diagnostics) -> u32 {
        let index = self.tables.len();
        let first = self.entries.len();
        self.tables.push(TomlTable { span, entries: Span::new(&(first..first + table.len())) });
        // The entries of a table lie together, so they take their places before any of them is looked into.
        for (key, value) in table.entries() {
            let entry = TomlEntry {
                key: self.add_text(key.name),
                key_span: Span::of(key.span),
                item: TomlItem { span: Span::of(value.span()), value: TomlValue::Unreadable },
            };
            self.entries.push(entry);
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
        let span = Span::of(item.span());
        let mut unreadable = |message: &str| {
            diagnostics.push(Diagnostic::at(self.place(span), message));
            TomlValue::Unreadable
        };
        match item.value() {
            // The parser bounds brackets, and no dots.
            Value::Array(_) | Value::Table(_) if depth > DEEPEST => {
                unreadable(&format!("nested more than {DEEPEST} deep"))
            }
            Value::String(text) => TomlValue::Text(self.add_text(text)),
            Value::Boolean(flag) => TomlValue::Flag(*flag),
            Value::DateTime(_) => TomlValue::Datetime(TomlText::Written(span)),
            Value::Integer(integer) => match integer.as_i64() {
                Some(value) => TomlValue::Integer(value),
                None => unreadable("integer does not fit into 64 bits"),
            },
            // `inf` may be written; anything else that becomes infinite is too large.
            Value::Float(value) if value.is_infinite() && !self.written(span).contains("inf") => {
                unreadable("number does not fit into double precision")
            }
            Value::Float(value) => TomlValue::Float(*value),
            Value::Array(array) => {
                let first = self.items.len();
                self.items.extend(
                    array.iter().map(|item| TomlItem { span: Span::of(item.span()), value: TomlValue::Unreadable }),
                );
                for (offset, item) in array.iter().enumerate() {
                    let value = self.add_value(item, depth + 1, diagnostics);
                    if let Some(item) = self.items.get_mut(first + offset) {
                        item.value = value;
                    }
                }
                TomlValue::Array(Span::new(&(first..first + array.len())))
            }
            Value::Table(table) => TomlValue::Table(self.add_table(table, span, depth, diagnostics)),
        }
    }

    /// A stretch of the file as it stands there.
    fn written(&self, span: Span) -> &str {
        self.source.text().get(span.range()).unwrap_or_default()
    }

    /// A text as a stretch of the file where it stands there as it is.
    fn add_text(&mut self, text: &str) -> TomlText {
        let file = self.source.text();
        let offset = (text.as_ptr() as usize).wrapping_sub(file.as_ptr() as usize);
        let range = offset..offset.saturating_add(text.len());
        if file.get(range.clone()) == Some(text) {
            return TomlText::Written(Span::new(&range));
        }
        let start = self.respelled.len();
        self.respelled.push_str(text);
        TomlText::Respelled(Span::new(&(start..self.respelled.len())))
    }
}
