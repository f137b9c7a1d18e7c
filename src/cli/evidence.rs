//! `--evidence DIR`: keeps what another machine needs to come to the same verdicts. Wires the pieces; judges nothing.

use std::fs;
use std::path::{Path, PathBuf};

use super::CommandError;
use super::project::Project;
use crate::backend::registry::Platform;
use crate::config::{Diagnostic, Diagnostics};
use crate::os;
use crate::outcome::evidence::{self, EvidenceBackend};
use crate::outcome::record::{RunRecord, redacted, text};
use crate::prediction::known::KnownDefect;
use crate::snapshot::write_atomically;

/// The shortest value of a variable that is taken for a secret: a shorter one stands in many texts by chance.
const SHORTEST_SECRET: usize = 8;

/// Where the evidence of a run goes.
#[derive(Debug)]
pub(super) struct EvidenceDirectory {
    path: PathBuf,
}

impl EvidenceDirectory {
    /// The directory, which must be new or empty: what lies there already is no evidence of this run.
    pub(super) fn new(path: &Path) -> Result<Self, CommandError> {
        fs::create_dir_all(path).map_err(|error| failed(path, &error))?;
        let mut entries = fs::read_dir(path).map_err(|error| failed(path, &error))?;
        if entries.next().is_some() {
            let diagnostic = Diagnostic::new(format!("--evidence {}: the directory is not empty", path.display()));
            return Err(Diagnostics::from(diagnostic.with_help("name a new one")).into());
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Adds what came of the run and what it was judged by, and closes the directory.
    pub(super) fn close(
        &self,
        run: &RunRecord,
        project: &Project,
        backend: &EvidenceBackend,
    ) -> Result<(), CommandError> {
        let put = |name: &str, bytes: &[u8]| {
            let path = self.path.join(name);
            write_atomically(&path, bytes).map_err(|error| failed(&path, &error))
        };
        let unwritable = |error: serde_json::Error| CommandError::Broken(format!("no evidence can be made: {error}"));
        // Plots can be drawn again from the responses.
        let run = redacted(&run.without_plots(), &words()).map_err(unwritable)?;
        put(evidence::OUTCOME, text(&run).map_err(unwritable)?.as_bytes())?;
        put(evidence::BACKEND, &serde_json::to_vec_pretty(backend).map_err(unwritable)?)?;
        for (name, content) in &project.suite_files {
            put(&format!("{}/{name}", evidence::SUITES), content)?;
        }
        evidence::close(&self.path).map_err(CommandError::Broken)
    }
}

/// What the plan took from the table of a backend.
pub(super) fn backend(platform: &Platform) -> EvidenceBackend {
    let table = &platform.table;
    let models = table.models.as_ref();
    EvidenceBackend {
        name: table.name.clone(),
        kind: platform.kind.name.to_owned(),
        weights: platform.weights.clone(),
        models: models.map(|models| models.iter().map(|model| model.value.clone()).collect()),
        boileroom: table.boileroom.clone(),
        through: table.through.clone(),
        known: table.known.iter().map(|known| KnownDefect::clone(known)).collect(),
        per_model: table.per_model.clone(),
        tolerances: table.tolerances.clone(),
    }
}

/// Texts that must not leave the machine, and what stands in their place.
fn words() -> Vec<(String, String)> {
    let mut words = vec![(os::host_name(), "<host>".to_owned())];
    for (variable, shown) in [("PWD", "."), ("HOME", "~"), ("TMPDIR", "<tmp>")] {
        let value = std::env::var(variable).unwrap_or_default();
        if value.len() > 1 {
            words.push((value.trim_end_matches('/').to_owned(), shown.to_owned()));
        }
    }
    let is_secret = |name: &str| {
        let name = name.to_ascii_uppercase();
        ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY", "CREDENTIAL"].iter().any(|part| name.contains(part))
    };
    let secrets = std::env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        (is_secret(&name) && value.len() >= SHORTEST_SECRET).then(|| (value, format!("<{name}>")))
    });
    words.extend(secrets);
    words
}

fn failed(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::Broken(format!("evidence cannot be kept: {}: {error}", path.display()))
}
