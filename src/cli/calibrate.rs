//! `hydrotest calibrate`: repeats the calls that have recorded results, each time on fresh instances, and keeps by how much
//! the answers differ beside the snapshots, so that later comparisons know noise from difference.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use super::arguments::CalibrateArguments;
use super::world::World;
use super::{Trouble, complain, reproduce, say};
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::check::{self, Answer, Evidence, Measured};
use crate::outcome::Conclusion;
use crate::plan::{Overriding, PlannedTrial, Selection, expand};
use crate::prediction::Contract;
use crate::run::{self, Judged, Trials};
use crate::snapshot::{Contents, Floors, Recording, SnapshotKey, Store};

/// The answers to one recorded call.
struct Repeats {
    contract: Arc<Contract>,
    answers: Vec<Contents>,
}

type Collected = BTreeMap<SnapshotKey, Repeats>;

/// Repeats what was asked for and writes the floors.
pub fn calibrate(arguments: &CalibrateArguments) -> Result<u8, Trouble> {
    let world = World::read(&arguments.places)?;
    let selection = Selection {
        models: arguments.model.clone(),
        suites: arguments.suite.clone(),
        shard: None,
    };
    world.check(&selection)?;
    let selector = arguments.backend.as_deref().unwrap_or(&world.config.default);
    let platform = Arc::new(Platform::select(&world.config, selector, Overrides::default())?);
    let overriding = Overriding::default();
    let mut plan = expand(&world.config, &world.suites, &platform.table, &selection, overriding)?;
    let weights = platform.weights.clone();
    plan.trials
        .retain(|trial| trial.snapshot_keys(&weights).next().is_some());
    let plan = Arc::new(plan);
    let store = Store::new(&world.snapshots, Recording::Never)?;
    let collected: Arc<Mutex<Collected>> = Arc::default();
    for repeat in 1..=arguments.repeats {
        if !plan.trials.is_empty() {
            say(&format!("repeat {repeat} of {}\n", arguments.repeats));
        }
        let settings = run::Settings {
            instances: platform.table.max_instances,
            calls_per_instance: platform.calls_per_instance(),
            flaky: run::Flaky::Fails,
            reproduce: reproduce::command(selector, &Overrides::default(), &arguments.places),
            trials: Trials {
                filter: arguments.filter.clone(),
                format: run::Format::Terse,
                ..Trials::default()
            },
        };
        // Every round opens instances of its own.
        let open = {
            let (plan, platform) = (Arc::clone(&plan), Arc::clone(&platform));
            move |index: usize| {
                let planned = &plan.instances[index];
                platform.open(&planned.contract, &planned.config)
            }
        };
        let judge = {
            let (collected, weights) = (Arc::clone(&collected), weights.clone());
            move |trial: &PlannedTrial, answers: &[Answer]| {
                let mut collected = collected.lock().unwrap_or_else(PoisonError::into_inner);
                collect(&mut collected, &weights, trial, answers)
            }
        };
        let report = run::run(&plan, &settings, Box::new(open), Arc::new(judge))
            .map_err(|error| Trouble::Broken(format!("the run could not go on: {error}")))?;
        let conclusion = report.conclusion();
        if conclusion != Conclusion::Conforms {
            complain(match conclusion {
                Conclusion::NothingRan => "nothing to repeat: no selected case has results to record",
                _ => "no floor was written: a call failed",
            });
            return Ok(conclusion.exit_code());
        }
    }
    let collected = collected.lock().unwrap_or_else(PoisonError::into_inner);
    say(&write_floors(&store, &collected, &platform.table.name)?);
    Ok(0)
}

/// Keeps the answers of recorded calls. Only calls that failed are findings: what the checks say does not matter here.
fn collect(collected: &mut Collected, weights: &str, trial: &PlannedTrial, answers: &[Answer]) -> Judged {
    let recorded = |answer: &&Answer| trial.checks.iter().any(|check| check.records(&answer.call));
    for answer in answers.iter().filter(recorded) {
        let contents = answer.result.as_ref().ok().map(Contents::of);
        if let (Some(Ok(contents)), Ok(key)) = (contents, trial.snapshot_key(weights, &answer.call)) {
            let repeats = collected.entry(key).or_insert_with(|| Repeats {
                contract: Arc::clone(&trial.contract),
                answers: Vec::new(),
            });
            repeats.answers.push(contents);
        }
    }
    let evidence = Evidence {
        suite: &trial.suite,
        case: &trial.case,
        contract: &trial.contract,
        answers,
        recorded: None,
        measured: &Measured::default(),
    };
    Judged {
        findings: check::judge(&[], &evidence),
        ..Judged::default()
    }
}

fn write_floors(store: &Store, collected: &Collected, backend: &str) -> Result<String, Trouble> {
    let mut text = String::new();
    let mut written = 0;
    for (key, repeats) in collected {
        if store.read(key)?.is_none() {
            let _ = writeln!(text, "{key}: nothing recorded, so that no floor is kept");
            continue;
        }
        let floors = Floors {
            backend: backend.to_owned(),
            repeats: repeats.answers.len(),
            fields: check::floors(&repeats.contract, &repeats.answers),
        };
        store.write_floors(key, &floors)?;
        written += 1;
        let moved = floors.fields.iter().filter(|(_, floor)| !is_perfect(floor));
        let _ = writeln!(
            text,
            "{key}: {} of {} values vary over {} repeats",
            moved.count(),
            floors.fields.len(),
            floors.repeats
        );
        if let Some(beyond) = check::beyond_gates(&repeats.contract, &repeats.answers) {
            let _ = writeln!(
                text,
                "  warning: from now on a difference passes that the gates do not allow: {beyond}; look whether that is noise"
            );
        }
    }
    let _ = writeln!(text, "{written} floors written");
    Ok(text)
}

/// Whether repeats were equal in every measure.
fn is_perfect(floor: &BTreeMap<String, f64>) -> bool {
    floor
        .values()
        .all(|worst| *worst == 0.0 || (*worst - 1.0).abs() < f64::EPSILON)
}
