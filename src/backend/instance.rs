//! The life cycle of every kind: idempotent start and stop, nothing left of a failed start, a stop that always stops, and a leak check
//! after it. Holds one backend. Does not know cases or other instances.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::RwLock;

use super::exposure;
use super::remark::Remark;
use super::resources::{LeakGuard, LeakReport, StoppedFrom, processes_of};
use super::start_progress::{StartProgress, StartStep};
use super::{Backend, BackendError, Fault, ObjectHost, Stage};
use crate::os;
use crate::prediction::{Prediction, Request};
use crate::wire::client::ModelClient;

/// How long a stop may take before it is given up and reported.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(30);

/// One started (or not yet started) model on a backend.
///
/// Calls share a read lock, so several may be under way; start and stop wait for them.
pub struct Instance {
    label: String,
    start_limit: Duration,
    guard: Option<LeakGuard>,
    report: Mutex<LeakReport>,
    /// Where the backend reports the current step of a start.
    pub(super) progress: StartProgress,
    slot: RwLock<BackendSlot>,
}

struct BackendSlot {
    backend: Box<dyn Backend>,
    running: bool,
}

impl Instance {
    /// An instance that is not started yet. `label` names it in messages, such as `esm2 on local`.
    #[must_use]
    pub fn new(label: impl Into<String>, backend: Box<dyn Backend>, start_limit: Duration) -> Self {
        Self {
            label: label.into(),
            start_limit,
            guard: None,
            report: Mutex::default(),
            progress: StartProgress::default(),
            slot: RwLock::new(BackendSlot { backend, running: false }),
        }
    }

    /// Checks the resources of the instance for leaks.
    #[must_use]
    pub fn guarded(self, guard: LeakGuard) -> Self {
        Self { guard: Some(guard), ..self }
    }

    /// The current step of its start. Returns `None` if it is not starting, or its kind does not report steps.
    #[must_use]
    pub fn doing(&self) -> Option<StartStep> {
        self.progress.now()
    }

    /// Takes the findings of its starts and stops so far. A second call does not return them again.
    pub fn take_report(&self) -> LeakReport {
        std::mem::take(&mut self.report())
    }

    /// Takes only the leaks of [`Self::take_report`].
    pub fn take_leaks(&self) -> Vec<String> {
        std::mem::take(&mut self.report().leaks)
    }

    fn report(&self) -> MutexGuard<'_, LeakReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The guard of its resources. Returns `None` if it creates nothing outside of this process.
    #[must_use]
    pub const fn guard(&self) -> Option<&LeakGuard> {
        self.guard.as_ref()
    }

    /// Its model and backend, such as `esm2 on local`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Starts the model. Does nothing if it is running. After an error nothing of it is left, and it can be started again.
    ///
    /// # Errors
    /// The backend's own error, or a timeout of the current stage.
    pub async fn start(&self) -> Result<(), BackendError> {
        self.start_within(self.start_limit).await
    }

    /// Starts the model as [`Self::start`] does, with another limit. With a limit of zero only a start that does not wait succeeds.
    ///
    /// # Errors
    /// The backend's own error, or a timeout of the current stage.
    pub async fn start_within(&self, limit: Duration) -> Result<(), BackendError> {
        let mut slot = self.slot.write().await;
        if slot.running {
            return Ok(());
        }
        self.prepare().await;
        let begun = Instant::now();
        tracing::info!(instance = %self.label, "start");
        let timer = async {
            // A timer of zero may still take a millisecond, in which a start could finish.
            if !limit.is_zero() {
                tokio::time::sleep(limit).await;
            }
        };
        let result = tokio::select! {
            biased;
            started = slot.backend.startup() => started,
            () = timer => Err(self.too_late(limit)),
        };
        self.progress.clear();
        match result {
            Ok(()) => {
                slot.running = true;
                tracing::info!(instance = %self.label, seconds = begun.elapsed().as_secs_f64(), "ready");
                if let Some(guard) = &self.guard {
                    // If they are not available, the note of the leak check says so.
                    let remarks = exposure::remarks(&guard.label()).unwrap_or_default();
                    self.report().remarks.extend(remarks);
                }
                Ok(())
            }
            Err(mut error) => {
                if error.log_tail.is_empty() {
                    error.log_tail = slot.backend.log_tail();
                }
                tracing::warn!(instance = %self.label, %error, "start failed");
                // An error of this stop matters less than the error of the start.
                let _ = self.shut_down(&mut slot, StoppedFrom::Starting).await;
                Err(error)
            }
        }
    }

    /// The error of a start that was still under way at its limit. Names the current step.
    fn too_late(&self, limit: Duration) -> BackendError {
        let (stage, at_last) = match self.progress.now() {
            Some(doing) => (doing.stage, format!("; at last: {doing}")),
            None => (Stage::Ready, String::new()),
        };
        let message = format!("{} was not ready within {} s{at_last}", self.label, limit.as_secs_f64());
        BackendError::new(stage, Fault::Timeout, message)
    }

