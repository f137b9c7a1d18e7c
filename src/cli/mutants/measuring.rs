//! Runs the suites against mutants of one platform, several at once, and shows the progress. Does not report on the results.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::backend::Responsible;
use crate::backend::kind::Creates;
use crate::backend::registry::Platform;
use crate::check::needs_reference;
use crate::cli::output::{CommandError, complain, opening};
use crate::cli::references::origin;
use crate::mutant::{
    Kill, LifeCycleFault, LifeCycleMutant, Mutant, MutantBackend, MutantFault, MutantResult, MutatedCall,
    RightResponses, StopCount, is_within_tolerance,
};
use crate::outcome::{Conclusion, Outcome, RunOutcome, Verdict};
use crate::plan::{Plan, PlannedTrial};
use crate::prediction::Prediction;
use crate::run::{Interrupt, Judging, Open, PredictionOrigin, RunSettings, Trials, processors, run_silently};
use crate::snapshot::{Recording, Store};

/// What the runs of all mutants share.
pub(super) struct Measuring {
    pub(super) plan: Arc<Plan>,
    pub(super) platform: Arc<Platform>,
    pub(super) store: Store,
    pub(super) responses: Arc<RightResponses>,
}

/// The results of the mutants.
pub(super) enum Measured {
    Whole {
        results: Vec<MutantResult>,
        /// Cases that the backend does not pass itself, so that they kill no mutant.
        left_out: Vec<String>,
    },
    /// There are no results. Contains the exit code.
    Ended(u8),
}

/// The result of the backend without a fault.
struct Baseline {
    /// The cases that it passes.
    sound: Vec<usize>,
    /// The other cases with their verdicts. They kill no mutant.
    left_out: Vec<String>,
    /// The exit code of a run on it.
    code: u8,
}

