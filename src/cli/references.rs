//! The recorded results of a run: what it may write, which are unused, and which wait for review. Does not judge any response.

use super::arguments::RunArguments;
use super::output::CommandError;
use super::project::{Project, References};
use crate::backend::registry::Platform;
use crate::config::{BackendTable, Diagnostic};
use crate::prediction::contract::Tolerance;
use crate::run::PredictionOrigin;
use crate::snapshot::{Listed, Recording, ReviewState, Store};
use crate::synthetic::WEIGHTS;

/// The recorded results of a run, with the permission to write that it has.
///
/// # Errors
/// If it is to record where nothing can be recorded.
pub(super) fn store(
    arguments: &RunArguments,
    references: &References,
    (project, table): (&Project, &BackendTable),
) -> Result<Store, CommandError> {
    let store = Store::new(references.directory(), recording(arguments, references, (project, table))?)?;
    Ok(match &arguments.pending {
        Some(directory) => store.with_pending(directory)?,
        None => store,
    })
}

/// What a run may write: missing results with `--record`, otherwise pending ones if a person can review them.
fn recording(
    arguments: &RunArguments,
    references: &References,
    (project, table): (&Project, &BackendTable),
) -> Result<Recording, CommandError> {
    if arguments.record && table.tolerances.is_lenient(&project.config.models) {
        let message = format!("`--record` needs the shared gates, and backend `{}` has its own", table.name);
        return Err(Diagnostic::new(message).with_help("record on a backend without wider `tolerances`").into());
    }
    if arguments.pending.is_some() && !arguments.record {
        // The directory was named for a review, so that it does not matter where the run is.
        return Ok(Recording::Pending);
    }
    if matches!(references, References::BuiltIn(_)) {
        if !arguments.record {
            return Ok(Recording::Never);
        }
        let message = "`--record` needs a directory: the suites and their recorded results are built in";
        let help = "`hydrotest init` writes them out; `--snapshots DIR` names another directory";
        return Err(Diagnostic::new(message).with_help(help).into());
    }
    // Continuous integration has no reviewer, and its runs must not change the checkout.
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
    Ok(names_of(project, store.unused(&used)?, weights))
}

/// Results with these weights that wait for review.
pub(super) fn pending(project: &Project, store: &Store, weights: &str) -> Result<Vec<String>, CommandError> {
    let mut listed = store.for_review().list()?;
    listed.retain(|entry| entry.state == ReviewState::Pending);
    Ok(names_of(project, listed, weights))
}

/// The names of the results with these weights that belong to a declared suite.
fn names_of(project: &Project, mut listed: Vec<Listed>, weights: &str) -> Vec<String> {
    listed.retain(|entry| entry.key.weights() == weights && project.declares_suite(entry.key.suite()));
    listed.iter().map(|entry| entry.key.to_string()).collect()
}

/// The origin of the responses of a platform. `reproduce` is the command line of a case up to its name.
pub(super) fn origin(platform: &Platform, reproduce: String) -> PredictionOrigin {
    let table = format!("in [backends.{}]", platform.table.name);
    PredictionOrigin {
        backend: platform.table.name.clone(),
        kind: platform.kind.name,
        weights: platform.weights.clone(),
        declared: match platform.table.settings.key_location("weights") {
            Some(location) => format!("{table}, {location}"),
            None => table,
        },
        noise: (platform.weights == WEIGHTS).then_some(SYNTHETIC_NOISE),
        reproduce,
    }
}

/// How far results of the embedded models may differ from recorded ones. Their arithmetic is the same everywhere, except for the last
/// digits of a platform's sine and logarithm.
const SYNTHETIC_NOISE: Tolerance = Tolerance { absolute: 1e-5, relative: 1e-5 };
