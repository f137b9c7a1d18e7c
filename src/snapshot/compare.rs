//! Holds a response against what is recorded, value by value, as a judge says. Reads no file and writes no message.

use std::collections::{BTreeMap, HashSet};

use super::atoms;
use super::comparison::{FieldComparison, Finding};
use super::contents::Contents;
use super::digest::{ArrayEntry, Entry, Storage, StructureEntry};
use super::judge::{FieldJudge, Pair};
use crate::measure::{Measure, Noise, bound, of_elements};
use crate::metric::difference;
use crate::prediction::contract::Tolerance;
use crate::tensor::Tensor;

/// Whether the recorded arrays are those that were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    /// Equal hashes mean equal arrays.
    Intact,
    /// A hash says what an array was, not what is stored now.
    Altered,
}

impl Contents {
    /// Holds another result against this one, value by value, as a judge says.
    #[must_use]
    pub fn compare(&self, actual: &Self, judge: &dyn FieldJudge) -> Vec<FieldComparison> {
        compare(self, actual, Record::Intact, judge)
    }
}

/// Compares everything.
pub(super) fn compare(
    recorded: &Contents,
    actual: &Contents,
    record: Record,
    judge: &dyn FieldJudge,
) -> Vec<FieldComparison> {
    let mut walk = Walk {
        recorded,
        actual,
        record,
        judge,
        now: actual
            .digest
            .entries
            .iter()
            .map(|(path, entry)| (path.as_str(), entry))
            .collect(),
        fields: Vec::new(),
        covered: HashSet::new(),
        judged: HashSet::new(),
    };
    walk.class();
    for (path, expected) in &recorded.digest.entries {
        walk.recorded(path, expected);
    }
    walk.absent();
    walk.extra();
    walk.fields
}

/// Columns that only some structures have, of which no judgement of a structure says anything.
const OWN: [&str; 3] = [".extra.", ".bonds", ".cell"];

struct Walk<'a> {
    recorded: &'a Contents,
    actual: &'a Contents,
    record: Record,
    judge: &'a dyn FieldJudge,
    now: BTreeMap<&'a str, &'a Entry>,
    fields: Vec<FieldComparison>,
    /// Paths whose judgement includes everything below them.
    covered: HashSet<&'a str>,
    /// Paths that the judge judged itself, which includes what a structure has everywhere.
    judged: HashSet<&'a str>,
}

impl<'a> Walk<'a> {
    fn class(&mut self) {
        let (expected, actual) = (&self.recorded.digest.class, &self.actual.digest.class);
        if expected != actual {
            self.judged("class", changed(expected.clone(), actual.clone()));
        }
    }

    fn recorded(&mut self, path: &'a str, expected: &'a Entry) {
        if self.is_covered(path) {
            return;
        }
        let Some(&actual) = self.now.get(path) else {
            let expected = expected.describe();
            return self.closed(path, Finding::Missing { expected });
        };
        let pair = Pair {
            path,
            recorded: self.recorded,
            actual: self.actual,
        };
        if let Some(own) = self.judge.judge(&pair) {
            self.judged.insert(path);
            return self.fields.push(own);
        }
        match (expected, actual) {
            (Entry::Array(expected), Entry::Array(actual)) => self.array(path, expected, actual),
            (Entry::Structure(expected), Entry::Structure(actual)) => {
                self.structure(path, expected, actual);
            }
            (Entry::Float(expected), Entry::Float(actual)) => {
                self.numbers(path, &Tensor::scalar(*expected), &Tensor::scalar(*actual));
            }
            _ if expected == actual => self.judged(path, Finding::Same),
            _ => self.closed(path, changed(expected.to_string(), actual.to_string())),
        }
    }

