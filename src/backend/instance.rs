//! The life cycle that every kind gets: idempotent start and stop, nothing left of a failed start, a stop that always
//! stops, and an eye on what was left behind. Holds one backend; knows nothing of cases or of how many instances there are.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::RwLock;

use super::aftermath::{Aftermath, Stopped};
use super::custody::Leftover;
use super::remark::Remark;
use super::status::{Doing, Status};
use super::{Backend, BackendError, Fault, ObjectHost, Stage, Watch};
use crate::prediction::{Prediction, Request};

/// How long a stop may take before it is given up and reported.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Looks after what an instance makes outside of this process.
pub trait Caretaker: Send + Sync {
    /// Called before every start: one line for each trouble with clearing up after others. Bounded in time.
    fn before(&self) -> Watch<'_, Vec<String>>;

    /// Called after every stop: what the instance left behind. Bounded in time.
    fn after(&self, stopped: Stopped) -> Watch<'_, Aftermath>;

    /// What there is of the instance now, on this machine and on its platform. Bounded in time.
    fn belongings(&self) -> Watch<'_, Result<Vec<Leftover>, BackendError>>;

    /// Ends all of it behind the instance's back, as a crash does, and says what there was. Bounded in time.
    fn crash(&self) -> Watch<'_, Result<Vec<Leftover>, BackendError>>;

    /// What is worth knowing of the instance while it runs: called after every start.
    fn running(&self) -> Vec<Remark> {
        Vec::new()
    }

    /// Freezes its processes on this machine, so that they do not end when they are asked to; says which.
    fn freeze(&self) -> Vec<Leftover>;
}

/// One started (or not yet started) model on a backend.
///
/// Calls share a read lock, so several may be under way; start and stop wait for them.
pub struct Instance {
    label: String,
    start_limit: Duration,
    caretaker: Option<Box<dyn Caretaker>>,
    aftermath: Mutex<Aftermath>,
    troubles: Mutex<Vec<String>>,
    status: Status,
    slot: RwLock<Slot>,
}

struct Slot {
    backend: Box<dyn Backend>,
    running: bool,
}

impl Instance {
    /// An instance that is not running yet. `label` names it in messages, such as `esm2 on local`.
    #[must_use]
    pub fn new(label: impl Into<String>, backend: Box<dyn Backend>, start_limit: Duration) -> Self {
        Self {
            label: label.into(),
            start_limit,
            caretaker: None,
            aftermath: Mutex::default(),
            troubles: Mutex::default(),
            status: Status::default(),
            slot: RwLock::new(Slot {
                backend,
                running: false,
            }),
        }
    }

    /// The same instance, with somebody who looks after what it leaves.
    #[must_use]
    pub fn cared_for(mut self, caretaker: Box<dyn Caretaker>) -> Self {
        self.caretaker = Some(caretaker);
        self
    }

