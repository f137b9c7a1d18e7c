//! Whether backends that differ from a recorded result agree with each other. If they do, the recorded result is suspect, otherwise the
//! backend. Compares recorded numbers and does not judge cases again.

use std::collections::BTreeMap;

use serde::Serialize;

use super::matrix::Matrix;
use super::{CaseRecord, FindingRecord};
use crate::metric_value::MetricVerdict;
use crate::outcome::Verdict;

/// The check that compares with recorded results.
const SNAPSHOT: &str = "snapshot";
/// Numbers of two backends are the same if they differ by at most this part of the larger one.
const SAME: f64 = 1e-3;

/// The likely fault if backends differ from a recorded result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LikelyFault {
    /// Most backends differ from it by the same numbers: the recorded result is stale.
    Reference,
    /// Only one backend differs from it, or one differs in another way than most: the backend is odd.
    Backend,
    /// Several differ from it, but no majority by the same numbers.
    Unclear,
}

/// Cases in which the same backends differ from the recorded results in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disagreement<'a> {
    pub(crate) fault: LikelyFault,
    /// The rows of the backends that differ.
    pub(crate) rows: Vec<usize>,
    /// The rows of the backends that match the recorded results.
    pub(crate) matching: Vec<usize>,
    /// The weights with which the results were recorded.
    pub(crate) weights: &'a str,
    /// The cases, by name.
    pub(crate) cases: Vec<&'a str>,
    /// The values that differ, such as `plddt[0]`, by name.
    pub(crate) fields: Vec<String>,
}

/// Backends that agree in every case that they have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgreeingRows {
    /// Their rows.
    pub(crate) rows: Vec<usize>,
    /// Whether they match every recorded result.
    pub(crate) match_reference: bool,
}

/// The difference of one backend from the recorded result of a case; empty if it matches.
#[derive(Debug)]
struct ReferenceDistance<'a> {
    row: usize,
    case: &'a CaseRecord,
    numbers: BTreeMap<(String, String, String), f64>,
    /// The texts of findings without numbers.
    words: Vec<&'a str>,
    matches: bool,
}

/// Cases in which backends differ from recorded results, with the likely fault. Ignores cases in which only one backend was compared.
pub(crate) fn disagreements<'a>(matrix: &Matrix<'a>) -> Vec<Disagreement<'a>> {
    let mut found: Vec<Disagreement<'a>> = Vec::new();
    for ((weights, _, name), distances) in compared(matrix) {
        if distances.len() < 2 {
            continue;
        }
        let (matching, differing): (Vec<_>, Vec<_>) = distances.iter().partition(|distance| distance.matches);
        let matching: Vec<usize> = matching.iter().map(|distance| distance.row).collect();
        let groups = groups(&differing);
        let largest = groups.iter().map(Vec::len).max().unwrap_or(0);
        let is_stale = largest >= 2 && largest * 2 > distances.len();
        let mut add = |fault, group: &[&ReferenceDistance<'a>]| {
            let rows: Vec<usize> = group.iter().map(|distance| distance.row).collect();
            let fields = group.iter().flat_map(|distance| distance.fields());
            let known = found
                .iter_mut()
                .find(|one| (one.fault, &one.rows, &one.matching, one.weights) == (fault, &rows, &matching, weights));
            match known {
                Some(known) => {
                    known.cases.push(name);
                    known.fields.extend(fields);
                }
                None => found.push(Disagreement {
                    fault,
                    rows,
                    matching: matching.clone(),
                    weights,
                    cases: vec![name],
                    fields: fields.collect(),
                }),
            }
        };
        if is_stale {
            for group in &groups {
                let fault = if group.len() == largest { LikelyFault::Reference } else { LikelyFault::Backend };
                add(fault, group);
            }
        } else if let [only] = &differing[..] {
            add(LikelyFault::Backend, &[only]);
        } else if !differing.is_empty() {
            add(LikelyFault::Unclear, &differing);
        }
    }
    for one in &mut found {
        one.fields.sort();
        one.fields.dedup();
    }
    found.sort_by_key(|one| (one.fault, std::cmp::Reverse(one.cases.len())));
    found
}

