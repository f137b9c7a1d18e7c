//! Runs a plan: workers run trials side by side, outcomes are printed in plan order, and signals end the run early. Never returns before
//! everything that it started is stopped.
//!
//! The calling thread prints and only waits for outcomes. The work is done by tasks under `dispatch`, which know instances, limits,
//! deadlines and retries. So the output keeps the order of the plan, and the work does not have to.

mod calling;
mod case_lines;
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
pub use trial::Flaky;
pub use trials::{Colours, Matching, TrialFormat, Trials};
pub(crate) use untested::untested_features;

use dispatch::{Dispatcher, Next};
use outcome_queue::OutcomeQueue;
use pool::Pool;
use progress::Progress;
use seen_responses::SeenResponses;
use starting::StartingInstances;

/// How often the live line is updated.
const TICK: Duration = Duration::from_millis(100);

/// Most trials at once, unless the user asks for more.
const MOST_WORKERS: usize = 256;

/// How a plan is run.
#[derive(Default)]
pub struct RunSettings {
    /// Which trials, and how they are shown.
    pub trials: Trials,
    /// Instances that may run at once.
    pub instances: usize,
    /// Calls that may run at once on one instance.
    pub calls_per_instance: usize,
    /// Whether a case may pass in a retry after the backend failed it.
    pub flaky: Flaky,
    /// The command line that runs one case again, up to its name.
    pub reproduce: String,
    /// The record that gets the outcome of each case as it ends.
    pub(crate) record: Option<Arc<LiveRecord>>,
    /// Number of wrong cases after which the rest is not run.
    pub(crate) most_failures: Option<usize>,
    /// How often each case is run, at least once. It passes if it passes every time.
    pub(crate) repeat: u32,
    /// A line that says where to add an entry for a known failure. `None` offers no entry.
    pub known_failures: Option<String>,
}

impl RunSettings {
    /// The default number of trials at once: the number of processors, or of calls that instances elsewhere take at once if it is larger.
    /// Instances without a limit of calls are in this process.
    fn default_workers(&self) -> usize {
        let per_instance = if self.calls_per_instance == usize::MAX { 1 } else { self.calls_per_instance };
        self.instances.saturating_mul(per_instance).clamp(processors(), MOST_WORKERS.max(processors()))
    }
}

/// The number of processors that this process may use.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The selected trials of a plan, one per line, as libtest lists tests.
#[must_use]
pub fn list(plan: &Plan, selecting: &Trials) -> String {
    let mut lines = String::new();
    for index in selecting.select(plan) {
        lines.push_str(&plan.trials[index].name);
        lines.push_str(": test\n");
    }
    lines
}

/// Runs the selected trials of a plan. `open` opens instances, and `judging` handles their responses.
///
/// Prints nothing if no trial is selected: the report's conclusion says so.
///
/// # Errors
/// If the system gives no threads or refuses signal handlers, or if the output cannot be written.
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
    let wanted: Vec<usize> = selected.iter().copied().filter(|&index| plan.trials[index].skip.is_none()).collect();
    showing.queue.expect(wanted.len());
    for &index in &selected {
        let trial = &plan.trials[index];
        if let Some(skip) = &trial.skip {
            showing.queue.end(index, trial::skipped(trial, skip));
        }
    }

    let workers = settings.trials.workers.unwrap_or_else(|| settings.default_workers()).max(1);
    // Judging computes over whole arrays. One more thread than can judge at once, so that servers never have to wait.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers + 1).enable_all().build()?;
    let interrupt = Interrupt::listen(runtime.handle())?;
    let shared = (Arc::clone(&showing.queue), Arc::clone(&showing.starts));
    let work = Arc::new(Workers::new(plan, &wanted, settings, open, judging, shared));
    let abandoned = Arc::new(Notify::new());
    let carrying_out = Arc::clone(&work).carry_out(workers, interrupt.clone(), Arc::clone(&abandoned), announce);
    let running = runtime.spawn(carrying_out);
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
    let interrupted = interrupt.pending();
    runtime.shutdown_timeout(Duration::from_secs(1));
    let outcomes = shown?;
    let mut report = work.pool.report();
    report.notes.extend(broken.map(|panic| format!("the scheduler panicked: {panic}")));
    Ok(RunOutcome {
        outdated: known::outdated(plan, &outcomes, known::today()),
        untested: untested_features(plan, outcomes.iter().map(|outcome| (&*outcome.name, outcome.verdict))),
        outcomes,
        interrupted,
        elapsed: begun.elapsed(),
        ..report
    })
}

/// Runs these trials of a plan on the caller's runtime without printing, and returns their outcomes in the same order. Stops everything
/// that it started before it returns, also after a signal.
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
        interrupted: interrupt.pending(),
        elapsed: begun.elapsed(),
        ..work.pool.report()
    }
}

/// The state of the thread that prints.
struct Showing {
    plan: Arc<Plan>,
    queue: Arc<OutcomeQueue>,
    starts: Arc<StartingInstances>,
    reproduce: String,
    known_failures: Option<String>,
}

impl Showing {
    /// Waits for the outcome of a trial, and shows the progress meanwhile behind the columns that are already printed.
    fn wait(&self, index: usize, printed: usize, progress: &mut Progress) -> Outcome {
        let name_of = |trial: usize| self.plan.trials.get(trial).map(|trial| trial.name.clone()).unwrap_or_default();
        let outcome = self.queue.wait(index, TICK, |activity| {
            progress.show(printed, name_of, &activity, &self.starts.now());
        });
        progress.hide();
        outcome.unwrap_or_else(|| trial::skipped(&self.plan.trials[index], &Skip::not_run(self.queue.why_closed())))
    }
}

/// Reports a signal and the effect of the next one, because stopping may take all grace periods.
fn announce() {
    use std::io::Write;
    // Begins a new line, because a line may be unfinished.
    let _ = writeln!(std::io::stderr(), "\nstopping what was started; Ctrl-C again kills it");
}

/// The state of all workers.
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
        let lanes = selected.iter().map(|&index| {
            let trial = &plan.trials[index];
            (index, trial.calls.first().map_or(0, |call| call.instance), trial.instances_at_once())
        });
        Self {
            plan: Arc::clone(plan),
            pool: Pool::new(open, users, settings.instances, starts),
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

    /// Runs all trials and stops everything. Ends early after a signal, which `announce` reports, or if `abandoned` is notified.
    async fn carry_out(self: Arc<Self>, workers: usize, interrupt: Interrupt, abandoned: Arc<Notify>, announce: fn()) {
        let mut team = JoinSet::new();
        for _ in 0..workers {
            team.spawn(Arc::clone(&self).work());
        }
        let finished = async { while team.join_next().await.is_some() {} };
        tokio::select! {
            () = finished => {}
            () = interrupt.received() => announce(),
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
            self.queue.end_early(format!("not run, because {} had gone wrong", count(wrong, "case")));
            return Next::Finished;
        }
        self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Runs one trial. A panic is an error of this trial only.
    async fn attend(&self, index: usize) -> Outcome {
        let trial = &self.plan.trials[index];
        let running = trial::run_trial(trial, &self.pool, &self.judging, &self.seen, (self.flaky, self.repeat));
        // A task for each would cost more than a small case.
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
