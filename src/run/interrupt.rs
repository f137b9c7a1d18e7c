//! Turns SIGINT and SIGTERM into a request to end the run. Ends nothing itself.

use tokio::sync::watch;

use crate::outcome::Interruption;

/// Tells everyone who holds a copy of the first signal that came.
#[derive(Clone)]
pub struct Interrupt {
    receiver: watch::Receiver<Option<Interruption>>,
}

impl Interrupt {
    /// Starts to listen; needs to be called inside a runtime.
    ///
    /// # Errors
    /// When the system refuses to install a handler.
    #[cfg(unix)]
    pub fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            let first = tokio::select! {
                _ = interrupt.recv() => Interruption::Interrupt,
                _ = terminate.recv() => Interruption::Terminate,
            };
            sender.send_replace(Some(first));
            // Keeps the channel open: a receiver must not see it close.
            std::future::pending::<()>().await;
        });
        Ok(Self { receiver })
    }

    /// Waits for a signal.
    pub async fn received(&self) -> Interruption {
        let mut receiver = self.receiver.clone();
        loop {
            if let Some(signal) = *receiver.borrow_and_update() {
                return signal;
            }
            if receiver.changed().await.is_err() {
                // The listener is gone with its runtime; nobody can signal any more.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The signal that has come, if any.
    #[must_use]
    pub fn pending(&self) -> Option<Interruption> {
        *self.receiver.borrow()
    }
}
