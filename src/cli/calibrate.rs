//! `hydrotest calibrate`: repeats the calls that have recorded results, each time on fresh instances, and keeps by how much
//! the responses differ beside the snapshots, so that later comparisons know noise from difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use super::arguments::CalibrateArguments;
use super::project::Project;
use super::{CommandError, complain, reproduce, say};
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::check::CallResult;
use crate::compare::floors;
use crate::metric_value::count;
use crate::outcome::Conclusion;
use crate::plan::{Checks, Overriding, Plan, Selection, expand};
use crate::prediction::{Contract, Prediction};
use crate::run::{self, Judging, Trials};
use crate::snapshot::{Floors, Recording, SnapshotKey, Store};

/// The responses to one recorded call.
struct CalibratedCall {
    contract: Arc<Contract>,
    checks: Checks,
    responses: Vec<Prediction>,
}

impl CalibratedCall {
    /// The paths at which any two responses differ by more than a response may from a recorded one: that may be noise, and may be
    /// a backend that is wrong now and then.
    fn beyond(&self) -> BTreeSet<String> {
        let mut beyond = BTreeSet::new();
        for (place, one) in self.responses.iter().enumerate() {
            for other in &self.responses[place + 1..] {
                let checks = self.checks.iter();
                beyond.extend(checks.flat_map(|check| check.beyond(&self.contract, one, other)));
            }
        }
        beyond
    }
}

type Collected = BTreeMap<SnapshotKey, CalibratedCall>;

/// Repeats what was asked for and writes the floors.
pub(crate) fn calibrate(arguments: &CalibrateArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let mut selection = Selection {
        models: arguments.model.clone(),
        suites: arguments.suite.clone(),
        level: None,
        shard: None,
        weights: None,
    };
    project.check(&selection)?;
    let selector = arguments.backend.as_deref().unwrap_or(&project.config.default);
    let platform = Arc::new(Platform::select(&project.config, selector, Overrides::default())?);
    selection.weights = Some(platform.weights.clone());
    let overriding = Overriding::default();
    let mut plan = expand(&project.config, &project.suites, &platform.table.by_shared_gates(), &selection, overriding)?;
    let weights = platform.weights.clone();
    plan.trials.retain(|trial| trial.snapshot_keys(&weights).next().is_some());
    let planned = plan.trials.len();
    // A server that runs already cannot be asked what it is not configured for.
    plan.trials
        .retain(|trial| trial.calls.iter().all(|call| platform.unsupported(&trial.contract, &call.config).is_none()));
    if plan.trials.len() < planned {
        let skipped = count(planned - plan.trials.len(), "case");
        say(&format!("{skipped} skipped: backend `{}` is not configured for them\n", platform.table.name));
    }
    let plan = Arc::new(plan);
    let store = Store::new(&project.snapshots, Recording::Never)?;
    let mut collected = Collected::new();
    for repeat in 1..=arguments.repeats {
        if !plan.trials.is_empty() {
            say(&format!("repeat {repeat} of {}\n", arguments.repeats));
        }
        let settings = run::RunSettings {
            instances: platform.table.max_instances,
            calls_per_instance: platform.calls_per_instance(),
            flaky: run::Flaky::Fails,
            known_failures: None,
            reproduce: reproduce::command(selector, &Overrides::default(), &arguments.places),
            trials: Trials {
                filters: arguments.filter.iter().cloned().collect(),
                format: run::TrialFormat::Terse,
                ..Trials::default()
            },
            ..run::RunSettings::default()
        };
        // Every round opens instances of its own.
        let open = {
            let (plan, platform) = (Arc::clone(&plan), Arc::clone(&platform));
            move |index: usize| {
                let planned = &plan.instances[index];
                platform.open(&planned.contract, &planned.config)
            }
        };
        let judging = Arc::new(Judging::Answers(Mutex::default()));
        let report = run::run(&plan, &settings, Box::new(open), Arc::clone(&judging))
            .map_err(|error| CommandError::Broken(format!("the run could not go on: {error}")))?;
        if let Judging::Answers(responses) = &*judging {
            let responses = std::mem::take(&mut *responses.lock().unwrap_or_else(PoisonError::into_inner));
            collect(&mut collected, &weights, &plan, responses);
        }
        let conclusion = report.conclusion();
        if conclusion != Conclusion::Conforms {
            complain(match conclusion {
                Conclusion::NothingRan => "nothing to repeat: no selected case has results to record",
                _ => "no floor was written: a call failed",
            });
            return Ok(conclusion.exit_code());
        }
    }
    let written = write_floors(&store, &collected, &platform.table.name, NoisyRepeats::of(arguments))?;
    say(&written.text);
    if written.refused == 0 {
        return Ok(0);
    }
    let refused = count(written.refused, "floor");
    let advice = "look whether the backend is right every time; `--accept-noise` writes them all the same";
    complain(&format!("error: {refused} refused: {advice} (exit code {REFUSED})"));
    Ok(REFUSED)
}

