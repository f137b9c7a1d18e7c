//! `hydrotest judge DIR`: comes to the verdicts of a run again, from the evidence that was kept of it, without the model. The raw
//! responses are replayed through the same plan, checks and recorded results as on any backend.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

use clap::Parser;

use super::arguments::{CommandLine, JudgeArguments};
use super::begin::{SelectionScope, begin};
use super::project::{Project, References};
use super::references::origin;
use super::report_writer::write_reports;
use super::same_rules::{same_rules, same_tolerances};
use super::{BROKEN, CommandError, say};
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::backend::skip::SkipCause;
use crate::config::{BackendTable, Diagnostic, Diagnostics, Level, Located, Location, Section, Source};
use crate::metric_value::count;
use crate::outcome::evidence::{self, EvidenceBackend};
use crate::outcome::record::{self, CaseRecord, RunRecord, RunState, ToleranceCount};
use crate::outcome::{RunOutcome, Verdict};
use crate::plan::{Overriding, Plan, PlannedTrial, Selection, expand};
use crate::report::conclusion::concluded;
use crate::report::console;
use crate::report::failures::{Telling, failures};
use crate::run::{Interrupt, Judging, Open, PlotBudget, RunSettings, Trials, run_silently, untested_features};
use crate::snapshot::{Recording, Store};

/// What is noted of a verdict that is the evidence's own.
const TAKEN_OVER: &str = "not judged again: there is no response to replay";

/// What came of judging again.
struct JudgedAgain {
    run: RunRecord,
    /// Cases whose verdict is the evidence's own, because nothing can be replayed for them.
    taken_over: usize,
    /// Cases whose verdict is another than the evidence says.
    others: Vec<String>,
}

/// Judges evidence, reports on it, and exits as the run would have.
pub(crate) fn judge(arguments: &JudgeArguments) -> Result<u8, CommandError> {
    evidence::verify(&arguments.evidence).map_err(refused)?;
    let stated = record::read(&arguments.evidence.join(evidence::OUTCOME)).map_err(refused)?;
    let backend = evidence::backend(&arguments.evidence).map_err(refused)?;
    let project = Project::read(&arguments.places)?;
    let judged = judge_again(arguments, &stated, &backend, &project)?;
    write_reports(&arguments.report, &judged.run).map_err(CommandError::Broken)?;
    Ok(tell(arguments, &judged))
}

fn judge_again(
    arguments: &JudgeArguments,
    stated: &RunRecord,
    backend: &EvidenceBackend,
    project: &Project,
) -> Result<JudgedAgain, CommandError> {
    same_tolerances(stated, backend, project)?;
    let table = replaying(arguments, backend);
    let mut config = project.config.clone();
    config.backends = vec![table.clone()];
    let platform = Platform::select(&config, &table.name, Overrides::default())?;
    let selection = Selection { weights: Some(platform.weights.clone()), ..Selection::default() };
    let plan = expand(&project.config, &project.suites, &table, &selection, Overriding::default())?;
    let plan = Arc::new(plan);
    let names: Vec<String> = stated.cases.iter().map(|case| case.name.clone()).collect();
    let scope = covered(stated, &plan)?;
    let trials = Trials { names: Some(names), workers: Some(1), ..Trials::default() };
    let line = CommandLine::parse_from(["hydrotest"]);
    let references = project.references(&platform.weights)?;
    let begun = begin(&line.run, (project, &references), (&platform, &plan, &trials), "", scope);
    let begun = begun.map_err(|error| CommandError::Broken(format!("cannot read the snapshots: {error}")))?;
    same_rules(stated, &begun.snapshot())?;
    let selected = trials.select(&plan);
    let draws = arguments.report.iter().any(|report| report.format.draws);
    let plots = draws.then(PlotBudget::default);
    let outcome = replay(&plan, (&selected, plots), &trials, (platform, &references))?;
    let (own, _) = begun.own_tolerances();
    let conclusion = concluded(&outcome.evidence(), &begun.selection(), &outcome.untested, own);
    begun.finish(&outcome, conclusion);
    Ok(joined(stated, begun.snapshot(), &plan))
}

