//! Watches a container while it runs: waits for its exit and follows its output into a log. Does not end a container.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use bollard::models::{ContainerState, ContainerStateStatusEnum};
use bollard::query_parameters::{LogsOptionsBuilder, WaitContainerOptions};
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::Sender;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::container::INSTANCE;
use super::engine::{self, Engine};
use super::settings::show_bytes;
use crate::backend::Fault;
use crate::backend::launcher::ServerExit;
use crate::backend::supervise::Log;
use crate::wire::Secret;

/// How often an engine that has stopped answering is asked again, and the time between.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(500);
/// The status that the engine reports for a process that was killed.
const KILLED: i64 = 137;

/// The exit of a container.
#[derive(Debug, Clone)]
pub(super) struct ContainerExit {
    /// The exit of its server.
    pub(super) server_exit: ServerExit,
    /// Whether it was killed, by any party.
    pub(super) killed: bool,
}

/// The tasks that watch a container. Dropping it ends them.
pub(super) struct ContainerWatcher {
    exit: watch::Receiver<Option<ContainerExit>>,
    waiting: JoinHandle<()>,
    output: JoinHandle<()>,
}

impl ContainerWatcher {
    /// Watches a container, with the task that follows its output.
    pub(super) fn new(engine: &Engine, container: &str, memory: Option<i64>, output: JoinHandle<()>) -> Self {
        let (sender, exit) = watch::channel(None);
        let (engine, container) = (engine.clone(), container.to_owned());
        let waiting = tokio::spawn(async move {
            // The receiver may be gone.
            let _ = sender.send(Some(wait(&engine, &container, memory).await));
        });
        Self { exit, waiting, output }
    }

    /// Whether the container is known to have exited.
    pub(super) fn has_exited(&self) -> bool {
        self.exit.borrow().is_some()
    }

    /// Completes when the container has exited.
    pub(super) async fn exited(&self) -> ContainerExit {
        let exit = self.exit.clone().wait_for(Option::is_some).await.ok().and_then(|exit| exit.clone());
        match exit {
            Some(exit) => exit,
            // The task panicked and will not report anything.
            None => std::future::pending().await,
        }
    }
}

impl Drop for ContainerWatcher {
    fn drop(&mut self) {
        self.waiting.abort();
        self.output.abort();
    }
}

/// The writing end of a log. The log removes the secret.
pub(super) struct DockerLogWriter(Sender);

impl DockerLogWriter {
    /// Creates a log.
    pub(super) fn create(path: &Path, secret: &Secret) -> io::Result<(Log, Self)> {
        let (log, writer) = Log::create(path, secret)?;
        Ok((log, Self(Sender::from_owned_fd(OwnedFd::from(writer))?)))
    }

    /// Adds a line. A log that cannot be written must not stop a model.
    pub(super) async fn line(&mut self, text: &str) {
        let _ = self.0.write_all(format!("{text}\n").as_bytes()).await;
    }

