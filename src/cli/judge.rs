//! `hydrotest judge DIR`: repeats the judgement of a run from its evidence. Replays the raw responses through the usual plan, checks and
//! recorded results, and does not need the model.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgAction, Args};

use super::arguments::{RunArguments, parse_report};
use super::begin::{SelectionScope, begin};
use super::evidence::{same_rules, same_tolerances};
use super::output::{BROKEN, CommandError, opening, runtime, say};
use super::paths::ProjectPaths;
use super::project::{Project, References};
use super::references::origin;
use super::report::read;
use super::report_writer::write_reports;
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::backend::skip::SkipCause;
use crate::config::{BackendTable, Diagnostics, Level, Located, Location, Section, Source};
use crate::metric_value::count;
use crate::outcome::evidence::{self, EvidenceBackend};
use crate::outcome::record::{BackendRecord, CaseRecord, RunRecord, RunState, ToleranceCount};
use crate::outcome::{Conclusion, Interruption, RunOutcome, Verdict};
use crate::plan::{Plan, PlannedTrial, Selection};
use crate::report::conclusion::concluded;
use crate::report::console;
use crate::report::failures::{Telling, failures};
use crate::report::format::ReportTarget;
use crate::run::{Interrupt, Judging, PlotBudget, RunSettings, Trials, run_silently, untested_features};
use crate::snapshot::{Recording, Store};

