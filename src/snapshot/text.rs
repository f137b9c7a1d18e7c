//! The text of a snapshot file before insta sees it: split into metadata and body, and refused where insta would do worse
//! than refuse. insta reads files of any length, warns on the terminal of those without metadata, and its parser descends
//! once per level of nesting.

use std::path::Path;

use super::{SnapshotError, file};

/// The longest metadata; a request may hold long sequences.
const METADATA_BYTES: usize = 1 << 20;
/// The deepest indentation of a line of metadata, and the most indicators of nested blocks in one.
const NESTING: usize = 100;

/// Reads a snapshot's file and returns its body.
pub(super) fn read_body(path: &Path) -> Result<String, SnapshotError> {
    Ok(read_parts(path)?.1)
}

/// Reads a snapshot's file and returns its metadata and its body.
pub(super) fn read_parts(path: &Path) -> Result<(String, String), SnapshotError> {
    let bytes = file::read(path, file::TEXT_LIMIT).map_err(|error| SnapshotError::file(path, error))?;
    let text = String::from_utf8(bytes).map_err(|error| SnapshotError::unreadable(path, error))?;
    let (metadata, body) = split(&text)
        .ok_or_else(|| SnapshotError::unreadable(path, "does not start with metadata between two lines '---'"))?;
    check(metadata).map_err(|problem| SnapshotError::unreadable(path, problem))?;
    Ok((metadata.to_owned(), body.to_owned()))
}

fn split(text: &str) -> Option<(&str, &str)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().filter(|line| line.trim_end() == "---")?;
    let mut end = first.len();
    for line in lines {
        if line.trim_end() == "---" {
            return Some((text.get(first.len()..end)?, text.get(end + line.len()..)?));
        }
        end += line.len();
    }
    None
}

/// Whether insta's parser can take the metadata without running out of stack or giving up on a number.
fn check(metadata: &str) -> Result<(), &'static str> {
    if metadata.len() > METADATA_BYTES {
        return Err("has more than 1 MiB of metadata");
    }
    for line in metadata.lines() {
        let indentation = line.len() - line.trim_start().len();
        let nested = line.matches("- ").count() + line.matches("? ").count();
        if indentation > NESTING || nested > NESTING {
            return Err("has metadata nested deeper than any snapshot's");
        }
        let mut words = line.split([' ', '[', ']', '{', '}', ',']);
        if words.any(|word| {
            let word = word.trim_start_matches(['+', '-']);
            word.eq_ignore_ascii_case(".inf") || word.eq_ignore_ascii_case(".nan")
        }) {
            return Err("has metadata with a number that is not finite");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_ends_at_the_second_mark_and_later_ones_belong_to_the_body() {
        assert_eq!(
            split("---\na: 1\n---\nbody\n---\nmore\n"),
            Some(("a: 1\n", "body\n---\nmore\n"))
        );
        assert_eq!(split("---\r\na: 1\r\n---\r\nbody"), Some(("a: 1\r\n", "body")));
        assert_eq!(split("---\n---\n"), Some(("", "")));
        assert_eq!(split("---\na: 1\n"), None);
        assert_eq!(split("a: 1\n---\n---\n"), None);
    }

    #[test]
    fn metadata_that_would_overwhelm_the_parser_is_refused() {
        assert_eq!(check("source: a\ninfo:\n  options:\n    - \"-.info - x\"\n"), Ok(()));
        for metadata in [
            "- ".repeat(10_000),
            "? ".repeat(10_000),
            format!("{}a: 1", " ".repeat(200)),
            "info: .inf".into(),
            "info: [-.INF]".into(),
            "a".repeat(2 << 20),
        ] {
            assert!(check(&metadata).is_err());
        }
    }
}