/// Runs the cases on the recorded responses.
fn replay(
    plan: &Arc<Plan>,
    (selected, plots): (&[usize], Option<PlotBudget>),
    trials: &Trials,
    (platform, references): (Platform, &References),
) -> Result<RunOutcome, CommandError> {
    let store = Store::new(references.directory(), Recording::Never)?;
    let judging = Judging::Checks { origin: origin(&platform, String::new()), store, plots };
    let settings =
        RunSettings { trials: trials.clone(), instances: 1, calls_per_instance: 1, ..RunSettings::default() };
    let open: Box<Open> = {
        let plan = Arc::clone(plan);
        Box::new(move |index: usize| {
            let planned = &plan.instances[index];
            platform.open(&planned.contract, &planned.config)
        })
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::Broken(format!("cannot start the runtime: {error}")))?;
    let interrupt = {
        let _inside = runtime.enter();
        Interrupt::listen().map_err(|error| CommandError::Broken(error.to_string()))?
    };
    // These need an instance that really starts: what came of them stands in the evidence alone.
    let calls = selected.iter().copied().filter(|&index| !plan.trials[index].answers_nothing());
    let calls: Vec<usize> = calls.collect();
    Ok(runtime.block_on(run_silently(plan, &calls, &settings, open, Arc::new(judging), &interrupt)))
}

/// The backend of the evidence, answering with its recorded responses.
fn replaying(arguments: &JudgeArguments, backend: &EvidenceBackend) -> BackendTable {
    let directory = arguments.evidence.join(evidence::RESPONSES);
    // A JSON string is a TOML string too.
    let text = format!("directory = {}\n", serde_json::json!(directory.to_string_lossy()));
    let source = Source::new(evidence::BACKEND, text);
    let location = Location::new(&source, 0..0);
    let located = |value: String| Located { value, location: location.clone() };
    let mut ignored = Diagnostics::new();
    BackendTable {
        name: backend.name.clone(),
        kind: located("replay".to_owned()),
        weights: Some(backend.weights.clone()),
        max_instances: 1,
        calls_per_instance: None,
        case_timeout: None,
        start_timeout: None,
        retries: 0,
        models: backend.models.clone().map(|models| models.into_iter().map(located).collect()),
        boileroom: backend.boileroom.clone(),
        through: backend.through.clone(),
        recorded_kind: Some(backend.kind.clone()),
        known_failures: None,
        known: backend.known.iter().cloned().map(Arc::new).collect(),
        per_model: backend.per_model.clone(),
        tolerances: backend.tolerances.clone(),
        location: location.clone(),
        settings: Section::parse(&source, &mut ignored),
    }
}

/// How much of the plan the evidence is about. What it says of that itself is not believed: a case that is left out is not judged.
fn covered(stated: &RunRecord, plan: &Plan) -> Result<SelectionScope, CommandError> {
    let planned: HashSet<&str> = plan.trials.iter().map(|trial| trial.name.as_str()).collect();
    let mut names = HashSet::new();
    for case in &stated.cases {
        if !planned.contains(case.name.as_str()) || !names.insert(case.name.as_str()) {
            let message = format!("the evidence has {} twice, or its backend has no such case", case.name);
            return Err(Diagnostics::from(Diagnostic::new(message)).into());
        }
    }
    let has = |trial: &&PlannedTrial| names.contains(trial.name.as_str());
    let is_core = |trial: &&PlannedTrial| trial.level == Level::Core;
    Ok(SelectionScope {
        whole: plan.trials.iter().all(|trial| has(&trial)),
        every_core_case: plan.trials.iter().filter(is_core).all(|trial| has(&trial)),
    })
}

