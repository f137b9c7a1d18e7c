//! What a run may write among the recorded results, and which of them it leaves unused or for review. Wires the store; judges nothing.

use super::CommandError;
use super::arguments::RunArguments;
use super::project::{Project, References};
use crate::backend::registry::Platform;
use crate::config::{BackendTable, Diagnostic, Diagnostics};
use crate::prediction::contract::Tolerance;
use crate::run::PredictionOrigin;
use crate::snapshot::{Recording, ReviewState, Store};
use crate::synthetic::WEIGHTS;

/// The recorded results of a run, with what it may write.
///
/// # Errors
/// When it is told to record where nothing can be.
pub(super) fn store(
    arguments: &RunArguments,
    references: &References,
    (project, table): (&Project, &BackendTable),
) -> Result<Store, CommandError> {
    let store = Store::new(references.directory(), recording(arguments, references, (project, table))?)?;
    Ok(match &arguments.control.pending {
        Some(directory) => store.with_pending(directory)?,
        None => store,
    })
}

/// What a run may write: missing results when told to, pending ones for review where a person may review them.
fn recording(
    arguments: &RunArguments,
    references: &References,
    (project, table): (&Project, &BackendTable),
) -> Result<Recording, Diagnostics> {
    if arguments.record && table.tolerances.is_lenient(&project.config.models) {
        let message = format!("`--record` needs the shared gates, and backend `{}` has its own", table.name);
        let diagnostic = Diagnostic::new(message).with_help("record on a backend without wider `tolerances`");
        return Err(diagnostic.into());
    }
    if arguments.control.pending.is_some() && !arguments.record {
        // That directory is there to be looked into, wherever the run is.
        return Ok(Recording::Pending);
    }
    if matches!(references, References::BuiltIn(_)) {
        if !arguments.record {
            return Ok(Recording::Never);
        }
        let diagnostic =
            Diagnostic::new("`--record` needs a directory: the suites and their recorded results are built in");
        let help = "`hydrotest init` writes them out; `--snapshots DIR` names another directory";
        return Err(diagnostic.with_help(help).into());
    }
    // Continuous integration has no reviewer, and a run in it must not change the checkout.
    let unattended = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    Ok(match (arguments.record, unattended) {
        (true, _) => Recording::Missing,
        (false, true) => Recording::Never,
        (false, false) => Recording::Pending,
    })
}

/// Recorded results with these weights that no case of any declared suite uses.
pub(super) fn unused_snapshots(project: &Project, store: &Store, weights: &str) -> Result<Vec<String>, CommandError> {
    let used = project.snapshot_keys(weights)?;
    let unused = store
        .unused(&used)?
        .into_iter()
        .filter(|entry| entry.key.weights() == weights && project.declares_suite(entry.key.suite()));
    Ok(unused.map(|entry| entry.key.to_string()).collect())
}

/// Results with these weights that wait for review.
pub(super) fn pending(project: &Project, store: &Store, weights: &str) -> Result<Vec<String>, CommandError> {
    let listed = store.for_review().list()?.into_iter();
    let pending = listed.filter(|entry| {
        entry.state == ReviewState::Pending
            && entry.key.weights() == weights
            && project.declares_suite(entry.key.suite())
    });
    Ok(pending.map(|entry| entry.key.to_string()).collect())
}

/// Where the responses of a platform come from. `reproduce` is the command line of a case up to its name.
pub(super) fn origin(platform: &Platform, reproduce: String) -> PredictionOrigin {
    PredictionOrigin {
        backend: platform.table.name.clone(),
        kind: platform.kind.name,
        weights: platform.weights.clone(),
        declared: declared(platform),
        noise: (platform.weights == WEIGHTS).then_some(SYNTHETIC_NOISE),
        reproduce,
    }
}

/// Where the table of a backend says which weights it has, or does not.
fn declared(platform: &Platform) -> String {
    let name = &platform.table.name;
    match platform.table.settings.key_location("weights") {
        Some(location) => format!("in [backends.{name}], {location}"),
        None => format!("in [backends.{name}]"),
    }
}

/// How far results of the embedded models may lie from recorded ones: their arithmetic is the same everywhere but for the
/// last digits of a platform's sine and logarithm.
const SYNTHETIC_NOISE: Tolerance = Tolerance { absolute: 1e-5, relative: 1e-5 };
