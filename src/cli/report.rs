//! `hydrotest report`, `merge`, `diff`, `matrix`, `trend` and `schema`: commands for the files that runs wrote. None of them judges a
//! case again.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{ArgAction, Args, ValueEnum};

use super::output::{BROKEN, CommandError};
use super::report_writer::write_report;
use crate::metric_value::count;
use crate::outcome::record::{self, RunRecord, RunState, ToleranceCount, difference, history, merge, trends};
use crate::prediction::known::matches_pattern;
use crate::report::conclusion::concluded;
use crate::report::console::own_tolerances;
use crate::report::format::{self, FORMATS};
use crate::report::matrix::{MATRIX_FORMS, MatrixView};
use crate::report::{difference as differences, trend as trend_report};

/// The outcome file to render, and the form.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// The outcome file.
    #[arg(value_name = "OUTCOME")]
    pub(crate) outcome: PathBuf,
    /// The form of the report.
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    pub(crate) to: String,
    /// The file to write [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The outcome files to join.
#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// The outcome files of the parts of one run.
    #[arg(value_name = "OUTCOME", required = true)]
    pub(crate) outcomes: Vec<PathBuf>,
    /// The outcome file to write.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// The runs to compare.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The outcome file of the earlier run.
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The outcome file of the later run.
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
}

/// The runs to show as a table, and the form.
#[derive(Debug, Args)]
pub(crate) struct MatrixArguments {
    /// The outcome files of runs; the newest of each backend, its weights and model counts.
    #[arg(value_name = "OUTCOME", required = true)]
    pub(crate) outcomes: Vec<PathBuf>,
    /// The form of the table.
    #[arg(long, value_name = "KIND", default_value = "markdown", value_parser = matrix_kinds())]
    pub(crate) to: String,
    /// The file to write [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Only this backend.
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<String>,
    /// A page with the results of a backend, which its row links to; may be repeated.
    #[arg(long, value_name = "NAME=URL", value_parser = parse_link, action = ArgAction::Append)]
    pub(crate) link: Vec<(String, String)>,
}

/// The histories to show.
#[derive(Debug, Args)]
pub(crate) struct TrendArguments {
    /// The files that `--history` of runs wrote.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) histories: Vec<PathBuf>,
    /// Only cases whose name contains this; with a `*` in it, whose whole name is like it.
    #[arg(long, value_name = "FILTER")]
    pub(crate) case: Option<String>,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Forms of files that have a JSON schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaForm {
    /// Outcome files.
    Outcome,
    /// `backends.toml`, for completion in editors.
    Backends,
    /// Suites, for completion in editors.
    Suites,
}

/// The forms of the table of backends and models, with their help.
fn matrix_kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(MATRIX_FORMS.iter().map(|form| PossibleValue::new(form.name).help(form.about)))
}

/// The forms of reports, with their help.
fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.about)))
}

/// A backend and a page about it, as in `lab=https://example.org/run/17`. The address has no character that is special in Markdown or HTML.
fn parse_link(text: &str) -> Result<(String, String), String> {
    let (name, url) = text.split_once('=').ok_or("expected NAME=URL, with the name of a backend")?;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_plain = |letter: char| letter.is_ascii_graphic() && !r#"<>"'`()[]{}|\^"#.contains(letter);
    if name.is_empty() || !is_web {
        return Err("expected NAME=URL, with an address that begins with https:// or http://".to_owned());
    }
    if let Some(letter) = url.chars().find(|letter| !is_plain(*letter)) {
        return Err(format!("{letter:?} cannot stand in an address: percent-encode it"));
    }
    Ok((name.to_owned(), url.to_owned()))
}

/// The schema of `backends.toml`, which `tests/schemas.rs` generates from its readers.
const BACKENDS_SCHEMA: &str = include_str!("../../docs/backends.schema.json");
/// The schema of suites, from the same test.
const SUITES_SCHEMA: &str = include_str!("../../docs/suites.schema.json");
/// Exit code: something got worse.
const WORSE: u8 = 1;

/// Renders an outcome file.
pub(super) fn report(arguments: &ReportArguments) -> Result<u8, CommandError> {
    let run = read(&arguments.outcome)?;
    let format = format::format(&arguments.to).ok_or_else(|| no_form(&arguments.to))?;
    let failed = CommandError::because(format!("no {} can be made of it", format.name));
    show_or_write(&(format.render)(&run).map_err(failed)?, arguments.output.as_deref())
}

