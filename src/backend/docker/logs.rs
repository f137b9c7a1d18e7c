//! The output of a container, followed line by line into the log of its instance, and what is told there before: the progress
//! of a pull. The secret is scrubbed by the log; this only carries.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::Sender;
use tokio::task::JoinHandle;

use super::engine::Engine;
use crate::backend::private;
use crate::backend::resources::InstanceId;
use crate::backend::supervise::Log;
use crate::wire::Secret;

/// A log, and the end of it where lines go in.
pub(super) struct DockerLogWriter(Sender);

/// Makes the log of one launch: in the directory that the user keeps, else in the instance's own.
pub(super) fn create(
    named: Option<&Path>,
    model: &str,
    instance: &InstanceId,
    launch: usize,
    secret: &Secret,
) -> io::Result<(Log, DockerLogWriter)> {
    let directory: PathBuf = match named {
        Some(named) => {
            private::make_directory(named)?;
            named.to_owned()
        }
        None => instance.directory()?,
    };
    let path = directory.join(format!("{model}-{}-{launch}.log", instance.label()));
    let (log, writer) = Log::create(&path, secret)?;
    Ok((log, DockerLogWriter(Sender::from_owned_fd(OwnedFd::from(writer))?)))
}

impl DockerLogWriter {
    /// Adds a line of our own.
    pub(super) async fn line(&mut self, text: &str) {
        self.put(format!("{text}\n").as_bytes()).await;
    }

    /// A log that cannot be written must not stop a model.
    async fn put(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// Follows the output of a container until it has ended. A lost connection ends it as well; the ending says so.
    pub(super) fn follow(mut self, engine: &Engine, container: &str) -> JoinHandle<()> {
        let options = LogsOptionsBuilder::default().follow(true).stdout(true).stderr(true).build();
        let mut output = Box::pin(engine.docker.clone().logs(container, Some(options)));
        tokio::spawn(async move {
            while let Some(Ok(piece)) = output.next().await {
                self.put(piece.as_ref()).await;
            }
        })
    }
}
