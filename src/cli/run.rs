//! Runs the suites on one backend: the main job. Wires configuration, plan, run and report; decides nothing itself.

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;

use super::arguments::RunArguments;
use super::begin::{SelectionScope, begin};
use super::closing::{close, failures_shown};
use super::ended::Ended;
use super::evidence::{self, EvidenceDirectory};
use super::libtest::trials;
use super::nothing::explain_nothing;
use super::project::{Project, References};
use super::references::{origin, pending, store, unused_snapshots};
use super::report_writer::ReportWriter;
use super::shrink::FailedCases;
use super::{CommandError, complain, reproduce, say};
use crate::backend::Responsible;
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::backend::skip::Skip;
use crate::config::{Diagnostic, Diagnostics, Level};
use crate::outcome::evidence::RESPONSES;
use crate::outcome::record::CaseRecord;
use crate::outcome::{self, Conclusion};
use crate::plan::{Overriding, Plan, PlannedCall, PlannedTrial, Selection, expand};
use crate::report::conclusion::concluded;
use crate::report::console::ReportHeader;
use crate::run::{self, Flaky, Judging, Open, PlotBudget, Trials};
use crate::snapshot::{Recording, Store};

/// Runs, or lists, what was asked for.
pub(crate) fn run(arguments: &RunArguments) -> Result<u8, CommandError> {
    // The process ends with this command, and the system frees ten thousand cases at once, where this would free one after another.
    let project = ManuallyDrop::new(Project::read(&arguments.places)?);
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
    let overriding = Overriding { timeout: arguments.timeout, retries: arguments.retries };
    let plan = expand(&project.config, &project.suites, &platform.table, &selection, overriding)?;
    let plan = ManuallyDrop::new(playable(plan, &platform));
    let trials = trials(arguments, again(arguments)?);
    if arguments.list {
        let listed = run::list(&plan, &trials);
        // No case is ignored before it has run.
        if arguments.ignored {
            return Ok(0);
        }
        if listed.is_empty() {
            complain(&explain_nothing(&plan, arguments));
            return Ok(Conclusion::NothingRan.exit_code());
        }
        say(&listed);
        return Ok(0);
    }

    if arguments.dry_run {
        return dry_run(&platform, &plan);
    }
    let is_filtered =
        !arguments.filters.is_empty() || !arguments.skip.is_empty() || arguments.control.rerun_failed.is_some();
    let by_level_only = !is_filtered && selection.selects_by_level_only();
    let scope = SelectionScope {
        whole: by_level_only && selection.level.is_none(),
        every_core_case: by_level_only && selection.level != Some(Level::Extended),
    };
    let references = project.references(&platform.weights)?;
    let planned = (&platform, &**plan, &trials);
    let record = begin(arguments, (project, &references), planned, &reproduce, scope);
    let record = record.map_err(|error| CommandError::Broken(format!("cannot read the snapshots: {error}")))?;
    let settings =
        run::RunSettings { record: Some(Arc::new(record)), ..settings(arguments, &platform, reproduce, trials) };
    carry_out(arguments, (project, &references), (platform, &plan), &settings)
}

