//! The record of a run that begins: the program, the backend, the selection, the cases. Does not run or judge anything.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::arguments::RunArguments;
use super::output::CommandError;
use super::project::{Project, References, hash_file};
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

/// How much of the plan a run selects.
#[derive(Debug, Clone, Copy)]
pub(super) struct SelectionScope {
    /// All cases.
    pub(super) whole: bool,
    /// All core cases.
    pub(super) every_core_case: bool,
}

/// The record of a run that begins.
pub(super) fn begin(
    arguments: &RunArguments,
    (project, references): (&Project, &References),
    (platform, plan, trials): (&Platform, &Plan, &Trials),
    reproduce: &str,
    scope: SelectionScope,
) -> Result<LiveRecord, CommandError> {
    let selected = trials.select(plan);
    let harness = HarnessRecord {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        suites_sha256: project.suites_sha256(),
        snapshots_sha256: snapshots_sha256(&references.directory().join(&platform.weights))
            .map_err(CommandError::because("cannot read the snapshots"))?,
        contracts_sha256: contracts_sha256(project),
    };
    let selection = SelectionRecord {
        whole: scope.whole,
        every_core_case: scope.every_core_case,
        planned: plan.trials.len(),
        selected: selected.len(),
        arguments: selecting(arguments),
        shard: arguments.shard.map(|shard| shard.to_string()),
    };
    let planned: Planned = selected.into_iter().map(|index| (index, case(&plan.trials[index], reproduce))).collect();
    let run = RunRecord::begun(harness, backend(arguments, project, platform), selection);
    Ok(LiveRecord::new(run, planned, platform.facts()))
}

fn backend(arguments: &RunArguments, project: &Project, platform: &Platform) -> BackendRecord {
    let (target, table) = (&arguments.target, &platform.table);
    let tag = target.backend.as_deref().and_then(|name| Some(name.split_once(':')?.1.to_owned()));
    BackendRecord {
        name: table.name.clone(),
        kind: platform.kind.name.to_owned(),
        weights: platform.weights.clone(),
        tag: tag.or_else(|| target.image_tag.clone()),
        device: target.device.clone(),
        gpu: target.gpu.clone(),
        boileroom: table.boileroom.clone(),
        versions: table.boileroom.iter().map(|version| ("boileroom".to_owned(), version.clone())).collect(),
        tolerances: own_tolerances(&project.config.models, &table.tolerances, |model| table.serves(model)),
        machine: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// The own gates of a backend for the models that it serves.
pub(super) fn own_tolerances(
    models: &[Arc<Contract>],
    tolerances: &OwnTolerances,
    serves: impl Fn(&str) -> bool,
) -> Vec<OwnToleranceRecord> {
    let own = |model: &Arc<Contract>| {
        let gates = tolerances.differing(model).into_iter();
        gates.map(|gate| OwnToleranceRecord::new(&model.key, gate)).collect::<Vec<_>>()
    };
    models.iter().filter(|model| serves(&model.key)).flat_map(own).collect()
}

/// The arguments of the command line that select cases.
fn selecting(arguments: &RunArguments) -> Vec<String> {
    let mut words: Vec<String> = arguments.filters.clone();
    let flags = [("--skip", &arguments.skip), ("--model", &arguments.model), ("--suite", &arguments.suite)];
    for (flag, values) in flags {
        words.extend(values.iter().map(|value| format!("{flag} {value}")));
    }
    // The parts of a run of one level must not join to a run of everything.
    words.extend(arguments.level.map(|level| format!("--level {level}")));
    if arguments.exact {
        words.push("--exact".to_owned());
    }
    if arguments.rerun_failed.is_some() {
        words.push("--rerun-failed".to_owned());
    }
    words.iter().map(|word| plain_text(word)).collect()
}

fn case(trial: &PlannedTrial, reproduce: &str) -> CaseRecord {
    let reproduce = match reproduce {
        "" => String::new(),
        line => format!("{line} --exact {}", quote(&trial.name)),
    };
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
    CallRecord {
        name: call.name.to_string(),
        method: call.request.method.name().to_owned(),
        input: call.request.input.to_json(),
        options: json!(call.request.options),
        config: json!(call.config),
        response: None,
    }
}

/// SHA-256 of the recorded results and noise floors below a directory. Does not read the arrays, because the texts name them by content.
fn snapshots_sha256(directory: &Path) -> std::io::Result<String> {
    let mut files = Vec::new();
    collect(directory, &mut files)?;
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        let name = file.strip_prefix(directory).unwrap_or(&file).to_string_lossy().into_owned();
        hash_file(&mut hasher, &name, &std::fs::read(&file)?);
    }
    Ok(hex::encode(hasher.finalize()))
}

/// Finds the snapshots and their noise floors below a directory, which need not exist.
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
        } else if kind.is_file() && [".snap", ".floor.json"].iter().any(|end| is_named(&path, end)) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_named(path: &Path, ending: &str) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(ending.as_bytes()))
}

/// SHA-256 of the contracts, without the places of their declarations.
fn contracts_sha256(project: &Project) -> String {
    let mut hasher = Sha256::new();
    for contract in &project.config.models {
        let mut contract = Contract::clone(contract);
        contract.known.clear();
        hash_file(&mut hasher, &contract.key.clone(), format!("{contract:?}").as_bytes());
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_decides_a_comparison_is_in_the_hash() {
        let home = tempfile::tempdir().unwrap();
        let mut hashes = vec![snapshots_sha256(&home.path().join("absent")).unwrap()];
        std::fs::create_dir_all(home.path().join("esm2/fold")).unwrap();
        for name in ["short.snap", "short.floor.json", "short.snap.new", "notes.json"] {
            std::fs::write(home.path().join("esm2/fold").join(name), "{}").unwrap();
            hashes.push(snapshots_sha256(home.path()).unwrap());
        }
        let changed: Vec<bool> = hashes.windows(2).map(|pair| pair[0] != pair[1]).collect();
        assert_eq!(changed, [true, true, false, false]);
    }
}
