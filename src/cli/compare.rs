//! `hydrotest compare`: two files of results held against each other.

use std::path::Path;

use super::arguments::CompareArguments;
use super::{MISCONFIGURED, Trouble, complain, list, say};
use crate::check::Limits;
use crate::comparison::{Rules, compare, load, verdict};
use crate::config::Config;
use crate::measure::Verdict;
use crate::report::compare::{Subject, json, table};

/// The two differ.
const DIFFERENT: u8 = 1;
/// Declares models where the command is run in a checkout.
const CONFIG: &str = "backends.toml";

/// Compares and says how far the two are apart.
pub fn run(arguments: &CompareArguments) -> Result<u8, Trouble> {
    let config = match &arguments.config {
        Some(path) => Config::load(path)?,
        None if Path::new(CONFIG).exists() => Config::load(Path::new(CONFIG))?,
        None => Config::built_in()?,
    };
    let loaded = [load(&arguments.first), load(&arguments.second)];
    let [Ok(first), Ok(second)] = &loaded else {
        for problem in loaded.iter().filter_map(|loaded| loaded.as_ref().err()) {
            complain(&format!("error: {problem}"));
        }
        return Ok(MISCONFIGURED);
    };
    let limits = Limits {
        absolute: arguments.atol,
        relative: arguments.rtol,
        gates: arguments.gate.iter().copied().collect(),
    };
    let rules = match Rules::of(&config, arguments.model.as_deref(), (first, second), &limits) {
        Ok(rules) => rules,
        Err(problem) => {
            complain(&format!("error: {problem}"));
            return Ok(MISCONFIGURED);
        }
    };
    let sections = compare(first, second, &rules);
    let names = [&arguments.first, &arguments.second].map(|path| path.display().to_string());
    let subject = Subject {
        first: (&names[0], &first.notes),
        second: (&names[1], &second.notes),
        rules: &rules.name,
    };
    if arguments.json {
        list::show_json(&json(&subject, &sections))?;
    } else {
        say(&table(&subject, &sections));
    }
    Ok(if verdict(&sections) == Verdict::Different {
        DIFFERENT
    } else {
        0
    })
}