/// Runs a plan on a platform and reports on it.
fn carry_out(
    arguments: &RunArguments,
    (project, references): (&Project, &References),
    (mut platform, plan): (Platform, &Arc<Plan>),
    settings: &run::RunSettings,
) -> Result<u8, CommandError> {
    foresee(&platform, plan)?;
    let record = settings.record.clone().ok_or_else(|| CommandError::Broken("the run has no record".to_owned()))?;
    let reports = ReportWriter::begin(&record, &arguments.control.report)?;
    let evidence = arguments.control.evidence.as_deref().map(EvidenceDirectory::new).transpose()?;
    let kept = platform.keep_responses();
    let kept = kept.map_err(|error| CommandError::Broken(format!("responses cannot be kept: {error}")))?;
    let store = store(arguments, references, (project, &platform.table))?;
    // Nothing may be deleted from now on, until the last result is written.
    let _recording = match store.recording() {
        Recording::Never => None,
        _ => Some(store.lock_to_record()?),
    };
    let unused = if record.selection().every_core_case {
        unused_snapshots(project, &store, &platform.weights)?
    } else {
        Vec::new()
    };
    let name = platform.table.name.clone();
    let kind = platform.kind.name;
    let origin = origin(&platform, settings.reproduce.clone());
    let weights = origin.weights.clone();
    let draws = arguments.control.report.iter().any(|report| report.format.draws);
    let judging = |store: &Store, plots: Option<PlotBudget>| Judging::Checks {
        origin: origin.clone(),
        store: store.clone(),
        plots,
    };
    let kept_backend = evidence::backend(&platform);
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
        Arc::new(judging(&store, draws.then(PlotBudget::default))),
    )
    .map_err(|error| CommandError::Broken(format!("the run could not go on: {error}")))?;
    let conclusion = report.conclusion();
    let (own, own_tolerances) = record.own_tolerances();
    let concluded = concluded(&report.evidence(), &record.selection(), &report.untested, own);
    let sentence = concluded.sentence.clone();
    record.finish(&report, concluded);
    let ended = Ended { reports, evidence: evidence.zip(Some(&kept_backend)), kept: kept.as_deref() };
    // What cannot be written is told below what came of the run, which must not be lost with it.
    let written = ended.write(arguments, project, &record);
    if report.outcomes.is_empty() && conclusion == Conclusion::NothingRan {
        complain(&explain_nothing(plan, arguments));
        return written.map(|()| conclusion.exit_code());
    }
    let shrunk = if arguments.shrink {
        let given = FailedCases {
            plan,
            report: &report,
            open,
            judging: &judging(&store.with(Recording::Never), None),
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
        sentence: &sentence,
        own_tolerances: &own_tolerances,
        unused_snapshots: &unused,
        pending_snapshots: &pending(project, &store, &weights)?,
        pending_directory: arguments.control.pending.as_deref(),
        empty_suites: empty,
    };
    let wrong = failures_shown(arguments, settings, (&report, &record.snapshot()));
    let code = close(arguments, &report, &subject, (&(wrong + &shrunk), kept.as_ref()));
    written.map(|()| code)
}

/// The names of the cases that went wrong in an earlier run, where only these are asked for.
fn again(arguments: &RunArguments) -> Result<Option<Vec<String>>, CommandError> {
    let Some(path) = &arguments.control.rerun_failed else {
        return Ok(None);
    };
    let earlier = outcome::record::read(path);
    let earlier = earlier.map_err(|error| Diagnostics::from(Diagnostic::new(error)))?;
    let wrong = earlier.cases.into_iter().filter(CaseRecord::is_wrong);
    Ok(Some(wrong.map(|case| case.name).collect()))
}

/// How the plan is run on the platform.
fn settings(arguments: &RunArguments, platform: &Platform, reproduce: String, trials: Trials) -> run::RunSettings {
    run::RunSettings {
        instances: platform.table.max_instances,
        calls_per_instance: platform.calls_per_instance(),
        flaky: if arguments.allow_flaky { Flaky::Passes } else { Flaky::Fails },
        known_failures: (!reproduce.is_empty()).then(|| listing(platform)),
        reproduce,
        trials,
        record: None,
        most_failures: arguments.control.most_failures(),
        repeat: arguments.control.repeat,
    }
}

/// Where an entry goes that lists a failure of this backend as known.
fn listing(platform: &Platform) -> String {
    let name = &platform.table.name;
    match &platform.table.known_failures {
        Some(named) => {
            let configuration = Path::new(named.location.source().path());
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
        let planned = trial.scenario.as_ref();
        let scenario = planned.and_then(|planned| platform.cannot_run(&planned.scenario));
        scenario.or_else(|| {
            let reason = |call: &PlannedCall| platform.unsupported(&trial.contract, &call.config);
            trial.calls.iter().find_map(reason).map(Skip::not_run)
        })
    });
    Arc::new(plan)
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
    // A shard plans instances that only other shards need.
    let needed: BTreeSet<usize> = plan.trials.iter().flat_map(PlannedTrial::instances).collect();
    for planned in needed.into_iter().map(|index| &plan.instances[index]) {
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

fn overrides(arguments: &RunArguments) -> Overrides {
    Overrides {
        tag: arguments.target.image_tag.clone(),
        device: arguments.target.device.clone(),
        gpu: arguments.target.gpu.clone(),
        docker_user: arguments.target.docker_user.clone(),
        keep_responses: match &arguments.control.evidence {
            Some(evidence) => Some(evidence.join(RESPONSES)),
            None => arguments.keep_responses.clone(),
        },
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
            let text = format!("default = 'lab'\n[backends.lab]\nkind = '{}'\n{}", kind.name, kind.template);
            let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
            let platform = Platform::select(&config, "lab", Overrides::default());
            let platform = platform.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
            let shown = platform.dry_run(&config.models[0], &Options::new());
            assert_eq!(shown.is_some(), kind.name == SHOWN_BEFORE, "{}", kind.name);
        }
    }
}
