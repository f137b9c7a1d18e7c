//! `hydrotest try`: makes one call and judges it, by writing a suite of one case. Does not run that suite itself.

use serde_json::Value as Json;

use super::arguments::{RunArguments, TryArguments};
use super::output::CommandError;
use super::paths::{ConfigPlace, ProjectPaths};
use super::project::{Project, SuiteOrigin, read_config};
use super::run::run_project;
use crate::config::{Diagnostic, Diagnostics, Sequences, Source, Suites};
use crate::plan::Selection;
use crate::prediction::{Contract, Options};

/// The name of the suite as a file.
const FILE: &str = "try.toml";

/// Makes the call.
pub(super) fn try_call(arguments: &TryArguments) -> Result<u8, CommandError> {
    let usual = RunArguments::usual();
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