/// Which evidence, and by which project.
#[derive(Debug, Args)]
pub(crate) struct JudgeArguments {
    /// What `--evidence` has kept of a run.
    #[arg(value_name = "DIR")]
    pub(crate) evidence: PathBuf,
    /// Write a report of the verdicts, such as `json=outcome.json`; may be repeated.
    #[arg(long, value_name = "KIND=PATH", value_parser = parse_report, action = ArgAction::Append)]
    pub(crate) report: Vec<ReportTarget>,
    /// Tell every case that went wrong in full, not only the first of each cause.
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// The note on a verdict that is taken from the evidence.
const TAKEN_OVER: &str = "not judged again: there is no response to replay";

/// The result of the new judgement.
struct JudgedAgain {
    run: RunRecord,
    /// Number of verdicts that are taken from the evidence, because nothing can be replayed.
    taken_over: usize,
    /// Cases whose verdict differs from the evidence.
    others: Vec<String>,
    /// The signal that ended the judgement early.
    interrupted: Option<Interruption>,
}

/// Judges evidence, reports on it, and exits as the run would have.
pub(super) fn judge(arguments: &JudgeArguments) -> Result<u8, CommandError> {
    evidence::verify(&arguments.evidence).map_err(CommandError::misconfigured)?;
    let stated = read(&arguments.evidence.join(evidence::OUTCOME))?;
    let backend = evidence::backend(&arguments.evidence);
    let backend = backend.map_err(CommandError::misconfigured)?;
    let project = Project::read(&arguments.places)?;
    let judged = judge_again(arguments, &stated, &backend, &project)?;
    let (text, code) = end(arguments, &judged)?;
    say(&text);
    Ok(code)
}

/// Writes the reports. Returns the text for people, and the exit code. After a signal there is no result, because responses were left out.
fn end(arguments: &JudgeArguments, judged: &JudgedAgain) -> Result<(String, u8), CommandError> {
    if let Some(signal) = judged.interrupted {
        let conclusion = Conclusion::Interrupted(signal);
        return Ok((console::verdict(conclusion) + "\n", conclusion.exit_code()));
    }
    write_reports(&arguments.report, &judged.run)?;
    Ok(shown(arguments, judged))
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
    let plan = Arc::new(project.plan(&table, &Selection::of_weights(&platform.weights))?);
    let names = stated.cases.iter().map(|case| case.name.clone()).collect();
    let scope = covered(stated, &plan)?;
    let trials = Trials { names: Some(names), workers: Some(1), ..Trials::default() };
    let references = project.references(&platform.weights)?;
    let begun = begin(&RunArguments::usual(), (project, &references), (&platform, &plan, &trials), "", scope)?;
    same_rules(stated, &begun.snapshot())?;
    let selected = trials.select(&plan);
    let draws = arguments.report.iter().any(|report| report.format.draws);
    let plots = draws.then(PlotBudget::default);
    let outcome = replay(&plan, (&selected, plots), &trials, (platform, &references))?;
    let (own, _) = begun.own_tolerances();
    let conclusion = concluded(&outcome.evidence(), &begun.selection(), &outcome.untested, own);
    begun.finish(&outcome, conclusion);
    Ok(JudgedAgain { interrupted: outcome.interrupted, ..joined(stated, begun.snapshot(), &plan) })
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
    let runtime = runtime(2)?;
    let interrupt = Interrupt::listen(runtime.handle()).map_err(CommandError::broken)?;
    // Cases without a response need an instance that really starts, so that their results are in the evidence alone.
    let answered: Vec<usize> =
        selected.iter().copied().filter(|&index| !plan.trials[index].answers_nothing()).collect();
    let open = opening(plan, platform);
    Ok(runtime.block_on(run_silently(plan, &answered, &settings, open, Arc::new(judging), &interrupt)))
}

/// The backend of the evidence as one that replays its recorded responses.
fn replaying(arguments: &JudgeArguments, backend: &EvidenceBackend) -> BackendTable {
    let directory = arguments.evidence.join(evidence::RESPONSES);
    // A JSON string is a TOML string too.
    let directory = serde_json::json!(directory.to_string_lossy());
    let source = Source::new(evidence::BACKEND, format!("directory = {directory}\n"));
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

/// How much of the plan the evidence covers. Does not trust what the evidence says about that, because cases may have been removed.
fn covered(stated: &RunRecord, plan: &Plan) -> Result<SelectionScope, CommandError> {
    let planned: HashSet<&str> = plan.trials.iter().map(|trial| trial.name.as_str()).collect();
    let mut names = HashSet::new();
    for case in &stated.cases {
        if !planned.contains(case.name.as_str()) || !names.insert(case.name.as_str()) {
            let message = format!("the evidence has {} twice, or its backend has no such case", case.name);
            return Err(CommandError::misconfigured(message));
        }
    }
    let has = |trial: &PlannedTrial| names.contains(trial.name.as_str());
    Ok(SelectionScope {
        whole: plan.trials.iter().all(has),
        every_core_case: plan.trials.iter().filter(|trial| trial.level == Level::Core).all(has),
    })
}

/// The run of the evidence with the new verdicts.
fn joined(stated: &RunRecord, here: RunRecord, plan: &Plan) -> JudgedAgain {
    let planned: HashMap<&str, &PlannedTrial> = plan.trials.iter().map(|trial| (trial.name.as_str(), trial)).collect();
    let mut again: HashMap<String, CaseRecord> = here.cases.into_iter().map(|case| (case.name.clone(), case)).collect();
    let (mut taken_over, mut others) = (0, Vec::new());
    let mut cases = Vec::with_capacity(stated.cases.len());
    for case in &stated.cases {
        let trial = planned.get(case.name.as_str());
        let is_unanswered = trial.is_some_and(|trial| trial.answers_nothing());
        let judged = again.remove(&case.name).filter(|judged| judged.verdict != Verdict::Skip && !is_unanswered);
        let mut judged = judged.unwrap_or_else(|| unreplayed(case, is_unanswered));
        if judged.verdict != case.verdict {
            others.push(format!("{}: the evidence says {}, judged {}", case.name, case.verdict, judged.verdict));
        } else if judged.verdict != Verdict::Skip && judged.notes.iter().any(|note| note == TAKEN_OVER) {
            taken_over += 1;
        }
        judged.level = trial.map_or(judged.level, |trial| trial.level);
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
    JudgedAgain { run, taken_over, others, interrupted: None }
}

/// A case without a response to replay. Its stated verdict stays if no backend gives a response, or if it is against this backend. A pass
/// needs a response.
fn unreplayed(stated: &CaseRecord, is_unanswered: bool) -> CaseRecord {
    let mut case = stated.clone();
    if stated.verdict == Verdict::Skip {
        if !is_unanswered {
            // Only a scenario can be inapplicable to a backend.
            case.skip_cause = Some(SkipCause::NotRun);
        }
    } else if is_unanswered || stated.verdict.is_wrong() || stated.verdict == Verdict::KnownFailure {
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

fn shown(arguments: &JudgeArguments, judged: &JudgedAgain) -> (String, u8) {
    let run = &judged.run;
    let telling = if arguments.verbose { Telling::EveryCase } else { Telling::FirstCase };
    let mut text = failures(run, telling, &HashMap::new());
    let (BackendRecord { name, kind, weights, .. }, started) = (&run.backend, &run.started);
    let cases = count(run.cases.len(), "case");
    let again = run.cases.len().saturating_sub(judged.taken_over + run.counts().skipped);
    let _ = writeln!(
        text,
        "evidence of backend {name} (kind {kind}, weights {weights}) of {started}: {cases}, {again} judged again"
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
    (format!("{text}{sentence}\n"), code)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::outcome::record::fixture::{case, finding, run};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: JudgeArguments,
    }

    fn arguments(words: &[&str]) -> JudgeArguments {
        Line::parse_from([&["judge", "evidence"][..], words].concat()).arguments
    }

    /// What `judge` says about a run without a response to replay.
    fn judged(cases: Vec<CaseRecord>) -> JudgedAgain {
        let mut stated = run(cases);
        stated.state = RunState::Complete;
        joined(&stated, run(Vec::new()), &Plan::default())
    }

    #[test]
    fn what_speaks_against_the_backend_needs_no_response() {
        let slow = || vec![finding("response", "call failed: no response to call `call` within the case's 1 s")];
        let judged = judged(vec![
            case("esm2::embed::failed", Verdict::Fail, slow()),
            case("esm2::embed::known", Verdict::KnownFailure, slow()),
            case("esm2::embed::upstream", Verdict::KnownUpstream, slow()),
            case("esm2::embed::passed", Verdict::Pass, Vec::new()),
        ]);
        let verdicts: Vec<Verdict> = judged.run.cases.iter().map(|case| case.verdict).collect();
        assert_eq!(verdicts, [Verdict::Fail, Verdict::KnownFailure, Verdict::Skip, Verdict::Skip]);
        assert_eq!(judged.taken_over, 2);
        insta::assert_snapshot!(judged.others.join("\n"), @"
        esm2::embed::upstream: the evidence says known upstream, judged skip
        esm2::embed::passed: the evidence says pass, judged skip
        ");
    }

    #[test]
    fn a_skipped_case_is_not_counted_as_taken_over_whatever_its_notes_say() {
        let mut skipped = case("esm2::embed::skipped", Verdict::Skip, Vec::new());
        skipped.notes = vec![TAKEN_OVER.to_owned()];
        let judged = judged(vec![skipped]);
        assert_eq!(judged.taken_over, 0);
        let (text, _) = shown(&arguments(&[]), &judged);
        assert!(text.contains(": 1 case, 0 judged again\n"), "{text}");
    }

    #[test]
    fn after_a_signal_there_is_no_report() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("outcome.json");
        let arguments = arguments(&["--report", &format!("json={}", path.display())]);
        let mut judged = judged(vec![case("esm2::embed::passed", Verdict::Pass, Vec::new())]);
        judged.interrupted = Some(Interruption::Interrupt);
        let (text, code) = end(&arguments, &judged).unwrap();
        assert_eq!((code, path.exists()), (130, false));
        insta::assert_snapshot!(text, @"inconclusive: interrupted (exit code 130)");
        judged.interrupted = None;
        end(&arguments, &judged).unwrap();
        assert!(path.exists());
    }
}
