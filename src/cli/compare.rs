//! `hydrotest compare`: two files of results compared with each other.

use super::arguments::{CompareArguments, ConfigPlace};
use super::{CommandError, list, say};
use crate::compare::ToleranceOverrides;
use crate::compare_files::{Rules, compare, load, verdict};
use crate::config::{Config, Diagnostic, Diagnostics};
use crate::metric_value::MetricVerdict;
use crate::report::compare::{ComparedFiles, json, table};

/// The two differ.
const DIFFERENT: u8 = 1;

/// Compares and says how far the two are apart.
pub(crate) fn run(arguments: &CompareArguments) -> Result<u8, CommandError> {
    let config = match ConfigPlace::find(arguments.config.as_deref())? {
        ConfigPlace::File(path) => Config::load(&path)?,
        ConfigPlace::BuiltIn => Config::built_in()?,
    };
    let (first, second) = match (load(&arguments.first), load(&arguments.second)) {
        (Ok(first), Ok(second)) => (first, second),
        (first, second) => return Err(misconfigured([first, second].into_iter().filter_map(Result::err))),
    };
    let limits = ToleranceOverrides {
        absolute: arguments.atol,
        relative: arguments.rtol,
        gates: arguments.gate.iter().copied().collect(),
    };
    let rules = Rules::of(&config, arguments.model.as_deref(), (&first, &second), &limits);
    let rules = rules.map_err(|problem| misconfigured([problem]))?;
    let notes = [first.notes.clone(), second.notes.clone()];
    let sections = compare(first, second, &rules, arguments.field.as_deref());
    let sections = sections.map_err(|problem| misconfigured([problem]))?;
    let names = [&arguments.first, &arguments.second].map(|path| path.display().to_string());
    let subject = ComparedFiles { first: (&names[0], &notes[0]), second: (&names[1], &notes[1]), rules: &rules.name };
    if arguments.json {
        list::show_json(&json(&subject, &sections))?;
    } else {
        say(&table(&subject, &sections));
    }
    Ok(if verdict(&sections) == MetricVerdict::Different { DIFFERENT } else { 0 })
}

fn misconfigured(problems: impl IntoIterator<Item = String>) -> CommandError {
    let mut diagnostics = Diagnostics::new();
    for problem in problems {
        diagnostics.push(Diagnostic::new(problem));
    }
    diagnostics.into()
}