/// A backend that does not answer twice alike.
const REFUSED: u8 = 1;

/// What to do with repeats that differ by more than a response may.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NoisyRepeats {
    Refused,
    Accepted,
}

impl NoisyRepeats {
    const fn of(arguments: &CalibrateArguments) -> Self {
        if arguments.accept_noise { Self::Accepted } else { Self::Refused }
    }
}

/// What became of floors.
#[derive(Default)]
struct Written {
    text: String,
    refused: usize,
}

/// Sorts the responses of one round by their calls.
fn collect(collected: &mut Collected, weights: &str, plan: &Plan, responses: Vec<(String, CallResult)>) {
    for (name, response) in responses {
        let Some(trial) = plan.trials.iter().find(|trial| trial.name == name) else {
            continue;
        };
        if let (Ok(prediction), Ok(key)) = (response.result, trial.snapshot_key(weights, &response.call)) {
            let repeats = collected.entry(key).or_insert_with(|| CalibratedCall {
                contract: Arc::clone(&trial.contract),
                checks: Arc::clone(&trial.checks),
                responses: Vec::new(),
            });
            repeats.responses.push(prediction);
        }
    }
}

fn write_floors(
    store: &Store,
    collected: &Collected,
    backend: &str,
    noise: NoisyRepeats,
) -> Result<Written, CommandError> {
    let mut all = Written::default();
    let mut written = 0;
    for (key, repeats) in collected {
        if store.read(key)?.is_none() {
            let _ = writeln!(all.text, "{key}: nothing recorded, so that no floor is kept");
            continue;
        }
        let floors = Floors {
            backend: backend.to_owned(),
            repeats: repeats.responses.len(),
            fields: floors(&repeats.contract, &repeats.responses),
            accepted: repeats.beyond().into_iter().collect(),
        };
        let beyond = floors.accepted.join(", ");
        if !beyond.is_empty() && noise == NoisyRepeats::Refused {
            all.refused += 1;
            let _ = writeln!(all.text, "{key}: refused: repeats differ by more than a response may, in {beyond}");
            continue;
        }
        store.write_floors(key, &floors)?;
        written += 1;
        let moved = floors.fields.iter().filter(|(_, floor)| !is_perfect(floor));
        let _ = writeln!(
            all.text,
            "{key}: {} of {} values vary over {} repeats",
            moved.count(),
            floors.fields.len(),
            floors.repeats
        );
        if !beyond.is_empty() {
            let _ =
                writeln!(all.text, "  accepted as noise, so that the check passes more than its tolerance: {beyond}");
        }
    }
    let _ = writeln!(all.text, "{written} floors written");
    Ok(all)
}

/// Whether repeats were equal in every measure.
fn is_perfect(floor: &BTreeMap<String, f64>) -> bool {
    floor.values().all(|worst| *worst == 0.0 || (*worst - 1.0).abs() < f64::EPSILON)
}
