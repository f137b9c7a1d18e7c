//! Finds and removes the processes of this machine that carry a label in their environment: a program that leaves its process
//! group, its session or its parent still has it. Sees no process of another user.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{PROCESS, Resource, ResourceFinder, VARIABLE, is_labelled};
use crate::backend::supervise::{describe, family, is_alive, is_supervisor};
use crate::backend::{BackendError, Fault, Stage, Work};

/// How long a supervisor may take to exit by itself.
const OWN_END: Duration = Duration::from_secs(2);
/// How long a killed process may take to go.
const PATIENCE: Duration = Duration::from_secs(5);

/// The finder of this machine's processes.
#[derive(Debug, Clone, Copy)]
pub struct Processes;

impl ResourceFinder for Processes {
    fn find<'a>(&'a self, labels: &'a [String]) -> Work<'a, Vec<Resource>> {
        Box::pin(async move { Ok(labelled(labels)) })
    }

    fn remove<'a>(&'a self, resource: &'a Resource) -> Work<'a, ()> {
        Box::pin(async move {
            let Some(process) = resource.id.parse().ok().and_then(Pid::from_raw) else {
                return Ok(());
            };
            if is_supervisor(&resource.id) {
                // It exits once its program has, and ends the processes that carry no label.
                let gone = async {
                    while is_alive(process.as_raw_pid()) {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                let _ = tokio::time::timeout(OWN_END, gone).await;
            }
            let gone = async {
                // An error says that it has gone, or that we may not end it, which is reported below. By now the number may be
                // that of another process, which does not carry the label.
                while is_alive(process.as_raw_pid()) {
                    if label_of(&resource.id).is_some() {
                        let _ = kill_process(process, Signal::KILL);
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(PATIENCE, gone).await.map_err(|_| {
                let message = format!("{resource} could not be killed");
                BackendError::new(Stage::Shutdown, Fault::Timeout, message)
            })
        })
    }

    /// With SIGSTOP: such a process reacts to no signal but SIGKILL any more. Supervisors go on, because they must cope.
    fn freeze(&self, label: &str) -> Vec<Resource> {
        let frozen = labelled(&[label.to_owned()]).into_iter().filter(|found| {
            let process = found.id.parse().ok().and_then(Pid::from_raw);
            let process = process.filter(|process| !is_supervisor(&process.as_raw_pid().to_string()));
            process.is_some_and(|process| kill_process(process, Signal::STOP).is_ok())
        });
        frozen.collect()
    }
}

/// The numbers of the processes that carry a label, and of all that descend from them: those may have another environment.
#[must_use]
pub fn processes_of(label: &str) -> Vec<i32> {
    let mut found: Vec<i32> = labelled(&[label.to_owned()])
        .into_iter()
        .filter_map(|process| process.id.parse().ok())
        .flat_map(family)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The label in the environment of a process. That of another user's process cannot be read, and is none of ours.
fn label_of(process: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{process}/environ")).ok()?;
    environment.split(|byte| *byte == 0).find_map(|variable| {
        let value = variable.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(value).ok().map(str::to_owned)
    })
}

/// All processes that carry one of these labels, but this one; supervisors last.
fn labelled(labels: &[String]) -> Vec<Resource> {
    let own = std::process::id().to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut found: Vec<Resource> = entries
        .filter_map(|entry| {
            let id = entry.file_name().into_string().ok()?;
            if id == own || !id.bytes().all(|digit| digit.is_ascii_digit()) {
                return None;
            }
            let label = label_of(&id)?;
            is_labelled(&label, labels).then(|| Resource {
                kind: PROCESS,
                detail: id.parse().map(describe).unwrap_or_default(),
                id,
            })
        })
        .collect();
    found.sort_by_key(|process| is_supervisor(&process.id));
    found
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_process_is_found_by_its_label_and_removed() {
        let mut process = Command::new("sleep")
            .arg("300")
            .env(VARIABLE, "hydrotest-test0of0labels-7")
            .spawn()
            .unwrap();
        // Between fork and exec it has our environment, not its own.
        let found = loop {
            let found = Processes.find(&["hydrotest-test0of0labels".to_owned()]).await.unwrap();
            if !found.is_empty() {
                break found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, process.id().to_string());
        assert!(found[0].to_string().contains("(sleep 300)"), "{}", found[0]);
        assert!(
            Processes
                .find(&["hydrotest-test0of0label".to_owned()])
                .await
                .unwrap()
                .is_empty()
        );
        Processes.remove(&found[0]).await.unwrap();
        assert!(!process.wait().unwrap().success());
        assert!(
            Processes
                .find(&["hydrotest-test0of0labels-7".to_owned()])
                .await
                .unwrap()
                .is_empty()
        );
    }
}
