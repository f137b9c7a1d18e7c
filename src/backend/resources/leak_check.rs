//! Checks after each stop that no resource of the instance is left, and removes leaks. Does not touch resources without
//! the label of the instance.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::clean::{Mode, PATIENCE, clean};
use super::{InstanceId, OpenFinder, Processes, Resource, ResourceFinder, temporary};
use crate::backend::remark::Remark;
use crate::backend::{BackendError, Fault, Stage, Work};
use crate::os::Unavailable;

/// How long resources may take to disappear after a stop: engines report an exit before it is complete.
const SETTLING: Duration = Duration::from_secs(6);

/// The findings of the starts and stops of an instance, one line each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeakReport {
    /// Resources that were left after a stop. Each is a fault of the backend.
    pub(crate) leaks: Vec<String>,
    /// Failures of the platform because of which leaks could not be checked.
    pub failed_checks: Vec<String>,
    /// Notes and warnings that are not faults.
    pub(crate) remarks: Vec<Remark>,
    /// Problems of cleaning up after other runs, before a start.
    pub(crate) warnings: Vec<String>,
}

/// The state that an instance was stopped from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoppedFrom {
    /// It was running.
    Running,
    /// Its start failed or was given up: a server cannot clean up in the middle of that.
    Starting,
}

impl LeakReport {
    /// Adds the findings of one stop of the instance `name`.
    pub(crate) fn add(&mut self, name: &str, found: Self) {
        let named = |line: String| format!("{name}: {line}");
        self.leaks.extend(found.leaks.into_iter().map(named));
        self.failed_checks.extend(found.failed_checks.into_iter().map(named));
        self.remarks.extend(found.remarks);
        self.warnings.extend(found.warnings);
    }
}

/// Finds and removes the resources of one instance.
pub struct LeakGuard {
    instance: InstanceId,
    open: OpenFinder,
    /// Asked besides the recorded platforms; an error if the system cannot find processes by label.
    local: Result<Arc<dyn ResourceFinder>, Unavailable>,
    cleaned: Arc<OnceCell<()>>,
    settling: Duration,
}

impl LeakGuard {
    /// A guard that opens the finders of platforms with `open`. `cleaned` is shared by all instances of a run: the
    /// first one cleans up after stale runs.
    pub(crate) fn new(instance: InstanceId, open: OpenFinder, cleaned: Arc<OnceCell<()>>) -> Self {
        let local = Processes::here().map(|processes| Arc::new(processes) as Arc<dyn ResourceFinder>);
        Self { instance, open, local, cleaned, settling: SETTLING }
    }

    /// A guard with a single finder, without stale runs.
    #[cfg(test)]
    pub(crate) fn of_finder(instance: InstanceId, local: Arc<dyn ResourceFinder>) -> Self {
        Self {
            instance,
            open: |kind, _| Err(kind.to_owned()),
            local: Ok(local),
            cleaned: Arc::new(OnceCell::new_with(Some(()))),
            settling: Duration::ZERO,
        }
    }

    /// The label of the instance.
    pub(crate) fn label(&self) -> String {
        self.instance.label()
    }

    /// Cleans up after stale runs before the first instance of the run starts. Returns a line for each problem. Bounded
    /// in time.
    pub(crate) async fn clean_stale_runs(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        self.cleaned.get_or_init(|| async { warnings = clean(self.open, Mode::Remove).await.warnings }).await;
        let reported = |warning| format!("a killed run was not cleaned up, `hydrotest clean` tries again: {warning}");
        warnings.into_iter().map(reported).collect()
    }

    /// Checks after a stop for leaks of the instance, and removes them. Bounded in time.
    pub(crate) async fn check(&self, from: StoppedFrom) -> LeakReport {
        let mut report = LeakReport::default();
        self.add_observed(from, &mut report);
        if let Err(unavailable) = &self.local {
            report.remarks.push(Remark::note("leak check", format!("leak check of processes: {unavailable}")));
        }
        let labels = [self.label()];
        let deadline = Instant::now() + self.settling;
        for finder in self.finders(&mut report.failed_checks) {
            match left(&*finder, &labels, deadline).await {
                Ok(resources) => {
                    for resource in resources {
                        if resource.is_ending {
                            let text = format!("{resource} was still being ended by its platform after the stop");
                            report.remarks.push(Remark::note("leak check", text));
                        } else {
                            report.leaks.push(self.remove(&*finder, &resource).await);
                        }
                    }
                }
                Err(error) => report
                    .failed_checks
                    .push(format!("resources could not be listed, `hydrotest clean` tries again: {error}")),
            }
        }
        if !report.failed_checks.is_empty() {
            self.instance.run.keep();
        }
        if let Err(error) = self.instance.remove_directories() {
            self.instance.run.keep();
            let text = format!("its temporary files could not be removed, `hydrotest clean` tries again: {error}");
            report.remarks.push(Remark::warning("removing temporary files", text));
        }
        report
    }

    /// Adds the reports of its backend. Leaks count only if the instance ran, and its temporary files only if it also exited in an orderly
    /// way: an instance that was killed or crashed, or never ran, could not clean up.
    fn add_observed(&self, from: StoppedFrom, report: &mut LeakReport) {
        let observed = self.instance.take_observed();
        report.remarks.extend(observed.remarks);
        report.failed_checks.extend(
            observed.abandoned.iter().map(|what| {
                format!("{what} was given up and may still be carried out, `hydrotest clean` looks for it")
            }),
        );
        if from == StoppedFrom::Starting {
            return;
        }
        report.leaks.extend(observed.leaked.iter().map(leaked));
        if !observed.orderly {
            return;
        }
        match temporary::remark(&self.instance.temporary_path()) {
            Ok(remark) => report.remarks.extend(remark),
            Err(error) => {
                let text = format!("its TMPDIR could not be read: {error}");
                report.remarks.push(Remark::warning("reading temporary files", text));
            }
        }
    }

