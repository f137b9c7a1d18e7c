//! A parsed TOML file as flat lists: every table, key and value with its place, texts as stretches of the file. A few
//! allocations for a file of any size, and nothing to do when it is dropped. Knows the syntax, no meaning.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{Diagnostic, Diagnostics, Location, Source};

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

/// A stretch of bytes, entries or items. Files are below four gigabytes, so half the width will do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn new(range: &Range<usize>) -> Self {
        let bound = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            start: bound(range.start),
            end: bound(range.end),
        }
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
            entries: Vec::new(),
            items: Vec::new(),
        };
        if u32::try_from(source.text().len()).is_err() {
            let message = format!("{} is larger than four gigabytes", source.path());
            diagnostics.push(Diagnostic::new(message));
            return document;
        }
        let (table, errors) = DeTable::parse_recoverable(source.text());
        for error in errors {
            let span = error.span().unwrap_or_default();
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            diagnostics.push(Diagnostic::at(Location::new(source, span), message));
        }
        document.add_table(table.get_ref(), &(0..0), diagnostics);
        document
    }

    pub(super) fn table(&self, index: u32) -> TomlTable {
        const EMPTY: Span = Span { start: 0, end: 0 };
        self.tables.get(index as usize).copied().unwrap_or(TomlTable {
            span: EMPTY,
            entries: EMPTY,
        })
    }

    pub(super) fn place(&self, span: Span) -> Location {
        Location::new(&self.source, span.range())
    }

    pub(super) fn text(&self, text: TomlText) -> &str {
        match text {
            TomlText::Written(span) => self.source.text().get(span.range()),
            TomlText::Respelled(span) => self.respelled.get(span.range()),
        }
        .unwrap_or_default()
    }

    fn add_table(&mut self, table: &DeTable<'_>, span: &Range<usize>, diagnostics: &mut Diagnostics) -> u32 {
        let index = self.tables.len();
        let first = self.entries.len();
        self.tables.push(TomlTable {
            span: Span::new(span),
            entries: Span::new(&(first..first + table.len())),
        });
        // The entries of a table lie together, so they take their places before any of them is looked into.
        for (key, value) in table {
            let entry = TomlEntry {
                key: self.add_text(key.get_ref()),
                key_span: Span::new(&key.span()),
                item: TomlItem {
                    span: Span::new(&value.span()),
                    value: TomlValue::Unreadable,
                },
            };
            self.entries.push(entry);
        }
        for (offset, value) in table.values().enumerate() {
            let value = self.add_value(value.get_ref(), &value.span(), diagnostics);
            if let Some(entry) = self.entries.get_mut(first + offset) {
                entry.item.value = value;
            }
        }
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    fn add_value(&mut self, value: &DeValue<'_>, span: &Range<usize>, diagnostics: &mut Diagnostics) -> TomlValue {
        let mut unreadable = |message: &str| {
            let place = Location::new(&self.source, span.clone());
            diagnostics.push(Diagnostic::at(place, message));
            TomlValue::Unreadable
        };
        match value {
            DeValue::String(text) => TomlValue::Text(self.add_text(text)),
            DeValue::Boolean(flag) => TomlValue::Flag(*flag),
            DeValue::Datetime(datetime) => TomlValue::Datetime(self.add_text(&datetime.to_string())),
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(value) => TomlValue::Integer(value),
                Err(_) => unreadable("integer does not fit into 64 bits"),
            },
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                // `inf` may be written; anything else that becomes infinite is too large.
                Ok(value) if !value.is_infinite() || float.as_str().contains("inf") => TomlValue::Float(value),
                _ => unreadable("number does not fit into double precision"),
            },
            DeValue::Array(array) => {
                let first = self.items.len();
                self.items.extend(array.iter().map(|item| TomlItem {
                    span: Span::new(&item.span()),
                    value: TomlValue::Unreadable,
                }));
                for (offset, item) in array.iter().enumerate() {
                    let value = self.add_value(item.get_ref(), &item.span(), diagnostics);
                    if let Some(item) = self.items.get_mut(first + offset) {
                        item.value = value;
                    }
                }
                TomlValue::Array(Span::new(&(first..first + array.len())))
            }
            DeValue::Table(table) => TomlValue::Table(self.add_table(table, span, diagnostics)),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_stretches_of_the_file_unless_spelled_otherwise() {
        let mut diagnostics = Diagnostics::new();
        let source = Source::new(
            "a.toml",
            r#"plain = "text"
"quoted key" = "a\tb"
"#,
        );
        let document = Document::parse(&source, &mut diagnostics);
        let texts: Vec<(&str, &str)> = document
            .entries
            .iter()
            .map(|entry| match entry.item.value {
                TomlValue::Text(text) => (document.text(entry.key), document.text(text)),
                _ => ("", ""),
            })
            .collect();
        assert_eq!(texts, [("plain", "text"), ("quoted key", "a\tb")]);
        assert_eq!(document.respelled, "a\tb");
    }
}
