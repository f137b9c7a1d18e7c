//! `hydrotest mutants`: runs the suites against mutants of a backend and says which they kill. Wires platform, plan, run and
//! report; decides nothing itself.

mod measuring;
mod progress;

use std::sync::Arc;

use super::arguments::{MutantArguments, MutantFormat};
use super::project::Project;
use super::{CommandError, complain, say};
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::check;
use crate::config::{Diagnostic, Diagnostics, Suite, suggest};
use crate::mutant::{self, Fate, Mutant, MutantResult};
use crate::outcome::Conclusion;
use crate::plan::{Overriding, Plan, Selection, expand};
use crate::prediction::Contract;
use crate::report::mutants as report;
use crate::snapshot::{Recording, Store};
use measuring::{Measured, Measuring};

/// A mutant survived, or a benign one was refused.
const SURVIVED: u8 = 1;

/// Runs, or lists, the mutants that were asked for.
pub(crate) fn mutants(arguments: &MutantArguments) -> Result<u8, CommandError> {
    let mut project = Project::read(&arguments.places)?;
    // What is known of a backend must not hide that a mutant of it is killed.
    for backend in &mut project.config.backends {
        backend.known.clear();
    }
    judge_without(&mut project.suites, &arguments.without)?;
    let mut selection = Selection {
        models: arguments.model.clone(),
        suites: arguments.suite.clone(),
        level: arguments.level,
        shard: None,
        weights: None,
    };
    project.check(&selection)?;
    let selector = arguments.backend.as_deref().unwrap_or(&project.config.default);
    let platform = Platform::select(&project.config, selector, Overrides::default())?;
    selection.weights = Some(platform.weights.clone());
    let plan =
        expand(&project.config, &project.suites, &platform.table.by_shared_gates(), &selection, Overriding::default())?;
    let plan = Arc::new(plan);
    let wanted = |mutant: &Mutant| arguments.filter.as_ref().is_none_or(|filter| mutant.name.contains(filter));
    let all = mutant::catalogue(&plan.models(), |contract, option| is_set(&plan, contract, option));
    let all: Vec<Arc<Mutant>> = all.into_iter().filter(wanted).map(Arc::new).collect();
    if arguments.list {
        say(&report::list(&all));
        return Ok(0);
    }
    if all.is_empty() || plan.trials.is_empty() {
        complain("no mutant or no case is selected; `--list` shows the mutants");
        return Ok(Conclusion::NothingRan.exit_code());
    }
    let directory = tempfile::tempdir().map_err(|error| CommandError::Broken(error.to_string()))?;
    // One thread more than can judge at once, as in every run.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(measuring::at_once() + 1).enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::Broken(error.to_string()))?;
    let measuring = Measuring {
        plan,
        platform: Arc::new(platform),
        store: Store::new(directory.path(), Recording::Never)?,
        responses: Arc::default(),
    };
    let results = runtime.block_on(measuring.run(all))?;
    let (results, left_out) = match results {
        Measured::Whole { results, left_out } => (results, left_out),
        Measured::Ended(code) => return Ok(code),
    };
    if let Some(path) = &arguments.markdown {
        let written = std::fs::write(path, report::markdown(&results));
        written.map_err(|error| CommandError::Broken(format!("{}: {error}", path.display())))?;
    }
    match arguments.format {
        MutantFormat::Text => say(&report::text(&results, &left_out)),
        MutantFormat::Json => say(&report::json(&results)),
    }
    let is_bad = |result: &MutantResult| {
        matches!(result.fate(), Fate::Survived | Fate::Outdated | Fate::KilledByChance | Fate::FalseAlarm)
    };
    let has_effect = results.iter().any(|result| result.fate() != Fate::NoEffect);
    Ok(match (results.iter().any(is_bad), has_effect) {
        (true, _) => SURVIVED,
        (false, true) => 0,
        (false, false) => Conclusion::NothingRan.exit_code(),
    })
}

/// Takes checks out of all cases, and cases that have no other.
fn judge_without(suites: &mut [Suite], without: &[String]) -> Result<(), Diagnostics> {
    let known = || check::KINDS.iter().map(|kind| kind.name);
    let mut diagnostics = Diagnostics::new();
    for name in without.iter().filter(|name| !known().any(|known| known == name.as_str())) {
        let diagnostic = Diagnostic::new(format!("there is no check {name}"));
        diagnostics.push(match suggest(name, known()) {
            Some(meant) => diagnostic.with_help(format!("did you mean `{meant}`?")),
            None => diagnostic.with_help(format!("checks: {}", known().collect::<Vec<_>>().join(", "))),
        });
    }
    for suite in suites {
        for case in suite.cases.iter_mut().filter_map(Arc::get_mut) {
            case.checks.retain(|check| !without.contains(&check.kind.value));
        }
        suite.cases.retain(|case| !case.checks.is_empty());
    }
    diagnostics.into_result(())
}

/// Whether some case sets an option of a model to something else than its default.
fn is_set(plan: &Plan, contract: &Contract, option: &str) -> bool {
    let default = contract.option(option).map(|option| &option.default);
    let of_model = plan.trials.iter().filter(|trial| trial.contract.key == contract.key);
    let mut calls = of_model.filter(|trial| !trial.expects_error()).flat_map(|trial| &trial.calls);
    calls.any(|call| {
        let given = call.request.options.get(option).or_else(|| call.config.get(option));
        given.is_some() && given != default
    })
}
