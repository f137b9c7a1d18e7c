//! Matches known failures with the cases of a plan, and finds the entries that a whole plan can test. Does not judge outcomes, which is for
//! `run`.

use std::sync::Arc;

use super::{PlannedTrial, Selection};
use crate::backend::registry;
use crate::config::{BackendTable, Case, Config, Suite};
use crate::prediction::Contract;
use crate::prediction::known::{KnownDefect, KnownOrigin};
use crate::synthetic::WEIGHTS;

/// The known failures of a case: those of the backend's site, and those of boileroom's own code unless the models are embedded.
pub(super) fn of_case(
    config: &Config,
    backend: &BackendTable,
    contract: &Contract,
    (suite, case): (&Suite, &Case),
    name: &str,
) -> Vec<Arc<KnownDefect>> {
    let listed = backend.known.iter().filter(|known| known.is_about_name(name)).cloned();
    let kind = registry::kind(&backend.kind.value).and_then(|kind| kind.weights);
    if kind.or(backend.weights.as_deref()) == Some(WEIGHTS) {
        return listed.collect();
    }
    let (release, own) = (backend.boileroom.as_deref(), backend.through.as_deref());
    let applies = |defect: &&Arc<KnownDefect>| {
        defect.concerns_model(&contract.key)
            && defect.is_about(&suite.name, &case.name)
            && defect.concerns(release)
            && defect.shows_through(own)
    };
    contract.known.iter().chain(&config.known).filter(applies).cloned().chain(listed).collect()
}

/// Entries of trials that are for several cases, none of which the selection leaves out. A shard or level may always leave out some.
pub(super) fn covered(suites: &[Suite], selection: &Selection, trials: &[PlannedTrial]) -> Vec<Arc<KnownDefect>> {
    let is_whole = selection.shard.is_none() && selection.level.is_none();
    let left_out = |defect: &KnownDefect| {
        if defect.origin == KnownOrigin::Site {
            return !selection.selects_by_level_only();
        }
        let mut unwanted = suites.iter().filter(|suite| !selection.wants_suite(&suite.name));
        unwanted.any(|suite| suite.cases.iter().any(|case| defect.is_about(&suite.name, &case.name)))
    };
    let mut covered: Vec<Arc<KnownDefect>> = Vec::new();
    let known = trials.iter().flat_map(|trial| &trial.known);
    for defect in known.filter(|defect| !defect.is_about_one() && is_whole) {
        if !left_out(defect) && !covered.iter().any(|other| Arc::ptr_eq(other, defect)) {
            covered.push(Arc::clone(defect));
        }
    }
    covered
}

/// Entries of the backend's site that match no case. Empty if the selection leaves out cases, because they may match.
pub(super) fn unmatched(
    backend: &BackendTable,
    selection: &Selection,
    trials: &[PlannedTrial],
) -> Vec<Arc<KnownDefect>> {
    if selection.level.is_some() || !selection.selects_by_level_only() {
        return Vec::new();
    }
    let matches_none = |known: &&Arc<KnownDefect>| !trials.iter().any(|trial| known.is_about_name(&trial.name));
    backend.known.iter().filter(matches_none).cloned().collect()
}