    fn structure(&mut self, path: &'a str, expected: &StructureEntry, actual: &StructureEntry) {
        if self.record == Record::Intact && expected == actual {
            return self.judged(path, Finding::Same);
        }
        let words = |structure: &StructureEntry| {
            let StructureEntry { chains, names, .. } = structure;
            format!("{}, chains {}, names {names}", structure.describe(), chains.join("; "))
        };
        let recorded = self.recorded.structures.get(path);
        match recorded.zip(self.actual.structures.get(path)) {
            Some((before, after)) if expected.atoms == actual.atoms => match atoms::compare(before, after) {
                // The words are for readers; ones that do not belong to the atoms have been edited.
                Finding::Same if expected != actual => self.judged(path, changed(words(expected), words(actual))),
                finding => self.judged(path, finding),
            },
            _ => self.closed(path, changed(expected.describe(), actual.describe())),
        }
    }

    fn array(&mut self, path: &'a str, expected: &ArrayEntry, actual: &ArrayEntry) {
        if (expected.form, expected.dtype, &expected.shape) != (actual.form, actual.dtype, &actual.shape) {
            return self.closed(path, changed(expected.describe(), actual.describe()));
        }
        if self.record == Record::Intact && expected.hash == actual.hash {
            // The statistics are for readers; ones that do not belong to the array have been edited.
            if expected.statistics != actual.statistics {
                return self.closed(path, changed(expected.statistics.clone(), actual.statistics.clone()));
            }
            return self.same_array(path, expected);
        }
        let tensors = (self.recorded.tensors.get(path), self.actual.tensors.get(path));
        let rows = (self.recorded.rows.get(path), self.actual.rows.get(path));
        match (expected.storage, tensors, rows) {
            // The same elements have the same hash, so the recorded one has been edited.
            (_, (Some(before), Some(after)), _) if expected.hash != actual.hash && before.bytes() == after.bytes() => {
                let hash = |array: &ArrayEntry| format!("hash {}", array.hash);
                self.judged(path, changed(hash(expected), hash(actual)));
            }
            // Two whole arrays are held against each other element by element, however little a file would keep of them.
            (_, (Some(before), Some(after)), _) => self.numbers(path, before, after),
            (Storage::Rows, (_, Some(tensor)), (Some(before), Some(after))) => {
                let (tolerance, floor) = self.bounds(path);
                let bound = bound(tolerance, floor);
                let exact = bound.absolute == 0.0 && bound.relative == 0.0;
                match before.compare(after, tensor, bound) {
                    // Two arrays of which the same is kept are two arrays still, and nothing is allowed to differ.
                    Some(found) if found.is_within() && exact && expected.hash != actual.hash => {
                        self.judged(path, Finding::Hash);
                    }
                    Some(found) => {
                        let measures = vec![
                            of_elements(&found.kept, tolerance, floor),
                            found.measure(tolerance, floor),
                        ];
                        let finding = Finding::Rows {
                            difference: Box::new(found),
                            tolerance: bound,
                        };
                        self.measured(path, finding, measures);
                    }
                    None => self.judged(path, Finding::Hash),
                }
            }
            _ if expected.hash == actual.hash => self.same_array(path, expected),
            _ => self.judged(path, Finding::Hash),
        }
    }

    fn numbers(&mut self, path: &'a str, expected: &Tensor, actual: &Tensor) {
        let (tolerance, floor) = self.bounds(path);
        let bound = bound(tolerance, floor);
        let Some(difference) = difference(expected, actual, bound.absolute, bound.relative) else {
            return self.judged(path, text_difference(expected, actual));
        };
        let is_measured = expected.dtype().is_float();
        let measures = is_measured.then(|| of_elements(&difference, tolerance, floor));
        let finding = Finding::Numbers {
            atom: difference
                .absolute
                .as_ref()
                .and_then(|most| self.atom_at(path, expected.shape(), &most.position)),
            difference,
            tolerance: bound,
        };
        self.measured(path, finding, measures.into_iter().collect());
    }

