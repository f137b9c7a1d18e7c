//! `hydrotest snapshots import`: turns files of a model's own project or of a published run into a reference result. Puts their values into
//! the form of the contract and reports its changes. Does not run anything.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value as Json;

use super::output::{CommandError, did_you_mean, say};
use super::paths::ProjectPaths;
use super::project::Project;
use crate::check;
use crate::compare_files::load;
use crate::config::{BackendTable, Diagnostic};
use crate::plan::{PlannedCall, PlannedTrial, Selection};
use crate::prediction::contract::{FieldKind, FieldSpec};
use crate::prediction::{Contract, Prediction, Record, Value};
use crate::protein::Structure;
use crate::snapshot::{Provenance, Recording, Store};
use crate::tensor::{DType, Tensor};

/// Which files to import, and for which case.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The case whose result it is, `model::suite::case`.
    pub(crate) case: String,
    /// The weights that the result comes from.
    #[arg(long, value_name = "NAME")]
    pub(crate) weights: String,
    /// A field and the file that holds it; may be repeated.
    #[arg(long, value_name = "FIELD=FILE", value_parser = parse_field, required = true)]
    pub(crate) field: Vec<(String, PathBuf)>,
    /// Where the files come from, in words that stay with the result.
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: String,
    /// The call, where the case makes several.
    #[arg(long, value_name = "NAME")]
    pub(crate) call: Option<String>,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// A field and its file.
fn parse_field(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("expected FIELD=FILE")?;
    Ok((name.trim().to_owned(), PathBuf::from(path)))
}

/// The name of the backend in the provenance of an imported result.
const BACKEND: &str = "imported";
/// The field of confidences, which files often carry as temperature factors.
const PLDDT: &str = "plddt";
/// The longest JSON file, in bytes.
const LONGEST_JSON: u64 = 16 << 20;

/// Imports one result.
pub(super) fn import(arguments: &ImportArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let trial = find(&project, arguments)?;
    let call = recorded_call(&trial, arguments.call.as_deref())?;
    let contract = &trial.contract;
    let mut changes = Vec::new();
    let mut fields = Vec::new();
    for spec in &contract.fields {
        for (_, path) in arguments.field.iter().filter(|(name, _)| *name == spec.name) {
            let value = value(contract, spec, path, &mut changes).map_err(CommandError::misconfigured)?;
            fields.push((spec.name.clone(), value));
        }
    }
    if let Some((name, _)) = arguments.field.iter().find(|(name, _)| contract.field(name).is_none()) {
        let known = contract.fields.iter().map(|field| field.name.as_str());
        return Err(unknown(format!("{} has no field `{name}`", contract.name), name, known));
    }
    let residues = |sequence: &String| sequence.chars().filter(|letter| *letter != ':').count();
    let lengths = call.request.input.strings().iter().map(|sequence| Value::Integer(residues(sequence) as i64));
    fields.push(("metadata".to_owned(), metadata(contract, lengths.collect())));
    let prediction = Prediction { class: contract.output.clone(), fields };
    let breaches = check::breaches(contract, &prediction);
    if !breaches.is_empty() {
        return Err(CommandError::misconfigured(format!(
            "the contract of {} is broken: {}",
            contract.name,
            breaches.join("; ")
        )));
    }
    let key = trial
        .snapshot_key(&arguments.weights, &call.name)
        .map_err(|error| CommandError::misconfigured(error.to_string()))?;
    let store = Store::new(&project.snapshots, Recording::Missing)?;
    let _recording = store.lock_to_record()?;
    if store.has(&key) {
        return Err(CommandError::misconfigured(format!("{key} is recorded already; delete it first to replace it")));
    }
    let changes = if changes.is_empty() { String::new() } else { format!(" ({})", changes.join("; ")) };
    let provenance = Provenance {
        backend: BACKEND.to_owned(),
        kind: "files".to_owned(),
        model: contract.name.clone(),
        request: call.request.clone(),
        config: contract.decisive_config(&call.config),
        seed_option: contract.seed_option().map(str::to_owned),
        recorded: Some(format!("{}{changes}", arguments.source)),
        source: trial.source.to_string(),
    };
    store.keep(&key, &prediction, &provenance)?;
    say(&format!("imported {key}{changes}\n"));
    Ok(0)
}

