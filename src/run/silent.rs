//! Runs trials of a plan without printing, on the caller's runtime: for a program that runs the suites many times over, as
//! `hydrotest mutants` does. Dispatch, deadlines and stops are those of every run.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use super::interrupt::Interrupt;
use super::{Judging, Open, RunSettings, Workers};
use crate::outcome::RunOutcome;
use crate::plan::Plan;

/// Runs these trials of a plan, given by their indices, and returns what came of them in that order. Whatever was started is
/// stopped before it returns, also after a signal.
pub(crate) async fn run_silently(
    plan: &Arc<Plan>,
    trials: &[usize],
    settings: &RunSettings,
    open: Arc<Open>,
    judging: Arc<Judging>,
    interrupt: &Interrupt,
) -> RunOutcome {
    let begun = Instant::now();
    let work = Arc::new(Workers::new(plan, trials, settings, open, judging, Default::default()));
    let workers = settings.trials.workers.unwrap_or(1).max(1);
    Arc::clone(&work).carry_out(workers, interrupt.clone(), Arc::new(Notify::new()), || {}).await;
    RunOutcome {
        outcomes: trials.iter().filter_map(|&trial| work.queue.take(trial)).collect(),
        outdated: Vec::new(),
        untested: Vec::new(),
        leaks: work.pool.leaks(),
        unknown: work.pool.unknown(),
        notes: work.pool.notes(),
        remarks: work.pool.remarks(),
        interrupted: interrupt.pending(),
        elapsed: begun.elapsed(),
    }
}
