//! The record of a running run: workers add results of cases, and a writer takes snapshots of it. Does not write files.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{CaseRecord, ConclusionRecord, HintRecord, RunRecord, SelectionRecord, ToleranceCount, hints};
use crate::backend::facts::PlatformFacts;
use crate::outcome::{Outcome, RunOutcome};

/// The records of cases before they run, by index in the plan.
pub(crate) type Planned = BTreeMap<usize, CaseRecord>;

/// The record of a running run.
#[derive(Debug)]
pub(crate) struct LiveRecord {
    begun: Instant,
    state: Mutex<LiveState>,
    facts: PlatformFacts,
    changed: Condvar,
    /// Separate from `changed`, so that a case does not wake a pausing writer.
    over: Condvar,
}

#[derive(Debug)]
struct LiveState {
    run: RunRecord,
    planned: Planned,
    ended: Planned,
    /// The number of changes, so that a writer sees whether anything is new.
    revision: u64,
    is_over: bool,
}

impl LiveRecord {
    /// The record of a run before any case has ended. `facts` are filled in while the run goes on.
    pub(crate) fn new(run: RunRecord, planned: Planned, facts: PlatformFacts) -> Self {
        let state = LiveState { run, planned, ended: Planned::new(), revision: 0, is_over: false };
        Self { begun: Instant::now(), state: Mutex::new(state), facts, changed: Condvar::new(), over: Condvar::new() }
    }

    /// Adds the outcome of the case with this index.
    pub(crate) fn add(&self, index: usize, outcome: &Outcome) {
        let mut state = self.lock();
        let Some(mut case) = state.planned.remove(&index) else { return };
        case.settle(outcome);
        state.ended.insert(index, case);
        state.revision += 1;
        drop(state);
        self.changed.notify_all();
    }

    /// Ends the record, and adds the outcomes of cases that the run did not reach.
    pub(crate) fn finish(&self, run: &RunOutcome, conclusion: ConclusionRecord) {
        let mut state = self.lock();
        let left = std::mem::take(&mut state.planned);
        // In a run that reached every case nothing is left, and the table would be made in vain.
        if !left.is_empty() {
            let outcomes = run.outcomes.iter().map(|outcome| (&*outcome.name, outcome));
            let by_name: HashMap<&str, &Outcome> = outcomes.collect();
            for (index, mut case) in left {
                if let Some(outcome) = by_name.get(case.name.as_str()) {
                    case.settle(outcome);
                    state.ended.insert(index, case);
                }
            }
        }
        state.run.finish(run, conclusion);
        state.revision += 1;
        state.is_over = true;
        drop(state);
        self.changed.notify_all();
        self.over.notify_all();
    }

    /// Ends the record without a conclusion: it stays incomplete.
    pub(crate) fn abandon(&self) {
        self.lock().is_over = true;
        self.changed.notify_all();
        self.over.notify_all();
    }

    /// Which cases were selected.
    pub(crate) fn selection(&self) -> SelectionRecord {
        self.lock().run.selection.clone()
    }

    /// The hints from the cases that have ended.
    pub(crate) fn hints(&self) -> Vec<HintRecord> {
        let state = self.lock();
        let cases: Vec<&CaseRecord> = state.ended.values().collect();
        hints::hints(&cases, &state.run.backend.kind, &state.run.backend.weights)
    }

    /// The backend's own tolerances for models of selected cases.
    pub(crate) fn own_tolerances(&self) -> (ToleranceCount, Vec<String>) {
        let state = self.lock();
        let cases = state.planned.values().chain(state.ended.values());
        let all = state.run.backend.tolerances.iter();
        let own: Vec<_> = all.filter(|one| cases.clone().any(|case| case.model == one.model)).collect();
        (ToleranceCount::of(own.iter().copied()), own.iter().map(ToString::to_string).collect())
    }

    /// A copy of the current record.
    pub(crate) fn snapshot(&self) -> RunRecord {
        let state = self.lock();
        let mut run = state.run.clone();
        run.backend.learn(&self.facts);
        run.cases = state.ended.values().cloned().collect();
        run.find_hints();
        if run.conclusion.is_none() {
            run.seconds = self.begun.elapsed().as_secs_f64();
        }
        run
    }

    /// Pauses, then waits for a revision other than `seen`. Returns `None` as soon as the run is over.
    pub(crate) fn wait_for_change(&self, seen: u64, pause: Duration) -> Option<u64> {
        let rested = self.over.wait_timeout_while(self.lock(), pause, |state| !state.is_over);
        let state = rested.map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        let state = self
            .changed
            .wait_while(state, |state| !state.is_over && state.revision == seen)
            .unwrap_or_else(PoisonError::into_inner);
        (!state.is_over).then_some(state.revision)
    }

    fn lock(&self) -> MutexGuard<'_, LiveState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
