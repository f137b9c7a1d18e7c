//! Whether evidence was made by the rules of the project that judges it: suites, recorded results, contracts, and the tolerances that its
//! backend has of its own. Refuses other rules; judges no case.

use super::CommandError;
use super::begin::own_tolerances;
use super::project::Project;
use crate::config::{Diagnostic, Diagnostics, OwnTolerances};
use crate::outcome::evidence::{self, EvidenceBackend};
use crate::outcome::record::{RunRecord, are_same, plain_line};

/// Verdicts by other rules than the run's prove nothing about it.
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
    Err(Diagnostics::from(Diagnostic::new(message).with_help(help)).into())
}

/// Evidence brings the tolerances with it that its backend has of its own. They are stated in its outcome, no configuration would refuse
/// them, and where the backend is declared here it has the same.
pub(super) fn same_tolerances(
    stated: &RunRecord,
    backend: &EvidenceBackend,
    project: &Project,
) -> Result<(), CommandError> {
    let refused = |message: String, help: &str| -> Result<(), CommandError> {
        Err(Diagnostics::from(Diagnostic::new(message).with_help(help.to_owned())).into())
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
