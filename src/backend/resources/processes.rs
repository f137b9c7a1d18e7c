//! Finds and removes processes of this machine by the label in their environment, which a program keeps when it leaves
//! its process group, session or parent. Does not see processes of other users.

use std::time::{Duration, Instant};

use super::{Resource, ResourceFinder, VARIABLE, is_labelled};
use crate::backend::supervise::is_supervisor;
use crate::backend::{BackendError, Fault, Stage, Work};
use crate::os::{self, Signal, Unavailable, is_alive, kill_process};

/// How long a supervisor may take to exit by itself.
const OWN_END: Duration = Duration::from_secs(2);
/// How long a killed process may take to disappear.
const PATIENCE: Duration = Duration::from_secs(5);

/// The finder of this machine's processes, on systems that show their environments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Processes(());

impl Processes {
    /// The finder of this machine.
    ///
    /// # Errors
    /// If the system does not show environments. It must not be reported then that there are no processes.
    pub(crate) fn here() -> Result<Self, Unavailable> {
        os::reads_environments().map(|()| Self(()))
    }
}

impl ResourceFinder for Processes {
    fn find<'a>(&'a self, labels: &'a [String]) -> Work<'a, Vec<Resource>> {
        Box::pin(async move {
            labelled(labels).map_err(|why| {
                BackendError::new(Stage::Shutdown, Fault::Internal, format!("finding processes of this machine: {why}"))
            })
        })
    }

    fn remove<'a>(&'a self, resource: &'a Resource) -> Work<'a, ()> {
        Box::pin(async move {
            let Some(process) = resource.process() else { return Ok(()) };
            // A supervisor exits after its program, and also kills processes without a label.
            let spared = if is_supervisor(&resource.id) { OWN_END } else { Duration::ZERO };
            let begun = Instant::now();
            let gone = async {
                // An error means that it is gone, or that we may not kill it, which is reported below. The number may
                // have been reused by a process without the label.
                while is_alive(process.as_raw_pid()) {
                    let environment = || os::environment(process.as_raw_pid()).unwrap_or_default();
                    if begun.elapsed() >= spared && label_in(&environment()).is_some() {
                        let _ = kill_process(process, Signal::KILL);
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(spared + PATIENCE, gone).await.map_err(|_| {
                BackendError::new(Stage::Shutdown, Fault::Timeout, format!("{resource} could not be killed"))
            })
        })
    }

    /// Sends SIGSTOP: a stopped process reacts only to SIGKILL. Supervisors keep running, because they must handle
    /// this.
    fn freeze(&self, label: &str) -> Vec<Resource> {
        signalled(label, Signal::STOP)
    }

    fn resume(&self, label: &str) {
        signalled(label, Signal::CONT);
    }
}

/// Sends a signal to the processes of a label except supervisors, and returns those it reached.
fn signalled(label: &str, signal: Signal) -> Vec<Resource> {
    let found = labelled(&[label.to_owned()]).into_iter().flatten();
    let reached = found.filter(|found| {
        let process = found.process().filter(|_| !is_supervisor(&found.id));
        process.is_some_and(|process| kill_process(process, signal).is_ok())
    });
    reached.collect()
}

/// The numbers of the processes that carry a label and of all their descendants, whose environments may differ.
///
/// # Errors
/// If the system cannot list them.
pub(crate) fn processes_of(label: &str) -> Result<Vec<i32>, Unavailable> {
    let mut found = Vec::new();
    for process in labelled(&[label.to_owned()])?.iter().filter_map(Resource::process) {
        found.extend(os::with_descendants(process.as_raw_pid())?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The label in the environment of a process.
fn label_in(environment: &[u8]) -> Option<&str> {
    environment
        .split(|byte| *byte == 0)
        .find_map(|variable| std::str::from_utf8(variable.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"=")?).ok())
}

/// All processes with one of these labels except this one; supervisors last.
fn labelled(labels: &[String]) -> Result<Vec<Resource>, Unavailable> {
    let own = std::process::id().cast_signed();
    let carries = |environment: &[u8]| label_in(environment).is_some_and(|label| is_labelled(label, labels));
    let ours = os::environments()?.into_iter().filter(|(process, environment)| *process != own && carries(environment));
    let mut found: Vec<Resource> = ours.map(|(process, _)| Resource::of_process(process)).collect();
    found.sort_by_key(|process| is_supervisor(&process.id));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_process_is_found_by_its_label_and_removed() {
        let Ok(processes) = Processes::here() else {
            // Where none can be found it is never reported that there are none.
            assert!(Processes(()).find(&[]).await.is_err() && processes_of("hydrotest").is_err());
            return;
        };
        let mut process = Command::new("sleep").arg("300").env(VARIABLE, "hydrotest-test0of0labels-7").spawn().unwrap();
        // Between fork and exec it has our environment, not its own.
        let found = loop {
            let found = processes.find(&["hydrotest-test0of0labels".to_owned()]).await.unwrap();
            if !found.is_empty() {
                break found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, process.id().to_string());
        assert!(found[0].to_string().contains("(sleep 300)"), "{}", found[0]);
        assert!(processes.find(&["hydrotest-test0of0label".to_owned()]).await.unwrap().is_empty());
        processes.remove(&found[0]).await.unwrap();
        assert!(!process.wait().unwrap().success());
        assert!(processes.find(&["hydrotest-test0of0labels-7".to_owned()]).await.unwrap().is_empty());
    }
}
