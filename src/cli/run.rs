//! Runs the suites on one backend: the main job. Wires configuration, plan, run and report; decides nothing itself.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use super::arguments::{OutputFormat, RunArguments};
use super::libtest::trials;
use super::project::Project;
use super::shrink::FailedCases;
use super::{BROKEN, CommandError, complain, reproduce, say};
use crate::backend::Responsible;
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::backend::skip::Skip;
use crate::config::{Diagnostic, Diagnostics, Level};
use crate::metric_value::count;
use crate::outcome::{Conclusion, RunOutcome};
use crate::plan::{Overriding, Plan, PlannedCall, Selection, expand};
use crate::prediction::contract::Tolerance;
use crate::report::console::{self, ReportHeader, RunScope};
use crate::run::{self, AnswerOrigin, Flaky, Judging, Open, Trials};
use crate::snapshot::{Recording, ReviewState, Store};
use crate::synthetic::WEIGHTS;
use crate::wire::responses::ResponseWriter;

/// Runs, or lists, what was asked for.
pub(crate) fn run(arguments: &RunArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let command = reproduce::command(selector(arguments, &project), &overrides(arguments), &arguments.places);
    run_project(arguments, &project, command)
}

fn selector<'a>(arguments: &'a RunArguments, project: &'a Project) -> &'a str {
    arguments.target.backend.as_deref().unwrap_or(&project.config.default)
}

/// The same where it is known what is declared. `reproduce` is the command line of a case up to its name; empty where a case has none.
pub(super) fn run_project(arguments: &RunArguments, project: &Project, reproduce: String) -> Result<u8, CommandError> {
    let mut selection = Selection {
        models: arguments.model.clone(),
        suites: arguments.suite.clone(),
        level: arguments.level,
        shard: arguments.shard,
        weights: None,
    };
    project.check(&selection)?;
    let selector = selector(arguments, project);
    let platform = Platform::select(&project.config, selector, overrides(arguments))?;
    selection.weights = Some(platform.weights.clone());
    let overriding = Overriding {
        timeout: arguments.timeout,
        retries: arguments.retries,
    };
    let plan = expand(
        &project.config,
        &project.suites,
        &platform.table,
        &selection,
        overriding,
    )?;
    let plan = playable(plan, &platform);
    let trials = trials(arguments);
    if arguments.list {
        let listed = run::list(&plan, &trials);
        if listed == 0 && !arguments.ignored {
            complain(&explain_nothing(&plan, arguments));
            return Ok(Conclusion::NothingRan.exit_code());
        }
        return Ok(0);
    }

    if arguments.dry_run {
        return dry_run(&platform, &plan);
    }
    let is_filtered = arguments.filter.is_some() || !arguments.skip.is_empty();
    let extent = match selection.level {
        _ if is_filtered || !selection.selects_by_level_only() => RunScope::Selected { of: plan.trials.len() },
        None => RunScope::Whole,
        Some(Level::Core) => RunScope::Core,
        Some(Level::Extended) => RunScope::Selected { of: plan.trials.len() },
    };
    let settings = settings(arguments, &platform, reproduce, trials);
    carry_out(arguments, project, (platform, &plan, extent), &settings)
}

/// Runs a plan on a platform and reports on it.
fn carry_out(
    arguments: &RunArguments,
    project: &Project,
    (mut platform, plan, extent): (Platform, &Arc<Plan>, RunScope),
    settings: &run::RunSettings,
) -> Result<u8, CommandError> {
    foresee(&platform, plan)?;
    let kept = platform.keep_responses();
    let kept = kept.map_err(|error| CommandError::Broken(format!("responses cannot be kept: {error}")))?;
    let store = Store::new(&project.snapshots, recording(arguments))?;
    // Nothing may be deleted from now on, until the last result is written.
    let _recording = match store.recording() {
        Recording::Never => None,
        _ => Some(store.lock_to_record()?),
    };
    let unused = if extent == RunScope::Whole {
        unused_snapshots(project, &store, &platform.weights)?
    } else {
        Vec::new()
    };
    let name = platform.table.name.clone();
    let weights = platform.weights.clone();
    let kind = platform.kind.name;
    let declared = declared(&platform);
    let judging = |store: &Store| Judging::Checks {
        origin: AnswerOrigin {
            backend: name.clone(),
            kind,
            weights: weights.clone(),
            declared: declared.clone(),
            noise: (weights == WEIGHTS).then_some(SYNTHETIC_NOISE),
            reproduce: settings.reproduce.clone(),
        },
        store: store.clone(),
    };
    let open: Arc<Open> = {
        let plan = Arc::clone(plan);
        Arc::new(move |index: usize| {
            let planned = &plan.instances[index];
            platform.open(&planned.contract, &planned.config)
        })
    };
    let own = Arc::clone(&open);
    let report = run::run(
        plan,
        settings,
        Box::new(move |index| own(index)),
        Arc::new(judging(&store)),
    )
    .map_err(|error| CommandError::Broken(format!("the run could not go on: {error}")))?;
    let conclusion = report.conclusion();
    if report.outcomes.is_empty() && conclusion == Conclusion::NothingRan {
        complain(&explain_nothing(plan, arguments));
        return Ok(conclusion.exit_code());
    }
    let shrunk = if arguments.shrink {
        let given = FailedCases {
            plan,
            report: &report,
            open,
            judging: &judging(&store.with(Recording::Never)),
            settings,
            project,
        };
        given.shrink(arguments, &overrides(arguments))?
    } else {
        String::new()
    };
    // Who picks a model or level knows that not every suite is for it; who picks a suite, or nothing, wants to hear of it.
    let is_narrowed = !arguments.model.is_empty() || arguments.level.is_some();
    let expected = is_narrowed && arguments.suite.is_empty();
    let empty = if expected { &[][..] } else { &plan.empty[..] };
    let subject = ReportHeader {
        backend: &name,
        kind,
        weights: &weights,
        extent,
        unused_snapshots: &unused,
        pending_snapshots: &pending(project, &store, &weights)?,
        empty_suites: empty,
    };
    Ok(close(arguments, &report, &subject, (&shrunk, kept.as_ref())))
}

