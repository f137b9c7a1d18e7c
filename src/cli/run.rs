//! Runs the suites on one backend. Connects configuration, plan, run and report, and does not decide any verdict.

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;

use super::arguments::{OutputFormat, RunArguments};
use super::begin::{SelectionScope, begin};
use super::closing::{Ended, close, explain_nothing, failures_shown};
use super::evidence::{self, EvidenceDirectory};
use super::output::{CommandError, colours, complain, opening, runtime, say};
use super::project::{Project, References};
use super::references::{origin, pending, store, unused_snapshots};
use super::report::read;
use super::report_writer::ReportWriter;
use super::shrink::FailedCases;
use crate::backend::Responsible;
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::backend::skip::Skip;
use crate::config::{Diagnostic, Level};
use crate::outcome::Conclusion;
use crate::outcome::evidence::RESPONSES;
use crate::outcome::record::{CaseRecord, LiveRecord};
use crate::plan::{Overriding, Plan, PlannedCall, PlannedTrial, Selection, expand};
use crate::report::conclusion::concluded;
use crate::report::console::ReportHeader;
use crate::run::{self, Colours, Flaky, Judging, Matching, PlotBudget, RunSettings, TrialFormat, Trials};
use crate::snapshot::{Recording, Store};

/// Runs or lists the selected cases.
pub(super) fn run(arguments: &RunArguments) -> Result<u8, CommandError> {
    // Not dropped: the process ends with this command, and the system frees ten thousand cases at once.
    let project = ManuallyDrop::new(Project::read(&arguments.places)?);
    let selector = project.selector(arguments.target.backend.as_deref());
    run_project(arguments, &project, arguments.places.run_line(selector, &overrides(arguments)))
}

