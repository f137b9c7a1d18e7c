//! `hydrotest try`: makes one call and judges it, by writing a suite of one case. Does not run that suite itself.

use std::path::PathBuf;

use clap::{Args, Parser};
use serde_json::Value as Json;

use super::CommandError;
use super::arguments::{CommandLine, RunArguments, TargetArguments};
use super::paths::{ConfigPlace, ProjectPaths};
use super::project::{Project, SuiteOrigin, read_config};
use super::run::run_project;
use crate::config::{Diagnostic, Diagnostics, Sequences, Source, Suites};
use crate::plan::Selection;
use crate::prediction::{Contract, Options};

/// One call and its checks.
#[derive(Debug, Args)]
pub(crate) struct TryArguments {
    /// What to ask.
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// The model to call.
    #[arg(long, value_name = "KEY")]
    pub(crate) model: String,
    /// The options of the call, as JSON, such as `{"include_fields":["plddt"]}`.
    #[arg(long, value_name = "JSON", value_parser = parse_options)]
    pub(crate) options: Option<Options>,
    /// What the model is configured with when it starts, as JSON.
    #[arg(long, value_name = "JSON", value_parser = parse_options)]
    pub(crate) model_config: Option<Options>,
    /// Send a list, also of a single sequence; several are always one.
    #[arg(long)]
    pub(crate) as_list: bool,
    /// A check besides `contract` and, of a fold, `sequence`: its name, or the table of a suite, such as
    /// `{ check = "b_factor", atol = 0.01 }`; may be repeated.
    #[arg(long, value_name = "CHECK")]
    pub(crate) check: Vec<String>,
    /// What to send: chains of one sequence separated by `:`, several sequences as a list.
    #[arg(value_name = "SEQUENCE", required = true)]
    pub(crate) sequences: Vec<String>,
    /// The file that declares backends and models [default: `backends.toml` here or in a directory above, else the one built in].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

fn parse_options(text: &str) -> Result<Options, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

/// The name of the suite as a file.
const FILE: &str = "try.toml";

/// Makes the call.
pub(super) fn try_call(arguments: &TryArguments) -> Result<u8, CommandError> {
    let usual = CommandLine::parse_from(["hydrotest"]).run;
    let run = RunArguments {
        target: arguments.target.clone(),
        model: vec![arguments.model.clone()],
        places: ProjectPaths { config: arguments.config.clone(), ..usual.places },
        ..usual
    };
    let config = read_config(&run.places)?;
    let mut project = Project {
        snapshots: ConfigPlace::find(run.places.config.as_deref())?.home().join("snapshots"),
        origin: SuiteOrigin::Project,
        suites: Vec::new(),
        suite_files: Vec::new(),
        config,
    };
    project.check(&Selection { models: run.model.clone(), ..Selection::default() })?;
    if let Some(contract) = project.config.model(&arguments.model) {
        let source = Source::new(FILE, suite(arguments, contract)?);
        project.suites = Suites::parse(&[source], &project.config, &Sequences::default())?.suites;
    }
    // Without a line to reproduce: the user has just typed it.
    run_project(&run, &project, String::new())
}

/// The text of the suite.
fn suite(arguments: &TryArguments, contract: &Contract) -> Result<String, Diagnostics> {
    let sequences: Vec<Json> = arguments.sequences.iter().map(|text| Json::from(text.as_str())).collect();
    let literal = match &*sequences {
        [one] if !arguments.as_list => toml(one)?,
        _ => toml(&Json::Array(sequences))?,
    };
    let table = |options: &Option<Options>| toml(&Json::Object(options.clone().unwrap_or_default()));
    let mut checks = vec!["contract".to_owned()];
    if contract.field("atom_array").is_some() {
        checks.push("sequence".to_owned());
    }
    checks.extend(arguments.check.iter().cloned());
    let table_of =
        |check: String| if check.starts_with('{') { check } else { format!("{{ check = {} }}", Json::from(check)) };
    let checks: Vec<String> = checks.into_iter().map(table_of).collect();
    Ok(format!(
        "about = \"one call\"\nmodels = [{}]\n[[case]]\nname = \"call\"\nliteral = {literal}\nunchecked_options = {}\n\
         unchecked_config = {}\nchecks = [{}]\n",
        Json::from(contract.key.as_str()),
        table(&arguments.options)?,
        table(&arguments.model_config)?,
        checks.join(", ")
    ))
}

/// A JSON value as TOML. Only objects are written differently, and TOML has no null.
fn toml(value: &Json) -> Result<String, Diagnostics> {
    Ok(match value {
        Json::Null => {
            return Err(Diagnostic::new("an option cannot be null: leave it out").into());
        }
        Json::Array(items) => {
            let items: Result<Vec<String>, Diagnostics> = items.iter().map(toml).collect();
            format!("[{}]", items?.join(", "))
        }
        Json::Object(entries) => {
            let pair = |(name, value)| Ok(format!("{} = {}", Json::String(String::clone(name)), toml(value)?));
            let pairs: Result<Vec<String>, Diagnostics> = entries.iter().map(pair).collect();
            format!("{{ {} }}", pairs?.join(", "))
        }
        plain => plain.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_as_toml() {
        let value = serde_json::json!({"a b": [1, 2.5, "x\"y\n"], "on": true, "in": {}});
        assert_eq!(toml(&value).unwrap(), r#"{ "a b" = [1, 2.5, "x\"y\n"], "on" = true, "in" = {  } }"#);
        assert!(toml(&serde_json::json!({"seed": null})).is_err());
    }
}
