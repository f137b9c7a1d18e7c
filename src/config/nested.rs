//! The getters of a [`TableReader`] that give tables, one or many, as sections, sizes or JSON.

use std::collections::BTreeMap;

use super::section::{Datum, Item};
use super::typed::{Located, wrong_type};
use super::{Location, Section, TableReader, json};

/// One item of an array that holds names and tables.
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
        match self.item(key)?.datum() {
            Datum::Table(section) => Some(section),
            _ => self.wrong_type(key, "a table"),
        }
    }

    /// A date as it is written.
    pub(super) fn date(&mut self, key: &'static str) -> Option<String> {
        match self.item(key)?.datum() {
            Datum::Datetime(text) => Some(text.to_owned()),
            _ => self.wrong_type(key, "a date such as 2027-06-30"),
        }
    }

    /// An array of tables; empty when the key is absent.
    pub(crate) fn sections(&mut self, key: &'static str) -> Vec<Section> {
        let Some(item) = self.item(key) else { return Vec::new() };
        let Datum::Array(items) = item.datum() else {
            return self.wrong_type(key, "an array of tables").unwrap_or_default();
        };
        self.take(key, items, "a table", |datum| match datum {
            Datum::Table(section) => Some(section),
            _ => None,
        })
    }

    /// An array of names and tables, whatever order they are in.
    pub(super) fn names_or_tables(&mut self, key: &'static str) -> Option<Vec<NameOrTable>> {
        let Datum::Array(items) = self.item(key)?.datum() else {
            return self.wrong_type(key, "an array of names and tables");
        };
        let places = items.iter().map(Item::location);
        let taken = self.take(key, items, "a name or a table", |datum| match datum {
            Datum::Text(text) => Some(Err(text.to_owned())),
            Datum::Table(section) => Some(Ok(section)),
            _ => None,
        });
        // Places and items belong together only where every item was taken.
        if taken.len() < places.len() {
            return None;
        }
        let both = taken.into_iter().zip(places);
        let items = both.map(|(item, location)| match item {
            Ok(section) => NameOrTable::Table(section),
            Err(value) => NameOrTable::Name(Located { value, location }),
        });
        Some(items.collect())
    }

    /// Either one table or an array of tables; empty when the key is absent.
    pub(super) fn section_or_sections(&mut self, key: &'static str) -> Vec<Section> {
        match self.item(key).map(Item::datum) {
            Some(Datum::Table(section)) => vec![section],
            Some(Datum::Array(_)) => self.sections(key),
            Some(_) => self.wrong_type(key, "a table or an array of tables").unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Whether the value is an array without items.
    pub(super) fn is_empty_array(&mut self, key: &'static str) -> bool {
        matches!(self.item(key).map(Item::datum), Some(Datum::Array(items)) if items.iter().len() == 0)
    }

    /// A table whose keys are names of the user's choice and whose values are tables, in declared order.
    pub(crate) fn named_sections(&mut self, key: &'static str) -> Vec<(Located<String>, Section)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        let mut named = Vec::with_capacity(section.entries().len());
        for entry in section.entries() {
            let name = Located { value: entry.key().to_owned(), location: entry.key_location() };
            match entry.item().datum() {
                Datum::Table(part) => named.push((name, part)),
                Datum::Unreadable => {}
                _ => self.diagnostics().push(wrong_type(entry.key(), "a table", entry.item())),
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
            let size = match entry.item().datum() {
                Datum::Integer(size) => usize::try_from(size).ok().filter(|size| *size > 0),
                Datum::Unreadable => continue,
                _ => None,
            };
            if let Some(size) = size {
                sizes.insert(entry.key().to_owned(), size);
            } else {
                let diagnostic = wrong_type(entry.key(), "a size of at least 1", entry.item());
                self.diagnostics().push(diagnostic);
            }
        }
        sizes
    }

    /// Any value as JSON; dates and non-finite numbers, which JSON has not, are reported.
    pub(crate) fn json(&mut self, key: &'static str) -> Option<serde_json::Value> {
        let item = self.item(key)?;
        json::value(item, self.diagnostics())
    }

    /// A table as a JSON object.
    pub(crate) fn object(&mut self, key: &'static str) -> Option<crate::prediction::Options> {
        match self.item(key)?.datum() {
            Datum::Table(section) => json::object(&section, self.diagnostics()),
            _ => self.wrong_type(key, "a table"),
        }
    }
}
