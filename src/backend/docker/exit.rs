//! How a container ended: waits for it and puts it in words. Asks the engine; ends nothing.

use std::time::Duration;

use bollard::models::{ContainerState, ContainerStateStatusEnum};
use bollard::query_parameters::WaitContainerOptions;
use futures_util::StreamExt;

use super::container::INSTANCE;
use super::engine::{self, Engine};
use super::size;
use crate::backend::Fault;
use crate::backend::launcher::ServerExit;

/// How often an engine that has stopped answering is asked again, and how long between.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(500);
/// The status that the engine reports for a process that was killed.
const KILLED: i64 = 137;

/// The end of a container.
#[derive(Debug, Clone)]
pub(super) struct ContainerExit {
    /// As the end of its server.
    pub(super) server_exit: ServerExit,
    /// Whether it was killed, by whomever.
    pub(super) killed: bool,
}

/// Waits until a container has ended, and says how.
pub(super) async fn wait(engine: &Engine, container: &str, memory: Option<i64>) -> ContainerExit {
    let mut attempts = 0;
    loop {
        let mut waiting = Box::pin(engine.docker.wait_container(container, None::<WaitContainerOptions>));
        let ended = waiting.next().await;
        match engine.inspect(container).await {
            Ok(Ok(found)) => {
                attempts = 0;
                let state = found.state.unwrap_or_default();
                if state.status == Some(ContainerStateStatusEnum::REMOVING) {
                    return removed();
                }
                if state.running != Some(true) {
                    return of_state(&state, memory);
                }
            }
            Ok(Err(error)) if engine::is_missing(&error) => return removed(),
            response => {
                attempts += 1;
                if attempts == ATTEMPTS {
                    let words = match response {
                        Ok(Err(error)) => engine::words(&error),
                        Err(error) => error.message,
                        Ok(Ok(_)) => String::new(),
                    };
                    return lost(engine, &words);
                }
            }
        }
        drop(ended);
        tokio::time::sleep(PAUSE).await;
    }
}

/// The end of a container that is still there to be looked at.
fn of_state(state: &ContainerState, memory: Option<i64>) -> ContainerExit {
    let status = state.exit_code.unwrap_or_default();
    let message = if state.oom_killed == Some(true) {
        let limit = memory.map_or_else(
            || "the memory of its machine".to_owned(),
            |bytes| format!("its limit of {} (`memory`)", size::show(bytes)),
        );
        format!("was killed by the kernel because it needed more memory than {limit}; it ended with status {status}")
    } else if let Some(signal) = status.checked_sub(128).filter(|number| (1..=64).contains(number)) {
        let name = signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned);
        let guess = match memory {
            // Not every engine knows in time whose doing it was.
            Some(bytes) if status == KILLED => format!(
                ": it was killed, or it needed more memory than its limit of {} (`memory`), or than the machine has \
                 (`dmesg` says which)",
                size::show(bytes)
            ),
            None if status == KILLED => {
                ": it was killed, or the machine was out of memory (`dmesg` says which)".to_owned()
            }
            _ => String::new(),
        };
        format!("ended with status {status} ({name}){guess}")
    } else {
        format!("exited with status {status}")
    };
    let words = state.error.as_deref().map(str::trim).filter(|words| !words.is_empty());
    let message = match words {
        Some(words) => format!("{message}; the engine says: {words}"),
        None => message,
    };
    ContainerExit {
        server_exit: ServerExit {
            fault: Fault::Died,
            message,
            from_outside: status == KILLED || state.oom_killed == Some(true),
        },
        killed: status == KILLED,
    }
}

fn removed() -> ContainerExit {
    ContainerExit {
        server_exit: ServerExit {
            fault: Fault::Died,
            message: "is gone with its container, which was removed from outside (`docker rm -f`?)".to_owned(),
            from_outside: true,
        },
        killed: false,
    }
}

fn lost(engine: &Engine, words: &str) -> ContainerExit {
    ContainerExit {
        server_exit: ServerExit {
            fault: Fault::Unreachable,
            message: format!(
                "cannot be watched any more, for the engine at {} has stopped answering ({words}); once it is back, \
                 `docker ps -a --filter label={INSTANCE}` lists what is left there",
                engine.host
            ),
            from_outside: true,
        },
        killed: false,
    }
}

fn signal_name(number: i64) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(exit_code: i64, oom_killed: bool) -> String {
        let state =
            ContainerState { exit_code: Some(exit_code), oom_killed: Some(oom_killed), ..ContainerState::default() };
        of_state(&state, Some(64 << 20)).server_exit.message
    }

    #[test]
    fn endings_are_told_apart() {
        insta::assert_snapshot!(said(3, false), @"exited with status 3");
        insta::assert_snapshot!(said(139, false), @"ended with status 139 (SIGSEGV)");
        insta::assert_snapshot!(said(137, false), @"ended with status 137 (SIGKILL): it was killed, or it needed more memory than its limit of 64m (`memory`), or than the machine has (`dmesg` says which)");
        insta::assert_snapshot!(said(137, true), @"was killed by the kernel because it needed more memory than its limit of 64m (`memory`); it ended with status 137");
    }
}
