//! The side of a run that prints: libtest-mimic's trials, which wait for outcomes in plan order, and what they say of each. Runs no
//! case.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Completion, Failed, Trial};

use super::outcome_queue::OutcomeQueue;
use super::progress::Progress;
use super::starting::StartingInstances;
use super::{TrialFormat, Trials, known, trial};
use crate::backend::skip::Skip;
use crate::check::Finding;
use crate::outcome::{Outcome, Verdict};
use crate::plan::Plan;
use crate::prediction::known::date;

/// How often the live line is renewed.
const TICK: Duration = Duration::from_millis(100);

/// For how many days an offered entry lists its failure.
const LISTED_FOR: i64 = 90;

/// The side that prints: trials that wait for their outcome and collect it in plan order.
pub(super) struct Printing {
    pub(super) plan: Arc<Plan>,
    pub(super) queue: Arc<OutcomeQueue>,
    pub(super) starts: Arc<StartingInstances>,
    pub(super) collected: Arc<Mutex<Vec<Outcome>>>,
    pub(super) format: TrialFormat,
    pub(super) reproduce: String,
    pub(super) known_failures: Option<String>,
}

impl Printing {
    /// One libtest-mimic trial per planned one, and the indices of those that its filters select.
    pub(super) fn trials(self: &Arc<Self>, selecting: &Trials) -> (Vec<Trial>, Vec<usize>) {
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
            return outcome.explain(&self.reproduce) + &self.entry(outcome);
        }
        let shortened = Outcome {
            findings: outcome.findings.iter().map(Finding::shortened).collect(),
            ..outcome.clone()
        };
        shortened.explain(&self.reproduce) + &self.entry(outcome)
    }

    /// The entry that would list a failure as known, below the line that says where it goes.
    fn entry(&self, outcome: &Outcome) -> String {
        let place = self
            .known_failures
            .as_ref()
            .filter(|_| outcome.verdict == Verdict::Fail);
        place.map_or_else(String::new, |place| {
            let expires = date(known::today() + LISTED_FOR);
            format!("\n\n{place}\n{}", outcome.known_entry(&expires))
        })
    }

    /// The outcome of a trial that a signal kept from running.
    fn interrupted(&self, index: usize) -> Outcome {
        trial::skipped(&self.plan.trials[index], &Skip::not_run("interrupted"))
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
        let outcome = outcome.unwrap_or_else(|| self.interrupted(index));
        let said = match outcome.verdict {
            Verdict::Pass | Verdict::ExpectedFailure => Ok(Completion::Completed),
            Verdict::Skip => Ok(Completion::ignored_with(outcome.reason.as_deref().unwrap_or("skipped"))),
            Verdict::KnownFailure => Ok(Completion::ignored_with(format!(
                "known failure: {}",
                outcome.reason.as_deref().unwrap_or_default()
            ))),
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
