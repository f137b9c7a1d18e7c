//! The record of a run that goes on: workers add what came of a case, and a writer takes the whole as it stands.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{CaseRecord, ConclusionRecord, HintRecord, RunRecord, SelectionRecord, ToleranceCount, hints};
use crate::backend::facts::PlatformFacts;
use crate::outcome::{Outcome, RunOutcome};

/// What is known of a case before it runs, by its index in the plan.
pub(crate) type Planned = BTreeMap<usize, CaseRecord>;

/// The record of a run that goes on.
#[derive(Debug)]
pub(crate) struct LiveRecord {
    begun: Instant,
    state: Mutex<LiveState>,
    facts: PlatformFacts,
    changed: Condvar,
    /// Apart from `changed`, so that a writer that rests is not woken by every case.
    over: Condvar,
}

#[derive(Debug)]
struct LiveState {
    run: RunRecord,
    planned: Planned,
    ended: Planned,
    /// Counts the changes, so that a writer sees whether there is anything new.
    revision: u64,
    is_over: bool,
}

impl LiveRecord {
    /// Of a run of which no case has ended, on a platform of which `facts` are known by and by.
    pub(crate) fn new(run: RunRecord, planned: Planned, facts: PlatformFacts) -> Self {
        let state = LiveState { run, planned, ended: Planned::new(), revision: 0, is_over: false };
        Self { begun: Instant::now(), state: Mutex::new(state), facts, changed: Condvar::new(), over: Condvar::new() }
    }

    /// Adds what came of the case of this index.
    pub(crate) fn add(&self, index: usize, outcome: &Outcome) {
        let mut state = self.lock();
        let Some(mut case) = state.planned.remove(&index) else {
            return;
        };
        case.settle(outcome);
        state.ended.insert(index, case);
        state.revision += 1;
        drop(state);
        self.changed.notify_all();
    }

    /// Ends the record. Cases that the run did not reach are added as it left them.
    pub(crate) fn finish(&self, run: &RunOutcome, conclusion: ConclusionRecord) {
        let mut state = self.lock();
        let LiveState { planned, ended, .. } = &mut *state;
        let left = std::mem::take(planned);
        if !left.is_empty() {
            let by_name: HashMap<&str, &Outcome> =
                run.outcomes.iter().map(|outcome| (outcome.name.as_str(), outcome)).collect();
            for (index, mut case) in left {
                if let Some(outcome) = by_name.get(case.name.as_str()) {
                    case.settle(outcome);
                    ended.insert(index, case);
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

    /// What the cases that have ended show together.
    pub(crate) fn hints(&self) -> Vec<HintRecord> {
        let state = self.lock();
        let cases: Vec<&CaseRecord> = state.ended.values().collect();
        hints::hints(&cases, &state.run.backend.kind, &state.run.backend.weights)
    }

    /// The tolerances of its own by which a selected case is judged.
    pub(crate) fn own_tolerances(&self) -> (ToleranceCount, Vec<String>) {
        let state = self.lock();
        let cases = state.planned.values().chain(state.ended.values());
        let own = state.run.backend.tolerances.iter();
        let own: Vec<_> = own.filter(|one| cases.clone().any(|case| case.model == one.model)).collect();
        (ToleranceCount::of(own.iter().copied()), own.iter().map(ToString::to_string).collect())
    }

    /// The record as it stands.
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

    /// Waits until something is newer than `seen`, and for `pause` before that, unless the run is over. `None` when it is over.
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
