//! Reads a digest back from the text of a snapshot. The text is untrusted: whatever it does not say in exactly the words
//! [`Digest`] is written in is an error with its line.

use super::digest::{ArrayEntry, Digest, Entry, Form, Storage, StructureEntry, TITLE, TextEntry};
use crate::tensor::DType;

/// Where and why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the digest: {problem}")]
pub struct DigestError {
    line: usize,
    problem: String,
}

/// Reads a digest.
///
/// # Errors
/// When the text is not one, or not written as [`Digest`] would write it.
pub fn read(text: &str) -> Result<Digest, DigestError> {
    let mut lines = Lines {
        rest: text.lines().peekable(),
        number: 0,
    };
    let digest = lines.digest()?;
    // Nothing may hide between the lines: what was read must be all there is.
    let written = digest.to_string();
    let differing = written
        .trim_end()
        .lines()
        .zip(text.trim_end().lines())
        .position(|(ours, theirs)| ours != theirs);
    match differing {
        Some(line) => Err(DigestError {
            line: line + 1,
            problem: "not written as hydrotest writes it".into(),
        }),
        None if written.trim_end().lines().count() != text.trim_end().lines().count() => Err(DigestError {
            line: written.lines().count(),
            problem: "more lines than the digest has".into(),
        }),
        None => Ok(digest),
    }
}

struct Lines<'a> {
    rest: std::iter::Peekable<std::str::Lines<'a>>,
    number: usize,
}

impl<'a> Lines<'a> {
    fn digest(&mut self) -> Result<Digest, DigestError> {
        if self.next()? != TITLE {
            return Err(self.error(format!("expected {TITLE:?}")));
        }
        let class = self.after("class ")?.to_owned();
        let arrays = match self.after("arrays ")? {
            "none" => None,
            hash => Some(hash.parse().map_err(|error| self.error(error))?),
        };
        let mut digest = Digest {
            class,
            arrays,
            entries: Vec::new(),
            absent: Vec::new(),
        };
        while self.rest.peek().is_some() {
            let line = self.next()?;
            if line.is_empty() {
                continue;
            }
            let (path, words) = line
                .split_once(": ")
                .ok_or_else(|| self.error("expected 'path: value'"))?;
            if path == "None" {
                digest.absent = words.split(", ").map(str::to_owned).collect();
            } else {
                digest.entries.push((path.to_owned(), self.entry(words)?));
            }
        }
        Ok(digest)
    }

    fn entry(&mut self, words: &str) -> Result<Entry, DigestError> {
        if let Some(rest) = words.strip_prefix("bool ") {
            return self.parsed(rest).map(Entry::Bool);
        }
        if let Some(rest) = words.strip_prefix("int ") {
            return self.parsed(rest).map(Entry::Integer);
        }
        if let Some(rest) = words.strip_prefix("float ") {
            return self.parsed(rest).map(Entry::Float);
        }
        if let Some(rest) = words.strip_prefix("list of int ") {
            return self.json(rest).map(Entry::Integers);
        }
        if let Some(rest) = words.strip_prefix("str of ") {
            return self.long_text(rest);
        }
        if let Some(rest) = words.strip_prefix("str ").filter(|rest| rest.starts_with('"')) {
            return Ok(Entry::Text(TextEntry::Short(self.json(rest)?)));
        }
        if let Some(rest) = words.strip_prefix("bytes, ") {
            let (length, hash) = rest
                .split_once(", ")
                .ok_or_else(|| self.error("expected length and hash"))?;
            return Ok(Entry::Bytes {
                length: self.parsed(length)?,
                hash: self.parsed(hash)?,
            });
        }
        if let Some(rest) = words.strip_prefix("structure of ") {
            return self.structure(rest);
        }
        if let Some((dtype, form, shape)) = array_words(words) {
            return self.array(dtype, form, shape);
        }
        Ok(Entry::Container(words.to_owned()))
    }

