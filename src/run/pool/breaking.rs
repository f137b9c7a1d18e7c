//! What becomes of an instance that broke: how often it is started again, and what later calls are told. Starts nothing itself.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::backend::{BackendError, Fault, Stage};

/// How often an instance that died is started again in one run before its cases are given up.
pub(super) const RESTARTS: u32 = 2;

/// Whether no start mends it: none changes what the configuration says, and a server that is not ours does not come back by one.
pub(super) const fn is_fatal(error: &BackendError) -> bool {
    matches!(error.fault, Fault::Misconfigured | Fault::Denied | Fault::Crashed)
}

/// The error of every later call of an instance that broke so many times; `None` while it is worth another start.
pub(super) fn given_up(error: BackendError, times: u32, label: &str) -> Option<BackendError> {
    let message = match error.fault {
        _ if is_fatal(&error) => error.message.clone(),
        _ if times <= RESTARTS => return None,
        Fault::Died | Fault::Poisoned => format!("{label} died {times} times, last: {}", error.message),
        _ => format!("{label} failed {times} times, last: {}", error.message),
    };
    Some(BackendError { message, ..error })
}

/// What an instance does, where a panic of its kind is an error like any other: a waiter must get the slot.
pub(super) async fn survived<T>(work: impl Future<Output = T>) -> Result<T, BackendError> {
    let broke = "hydrotest itself failed: this kind of backend panicked";
    let survived = AssertUnwindSafe(work).catch_unwind().await;
    survived.map_err(|_| BackendError::new(Stage::Launch, Fault::Internal, broke))
}
