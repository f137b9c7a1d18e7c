//! TOML values as JSON, for what goes to a model unchanged. Refuses what JSON cannot say rather than bending it.
//!
//! TOML has no null. `{ none = true }` stands for it wherever a value may stand; no other table may have a key `none`, so
//! that no object is ever taken for it.

use super::section::{Datum, Item};
use super::{Diagnostic, Diagnostics, Section};
use crate::prediction::Options;

/// The key of a table that stands for Python's `None`.
const NONE: &str = "none";

/// A value as JSON; `None` when some part of it was reported.
pub(super) fn value(item: Item<'_>, diagnostics: &mut Diagnostics) -> Option<serde_json::Value> {
    let mut refuse = |message: String| {
        let diagnostic = Diagnostic::at(item.location(), message);
        diagnostics.push(diagnostic.with_label("JSON cannot say this"));
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
            let diagnostic = Diagnostic::at(item.location(), format!("a table with the key `{NONE}` stands for None"));
            diagnostics.push(diagnostic.with_label("expected `{ none = true }` and nothing else in it"));
            None
        }
        Datum::Table(table) => object(&table, diagnostics).map(Into::into),
        Datum::Array(items) => {
            let values: Vec<_> = items.iter().map(|item| value(item, diagnostics)).collect();
            values.into_iter().collect()
        }
    }
}

/// A table as a JSON object in declared order; `None` when some part of it was reported.
pub(super) fn object(section: &Section, diagnostics: &mut Diagnostics) -> Option<Options> {
    let mut object = Options::new();
    let mut complete = true;
    for entry in section.entries() {
        match value(entry.item(), diagnostics) {
            Some(value) => drop(object.insert(entry.key().to_owned(), value)),
            None => complete = false,
        }
    }
    complete.then_some(object)
}