/// How the plan is run on the platform.
fn settings(arguments: &RunArguments, platform: &Platform, reproduce: String, trials: Trials) -> run::RunSettings {
    run::RunSettings {
        instances: platform.table.max_instances,
        calls_per_instance: platform.calls_per_instance(),
        flaky: if arguments.allow_flaky {
            Flaky::Passes
        } else {
            Flaky::Fails
        },
        known_failures: (!reproduce.is_empty()).then(|| listing(platform, &arguments.places.config)),
        reproduce,
        trials,
    }
}

/// Where an entry goes that lists a failure of this backend as known.
fn listing(platform: &Platform, configuration: &Path) -> String {
    let name = &platform.table.name;
    match &platform.table.known_failures {
        Some(named) => {
            let path = configuration.parent().unwrap_or(Path::new("")).join(&named.value);
            format!("if this is known of backend {name}, say why in {}:", path.display())
        }
        None => format!(
            "if this is known of backend {name}, say why in a file that `known_failures` of [backends.{name}] names:"
        ),
    }
}

/// The plan without what the platform cannot do, and without what needs another configuration than its servers have.
fn playable(mut plan: Plan, platform: &Platform) -> Arc<Plan> {
    plan.leave_out(|trial| {
        let scenario = trial.scenario.and_then(|planned| platform.cannot_run(planned.scenario));
        scenario.or_else(|| {
            let reason = |call: &PlannedCall| platform.unsupported(&trial.contract, &call.config);
            trial.calls.iter().find_map(reason).map(Skip::not_run)
        })
    });
    Arc::new(plan)
}

/// Shows the closing lines of a run and says which exit code it ends with.
fn close(
    arguments: &RunArguments,
    report: &RunOutcome,
    subject: &ReportHeader<'_>,
    (shrunk, kept): (&str, Option<&Arc<ResponseWriter>>),
) -> u8 {
    let numbers = if arguments.show_numbers {
        console::numbers(report) + "\n"
    } else {
        String::new()
    };
    let mut closing = shrunk.to_owned() + &numbers + &console::closing(report, subject);
    let mut code = report.conclusion().exit_code();
    if let Some(kept) = kept {
        closing.push_str(&told_of(kept));
        // A directory that lacks some responses must not pass for a complete one.
        code = if code == 0 && !kept.failures().is_empty() {
            BROKEN
        } else {
            code
        };
    }
    // A program that reads JSON from standard output must find nothing else there.
    if arguments.format == Some(OutputFormat::Json) {
        complain(closing.trim_end());
    } else {
        say(&closing);
    }
    code
}

/// What was kept of the responses, and what could not be.
fn told_of(kept: &ResponseWriter) -> String {
    let (responses, bytes) = kept.kept();
    let (shown, megabytes) = (kept.directory().display(), bytes as f64 / 1e6);
    let mut text = format!("kept {} in {shown} ({megabytes:.1} MB)\n", count(responses, "response"));
    let failures = kept.failures();
    if let Some(first) = failures.first() {
        let _ = writeln!(
            text,
            "error: {} could not be kept, {first} first (exit code {BROKEN})",
            count(failures.len(), "response")
        );
    }
    text
}

/// Looks for a mistake that every case would meet, before the first is run.
fn foresee(platform: &Platform, plan: &Plan) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::Broken(error.to_string()))?;
    runtime.block_on(platform.foresee(&plan.models())).map_err(|error| {
        let location = platform.table.kind.location.clone();
        Diagnostics::from(Diagnostic::at(location, error.message)).into()
    })
}