/// Runs or lists the selected cases of a project. `reproduce` is the command line of a case up to its name, and empty if there is none.
pub(super) fn run_project(arguments: &RunArguments, project: &Project, reproduce: String) -> Result<u8, CommandError> {
    let (models, suites) = (arguments.model.clone(), arguments.suite.clone());
    let mut selection = Selection { models, suites, level: arguments.level, shard: arguments.shard, weights: None };
    project.check(&selection)?;
    let selector = project.selector(arguments.target.backend.as_deref());
    let platform = Platform::select(&project.config, selector, overrides(arguments))?;
    selection.weights = Some(platform.weights.clone());
    let overriding = Overriding { timeout: arguments.timeout, retries: arguments.retries };
    let plan = expand(&project.config, &project.suites, &platform.table, &selection, overriding)?;
    let plan = ManuallyDrop::new(without_unsupported(plan, &platform));
    let trials = trials(arguments)?;
    if arguments.list {
        let listed = run::list(&plan, &trials);
        // Cases are ignored only after they have run.
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
    let is_filtered = !arguments.filters.is_empty() || !arguments.skip.is_empty() || arguments.rerun_failed.is_some();
    let by_level_only = !is_filtered && selection.selects_by_level_only();
    let scope = SelectionScope {
        whole: by_level_only && selection.level.is_none(),
        every_core_case: by_level_only && selection.level != Some(Level::Extended),
    };
    let references = project.references(&platform.weights)?;
    let planned = (&platform, &**plan, &trials);
    let record = Arc::new(begin(arguments, (project, &references), planned, &reproduce, scope)?);
    let settings = RunSettings {
        instances: platform.table.max_instances,
        calls_per_instance: platform.calls_per_instance(),
        flaky: if arguments.allow_flaky { Flaky::Passes } else { Flaky::Fails },
        known_failures: (!reproduce.is_empty()).then(|| listing(&platform)),
        reproduce,
        trials,
        record: Some(Arc::clone(&record)),
        most_failures: if arguments.fail_fast { Some(1) } else { arguments.max_fail.map(|most| most as usize) },
        repeat: arguments.repeat,
    };
    carry_out(arguments, (project, &references), (platform, &plan), (&settings, &record))
}

/// Runs a plan on a platform and reports on it.
fn carry_out(
    arguments: &RunArguments,
    (project, references): (&Project, &References),
    (mut platform, plan): (Platform, &Arc<Plan>),
    (settings, record): (&RunSettings, &Arc<LiveRecord>),
) -> Result<u8, CommandError> {
    foresee(&platform, plan)?;
    let reports = ReportWriter::begin(record, &arguments.report)?;
    let evidence = arguments.evidence.as_deref().map(EvidenceDirectory::new).transpose()?;
    let kept = platform.keep_responses().map_err(CommandError::because("responses cannot be kept"))?;
    let store = store(arguments, references, (project, &platform.table))?;
    // Nothing may be deleted until the last result is written.
    let _recording = match store.recording() {
        Recording::Never => None,
        _ => Some(store.lock_to_record()?),
    };
    let unused = if record.selection().every_core_case {
        unused_snapshots(project, &store, &platform.weights)?
    } else {
        Vec::new()
    };
    let origin = origin(&platform, settings.reproduce.clone());
    let draws = arguments.report.iter().any(|report| report.format.draws);
    let judging = |store: Store, plots: Option<PlotBudget>| Judging::Checks { origin: origin.clone(), store, plots };
    let kept_backend = evidence::backend(&platform);
    let open = opening(plan, platform);
    let checks = Arc::new(judging(store.clone(), draws.then(PlotBudget::default)));
    let report = run::run(plan, settings, Arc::clone(&open), checks)
        .map_err(CommandError::because("the run could not go on"))?;
    let conclusion = report.conclusion();
    let (own, own_tolerances) = record.own_tolerances();
    let concluded = concluded(&report.evidence(), &record.selection(), &report.untested, own);
    let sentence = concluded.sentence.clone();
    record.finish(&report, concluded);
    let ended = Ended { reports, evidence: evidence.zip(Some(&kept_backend)), kept: kept.as_deref() };
    // An error of writing is returned last, because the report on the run must not be lost with it.
    let written = ended.write(arguments, project, record);
    if report.outcomes.is_empty() && conclusion == Conclusion::NothingRan {
        complain(&explain_nothing(plan, arguments));
        return written.map(|()| conclusion.exit_code());
    }
    let shrunk = if arguments.shrink {
        let judging = &judging(store.with(Recording::Never), None);
        let failed = FailedCases { plan, report: &report, open, judging, settings, project };
        failed.shrink(arguments, &overrides(arguments))?
    } else {
        String::new()
    };
    // Empty suites are expected for a selected model or level. They are news for a selected suite, or without a selection.
    let is_narrowed = !arguments.model.is_empty() || arguments.level.is_some();
    let expected = is_narrowed && arguments.suite.is_empty();
    let empty = if expected { &[][..] } else { &plan.empty[..] };
    let subject = ReportHeader {
        backend: &origin.backend,
        kind: origin.kind,
        weights: &origin.weights,
        sentence: &sentence,
        own_tolerances: &own_tolerances,
        unused_snapshots: &unused,
        pending_snapshots: &pending(project, &store, &origin.weights)?,
        pending_directory: arguments.pending.as_deref(),
        empty_suites: empty,
    };
    let wrong = failures_shown(arguments, settings, (&report, &record.snapshot()));
    let code = close(arguments, &report, &subject, (&(wrong + &shrunk), kept.as_ref()));
    written.map(|()| code)
}

/// The selected trials, and how they are shown.
fn trials(arguments: &RunArguments) -> Result<Trials, CommandError> {
    let earlier = arguments.rerun_failed.as_deref().map(read).transpose()?;
    let wrong = earlier.map(|run| run.cases.into_iter().filter(CaseRecord::is_wrong).map(|case| case.name).collect());
    Ok(Trials {
        filters: arguments.filters.clone(),
        // No trial is marked as ignored.
        names: if arguments.ignored { Some(Vec::new()) } else { wrong },
        matching: if arguments.exact { Matching::Exact } else { Matching::Part },
        skip: arguments.skip.clone(),
        format: match arguments.format {
            _ if arguments.quiet => TrialFormat::Terse,
            Some(OutputFormat::Json) => TrialFormat::Json,
            Some(OutputFormat::Terse) => TrialFormat::Terse,
            Some(OutputFormat::Pretty) => TrialFormat::Pretty,
            Some(OutputFormat::Cases) | None => TrialFormat::Cases,
        },
        workers: arguments.test_threads.map(usize::from),
        colours: if colours(arguments.color, &std::io::stdout()) { Colours::On } else { Colours::Off },
    })
}

/// Where to add an entry that lists a failure of this backend as known.
fn listing(platform: &Platform) -> String {
    let name = &platform.table.name;
    let file = match &platform.table.known_failures {
        Some(named) => {
            let configuration = Path::new(named.location.source().path());
            configuration.parent().unwrap_or(Path::new("")).join(&named.value).display().to_string()
        }
        None => format!("a file that `known_failures` of [backends.{name}] names"),
    };
    format!("if this is known of backend {name}, say why in {file}:")
}

/// Skips the cases that the platform cannot run, or that need a configuration which its servers do not have.
fn without_unsupported(mut plan: Plan, platform: &Platform) -> Arc<Plan> {
    plan.leave_out(|trial| {
        let scenario = trial.scenario.as_ref().and_then(|planned| platform.cannot_run(&planned.scenario));
        let unsupported = |call: &PlannedCall| platform.unsupported(&trial.contract, &call.config);
        scenario.or_else(|| trial.calls.iter().find_map(unsupported).map(Skip::not_run))
    });
    Arc::new(plan)
}

/// Finds mistakes that would fail every case, before the first one runs.
fn foresee(platform: &Platform, plan: &Plan) -> Result<(), CommandError> {
    let foreseen = runtime(1)?.block_on(platform.foresee(&plan.models()));
    foreseen.map_err(|error| Diagnostic::at(platform.table.kind.location.clone(), error.message).into())
}

/// The only kind that can show a dry run.
const SHOWN_BEFORE: &str = "slurm";

/// Shows the input that would start each instance of the plan on the platform.
fn dry_run(platform: &Platform, plan: &Plan) -> Result<u8, CommandError> {
    // The plan of a shard has instances that only other shards need.
    let needed: BTreeSet<usize> = plan.trials.iter().flat_map(PlannedTrial::instances).collect();
    for planned in needed.into_iter().map(|index| &plan.instances[index]) {
        match platform.dry_run(&planned.contract, &planned.config) {
            Some(Ok(shown)) => say(&format!("{}\n", shown.trim_end())),
            Some(Err(error)) if error.responsible() == Responsible::Settings => {
                return Err(CommandError::misconfigured(error.message));
            }
            Some(Err(error)) => return Err(CommandError::broken(error)),
            None => {
                let message = format!("--dry-run does not apply to kind `{}`", platform.kind.name);
                return Err(Diagnostic::new(message).with_help(format!("it applies to kind {SHOWN_BEFORE}")).into());
            }
        }
    }
    Ok(0)
}

fn overrides(RunArguments { target, evidence, keep_responses, .. }: &RunArguments) -> Overrides {
    let evidence = evidence.as_ref().map(|directory| directory.join(RESPONSES));
    Overrides {
        tag: target.image_tag.clone(),
        device: target.device.clone(),
        gpu: target.gpu.clone(),
        docker_user: target.docker_user.clone(),
        keep_responses: evidence.or_else(|| keep_responses.clone()),
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
