//! `hydrotest mutants`: runs the suites against mutants of a backend and reports which they kill. Connects platform, plan, run and
//! report. Does not decide whether a mutant is killed.

mod measuring;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::output::{CommandError, complain, did_you_mean, runtime, say};
use super::paths::ProjectPaths;
use super::project::Project;
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::check;
use crate::config::{Diagnostic, Diagnostics, Level, Suite};
use crate::mutant::{self, Fate, Mutant, MutantResult};
use crate::outcome::Conclusion;
use crate::plan::{Plan, Selection};
use crate::prediction::Contract;
use crate::report::mutants as report;
use crate::run::{Interrupt, processors};
use crate::snapshot::{Recording, Store};
use measuring::{Measured, Measuring};

/// The mutants to run, their backend, and the suites that judge them.
#[derive(Debug, Args)]
pub(crate) struct MutantArguments {
    /// The backend that the faults are planted in, as declared [default: `default` in the configuration].
    #[arg(long, value_name = "NAME[:TAG]")]
    pub(crate) backend: Option<String>,
    /// Only mutants whose name contains this, such as `fault/`, `esmfold/pae` or `benign/`.
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// List the mutants without running one.
    #[arg(long)]
    pub(crate) list: bool,
    /// Only this model; may be repeated or separated by commas.
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub(crate) model: Vec<String>,
    /// Only this suite; may be repeated or separated by commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) suite: Vec<String>,
    /// Only cases of this level, `core` or `extended`.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<Level>,
    /// Judge without this check; may be repeated. Shows what the check is there for.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) without: Vec<String>,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = MutantFormat::Text)]
    pub(crate) format: MutantFormat,
    /// Write the tables of the result to this file as Markdown, besides.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// The form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MutantFormat {
    /// Scores, what survived and false alarms.
    Text,
    /// A JSON object for each mutant, with every case that killed it.
    Json,
}

/// Exit code: a mutant survived, or a benign one was refused.
const SURVIVED: u8 = 1;

/// Runs or lists the selected mutants.
pub(super) fn mutants(arguments: &MutantArguments) -> Result<u8, CommandError> {
    let mut project = Project::read(&arguments.places)?;
    // A known failure of the backend must not hide that a mutant of it is killed.
    for backend in &mut project.config.backends {
        backend.known.clear();
    }
    judge_without(&mut project.suites, &arguments.without)?;
    let (models, suites) = (arguments.model.clone(), arguments.suite.clone());
    let mut selection = Selection { models, suites, level: arguments.level, ..Selection::default() };
    project.check(&selection)?;
    let selector = project.selector(arguments.backend.as_deref());
    let platform = Platform::select(&project.config, selector, Overrides::default())?;
    selection.weights = Some(platform.weights.clone());
    let plan = Arc::new(project.plan(&platform.table.by_shared_gates(), &selection)?);
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
    let directory = tempfile::tempdir().map_err(CommandError::broken)?;
    // One thread more than can judge at once, as in every run.
    let runtime = runtime(processors() + 1)?;
    let interrupt = Interrupt::listen(runtime.handle()).map_err(CommandError::broken)?;
    let measuring = Measuring {
        plan,
        platform: Arc::new(platform),
        store: Store::new(directory.path(), Recording::Never)?,
        responses: Arc::default(),
    };
    let results = runtime.block_on(measuring.run(all, interrupt))?;
    let (results, left_out) = match results {
        Measured::Whole { results, left_out } => (results, left_out),
        Measured::Ended(code) => return Ok(code),
    };
    if let Some(path) = &arguments.markdown {
        let failed = CommandError::because(path.display());
        std::fs::write(path, report::markdown(&results)).map_err(failed)?;
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

/// Removes checks from all cases, and cases that have no other check.
fn judge_without(suites: &mut [Suite], without: &[String]) -> Result<(), Diagnostics> {
    let known = || check::KINDS.iter().map(|kind| kind.name);
    let mut diagnostics = Diagnostics::new();
    for name in without.iter().filter(|name| !known().any(|known| known == name.as_str())) {
        let help = did_you_mean(name, known());
        let help = help.unwrap_or_else(|| format!("checks: {}", known().collect::<Vec<_>>().join(", ")));
        diagnostics.push(Diagnostic::new(format!("there is no check {name}")).with_help(help));
    }
    for suite in suites {
        for case in suite.cases.iter_mut().filter_map(Arc::get_mut) {
            case.checks.retain(|check| !without.contains(&check.kind.value));
        }
        suite.cases.retain(|case| !case.checks.is_empty());
    }
    diagnostics.into_result(())
}

/// Whether a case sets an option of a model to a value other than its default.
fn is_set(plan: &Plan, contract: &Contract, option: &str) -> bool {
    let default = contract.option(option).map(|option| &option.default);
    let of_model = plan.trials.iter().filter(|trial| trial.contract.key == contract.key);
    let mut calls = of_model.filter(|trial| !trial.expects_error()).flat_map(|trial| &trial.calls);
    calls.any(|call| {
        let given = call.request.options.get(option).or_else(|| call.config.get(option));
        given.is_some() && given != default
    })
}