    fn long_text(&mut self, words: &str) -> Result<Entry, DigestError> {
        let mut parts = words.splitn(3, ", ");
        let (Some(characters), Some(hash), Some(start)) = (
            parts.next().and_then(|part| part.strip_suffix(" characters")),
            parts.next(),
            parts.next().and_then(|part| part.strip_prefix("starts ")),
        ) else {
            return Err(self.error("expected 'str of N characters, HASH, starts \"…\"'"));
        };
        Ok(Entry::Text(TextEntry::Long {
            characters: self.parsed(characters)?,
            hash: self.parsed(hash)?,
            start: self.json(start)?,
        }))
    }

    fn array(&mut self, dtype: DType, form: Form, shape: Vec<usize>) -> Result<Entry, DigestError> {
        let mut line = self.after("  ")?;
        let mut statistics = String::new();
        if line.starts_with("min ") {
            line.clone_into(&mut statistics);
            line = self.after("  ")?;
        }
        let (storage, hash) = [Storage::Whole, Storage::Rows, Storage::Hash]
            .into_iter()
            .find_map(|storage| Some((storage, line.strip_prefix(storage.name())?.strip_prefix(' ')?)))
            .ok_or_else(|| self.error("expected 'whole', 'rows' or 'hash' and a hash"))?;
        Ok(Entry::Array(ArrayEntry {
            form,
            dtype,
            shape,
            statistics,
            storage,
            hash: self.parsed(hash)?,
        }))
    }

    fn structure(&mut self, words: &str) -> Result<Entry, DigestError> {
        let (atoms, residues) = words
            .strip_suffix(" residues")
            .and_then(|words| words.split_once(" atoms in "))
            .ok_or_else(|| self.error("expected 'structure of N atoms in M residues'"))?;
        let (atoms, residues) = (self.parsed(atoms)?, self.parsed(residues)?);
        let mut chains = Vec::new();
        loop {
            let line = self.after("  ")?;
            if let Some(chain) = line.strip_prefix("chain ") {
                chains.push(chain.to_owned());
            } else if let Some(names) = line.strip_prefix("names ") {
                return Ok(Entry::Structure(StructureEntry {
                    atoms,
                    residues,
                    chains,
                    names: self.parsed(names)?,
                }));
            } else {
                return Err(self.error("expected a chain or the names' hash"));
            }
        }
    }

    fn next(&mut self) -> Result<&'a str, DigestError> {
        self.number += 1;
        self.rest.next().ok_or_else(|| self.error("the text ends early"))
    }

    fn after(&mut self, prefix: &str) -> Result<&'a str, DigestError> {
        let line = self.next()?;
        line.strip_prefix(prefix)
            .ok_or_else(|| self.error(format!("expected a line that starts with {prefix:?}")))
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, text: &str) -> Result<T, DigestError> {
        text.parse().map_err(|error| self.error(error))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T, DigestError> {
        serde_json::from_str(text).map_err(|error| self.error(error))
    }

    fn error(&self, problem: impl std::fmt::Display) -> DigestError {
        DigestError {
            line: self.number,
            problem: problem.to_string(),
        }
    }
}

/// Reads `float32 array (2, 24)`.
fn array_words(words: &str) -> Option<(DType, Form, Vec<usize>)> {
    let (dtype, rest) = words.split_once(' ')?;
    let (form, shape) = [Form::Array, Form::List]
        .into_iter()
        .find_map(|form| Some((form, rest.strip_prefix(form.name())?.strip_prefix(' ')?)))?;
    let inner = shape.strip_prefix('(')?.strip_suffix(')')?.trim_end_matches(',');
    let shape = if inner.is_empty() {
        Vec::new()
    } else {
        inner
            .split(", ")
            .map(|size| size.parse().ok())
            .collect::<Option<Vec<usize>>>()?
    };
    Some((DType::parse(dtype)?, form, shape))
}

#[cfg(test)]
mod tests {
    use super::super::ContentHash;
    use super::*;