impl Measuring {
    /// Gets right responses from the backend, records them as the reference, and runs every mutant.
    pub(super) async fn run(self, mutants: Vec<Arc<Mutant>>, interrupt: Interrupt) -> Result<Measured, CommandError> {
        let Baseline { sound, left_out, code } = self.baseline(&mutants, &interrupt).await;
        if let Some(signal) = interrupt.pending() {
            return Ok(Measured::Ended(Conclusion::Interrupted(signal).exit_code()));
        }
        if sound.is_empty() {
            complain("the backend itself passes no selected case, so that no fault can be told from what it does:");
            complain(&left_out.join("\n"));
            return Ok(Measured::Ended(code));
        }
        let progress = Arc::new(MutantProgress::of(mutants.len()));
        let (this, sound) = (Arc::new(self), Arc::new(sound));
        let (mutants, next) = (Arc::new(mutants), Arc::new(AtomicUsize::new(0)));
        let mut team = tokio::task::JoinSet::new();
        for _ in 0..processors() {
            let (this, sound, mutants) = (Arc::clone(&this), Arc::clone(&sound), Arc::clone(&mutants));
            let (next, interrupt, progress) = (Arc::clone(&next), interrupt.clone(), Arc::clone(&progress));
            team.spawn(async move {
                let mut results = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(mutant) = mutants.get(index).filter(|_| interrupt.pending().is_none()) else {
                        return results;
                    };
                    results.push((index, this.kill(mutant, &sound, &interrupt).await));
                    progress.one_more();
                }
            });
        }
        let mut results: Vec<(usize, MutantResult)> = Vec::new();
        while let Some(some) = team.join_next().await {
            results.extend(some.map_err(CommandError::because("a mutant could not be run"))?);
        }
        if let Some(signal) = interrupt.pending() {
            complain("interrupted: not every mutant was run, and nothing is said about the suites");
            return Ok(Measured::Ended(Conclusion::Interrupted(signal).exit_code()));
        }
        results.sort_by_key(|(index, _)| *index);
        let results = results.into_iter().map(|(_, result)| result).collect();
        Ok(Measured::Whole { results, left_out })
    }

    /// Runs the backend without a fault. Its responses become the recorded results.
    async fn baseline(&self, mutants: &[Arc<Mutant>], interrupt: &Interrupt) -> Baseline {
        let trials = (0..self.plan.trials.len()).filter(|&index| self.plan.trials[index].skip.is_none());
        let (mut scenarios, judged): (Vec<usize>, Vec<usize>) =
            trials.partition(|&index| self.plan.trials[index].scenario.is_some());
        // Faults on the wire take time, and show nothing about how the server was started.
        let needs_server = |index: usize| {
            let planned = self.plan.trials[index].scenario.as_ref();
            planned.is_some_and(|planned| planned.scenario.needs_server())
        };
        scenarios.retain(|&index| !needs_server(index) && mutants.iter().any(|mutant| mutant.life_cycle().is_some()));
        let store = self.store.with(Recording::Missing);
        let ran = self.judge(&judged, self.open(None), &store, interrupt).await;
        let of_scenarios = self.judge(&scenarios, self.open_anew(None), &self.store, interrupt).await;
        self.responses.complete();
        let mut baseline = Baseline { sound: Vec::new(), left_out: Vec::new(), code: ran.conclusion().exit_code() };
        let indices = judged.iter().chain(&scenarios);
        for (&index, outcome) in indices.zip(ran.outcomes.iter().chain(&of_scenarios.outcomes)) {
            match outcome.verdict {
                Verdict::Pass => baseline.sound.push(index),
                // A scenario that does not apply here shows nothing about mutants.
                Verdict::Skip if self.plan.trials[index].scenario.is_some() => {}
                verdict => baseline.left_out.push(format!("{}: {verdict}", outcome.name)),
            }
        }
        baseline
    }

    /// Runs the cases that a mutant can change.
    async fn kill(&self, mutant: &Arc<Mutant>, sound: &[usize], interrupt: &Interrupt) -> MutantResult {
        let is_concerned = |trial: &PlannedTrial| {
            mutant.is_for(&trial.contract.key)
                && match mutant.life_cycle() {
                    Some(fault) => trial.scenario.is_some() && fault.shows(self.leaves_something()),
                    None => trial.scenario.is_none() && self.can_change(mutant, trial),
                }
        };
        let concerned: Vec<usize> =
            sound.iter().copied().filter(|&index| is_concerned(&self.plan.trials[index])).collect();
        if concerned.is_empty() {
            let mutant = Arc::clone(mutant);
            return MutantResult { mutant, cases: 0, kills: Vec::new(), is_within_tolerance: false };
        }
        let open = match mutant.life_cycle() {
            Some(fault) => self.open_anew(Some(fault)),
            None => self.open(Some(Arc::clone(mutant))),
        };
        let run = self.judge(&concerned, open, &self.store, interrupt).await;
        // A server that dies does not conform either, but a platform that fails by itself kills no mutant.
        let is_red = |outcome: &Outcome| match outcome.verdict {
            Verdict::Fail => true,
            Verdict::Error => mutant.makes_errors() && !outcome.is_without_reference(),
            _ => false,
        };
        let kills: Vec<Kill> = run.outcomes.iter().filter(|outcome| is_red(outcome)).map(kill).collect();
        MutantResult {
            mutant: Arc::clone(mutant),
            cases: concerned.len(),
            is_within_tolerance: kills.is_empty()
                && mutant.life_cycle().is_none()
                && concerned.iter().all(|&index| self.is_within_tolerance(mutant, &self.plan.trials[index])),
            kills,
        }
    }

    /// Whether a mutant can change the result of any call of a trial.
    fn can_change(&self, mutant: &Mutant, trial: &PlannedTrial) -> bool {
        self.calls(trial).any(|(call, right)| mutant.can_change(&call, right.as_deref()))
    }

    /// Whether every response of a trial that a mutant changes is the right one within the model's tolerances.
    fn is_within_tolerance(&self, mutant: &Mutant, trial: &PlannedTrial) -> bool {
        self.calls(trial).all(|(call, right)| {
            let Some(right) = right else { return true };
            match mutant.changed(&call, &right) {
                Some(changed) => is_within_tolerance(&trial.contract, &right, &changed),
                None => !mutant.can_change(&call, Some(&right)),
            }
        })
    }

    /// The calls of a trial as the first call of a fresh instance, with their right responses.
    fn calls<'a>(
        &'a self,
        trial: &'a PlannedTrial,
    ) -> impl Iterator<Item = (MutatedCall<'a>, Option<Arc<Prediction>>)> + 'a {
        trial.calls.iter().map(|planned| {
            let right = self.responses.right(&trial.contract, &planned.config, &planned.request);
            let call = MutatedCall {
                contract: &trial.contract,
                config: &planned.config,
                request: &planned.request,
                earlier: &[],
                count: 0,
                responses: &self.responses,
            };
            (call, right)
        })
    }

    async fn judge(&self, trials: &[usize], open: Arc<Open>, store: &Store, interrupt: &Interrupt) -> RunOutcome {
        let settings = RunSettings {
            // The order of calls is part of the result: stale responses depend on it.
            trials: Trials { workers: Some(1), ..Trials::default() },
            instances: self.platform.table.max_instances,
            calls_per_instance: self.platform.calls_per_instance(),
            ..RunSettings::default()
        };
        // Judged by the gates of the contract, as real models are.
        let origin = PredictionOrigin { declared: String::new(), noise: None, ..origin(&self.platform, String::new()) };
        let judging = Judging::Checks { origin, store: store.clone(), plots: None };
        run_silently(&self.plan, trials, &settings, open, Arc::new(judging), interrupt).await
    }

    /// Whether instances of the platform are more than objects in this process.
    fn leaves_something(&self) -> bool {
        !matches!(self.platform.kind.creates, Creates::Nothing | Creates::Objects)
    }

    /// Instances that start and stop each time, with a fault in their life cycle.
    fn open_anew(&self, fault: Option<LifeCycleFault>) -> Arc<Open> {
        let Some(fault) = fault else { return opening(&self.plan, Arc::clone(&self.platform)) };
        let (plan, platform) = (Arc::clone(&self.plan), Arc::clone(&self.platform));
        let stopped = StopCount::default();
        Arc::new(move |index| {
            let planned = &plan.instances[index];
            let config = fault.configured(&planned.contract, &planned.config);
            platform.open_wrapped(&planned.contract, &config, |backend| {
                Box::new(LifeCycleMutant::new(fault, stopped.clone(), backend))
            })
        })
    }

    /// Instances whose starts and responses all mutants share.
    fn open(&self, mutant: Option<Arc<Mutant>>) -> Arc<Open> {
        let (plan, platform, responses) =
            (Arc::clone(&self.plan), Arc::clone(&self.platform), Arc::clone(&self.responses));
        Arc::new(move |index| {
            let planned = &plan.instances[index];
            let contract = &planned.contract;
            let config = match mutant.as_ref().map(|mutant| &mutant.fault) {
                Some(MutantFault::Config(change)) => change(contract, &planned.config),
                _ => planned.config.clone(),
            };
            platform.open_wrapped(contract, &config, |backend| {
                let (mutant, responses) = (mutant.clone(), Arc::clone(&responses));
                Box::new(MutantBackend::new(mutant, responses, Arc::clone(contract), config.clone(), backend))
            })
        })
    }
}

