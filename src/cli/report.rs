//! `hydrotest report`, `merge`, `diff` and `schema`: what is done with outcome files after a run. Judges nothing anew.

use std::io::Write;
use std::path::Path;

use super::arguments::{DiffArguments, MergeArguments, ReportArguments, SchemaArguments, SchemaForm};
use super::report_writer::write_report;
use super::{BROKEN, CommandError};
use crate::config::{Diagnostic, Diagnostics};
use crate::metric_value::count;
use crate::outcome::record::{self, RunRecord, RunState, ToleranceCount, difference, merge};
use crate::report::conclusion::concluded;
use crate::report::console::own_tolerances;
use crate::report::{difference as differences, format};

/// What the readers of `backends.toml` take; `tests/schemas.rs` makes it of them.
const BACKENDS_SCHEMA: &str = include_str!("../../docs/backends.schema.json");
/// What the readers of suites take.
const SUITES_SCHEMA: &str = include_str!("../../docs/suites.schema.json");
/// Something got worse.
const WORSE: u8 = 1;

/// Renders an outcome file.
pub(crate) fn report(arguments: &ReportArguments) -> Result<u8, CommandError> {
    let run = read(&arguments.outcome)?;
    let format = format::format(&arguments.to);
    let format = format.ok_or_else(|| misconfigured(format!("there is no form `{}`", arguments.to)))?;
    let text = (format.render)(&run)
        .map_err(|reason| CommandError::Broken(format!("no {} can be made of it: {reason}", format.name)))?;
    match &arguments.output {
        Some(path) => write(path, &text),
        None => show(&text),
    }
}

/// Joins outcome files. Exits as the whole run would have.
pub(crate) fn merged(arguments: &MergeArguments) -> Result<u8, CommandError> {
    let mut parts = Vec::new();
    for path in &arguments.outcomes {
        parts.push((path.display().to_string(), read(path)?));
    }
    let number = parts.len();
    let mut whole = merge(parts).map_err(misconfigured)?;
    let (sentence, code) = if whole.state == RunState::Incomplete {
        whole.conclusion = None;
        (format!("incomplete: a part did not end (exit code {BROKEN})"), BROKEN)
    } else {
        let conclusion =
            concluded(&whole.evidence(), &whole.selection, &whole.untested, ToleranceCount::of(whole.own_tolerances()));
        let (sentence, code) = (conclusion.sentence.clone(), conclusion.exit_code);
        whole.conclusion = Some(conclusion);
        (sentence, code)
    };
    let text = record::text(&whole).map_err(|error| CommandError::Broken(error.to_string()))?;
    write(&arguments.output, &text)?;
    let cases = count(whole.cases.len(), "case");
    let own: Vec<String> = whole.own_tolerances().map(ToString::to_string).collect();
    let own = own_tolerances(&own);
    show(&format!("{cases} of {} joined\n{own}{sentence}\n", count(number, "part")))?;
    Ok(code)
}

/// Says what changed between two runs. Exits with 1 when something got worse.
pub(crate) fn diff(arguments: &DiffArguments) -> Result<u8, CommandError> {
    let (old, new) = (read(&arguments.old)?, read(&arguments.new)?);
    let changed = difference(&old, &new);
    show(&differences::text(&old, &new, &changed))?;
    Ok(if changed.is_worse() { WORSE } else { 0 })
}

/// Prints a JSON schema.
pub(crate) fn schema(arguments: &SchemaArguments) -> Result<u8, CommandError> {
    let schema = match arguments.form {
        SchemaForm::Outcome => record::schema(),
        SchemaForm::Backends => return show(BACKENDS_SCHEMA),
        SchemaForm::Suites => return show(SUITES_SCHEMA),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| CommandError::Broken(error.to_string()))?;
    show(&(text + "\n"))
}

/// Reads an outcome file.
pub(super) fn read(path: &Path) -> Result<RunRecord, CommandError> {
    record::read(path).map_err(misconfigured)
}

/// The user has to change something.
pub(super) fn misconfigured(problem: String) -> CommandError {
    Diagnostics::from(Diagnostic::new(problem)).into()
}

/// Writes a file in one step.
pub(super) fn write(path: &Path, text: &str) -> Result<u8, CommandError> {
    let written = write_report(path, text.as_bytes());
    written.map_err(|error| CommandError::Broken(format!("{} cannot be written: {error}", path.display())))?;
    Ok(0)
}

/// Writes to standard output. A reader that closed it wants no more; any other failure must not pass for success.
pub(super) fn show(text: &str) -> Result<u8, CommandError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CommandError::Broken(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(0),
    }
}
