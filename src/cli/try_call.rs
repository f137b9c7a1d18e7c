//! `hydrotest try`: one call and its judgement, as a suite of one case that is made of the arguments. A run does the rest.

use clap::Parser;
use serde_json::Value as Json;

use super::CommandError;
use super::arguments::{CommandLine, ConfigPlace, ProjectPaths, RunArguments, TryArguments};
use super::project::{Project, SuiteOrigin, read_config};
use super::run::run_project;
use crate::config::{Diagnostic, Diagnostics, Sequences, Source, Suites};
use crate::plan::Selection;
use crate::prediction::{Contract, Options};

/// The name of the file that the suite would have, and so of the suite.
const FILE: &str = "try.toml";

/// Makes the call.
pub(crate) fn try_call(arguments: &TryArguments) -> Result<u8, CommandError> {
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
    // A case of its own has no other command line than the one that was just typed.
    run_project(&run, &project, String::new())
}

/// The suite, as it would be written.
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
    let checks: Vec<String> = checks
        .into_iter()
        .map(|check| if check.starts_with('{') { check } else { format!("{{ check = {} }}", Json::from(check)) })
        .collect();
    Ok(format!(
        "about = \"one call\"\nmodels = [{}]\n[[case]]\nname = \"call\"\nliteral = {literal}\nunchecked_options = {}\n\
         unchecked_config = {}\nchecks = [{}]\n",
        Json::from(contract.key.as_str()),
        table(&arguments.options)?,
        table(&arguments.model_config)?,
        checks.join(", ")
    ))
}

/// A JSON value as TOML, which writes all of them alike but for objects and has no null.
fn toml(value: &Json) -> Result<String, Diagnostics> {
    Ok(match value {
        Json::Null => {
            let message = "an option cannot be null: leave it out";
            return Err(Diagnostic::new(message).into());
        }
        Json::Array(items) => {
            let items: Result<Vec<String>, Diagnostics> = items.iter().map(toml).collect();
            format!("[{}]", items?.join(", "))
        }
        Json::Object(entries) => {
            let pair =
                |(name, value): (&String, &Json)| Ok(format!("{} = {}", Json::from(name.as_str()), toml(value)?));
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