    /// An array whose hash is the recorded one: of floats, that is a measure of nothing against what is allowed.
    fn same_array(&mut self, path: &str, array: &ArrayEntry) {
        let (tolerance, floor) = self.bounds(path);
        let equal = || difference(&Tensor::scalar(0.0), &Tensor::scalar(0.0), 0.0, 0.0);
        let found = array.dtype.is_float().then(equal).flatten();
        let measure = found.map(|found| of_elements(&found, tolerance, floor));
        self.measured(path, Finding::Same, measure.into_iter().collect());
    }

    fn bounds(&self, path: &str) -> (Tolerance, Option<Noise>) {
        (self.judge.tolerance(path), self.judge.floor(path))
    }

    /// The atom that an element of a structure's column belongs to.
    fn atom_at(&self, path: &str, shape: &[usize], position: &[usize]) -> Option<String> {
        let (parent, column) = path.rsplit_once('.')?;
        let structure = self.actual.structures.get(parent)?;
        // Coordinates of a stack have the model before the atom.
        let axis = usize::from(column == "coord" && shape.len() == 3);
        atoms::name_of(structure, *position.get(axis)?).filter(|_| matches!(column, "coord" | "b_factor"))
    }

    /// Values recorded as `None`.
    fn absent(&mut self) {
        let absent: HashSet<&str> = self.actual.digest.absent.iter().map(String::as_str).collect();
        for path in &self.recorded.digest.absent {
            if self.is_covered(path) {
                continue;
            }
            match self.now.get(path.as_str()) {
                Some(actual) => self.closed(path, changed("None".into(), actual.describe())),
                None if absent.contains(path.as_str()) => self.judged(path, Finding::Same),
                None => self.closed(
                    path,
                    Finding::Missing {
                        expected: "None".into(),
                    },
                ),
            }
        }
    }

    fn extra(&mut self) {
        let known: HashSet<&str> = self
            .recorded
            .digest
            .entries
            .iter()
            .map(|(path, _)| path)
            .chain(&self.recorded.digest.absent)
            .map(String::as_str)
            .collect();
        let digest = &self.actual.digest;
        let entries = digest.entries.iter().map(|(path, entry)| (path, entry.describe()));
        let absent = digest.absent.iter().map(|path| (path, "None".to_owned()));
        for (path, actual) in entries.chain(absent) {
            if !known.contains(path.as_str()) && !self.is_covered(path) {
                self.closed(path, Finding::Extra { actual });
            }
        }
    }

    /// A finding that leaves nothing to say of what lies below.
    fn closed(&mut self, path: &'a str, finding: Finding) {
        self.covered.insert(path);
        self.judged(path, finding);
    }

    fn judged(&mut self, path: &str, finding: Finding) {
        self.measured(path, finding, Vec::new());
    }

    fn measured(&mut self, path: &str, finding: Finding, measures: Vec<Measure>) {
        self.fields.push(FieldComparison {
            path: path.to_owned(),
            agreement: finding.agreement(),
            finding,
            measures,
            failed: None,
        });
    }

    fn is_covered(&self, path: &str) -> bool {
        path.match_indices(['.', '['])
            .map(|(end, _)| path.split_at(end))
            .any(|(above, below)| {
                self.covered.contains(above)
                    || self.judged.contains(above) && !OWN.iter().any(|own| below.starts_with(own))
            })
    }
}

fn changed(expected: String, actual: String) -> Finding {
    Finding::Changed { expected, actual }
}

fn text_difference(expected: &Tensor, actual: &Tensor) -> Finding {
    if expected == actual {
        return Finding::Same;
    }
    let differing = (0..expected.len()).find(|&at| expected.text_at(at) != actual.text_at(at));
    let show = |tensor: &Tensor| match differing {
        Some(at) => format!(
            "{:?} at {:?}",
            tensor.text_at(at).unwrap_or_default(),
            tensor.position(at)
        ),
        None => "other padding".into(),
    };
    let (expected, actual) = (show(expected), show(actual));
    Finding::Changed { expected, actual }
}
