//! A cursor over one table: takes typed values out, collects mistakes, and finally reports the keys that no getter asked for.
//! Does not know what the values mean.

use std::fmt;

use super::diagnostic::{list_names, suggest};
use super::section::{Entry, Item};
use super::{Diagnostic, Diagnostics, Location, Section};

/// Reads one [`Section`]. A getter returns `None` if the key is absent or its value is invalid. It reports an invalid value, so the
/// caller goes on and finds further mistakes. Call [`TableReader::finish`] last.
#[derive(Debug)]
pub struct TableReader<'a> {
    section: &'a Section,
    diagnostics: &'a mut Diagnostics,
    /// All keys asked for, with repetitions: they are only needed to report a mistake.
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
    /// Which entries were asked for, or reported as a mistyped missing key.
    settled: Vec<bool>,
}

impl<'a> TableReader<'a> {
    /// A reader at the start of a table.
    pub(crate) fn new(section: &'a Section, diagnostics: &'a mut Diagnostics) -> Self {
        let taken = section.taken();
        let mut asked = Vec::with_capacity(taken.len() + 32);
        asked.extend_from_slice(taken);
        let settled = section.entries().map(|entry| taken.iter().any(|key| entry.is(key)));
        Self { section, diagnostics, asked, missing: Vec::new(), settled: settled.collect() }
    }

    /// A reader of another table, usually a part of this one, with the same diagnostics.
    pub(crate) fn within<'b>(&'b mut self, section: &'b Section) -> TableReader<'b> {
        TableReader::new(section, self.diagnostics)
    }

    /// The table being read.
    pub(crate) const fn table(&self) -> &'a Section {
        self.section
    }

    /// The diagnostics, for mistakes that only the caller can find.
    pub(crate) const fn diagnostics(&mut self) -> &mut Diagnostics {
        self.diagnostics
    }

    /// Whether the table has a key; counts as asking for it.
    pub(crate) fn has(&mut self, key: &'static str) -> bool {
        self.entry(key).is_some()
    }

    /// The place of the value of a key, or of the table if the key is absent.
    pub(crate) fn location_of(&self, key: &str) -> Location {
        let entry = self.section.entries().find(|entry| entry.is(key));
        entry.map_or_else(|| self.section.location(), |entry| entry.item().location())
    }

    /// Requires a key; [`Self::finish`] reports its absence.
    pub(crate) fn require(&mut self, key: &'static str) -> &mut Self {
        if self.entry(key).is_none() {
            self.missing.push(key);
        }
        self
    }

    /// Reports something wrong with the value of a key.
    pub(crate) fn reject(&mut self, key: &str, message: impl fmt::Display, label: impl fmt::Display) {
        self.diagnostics.report(self.location_of(key), message.to_string(), label.to_string());
    }

    /// Reports missing and unknown keys.
    pub(crate) fn finish(mut self) {
        self.report_missing();
        for index in 0..self.settled.len() {
            self.report_unknown(index);
        }
    }

    /// Reports missing keys, and returns the table for a later reader of the other keys, usually on a higher layer.
    pub(crate) fn rest(mut self) -> Section {
        self.report_missing();
        self.section.after(&self.asked)
    }

    /// Reports an unknown key, if that was not done already.
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
            self.diagnostics.push(Diagnostic::unknown(entry.key_location(), "key", entry.key(), known));
        }
    }

    /// Reports a missing key that was only mistyped at the place of the mistyped one.
    fn report_missing(&mut self) {
        if self.missing.is_empty() {
            return;
        }
        let mut missing = std::mem::take(&mut self.missing);
        for (index, entry) in self.section.entries().enumerate() {
            if self.settled.get(index) == Some(&true) {
                continue;
            }
            if let Some(meant) = suggest(entry.key(), missing.iter().copied()) {
                missing.retain(|key| *key != meant);
                self.report_unknown(index);
            }
        }
        if !missing.is_empty() {
            let names = list_names(&missing);
            let noun = if missing.len() == 1 { "key" } else { "keys" };
            let whole = if self.section.is_root() { "file" } else { "table" };
            let message = format!("missing {noun} {names}");
            self.diagnostics.report(self.section.location(), message, format!("in this {whole}"));
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

    /// The value of a key, unless it is unreadable, which was reported already.
    pub(super) fn item(&mut self, key: &'static str) -> Option<Item<'a>> {
        Some(self.entry(key)?.item()).filter(|item| !item.is_unreadable())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Source, Style};
    use super::*;

    /// Reads a text with `read` and returns the rendered diagnostics.
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
