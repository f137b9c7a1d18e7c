//! `hydrotest calibrate`: repeats the calls that have recorded results, each time on fresh instances, and writes the noise floors beside
//! the snapshots. Does not change a recorded result.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;

use super::output::{BROKEN, CommandError, complain, opening, say};
use super::paths::ProjectPaths;
use super::project::Project;
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::check::CallResult;
use crate::compare::floors;
use crate::metric_value::count;
use crate::outcome::Conclusion;
use crate::plan::{Checks, Plan, Selection};
use crate::prediction::{Contract, Prediction};
use crate::run::{self, Judging, Trials};
use crate::snapshot::{Floors, Recording, SnapshotKey, Store};

/// Exit code: repeats differ by more than a response may.
const REFUSED: u8 = 1;

/// Which calls to repeat, and how often.
#[derive(Debug, Args)]
pub(crate) struct CalibrateArguments {
    /// The backend to repeat on, as declared: the one that recorded the results [default: `default` in the
    /// configuration].
    #[arg(long, value_name = "NAME[:TAG]")]
    pub(crate) backend: Option<String>,
    /// How many responses of each call are compared with each other, every one from a fresh instance.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..))]
    pub(crate) repeats: u16,
    /// Write a floor also where repeats differ by more than a response may from a recorded one.
    #[arg(long)]
    pub(crate) accept_noise: bool,
    /// Only cases whose name, `model::suite::case`, contains this.
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// Only this model; may be repeated or separated by commas.
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub(crate) model: Vec<String>,
    /// Only this suite; may be repeated or separated by commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) suite: Vec<String>,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// The responses to one recorded call.
struct CalibratedCall {
    contract: Arc<Contract>,
    checks: Checks,
    responses: Vec<Prediction>,
}

impl CalibratedCall {
    /// The paths at which two responses differ by more than a response may from a recorded one. The cause may be noise, or a backend
    /// that is wrong now and then.
    fn beyond(&self) -> BTreeSet<String> {
        let mut beyond = BTreeSet::new();
        for (place, one) in self.responses.iter().enumerate() {
            for other in &self.responses[place + 1..] {
                beyond.extend(self.checks.iter().flat_map(|check| check.beyond(&self.contract, one, other)));
            }
        }
        beyond
    }
}

type Collected = BTreeMap<SnapshotKey, CalibratedCall>;

/// Repeats the selected calls and writes the floors.
pub(super) fn calibrate(arguments: &CalibrateArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let mut selection =
        Selection { models: arguments.model.clone(), suites: arguments.suite.clone(), ..Selection::default() };
    project.check(&selection)?;
    let selector = project.selector(arguments.backend.as_deref());
    let platform = Arc::new(Platform::select(&project.config, selector, Overrides::default())?);
    selection.weights = Some(platform.weights.clone());
    let mut plan = project.plan(&platform.table.by_shared_gates(), &selection)?;
    plan.trials.retain(|trial| trial.snapshot_keys(&platform.weights).next().is_some());
    let planned = plan.trials.len();
    // A server that runs already has a fixed configuration.
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
            reproduce: arguments.places.run_line(selector, &Overrides::default()),
            trials: Trials {
                filters: arguments.filter.iter().cloned().collect(),
                format: run::TrialFormat::Terse,
                ..Trials::default()
            },
            ..run::RunSettings::default()
        };
        // Every round opens instances of its own.
        let open = opening(&plan, Arc::clone(&platform));
        let judging = Arc::new(Judging::Answers(Mutex::default()));
        let mut report = run::run(&plan, &settings, open, Arc::clone(&judging))
            .map_err(CommandError::because("the run could not go on"))?;
        if let Judging::Answers(responses) = &*judging {
            let responses = std::mem::take(&mut *responses.lock().unwrap_or_else(PoisonError::into_inner));
            collect(&mut collected, &platform.weights, &plan, responses);
        }
        // No check judged the responses, so that no entry of a known failure is shown to be out of date.
        report.outdated.clear();
        if let Some((sentence, code)) = refusal(report.conclusion()) {
            complain(sentence);
            return Ok(code);
        }
    }
    let refused = write_floors(&store, &collected, &platform.table.name, arguments)?;
    if refused == 0 {
        return Ok(0);
    }
    let refused = count(refused, "floor");
    let advice = "look whether the backend is right every time; `--accept-noise` writes them all the same";
    complain(&format!("error: {refused} refused: {advice} (exit code {REFUSED})"));
    Ok(REFUSED)
}

