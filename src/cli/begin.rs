//! What is known of a run before it begins, as the record of it: the program, the backend, the selection, the cases.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::arguments::RunArguments;
use super::project::{Project, References};
use crate::backend::registry::Platform;
use crate::config::OwnTolerances;
use crate::outcome::record::{
    BackendRecord, CallRecord, CaseRecord, CaseTimes, HarnessRecord, LiveRecord, OwnToleranceRecord, Planned,
    RunRecord, SelectionRecord, plain_text,
};
use crate::outcome::{Verdict, quote};
use crate::plan::{Plan, PlannedCall, PlannedTrial};
use crate::prediction::Contract;
use crate::run::Trials;

/// How much a run selects.
#[derive(Debug, Clone, Copy)]
pub(super) struct SelectionScope {
    /// Nothing is left out.
    pub(super) whole: bool,
    /// No core case is left out.
    pub(super) every_core_case: bool,
}

/// The record of a run that begins.
pub(super) fn begin(
    arguments: &RunArguments,
    (project, references): (&Project, &References),
    (platform, plan, trials): (&Platform, &Plan, &Trials),
    reproduce: &str,
    scope: SelectionScope,
) -> std::io::Result<LiveRecord> {
    let selected = trials.select(plan);
    let harness = HarnessRecord {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        suites_sha256: project.suites_sha256(),
        snapshots_sha256: snapshots_sha256(&references.directory().join(&platform.weights))?,
        contracts_sha256: contracts_sha256(project),
    };
    let selection = SelectionRecord {
        whole: scope.whole,
        every_core_case: scope.every_core_case,
        planned: plan.trials.len(),
        selected: selected.len(),
        arguments: words(arguments),
        shard: arguments.shard.map(|shard| shard.to_string()),
    };
    let planned: Planned = selected.into_iter().map(|index| (index, case(&plan.trials[index], reproduce))).collect();
    Ok(LiveRecord::new(
        RunRecord::begun(harness, backend(arguments, project, platform), selection),
        planned,
        platform.facts(),
    ))
}

fn backend(arguments: &RunArguments, project: &Project, platform: &Platform) -> BackendRecord {
    let (_, tag) = arguments.target.backend.as_deref().and_then(|name| name.split_once(':')).unzip();
    let mut versions = std::collections::BTreeMap::new();
    if let Some(boileroom) = &platform.table.boileroom {
        versions.insert("boileroom".to_owned(), boileroom.clone());
    }
    BackendRecord {
        name: platform.table.name.clone(),
        kind: platform.kind.name.to_owned(),
        weights: platform.weights.clone(),
        tag: tag.map(str::to_owned).or_else(|| arguments.target.image_tag.clone()),
        device: arguments.target.device.clone(),
        gpu: arguments.target.gpu.clone(),
        boileroom: platform.table.boileroom.clone(),
        versions,
        tolerances: own_tolerances(&project.config.models, &platform.table.tolerances, |model| {
            platform.table.serves(model)
        }),
        machine: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// The gates that a backend has of its own for the models that it serves.
pub(super) fn own_tolerances(
    models: &[Arc<Contract>],
    tolerances: &OwnTolerances,
    serves: impl Fn(&str) -> bool,
) -> Vec<OwnToleranceRecord> {
    let models = models.iter().filter(|model| serves(&model.key));
    let own = models.flat_map(|model| {
        let differing = tolerances.differing(model).into_iter();
        differing.map(|gate| OwnToleranceRecord::new(&model.key, gate))
    });
    own.collect()
}

/// The words of the command line that select cases.
fn words(arguments: &RunArguments) -> Vec<String> {
    let mut words: Vec<String> = arguments.filters.clone();
    let flags = [("--skip", &arguments.skip), ("--model", &arguments.model), ("--suite", &arguments.suite)];
    for (flag, values) in flags {
        words.extend(values.iter().map(|value| format!("{flag} {value}")));
    }
    // A part of a run that is joined to others must not pass for a part of everything.
    words.extend(arguments.level.map(|level| format!("--level {level}")));
    if arguments.exact {
        words.push("--exact".to_owned());
    }
    if arguments.control.rerun_failed.is_some() {
        words.push("--rerun-failed".to_owned());
    }
    words.iter().map(|word| plain_text(word)).collect()
}

fn case(trial: &PlannedTrial, reproduce: &str) -> CaseRecord {
    let reproduce =
        if reproduce.is_empty() { String::new() } else { format!("{reproduce} --exact {}", quote(&trial.name)) };
    CaseRecord {
        name: trial.name.clone(),
        model: trial.contract.key.clone(),
        suite: trial.suite.to_string(),
        level: trial.level,
        place: plain_text(&trial.statement.place()),
        position: trial.position,
        verdict: Verdict::Skip,
        responsible: None,
        skip_cause: None,
        reason: None,
        notes: Vec::new(),
        seconds: CaseTimes::default(),
        attempts: Vec::new(),
        calls: trial.calls.iter().map(call).collect(),
        checks: trial.statement.checks(),
        metrics: Vec::new(),
        plots: Vec::new(),
        reproduce: plain_text(&reproduce),
    }
}

fn call(call: &PlannedCall) -> CallRecord {
    let options = |options: &crate::prediction::Options| -> Value { json!(options) };
    CallRecord {
        name: call.name.to_string(),
        method: call.request.method.name().to_owned(),
        input: call.request.input.to_json(),
        options: options(&call.request.options),
        config: options(&call.config),
        response: None,
    }
}

/// SHA-256 of the recorded results below a directory. Their texts name the arrays by content, so that these need not be read.
fn snapshots_sha256(directory: &Path) -> std::io::Result<String> {
    let mut files = Vec::new();
    collect(directory, &mut files)?;
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        let name = file.strip_prefix(directory).unwrap_or(&file).to_string_lossy().into_owned();
        add(&mut hasher, &name, &std::fs::read(&file)?);
    }
    Ok(hex::encode(hasher.finalize()))
}

/// The snapshots below a directory; none where there is no such directory.
fn collect(directory: &Path, files: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            collect(&path, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "snap") {
            files.push(path);
        }
    }
    Ok(())
}

/// SHA-256 of what the models promise; where they say so does not count.
fn contracts_sha256(project: &Project) -> String {
    let mut hasher = Sha256::new();
    for contract in &project.config.models {
        let mut contract = Contract::clone(contract);
        contract.known.clear();
        add(&mut hasher, &contract.key.clone(), format!("{contract:?}").as_bytes());
    }
    hex::encode(hasher.finalize())
}

/// Adds a name and what it stands for, so that no two lists of them look the same.
pub(super) fn add(hasher: &mut Sha256, name: &str, content: &[u8]) {
    for part in [name.as_bytes(), content] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
}