/// Groups of backends that agree by the numbers in every case that they have in common. A backend without a common case is in no group.
pub(crate) fn agreeing(matrix: &Matrix<'_>) -> Vec<AgreeingRows> {
    let cases = compared(matrix);
    let rows = matrix.rows.len();
    // The number of cases that two rows have in common, and in how many of them they differ.
    let mut pairs: BTreeMap<(usize, usize), (usize, usize)> = BTreeMap::new();
    let mut is_off = vec![false; rows];
    for distances in cases.values() {
        for (index, one) in distances.iter().enumerate() {
            is_off[one.row] |= !one.matches;
            for other in &distances[index + 1..] {
                let (common, apart) = pairs.entry((one.row, other.row)).or_default();
                *common += 1;
                *apart += usize::from(!one.agrees(other));
            }
        }
    }
    let pair = |one: usize, other: usize| pairs.get(&(one.min(other), one.max(other)));
    let mut groups: Vec<AgreeingRows> = Vec::new();
    for (row, is_off) in is_off.into_iter().enumerate() {
        if !(0..rows).any(|other| pair(row, other).is_some()) {
            continue;
        }
        let agrees = |group: &&mut AgreeingRows| {
            group.rows.iter().all(|&member| pair(row, member).is_some_and(|(_, apart)| *apart == 0))
        };
        match groups.iter_mut().find(agrees) {
            Some(group) => {
                group.rows.push(row);
                group.match_reference &= !is_off;
            }
            None => groups.push(AgreeingRows { rows: vec![row], match_reference: !is_off }),
        }
    }
    groups
}

/// Weights, SHA-256 of the recorded results, and name of a case, which identify a recorded result.
type ComparedCase<'a> = (&'a str, &'a str, &'a str);

/// The comparisons with recorded results by case, in the order of the rows.
fn compared<'a>(matrix: &Matrix<'a>) -> BTreeMap<ComparedCase<'a>, Vec<ReferenceDistance<'a>>> {
    let mut compared: BTreeMap<ComparedCase<'a>, Vec<ReferenceDistance<'a>>> = BTreeMap::new();
    for (index, row) in matrix.rows.iter().enumerate() {
        for (model, cell) in &row.cells {
            let snapshots = &*cell.run.harness.snapshots_sha256;
            for case in cell.cases(model) {
                if let Some(distance) = ReferenceDistance::of(index, case) {
                    compared.entry((row.weights, snapshots, &case.name)).or_default().push(distance);
                }
            }
        }
    }
    compared
}

/// Groups of backends that differ by the same numbers.
fn groups<'b, 'a>(differing: &[&'b ReferenceDistance<'a>]) -> Vec<Vec<&'b ReferenceDistance<'a>>> {
    let mut groups: Vec<Vec<&ReferenceDistance<'a>>> = Vec::new();
    for &one in differing {
        match groups.iter_mut().find(|group| group.iter().all(|other| one.agrees(other))) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

impl<'a> ReferenceDistance<'a> {
    /// Returns `None` if the case was not compared with a recorded result.
    fn of(row: usize, case: &'a CaseRecord) -> Option<Self> {
        let wrong: Vec<&FindingRecord> = case.findings().iter().filter(|finding| finding.check == SNAPSHOT).collect();
        let matches = wrong.is_empty();
        let is_compared = case.verdict == Verdict::Pass && case.checks.iter().any(|check| check == SNAPSHOT);
        if matches && !is_compared || case.verdict == Verdict::Error {
            return None;
        }
        let mut numbers = BTreeMap::new();
        for metric in &case.metrics {
            if metric.check == SNAPSHOT && metric.verdict == MetricVerdict::Different {
                let key = (metric.call.clone(), metric.field.clone(), metric.key.clone());
                numbers.insert(key, metric.observed.value());
            }
        }
        if numbers.is_empty() {
            for finding in &wrong {
                for difference in &finding.differences {
                    let Some(observed) = &difference.observed else { continue };
                    let call = finding.call.clone().unwrap_or_default();
                    let key = (call, difference.field.clone(), format!("{:?}", difference.index));
                    numbers.insert(key, observed.value());
                }
            }
        }
        let words = wrong.iter().flat_map(|finding| {
            let details = finding.details.iter().map(String::as_str);
            std::iter::once(&*finding.summary).chain(details)
        });
        Some(Self { row, case, words: if numbers.is_empty() { words.collect() } else { Vec::new() }, numbers, matches })
    }

    /// Whether both differ from the recorded result in the same values by the same numbers.
    fn agrees(&self, other: &Self) -> bool {
        if self.matches || other.matches {
            return self.matches == other.matches;
        }
        let mut pairs = self.numbers.iter().zip(&other.numbers);
        self.words == other.words
            && self.numbers.len() == other.numbers.len()
            && pairs.all(|((key, value), (other, number))| key == other && is_same(*value, *number))
    }

    /// The values that differ.
    fn fields(&self) -> Vec<String> {
        if !self.numbers.is_empty() {
            return self.numbers.keys().map(|(_, field, _)| field.clone()).collect();
        }
        let differences = self.case.findings().iter().flat_map(|finding| &finding.differences);
        differences.map(|difference| difference.field.clone()).collect()
    }
}

fn is_same(one: f64, other: f64) -> bool {
    let is_equal = one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan();
    is_equal || one.is_finite() && other.is_finite() && (one - other).abs() <= SAME * one.abs().max(other.abs())
}

#[cfg(test)]
mod tests;
