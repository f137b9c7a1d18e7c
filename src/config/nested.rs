//! The getters of a [`TableReader`] for tables, as sections, sizes or JSON. Refuses values that JSON cannot represent.
//!
//! TOML has no null. `{ none = true }` stands for it wherever a value may stand. No other table may have a key `none`, so that no
//! object is mistaken for it.

use std::collections::BTreeMap;

use super::section::{Datum, Item};
use super::{Diagnostics, Located, Location, Section, TableReader};
use crate::prediction::Options;

/// The key of a table that stands for Python's `None`.
const NONE: &str = "none";

/// One item of an array of names and tables.
#[derive(Debug, Clone)]
pub enum NameOrTable {
    /// A name.
    Name(Located<String>),
    /// A table.
    Table(Section),
}

impl NameOrTable {
    /// Where it is written.
    pub(crate) fn location(&self) -> Location {
        match self {
            Self::Name(name) => name.location.clone(),
            Self::Table(section) => section.location(),
        }
    }
}

impl TableReader<'_> {
    /// A table.
    pub(crate) fn section(&mut self, key: &'static str) -> Option<Section> {
        self.value(key, "a table", Item::table)
    }

    /// Reads a table with a reader of its own, which reports unknown keys in the end.
    pub(super) fn nested<T>(&mut self, key: &'static str, read: impl FnOnce(&mut TableReader<'_>) -> T) -> Option<T> {
        let section = self.section(key)?;
        let mut reader = self.within(&section);
        let value = read(&mut reader);
        reader.finish();
        Some(value)
    }

    /// An array of tables; empty when the key is absent.
    pub(crate) fn sections(&mut self, key: &'static str) -> Vec<Section> {
        let Some(items) = self.value(key, "an array of tables", Item::array) else { return Vec::new() };
        self.take(key, items, "a table", Item::table)
    }

    /// An array of names and tables in any order.
    pub(super) fn names_or_tables(&mut self, key: &'static str) -> Option<Vec<NameOrTable>> {
        self.array(key, "an array of names and tables", "a name or a table", |item| {
            item.located_text().map(NameOrTable::Name).or_else(|| item.table().map(NameOrTable::Table))
        })
    }

    /// Either one table or an array of tables; empty when the key is absent.
    pub(super) fn section_or_sections(&mut self, key: &'static str) -> Vec<Section> {
        match self.item(key).map(Item::datum) {
            Some(Datum::Array(_)) => self.sections(key),
            _ => self.value(key, "a table or an array of tables", Item::table).into_iter().collect(),
        }
    }

    /// Whether the value is an array without items.
    pub(super) fn is_empty_array(&mut self, key: &'static str) -> bool {
        matches!(self.item(key).and_then(Item::array), Some(items) if items.iter().len() == 0)
    }

    /// A table whose keys are names of the user's choice and whose values are tables, in declared order.
    pub(crate) fn named_sections(&mut self, key: &'static str) -> Vec<(Located<String>, Section)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        let mut named = Vec::with_capacity(section.entries().len());
        for entry in section.entries() {
            match entry.item().table() {
                Some(part) => named.push((entry.located_key(), part)),
                None => self.wrong_type(entry.key(), "a table", entry.item()),
            }
        }
        named
    }

    /// Whether the value of a key is a table with a single entry. Does not count as asking for it.
    pub(super) fn has_one_entry(&self, key: &str) -> bool {
        let entry = self.table().entries().find(|entry| entry.key() == key);
        matches!(entry.map(|entry| entry.item().datum()), Some(Datum::Table(table)) if table.keys().len() == 1)
    }

    /// The whole table as sizes by names of the user's choice.
    pub(super) fn sizes(mut self) -> BTreeMap<String, usize> {
        let mut sizes = BTreeMap::new();
        for entry in self.table().entries() {
            match entry.item().datum() {
                Datum::Integer(size @ 1..) => drop(sizes.insert(entry.key().to_owned(), size as usize)),
                _ => self.wrong_type(entry.key(), "a size of at least 1", entry.item()),
            }
        }
        sizes
    }

    /// Any value as JSON. Reports dates and non-finite numbers, which JSON does not have.
    pub(crate) fn json(&mut self, key: &'static str) -> Option<serde_json::Value> {
        to_json(self.item(key)?, self.diagnostics())
    }

    /// A table as a JSON object.
    pub(crate) fn object(&mut self, key: &'static str) -> Option<Options> {
        to_object(&self.section(key)?, self.diagnostics())
    }
}

/// A value as JSON; `None` when some part of it was reported.
pub(super) fn to_json(item: Item<'_>, diagnostics: &mut Diagnostics) -> Option<serde_json::Value> {
    let mut refuse = |message: String| {
        diagnostics.report(item.location(), message, "JSON cannot say this");
        None
    };
    match item.datum() {
        Datum::Text(text) => Some(text.into()),
        Datum::Integer(value) => Some(value.into()),
        Datum::Flag(flag) => Some(flag.into()),
        Datum::Float(value) => match serde_json::Number::from_f64(value) {
            Some(number) => Some(number.into()),
            None => refuse(format!("{value} is not a finite number")),
        },
        Datum::Datetime(text) => refuse(format!("{text} is a date or time; quote it to send it as text")),
        Datum::Unreadable => None,
        Datum::Table(table) if table.keys().any(|key| key == NONE) => {
            let mut entries = table.entries().map(|entry| entry.item().datum());
            if let (Some(Datum::Flag(true)), None) = (entries.next(), entries.next()) {
                return Some(serde_json::Value::Null);
            }
            let label = "expected `{ none = true }` and nothing else in it";
            diagnostics.report(item.location(), format!("a table with the key `{NONE}` stands for None"), label);
            None
        }
        Datum::Table(table) => to_object(&table, diagnostics).map(Into::into),
        Datum::Array(items) => {
            // All items are read before any `None` ends it, so that every mistake is reported.
            let values: Vec<_> = items.iter().map(|item| to_json(item, diagnostics)).collect();
            values.into_iter().collect()
        }
    }
}

/// A table as a JSON object in declared order; `None` when some part of it was reported.
fn to_object(section: &Section, diagnostics: &mut Diagnostics) -> Option<Options> {
    let mut object = Options::new();
    let mut complete = true;
    for entry in section.entries() {
        match to_json(entry.item(), diagnostics) {
            Some(value) => drop(object.insert(entry.key().to_owned(), value)),
            None => complete = false,
        }
    }
    complete.then_some(object)
}