    /// The same instance, whose backend states here what a start is doing.
    #[must_use]
    pub fn stating(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// What its start is doing; `None` when nothing starts, or its kind does not say.
    #[must_use]
    pub fn doing(&self) -> Option<Doing> {
        self.status.now()
    }

    /// What its stops and failed starts have left behind, one line for each thing. Taken: a second call has none of them.
    pub fn take_leaks(&self) -> Vec<String> {
        std::mem::take(&mut self.aftermath().left)
    }

    /// Where it could not be found out whether a stop or failed start left anything, one line for each. Taken, too.
    pub fn take_unknown(&self) -> Vec<String> {
        std::mem::take(&mut self.aftermath().unknown)
    }

    /// What its starts and stops have shown that is worth knowing and no fault. Taken, too.
    pub fn take_remarks(&self) -> Vec<Remark> {
        std::mem::take(&mut self.aftermath().remarks)
    }

    fn aftermath(&self) -> MutexGuard<'_, Aftermath> {
        self.aftermath.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was in the way of clearing up after killed runs before its starts. Taken, too.
    pub fn take_troubles(&self) -> Vec<String> {
        std::mem::take(&mut self.troubles.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who looks after what it makes; `None` where it makes nothing outside of this process.
    #[must_use]
    pub fn caretaker(&self) -> Option<&dyn Caretaker> {
        self.caretaker.as_deref()
    }

    /// Which model on which backend this is.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Starts the model; does nothing when it is running. After an error nothing of it is left and it can be tried again.
    ///
    /// # Errors
    /// The backend's own, or a timeout of the stage that it was in.
    pub async fn start(&self) -> Result<(), BackendError> {
        self.start_within(self.start_limit).await
    }

    /// Starts the model as [`Self::start`] does, with another limit than its own; with none at all, only a start that waits
    /// for nothing succeeds.
    ///
    /// # Errors
    /// The backend's own, or a timeout of the stage that it was in.
    pub async fn start_within(&self, limit: Duration) -> Result<(), BackendError> {
        let mut slot = self.slot.write().await;
        if slot.running {
            return Ok(());
        }
        self.prepare().await;
        let up = async {
            // A timer of no time at all may still take a millisecond, and a start be done by then.
            if !limit.is_zero() {
                tokio::time::sleep(limit).await;
            }
        };
        let result = tokio::select! {
            biased;
            started = slot.backend.startup() => started,
            () = up => Err(self.too_late(limit)),
        };
        self.status.clear();
        match result {
            Ok(()) => {
                slot.running = true;
                if let Some(caretaker) = &self.caretaker {
                    let remarks = caretaker.running();
                    self.aftermath().remarks.extend(remarks);
                }
                Ok(())
            }
            Err(mut error) => {
                if error.log_tail.is_empty() {
                    error.log_tail = slot.backend.log_tail();
                }
                // What the failed start left behind must go; the cause that matters is already in hand.
                let _ = self.shut_down(&mut slot, Stopped::HalfStarted).await;
                Err(error)
            }
        }
    }

    /// The error of a start that its backend did not give up by itself: all there is to tell is what it was doing.
    fn too_late(&self, limit: Duration) -> BackendError {
        let (stage, at_last) = match self.status.now() {
            Some(doing) => (doing.stage, format!("; at last: {doing}")),
            None => (Stage::Ready, String::new()),
        };
        let message = format!("{} was not ready within {} s{at_last}", self.label, limit.as_secs_f64());
        BackendError::new(stage, Fault::Timeout, message)
    }

    /// Stops the model; does nothing when it is stopped. Afterwards it is stopped, whatever happened: a failure to stop is
    /// returned for the report, not raised.
    pub async fn stop(&self) -> Option<BackendError> {
        let mut slot = self.slot.write().await;
        if !slot.running {
            return None;
        }
        slot.running = false;
        self.shut_down(&mut slot, Stopped::Running).await
    }

    /// Stops whatever there is, also of a start that was cancelled half-way.
    pub async fn abort(&self) -> Option<BackendError> {
        let mut slot = self.slot.write().await;
        let stopped = if std::mem::take(&mut slot.running) {
            Stopped::Running
        } else {
            Stopped::HalfStarted
        };
        self.shut_down(&mut slot, stopped).await
    }

    /// Kills everything of it without waiting for whoever stops it, who then need not wait for its grace.
    pub async fn kill(&self) {
        if let Some(caretaker) = &self.caretaker {
            // What is still there afterwards, the census of the stop finds.
            let _ = caretaker.crash().await;
        }
    }

    /// Starts a program that hosts the objects which its kind wraps, where they have a life cycle of their own. It needs no
    /// start before, and [`Self::abort`] after its end.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub async fn objects(&self) -> Option<Result<Box<dyn ObjectHost>, BackendError>> {
        let slot = self.slot.write().await;
        let starting = slot.backend.objects()?;
        self.prepare().await;
        Some(starting.await)
    }

    async fn prepare(&self) {
        if let Some(caretaker) = &self.caretaker {
            let troubles = caretaker.before().await;
            let mut known = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
            known.extend(troubles);
        }
    }

    async fn shut_down(&self, slot: &mut Slot, what: Stopped) -> Option<BackendError> {
        // A start that was dropped half-way had no time to say that it is over.
        self.status.clear();
        let stopped = tokio::time::timeout(STOP_LIMIT, slot.backend.shutdown()).await;
        let stopped = stopped.unwrap_or_else(|_| {
            let message = format!("{} did not stop within {} s", self.label, STOP_LIMIT.as_secs());
            Err(BackendError::new(Stage::Shutdown, Fault::Timeout, message))
        });
        let mut is_clear = true;
        if let Some(caretaker) = &self.caretaker {
            let found = caretaker.after(what).await;
            is_clear = found.left.is_empty() && found.unknown.is_empty();
            self.aftermath().add(&self.label, found);
        }
        match stopped {
            // Servers ignore the request to end while they load a model, boileroom's does. Killed and gone, nothing is wrong.
            Err(error) if what == Stopped::HalfStarted && error.fault == Fault::Timeout && is_clear => {
                let text = format!(
                    "a start that failed or was given up had to be killed: {}",
                    error.message
                );
                self.aftermath().remarks.push(Remark::note("stop during start", text));
                None
            }
            stopped => stopped.err(),
        }
    }

    /// Whether calls can be made.
    pub async fn is_running(&self) -> bool {
        self.slot.read().await.running
    }

    /// The last lines that the platform logged, oldest first.
    pub async fn log_tail(&self) -> Vec<String> {
        self.slot.read().await.backend.log_tail()
    }

    /// Answers one call.
    ///
    /// # Errors
    /// The backend's own, or that the instance is not running.
    pub async fn predict(&self, request: &Request) -> Result<Prediction, BackendError> {
        let slot = self.slot.read().await;
        if !slot.running {
            let message = format!("{} is not initialized. Call start() before use.", self.label);
            return Err(BackendError::new(Stage::Call, Fault::NotRunning, message));
        }
        slot.backend.predict(request).await.map_err(|mut error| {
            if error.log_tail.is_empty() && !matches!(error.fault, Fault::Refused | Fault::Schema) {
                error.log_tail = slot.backend.log_tail();
            }
            error
        })
    }
}

#[cfg(test)]
mod tests;