/// Why no floor is written after a round, and the exit code. `None` if all its calls have a response.
const fn refusal(conclusion: Conclusion) -> Option<(&'static str, u8)> {
    let sentence = match conclusion {
        Conclusion::Conforms => return None,
        Conclusion::NothingRan => "nothing to repeat: no selected case has results to record",
        Conclusion::KnownFailures => {
            // A run would succeed, but without a response there is nothing to calibrate by.
            return Some(("no floor was written: a call failed, as is known of the backend", BROKEN));
        }
        Conclusion::Interrupted(_) => "no floor was written: a signal ended the repeats",
        _ => "no floor was written: a call failed",
    };
    Some((sentence, conclusion.exit_code()))
}

/// Sorts the responses of one round by their calls.
fn collect(collected: &mut Collected, weights: &str, plan: &Plan, responses: Vec<(String, CallResult)>) {
    for (name, response) in responses {
        let Some(trial) = plan.trials.iter().find(|trial| trial.name == name) else { continue };
        if let Ok(key) = trial.snapshot_key(weights, &response.call) {
            let repeats = collected.entry(key).or_insert_with(|| CalibratedCall {
                contract: Arc::clone(&trial.contract),
                checks: Arc::clone(&trial.checks),
                responses: Vec::new(),
            });
            repeats.responses.extend(response.result);
        }
    }
}

/// Writes the floors and shows them. Returns how many were refused.
fn write_floors(
    store: &Store,
    collected: &Collected,
    backend: &str,
    arguments: &CalibrateArguments,
) -> Result<usize, CommandError> {
    let (mut text, mut written, mut refused) = (String::new(), 0, 0);
    for (key, repeats) in collected {
        if store.read(key)?.is_none() {
            // A call that must fail has nothing recorded either.
            if repeats.responses.is_empty() {
                continue;
            }
            let _ = writeln!(text, "{key}: nothing recorded, so that no floor is kept");
            continue;
        }
        let (responses, expected) = (repeats.responses.len(), usize::from(arguments.repeats));
        if responses < expected {
            // A call with a known defect may fail in some repeats only. The others do not show all of the noise.
            let _ = writeln!(text, "{key}: {responses} of {expected} repeats responded, so that no floor is written");
            continue;
        }
        let floors = Floors {
            backend: backend.to_owned(),
            repeats: responses,
            fields: floors(&repeats.contract, &repeats.responses),
            accepted: repeats.beyond().into_iter().collect(),
        };
        let beyond = floors.accepted.join(", ");
        if !beyond.is_empty() && !arguments.accept_noise {
            refused += 1;
            let _ = writeln!(text, "{key}: refused: repeats differ by more than a response may, in {beyond}");
            continue;
        }
        store.write_floors(key, &floors)?;
        written += 1;
        let moved = floors.fields.values().filter(|floor| !is_perfect(floor)).count();
        let (values, repeats) = (floors.fields.len(), floors.repeats);
        let _ = writeln!(text, "{key}: {moved} of {values} values vary over {repeats} repeats");
        if !beyond.is_empty() {
            let _ = writeln!(text, "  accepted as noise, so that the check passes more than its tolerance: {beyond}");
        }
    }
    let _ = writeln!(text, "{written} floors written");
    say(&text);
    Ok(refused)
}

/// Whether repeats were equal in every metric.
fn is_perfect(floor: &BTreeMap<String, f64>) -> bool {
    floor.values().all(|worst| *worst == 0.0 || (*worst - 1.0).abs() < f64::EPSILON)
}
