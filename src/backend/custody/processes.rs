//! The processes of this machine that carry a mark in their environment, wherever they went: a program that leaves its
//! process group, its session or its parent still has the environment it was started with.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::mark::VARIABLE;
use super::steward::{Leftover, Steward, belongs};
use crate::backend::supervise::{is_supervisor, listening_ports};
use crate::backend::{BackendError, Fault, Stage, Work};

/// The longest command line that a message shows.
const LONGEST: usize = 120;
/// How long a killed process may take to go.
const PATIENCE: Duration = Duration::from_secs(5);

/// The steward of this machine's processes.
#[derive(Debug, Clone, Copy)]
pub struct Processes;

impl Steward for Processes {
    fn find<'a>(&'a self, name: &'a str) -> Work<'a, Vec<Leftover>> {
        Box::pin(async move { Ok(marked(name)) })
    }

    fn remove<'a>(&'a self, leftover: &'a Leftover) -> Work<'a, ()> {
        Box::pin(async move {
            let Some(process) = leftover.id.parse().ok().and_then(Pid::from_raw) else {
                return Ok(());
            };
            let gone = async {
                // An error says that it has gone, or that it is not ours to end: then it stays, and that is told below.
                while is_alive(process) {
                    let _ = kill_process(process, Signal::KILL);
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
        let frozen = marked(name).into_iter().filter(|found| {
            let process = found.id.parse().ok().and_then(Pid::from_raw);
            let process = process.filter(|process| !is_supervisor(&process.as_raw_pid().to_string()));
            process.is_some_and(|process| kill_process(process, Signal::STOP).is_ok())
        });
        frozen.collect()
    }
}

/// All processes with the mark, but this one.
fn marked(name: &str) -> Vec<Leftover> {
    let own = std::process::id().to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let id = entry.file_name().into_string().ok()?;
            if id == own || !id.bytes().all(|digit| digit.is_ascii_digit()) {
                return None;
            }
            // The environment of somebody else's process cannot be read, and is none of ours.
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let mark = environment.split(|byte| *byte == 0).find_map(|variable| {
                let value = variable.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"=")?;
                std::str::from_utf8(value).ok()
            })?;
            belongs(mark, name).then(|| Leftover {
                what: "process",
                detail: detail(&id),
                id,
            })
        })
        .collect()
}

/// The command line, and where the process listens.
fn detail(id: &str) -> String {
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let mut shown: String = String::from_utf8_lossy(&line)
        .replace('\0', " ")
        .trim()
        .chars()
        .take(LONGEST)
        .collect();
    for port in id.parse().map(listening_ports).unwrap_or_default() {
        let _ = write!(shown, ", listening on port {port}");
    }
    shown
}

/// Whether it runs; one that has ended and waits for its parent does not.
fn is_alive(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_pid())).unwrap_or_default();
    let state = status.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
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
            let found = Processes.find("hydrotest-test0of0marks").await.unwrap();
            if !found.is_empty() {
                break found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, marked.id().to_string());
        assert!(found[0].to_string().contains("(sleep 300)"), "{}", found[0]);
        assert!(Processes.find("hydrotest-test0of0mark").await.unwrap().is_empty());
        Processes.remove(&found[0]).await.unwrap();
        assert!(!marked.wait().unwrap().success());
        assert!(Processes.find("hydrotest-test0of0marks-7").await.unwrap().is_empty());
    }
}
