//! The changes from one run to another, case by case. Does not judge cases again.

use std::collections::HashMap;

use super::{CaseRecord, MetricRecord, RunRecord, RunState};
use crate::outcome::Verdict;

/// A number that moved by less than this part of its allowance counts as unchanged.
const MOVED: f64 = 0.1;

/// The changes between two runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunDifference<'a> {
    /// Why the runs are not directly comparable.
    pub(crate) warnings: Vec<String>,
    /// Changed cases: those of the new run in its order, then those that are gone.
    pub(crate) cases: Vec<CaseChange<'a>>,
    /// Faults of the run itself that increased, with both numbers.
    pub(crate) faults: Vec<(&'static str, usize, usize)>,
    /// The number of unchanged cases.
    pub(crate) unchanged: usize,
}

/// A case that changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CaseChange<'a> {
    pub(crate) change: Change<'a>,
    /// The old result; `None` if the case is new.
    pub(crate) old: Option<&'a CaseRecord>,
    /// The new result; `None` if the case is gone.
    pub(crate) new: Option<&'a CaseRecord>,
}

/// How a case changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change<'a> {
    /// It went wrong, and did not before.
    NewlyFailing,
    /// It has a weaker verdict without going wrong, such as skipped instead of passed.
    Weaker,
    /// It passes only when tried again.
    NewlyFlaky,
    /// Numbers moved closer to their limits: the old ones and the new ones.
    Closer(MovedNumbers<'a>),
    /// It is not in the new run, and went right in the old one.
    GoneRight,
    /// It is not in the new run, and went wrong or did not run in the old one.
    Gone,
    /// It goes wrong because of another cause.
    OtherCause,
    /// It is not in the old run, and does not go wrong.
    New,
    /// Numbers moved away from their limits.
    Farther(MovedNumbers<'a>),
    /// It has a stronger verdict.
    Stronger,
}

impl Change<'_> {
    /// Whether something got worse.
    pub(crate) const fn is_worse(&self) -> bool {
        matches!(self, Self::NewlyFailing | Self::Weaker | Self::NewlyFlaky | Self::Closer(_) | Self::GoneRight)
    }
}

impl RunDifference<'_> {
    /// Whether something got worse.
    pub(crate) fn is_worse(&self) -> bool {
        !self.faults.is_empty() || self.cases.iter().any(|case| case.change.is_worse())
    }
}

/// The changes from the old run to the new one.
pub(crate) fn difference<'a>(old: &'a RunRecord, new: &'a RunRecord) -> RunDifference<'a> {
    let mut before: HashMap<&str, &CaseRecord> = old.cases.iter().map(|case| (&*case.name, case)).collect();
    let mut cases = Vec::new();
    for case in &new.cases {
        let known = before.remove(&*case.name);
        cases.extend(changed(known, case).into_iter().map(|change| CaseChange { change, old: known, new: Some(case) }));
    }
    let unchanged = new.cases.len() - count_cases(&cases);
    let gone = old.cases.iter().filter(|case| before.contains_key(&*case.name));
    cases.extend(gone.map(|case| CaseChange {
        change: if rank(case) > 1 { Change::GoneRight } else { Change::Gone },
        old: Some(case),
        new: None,
    }));
    let faults = [
        ("leaks", old.leaks.len(), new.leaks.len()),
        ("failed leak checks", old.leak_checks_failed.len(), new.leak_checks_failed.len()),
        ("entries out of date", old.outdated.len(), new.outdated.len()),
    ];
    RunDifference {
        warnings: warnings(old, new),
        cases,
        faults: faults.into_iter().filter(|(_, before, after)| after > before).collect(),
        unchanged,
    }
}

