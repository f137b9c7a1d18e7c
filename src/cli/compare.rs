//! `hydrotest compare`: compares two files of results. Does not know what a comparison consists of.

use std::path::PathBuf;

use clap::Args;

use super::list;
use super::output::{CommandError, say};
use super::paths::ConfigPlace;
use crate::compare::ToleranceOverrides;
use crate::compare_files::{Rules, compare, load, verdict};
use crate::config::{Config, Diagnostic, Diagnostics};
use crate::metric_value::MetricVerdict;
use crate::prediction::gates::{GateTable, StructureGates};
use crate::report::compare::{ComparedFiles, json, table};

/// Which files to compare, and by which gates.
#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// The reference.
    #[arg(value_name = "A")]
    pub(crate) first: PathBuf,
    /// The other result.
    #[arg(value_name = "B")]
    pub(crate) second: PathBuf,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Only this field, such as `plddt`; for an npy file, the field that it holds [default: the one its name says].
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// The model whose gates judge [default: the one that a snapshot or response names, else those of unknown models].
    #[arg(long, value_name = "KEY", help_heading = "Gates")]
    pub(crate) model: Option<String>,
    /// A gate of structures to change, such as `ca_rmsd=0.1`; may be repeated.
    #[arg(long, value_name = "GATE=VALUE", value_parser = parse_gate, help_heading = "Gates")]
    pub(crate) gate: Vec<(&'static str, f64)>,
    /// Greatest absolute difference of the elements of arrays.
    #[arg(long, value_name = "NUMBER", value_parser = parse_bound, help_heading = "Gates")]
    pub(crate) atol: Option<f64>,
    /// Greatest difference of the elements of arrays as a fraction of the first.
    #[arg(long, value_name = "NUMBER", value_parser = parse_bound, help_heading = "Gates")]
    pub(crate) rtol: Option<f64>,
    /// The file that declares models and gates [default: `backends.toml` here or in a directory above, else the one built in].
    #[arg(long, value_name = "FILE", help_heading = "Gates")]
    pub(crate) config: Option<PathBuf>,
}

/// A gate of structures by its key, with a value in its range.
fn parse_gate(text: &str) -> Result<(&'static str, f64), String> {
    let gates = StructureGates::gates();
    let keys = || gates.iter().map(|gate| gate.key).collect::<Vec<_>>().join(", ");
    let (key, value) = text.split_once('=').ok_or_else(|| format!("expected GATE=VALUE, with one of {}", keys()))?;
    let gate = (gates.iter().find(|gate| gate.key == key.trim()))
        .ok_or_else(|| format!("there is no gate `{}`; there are {}", key.trim(), keys()))?;
    let value = value.trim().parse().ok().filter(|value| gate.range.contains(value));
    let (least, most) = (gate.range.start(), gate.range.end());
    Ok((gate.key, value.ok_or_else(|| format!("expected a number from {least} to {most}"))?))
}

/// An upper bound of differences.
fn parse_bound(text: &str) -> Result<f64, String> {
    let bound = text.parse().ok().filter(|bound| (0.0..f64::INFINITY).contains(bound));
    bound.ok_or_else(|| "expected a number of at least 0".into())
}

/// Exit code: the two differ.
const DIFFERENT: u8 = 1;

/// Compares the two and shows how far they are apart.
pub(super) fn run(arguments: &CompareArguments) -> Result<u8, CommandError> {
    let config = Config::parse(&ConfigPlace::find(arguments.config.as_deref())?.source()?)?;
    let (first, second) = match (load(&arguments.first), load(&arguments.second)) {
        (Ok(first), Ok(second)) => (first, second),
        (first, second) => {
            let mut problems = Diagnostics::new();
            for problem in [first.err(), second.err()].into_iter().flatten() {
                problems.push(Diagnostic::new(problem));
            }
            return Err(problems.into());
        }
    };
    let limits = ToleranceOverrides {
        absolute: arguments.atol,
        relative: arguments.rtol,
        gates: arguments.gate.iter().copied().collect(),
    };
    let rules = Rules::of(&config, arguments.model.as_deref(), (&first, &second), &limits)
        .map_err(CommandError::misconfigured)?;
    let notes = [first.notes.clone(), second.notes.clone()];
    let sections = compare(first, second, &rules, arguments.field.as_deref()).map_err(CommandError::misconfigured)?;
    let names = [&arguments.first, &arguments.second].map(|path| path.display().to_string());
    let subject = ComparedFiles { first: (&names[0], &notes[0]), second: (&names[1], &notes[1]), rules: &rules.name };
    if arguments.json {
        list::show_json(&json(&subject, &sections))?;
    } else {
        say(&table(&subject, &sections));
    }
    Ok(if verdict(&sections) == MetricVerdict::Different { DIFFERENT } else { 0 })
}
