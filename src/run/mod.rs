//! Runs a plan: workers carry out trials side by side, libtest-mimic prints them in plan order, signals end it early, and
//! whatever was started is stopped before it returns.
//!
//! libtest-mimic runs one trial at a time on the calling thread, and a trial only waits for its outcome: the work itself
//! is done by tasks under `dispatch`, which know instances, limits, deadlines and retries. So the output keeps the order
//! of the plan while the work does not have to.

mod dispatch;
mod interrupt;
mod judging;
mod outcome_queue;
mod pool;
mod progress;
mod scenario;
mod seen_answers;
mod shrink;
mod silent;
mod start_log;
mod starting;
#[cfg(test)]
mod tests;
mod trial;
mod trials;
mod upstream;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::check::Finding;
use crate::outcome::{Outcome, RunOutcome, Verdict};
use crate::plan::Plan;

pub(crate) use interrupt::Interrupt;
pub use judging::{AnswerOrigin, Judging};
pub use pool::Open;
pub(crate) use shrink::{ShrinkRequest, shrink};
pub(crate) use silent::run_silently;
pub use trial::Flaky;
pub use trials::{Colours, Matching, TrialFormat, Trials, Which};

use dispatch::{Dispatcher, Next};
use outcome_queue::OutcomeQueue;
use pool::Pool;
use progress::Progress;
use seen_answers::SeenAnswers;
use starting::StartingInstances;

/// How often the live line is renewed.
const TICK: Duration = Duration::from_millis(100);

/// How a plan is run.
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
}

/// Lists the selected trials of a plan without running any; returns how many there are.
#[must_use]
pub fn list(plan: &Plan, selecting: &Trials) -> usize {
    let arguments = selecting.arguments();
    let trials: Vec<Trial> = plan
        .trials
        .iter()
        .map(|trial| Trial::test(&trial.name, || Ok(())))
        .collect();
    let selected = trials.iter().filter(|trial| !arguments.is_filtered_out(trial)).count();
    let _ = libtest_mimic::run(
        &Arguments {
            list: true,
            ..arguments
        },
        trials,
    );
    selected
}

/// Runs the selected trials of a plan. Instances are opened by `open`; `judging` says what becomes of their answers.
///
/// A plan of which nothing is selected prints nothing: the report's conclusion says so.
///
/// # Errors
/// When the system gives no threads or refuses signal handlers, or when the output goes away.
pub fn run(
    plan: &Arc<Plan>,
    settings: &RunSettings,
    open: Box<Open>,
    judging: Arc<Judging>,
) -> std::io::Result<RunOutcome> {
    let begun = Instant::now();
    let queue = Arc::new(OutcomeQueue::default());
    let collected = Arc::new(Mutex::new(Vec::new()));
    let context = Arc::new(Printing {
        plan: Arc::clone(plan),
        queue,
        starts: Arc::default(),
        collected,
        format: settings.trials.format,
        reproduce: settings.reproduce.clone(),
    });
    let (trials, selected) = context.trials(&settings.trials);
    if selected.is_empty() {
        return Ok(RunOutcome {
            elapsed: begun.elapsed(),
            ..RunOutcome::default()
        });
    }
    let (left_out, selected): (Vec<usize>, Vec<usize>) = selected
        .into_iter()
        .partition(|&index| plan.trials[index].skip.is_some());
    context.queue.expect(selected.len());
    for index in left_out {
        let trial = &plan.trials[index];
        let reason = trial.skip.as_deref().unwrap_or_default();
        context.queue.end(index, Outcome::skipped(&trial.name, reason));
    }

    let workers = settings.trials.workers.unwrap_or_else(default_workers).max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers + 1)
        .enable_all()
        .build()?;
    let interrupt = {
        let _inside = runtime.enter();
        Interrupt::listen()?
    };
    let shared = (Arc::clone(&context.queue), Arc::clone(&context.starts));
    let work = Arc::new(Workers::new(plan, &selected, settings, open, judging, shared));
    let abandoned = Arc::new(Notify::new());
    let running =
        runtime.spawn(Arc::clone(&work).carry_out(workers, interrupt.clone(), Arc::clone(&abandoned), announce));

    // libtest-mimic panics when its output goes away (a closed pipe); what was started has to be stopped all the same.
    let arguments = Arguments {
        test_threads: Some(1),
        ..settings.trials.arguments()
    };
    let printed = catch_unwind(AssertUnwindSafe(|| libtest_mimic::run(&arguments, trials)));
    if printed.is_err() {
        abandoned.notify_one();
    }
    let broken = runtime.block_on(running).err();
    let mut notes = work.pool.notes();
    notes.extend(broken.map(|panic| format!("the scheduler panicked: {panic}")));
    let interrupted = interrupt.pending();
    runtime.shutdown_timeout(Duration::from_secs(1));
    if printed.is_err() {
        return Err(std::io::Error::new(
            std::io::ErrorKind::BrokenPipe,
            "its output could not be written",
        ));
    }
    let outcomes = std::mem::take(&mut *context.collected.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(RunOutcome {
        outdated: upstream::stale(plan, &outcomes),
        outcomes,
        leaks: work.pool.leaks(),
        unknown: work.pool.unknown(),
        notes,
        remarks: work.pool.remarks(),
        interrupted,
        elapsed: begun.elapsed(),
    })
}

