//! The named sequences that suites use, from a FASTA file. Joins chains by name. Does not know models or alphabets.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::{Diagnostic, Diagnostics, Located, Source};
use crate::protein::fasta;
use crate::protein::sequence::CHAIN_SEPARATOR;

/// The sequences that suites of other folders may name too.
const SHIPPED: &str = include_str!("../../suites/sequences.fasta");

/// Sequences by name, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Sequences {
    records: Vec<fasta::FastaRecord>,
    index: HashMap<String, usize>,
}

impl Sequences {
    /// Reads a FASTA file, or the shipped sequences if there is none.
    ///
    /// # Errors
    /// The file cannot be read, or a line breaks the format.
    pub fn load(path: &Path) -> Result<Self, Diagnostics> {
        if !path.exists() {
            return Self::built_in();
        }
        Self::parse(&Source::read(path)?)
    }

    /// The shipped sequences.
    pub(super) fn built_in() -> Result<Self, Diagnostics> {
        Self::parse(&Source::new("built-in sequences.fasta", SHIPPED))
    }

    /// Reads a FASTA text.
    ///
    /// # Errors
    /// The first line that breaks the format, or every name that a suite could not use.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Diagnostics> {
        let records = fasta::parse(source.text())
            .map_err(|error| Diagnostic::at(source.line(error.line), error.message.clone()))?;
        let mut diagnostics = Diagnostics::new();
        let mut index = HashMap::with_capacity(records.len());
        for (number, record) in records.iter().enumerate() {
            if record.name.contains(CHAIN_SEPARATOR) {
                let label = "a name cannot have `:`, which joins chains";
                diagnostics.report(source.line(record.line), format!("sequence name `{}`", record.name), label);
            }
            index.insert(record.name.clone(), number);
        }
        diagnostics.into_result(Self { records, index })
    }

    /// The records in the order of the file.
    #[must_use]
    pub fn records(&self) -> &[fasta::FastaRecord] {
        &self.records
    }

    /// The residues of a name; `None` for an unknown one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.records.get(*self.index.get(name)?).map(|record| record.sequence.as_str())
    }

    /// The residues of names that are joined by `:`, with chains joined in the same way. Reports every unknown name.
    pub(super) fn resolve(&self, names: &Located<String>, diagnostics: &mut Diagnostics) -> Option<String> {
        let mut resolve = |name| {
            let residues = self.get(name);
            if residues.is_none() {
                let known = self.records.iter().map(|record| &record.name);
                diagnostics.push(Diagnostic::unknown(names.location.clone(), "sequence", name, known));
            }
            residues
        };
        let chains: Vec<_> = names.value.split(CHAIN_SEPARATOR).map(&mut resolve).collect();
        Some(chains.into_iter().collect::<Option<Vec<_>>>()?.join(&CHAIN_SEPARATOR.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_sequences_are_well_formed() {
        let text = include_str!("../../suites/sequences.fasta");
        let sequences = Sequences::parse(&Source::new("sequences.fasta", text)).unwrap();
        let length = |name: &str| sequences.get(name).map(str::len);
        assert_eq!(length("short"), Some(25));
        assert_eq!(length("medium"), Some(54));
        assert_eq!(length("nipah"), Some(413));
        let medium = sequences.get("medium").unwrap();
        assert_eq!(sequences.get("s24"), medium.get(..24));
        for record in sequences.records() {
            let strange = record.sequence.chars().find(|letter| !"ACDEFGHIKLMNPQRSTVWY".contains(*letter));
            assert_eq!(strange, None, "{}", record.name);
            assert!(!record.description.is_empty(), "{} says not what it is", record.name);
        }
    }

    #[test]
    fn a_broken_line_is_shown() {
        let error = Sequences::parse(&Source::new("s.fasta", ">a\nMK1\n>b:c\nM\n")).unwrap_err();
        insta::assert_snapshot!(error, @r#"
        error: '1' is not a residue letter
         --> s.fasta:2:1
          |
        2 | MK1
          | ^^^
        "#);
        let error = Sequences::parse(&Source::new("s.fasta", ">a\nMK\n>b:c\nM\n")).unwrap_err();
        insta::assert_snapshot!(error, @r#"
        error: sequence name `b:c`
         --> s.fasta:3:1
          |
        3 | >b:c
          | ^^^^ a name cannot have `:`, which joins chains
        "#);
    }
}