/// The number of cases of the new run that have changes. A case may have two.
fn count_cases(changes: &[CaseChange<'_>]) -> usize {
    let mut names: Vec<&str> = changes.iter().filter_map(|change| Some(&*change.new?.name)).collect();
    names.dedup();
    names.len()
}

/// The rank of a verdict: a greater one is better for the backend.
const fn rank(case: &CaseRecord) -> u8 {
    match case.verdict {
        Verdict::Pass => 3,
        Verdict::ExpectedFailure | Verdict::KnownUpstream | Verdict::KnownFailure => 2,
        Verdict::Skip => 1,
        Verdict::Fail | Verdict::Error | Verdict::Stale | Verdict::UnexpectedPass => 0,
    }
}

fn changed<'a>(old: Option<&'a CaseRecord>, new: &'a CaseRecord) -> Vec<Change<'a>> {
    let Some(old) = old else {
        return vec![if new.is_wrong() { Change::NewlyFailing } else { Change::New }];
    };
    match (old.is_wrong(), new.is_wrong()) {
        (false, true) => return vec![Change::NewlyFailing],
        (true, true) if old.verdict != new.verdict || old.cause() != new.cause() => return vec![Change::OtherCause],
        (true, true) => return Vec::new(),
        (_, false) => {}
    }
    match rank(new).cmp(&rank(old)) {
        std::cmp::Ordering::Less => return vec![Change::Weaker],
        std::cmp::Ordering::Greater => return vec![Change::Stronger],
        std::cmp::Ordering::Equal => {}
    }
    let mut changes = Vec::new();
    if new.is_flaky() && !old.is_flaky() {
        changes.push(Change::NewlyFlaky);
    }
    let (closer, farther) = moved(old, new);
    if !closer.is_empty() {
        changes.push(Change::Closer(closer));
    }
    if !farther.is_empty() {
        changes.push(Change::Farther(farther));
    }
    changes
}

type MovedNumbers<'a> = Vec<(&'a MetricRecord, &'a MetricRecord)>;

/// Numbers that moved closer to their limits, and numbers that moved away.
fn moved<'a>(old: &'a CaseRecord, new: &'a CaseRecord) -> (MovedNumbers<'a>, MovedNumbers<'a>) {
    let key = |metric: &'a MetricRecord| (&*metric.check, &*metric.call, &*metric.field, &*metric.key);
    let before: HashMap<_, &MetricRecord> = old.metrics.iter().map(|metric| (key(metric), metric)).collect();
    let (mut closer, mut farther) = (Vec::new(), Vec::new());
    for after in &new.metrics {
        let Some(&before) = before.get(&key(after)) else { continue };
        let (before_used, after_used) = (before.used.or_infinite(), after.used.or_infinite());
        if after_used > before_used + MOVED {
            closer.push((before, after));
        } else if before_used > after_used + MOVED {
            farther.push((before, after));
        }
    }
    (closer, farther)
}

/// Why the runs are not directly comparable.
fn warnings(old: &RunRecord, new: &RunRecord) -> Vec<String> {
    let mut warnings = Vec::new();
    let (one, other) = (&old.harness, &new.harness);
    for (what, one, other) in [
        ("the suites", &one.suites_sha256, &other.suites_sha256),
        ("the recorded results", &one.snapshots_sha256, &other.snapshots_sha256),
        ("the contracts", &one.contracts_sha256, &other.contracts_sha256),
    ] {
        if one != other {
            warnings.push(format!("{what} are not the same in both runs"));
        }
    }
    let (backend, other) = (&old.backend, &new.backend);
    for (what, one, other) in [
        ("hydrotest", &old.harness.version, &new.harness.version),
        ("the backend", &backend.name, &other.name),
        ("the kind", &backend.kind, &other.kind),
        ("the weights", &backend.weights, &other.weights),
    ] {
        if one != other {
            warnings.push(format!("{what}: {one} in the old run, {other} in the new one"));
        }
    }
    let (one, other) = (old.tolerance_set(), new.tolerance_set());
    if one != other {
        warnings.push(format!("the tolerances of the backend's own: {one} in the old run, {other} in the new one"));
    }
    for (age, run) in [("old", old), ("new", new)] {
        match run.state {
            RunState::Complete => {}
            RunState::Incomplete => warnings.push(format!("the {age} run did not end")),
            RunState::Interrupted => warnings.push(format!("the {age} run was interrupted")),
        }
    }
    warnings
}