    /// Stops the model. Does nothing if it is stopped. It counts as stopped afterwards in any case; a failure to stop is returned for
    /// the report.
    pub async fn stop(&self) -> Option<BackendError> {
        let mut slot = self.slot.write().await;
        if !std::mem::take(&mut slot.running) {
            return None;
        }
        self.shut_down(&mut slot, StoppedFrom::Running).await
    }

    /// Stops the model in any state, also after a start that was cancelled half-way.
    pub async fn abort(&self) -> Option<BackendError> {
        let mut slot = self.slot.write().await;
        let from = if std::mem::take(&mut slot.running) { StoppedFrom::Running } else { StoppedFrom::Starting };
        self.shut_down(&mut slot, from).await
    }

    /// Kills all its processes and containers, so that a concurrent stop need not wait for their grace period.
    pub async fn kill(&self) {
        if let Some(guard) = &self.guard {
            // The leak check of the stop finds what this could not kill.
            let _ = guard.kill().await;
        }
    }

    /// Starts a program that hosts the objects of the kind, if they have a life cycle of their own. The instance need not be started
    /// before, and [`Self::abort`] must be called after the program's end.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub async fn objects(&self) -> Option<Result<Box<dyn ObjectHost>, BackendError>> {
        let slot = self.slot.write().await;
        let starting = slot.backend.objects()?;
        self.prepare().await;
        Some(starting.await)
    }

    async fn prepare(&self) {
        if let Some(guard) = &self.guard {
            let warnings = guard.clean_stale_runs().await;
            self.report().warnings.extend(warnings);
        }
    }

    async fn shut_down(&self, slot: &mut BackendSlot, from: StoppedFrom) -> Option<BackendError> {
        // A start that was dropped half-way did not clear its progress.
        self.progress.clear();
        let begun = Instant::now();
        let stopped = tokio::time::timeout(STOP_LIMIT, slot.backend.shutdown()).await;
        tracing::info!(instance = %self.label, seconds = begun.elapsed().as_secs_f64(), "stopped");
        let stopped = stopped.unwrap_or_else(|_| {
            let message = format!("{} did not stop within {} s", self.label, STOP_LIMIT.as_secs());
            Err(BackendError::new(Stage::Shutdown, Fault::Timeout, message))
        });
        let mut is_clean = true;
        if let Some(guard) = &self.guard {
            let found = guard.check(from).await;
            is_clean = found.leaks.is_empty() && found.failed_checks.is_empty();
            self.report().add(&self.label, found);
        }
        match stopped {
            // Servers may ignore SIGTERM while they load a model, as boileroom's does. If the kill left nothing, nothing is wrong.
            Err(error) if from == StoppedFrom::Starting && error.fault == Fault::Timeout && is_clean => {
                let text = format!("a start that failed or was given up had to be killed: {}", error.message);
                self.report().remarks.push(Remark::note("stop during start", text));
                None
            }
            stopped => stopped.err(),
        }
    }

    /// Whether calls can be made.
    pub async fn is_running(&self) -> bool {
        self.slot.read().await.running
    }

    /// The last lines of the platform's log, oldest first.
    pub async fn log_tail(&self) -> Vec<String> {
        self.slot.read().await.backend.log_tail()
    }

    /// Resident memory of its processes in bytes; shared memory counts in each. Returns `None` if they cannot be seen from here.
    pub(crate) fn resident_memory(&self) -> Option<u64> {
        let processes = processes_of(&self.guard.as_ref()?.label()).ok()?;
        let resident = processes.into_iter().filter_map(|process| os::resident(process).ok());
        Some(resident.sum()).filter(|bytes| *bytes > 0)
    }

    /// A client of its server, with the limits of a request. Returns `None` if it has no server or is not running.
    pub(crate) async fn client(&self, request: &Request) -> Option<ModelClient> {
        let slot = self.slot.read().await;
        slot.backend.client(request).filter(|_| slot.running)
    }

    /// Answers one call.
    ///
    /// # Errors
    /// The backend's own error, or that the instance is not running.
    pub async fn predict(&self, request: &Request) -> Result<Prediction, BackendError> {
        let slot = self.slot.read().await;
        if !slot.running {
            let message = format!("{} is not initialized. Call start() before use.", self.label);
            return Err(BackendError::new(Stage::Call, Fault::NotRunning, message));
        }
        let begun = Instant::now();
        let response = slot.backend.predict(request).await;
        let (seconds, failed) = (begun.elapsed().as_secs_f64(), response.is_err());
        tracing::debug!(instance = %self.label, method = %request.method, seconds, failed, "call");
        response.map_err(|mut error| {
            if error.log_tail.is_empty() && !matches!(error.fault, Fault::Refused | Fault::Schema) {
                error.log_tail = slot.backend.log_tail();
            }
            error
        })
    }
}

#[cfg(test)]
mod tests;