/// The case of this name, planned as if the backend served every model.
fn find(project: &Project, arguments: &ImportArguments) -> Result<PlannedTrial, CommandError> {
    let Some(first) = project.config.backends.first() else {
        return Err(CommandError::misconfigured("no backend is declared"));
    };
    let everything = BackendTable { models: None, ..first.clone() };
    let plan = project.plan(&everything, &Selection::of_weights(&arguments.weights))?;
    let found = plan.trials.iter().find(|trial| trial.name == arguments.case).cloned();
    found.ok_or_else(|| {
        let message = format!("there is no case {} for weights `{}`", arguments.case, arguments.weights);
        unknown(message, &arguments.case, plan.trials.iter().map(|trial| trial.name.as_str()))
    })
}

/// The call whose result is imported.
fn recorded_call<'a>(trial: &'a PlannedTrial, wanted: Option<&str>) -> Result<&'a PlannedCall, CommandError> {
    let records = |call: &&PlannedCall| trial.checks.iter().any(|check| check.records(&call.name));
    let calls: Vec<&PlannedCall> = trial.calls.iter().filter(records).collect();
    let names: Vec<&str> = calls.iter().map(|call| &*call.name).collect();
    match (wanted, calls.as_slice()) {
        (_, []) => {
            Err(CommandError::misconfigured(format!("no check of {} compares with a recorded result", trial.name)))
        }
        (None, [only]) => Ok(only),
        (None, _) => Err(CommandError::misconfigured(format!(
            "{} makes several calls: name one of {} by `--call`",
            trial.name,
            names.join(", ")
        ))),
        (Some(name), calls) => calls.iter().find(|call| &*call.name == name).copied().ok_or_else(|| {
            CommandError::misconfigured(format!(
                "{} has no recorded call `{name}`; it has {}",
                trial.name,
                names.join(", ")
            ))
        }),
    }
}

/// The value of a file, in the form of a field.
fn value(contract: &Contract, spec: &FieldSpec, path: &Path, changes: &mut Vec<String>) -> Result<Value, String> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return number(spec, path);
    }
    let loaded = load(path)?;
    let structure = loaded.prediction.at("atom_array[0]").and_then(Value::as_structure);
    match (spec.kind, structure) {
        (FieldKind::Structures, Some(structure)) => {
            let mut structure = structure.clone();
            fit(spec, &mut structure, changes);
            Ok(Value::List(vec![Value::Structure(Box::new(structure))]))
        }
        (FieldKind::Arrays, Some(structure)) if spec.name == PLDDT => {
            changes.push(format!("{PLDDT}: the mean temperature factor of each residue's atoms"));
            Ok(Value::List(vec![Value::Array(Tensor::vector(&confidences(structure)?))]))
        }
        (FieldKind::Array | FieldKind::Arrays, None) => {
            let arrays = &loaded.prediction.fields;
            let [(_, only)] = arrays.as_slice() else {
                return Err(format!("{}: holds {} arrays, expected one", path.display(), arrays.len()));
            };
            let array = only.as_array().ok_or_else(|| format!("{}: holds no array", path.display()))?;
            Ok(of_kind(spec, narrow(spec, array)))
        }
        _ => {
            let (name, model) = (&spec.name, &contract.name);
            Err(format!("{}: does not hold what the field `{name}` of {model} holds", path.display()))
        }
    }
}

/// The number, or the numbers, that a JSON file has under the name of a field.
fn number(spec: &FieldSpec, path: &Path) -> Result<Value, String> {
    let at = |problem: String| format!("{}: {problem}", path.display());
    let metadata = std::fs::metadata(path).map_err(|error| at(error.to_string()))?;
    if !metadata.is_file() || metadata.len() > LONGEST_JSON {
        return Err(at("is no regular file, or a very long one".to_owned()));
    }
    let text = std::fs::read(path).map_err(|error| at(error.to_string()))?;
    let json: Json = serde_json::from_slice(&text).map_err(|error| at(error.to_string()))?;
    let found = json.get(&spec.name).ok_or_else(|| at(format!("has no key `{}`", spec.name)))?;
    let numbers: Option<Vec<f64>> = match found {
        Json::Array(items) => items.iter().map(Json::as_f64).collect(),
        other => other.as_f64().map(|number| vec![number]),
    };
    let numbers = numbers.ok_or_else(|| at(format!("`{}` is neither a number nor a list of numbers", spec.name)))?;
    match (spec.kind, numbers.as_slice()) {
        (FieldKind::Scalar, [number]) => Ok(Value::Float(*number)),
        (FieldKind::Array | FieldKind::Arrays, _) => Ok(of_kind(spec, narrow(spec, &Tensor::vector(&numbers)))),
        _ => Err(at(format!("`{}` is not what the contract says", spec.name))),
    }
}

