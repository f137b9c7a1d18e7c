//! The evidence of a run: `--evidence DIR` keeps what another machine needs to reach the same verdicts, and `hydrotest judge` refuses
//! evidence that was judged by other rules. Does not judge any case.

use std::fs;
use std::path::{Path, PathBuf};

use super::begin::own_tolerances;
use super::output::CommandError;
use super::project::Project;
use crate::backend::registry::Platform;
use crate::config::{Diagnostic, OwnTolerances};
use crate::os;
use crate::outcome::evidence::{self, EvidenceBackend};
use crate::outcome::record::{RunRecord, are_same, plain_line, redacted, text};
use crate::prediction::known::KnownDefect;
use crate::snapshot::write_atomically;

/// The shortest value of a variable that counts as a secret. Shorter ones occur in many texts by chance.
const SHORTEST_SECRET: usize = 8;

/// The directory of the evidence of a run.
pub(super) struct EvidenceDirectory(PathBuf);

impl EvidenceDirectory {
    /// Takes a directory that is new or empty, because other files would not be evidence of this run.
    pub(super) fn new(path: &Path) -> Result<Self, CommandError> {
        fs::create_dir_all(path).map_err(failed(path))?;
        if fs::read_dir(path).map_err(failed(path))?.next().is_some() {
            let diagnostic = Diagnostic::new(format!("--evidence {}: the directory is not empty", path.display()));
            return Err(diagnostic.with_help("name a new one").into());
        }
        Ok(Self(path.to_owned()))
    }

    /// Adds the outcome of the run and the rules that judged it, and closes the directory.
    pub(super) fn close(
        &self,
        run: &RunRecord,
        project: &Project,
        backend: &EvidenceBackend,
    ) -> Result<(), CommandError> {
        let put = |name: &str, bytes: &[u8]| {
            let path = self.0.join(name);
            write_atomically(&path, bytes).map_err(failed(&path))
        };
        let unwritable = |error: serde_json::Error| CommandError::Broken(format!("no evidence can be made: {error}"));
        // Plots can be drawn again from the responses.
        let run = redacted(&run.without_plots(), &private_texts()).map_err(unwritable)?;
        put(evidence::OUTCOME, text(&run).map_err(unwritable)?.as_bytes())?;
        put(evidence::BACKEND, &serde_json::to_vec_pretty(backend).map_err(unwritable)?)?;
        for (name, content) in &project.suite_files {
            put(&format!("{}/{name}", evidence::SUITES), content)?;
        }
        evidence::close(&self.0).map_err(CommandError::broken)
    }
}

/// The part of a backend's table that a plan depends on.
pub(super) fn backend(platform: &Platform) -> EvidenceBackend {
    let table = &platform.table;
    EvidenceBackend {
        name: table.name.clone(),
        kind: platform.kind.name.to_owned(),
        weights: platform.weights.clone(),
        models: table.models.as_ref().map(|models| models.iter().map(|model| model.value.clone()).collect()),
        boileroom: table.boileroom.clone(),
        through: table.through.clone(),
        known: table.known.iter().map(|known| KnownDefect::clone(known)).collect(),
        per_model: table.per_model.clone(),
        tolerances: table.tolerances.clone(),
    }
}

/// Refuses a project with other suites, recorded results or contracts: verdicts by other rules prove nothing about the run.
pub(super) fn same_rules(stated: &RunRecord, here: &RunRecord) -> Result<(), CommandError> {
    let pairs = [
        ("version of hydrotest", &stated.harness.version, &here.harness.version),
        ("suites", &stated.harness.suites_sha256, &here.harness.suites_sha256),
        ("recorded results", &stated.harness.snapshots_sha256, &here.harness.snapshots_sha256),
        ("contracts of the models", &stated.harness.contracts_sha256, &here.harness.contracts_sha256),
    ];
    let other: Vec<&str> = pairs.iter().filter(|(_, one, other)| one != other).map(|(what, ..)| *what).collect();
    if other.is_empty() {
        return Ok(());
    }
    let message = format!("the evidence was made with another {}", other.join(", another "));
    let help = "check out the state of the project that it was made with, or repeat the run";
    Err(Diagnostic::new(message).with_help(help).into())
}

/// Refuses evidence with own tolerances of its backend that its outcome does not state, that no configuration may have, or that differ
/// from those of the same backend here.
pub(super) fn same_tolerances(
    stated: &RunRecord,
    backend: &EvidenceBackend,
    project: &Project,
) -> Result<(), CommandError> {
    let refused = |message: String, help: &str| -> Result<(), CommandError> {
        Err(Diagnostic::new(message).with_help(help).into())
    };
    let config = &project.config;
    if let Some(misfit) = backend.tolerances.misfit(&config.models) {
        let message = format!("the evidence has a tolerance that no backend can have: {}", plain_line(&misfit));
        return refused(message, "see `tolerances` of a backend in docs/backends");
    }
    let serves = |model: &str| backend.models.as_ref().is_none_or(|models| models.iter().any(|one| one == model));
    let own = |tolerances: &OwnTolerances| own_tolerances(&config.models, tolerances, serves);
    let evident = own(&backend.tolerances);
    if !are_same(&evident, &stated.backend.tolerances) {
        let message = format!("the evidence was judged by other tolerances than its {} says", evidence::BACKEND);
        return refused(message, "repeat the run");
    }
    let declared = config.backend(&backend.name);
    if declared.is_some_and(|declared| !are_same(&own(&declared.tolerances), &evident)) {
        let message = format!("the evidence was made with other tolerances than [backends.{}] has here", backend.name);
        return refused(message, "check out the state of the project that it was made with, or repeat the run");
    }
    Ok(())
}

/// Texts that must not leave the machine, each with its replacement.
fn private_texts() -> Vec<(String, String)> {
    let mut texts = vec![(os::host_name(), "<host>".to_owned())];
    for (variable, shown) in [("PWD", "."), ("HOME", "~"), ("TMPDIR", "<tmp>")] {
        let value = std::env::var(variable).unwrap_or_default();
        if value.len() > 1 {
            texts.push((value.trim_end_matches('/').to_owned(), shown.to_owned()));
        }
    }
    let is_secret = |name: &str| {
        let name = name.to_ascii_uppercase();
        ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY", "CREDENTIAL"].iter().any(|part| name.contains(part))
    };
    texts.extend(std::env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        (is_secret(&name) && value.len() >= SHORTEST_SECRET).then(|| (value, format!("<{name}>")))
    }));
    texts
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> CommandError {
    CommandError::because(format!("evidence cannot be kept: {}", path.display()))
}
