//! Backends and models, from the outcome files of several runs: the level that each model reaches on each backend in its newest run. Does
//! not merge runs or judge cases again.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CaseRecord, RunRecord, RunState, ToleranceCount};
use crate::outcome::RunEvidence;

/// The table of backends and models.
#[derive(Debug, Clone)]
pub(crate) struct Matrix<'a> {
    /// The keys of the models, in the order of their first appearance.
    pub(crate) models: Vec<&'a str>,
    /// A row for each backend with its weights, in the order of their first appearance.
    pub(crate) rows: Vec<MatrixRow<'a>>,
}

/// One backend with one set of weights.
#[derive(Debug, Clone)]
pub(crate) struct MatrixRow<'a> {
    pub(crate) backend: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) weights: &'a str,
    /// The cell of each model; a model that was never selected is absent.
    pub(crate) cells: BTreeMap<&'a str, MatrixCell<'a>>,
}

/// One model on one backend, as its newest run left it.
#[derive(Debug, Clone)]
pub(crate) struct MatrixCell<'a> {
    pub(crate) run: &'a RunRecord,
    /// The level that the model reached.
    pub(crate) reached: LevelReached,
    /// The facts that decide about the level, from the cases of this model alone.
    pub(crate) evidence: RunEvidence,
    /// The rules that differ from those of most cells.
    pub(crate) differs: Vec<&'static str>,
    /// The number of older runs that have this model too.
    pub(crate) older: usize,
}

/// The level that a model reached on a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LevelReached {
    /// Every core and every extended case that applies came out as expected.
    ExtendedConforms,
    /// Every core case that applies came out as expected, and not every extended case ran.
    CoreConforms,
    /// Every core case that applies came out as expected by the backend's own tolerances, of which some are not narrower than the shared
    /// ones.
    OwnTolerances,
    /// Every judged case came out as expected or is known, but not every core case ran, or the run has faults of its own.
    Passed,
    /// A case failed.
    Fails,
    /// No case failed, and at least one could not be judged or the run did not end.
    Inconclusive,
    /// No case of the model ran.
    NotRun,
}

impl LevelReached {
    /// Whether the model conforms at some level.
    pub(crate) const fn conforms(self) -> bool {
        matches!(self, Self::ExtendedConforms | Self::CoreConforms)
    }
}

impl MatrixRow<'_> {
    /// The level that a model reached.
    pub(crate) fn reached(&self, model: &str) -> LevelReached {
        self.cells.get(model).map_or(LevelReached::NotRun, |cell| cell.reached)
    }
}

impl<'a> MatrixCell<'a> {
    /// The cases of this model.
    pub(crate) fn cases(&self, model: &str) -> impl Iterator<Item = &'a CaseRecord> {
        self.run.cases.iter().filter(move |case| case.model == model)
    }
}

/// The matrix of some runs. If several have one model on one backend with the same weights, the newest counts.
pub(crate) fn matrix(runs: &[RunRecord]) -> Matrix<'_> {
    let mut matrix = Matrix { models: Vec::new(), rows: Vec::new() };
    for run in runs {
        let backend = &run.backend;
        let key = (&*backend.name, &*backend.kind, &*backend.weights);
        let known = matrix.rows.iter().position(|row| (row.backend, row.kind, row.weights) == key);
        let place = known.unwrap_or_else(|| {
            let (backend, kind, weights) = key;
            matrix.rows.push(MatrixRow { backend, kind, weights, cells: BTreeMap::new() });
            matrix.rows.len() - 1
        });
        let mut evidence: BTreeMap<&str, RunEvidence> = BTreeMap::new();
        for case in &run.cases {
            if !matrix.models.contains(&&*case.model) {
                matrix.models.push(&case.model);
            }
            evidence.entry(&case.model).or_default().add(case.facts());
        }
        for (model, evidence) in evidence {
            let cells = &mut matrix.rows[place].cells;
            let older = cells.get(model).map_or(0, |cell| cell.older + 1);
            match cells.get_mut(model) {
                Some(cell) if moment(cell.run) > moment(run) => cell.older = older,
                _ => {
                    let reached = reached(run, model, &evidence);
                    cells.insert(model, MatrixCell { run, reached, evidence, differs: Vec::new(), older });
                }
            }
        }
    }
    mark_other_rules(&mut matrix);
    matrix
}

/// The start of a run; the earliest time if it is unknown.
fn moment(run: &RunRecord) -> i64 {
    chrono::DateTime::parse_from_rfc3339(&run.started).map_or(i64::MIN, |time| time.timestamp())
}

