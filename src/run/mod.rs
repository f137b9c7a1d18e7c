//! Runs a plan: workers carry out trials side by side, they are printed in plan order, signals end it early, and
//! whatever was started is stopped before it returns.
//!
//! The calling thread prints and only waits for outcomes: the work itself is done by tasks under `dispatch`, which know
//! instances, limits, deadlines and retries. So the output keeps the order of the plan while the work does not have to.

mod calling;
mod case_lines;
mod concurrency;
mod dispatch;
mod interrupt;
mod judging;
mod known;
mod libtest_format;
mod outcome_queue;
mod plots;
mod pool;
mod progress;
mod scenario;
mod seen_responses;
mod shrink;
mod silent;
mod start_log;
mod starting;
mod status_line;
#[cfg(test)]
mod tests;
mod trial;
mod trials;
mod untested;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::backend::skip::Skip;
use crate::check::Finding;
use crate::metric_value::count;
use crate::outcome::record::LiveRecord;
use crate::outcome::{Outcome, RunOutcome, Verdict};
use crate::plan::Plan;

pub(crate) use interrupt::Interrupt;
pub use judging::{Judging, PredictionOrigin};
pub(crate) use known::listed_until;
pub use plots::PlotBudget;
pub use pool::Open;
pub(crate) use shrink::{ShrinkRequest, shrink};
pub(crate) use silent::run_silently;
pub use trial::Flaky;
pub use trials::{Colours, Matching, TrialFormat, Trials, Which};
pub(crate) use untested::untested_features;

use concurrency::default_workers;
use dispatch::{Dispatcher, Next};
use outcome_queue::OutcomeQueue;
use pool::Pool;
use progress::Progress;
use seen_responses::SeenResponses;
use starting::StartingInstances;

/// How often the live line is renewed.
const TICK: Duration = Duration::from_millis(100);

/// How a plan is run.
#[derive(Default)]
pub struct RunSettings {
    /// Which trials, and how they are shown.
    pub trials: Trials,
    /// Instances that may run at once.
    pub instances: usize,
    /// Calls that may be under way on one instance.
    pub calls_per_instance: usize,
    /// Whether a case may pass that the backend failed before it was tried again.
    pub flaky: Flaky,
    /// The command line that runs one case again, up to its name.
    pub reproduce: String,
    /// Where what comes of each case is kept as it ends.
    pub(crate) record: Option<Arc<LiveRecord>>,
    /// How many cases may go wrong before the rest is not run.
    pub(crate) most_failures: Option<usize>,
    /// How often each case is run, at least once; it passes when it passes every time.
    pub(crate) repeat: u32,
    /// Where an entry goes that lists a failure as known, as a line for a person; `None` where none is offered.
    pub known_failures: Option<String>,
}

/// The selected trials of a plan as libtest lists tests: a line each. Runs none.
#[must_use]
pub fn list(plan: &Plan, selecting: &Trials) -> String {
    let mut lines = String::new();
    for index in selecting.select(plan) {
        lines.push_str(&plan.trials[index].name);
        lines.push_str(": test\n");
    }
    lines
}

/// Runs the selected trials of a plan. Instances are opened by `open`; `judging` says what becomes of their responses.
///
/// A plan of which nothing is selected prints nothing: the report's conclusion says so.
///
/// # Errors
/// When the system gives no threads or refuses signal handlers, or when the output goes away.
pub fn run(
    plan: &Arc<Plan>,
    settings: &RunSettings,
    open: Arc<Open>,
    judging: Arc<Judging>,
) -> std::io::Result<RunOutcome> {
    let begun = Instant::now();
    let selected = settings.trials.select(plan);
    if selected.is_empty() {
        return Ok(RunOutcome {
            untested: untested_features(plan, std::iter::empty()),
            elapsed: begun.elapsed(),
            ..RunOutcome::default()
        });
    }
    let showing = Arc::new(Showing {
        plan: Arc::clone(plan),
        queue: Arc::new(OutcomeQueue::keeping(settings.record.clone())),
        starts: Arc::default(),
        reproduce: settings.reproduce.clone(),
        known_failures: settings.known_failures.clone(),
    });
    let (left_out, wanted): (Vec<usize>, Vec<usize>) =
        selected.iter().partition(|&&index| plan.trials[index].skip.is_some());
    showing.queue.expect(wanted.len());
    for index in left_out {
        let trial = &plan.trials[index];
        if let Some(skip) = &trial.skip {
            showing.queue.end(index, trial::skipped(trial, skip));
        }
    }

    let workers = settings.trials.workers.unwrap_or_else(|| default_workers(settings)).max(1);
    // Judging is arithmetic over whole arrays. One thread more than can judge at once, so that servers are always listened to.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers + 1).enable_all().build()?;
    let interrupt = Interrupt::listen(runtime.handle())?;
    let shared = (Arc::clone(&showing.queue), Arc::clone(&showing.starts));
    let work = Arc::new(Workers::new(plan, &wanted, settings, open, judging, shared));
    let abandoned = Arc::new(Notify::new());
    let running =
        runtime.spawn(Arc::clone(&work).carry_out(workers, interrupt.clone(), Arc::clone(&abandoned), announce));
    let shown = match settings.trials.format {
        TrialFormat::Cases => case_lines::show(&showing, &selected, &settings.trials),
        TrialFormat::Pretty | TrialFormat::Terse | TrialFormat::Json => {
            libtest_format::show(&showing, &selected, &settings.trials)
        }
    };
    if shown.is_err() {
        abandoned.notify_one();
    }
    let broken = runtime.block_on(running).err();
    let mut notes = work.pool.notes();
    notes.extend(broken.map(|panic| format!("the scheduler panicked: {panic}")));
    let interrupted = interrupt.pending();
    runtime.shutdown_timeout(Duration::from_secs(1));
    let outcomes = shown?;
    Ok(RunOutcome {
        outdated: known::outdated(plan, &outcomes, known::today()),
        untested: untested_features(plan, outcomes.iter().map(|outcome| (&*outcome.name, outcome.verdict))),
        outcomes,
        leaks: work.pool.leaks(),
        unknown: work.pool.unknown(),
        notes,
        remarks: work.pool.remarks(),
        interrupted,
        elapsed: begun.elapsed(),
    })
}