/// Joins outcome files. Exits as the whole run would have.
pub(super) fn merged(arguments: &MergeArguments) -> Result<u8, CommandError> {
    let part = |path: &PathBuf| Ok((path.display().to_string(), read(path)?));
    let parts = arguments.outcomes.iter().map(part).collect::<Result<Vec<_>, CommandError>>()?;
    let number = count(parts.len(), "part");
    let mut whole = merge(parts).map_err(CommandError::misconfigured)?;
    let own = ToleranceCount::of(whole.own_tolerances());
    whole.conclusion = (whole.state != RunState::Incomplete)
        .then(|| concluded(&whole.evidence(), &whole.selection, &whole.untested, own));
    let (sentence, code) = match &whole.conclusion {
        Some(conclusion) => (conclusion.sentence.clone(), conclusion.exit_code),
        None => (format!("incomplete: a part did not end (exit code {BROKEN})"), BROKEN),
    };
    write(&arguments.output, &record::text(&whole).map_err(CommandError::broken)?)?;
    let cases = count(whole.cases.len(), "case");
    let own = own_tolerances(&whole.own_tolerances().map(ToString::to_string).collect::<Vec<_>>());
    show(&format!("{cases} of {number} joined\n{own}{sentence}\n"))?;
    Ok(code)
}

/// Shows what changed between two runs. Exits with 1 if something got worse.
pub(super) fn diff(arguments: &DiffArguments) -> Result<u8, CommandError> {
    let (old, new) = (read(&arguments.old)?, read(&arguments.new)?);
    let changed = difference(&old, &new);
    show(&differences::text(&old, &new, &changed))?;
    Ok(if changed.is_worse() { WORSE } else { 0 })
}

/// Shows or writes the table of backends and models. Always exits with 0.
pub(super) fn matrix(arguments: &MatrixArguments) -> Result<u8, CommandError> {
    let form = MATRIX_FORMS.iter().find(|form| form.name == arguments.to).ok_or_else(|| no_form(&arguments.to))?;
    let mut runs = arguments.outcomes.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let links: BTreeMap<String, String> = arguments.link.iter().cloned().collect();
    for name in links.keys().chain(&arguments.backend) {
        if !runs.iter().any(|run| run.backend.name == *name) {
            return Err(CommandError::misconfigured(format!("no outcome file is of a backend `{name}`")));
        }
    }
    if let Some(backend) = &arguments.backend {
        runs.retain(|run| run.backend.name == *backend);
    }
    show_or_write(&MatrixView::new(&runs, &links).render(form), arguments.output.as_deref())
}

/// Shows the trends. Always exits with 0.
pub(super) fn trend(arguments: &TrendArguments) -> Result<u8, CommandError> {
    let mut lines = Vec::new();
    for path in &arguments.histories {
        lines.extend(history::read(path).map_err(CommandError::misconfigured)?);
    }
    if let Some(filter) = &arguments.case {
        // As FILTER of a run.
        let selects =
            |case: &str| if filter.contains('*') { matches_pattern(filter, case) } else { case.contains(filter) };
        lines.retain(|line| selects(&line.case));
    }
    let trends = trends(&lines);
    show(&if arguments.json { trend_report::json(&trends) } else { trend_report::text(&trends) })
}

/// Prints a JSON schema.
pub(super) fn schema(form: SchemaForm) -> Result<u8, CommandError> {
    show(&match form {
        SchemaForm::Outcome => serde_json::to_string_pretty(&record::schema()).map_err(CommandError::broken)? + "\n",
        SchemaForm::Backends => BACKENDS_SCHEMA.to_owned(),
        SchemaForm::Suites => SUITES_SCHEMA.to_owned(),
    })
}

/// Reads an outcome file.
pub(super) fn read(path: &Path) -> Result<RunRecord, CommandError> {
    record::read(path).map_err(CommandError::misconfigured)
}

fn no_form(name: &str) -> CommandError {
    CommandError::misconfigured(format!("there is no form `{name}`"))
}

/// Writes a file in one step.
fn write(path: &Path, text: &str) -> Result<u8, CommandError> {
    let failed = CommandError::because(format!("{} cannot be written", path.display()));
    write_report(path, text.as_bytes()).map_err(failed)?;
    Ok(0)
}

/// Writes a file, or to standard output without one.
fn show_or_write(text: &str, output: Option<&Path>) -> Result<u8, CommandError> {
    output.map_or_else(|| show(text), |path| write(path, text))
}

/// Writes to standard output. Ignores that a reader closed it; any other error must not pass for success.
fn show(text: &str) -> Result<u8, CommandError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CommandError::because("standard output cannot be written")(error))
        }
        _ => Ok(0),
    }
}
