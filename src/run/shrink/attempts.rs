//! Makes the calls of candidates and reports whether they fail in the same way, as long as calls are left. Does not choose candidates.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::super::pool::Pool;
use super::super::trial::{self, Attempt};
use super::super::{Interrupt, Judging};
use super::failure::FailureKey;
use super::request::ShrinkRequest;
use crate::check::Finding;
use crate::outcome::RunOutcome;
use crate::plan::{PlannedCall, PlannedTrial};

/// How often calls may crash the instance before the search ends, because every crash costs a start.
const MOST_CRASHES: usize = 2;

/// The usual reason for the end of a search.
const TOO_FEW: &str = "too few calls are allowed: see `--shrink-calls`";

/// The instances of a search, with the calls that are left.
pub(super) struct Attempts<'a> {
    pool: Pool,
    /// The case, with the checks that judge here.
    pub(super) trial: PlannedTrial,
    judging: &'a Judging,
    interrupt: &'a Interrupt,
    left: Cell<usize>,
    /// Number of calls so far.
    pub(super) made: Cell<usize>,
    crashes: Cell<usize>,
    /// Why the search ended early, if it did.
    pub(super) ended: RefCell<Option<String>>,
}

impl<'a> Attempts<'a> {
    /// Attempts with the calls of a request, except for `reserve` and for those of the case, which are repeated at the end.
    pub(super) fn new(request: &ShrinkRequest<'a>, trial: PlannedTrial, reserve: usize) -> Self {
        let calls = request.calls.saturating_sub(trial.calls.len() + reserve);
        Self::with(request, trial, calls)
    }

    /// Attempts on fresh instances, with calls for one repetition.
    pub(super) fn afresh(&self, request: &ShrinkRequest<'a>) -> Self {
        Self::with(request, self.trial.clone(), self.trial.calls.len())
    }

    fn with(request: &ShrinkRequest<'a>, trial: PlannedTrial, calls: usize) -> Self {
        let mut users = vec![0; trial.instances().max().map_or(0, |last| last + 1)];
        for instance in trial.instances() {
            users[instance] = 1;
        }
        Self {
            pool: Pool::new(Arc::clone(&request.open), users, request.instances, Arc::default()),
            trial,
            judging: request.judging,
            interrupt: request.interrupt,
            left: Cell::new(calls),
            made: Cell::new(0),
            crashes: Cell::new(0),
            ended: RefCell::new(None),
        }
    }

    /// Allows more calls, and continues a search that had too few. Returns why the search had ended.
    pub(super) fn allow(&self, reserve: usize) -> Option<String> {
        self.left.set(self.left.get() + reserve);
        let ended = self.ended.borrow().clone();
        self.ended.borrow_mut().take_if(|reason| reason == TOO_FEW);
        ended
    }

    /// The finding of the failure in these calls. The outer `None` means that the search is over.
    pub(super) async fn fails(&self, key: &FailureKey, calls: &[PlannedCall]) -> Option<Option<Finding>> {
        let findings = self.findings(calls).await?;
        Some(key.find(&findings).cloned())
    }

    /// The findings of these calls. Returns `None` if the search is over.
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
            () = self.interrupt.received() => return self.end("it was interrupted"),
            attempt = trial::attempt(&candidate, &self.pool, self.judging, None, None) => attempt,
        };
        // A call without a recorded response shows nothing.
        let Ok(Attempt { judged, crashed, is_inherited, .. }) = attempt else {
            return Some(Vec::new());
        };
        if is_inherited {
            return self.end("there was no instance any more to ask");
        }
        if crashed.is_some() {
            if self.crashes.get() == MOST_CRASHES {
                return self.end("its calls ended the instance again and again");
            }
            self.crashes.set(self.crashes.get() + 1);
        }
        Some(judged.findings)
    }

    fn end<T>(&self, reason: &str) -> Option<T> {
        *self.ended.borrow_mut() = Some(reason.to_owned());
        None
    }

    /// Stops the instances, and returns their leaks and warnings.
    pub(super) async fn stop(&self) -> Vec<String> {
        self.pool.stop_all(self.interrupt.urged()).await;
        let RunOutcome { leaks, unknown, notes, .. } = self.pool.report();
        let leaks = leaks.iter().map(|leak| format!("leaked: {leak}"));
        let unknown = unknown.iter().map(|failed| format!("leak check failed: {failed}"));
        leaks.chain(unknown).chain(notes).collect()
    }
}