/// What the side that prints knows of a run.
struct Showing {
    plan: Arc<Plan>,
    queue: Arc<OutcomeQueue>,
    starts: Arc<StartingInstances>,
    reproduce: String,
    known_failures: Option<String>,
}

impl Showing {
    /// Waits for the outcome of a trial and shows meanwhile what goes on, behind so many columns that are printed.
    fn wait(&self, index: usize, printed: usize, progress: &mut Progress) -> Outcome {
        let name_of = |trial: usize| self.plan.trials.get(trial).map(|trial| trial.name.clone()).unwrap_or_default();
        let outcome = self.queue.wait(index, TICK, |activity| {
            progress.show(printed, name_of, &activity, &self.starts.now());
        });
        progress.hide();
        outcome.unwrap_or_else(|| trial::skipped(&self.plan.trials[index], &Skip::not_run(self.queue.why_closed())))
    }
}

/// Says that a signal was heard, and what the next one does: stopping may take as long as the graces of what runs.
fn announce() {
    use std::io::Write;
    // The line that is being printed, if any, is not over.
    let _ = writeln!(std::io::stderr(), "\nstopping what was started; Ctrl-C again kills it");
}

/// The side that works: shared by all workers.
struct Workers {
    plan: Arc<Plan>,
    pool: Pool,
    dispatcher: Mutex<Dispatcher>,
    freed: Notify,
    judging: Arc<Judging>,
    seen: SeenResponses,
    flaky: Flaky,
    repeat: u32,
    most_failures: Option<usize>,
    queue: Arc<OutcomeQueue>,
}

impl Workers {
    fn new(
        plan: &Arc<Plan>,
        selected: &[usize],
        settings: &RunSettings,
        open: Arc<Open>,
        judging: Arc<Judging>,
        (queue, starts): (Arc<OutcomeQueue>, Arc<StartingInstances>),
    ) -> Self {
        let mut users = vec![0; plan.instances.len()];
        for &index in selected {
            for instance in plan.trials[index].instances() {
                users[instance] += 1;
            }
        }
        let first_instance = |index: usize| plan.trials[index].calls.first().map_or(0, |call| call.instance);
        let at_once = |index: usize| plan.trials[index].instances_at_once();
        let lanes = selected.iter().map(|&index| (index, first_instance(index), at_once(index)));
        Self {
            plan: Arc::clone(plan),
            pool: Pool::new(open, users, settings.instances).heard_by(starts),
            dispatcher: Mutex::new(Dispatcher::new(lanes, settings.instances, settings.calls_per_instance)),
            freed: Notify::new(),
            judging,
            seen: SeenResponses::of(plan, selected),
            flaky: settings.flaky,
            repeat: settings.repeat.max(1),
            most_failures: settings.most_failures,
            queue,
        }
    }

    /// Runs all trials, until a signal comes, which `announce` tells, or the receiver is gone; then stops everything.
    async fn carry_out(self: Arc<Self>, workers: usize, interrupt: Interrupt, abandoned: Arc<Notify>, announce: fn()) {
        let mut team = JoinSet::new();
        for _ in 0..workers {
            team.spawn(Arc::clone(&self).work());
        }
        let finished = async { while team.join_next().await.is_some() {} };
        tokio::select! {
            () = finished => {}
            _ = interrupt.received() => announce(),
            () = abandoned.notified() => {}
        }
        team.shutdown().await;
        self.pool.stop_all(interrupt.urged()).await;
        self.queue.close();
    }

    async fn work(self: Arc<Self>) {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            match self.next() {
                Next::Finished => return,
                Next::Wait => freed.await,
                Next::Take { trial, lane } => {
                    self.queue.begin(trial);
                    let outcome = self.attend(trial).await;
                    self.queue.end(trial, outcome);
                    for instance in self.plan.trials[trial].instances() {
                        self.pool.leave(instance).await;
                    }
                    self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner).done(lane);
                    self.freed.notify_waiters();
                }
            }
        }
    }

    fn next(&self) -> Next {
        let wrong = self.queue.wrong();
        if self.most_failures.is_some_and(|most| wrong >= most) {
            let cases = count(wrong, "case");
            self.queue.end_early(format!("not run, because {cases} had gone wrong"));
            return Next::Finished;
        }
        self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Runs one trial; a panic in it is that trial's error alone.
    async fn attend(&self, index: usize) -> Outcome {
        let trial = &self.plan.trials[index];
        let settings = (self.flaky, self.repeat);
        let running = trial::run_trial(trial, &self.pool, &self.judging, &self.seen, settings);
        // A task of its own would cost more than a small case.
        AssertUnwindSafe(running).catch_unwind().await.unwrap_or_else(|panic| {
            let message = panic.downcast_ref::<&str>().copied();
            let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            let cause = message.map(|message| format!(": {message}")).unwrap_or_default();
            let finding = Finding::unjudged("harness", format!("hydrotest itself failed in this case{cause}"));
            Outcome {
                verdict: Verdict::Error,
                findings: vec![finding],
                reason: None,
                attempts: 1,
                ..trial::skipped(trial, &Skip::not_run(""))
            }
        })
    }
}
