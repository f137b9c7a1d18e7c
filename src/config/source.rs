//! A configuration file as text, and places within it. Knows lines and columns, nothing of TOML.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::{Diagnostic, Diagnostics};

/// One configuration file, kept whole so that a diagnostic can show the line it speaks of.
#[derive(Debug)]
pub struct Source {
    path: String,
    text: String,
    /// Byte offset of the start of every line.
    lines: Vec<usize>,
}

impl Source {
    /// A source of a text that is already there; `path` is what diagnostics show.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(index, _)| index + 1))
            .collect();
        Arc::new(Self {
            path: path.into(),
            text,
            lines,
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is not UTF-8.
    pub fn read(path: &Path) -> Result<Arc<Self>, Diagnostics> {
        let shown = path.display();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self::new(shown.to_string(), text)),
            Err(error) => Err(Diagnostic::new(format!("failed to read {shown}: {error}")).into()),
        }
    }

    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of a one-based line, without its line break; the end of the text for a line past it.
    #[must_use]
    pub fn line(self: &Arc<Self>, line: usize) -> Location {
        let index = line.saturating_sub(1);
        let start = self.lines.get(index).copied().unwrap_or(self.text.len());
        Location::new(self, start..self.line_end(start))
    }

    /// Where the line that holds a byte offset begins, and its one-based number.
    fn line_of(&self, offset: usize) -> (usize, usize) {
        let number = self.lines.partition_point(|&start| start <= offset);
        let start = self.lines.get(number.saturating_sub(1)).copied().unwrap_or(0);
        (start, number)
    }

    /// Where the line that holds a byte offset ends, before its line break.
    fn line_end(&self, offset: usize) -> usize {
        let rest = self.text.get(offset..).unwrap_or("");
        let line = rest.split('\n').next().unwrap_or("");
        offset + line.trim_end_matches('\r').len()
    }
}

/// A stretch of a source. Cheap to clone.
#[derive(Clone)]
pub struct Location {
    source: Arc<Source>,
    span: Range<usize>,
}

impl Location {
    /// The bytes `span` of `source`; cut to what the text has, at whole characters.
    #[must_use]
    pub fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        let start = whole_character(&source.text, span.start);
        let end = whole_character(&source.text, span.end);
        Self {
            source: Arc::clone(source),
            span: start..end.max(start),
        }
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
        let before = self.source.text.get(start..self.span.start).unwrap_or("");
        before.chars().count() + 1
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

/// The same as [`fmt::Display`]: the text of a file is too much for a log.
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The last character boundary at or before an offset.
fn whole_character(text: &str, offset: usize) -> usize {
    let mut boundary = offset.min(text.len());
    while !text.is_char_boundary(boundary) {
        boundary -= 1;
    }
    boundary
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
