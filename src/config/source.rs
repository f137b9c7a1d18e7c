//! A configuration file as text, and places within it, with lines and columns. Does not read files or parse TOML.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The text of one configuration file. Diagnostics show lines of it.
#[derive(Debug)]
pub struct Source {
    path: String,
    text: String,
    /// Byte offset of the start of every line.
    lines: Vec<usize>,
}

impl Source {
    /// A source of a given text; diagnostics show `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
        Arc::new(Self { path: path.into(), text, lines })
    }

    /// The path as given.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of a one-based line without its line break, or the end of the text if there is no such line.
    #[must_use]
    pub fn line(self: &Arc<Self>, line: usize) -> Location {
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        Location::new(self, start..self.line_end(start))
    }

    /// The start of the line of a byte offset, and its one-based number.
    fn line_of(&self, offset: usize) -> (usize, usize) {
        let number = self.lines.partition_point(|&start| start <= offset);
        let start = self.lines.get(number.saturating_sub(1)).copied().unwrap_or(0);
        (start, number)
    }

    /// The end of the line of a byte offset, without its line break.
    fn line_end(&self, offset: usize) -> usize {
        let line = self.text.get(offset..).and_then(|rest| rest.split('\n').next()).unwrap_or("");
        offset + line.trim_end_matches('\r').len()
    }
}

/// A range of a source. Cheap to clone.
#[derive(Clone)]
pub struct Location {
    source: Arc<Source>,
    span: Range<usize>,
}

impl Location {
    /// The bytes `span` of `source`, limited to the text and to whole characters.
    #[must_use]
    pub fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        let (start, end) = (whole_character(&source.text, span.start), whole_character(&source.text, span.end));
        Self { source: Arc::clone(source), span: start..end.max(start) }
    }

    /// The file.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The bytes of the file's text.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The one-based line of the first byte.
    #[must_use]
    pub fn line(&self) -> usize {
        self.source.line_of(self.span.start).1
    }

    /// The one-based column of the first byte, counted in characters.
    #[must_use]
    pub fn column(&self) -> usize {
        let (start, _) = self.source.line_of(self.span.start);
        self.source.text.get(start..self.span.start).unwrap_or("").chars().count() + 1
    }

    /// The byte offset at which the first line of this place begins.
    pub(super) fn line_start(&self) -> usize {
        self.source.line_of(self.span.start).0
    }

    /// The byte offset at which the first line of this place ends.
    pub(super) fn line_end(&self) -> usize {
        self.source.line_end(self.span.start)
    }
}

/// `file:line:column`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.path, self.line(), self.column())
    }
}

/// The same as [`fmt::Display`]: the text of a file is too long for a log.
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A value with the place where it is written.
#[derive(Debug, Clone)]
pub struct Located<T> {
    pub(crate) value: T,
    /// Where it is written.
    pub(crate) location: Location,
}

/// The last character boundary at or before an offset.
fn whole_character(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|&offset| text.is_char_boundary(offset)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = Source::new("a.toml", "äb = 1\r\ncd = 2\n");
        let place = Location::new(&source, 3..4);
        assert_eq!(place.to_string(), "a.toml:1:3");
        assert_eq!(Location::new(&source, 9..11).to_string(), "a.toml:2:1");
        assert_eq!(source.line(1).span(), 0..7);
        assert_eq!(source.line(9).span(), 16..16);
    }

    #[test]
    fn a_place_never_cuts_a_character_or_leaves_the_text() {
        let source = Source::new("a.toml", "ä");
        assert_eq!(Location::new(&source, 1..99).span(), 0..2);
    }
}
