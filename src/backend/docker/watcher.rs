//! What goes on beside a container for as long as it runs: its end is waited for, its output is followed. Ends with its owner.

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::engine::Engine;
use super::exit::{self, ContainerExit};

/// The tasks, and what they have found out.
pub(super) struct ContainerWatcher {
    ended: watch::Receiver<Option<ContainerExit>>,
    waiting: JoinHandle<()>,
    output: JoinHandle<()>,
}

impl ContainerWatcher {
    /// Watches a container. `output` is the task that follows its output already.
    pub(super) fn new(engine: &Engine, container: &str, memory: Option<i64>, output: JoinHandle<()>) -> Self {
        let (tell, ended) = watch::channel(None);
        let (engine, container) = (engine.clone(), container.to_owned());
        let waiting = tokio::spawn(async move {
            let ended = exit::wait(&engine, &container, memory).await;
            // The receiver may be gone.
            let _ = tell.send(Some(ended));
        });
        Self { ended, waiting, output }
    }

    /// Whether the container has ended, as far as is known.
    pub(super) fn has_exited(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// Completes when the container has ended.
    pub(super) async fn exited(&self) -> ContainerExit {
        if let Ok(ended) = self.ended.clone().wait_for(Option::is_some).await
            && let Some(ended) = ended.clone()
        {
            return ended;
        }
        // The task broke, and nothing will be heard.
        std::future::pending().await
    }
}

impl Drop for ContainerWatcher {
    fn drop(&mut self) {
        self.waiting.abort();
        self.output.abort();
    }
}
