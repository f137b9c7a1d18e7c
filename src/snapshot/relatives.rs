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
        self.related(
            key,
            &metadata.unwrap_or_default(),
            provenance.seed_option.as_deref(),
            actual.digest(),
            paths,
        )
    }

    /// As [`Self::relatives`] for an answer with this metadata and digest.
    pub(super) fn related(
        &self,
        key: &SnapshotKey,
        metadata: &str,
        seed: Option<&str>,
        actual: &Digest,
        paths: &[&str],
    ) -> Vec<Relative> {
        let asked = question(metadata, seed);
        let keys = self.keys_beside(key).unwrap_or_default();
        let others = keys.into_iter().filter(|other| other != key).take(MOST_READ);
        let relatives = others.filter_map(|other| {
            let path = self.root().join(other.path());
            let (metadata, body) = text::read_parts(&path).ok()?;
            let digest = read::read(&body).ok()?;
            if !paths.iter().any(|path| has_form(&digest, actual, path)) {
                return None;
            }
            let other_question = question(&metadata, seed);
            let relation = match (other_question.0 == asked.0, other_question.1 == asked.1) {
                (false, _) => Relation::OtherRequest,
                (true, false) => Relation::OtherSeed,
                // The same was asked: to equal that is no mistake.
                (true, true) => return None,
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

/// The lines of a snapshot's metadata that say what was asked, but for what was to be told of the result, and the seed, which is
/// the option of this name.
fn question<'a>(metadata: &'a str, seed_option: Option<&str>) -> (String, Option<&'a str>) {
    let (mut asked, mut seed) = (String::new(), None);
    let (mut in_question, mut in_option) = (false, true);
    for line in metadata.lines() {
        let text = line.trim_start();
        let name = text.split(':').next().unwrap_or_default();
        match line.len() - text.len() {
            0 => in_question = false,
            2 => (in_question, in_option) = (matches!(name, "method" | "input" | "options"), true),
            4 if !text.starts_with('-') => {
                let is_seed = Some(name) == seed_option;
                in_option = !is_seed && name != "include_fields";
                if in_question && is_seed {
                    seed = Some(text);
                }
            }
            _ => {}
        }
        if in_question && in_option {
            asked.push_str(line);
            asked.push('\n');
        }
    }
    (asked, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(input: &str, options: &str) -> String {
        format!(
            "source: a\ndescription: b\ninfo:\n  kind: c\n  method: fold\n  input: {input}\n  options:\n{options}  call: x\n"
        )
    }

    #[test]
    fn a_question_is_the_same_under_another_seed_and_with_other_fields() {
        let first = metadata("ACD", "    seed: 1\n    steps: 5\n");
        let (first, seed) = question(&first, Some("seed"));
        assert_eq!(first, "  method: fold\n  input: ACD\n  options:\n    steps: 5\n");
        assert_eq!(seed, Some("seed: 1"));
        let again = "    seed: 2\n    include_fields:\n      - plddt\n      - ptm\n    steps: 5\n";
        let again = metadata("ACD", again);
        assert_eq!(question(&again, Some("seed")), (first.clone(), Some("seed: 2")));
        assert_ne!(
            question(&metadata("ACE", "    seed: 1\n    steps: 5\n"), Some("seed")).0,
            first
        );
        assert_ne!(
            question(&metadata("ACD", "    seed: 1\n    steps: 6\n"), Some("seed")).0,
            first
        );
        let list = "\n    - ACD\n    - EFG";
        assert!(question(&metadata(list, "    steps: 5\n"), None).0.contains("- EFG"));
    }

    #[test]
    fn the_seed_is_the_option_that_the_contract_names() {
        let [one, other] = [101, 102].map(|seed| metadata("ACD", &format!("    seeds: {seed}\n    steps: 5\n")));
        let (asked, seed) = question(&one, Some("seeds"));
        assert_eq!(seed, Some("seeds: 101"));
        assert_eq!(question(&other, Some("seeds")), (asked, Some("seeds: 102")));
        assert_ne!(question(&one, None).0, question(&other, None).0);
    }
}
