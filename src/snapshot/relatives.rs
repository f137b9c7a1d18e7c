//! Other recorded results of a model, which an answer may equal by mistake. Looked for only when an answer is wrong, and only
//! among those of its form. Judges nothing; what cannot be read explains nothing either.

use super::contents::Contents;
use super::digest::{Digest, Entry};
use super::runtime::{self, Candidate};
use super::{Provenance, SnapshotKey, Store, read, text};
use crate::cause::Relation;

/// The most snapshots whose text is read.
const MOST_READ: usize = 256;
/// The most whose arrays are read.
const MOST_LOADED: usize = 8;

/// Another recorded result of the same model and weights.
#[derive(Debug, Clone)]
pub struct Relative {
    /// What it is, such as `the recorded result of fold::short`.
    pub label: String,
    /// How what was asked differs.
    pub relation: Relation,
    /// What was recorded.
    pub contents: Contents,
}

impl Store {
    /// Other results of the model of `key` with a value of this form at one of `paths`, in the order of their names.
    #[must_use]
    pub fn relatives(
        &self,
        key: &SnapshotKey,
        provenance: &Provenance,
        actual: &Contents,
        paths: &[&str],
    ) -> Vec<Relative> {
        let candidate = Candidate {
            description: String::new(),
            info: provenance.info(key),
            source: "suites",
            body: "",
        };
        let metadata = runtime::build(&candidate, runtime::metadata).ok().flatten();
        self.related(key, &metadata.unwrap_or_default(), actual.digest(), paths)
    }

    /// As [`Self::relatives`] for an answer with this metadata and digest.
    pub(super) fn related(&self, key: &SnapshotKey, metadata: &str, actual: &Digest, paths: &[&str]) -> Vec<Relative> {
        let asked = question(metadata);
        let keys = self.keys_beside(key).unwrap_or_default();
        let others = keys.into_iter().filter(|other| other != key).take(MOST_READ);
        let relatives = others.filter_map(|other| {
            let path = self.root().join(other.path());
            let (metadata, body) = text::read_parts(&path).ok()?;
            let digest = read::read(&body).ok()?;
            if !paths.iter().any(|path| has_form(&digest, actual, path)) {
                return None;
            }
            let relation = if question(&metadata) == asked {
                Relation::OtherSeed
            } else {
                Relation::OtherRequest
            };
            let call = other.call().map(|call| format!(", call `{call}`")).unwrap_or_default();
            Some(Relative {
                label: format!("the recorded result of {}::{}{call}", other.suite(), other.case()),
                relation,
                contents: self.read(&other).ok().flatten()?,
            })
        });
        relatives.take(MOST_LOADED).collect()
    }
}

/// Whether both have the same kind, shape or atoms at a path.
fn has_form(other: &Digest, actual: &Digest, path: &str) -> bool {
    match (other.entry(path), actual.entry(path)) {
        (Some(Entry::Array(other)), Some(Entry::Array(actual))) => {
            other.dtype == actual.dtype && other.shape == actual.shape && actual.dtype.is_float()
        }
        (Some(Entry::Structure(other)), Some(Entry::Structure(actual))) => other.names == actual.names,
        _ => false,
    }
}

/// The lines of a snapshot's metadata that say what was asked, but for the seed and for what was to be told of the result.
fn question(metadata: &str) -> String {
    let mut kept = String::new();
    let mut keeps = [false; 2];
    for line in metadata.lines() {
        let indentation = line.len() - line.trim_start().len();
        let name = line.trim_start().split(':').next().unwrap_or_default();
        match indentation {
            0 => keeps = [false; 2],
            2 => keeps = [matches!(name, "method" | "input" | "options"), true],
            4 if !line.trim_start().starts_with('-') => keeps[1] = !matches!(name, "seed" | "include_fields"),
            _ => {}
        }
        if keeps == [true; 2] {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_the_same_under_another_seed_and_with_other_fields() {
        let asked = |input: &str, options: &str| {
            question(&format!(
                "source: a\ndescription: b\ninfo:\n  kind: c\n  method: fold\n  input: {input}\n  options:\n{options}  call: x\n"
            ))
        };
        let first = asked("ACD", "    seed: 1\n    steps: 5\n");
        assert_eq!(first, "  method: fold\n  input: ACD\n  options:\n    steps: 5\n");
        let again = asked(
            "ACD",
            "    seed: 2\n    include_fields:\n      - plddt\n      - ptm\n    steps: 5\n",
        );
        assert_eq!(first, again);
        assert_ne!(first, asked("ACE", "    seed: 1\n    steps: 5\n"));
        assert_ne!(first, asked("ACD", "    seed: 1\n    steps: 6\n"));
        let list = "\n    - ACD\n    - EFG";
        assert!(asked(list, "    steps: 5\n").contains("- EFG"));
    }
}