/// The level of a model. It conforms only if the run ended without faults, every core case ran and nothing is wrong, and every own
/// tolerance of the backend is narrower than the shared one.
fn reached(run: &RunRecord, model: &str, evidence: &RunEvidence) -> LevelReached {
    let (counts, core, extended) = (&evidence.counts, &evidence.core, &evidence.extended);
    let has_ended = run.state == RunState::Complete && run.conclusion.is_some();
    if counts.failed > 0 {
        return LevelReached::Fails;
    }
    if !has_ended || counts.errors + counts.without_reference > 0 {
        return LevelReached::Inconclusive;
    }
    if counts.ran() == 0 {
        return LevelReached::NotRun;
    }
    let has_faults = !(run.leaks.is_empty() && run.leak_checks_failed.is_empty() && run.outdated.is_empty());
    let is_as_expected = counts.unexpected_passes + counts.known_failures == 0 && !has_faults;
    let is_whole = run.selection.every_core_case && run.cases.len() >= run.selection.selected;
    if !(is_as_expected && is_whole && core.ran() > 0 && evidence.missing() == 0) {
        LevelReached::Passed
    } else if ToleranceCount::of(run.own_tolerances_of(model)).lenient > 0 {
        LevelReached::OwnTolerances
    } else if run.selection.whole && extended.ran() > 0 && extended.skipped == extended.inapplicable {
        LevelReached::ExtendedConforms
    } else {
        LevelReached::CoreConforms
    }
}

