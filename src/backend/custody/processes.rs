//! The processes of this machine that carry a mark in their environment, wherever they went: a program that leaves its
//! process group, its session or its parent still has the environment it was started with.

use std::time::Duration;

use super::mark::VARIABLE;
use super::steward::{Leftover, PROCESS, Steward, belongs};
use crate::backend::supervise::is_supervisor;
use crate::backend::{BackendError, Fault, Stage, Work};
use crate::os::{self, Pid, Signal, Unavailable, is_alive, kill_process};

/// How long a supervisor may take to end by itself.
const OWN_END: Duration = Duration::from_secs(2);
/// How long a killed process may take to go.
const PATIENCE: Duration = Duration::from_secs(5);

/// The steward of this machine's processes, where the system can tell which processes carry a mark.
#[derive(Debug, Clone, Copy)]
pub struct Processes(());

impl Steward for Processes {
    fn find<'a>(&'a self, names: &'a [String]) -> Work<'a, Vec<Leftover>> {
        Box::pin(async move { marked(names).map_err(unavailable) })
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
                    let environment = os::environment(process.as_raw_pid()).unwrap_or_default();
                    if mark_in(&environment).is_some() {
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
    /// The steward of this machine.
    ///
    /// # Errors
    /// Where the system cannot tell which processes carry a mark: then it must not be said that there are none.
    pub fn here() -> Result<Self, Unavailable> {
        os::reads_environments().map(|()| Self(()))
    }

    /// Freezes the processes of a name: they do not act on any signal but SIGKILL any more. Supervisors go on, because it is
    /// they who must cope. Says which were frozen.
    #[must_use]
    pub fn freeze(self, name: &str) -> Vec<Leftover> {
        let found = marked(&[name.to_owned()]).into_iter().flatten();
        let frozen = found.filter(|found| {
            let process = found.id.parse().ok().and_then(Pid::from_raw);
            let process = process.filter(|process| !is_supervisor(&process.as_raw_pid().to_string()));
            process.is_some_and(|process| kill_process(process, Signal::STOP).is_ok())
        });
        frozen.collect()
    }
}

/// The numbers of the processes that carry a name, and of all that descend from them: those may have another environment.
///
/// # Errors
/// Where the system cannot tell which those are.
pub fn processes_of(name: &str) -> Result<Vec<i32>, Unavailable> {
    let mut found = Vec::new();
    for process in marked(&[name.to_owned()])? {
        if let Ok(process) = process.id.parse() {
            found.extend(os::with_descendants(process)?);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn unavailable(why: Unavailable) -> BackendError {
    let message = format!("finding processes of this machine: {why}");
    BackendError::new(Stage::Shutdown, Fault::Internal, message)
}

/// The mark in the environment of a process. That of another user's process cannot be read, and is none of ours.
fn mark_in(environment: &[u8]) -> Option<String> {
    environment.split(|byte| *byte == 0).find_map(|variable| {
        let value = variable.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(value).ok().map(str::to_owned)
    })
}

/// All processes with the mark of one of these names, but this one; supervisors last.
fn marked(names: &[String]) -> Result<Vec<Leftover>, Unavailable> {
    let own = std::process::id().cast_signed();
    let environments = os::environments()?.into_iter();
    let mut found: Vec<Leftover> = environments
        .filter(|(process, _)| *process != own)
        .filter_map(|(process, environment)| {
            let mark = mark_in(&environment)?;
            belongs(&mark, names).then(|| Leftover {
                what: PROCESS,
                detail: os::describe(process),
                id: process.to_string(),
            })
        })
        .collect();
    found.sort_by_key(|process| is_supervisor(&process.id));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_process_is_found_by_its_mark_and_removed() {
        let Ok(processes) = Processes::here() else {
            // Where none can be found it is never said that there are none.
            assert!(Processes(()).find(&[]).await.is_err() && processes_of("hydrotest").is_err());
            return;
        };
        let mut marked = Command::new("sleep")
            .arg("300")
            .env(VARIABLE, "hydrotest-test0of0marks-7")
            .spawn()
            .unwrap();
        // Between fork and exec it has our environment, not its own.
        let found = loop {
            let found = processes.find(&["hydrotest-test0of0marks".to_owned()]).await.unwrap();
            if !found.is_empty() {
                break found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, marked.id().to_string());
        assert!(found[0].to_string().contains("(sleep 300)"), "{}", found[0]);
        assert!(
            processes
                .find(&["hydrotest-test0of0mark".to_owned()])
                .await
                .unwrap()
                .is_empty()
        );
        processes.remove(&found[0]).await.unwrap();
        assert!(!marked.wait().unwrap().success());
        assert!(
            processes
                .find(&["hydrotest-test0of0marks-7".to_owned()])
                .await
                .unwrap()
                .is_empty()
        );
    }
}