fn of_kind(spec: &FieldSpec, tensor: Tensor) -> Value {
    match spec.kind {
        FieldKind::Arrays => Value::List(vec![Value::Array(tensor)]),
        _ => Value::Array(tensor),
    }
}

/// Converts 64-bit numbers of a file to the 32-bit numbers of a contract.
fn narrow(spec: &FieldSpec, tensor: &Tensor) -> Tensor {
    if spec.dtypes.contains(&DType::F32) && tensor.dtype() == DType::F64 {
        let values: Vec<f32> = tensor.to_f64().unwrap_or_default().iter().map(|&value| value as f32).collect();
        if let Ok(narrow) = Tensor::from_values(tensor.shape().to_vec(), &values) {
            return narrow;
        }
    }
    tensor.clone()
}

/// Numbers residues and scales temperature factors as the contract says. Removes the factors if the model returns none.
fn fit(spec: &FieldSpec, structure: &mut Structure, changes: &mut Vec<String>) {
    let name = &spec.name;
    if let (Some(first), Some(least)) = (spec.first_residue, structure.res_id.iter().min().copied())
        && least != first
    {
        for number in &mut structure.res_id {
            *number += first - least;
        }
        changes.push(format!("{name}: residues numbered from {first}, not {least}"));
    }
    match (spec.b_factor, &mut structure.b_factor) {
        (None, Some(_)) => {
            structure.b_factor = None;
            structure.b_factor_dtype = None;
            changes.push(format!("{name}: without temperature factors"));
        }
        (Some(scale), Some(factors)) => {
            let scale = scale.greatest;
            let found = scale_of(factors);
            if f64::abs(found - scale) > f64::EPSILON {
                for factor in factors.iter_mut() {
                    *factor *= scale / found;
                }
                changes.push(format!("{name}: temperature factors up to {scale}, not {found}"));
            }
        }
        _ => {}
    }
}

/// The greatest possible confidence of these factors. Confidences are published from 0 to 1 or from 0 to 100.
fn scale_of(factors: &[f64]) -> f64 {
    if factors.iter().any(|factor| *factor > 1.0) { 100.0 } else { 1.0 }
}

/// The confidence of every residue, from 0 to 1: the mean over its atoms.
fn confidences(structure: &Structure) -> Result<Vec<f32>, String> {
    let factors = structure.b_factor.as_ref().ok_or("the structure has no temperature factors")?;
    let scale = scale_of(factors);
    let residue =
        |atom: usize| (structure.chain_id.get(atom), structure.res_id.get(atom), structure.ins_code.get(atom));
    let mut confidences = Vec::new();
    let mut start = 0;
    while start < factors.len() {
        let length = (start..factors.len()).take_while(|&atom| residue(atom) == residue(start)).count();
        let sum: f64 = factors[start..start + length].iter().sum();
        confidences.push((sum / length as f64 / scale) as f32);
        start += length;
    }
    Ok(confidences)
}

/// The metadata that a backend would return. Times and version are not compared.
fn metadata(contract: &Contract, lengths: Vec<Value>) -> Value {
    let fields = [
        ("model_name", Value::Text(contract.name.clone())),
        ("model_version", Value::Text("imported".to_owned())),
        ("sequence_lengths", Value::List(lengths)),
        ("preprocessing_time", Value::None),
        ("inference_time", Value::None),
        ("postprocessing_time", Value::None),
    ];
    Value::Record(Record {
        class: "boileroom.base.PredictionMetadata".to_owned(),
        fields: fields.map(|(name, value)| (name.to_owned(), value)).into(),
    })
}

/// An error about a name that is not known, with a suggestion if there is one.
fn unknown<'a>(message: String, name: &str, known: impl Iterator<Item = &'a str>) -> CommandError {
    let diagnostic = Diagnostic::new(message);
    match did_you_mean(name, known) {
        Some(help) => diagnostic.with_help(help).into(),
        None => diagnostic.into(),
    }
}