    fn digest() -> Digest {
        let hash = ContentHash::of_bytes(b"x");
        let array = |form, dtype, shape: &[usize], statistics: &str, storage| {
            Entry::Array(ArrayEntry {
                form,
                dtype,
                shape: shape.to_vec(),
                statistics: statistics.into(),
                storage,
                hash,
            })
        };
        let entries = [
            (
                "metadata",
                Entry::Container("object boileroom.base.PredictionMetadata".into()),
            ),
            ("metadata.sequence_lengths", Entry::Integers(vec![24, -1])),
            (
                "plddt[0]",
                array(
                    Form::Array,
                    DType::F32,
                    &[24],
                    "min 0.1 max 1 mean 0.5 std 0.25",
                    Storage::Whole,
                ),
            ),
            (
                "s_z",
                array(
                    Form::List,
                    DType::F64,
                    &[],
                    "min 0.1 max 1 mean 0.5 std 0.25",
                    Storage::Rows,
                ),
            ),
            ("names", array(Form::Array, DType::Text(4), &[0, 3], "", Storage::Hash)),
            ("flag", Entry::Bool(true)),
            ("count", Entry::Integer(-3)),
            ("max_pae", Entry::Float(0.1)),
            ("title", Entry::Text(TextEntry::Short("a \"b\", c: d".into()))),
            (
                "pdb[0]",
                Entry::Text(TextEntry::Long {
                    characters: 1234,
                    hash,
                    start: "HEADER, starts \u{7}".into(),
                }),
            ),
            ("raw", Entry::Bytes { length: 7, hash }),
            (
                "atom_array[0]",
                Entry::Structure(StructureEntry {
                    atoms: 187,
                    residues: 24,
                    chains: vec!["A 0 to 23, 187 atoms, MKT".into()],
                    names: hash,
                }),
            ),
        ];
        Digest {
            class: "boileroom.models.esm.types.ESM2Output".into(),
            arrays: Some(hash),
            entries: entries.map(|(path, entry)| (path.to_owned(), entry)).into(),
            absent: vec!["pae".into(), "ptm[0]".into()],
        }
    }

    #[test]
    fn every_kind_of_entry_reads_back_as_written() {
        assert_eq!(read(&digest().to_string()), Ok(digest()));
        let bare = Digest {
            arrays: None,
            entries: Vec::new(),
            absent: Vec::new(),
            ..digest()
        };
        assert_eq!(read(&bare.to_string()), Ok(bare));
    }

    #[test]
    fn no_line_can_be_cut_or_changed_unnoticed() {
        let text = digest().to_string();
        let count = text.lines().count();
        for cut in 0..count {
            let without: Vec<&str> = text
                .lines()
                .enumerate()
                .filter(|&(at, _)| at != cut)
                .map(|(_, line)| line)
                .collect();
            assert_ne!(read(&without.join("\n")).ok(), Some(digest()), "line {cut} cut");
        }
        let error = read(&text.replace("int -3", "int -03")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 16 of the digest: not written as hydrotest writes it"
        );
        assert!(read(&(text.clone() + "\n\nNone: pae\n")).is_err());
        assert!(
            read(&text.replace("(24,)", "(24,5)")).is_err() || read(&text.replace("(24,)", "(24,5)")) != Ok(digest())
        );
    }

    #[test]
    fn other_texts_are_refused_with_their_line() {
        for (text, line) in [
            ("", 1),
            ("hydrotest snapshot 3\n", 1),
            ("hydrotest snapshot 2\nclass x\narrays zz\n", 3),
            ("hydrotest snapshot 2\nclass x\narrays none\n\nnonsense\n", 5),
            (
                "hydrotest snapshot 2\nclass x\narrays none\n\nx: float32 array (2,)\n",
                6,
            ),
            (
                "hydrotest snapshot 2\nclass x\narrays none\n\nx: structure of 1 atoms in 1 residues\n  chain A\n",
                7,
            ),
        ] {
            assert_eq!(read(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
