//! Mutants that start and stop wrongly. They wrap the platform's own backend, which really starts and stops each time. Does not choose
//! the cases that judge them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::behaviour::{disturbed, refusal};
use super::{Mutant, MutantFault, hand_made};
use crate::backend::{Backend, BackendError, Fault, Stage, Work};
use crate::prediction::{Contract, Options, Prediction, Request};
use crate::wire::client::ModelClient;

/// The extra time of each call over the one before, in a mutant that slows down.
const SLOWER: Duration = Duration::from_millis(400);

/// A fault of the life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LifeCycleFault {
    /// A start ends before the model is loaded, so that the first call fails.
    ReadyTooEarly,
    /// It cannot be started again.
    StartsOnce,
    /// A size that the model does not have is started as another one.
    StartsAnything,
    /// Its responses change after the first stop.
    OtherAfterRestart,
    /// A stop reports an error.
    StopFails,
    /// A stop leaves everything running.
    StopsNothing,
    /// The stop of one instance ends all.
    StopsAll,
    /// Every call takes longer than the one before.
    SlowerEachCall,
}

const TABLE: [(&str, &str, LifeCycleFault); 8] = [
    ("ready-too-early", "a start is over before the model is loaded", LifeCycleFault::ReadyTooEarly),
    ("starts-once", "a second start of an instance fails", LifeCycleFault::StartsOnce),
    ("starts-anything", "a size that the model does not have is started as its own", LifeCycleFault::StartsAnything),
    ("other-after-restart", "after a restart every response is wrong in one row", LifeCycleFault::OtherAfterRestart),
    ("stop-fails", "every stop is an error", LifeCycleFault::StopFails),
    ("stops-nothing", "a stop leaves processes, ports and containers as they are", LifeCycleFault::StopsNothing),
    ("stops-all", "the stop of one instance ends all others", LifeCycleFault::StopsAll),
    ("slower-each-call", "every call takes longer than the one before", LifeCycleFault::SlowerEachCall),
];

/// All mutants of the life cycle.
pub(super) fn mutants() -> impl Iterator<Item = Mutant> {
    TABLE.into_iter().map(|(name, about, fault)| {
        hand_made(&format!("life-cycle/{name}"), about, &["scenario", "repeats"], MutantFault::LifeCycle(fault))
    })
}

impl LifeCycleFault {
    /// Whether it is visible on a platform. `leaves_something` tells whether instances there are more than objects in this process.
    pub(crate) fn shows(self, leaves_something: bool) -> bool {
        leaves_something || self != Self::StopsNothing
    }

    /// The configuration that an instance is started with in place of this one.
    pub(crate) fn configured(self, contract: &Contract, config: &Options) -> Options {
        let mut config = config.clone();
        if let (Self::StartsAnything, Some(option)) = (self, contract.variant_option())
            && contract.variant(&config).is_none()
        {
            config.remove(option);
        }
        config
    }
}

/// How many instances of a run were stopped.
pub(crate) type StopCount = Arc<AtomicUsize>;

/// A backend that starts and stops wrongly.
pub(crate) struct LifeCycleMutant {
    inner: Box<dyn Backend>,
    fault: LifeCycleFault,
    stopped: StopCount,
    stopped_before: usize,
    starts: usize,
    calls: AtomicUsize,
}

impl LifeCycleMutant {
    /// Wraps the backend of a platform. All instances of a run share `stopped`.
    pub(crate) fn new(fault: LifeCycleFault, stopped: StopCount, inner: Box<dyn Backend>) -> Self {
        Self { inner, fault, stopped, stopped_before: 0, starts: 0, calls: AtomicUsize::new(0) }
    }

    async fn answer(&self, request: &Request) -> Result<Prediction, BackendError> {
        let earlier = self.calls.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            LifeCycleFault::ReadyTooEarly if earlier == 0 => {
                Err(refusal("RuntimeError", "the model is not initialized"))
            }
            LifeCycleFault::StopsAll if self.stopped.load(Ordering::SeqCst) > self.stopped_before => {
                Err(BackendError::new(Stage::Call, Fault::Died, "connection refused"))
            }
            LifeCycleFault::OtherAfterRestart if self.starts > 1 => Ok(disturbed(&self.inner.predict(request).await?)),
            LifeCycleFault::SlowerEachCall => {
                tokio::time::sleep(SLOWER * u32::try_from(earlier).unwrap_or(u32::MAX)).await;
                self.inner.predict(request).await
            }
            _ => self.inner.predict(request).await,
        }
    }
}

impl Backend for LifeCycleMutant {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            if self.starts > 0 && self.fault == LifeCycleFault::StartsOnce {
                return Err(BackendError::new(Stage::Launch, Fault::Refused, "address already in use"));
            }
            self.inner.startup().await?;
            self.starts += 1;
            self.calls.store(0, Ordering::SeqCst);
            self.stopped_before = self.stopped.load(Ordering::SeqCst);
            Ok(())
        })
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            if self.fault == LifeCycleFault::StopsNothing {
                return Ok(());
            }
            self.inner.shutdown().await?;
            self.stopped.fetch_add(1, Ordering::SeqCst);
            if self.fault == LifeCycleFault::StopFails {
                return Err(BackendError::new(Stage::Shutdown, Fault::Refused, "it could not be removed"));
            }
            Ok(())
        })
    }

    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(self.answer(request))
    }

    fn client(&self, request: &Request) -> Option<ModelClient> {
        self.inner.client(request)
    }

    fn log_tail(&self) -> Vec<String> {
        self.inner.log_tail()
    }
}
