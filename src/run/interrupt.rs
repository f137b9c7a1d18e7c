//! Turns SIGINT, SIGTERM and SIGHUP into a request to end the run, and a second signal into a request to end it at once. Does not end
//! anything itself.

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::os;
use crate::outcome::Interruption;

/// The signals of a run. All clones see the same ones.
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
            // Keeps the channels open, because a closed one looks like an error.
            std::future::pending::<()>().await;
        });
        Ok(Self { receiver, urged })
    }

    /// Waits for a signal.
    pub(crate) async fn received(&self) {
        until(self.receiver.clone(), Option::is_some).await;
    }

    /// Waits for a second signal, which ends the grace periods.
    pub(crate) async fn urged(&self) {
        until(self.urged.clone(), |urged| *urged).await;
    }

    /// The first signal so far.
    pub(crate) fn pending(&self) -> Option<Interruption> {
        *self.receiver.borrow()
    }
}

/// Waits for a value. Never ends if the listener is gone with its runtime.
async fn until<T>(mut receiver: watch::Receiver<T>, is_it: impl FnMut(&T) -> bool) {
    if receiver.wait_for(is_it).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits for a signal, or forever if it is ignored.
async fn next(signal: Option<&mut tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