    async fn remove(&self, finder: &dyn ResourceFinder, resource: &Resource) -> String {
        if bounded(finder.remove(resource)).await.is_ok() {
            return leaked(resource);
        }
        self.instance.run.keep();
        format!("{resource} was still there after the stop and could not be removed: `hydrotest clean` tries again")
    }

    /// The finders to ask. Platforms come first: to its platform, a container or job whose processes are killed
    /// directly looks like a failure.
    fn finders(&self, failed: &mut Vec<String>) -> Vec<Arc<dyn ResourceFinder>> {
        let mut finders: Vec<Arc<dyn ResourceFinder>> = Vec::new();
        let platforms = self.instance.platforms().unwrap_or_else(|error| {
            failed.push(format!("the record of platforms cannot be read: {error}"));
            Vec::new()
        });
        for (kind, platform) in platforms {
            match (self.open)(&kind, &platform) {
                Ok(finder) => finders.push(Arc::from(finder)),
                Err(error) => failed.push(error),
            }
        }
        finders.extend(self.local.clone());
        finders
    }

    /// Whether its processes on this machine can be found.
    ///
    /// # Errors
    /// If the system does not show them. An empty result does not mean then that there are none.
    pub(crate) fn finds_processes(&self) -> Result<(), Unavailable> {
        self.local.as_ref().map(drop).map_err(|unavailable| *unavailable)
    }

    /// The resources that the instance has now. Bounded in time.
    ///
    /// # Errors
    /// If a platform cannot be asked.
    pub(crate) async fn resources(&self) -> Result<Vec<Resource>, BackendError> {
        self.each(Mode::DryRun).await
    }

    /// Removes all resources of the instance from outside, as a crash does, and returns them. Bounded in time.
    ///
    /// # Errors
    /// If a platform cannot be asked, or does not remove one.
    pub(crate) async fn kill(&self) -> Result<Vec<Resource>, BackendError> {
        self.each(Mode::Remove).await
    }

    async fn each(&self, mode: Mode) -> Result<Vec<Resource>, BackendError> {
        let labels = [self.label()];
        let (mut failed, mut all) = (Vec::new(), Vec::new());
        for finder in self.finders(&mut failed) {
            let found = bounded(finder.find(&labels)).await?;
            if mode == Mode::Remove {
                for resource in &found {
                    bounded(finder.remove(resource)).await?;
                }
            }
            all.extend(found);
        }
        match failed.into_iter().next() {
            Some(error) => Err(BackendError::new(Stage::Call, Fault::Internal, error)),
            None => Ok(all),
        }
    }

    /// Freezes the processes of the instance on this machine, so that they do not exit when asked to. Returns them.
    pub(crate) fn freeze(&self) -> Vec<Resource> {
        self.local.as_ref().map_or_else(|_| Vec::new(), |local| local.freeze(&self.label()))
    }

    /// Resumes the processes that [`Self::freeze`] froze.
    pub(crate) fn resume(&self) {
        if let Ok(local) = &self.local {
            local.resume(&self.label());
        }
    }
}

fn leaked(resource: &Resource) -> String {
    format!("{resource} was still there after the stop; removed now")
}

/// Limits the time that a platform may take to respond.
async fn bounded<T>(asked: Work<'_, T>) -> Result<T, BackendError> {
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| {
        Err(BackendError::new(Stage::Shutdown, Fault::Timeout, format!("no response within {} s", PATIENCE.as_secs())))
    })
}

/// Waits until no resource is left, at most until the deadline, and returns the rest.
async fn left(
    finder: &dyn ResourceFinder,
    labels: &[String],
    deadline: Instant,
) -> Result<Vec<Resource>, BackendError> {
    let mut pause = Duration::from_millis(5);
    loop {
        let found = bounded(finder.find(labels)).await?;
        if found.is_empty() || Instant::now() >= deadline {
            return Ok(found);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::resources::RunDirectory;

    /// A platform on which a job is left.
    struct OneJob {
        is_ending: bool,
    }

    impl ResourceFinder for OneJob {
        fn find<'a>(&'a self, _: &'a [String]) -> Work<'a, Vec<Resource>> {
            Box::pin(async { Ok(vec![Resource { is_ending: self.is_ending, ..Resource::new("job", "7") }]) })
        }

        fn remove<'a>(&'a self, _: &'a Resource) -> Work<'a, ()> {
            Box::pin(async { Ok(()) })
        }
    }

    #[tokio::test]
    async fn what_its_platform_is_ending_is_a_note_and_no_leak() {
        let checked = async |is_ending| {
            let instance = InstanceId::next(&Arc::new(RunDirectory::new()));
            let report =
                LeakGuard::of_finder(instance, Arc::new(OneJob { is_ending })).check(StoppedFrom::Running).await;
            (report.leaks, report.remarks)
        };
        let text = "job 7 was still being ended by its platform after the stop";
        assert_eq!(checked(true).await, (Vec::new(), vec![Remark::note("leak check", text.to_owned())]));
        assert_eq!(
            checked(false).await,
            (vec!["job 7 was still there after the stop; removed now".to_owned()], Vec::new())
        );
    }
}
