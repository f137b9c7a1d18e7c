//! What is wrong with a structure file, and on which line.

/// A text that is not the structure file it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// One-based line.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

/// A piece of a file for a message: at most forty characters of it, readable whatever the bytes are.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = String::from_utf8_lossy(bytes.get(..4 * LONGEST).unwrap_or(bytes));
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < bytes.len() && text.chars().count() > LONGEST {
        shown.push('…');
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn excerpts_are_short_and_readable() {
        assert_eq!(excerpt(b"1.2"), "\"1.2\"");
        assert_eq!(excerpt(b"\xff\n"), "\"\u{fffd}\\n\"");
        assert_eq!(excerpt(&[b'x'; 9999]), format!("\"{}…\"", "x".repeat(40)));
    }
}