/// The kind that has something to show before it runs.
const SHOWN_BEFORE: &str = "slurm";

/// Shows what the platform would be given to start each instance of the plan.
fn dry_run(platform: &Platform, plan: &Plan) -> Result<u8, CommandError> {
    for planned in &plan.instances {
        match platform.dry_run(&planned.contract, &planned.config) {
            Some(Ok(shown)) => say(&format!("{}\n", shown.trim_end())),
            Some(Err(error)) if error.responsible() == Responsible::Settings => {
                return Err(Diagnostics::from(Diagnostic::new(error.message)).into());
            }
            Some(Err(error)) => return Err(CommandError::Broken(error.to_string())),
            None => {
                let kind = platform.kind.name;
                let message = format!("--dry-run does not apply to kind `{kind}`");
                let diagnostic = Diagnostic::new(message).with_help(format!("it applies to kind {SHOWN_BEFORE}"));
                return Err(Diagnostics::from(diagnostic).into());
            }
        }
    }
    Ok(0)
}

/// How far results of the embedded models may lie from recorded ones: their arithmetic is the same everywhere but for the
/// last digits of a platform's sine and logarithm.
const SYNTHETIC_NOISE: Tolerance = Tolerance {
    absolute: 1e-5,
    relative: 1e-5,
};

/// What a run may write: missing results when told to, pending ones for review where a person may review them.
fn recording(arguments: &RunArguments) -> Recording {
    // Continuous integration has no reviewer, and a run in it must not change the checkout.
    let unattended = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    match (arguments.record, unattended) {
        (true, _) => Recording::Missing,
        (false, true) => Recording::Never,
        (false, false) => Recording::Pending,
    }
}

/// Recorded results with these weights that no case of any declared suite uses.
fn unused_snapshots(project: &Project, store: &Store, weights: &str) -> Result<Vec<String>, CommandError> {
    let used = project.snapshot_keys(weights)?;
    let unused = store
        .unused(&used)?
        .into_iter()
        .filter(|entry| entry.key.weights() == weights && project.declares_suite(entry.key.suite()));
    Ok(unused.map(|entry| entry.key.to_string()).collect())
}

/// Results with these weights that wait for review.
fn pending(project: &Project, store: &Store, weights: &str) -> Result<Vec<String>, CommandError> {
    let listed = store.list()?.into_iter();
    let pending = listed.filter(|entry| {
        entry.state == ReviewState::Pending
            && entry.key.weights() == weights
            && project.declares_suite(entry.key.suite())
    });
    Ok(pending.map(|entry| entry.key.to_string()).collect())
}

/// Where the table of a backend says which weights it has, or does not.
fn declared(platform: &Platform) -> String {
    let name = &platform.table.name;
    match platform.table.settings.key_location("weights") {
        Some(location) => format!("in [backends.{name}], {location}"),
        None => format!("in [backends.{name}]"),
    }
}

/// Says why nothing was selected, so that the reader knows what to change.
fn explain_nothing(plan: &Plan, arguments: &RunArguments) -> String {
    let mut text = String::new();
    for suite in &plan.empty {
        let _ = writeln!(text, "{suite}");
    }
    if !plan.trials.is_empty() {
        let filter = arguments.filter.as_ref().map(|filter| format!("the filter `{filter}`"));
        let skips = arguments.skip.iter().map(|skip| format!("--skip `{skip}`"));
        let selecting: Vec<String> = filter.into_iter().chain(skips).collect();
        let count = plan.trials.len();
        let _ = writeln!(
            text,
            "none of {count} planned cases is selected by {}; `--list` shows them",
            selecting.join(" and ")
        );
    }
    text.push_str(&console::verdict(Conclusion::NothingRan));
    text
}

fn overrides(arguments: &RunArguments) -> Overrides {
    Overrides {
        tag: arguments.target.image_tag.clone(),
        device: arguments.target.device.clone(),
        gpu: arguments.target.gpu.clone(),
        docker_user: arguments.target.docker_user.clone(),
        keep_responses: arguments.keep_responses.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::registry::KINDS;
    use crate::config::{Config, Source};
    use crate::prediction::Options;

    #[test]
    fn a_dry_run_applies_to_the_kind_that_is_named_and_no_other() {
        for kind in KINDS {
            let text = format!(
                "default = 'lab'\n[backends.lab]\nkind = '{}'\n{}",
                kind.name, kind.template
            );
            let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
            let platform = Platform::select(&config, "lab", Overrides::default());
            let platform = platform.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
            let shown = platform.dry_run(&config.models[0], &Options::new());
            assert_eq!(shown.is_some(), kind.name == SHOWN_BEFORE, "{}", kind.name);
        }
    }
}
