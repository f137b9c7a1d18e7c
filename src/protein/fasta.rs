//! Reads FASTA: named sequences with their lines. Does not accept extensions of the format.

/// One record of a FASTA file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FastaRecord {
    /// The first word after `>`.
    pub name: String,
    /// The rest of the header line.
    pub description: String,
    /// The residues, without line breaks and spaces.
    pub sequence: String,
    /// One-based line of the header.
    pub line: usize,
}

/// A mistake in a FASTA text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FastaError {
    /// One-based line.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

/// The records of a FASTA text, in order.
///
/// # Errors
/// The first line that breaks the format: residues before a header, a header without a name, a repeated name, a record without
/// residues, or a character that is not a letter, `*` or `-`.
pub fn parse(text: &str) -> Result<Vec<FastaRecord>, FastaError> {
    let mut records: Vec<FastaRecord> = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        let content = raw.trim();
        if content.is_empty() {
            continue;
        }
        if let Some(header) = content.strip_prefix('>') {
            check_last(&records)?;
            let (name, description) = header.trim().split_once(char::is_whitespace).unwrap_or((header.trim(), ""));
            if name.is_empty() {
                return Err(FastaError { line, message: "a header needs a name after '>'".into() });
            }
            if let Some(earlier) = records.iter().find(|record| record.name == name) {
                let message = format!("sequence {name:?} is already defined on line {}", earlier.line);
                return Err(FastaError { line, message });
            }
            records.push(FastaRecord {
                name: name.to_owned(),
                description: description.trim().to_owned(),
                sequence: String::new(),
                line,
            });
            continue;
        }
        let Some(record) = records.last_mut() else {
            return Err(FastaError { line, message: "residues before the first '>' header".into() });
        };
        for letter in content.chars().filter(|letter| !letter.is_whitespace()) {
            if !letter.is_ascii_alphabetic() && letter != '*' && letter != '-' {
                return Err(FastaError { line, message: format!("{letter:?} is not a residue letter") });
            }
            record.sequence.push(letter);
        }
    }
    check_last(&records)?;
    Ok(records)
}

fn check_last(records: &[FastaRecord]) -> Result<(), FastaError> {
    match records.last().filter(|record| record.sequence.is_empty()) {
        Some(FastaRecord { name, line, .. }) => {
            Err(FastaError { line: *line, message: format!("sequence {name:?} has no residues") })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_wrapped_lines_and_keeps_descriptions() {
        let records = parse(">a first one\r\nMKV\r\nLL\r\n\r\n>b\nGG\n").unwrap();
        assert_eq!(records[0].sequence, "MKVLL");
        assert_eq!(records[0].description, "first one");
        assert_eq!((records[1].name.as_str(), records[1].line), ("b", 5));
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        let error = |text| parse(text).unwrap_err();
        assert_eq!(error("MKV").line, 1);
        assert_eq!(error(">a\nMK1").to_string(), "'1' is not a residue letter");
        assert_eq!(error(">a\nM\n>a\nM").to_string(), "sequence \"a\" is already defined on line 1");
        assert_eq!(error(">a\n>b\nM").to_string(), "sequence \"a\" has no residues");
        assert_eq!(error(">\nM").line, 1);
    }
}