/// Marks cells that were judged by other rules than most. Recorded results are compared within the same weights only.
fn mark_other_rules<'a>(matrix: &mut Matrix<'a>) {
    type Rule<'a> = (&'static str, fn(&'a RunRecord) -> &'a str);
    let rules: [Rule<'a>; 4] = [
        ("version of hydrotest", |run| &run.harness.version),
        ("suites", |run| &run.harness.suites_sha256),
        ("contracts", |run| &run.harness.contracts_sha256),
        ("recorded results", |run| &run.harness.snapshots_sha256),
    ];
    for (name, rule) in rules {
        let group = |run: &'a RunRecord| if name == "recorded results" { &*run.backend.weights } else { "" };
        let mut seen: BTreeMap<&str, BTreeMap<&str, (usize, i64)>> = BTreeMap::new();
        for cell in matrix.rows.iter().flat_map(|row| row.cells.values()) {
            let values = seen.entry(group(cell.run)).or_default();
            let (number, newest) = values.entry(rule(cell.run)).or_insert((0, i64::MIN));
            *number += 1;
            *newest = moment(cell.run).max(*newest);
        }
        let most = |values: &BTreeMap<&'a str, (usize, i64)>| {
            values.iter().max_by_key(|(_, often)| **often).map(|(value, _)| *value)
        };
        let usual: BTreeMap<&str, Option<&str>> = seen.iter().map(|(group, values)| (*group, most(values))).collect();
        for cell in matrix.rows.iter_mut().flat_map(|row| row.cells.values_mut()) {
            if usual.get(group(cell.run)) != Some(&Some(rule(cell.run))) {
                cell.differs.push(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{case, finding, run};
    use super::super::{ConclusionRecord, ConclusionWord};
    use super::*;
    use crate::backend::skip::SkipCause;
    use crate::config::Level;
    use crate::outcome::Verdict;

    fn complete(cases: Vec<CaseRecord>) -> RunRecord {
        let mut run = run(cases);
        run.state = RunState::Complete;
        run.conclusion =
            Some(ConclusionRecord { word: ConclusionWord::Conforms, sentence: "conforms".into(), exit_code: 0 });
        run
    }

    fn extended(name: &str, verdict: Verdict) -> CaseRecord {
        let mut case = case(name, verdict, vec![]);
        case.level = Level::Extended;
        case
    }

    fn level(run: &RunRecord) -> LevelReached {
        let runs = std::slice::from_ref(run);
        matrix(runs).rows[0].reached("esm2")
    }

    #[test]
    fn conforms_is_said_only_where_every_core_case_ran() {
        let core = || case("esm2::embed::short", Verdict::Pass, vec![]);
        let both = complete(vec![core(), extended("esm2::embed::long", Verdict::Pass)]);
        assert_eq!(level(&both), LevelReached::ExtendedConforms);
        assert_eq!(level(&complete(vec![core()])), LevelReached::CoreConforms);
        let changed = |change: fn(&mut RunRecord)| {
            let mut run = both.clone();
            change(&mut run);
            level(&run)
        };
        assert_eq!(changed(|run| run.selection.whole = false), LevelReached::CoreConforms);
        let skip = |run: &mut RunRecord, index: usize, cause| {
            run.cases[index].verdict = Verdict::Skip;
            run.cases[index].skip_cause = Some(cause);
        };
        let mut gap = both.clone();
        skip(&mut gap, 1, SkipCause::NotRun);
        assert_eq!(level(&gap), LevelReached::CoreConforms);
        gap.cases.push(core());
        skip(&mut gap, 0, SkipCause::NotRun);
        assert_eq!(level(&gap), LevelReached::Passed);
        skip(&mut gap, 0, SkipCause::Inapplicable);
        assert_eq!(level(&gap), LevelReached::CoreConforms);
        assert_eq!(changed(|run| run.selection.every_core_case = false), LevelReached::Passed);
        assert_eq!(changed(|run| run.selection.selected = 3), LevelReached::Passed);
        assert_eq!(changed(|run| run.leaks = vec!["process 1".into()]), LevelReached::Passed);
        assert_eq!(changed(|run| run.cases[0].verdict = Verdict::KnownFailure), LevelReached::Passed);
        assert_eq!(changed(|run| run.cases[0].verdict = Verdict::KnownUpstream), LevelReached::ExtendedConforms);
        assert_eq!(changed(|run| run.cases[1].verdict = Verdict::Stale), LevelReached::Passed);
        assert_eq!(changed(|run| run.cases[1].verdict = Verdict::Fail), LevelReached::Fails);
        assert_eq!(changed(|run| run.cases[1].verdict = Verdict::Error), LevelReached::Inconclusive);
        assert_eq!(changed(|run| run.state = RunState::Interrupted), LevelReached::Inconclusive);
        assert_eq!(changed(|run| run.conclusion = None), LevelReached::Inconclusive);
        assert_eq!(changed(|run| run.cases.clear()), LevelReached::NotRun);
        let only_extended = complete(vec![extended("esm2::embed::long", Verdict::Pass)]);
        assert_eq!(level(&only_extended), LevelReached::Passed);
    }

    #[test]
    fn a_failure_of_one_model_leaves_the_others_alone() {
        let run = complete(vec![
            case("esm2::embed::short", Verdict::Pass, vec![]),
            case("esmc::embed::short", Verdict::Fail, vec![finding("contract", "wrong")]),
        ]);
        let runs = [run];
        let matrix = matrix(&runs);
        assert_eq!(matrix.models, ["esm2", "esmc"]);
        assert_eq!(matrix.rows[0].reached("esm2"), LevelReached::CoreConforms);
        assert_eq!(matrix.rows[0].reached("esmc"), LevelReached::Fails);
        assert_eq!(matrix.rows[0].reached("boltz2"), LevelReached::NotRun);
    }

    #[test]
    fn the_newest_run_of_a_model_counts_whatever_the_order() {
        let dated = |day: u8, verdict| {
            let mut run = complete(vec![case("esm2::embed::short", verdict, vec![])]);
            run.started = format!("2026-11-{day:02}T12:00:00Z");
            run
        };
        let mut runs = vec![dated(3, Verdict::Pass), dated(1, Verdict::Fail), dated(2, Verdict::Error)];
        for _ in 0..runs.len() {
            runs.rotate_left(1);
            let matrix = matrix(&runs);
            assert_eq!(matrix.rows.len(), 1);
            let cell = &matrix.rows[0].cells["esm2"];
            assert_eq!((cell.reached, cell.older), (LevelReached::CoreConforms, 2));
        }
    }

    #[test]
    fn cells_judged_by_other_rules_than_most_are_marked() {
        let of = |name: &str, weights: &str, suites: &str, snapshots: &str| {
            let mut run = complete(vec![case("esm2::embed::short", Verdict::Pass, vec![])]);
            run.backend.name = name.into();
            run.backend.weights = weights.into();
            run.harness.suites_sha256 = suites.into();
            run.harness.snapshots_sha256 = snapshots.into();
            run
        };
        let runs = [
            of("a", "published", "1", "1"),
            of("b", "published", "1", "2"),
            of("c", "published", "2", "1"),
            of("d", "synthetic", "1", "3"),
        ];
        let matrix = matrix(&runs);
        let differs: Vec<_> = matrix.rows.iter().map(|row| row.cells["esm2"].differs.clone()).collect();
        assert_eq!(differs, [vec![], vec!["recorded results"], vec!["suites"], vec![]]);
    }
}
