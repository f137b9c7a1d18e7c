//! `hydrotest backends`, `models` and `suites`: lists declarations as tables for people or JSON for programs. Does not run anything.

use std::fmt::Write;

use clap::Args;
use serde_json::{Map, Value, json};

use super::output::{CommandError, say};
use super::paths::ProjectPaths;
use super::project::{Project, read_config};
use crate::backend::registry::KINDS;
use crate::config::{Level, Suite};
use crate::prediction::Contract;
use crate::prediction::contract::Presence;

/// How to list what is declared.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// Lists the declared backends, and the kinds there are.
pub(super) fn backends(arguments: &ListArguments) -> Result<u8, CommandError> {
    let config = read_config(&arguments.places)?;
    let default = &config.default;
    if arguments.json {
        let backends = config.backends.iter().map(|table| {
            json!({
                "name": table.name,
                "kind": table.kind.value,
                "default": table.name == *default,
                "max_instances": table.max_instances,
                "models": config.models.iter().map(|model| &model.key)
                    .filter(|key| table.serves(key)).collect::<Vec<_>>(),
            })
        });
        let kinds: Vec<_> = KINDS.iter().map(|kind| json!({ "name": kind.name, "summary": kind.summary })).collect();
        return show_json(&json!({ "backends": backends.collect::<Vec<_>>(), "kinds": kinds }));
    }
    let rows = config.backends.iter().map(|table| {
        let summary = KINDS.iter().find(|kind| kind.name == table.kind.value).map_or("", |kind| kind.summary);
        let mark = if table.name == *default { " (default)" } else { "" };
        [format!("{}{mark}", table.name), table.kind.value.clone(), summary.to_owned()]
    });
    let mut text = table(["BACKEND", "KIND", "WHAT IT DOES"], rows);
    let declared = |name: &str| config.backends.iter().any(|table| table.kind.value == name);
    let others: Vec<&str> = KINDS.iter().map(|kind| kind.name).filter(|name| !declared(name)).collect();
    if !others.is_empty() {
        let _ = writeln!(text, "\nkinds without a backend: {}", others.join(", "));
    }
    say(&text);
    Ok(0)
}

/// Lists the declared models with their contracts.
pub(super) fn models(arguments: &ListArguments) -> Result<u8, CommandError> {
    let config = read_config(&arguments.places)?;
    if arguments.json {
        let models: Vec<_> = config.models.iter().map(|model| contract_json(model)).collect();
        return show_json(&json!({ "models": models }));
    }
    let rows = config.models.iter().map(|model| {
        let optional = model.fields.iter().filter(|field| field.presence == Presence::Requested).count();
        let variants = model.variants.len().max(1).to_string();
        let features: Vec<&str> = model.features.iter().map(String::as_str).collect();
        let (key, name, method) = (model.key.clone(), model.name.clone(), model.method.to_string());
        [key, name, method, variants, optional.to_string(), features.join(", ")]
    });
    say(&table(["MODEL", "NAME", "METHOD", "VARIANTS", "OPTIONAL FIELDS", "FEATURES"], rows));
    Ok(0)
}

/// Lists the suites with the number of cases for each model.
pub(super) fn suites(arguments: &ListArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let models = &project.config.models;
    let of_level = |suite: &Suite, model: &Contract, level: Level| -> usize {
        let is_declared = |key: &str| project.config.model(key).is_some();
        let cases = suite.cases_for(model).filter(|_| suite.is_for(model, is_declared));
        cases.filter(|case| case.level(&model.key) == level).map(|case| case.repetitions(model).len()).sum()
    };
    let of_model =
        |suite: &Suite, model: &Contract| Level::ALL.map(|level| of_level(suite, model, level)).iter().sum::<usize>();
    let of_all = |suite: &Suite, level: Level| models.iter().map(|model| of_level(suite, model, level)).sum::<usize>();
    if arguments.json {
        let suites = project.suites.iter().map(|suite| {
            let cases = models.iter().map(|model| (model.key.clone(), json!(of_model(suite, model))));
            let levels = Level::ALL.map(|level| (level.name().to_owned(), json!(of_all(suite, level))));
            let (cases, levels): (Map<String, Value>, Map<String, Value>) =
                (cases.collect(), levels.into_iter().collect());
            json!({ "name": suite.name, "about": suite.about, "cases": cases, "levels": levels })
        });
        return show_json(&json!({ "suites": suites.collect::<Vec<_>>() }));
    }
    let rows = project.suites.iter().map(|suite| {
        let fitting = models.iter().filter(|model| of_model(suite, model) > 0);
        let names: Vec<&str> = fitting.map(|model| model.key.as_str()).collect();
        let [core, extended] = Level::ALL.map(|level| of_all(suite, level).to_string());
        [suite.name.clone(), core, extended, names.join(", "), suite.about.clone()]
    });
    say(&table(["SUITE", "CORE", "EXTENDED", "MODELS", "ABOUT"], rows));
    Ok(0)
}

fn contract_json(model: &Contract) -> Value {
    let fields = model.fields.iter().map(|field| {
        json!({
            "name": field.name,
            "always": field.presence == Presence::Always,
            "requestable": field.presence == Presence::Requested,
            "shape": field.shape.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "dtypes": field.dtypes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    json!({
        "key": model.key,
        "name": model.name,
        "method": model.method.name(),
        "core": model.core,
        "output": model.output,
        "image": model.image,
        "features": model.features,
        "fixed_options": model.fixed_options(),
        "variants": model.variants.iter().map(|variant| &variant.name).collect::<Vec<_>>(),
        "fields": fields.collect::<Vec<_>>(),
    })
}

pub(super) fn show_json(value: &Value) -> Result<u8, CommandError> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(CommandError::because("the list cannot be written as JSON"))?;
    say(&(text + "\n"));
    Ok(0)
}

/// Aligns columns to their widest cell, without spaces at the end of a line.
pub(super) fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_clean() {
        let rows = [["a".to_owned(), "long cell".to_owned()], ["bcd".to_owned(), "x".to_owned()]];
        insta::assert_snapshot!(table(["K", "V"], rows.into_iter()), @"
        K    V
        a    long cell
        bcd  x
        ");
    }
}
