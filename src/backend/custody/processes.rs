//! The processes of this machine that carry a mark in their environment, wherever they went: a program that leaves its
//! process group, its session or its parent still has the environment it was started with.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::mark::VARIABLE;
use super::steward::{Leftover, PROCESS, Steward, belongs};
use crate::backend::supervise::{describe, family, is_alive, is_supervisor};
use crate::backend::{BackendError, Fault, Stage, Work};

/// How long a supervisor may take to end by itself.
const OWN_END: Duration = Duration::from_secs(2);
/// How long a killed process may take to go.
const PATIENCE: Duration = Duration::from_secs(5);

/// The steward of this machine's processes.
#[derive(Debug, Clone, Copy)]
pub struct Processes;

impl Steward for Processes {
    fn find<'a>(&'a self, names: &'a [String]) -> Work<'a, Vec<Leftover>> {
        Box::pin(async move { Ok(marked(names)) })
    }

    fn remove<'a>(&'a self, leftover: &'a Leftover) -> Work<'a, ()> {
        Box::pin(async move {
            let Some(process) = leftover.id.parse().ok().and_then(Pid::from_raw) else {
                return Ok(());
            };
            if is_supervisor(&leftover.id) {
                // It ends by itself once what it watches has, and takes what carries no mark with it.
                let gone = async {
                    while is_alive(process.as_raw_pid()) {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                let _ = tokio::time::timeout(OWN_END, gone).await;
            }
            let gone = async {
                // An error says that it has gone, or that it is not ours to end: then it stays, and that is told below. By now
                // the number may be that of somebody else, who does not carry the mark.
                while is_alive(process.as_raw_pid()) {
                    if mark_of(&leftover.id).is_some() {
                        let _ = kill_process(process, Signal::KILL);
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(PATIENCE, gone).await.map_err(|_| {
                let message = format!("{leftover} could not be killed");
                BackendError::new(Stage::Shutdown, Fault::Timeout, message)
            })
        })
    }
}

impl Processes {
    /// Freezes the processes of a name: they do not act on any signal but SIGKILL any more. Supervisors go on, because it is
    /// they who must cope. Says which were frozen.
    #[must_use]
    pub fn freeze(self, name: &str) -> Vec<Leftover> {
        let frozen = marked(&[name.to_owned()]).into_iter().filter(|found| {
            let process = found.id.parse().ok().and_then(Pid::from_raw);
            let process = process.filter(|process| !is_supervisor(&process.as_raw_pid().to_string()));
            process.is_some_and(|process| kill_process(process, Signal::STOP).is_ok())
        });
        frozen.collect()
    }
}

/// The numbers of the processes that carry a name, and of all that descend from them: those may have another environment.
#[must_use]
pub fn processes_of(name: &str) -> Vec<i32> {
    let marked = marked(&[name.to_owned()]).into_iter();
    let mut found: Vec<i32> = marked
        .filter_map(|process| process.id.parse().ok())
        .flat_map(family)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The mark in the environment of a process. That of somebody else's process cannot be read, and is none of ours.
fn mark_of(process: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{process}/environ")).ok()?;
    environment.split(|byte| *byte == 0).find_map(|variable| {
        let value = variable.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(value).ok().map(str::to_owned)
    })
}

/// All processes with the mark of one of these names, but this one; supervisors last.
fn marked(names: &[String]) -> Vec<Leftover> {
    let own = std::process::id().to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut found: Vec<Leftover> = entries
        .filter_map(|entry| {
            let id = entry.file_name().into_string().ok()?;
            if id == own || !id.bytes().all(|digit| digit.is_ascii_digit()) {
                return None;
            }
            let mark = mark_of(&id)?;
            belongs(&mark, names).then(|| Leftover {
                what: PROCESS,
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
    async fn a_process_is_found_by_its_mark_and_removed() {
        let mut marked = Command::new("sleep")
            .arg("300")
            .env(VARIABLE, "hydrotest-test0of0marks-7")
            .spawn()
            .unwrap();
        // Between fork and exec it has our environment, not its own.
        let found = loop {
            let found = Processes.find(&["hydrotest-test0of0marks".to_owned()]).await.unwrap();
            if !found.is_empty() {
                break found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, marked.id().to_string());
        assert!(found[0].to_string().contains("(sleep 300)"), "{}", found[0]);
        assert!(
            Processes
                .find(&["hydrotest-test0of0mark".to_owned()])
                .await
                .unwrap()
                .is_empty()
        );
        Processes.remove(&found[0]).await.unwrap();
        assert!(!marked.wait().unwrap().success());
        assert!(
            Processes
                .find(&["hydrotest-test0of0marks-7".to_owned()])
                .await
                .unwrap()
                .is_empty()
        );
    }
}
