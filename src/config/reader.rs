//! A cursor over one table: takes typed values out, collects everything wrong, and in the end reports the keys that
//! no getter took. Knows types and ranges, not what the values mean.

use std::fmt;

use super::section::{Entry, Item};
use super::suggestion::list_names;
use super::{Diagnostic, Diagnostics, Location, Section};

/// Reads one [`Section`]. Every getter gives `None` when the key is absent or its value is of no use; the latter is
/// reported, so that a reader goes on and finds the next mistake too. Call [`TableReader::finish`] last.
#[derive(Debug)]
pub struct TableReader<'a> {
    section: &'a Section,
    diagnostics: &'a mut Diagnostics,
    /// Every key asked for, as often as it was: only a mistake makes anyone look.
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
    /// Which entries need no more attention: asked for, or reported in the place of a missing one.
    settled: Vec<bool>,
}

impl<'a> TableReader<'a> {
    /// Starts to read.
    pub(crate) fn new(section: &'a Section, diagnostics: &'a mut Diagnostics) -> Self {
        let taken = section.taken();
        let mut asked = Vec::with_capacity(taken.len() + 32);
        asked.extend_from_slice(taken);
        let settled = section.entries().map(|entry| taken.iter().any(|key| entry.is(key)));
        Self { section, diagnostics, asked, missing: Vec::new(), settled: settled.collect() }
    }

    /// A reader of another table, usually a part of this one, that reports to the same collection.
    pub(crate) fn within<'b>(&'b mut self, section: &'b Section) -> TableReader<'b> {
        TableReader::new(section, self.diagnostics)
    }