/// The run of the evidence with the verdicts of now.
fn joined(stated: &RunRecord, here: RunRecord, plan: &Plan) -> JudgedAgain {
    let unanswered = plan.trials.iter().filter(|trial| trial.answers_nothing());
    let unanswered: HashSet<&str> = unanswered.map(|trial| trial.name.as_str()).collect();
    let levels: HashMap<&str, Level> = plan.trials.iter().map(|trial| (trial.name.as_str(), trial.level)).collect();
    let mut again: HashMap<String, CaseRecord> = here.cases.into_iter().map(|case| (case.name.clone(), case)).collect();
    let (mut taken_over, mut others) = (0, Vec::new());
    let mut cases = Vec::with_capacity(stated.cases.len());
    for case in &stated.cases {
        let is_unanswered = unanswered.contains(case.name.as_str());
        let judged = again.remove(&case.name).filter(|judged| judged.verdict != Verdict::Skip && !is_unanswered);
        let mut judged = judged.unwrap_or_else(|| unreplayed(case, is_unanswered));
        if judged.verdict != case.verdict {
            others.push(format!("{}: the evidence says {}, judged {}", case.name, case.verdict, judged.verdict));
        } else if judged.notes.iter().any(|note| note == TAKEN_OVER) {
            taken_over += 1;
        }
        judged.level = levels.get(case.name.as_str()).copied().unwrap_or(judged.level);
        judged.reproduce.clone_from(&case.reproduce);
        judged.seconds.start = case.seconds.start;
        cases.push(judged);
    }
    let mut run = RunRecord { cases, selection: here.selection, ..stated.clone() };
    let verdicts = run.cases.iter().map(|case| (case.name.as_str(), case.verdict));
    run.untested = untested_features(plan, verdicts);
    run.find_hints();
    let own = ToleranceCount::of(run.own_tolerances());
    run.conclusion =
        (run.state != RunState::Incomplete).then(|| concluded(&run.evidence(), &run.selection, &run.untested, own));
    JudgedAgain { run, taken_over, others }
}

/// A case that has no response to replay. What gives none on any backend, and what speaks against this one, stays as it is stated;
/// nothing else is believed without a response.
fn unreplayed(stated: &CaseRecord, is_unanswered: bool) -> CaseRecord {
    let mut case = stated.clone();
    if stated.verdict == Verdict::Skip {
        if !is_unanswered {
            // Only a scenario can be about something that a backend does not have.
            case.skip_cause = Some(SkipCause::NotRun);
        }
    } else if is_unanswered || stated.verdict.is_wrong() {
        case.notes.push(TAKEN_OVER.to_owned());
    } else {
        case.verdict = Verdict::Skip;
        case.responsible = None;
        case.skip_cause = Some(SkipCause::NotRun);
        case.reason = Some("the evidence has no response to replay".to_owned());
        case.attempts.clear();
        case.metrics.clear();
    }
    case
}

fn tell(arguments: &JudgeArguments, judged: &JudgedAgain) -> u8 {
    let run = &judged.run;
    let telling = if arguments.verbose { Telling::EveryCase } else { Telling::FirstCase };
    let mut text = failures(run, telling, &HashMap::new());
    let backend = &run.backend;
    let cases = count(run.cases.len(), "case");
    let _ = writeln!(
        text,
        "evidence of backend {} (kind {}, weights {}) of {}: {cases}, {} judged again",
        backend.name,
        backend.kind,
        backend.weights,
        run.started,
        run.cases.len() - judged.taken_over - run.counts().skipped,
    );
    if judged.taken_over > 0 {
        let taken = count(judged.taken_over, "verdict");
        let _ = writeln!(text, "  note: {taken} as the evidence says, because there is no response to replay");
    }
    text.push_str(&console::levels(&run.evidence()));
    let own: Vec<String> = run.own_tolerances().map(ToString::to_string).collect();
    text.push_str(&console::own_tolerances(&own));
    for leak in &run.leaks {
        let _ = writeln!(text, "  leaked: {leak}");
    }
    for other in &judged.others {
        let _ = writeln!(text, "  warning: {other}");
    }
    let (sentence, code) = match &run.conclusion {
        _ if !judged.others.is_empty() => {
            let others = count(judged.others.len(), "verdict");
            let sentence = format!("inconclusive: {others} differ from what the evidence says (exit code {BROKEN})");
            (sentence, BROKEN)
        }
        Some(conclusion) => (conclusion.sentence.clone(), conclusion.exit_code),
        None => (format!("inconclusive: the run did not end (exit code {BROKEN})"), BROKEN),
    };
    say(&format!("{text}{sentence}\n"));
    code
}

fn refused(error: String) -> CommandError {
    Diagnostics::from(Diagnostic::new(error)).into()
}