/// How a failed case kills the mutant.
fn kill(outcome: &Outcome) -> Kill {
    let wrong = || outcome.findings.iter().filter(|finding| finding.responsible != Responsible::Reference);
    let mut checks: Vec<&'static str> = Vec::new();
    for finding in wrong() {
        if !checks.contains(&finding.check) {
            checks.push(finding.check);
        }
    }
    Kill {
        case: outcome.name.clone(),
        without_reference: checks.iter().any(|check| !needs_reference(check)),
        message: wrong().next().map(ToString::to_string).unwrap_or_default(),
        hint: wrong().find_map(|finding| finding.hint.clone()),
        checks,
    }
}

/// Shows the progress on a terminal, because two minutes of silence look like a hang.
struct MutantProgress {
    mutants: usize,
    done: AtomicUsize,
    is_shown: bool,
}

impl MutantProgress {
    fn of(mutants: usize) -> Self {
        Self { mutants, done: AtomicUsize::new(0), is_shown: std::io::stderr().is_terminal() }
    }

    fn one_more(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        // Ten lines in all.
        let tenth = |done: usize| done * 10 / self.mutants.max(1);
        if self.is_shown && tenth(done) > tenth(done - 1) {
            complain(&format!("{done} of {} mutants", self.mutants));
        }
    }
}
