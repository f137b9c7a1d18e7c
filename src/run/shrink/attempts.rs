//! Makes the calls of candidates and says whether they fail in the same way, as long as there are calls left. Chooses none.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::super::pool::Pool;
use super::super::trial::{self, Attempt};
use super::super::{Interrupt, Judging};
use super::{FailureKey, ShrinkRequest};
use crate::check::Finding;
use crate::plan::{PlannedCall, PlannedTrial};

/// How often calls may end the instance before the search ends too: each time it starts anew.
const MOST_CRASHES: usize = 2;

/// Why most searches end.
const TOO_FEW: &str = "too few calls are allowed: see `--shrink-calls`";

/// The instances that a search asks, and what it may still do with them.
pub(super) struct Attempts<'a> {
    pool: Pool,
    trial: PlannedTrial,
    judging: &'a Judging,
    interrupt: &'a Interrupt,
    left: Cell<usize>,
    made: Cell<usize>,
    crashes: Cell<usize>,
    ended: RefCell<Option<String>>,
}

impl<'a> Attempts<'a> {
    /// Attempts with so many calls that those of the case can be made once more afterwards, `reserve` of which come later.
    pub(super) fn new(request: &ShrinkRequest<'a>, trial: PlannedTrial, reserve: usize) -> Self {
        let calls = request.calls.saturating_sub(trial.calls.len() + reserve);
        Self::with(request, trial, calls)
    }

    /// The same on other instances, for a last look.
    pub(super) fn afresh(&self, request: &ShrinkRequest<'a>) -> Self {
        Self::with(request, self.trial.clone(), self.trial.calls.len())
    }

    fn with(request: &ShrinkRequest<'a>, trial: PlannedTrial, calls: usize) -> Self {
        let instances = trial.instances().max().map_or(0, |last| last + 1);
        let mut users = vec![0; instances];
        for instance in trial.instances() {
            users[instance] = 1;
        }
        Self {
            pool: Pool::new(Arc::clone(&request.open), users, request.instances),
            trial,
            judging: request.judging,
            interrupt: request.interrupt,
            left: Cell::new(calls),
            made: Cell::new(0),
            crashes: Cell::new(0),
            ended: RefCell::new(None),
        }
    }

    /// The case, with the checks that judge here.
    pub(super) const fn trial(&self) -> &PlannedTrial {
        &self.trial
    }

    /// Calls that were made.
    pub(super) const fn made(&self) -> usize {
        self.made.get()
    }

    /// Allows so many calls more, also where there were too few. Returns why the search had ended, if it had.
    pub(super) fn allow(&self, reserve: usize) -> Option<String> {
        self.left.set(self.left.get() + reserve);
        let is_over = |reason: &mut String| *reason == TOO_FEW;
        let ended = self.ended.borrow().clone();
        self.ended.borrow_mut().take_if(is_over);
        ended
    }

    /// Why it could not go on to its end.
    pub(super) fn ended(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    /// The finding that is the failure when these calls are made; `None` when the search is over.
    pub(super) async fn fails(&self, key: &FailureKey, calls: &[PlannedCall]) -> Option<Option<Finding>> {
        let findings = self.findings(calls).await?;
        Some(key.find(&findings).cloned())
    }

    /// What is wrong when these calls are made; `None` when the search is over.
    pub(super) async fn findings(&self, calls: &[PlannedCall]) -> Option<Vec<Finding>> {
        if self.ended.borrow().is_some() {
            return None;
        }
        let Some(left) = self.left.get().checked_sub(calls.len()) else {
            return self.end(TOO_FEW);
        };
        self.left.set(left);
        self.made.set(self.made.get() + calls.len());
        let candidate = PlannedTrial { calls: calls.to_vec(), ..self.trial.clone() };
        let attempt = tokio::select! {
            biased;
            _ = self.interrupt.received() => return self.end("it was interrupted"),
            attempt = trial::attempt(&candidate, &self.pool, self.judging, None, None) => attempt,
        };
        // A call that no response is recorded of says nothing.
        let Ok(Attempt { judged, crashed, is_inherited, .. }) = attempt else {
            return Some(Vec::new());
        };
        if is_inherited {
            return self.end("there was no instance any more to ask");
        }
        if crashed.is_some() {
            self.crashes.set(self.crashes.get() + 1);
            if self.crashes.get() > MOST_CRASHES {
                return self.end("its calls ended the instance again and again");
            }
        }
        Some(judged.findings)
    }

    fn end<T>(&self, reason: &str) -> Option<T> {
        *self.ended.borrow_mut() = Some(reason.to_owned());
        None
    }

    /// Stops what was started.
    pub(super) async fn stop(&self, interrupt: &Interrupt) {
        self.pool.stop_all(interrupt.urged()).await;
    }

    /// What the instances left or complained of.
    pub(super) fn notes(&self) -> Vec<String> {
        let left = self.pool.leaks().into_iter().map(|leak| format!("leaked: {leak}"));
        let unknown = self.pool.unknown().into_iter().map(|failed| format!("leak check failed: {failed}"));
        left.chain(unknown).chain(self.pool.notes()).collect()
    }
}