/// Says that a signal was heard, and what the next one does: stopping may take as long as the graces of what runs.
fn announce() {
    use std::io::Write;
    // The line that is being printed, if any, is not over.
    let _ = writeln!(std::io::stderr(), "\nstopping what was started; Ctrl-C again kills it");
}

/// The default number of concurrent trials: the number of processors.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The side that prints: trials that wait for their outcome and collect it in plan order.
struct Printing {
    plan: Arc<Plan>,
    queue: Arc<OutcomeQueue>,
    starts: Arc<StartingInstances>,
    collected: Arc<Mutex<Vec<Outcome>>>,
    format: TrialFormat,
    reproduce: String,
}

impl Printing {
    /// One libtest-mimic trial per planned one, and the indices of those that its filters select.
    fn trials(self: &Arc<Self>, selecting: &Trials) -> (Vec<Trial>, Vec<usize>) {
        let arguments = selecting.arguments();
        let progress = Arc::new(Mutex::new(match selecting.format {
            TrialFormat::Terse => Progress::off(),
            // There is no line of its own behind which anything could stand.
            TrialFormat::Json => Progress::lines(),
            TrialFormat::Pretty => Progress::detect(),
        }));
        let width = self.plan.trials.iter().map(|trial| trial.name.len()).max().unwrap_or(0);
        let mut selected = Vec::new();
        let mut trials = Vec::with_capacity(self.plan.trials.len());
        for (index, planned) in self.plan.trials.iter().enumerate() {
            let context = Arc::clone(self);
            let progress = Arc::clone(&progress);
            let trial = Trial::ignorable_test(&planned.name, move || context.settle(index, width, &progress));
            if !arguments.is_filtered_out(&trial) {
                selected.push(index);
            }
            trials.push(trial);
        }
        (trials, selected)
    }

    /// The story of a case that went wrong: all of it for a program, what a person reads of it else.
    fn explain(&self, outcome: &Outcome) -> String {
        if self.format == TrialFormat::Json {
            return outcome.explain(&self.reproduce);
        }
        let shortened = Outcome {
            findings: outcome.findings.iter().map(Finding::shortened).collect(),
            ..outcome.clone()
        };
        shortened.explain(&self.reproduce)
    }

    /// Waits for an outcome, notes it, and says to libtest-mimic what to print.
    fn settle(&self, index: usize, width: usize, progress: &Mutex<Progress>) -> Result<Completion, Failed> {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        let printed = "test  ... ".len() + width;
        let name_of = |trial: usize| {
            self.plan
                .trials
                .get(trial)
                .map(|trial| trial.name.clone())
                .unwrap_or_default()
        };
        let outcome = self.queue.wait(index, TICK, |activity| {
            progress.show(printed, name_of, &activity, &self.starts.now());
        });
        progress.hide();
        let outcome = outcome.unwrap_or_else(|| Outcome::skipped(name_of(index), "interrupted"));
        let said = match outcome.verdict {
            Verdict::Pass | Verdict::ExpectedFailure => Ok(Completion::Completed),
            Verdict::Skip => Ok(Completion::ignored_with(outcome.reason.as_deref().unwrap_or("skipped"))),
            Verdict::KnownUpstream => Ok(Completion::ignored_with(format!(
                "known upstream: {}",
                outcome.reason.as_deref().unwrap_or_default()
            ))),
            Verdict::Fail | Verdict::Error | Verdict::UnexpectedPass | Verdict::Stale => {
                Err(Failed::from(self.explain(&outcome)))
            }
        };
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(outcome);
        said
    }
}

/// The side that works: shared by all workers.
struct Workers {
    plan: Arc<Plan>,
    pool: Pool,
    dispatcher: Mutex<Dispatcher>,
    freed: Notify,
    judging: Arc<Judging>,
    seen: SeenAnswers,
    flaky: Flaky,
    queue: Arc<OutcomeQueue>,
}

impl Workers {
    fn new(
        plan: &Arc<Plan>,
        selected: &[usize],
        settings: &RunSettings,
        open: Box<Open>,
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
        let lanes = selected
            .iter()
            .map(|&index| (index, first_instance(index), at_once(index)));
        Self {
            plan: Arc::clone(plan),
            pool: Pool::new(open, users, settings.instances).heard_by(starts),
            dispatcher: Mutex::new(Dispatcher::new(lanes, settings.instances, settings.calls_per_instance)),
            freed: Notify::new(),
            judging,
            seen: SeenAnswers::of(plan, selected),
            flaky: settings.flaky,
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
                    self.dispatcher
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .done(lane);
                    self.freed.notify_waiters();
                }
            }
        }
    }

    fn next(&self) -> Next {
        self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Runs one trial; a panic in it is that trial's error alone.
    async fn attend(self: &Arc<Self>, index: usize) -> Outcome {
        let work = Arc::clone(self);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let trial = &work.plan.trials[index];
            trial::run_trial(trial, &work.pool, &work.judging, &work.seen, work.flaky).await
        });
        match task.join_next().await {
            Some(Ok(outcome)) => outcome,
            broken => {
                let cause = broken
                    .and_then(Result::err)
                    .map_or_else(String::new, |error| format!(": {error}"));
                let finding = Finding::unjudged("harness", format!("hydrotest itself failed in this case{cause}"));
                Outcome {
                    verdict: Verdict::Error,
                    findings: vec![finding],
                    reason: None,
                    attempts: 1,
                    ..Outcome::skipped(&self.plan.trials[index].name, "")
                }
            }
        }
    }
}
