//! A configuration file as text, and places within it. Knows lines and columns, nothing of TOML.

use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::{Diagnostic, Diagnostics};

/// The largest file that is read, in bytes. What is declared by hand is a thousand times smaller.
const LARGEST: u64 = 16 << 20;

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
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
        Arc::new(Self { path: path.into(), text, lines })
    }

    /// Reads a regular file of at most 16 MiB: a pipe would be waited for, and a file that grows without end is
    /// never read to it.
    ///
    /// # Errors
    /// When it cannot be read, is no regular file, too large or not UTF-8.
    pub fn read(path: &Path) -> Result<Arc<Self>, Diagnostics> {
        let shown = path.display();
        let failed = |error: std::io::Error| Diagnostic::new(format!("failed to read {shown}: {error}"));
        // Looked at before it is opened: to open a pipe is to wait for its other end.
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(Diagnostic::new(format!("failed to read {shown}: not a regular file")).into());
        }
        let too_large = || {
            let limit = LARGEST >> 20;
            let message =
                format!("failed to read {shown}: larger than {limit} MiB, the most that such a file may have");
            Err(Diagnostic::new(message).into())
        };
        if metadata.len() > LARGEST {
            return too_large();
        }
        let mut text = String::with_capacity(metadata.len() as usize);
        let file = std::fs::File::open(path).map_err(failed)?;
        // It may grow while it is read.
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > LARGEST {
            return too_large();
        }
        Ok(Self::new(shown.to_string(), text))
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
    fn only_regular_files_of_a_sane_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| Source::read(&folder.path().join(name)).map(|source| source.text().len());
        let refused = |name: &str| {
            let error = read(name).unwrap_err().to_string();
            error.replace(&folder.path().display().to_string(), "DIR")
        };
        let sparse = |name: &str, size| {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            file.set_len(size).unwrap();
        };
        sparse("whole.toml", LARGEST);
        sparse("larger.toml", 300 << 20);
        assert_eq!(read("whole.toml").unwrap() as u64, LARGEST);
        insta::assert_snapshot!(refused("larger.toml"), @"error: failed to read DIR/larger.toml: larger than 16 MiB, the most that such a file may have");
        insta::assert_snapshot!(refused(""), @"error: failed to read DIR/: not a regular file");
        let pipe = folder.path().join("pipe.toml");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        insta::assert_snapshot!(refused("pipe.toml"), @"error: failed to read DIR/pipe.toml: not a regular file");
    }

    #[test]
    fn a_place_never_cuts_a_character_or_leaves_the_text() {
        let source = Source::new("a.toml", "ä");
        assert_eq!(Location::new(&source, 1..99).span(), 0..2);
    }
}
