//! `hydrotest snapshots import`: makes a reference result of files that a model's own project or a published run left. Puts what
//! they hold into the form of the contract and says what it changed; runs nothing.

use std::path::Path;

use serde_json::Value as Json;

use super::arguments::ImportArguments;
use super::project::Project;
use super::{CommandError, say};
use crate::check;
use crate::compare_files::load;
use crate::config::{BackendTable, Diagnostic, Diagnostics, suggest};
use crate::plan::{Overriding, PlannedCall, PlannedTrial, Selection, expand};
use crate::prediction::contract::{FieldKind, FieldSpec};
use crate::prediction::{Contract, Prediction, Record, Value};
use crate::protein::Structure;
use crate::snapshot::{Provenance, Recording, Store};
use crate::tensor::{DType, Tensor};

/// What stands for a backend where no backend answered.
const BACKEND: &str = "imported";
/// The field of confidences, which files often carry as temperature factors.
const PLDDT: &str = "plddt";
/// The longest JSON file.
const LONGEST_JSON: u64 = 16 << 20;

/// Imports one result.
pub(crate) fn import(arguments: &ImportArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let trial = find(&project, arguments)?;
    let call = recorded_call(&trial, arguments.call.as_deref())?;
    let contract = &trial.contract;
    let mut changes = Vec::new();
    let mut fields = Vec::new();
    for spec in &contract.fields {
        let given = arguments.field.iter().filter(|(name, _)| *name == spec.name);
        for (_, path) in given {
            let value = value(contract, spec, path, &mut changes).map_err(wrong)?;
            fields.push((spec.name.clone(), value));
        }
    }
    if let Some((name, _)) = arguments.field.iter().find(|(name, _)| contract.field(name).is_none()) {
        let known = contract.fields.iter().map(|field| field.name.as_str());
        let message = format!("{} has no field `{name}`", contract.name);
        return Err(wrong_with(message, suggest(name, known)));
    }
    let lengths = call.request.input.strings().iter().map(|sequence| {
        let residues = sequence.chars().filter(|letter| *letter != ':').count();
        Value::Integer(residues as i64)
    });
    fields.push(("metadata".to_owned(), metadata(contract, lengths.collect())));
    let prediction = Prediction { class: contract.output.clone(), fields };
    let breaches = check::breaches(contract, &prediction);
    if !breaches.is_empty() {
        return Err(wrong(format!("the contract of {} is broken: {}", contract.name, breaches.join("; "))));
    }
    let key = trial.snapshot_key(&arguments.weights, &call.name);
    let key = key.map_err(|error| wrong(error.to_string()))?;
    let store = Store::new(&project.snapshots, Recording::Missing)?;
    let _recording = store.lock_to_record()?;
    if store.has(&key) {
        return Err(wrong(format!("{key} is recorded already; delete it first to replace it")));
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

/// The case of the name, as it is planned where every model is served.
fn find(project: &Project, arguments: &ImportArguments) -> Result<PlannedTrial, CommandError> {
    let Some(first) = project.config.backends.first() else {
        return Err(wrong("no backend is declared".to_owned()));
    };
    let everything = BackendTable { models: None, ..first.clone() };
    let selection = Selection { weights: Some(arguments.weights.clone()), ..Selection::default() };
    let plan = expand(&project.config, &project.suites, &everything, &selection, Overriding::default())?;
    let names: Vec<String> = plan.trials.iter().map(|trial| trial.name.clone()).collect();
    let found = plan.trials.into_iter().find(|trial| trial.name == arguments.case);
    found.ok_or_else(|| {
        let message = format!("there is no case {} for weights `{}`", arguments.case, arguments.weights);
        wrong_with(message, suggest(&arguments.case, names.iter().map(String::as_str)))
    })
}

/// The call whose result is imported.
fn recorded_call<'a>(trial: &'a PlannedTrial, wanted: Option<&str>) -> Result<&'a PlannedCall, CommandError> {
    let records = |call: &&PlannedCall| trial.checks.iter().any(|check| check.records(&call.name));
    let calls: Vec<&PlannedCall> = trial.calls.iter().filter(records).collect();
    let names: Vec<&str> = calls.iter().map(|call| &*call.name).collect();
    match (wanted, calls.as_slice()) {
        (_, []) => Err(wrong(format!("no check of {} compares with a recorded result", trial.name))),
        (None, [only]) => Ok(only),
        (None, _) => {
            Err(wrong(format!("{} makes several calls: name one of {} by `--call`", trial.name, names.join(", "))))
        }
        (Some(name), calls) => {
            let found = calls.iter().find(|call| &*call.name == name).copied();
            found.ok_or_else(|| {
                wrong(format!("{} has no recorded call `{name}`; it has {}", trial.name, names.join(", ")))
            })
        }
    }
}

/// What a file holds, in the form of a field.
fn value(contract: &Contract, spec: &FieldSpec, path: &Path, changes: &mut Vec<String>) -> Result<Value, String> {
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json {
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
            let tensor = Tensor::vector(&confidences(structure)?);
            Ok(Value::List(vec![Value::Array(tensor)]))
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

/// Files have wider numbers than models give.
fn narrow(spec: &FieldSpec, tensor: &Tensor) -> Tensor {
    if spec.dtypes.contains(&DType::F32) && tensor.dtype() == DType::F64 {
        let values: Vec<f32> = tensor.to_f64().unwrap_or_default().iter().map(|&value| value as f32).collect();
        if let Ok(narrow) = Tensor::from_values(tensor.shape().to_vec(), &values) {
            return narrow;
        }
    }
    tensor.clone()
}

/// Numbers residues and scales temperature factors as the contract has them; a model that gives none gets none.
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
            let greatest = factors.iter().copied().fold(0.0, f64::max);
            // Confidences are published from 0 to 1 or from 0 to 100.
            let found = if greatest > 1.0 { 100.0 } else { 1.0 };
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

/// The confidence of every residue, from 0 to 1: the mean over its atoms.
fn confidences(structure: &Structure) -> Result<Vec<f32>, String> {
    let factors = structure.b_factor.as_ref().ok_or("the structure has no temperature factors")?;
    let greatest = factors.iter().copied().fold(0.0, f64::max);
    let scale = if greatest > 1.0 { 100.0 } else { 1.0 };
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

/// What the record of a call would say of the model and its input; times and version are not compared.
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

fn wrong(message: String) -> CommandError {
    Diagnostics::from(Diagnostic::new(message)).into()
}

fn wrong_with(message: String, meant: Option<String>) -> CommandError {
    let diagnostic = Diagnostic::new(message);
    let diagnostic = match meant {
        Some(meant) => diagnostic.with_help(format!("did you mean `{meant}`?")),
        None => diagnostic,
    };
    Diagnostics::from(diagnostic).into()
}
