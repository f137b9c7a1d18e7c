//! The queue in which workers put outcomes and the printing thread waits for them. Does not print or judge.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::outcome::record::{HintRecord, LiveRecord};

/// The state of a run that workers and the printing thread share.
#[derive(Default)]
pub(crate) struct OutcomeQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
    record: Option<Arc<LiveRecord>>,
}

#[derive(Default)]
struct QueueState {
    outcomes: HashMap<usize, Outcome>,
    running: BTreeMap<usize, Instant>,
    begun: Option<Instant>,
    waiting: usize,
    done: usize,
    wrong: usize,
    closed: bool,
    ending: Option<String>,
}

/// The progress of a run at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Activity {
    /// The trial that has run for the longest time, and that time.
    pub(crate) oldest: Option<(usize, Duration)>,
    pub(crate) running: usize,
    /// Trials that no worker has taken yet.
    pub(crate) waiting: usize,
    pub(crate) done: usize,
    pub(crate) wrong: usize,
    pub(crate) elapsed: Duration,
}

impl OutcomeQueue {
    /// A queue that also adds each outcome to a record.
    pub(crate) fn keeping(record: Option<Arc<LiveRecord>>) -> Self {
        Self { record, ..Self::default() }
    }

    /// Sets the number of trials.
    pub(crate) fn expect(&self, trials: usize) {
        let mut state = self.lock();
        state.waiting = trials;
        state.begun = Some(Instant::now());
    }

    /// Marks a trial as taken by a worker.
    pub(crate) fn begin(&self, trial: usize) {
        let mut state = self.lock();
        state.waiting = state.waiting.saturating_sub(1);
        state.running.insert(trial, Instant::now());
    }

    /// Adds the outcome of a trial.
    pub(crate) fn end(&self, trial: usize, outcome: Outcome) {
        if let Some(record) = &self.record {
            record.add(trial, &outcome);
        }
        let mut state = self.lock();
        state.running.remove(&trial);
        state.done += 1;
        state.wrong += usize::from(outcome.is_wrong());
        state.outcomes.insert(trial, outcome);
        drop(state);
        self.changed.notify_all();
    }

    /// Takes the outcome of a trial, if it has ended.
    pub(crate) fn take(&self, trial: usize) -> Option<Outcome> {
        self.lock().outcomes.remove(&trial)
    }

    /// How many trials went wrong so far.
    pub(crate) fn wrong(&self) -> usize {
        self.lock().wrong
    }

    /// The hints of all outcomes so far, if there is a record.
    pub(crate) fn hints(&self) -> Vec<HintRecord> {
        self.record.as_ref().map(|record| record.hints()).unwrap_or_default()
    }

    /// Sets the reason why the remaining trials will not run. The first reason stays.
    pub(crate) fn end_early(&self, reason: String) {
        self.lock().ending.get_or_insert(reason);
    }

    /// The reason why the remaining trials did not run.
    pub(crate) fn why_closed(&self) -> String {
        self.lock().ending.clone().unwrap_or_else(|| "interrupted".to_owned())
    }

    /// Ends all waits, because no further outcome will come.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for the outcome of a trial and takes it. Returns `None` if the run ended without one. Calls `tick` about every `interval`
    /// meanwhile.
    pub(crate) fn wait(&self, trial: usize, interval: Duration, mut tick: impl FnMut(Activity)) -> Option<Outcome> {
        let mut state = self.lock();
        loop {
            if let Some(outcome) = state.outcomes.remove(&trial) {
                return Some(outcome);
            }
            if state.closed {
                return None;
            }
            let (next, timeout) = self.changed.wait_timeout(state, interval).unwrap_or_else(PoisonError::into_inner);
            state = next;
            if timeout.timed_out() {
                let activity = state.activity();
                drop(state);
                tick(activity);
                state = self.lock();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QueueState {
    fn activity(&self) -> Activity {
        let oldest = self.running.iter().min_by_key(|(_, since)| **since);
        Activity {
            oldest: oldest.map(|(trial, since)| (*trial, since.elapsed())),
            running: self.running.len(),
            waiting: self.waiting,
            done: self.done,
            wrong: self.wrong,
            elapsed: self.begun.map_or(Duration::ZERO, |begun| begun.elapsed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_handed_over_whatever_their_order() {
        let queue = OutcomeQueue::default();
        queue.begin(1);
        queue.end(1, Outcome::skipped("second", ""));
        queue.begin(0);
        queue.end(0, Outcome::skipped("first", ""));
        let never = Duration::from_secs(60);
        assert_eq!(queue.wait(0, never, |_| {}).map(|outcome| outcome.name).as_deref(), Some("first"));
        assert_eq!(queue.wait(1, never, |_| {}).map(|outcome| outcome.name).as_deref(), Some("second"));
    }

    #[test]
    fn a_closed_queue_ends_all_waits() {
        let queue = OutcomeQueue::default();
        queue.begin(0);
        queue.close();
        assert!(queue.wait(0, Duration::from_secs(60), |_| {}).is_none());
    }

    #[test]
    fn while_waiting_one_sees_what_runs_and_what_is_left() {
        let queue = OutcomeQueue::default();
        queue.expect(3);
        queue.begin(2);
        let mut seen = None;
        queue.wait(0, Duration::from_millis(1), |activity| {
            seen = Some(activity);
            queue.close();
        });
        let activity = seen.unwrap();
        assert_eq!((activity.running, activity.waiting), (1, 2));
        assert_eq!(activity.oldest.map(|(trial, _)| trial), Some(2));
    }
}