    /// The table being read.
    pub(crate) const fn table(&self) -> &'a Section {
        self.section
    }

    /// Where findings go, for those that only the caller can make.
    pub(crate) const fn diagnostics(&mut self) -> &mut Diagnostics {
        self.diagnostics
    }

    /// Whether a key is there; counts as asking for it.
    pub(crate) fn has(&mut self, key: &'static str) -> bool {
        self.entry(key).is_some()
    }

    /// Where the value of a key is; the table's own place when the key is absent.
    pub(crate) fn location_of(&self, key: &str) -> Location {
        let entry = self.section.entries().find(|entry| entry.is(key));
        entry.map_or_else(|| self.section.location(), |entry| entry.item().location())
    }

    /// Demands a key; its absence is reported by [`Self::finish`].
    pub(crate) fn require(&mut self, key: &'static str) -> &mut Self {
        if self.entry(key).is_none() {
            self.missing.push(key);
        }
        self
    }

    /// Reports something wrong with the value of a key.
    pub(crate) fn reject(&mut self, key: &str, message: impl fmt::Display, label: impl fmt::Display) {
        let location = self.location_of(key);
        let diagnostic = Diagnostic::at(location, message.to_string()).with_label(label.to_string());
        self.diagnostics.push(diagnostic);
    }

    /// Reports the keys that are missing and the unknown ones.
    pub(crate) fn finish(mut self) {
        self.report_missing();
        for index in 0..self.settled.len() {
            self.report_unknown(index);
        }
    }

    /// Reports the keys that are missing and leaves unknown ones to a later reader of the table that
    /// comes back, usually on a higher layer.
    pub(crate) fn rest(mut self) -> Section {
        self.report_missing();
        self.section.after(&self.asked)
    }

    /// Reports one unknown key, once.
    fn report_unknown(&mut self, index: usize) {
        let (Some(entry), Some(settled)) = (self.section.entries().nth(index), self.settled.get_mut(index)) else {
            return;
        };
        if !std::mem::replace(settled, true) {
            let mut known: Vec<&str> = Vec::with_capacity(self.asked.len());
            for key in &self.asked {
                if !known.contains(key) {
                    known.push(key);
                }
            }
            let diagnostic = Diagnostic::unknown(entry.key_location(), "key", entry.key(), known);
            self.diagnostics.push(diagnostic);
        }
    }

    /// A missing key that was only mistyped is reported where it was mistyped.
    fn report_missing(&mut self) {
        if self.missing.is_empty() {
            return;
        }
        let mut missing = std::mem::take(&mut self.missing);
        for (index, entry) in self.section.entries().enumerate() {
            if self.settled.get(index) == Some(&true) {
                continue;
            }
            if let Some(meant) = super::suggest(entry.key(), missing.iter().copied()) {
                missing.retain(|key| *key != meant);
                self.report_unknown(index);
            }
        }
        if !missing.is_empty() {
            let names = list_names(missing.iter().copied());
            let noun = if missing.len() == 1 { "key" } else { "keys" };
            let whole = if self.section.is_root() { "file" } else { "table" };
            let diagnostic = Diagnostic::at(self.section.location(), format!("missing {noun} {names}"));
            self.diagnostics.push(diagnostic.with_label(format!("in this {whole}")));
        }
    }

    pub(super) fn entry(&mut self, key: &'static str) -> Option<Entry<'a>> {
        self.asked.push(key);
        let (index, entry) = self.section.entries().enumerate().find(|(_, entry)| entry.is(key))?;
        if let Some(settled) = self.settled.get_mut(index) {
            *settled = true;
        }
        Some(entry)
    }

    /// The value of a key, unless it was reported as unreadable already.
    pub(super) fn item(&mut self, key: &'static str) -> Option<Item<'a>> {
        let item = self.entry(key)?.item();
        (!item.is_unreadable()).then_some(item)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Source, Style};
    use super::*;

    /// Reads a text with `read` and gives back what the user would see.
    fn findings(text: &str, read: impl FnOnce(&mut TableReader<'_>)) -> String {
        let mut diagnostics = Diagnostics::new();
        let section = Section::parse(&Source::new("a.toml", text), &mut diagnostics);
        let mut reader = TableReader::new(&section, &mut diagnostics);
        read(&mut reader);
        reader.finish();
        diagnostics.render(Style::Plain)
    }

    #[test]
    fn typed_values_come_out_as_written() {
        let text = "a = 'x'\nb = 3\nc = 1.5\nd = true\ne = ['p', 'q']\nf = '2m'\ng = { h = [1, {}] }\n[[i]]\n[[i]]\n";
        let shown = findings(text, |reader| {
            assert_eq!(reader.text("a").as_deref(), Some("x"));
            assert_eq!(reader.integer("b", 1..), Some(3));
            assert_eq!(reader.number("b", ..), Some(3.0));
            assert_eq!(reader.number("c", 0.0..=2.0), Some(1.5));
            assert_eq!(reader.flag("d"), Some(true));
            assert_eq!(reader.texts("e").unwrap(), ["p", "q"]);
            assert_eq!(reader.duration("f"), Some(Duration::from_secs(120)));
            assert_eq!(reader.json("g").unwrap().to_string(), r#"{"h":[1,{}]}"#);
            assert_eq!(reader.sections("i").len(), 2);
            assert_eq!(reader.text("absent"), None);
        });
        assert_eq!(shown, "");
    }

    #[test]
    fn every_mistake_is_reported_in_file_order() {
        let text = "rate = 'fast'\nretries = -1\nknid = 'x'\ncolour = 1\ntags = ['a', 2, 3.5]\n";
        let shown = findings(text, |reader| {
            reader.texts("tags");
            reader.required_text("kind");
            reader.integer("retries", 0..=9);
            reader.number("rate", ..);
            reader.require("name");
        });
        insta::assert_snapshot!(shown, @r#"
        error: missing key `name`
         --> a.toml:1:1
          |
        1 | rate = 'fast'
          | ^ in this file

        error: `rate` is a string
         --> a.toml:1:8
          |
        1 | rate = 'fast'
          |        ^^^^^^ expected a number

        error: `retries` is -1
         --> a.toml:2:11
          |
        2 | retries = -1
          |           ^^ expected an integer from 0 to 9

        error: unknown key `knid`
         --> a.toml:3:1
          |
        3 | knid = 'x'
          | ^^^^ did you mean `kind`?

        error: unknown key `colour`
         --> a.toml:4:1
          |
        4 | colour = 1
          | ^^^^^^
          |
          = help: known: `tags`, `kind`, `retries`, `rate`, `name`

        error: `tags` holds an integer
         --> a.toml:5:14
          |
        5 | tags = ['a', 2, 3.5]
          |              ^ expected a string

        error: `tags` holds a number
         --> a.toml:5:17
          |
        5 | tags = ['a', 2, 3.5]
          |                 ^^^ expected a string
        "#);
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        let shown = findings("a = { b = [nan, 1979-05-27] }\nc = 99999999999999999999\n", |reader| {
            assert_eq!(reader.json("a"), None);
            assert_eq!(reader.json("c"), None);
        });
        insta::assert_snapshot!(shown, @r#"
        error: NaN is not a finite number
         --> a.toml:1:12
          |
        1 | a = { b = [nan, 1979-05-27] }
          |            ^^^ JSON cannot say this

        error: 1979-05-27 is a date or time; quote it to send it as text
         --> a.toml:1:17
          |
        1 | a = { b = [nan, 1979-05-27] }
          |                 ^^^^^^^^^^ JSON cannot say this

        error: integer does not fit into 64 bits
         --> a.toml:2:5
          |
        2 | c = 99999999999999999999
          |     ^^^^^^^^^^^^^^^^^^^^
        "#);
    }

    #[test]
    fn none_is_a_table_of_its_own_that_nothing_else_is_taken_for() {
        let shown = findings("a = { b = { none = true }, c = [{ none = true }, 1] }\n", |reader| {
            assert_eq!(reader.json("a").unwrap().to_string(), r#"{"b":null,"c":[null,1]}"#);
        });
        assert_eq!(shown, "");
        let shown = ["{ none = false }", "{ none = 1 }", "{ none = true, some = 1 }"]
            .map(|wrong| findings(&format!("a = {wrong}\n"), |reader| assert_eq!(reader.json("a"), None)));
        insta::assert_snapshot!(shown.join("\n\n"), @"
        error: a table with the key `none` stands for None
         --> a.toml:1:5
          |
        1 | a = { none = false }
          |     ^^^^^^^^^^^^^^^^ expected `{ none = true }` and nothing else in it

        error: a table with the key `none` stands for None
         --> a.toml:1:5
          |
        1 | a = { none = 1 }
          |     ^^^^^^^^^^^^ expected `{ none = true }` and nothing else in it

        error: a table with the key `none` stands for None
         --> a.toml:1:5
          |
        1 | a = { none = true, some = 1 }
          |     ^^^^^^^^^^^^^^^^^^^^^^^^^ expected `{ none = true }` and nothing else in it
        ");
    }

    #[test]
    fn several_syntax_errors_come_at_once() {
        let shown = findings("a = \nb = 1\nb = 2\n[c\n", |reader| {
            assert_eq!(reader.integer("b", ..), Some(1));
            reader.has("a");
            reader.has("c");
        });
        insta::assert_snapshot!(shown, @r#"
        error: unexpected character found: `\n`
         --> a.toml:1:5
          |
        1 | a = 
          |     ^

        error: the key `b` is defined multiple times in table
         --> a.toml:3:1
          |
        2 | b = 1
          | - first key instance
        3 | b = 2
          | ^

        error: expected a right bracket, found a newline
         --> a.toml:4:3
          |
        4 | [c
          |   ^
        "#);
    }
}
