//! Which known failures may show in which cases of a plan, and which entries a whole plan says something about. What a run makes of
//! them is decided there.

use std::sync::Arc;

use super::{PlannedTrial, Selection};
use crate::backend::registry;
use crate::config::{BackendTable, Case, Config, Suite};
use crate::prediction::Contract;
use crate::prediction::known::{KnownDefect, KnownOrigin};
use crate::synthetic::WEIGHTS;

/// The failures that are known of a case: of boileroom's own code, which the embedded models are not, and of the backend's site.
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
    let known = contract.known.iter().chain(&config.known);
    let known = known.filter(|defect| defect.concerns_model(&contract.key) && defect.is_about(&suite.name, &case.name));
    known.filter(|defect| defect.concerns(release) && defect.shows_through(own)).cloned().chain(listed).collect()
}

/// Entries for several cases that some trial has, with no case that the selection leaves out. A shard or level always may.
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

/// Entries of the backend's site that are about no case at all; only known where nothing is left out.
pub(super) fn unmatched(
    backend: &BackendTable,
    selection: &Selection,
    trials: &[PlannedTrial],
) -> Vec<Arc<KnownDefect>> {
    if selection.level.is_some() || !selection.selects_by_level_only() {
        return Vec::new();
    }
    let known = backend.known.iter();
    let matches_none = |known: &&Arc<KnownDefect>| !trials.iter().any(|trial| known.is_about_name(&trial.name));
    known.filter(matches_none).cloned().collect()
}
