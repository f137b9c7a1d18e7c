//! Cleans up after stale runs: asks each platform that they have recorded, and removes the resources with their label.
//! Removes nothing else, and nothing that belongs to a live run.

use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use super::{OpenFinder, Processes, Resource, StaleRun, StaleRuns, pending, run_directory};
use crate::backend::BackendError;
use crate::os::Unavailable;

/// How long asking and cleaning one platform may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Whether resources that are found are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are only listed.
    DryRun,
    /// They are removed.
    Remove,
}

/// The result of cleaning up after stale runs.
#[derive(Debug, Default)]
pub struct CleanReport {
    /// The number of stale runs of which nothing is left, or would be left.
    pub runs: usize,
    /// The resources that were removed, or would be.
    pub(crate) removed: Vec<Resource>,
    /// Problems with reading, finding or removing, and creations that are still pending; their runs are kept for the
    /// next time.
    pub warnings: Vec<String>,
    /// Set if the system cannot tell whether processes of these runs are left.
    pub(crate) processes: Option<Unavailable>,
}

/// A platform where stale runs may have created resources. It is asked once for all of them.
#[derive(Default)]
struct Place {
    /// Its kind and its record; `None` for the processes of this machine.
    platform: Option<(String, Value)>,
    runs: Vec<String>,
    removed: Vec<Resource>,
    /// The problem because of which its runs are kept.
    warning: Option<String>,
}

/// Finds the resources of stale runs on every platform that they have recorded, and removes them if the mode says so.
/// All platforms are asked at once, so one that hangs delays the others by at most 20 s.
pub(crate) async fn clean(open: OpenFinder, mode: Mode) -> CleanReport {
    let mut report = CleanReport::default();
    match StaleRuns::acquire() {
        Ok(stale) => {
            let StaleRuns { runs, refused } = stale;
            report.warnings = refused;
            if !runs.is_empty() {
                clean_runs(&runs, open, mode, &mut report).await;
            }
            // Closes the locks: over NFS a directory with an open file cannot be removed.
            drop(runs);
            if mode == Mode::Remove {
                StaleRun::remove_unlocked();
            }
        }
        Err(error) => report.warnings.push(format!("killed runs could not be listed: {error}")),
    }
    report
}

async fn clean_runs(runs: &[StaleRun], open: OpenFinder, mode: Mode, report: &mut CleanReport) {
    let everyone: Vec<String> = runs.iter().map(|run| run.name.clone()).collect();
    let mut kept: Vec<String> = Vec::new();
    let mut asked = JoinSet::new();
    for place in places(runs, &mut kept, &mut report.warnings) {
        asked.spawn(place.clean(open, mode));
    }
    let mut cleaned = Vec::new();
    while let Some(place) = asked.join_next().await {
        match place {
            Ok(place) => cleaned.push(place),
            // It is not known which platform it was, so no run may be removed.
            Err(panic) => {
                report.warnings.push(format!("asking a platform failed: {panic}"));
                kept.clone_from(&everyone);
            }
        }
    }
    // Platforms come first: to its platform, a container or job whose processes are killed directly looks like a
    // failure.
    match Processes::here() {
        Ok(_) => cleaned.push(Place { runs: everyone, ..Place::default() }.clean(open, mode).await),
        // Supervisors kill their processes themselves; keeping the runs would not help.
        Err(unavailable) => report.processes = Some(unavailable),
    }
    for place in cleaned {
        report.removed.extend(place.removed);
        if let Some(warning) = place.warning {
            report.warnings.push(warning);
            kept.extend(place.runs);
        }
    }
    for run in runs.iter().filter(|run| !kept.contains(&run.name)) {
        match remove(run, mode) {
            Ok(()) => report.runs += 1,
            Err(warning) => report.warnings.push(warning),
        }
    }
}

/// Every platform that the runs have recorded, once.
fn places(runs: &[StaleRun], kept: &mut Vec<String>, warnings: &mut Vec<String>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for run in runs {
        let platforms = run_directory::platforms(&run.directory).unwrap_or_else(|error| {
            warnings.push(format!("{}: its record of platforms cannot be read: {error}", run.name));
            kept.push(run.name.clone());
            Vec::new()
        });
        for platform in platforms.into_iter().map(Some) {
            match places.iter_mut().find(|place| place.platform == platform) {
                Some(place) => place.runs.push(run.name.clone()),
                None => places.push(Place { platform, runs: vec![run.name.clone()], ..Place::default() }),
            }
        }
    }
    places
}

impl Place {
    async fn clean(mut self, open: OpenFinder, mode: Mode) -> Self {
        let cleaned = tokio::time::timeout(PATIENCE, self.try_clean(open, mode)).await;
        if let Err(error) = cleaned.unwrap_or_else(|_| Err(format!("not done within {} s", PATIENCE.as_secs()))) {
            let platform = self.platform.as_ref().map(|(kind, platform)| format!(" ({kind} at {platform})"));
            self.warning = Some(format!("{}: {error}{}", self.runs.join(", "), platform.unwrap_or_default()));
        }
        self
    }

    async fn try_clean(&mut self, open: OpenFinder, mode: Mode) -> Result<(), String> {
        let finder = match &self.platform {
            Some((kind, platform)) => open(kind, platform)?,
            None => Box::new(Processes::here().map_err(|unavailable| unavailable.to_string())?),
        };
        let failed = |error: BackendError| error.to_string();
        for resource in finder.find(&self.runs).await.map_err(failed)? {
            if mode == Mode::Remove {
                finder.remove(&resource).await.map_err(failed)?;
            }
            self.removed.push(resource);
        }
        Ok(())
    }
}

/// Removes the directory of a run without remaining resources, unless one may still be created for it.
fn remove(run: &StaleRun, mode: Mode) -> Result<(), String> {
    let StaleRun { name, directory, .. } = run;
    match (pending::pending_for(directory), mode) {
        (Err(error), _) => Err(format!("{name}: its pending creations cannot be read: {error}")),
        (Ok(Some(rest)), _) => Err(format!(
            "{name}: a platform was asked for a resource when the run was killed, and may still create it for {} s",
            rest.as_secs() + 1
        )),
        (Ok(None), Mode::DryRun) => Ok(()),
        (Ok(None), Mode::Remove) => run_directory::remove(directory)
            .map_err(|error| format!("{name}: its directory cannot be removed: {error}")),
    }
}
