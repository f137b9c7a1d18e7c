//! Turns SIGINT, SIGTERM and SIGHUP into a request to end the run, and a second one into the wish to end it at once. Ends nothing itself.

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::os;
use crate::outcome::Interruption;

/// Tells everyone who holds a copy of the first signal that came.
#[derive(Clone)]
pub(crate) struct Interrupt {
    receiver: watch::Receiver<Option<Interruption>>,
    urged: watch::Receiver<bool>,
}

impl Interrupt {
    /// Starts to listen, with a task on this runtime.
    ///
    /// # Errors
    /// If the system refuses to install a handler.
    pub(crate) fn listen(runtime: &Handle) -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let _inside = runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        // A run started with `nohup` must survive the hangup.
        let mut hangup =
            if os::is_ignored(os::Signal::HUP) == Ok(true) { None } else { Some(signal(SignalKind::hangup())?) };
        let (sender, receiver) = watch::channel(None);
        let (urge, urged) = watch::channel(false);
        tokio::spawn(async move {
            let first = tokio::select! {
                _ = interrupt.recv() => Interruption::Interrupt,
                _ = terminate.recv() => Interruption::Terminate,
                () = next(hangup.as_mut()) => Interruption::Hangup,
            };
            sender.send_replace(Some(first));
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            urge.send_replace(true);
            // Keeps the channel open: a receiver must not see it close.
            std::future::pending::<()>().await;
        });
        Ok(Self { receiver, urged })
    }

    /// Waits for a signal.
    pub(crate) async fn received(&self) -> Interruption {
        let mut receiver = self.receiver.clone();
        loop {
            if let Some(signal) = *receiver.borrow_and_update() {
                return signal;
            }
            if receiver.changed().await.is_err() {
                // The listener is gone with its runtime: no signal can come.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits for a second signal, which ends the grace periods.
    pub(crate) async fn urged(&self) {
        let mut urged = self.urged.clone();
        if urged.wait_for(|urged| *urged).await.is_err() {
            // The listener is gone with its runtime.
            std::future::pending::<()>().await;
        }
    }

    /// The signal that has come, if any.
    pub(crate) fn pending(&self) -> Option<Interruption> {
        *self.receiver.borrow()
    }
}

/// Waits for a signal that is listened to.
async fn next(signal: Option<&mut tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