    /// Follows the output of a container until it has exited, also over a few lost connections. Then asks once more for what is missing:
    /// Podman stops following a moment after the exit, whether or not it has sent the last lines.
    pub(super) fn follow(mut self, engine: &Engine, container: &str) -> JoinHandle<()> {
        let (engine, container) = (engine.clone(), container.to_owned());
        tokio::spawn(async move {
            let mut written = 0;
            for _ in 0..ATTEMPTS {
                written = self.copy(&engine, &container, true, written).await.max(written);
                if !runs(&engine, &container).await {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
            self.copy(&engine, &container, false, written).await;
        })
    }

    /// Writes the output of a container without its first `written` bytes. Returns how many bytes the output has.
    async fn copy(&mut self, engine: &Engine, container: &str, follow: bool, written: usize) -> usize {
        let options = LogsOptionsBuilder::default().follow(follow).stdout(true).stderr(true).build();
        let mut output = Box::pin(engine.docker.logs(container, Some(options)));
        let mut length = 0;
        while let Some(Ok(piece)) = output.next().await {
            let piece = piece.as_ref();
            let known = written.saturating_sub(length).min(piece.len());
            let _ = self.0.write_all(&piece[known..]).await;
            length += piece.len();
        }
        length
    }
}

/// Whether a container runs. An engine that does not answer is asked again.
async fn runs(engine: &Engine, container: &str) -> bool {
    for _ in 0..ATTEMPTS {
        match engine.inspect(container).await {
            Ok(Ok(found)) => return found.state.is_some_and(|state| state.running == Some(true)),
            Ok(Err(error)) if engine::is_missing(&error) => return false,
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    false
}

/// Waits for the exit of a container.
async fn wait(engine: &Engine, container: &str, memory: Option<i64>) -> ContainerExit {
    let mut attempts = 0;
    loop {
        let mut waiting = Box::pin(engine.docker.wait_container(container, None::<WaitContainerOptions>));
        let _ = waiting.next().await;
        let failure = match engine.inspect(container).await {
            Ok(Ok(found)) => {
                let state = found.state.unwrap_or_default();
                if state.status == Some(ContainerStateStatusEnum::REMOVING) {
                    return removed();
                }
                if state.running != Some(true) {
                    return of_state(&state, memory);
                }
                None
            }
            Ok(Err(error)) if engine::is_missing(&error) => return removed(),
            Ok(Err(error)) => Some(engine::message(&error)),
            Err(error) => Some(error.message),
        };
        attempts = if failure.is_some() { attempts + 1 } else { 0 };
        if let Some(message) = failure.filter(|_| attempts == ATTEMPTS) {
            return lost(engine, &message);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The exit of a container that still exists.
fn of_state(state: &ContainerState, memory: Option<i64>) -> ContainerExit {
    let status = state.exit_code.unwrap_or_default();
    let out_of_memory = state.oom_killed == Some(true);
    let limit = memory.map(|bytes| format!("its limit of {} (`memory`)", show_bytes(bytes)));
    let mut message = if out_of_memory {
        let limit = limit.as_deref().unwrap_or("the memory of its machine");
        format!("was killed by the kernel because it needed more memory than {limit}; it ended with status {status}")
    } else if let Some(signal) = status.checked_sub(128).filter(|number| (1..=64).contains(number)) {
        let name = signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned);
        let guess = match limit {
            _ if status != KILLED => String::new(),
            // Not every engine learns the reason in time.
            Some(limit) => format!(
                ": it was killed, or it needed more memory than {limit}, or than the machine has (`dmesg` says which)"
            ),
            None => ": it was killed, or the machine was out of memory (`dmesg` says which)".to_owned(),
        };
        format!("ended with status {status} ({name}){guess}")
    } else {
        format!("exited with status {status}")
    };
    if let Some(error) = state.error.as_deref().map(str::trim).filter(|error| !error.is_empty()) {
        message = format!("{message}; the engine says: {error}");
    }
    let killed = status == KILLED;
    let server_exit = ServerExit { fault: Fault::Died, message, from_outside: killed || out_of_memory };
    ContainerExit { server_exit, killed }
}

fn removed() -> ContainerExit {
    let message = "is gone with its container, which was removed from outside (`docker rm -f`?)".to_owned();
    ContainerExit { server_exit: ServerExit { fault: Fault::Died, message, from_outside: true }, killed: false }
}

fn lost(engine: &Engine, error: &str) -> ContainerExit {
    let message = format!(
        "cannot be watched any more, for the engine at {} has stopped answering ({error}); once it is back, \
         `docker ps -a --filter label={INSTANCE}` lists what is left there",
        engine.host
    );
    ContainerExit { server_exit: ServerExit { fault: Fault::Unreachable, message, from_outside: true }, killed: false }
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
    use bollard::{API_DEFAULT_VERSION, Docker};
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// An engine that loses the connection after the first line, and ends the second answer before the last one, as Podman may.
    async fn hasty_engine() -> Engine {
        const LINES: [&str; 3] = ["loading\n", "no weights: /models\n", "the end\n"];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("tcp://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut answered = 0;
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let count = stream.read(&mut request).await.unwrap();
                let body = if String::from_utf8_lossy(&request[..count]).contains("/logs?") {
                    answered += 1;
                    let frame = |line: &&str| [&[1, 0, 0, 0, 0, 0, 0, line.len() as u8], line.as_bytes()].concat();
                    LINES[..answered].iter().flat_map(frame).collect()
                } else {
                    format!("{{\"State\": {{\"Running\": {}}}}}", answered == 1).into_bytes()
                };
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
            }
        });
        let docker = Docker::connect_with_http(&host, 5, API_DEFAULT_VERSION).unwrap();
        Engine { docker, host, architecture: String::new(), version: String::new() }
    }

    #[tokio::test]
    async fn lines_that_the_engine_did_not_send_in_time_are_asked_for_again() {
        let directory = tempfile::tempdir().unwrap();
        let secret = Secret::new("the-secret").unwrap();
        let (log, writer) = DockerLogWriter::create(&directory.path().join("model.log"), &secret).unwrap();
        writer.follow(&hasty_engine().await, "c0ffee").await.unwrap();
        log.closed().await;
        assert_eq!(log.tail(), ["loading", "no weights: /models", "the end"]);
    }

    fn message(exit_code: i64, oom_killed: bool) -> String {
        let state =
            ContainerState { exit_code: Some(exit_code), oom_killed: Some(oom_killed), ..ContainerState::default() };
        of_state(&state, Some(64 << 20)).server_exit.message
    }

    #[test]
    fn endings_are_told_apart() {
        insta::assert_snapshot!(message(3, false), @"exited with status 3");
        insta::assert_snapshot!(message(139, false), @"ended with status 139 (SIGSEGV)");
        insta::assert_snapshot!(message(137, false), @"ended with status 137 (SIGKILL): it was killed, or it needed more memory than its limit of 64m (`memory`), or than the machine has (`dmesg` says which)");
        insta::assert_snapshot!(message(137, true), @"was killed by the kernel because it needed more memory than its limit of 64m (`memory`); it ended with status 137");
    }
}
