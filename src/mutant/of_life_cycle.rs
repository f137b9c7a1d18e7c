//! Mutants that start and stop wrongly. They stand around the platform's own backend, which really starts and stops each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::behaviour::{disturbed, refusal};
use super::{Mutant, MutantFault, hand_made};
use crate::backend::{Backend, BackendError, Fault, Stage, Work};
use crate::prediction::{Contract, Options, Prediction, Request};
use crate::wire::client::ModelClient;

/// By how much a call takes longer than the one before, where it does.
const SLOWER: Duration = Duration::from_millis(100);

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LifeCycleFault {
    /// A start is over before the model is loaded, and the first call meets that.
    ReadyTooEarly,
    /// It cannot be started again.
    StartsOnce,
    /// A size that the model does not have is started as some other.
    StartsAnything,
    /// After the first stop it answers otherwise.
    OtherAfterRestart,
    /// A stop says that something went wrong.
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

/// All of them.
pub(super) fn mutants() -> Vec<Mutant> {
    let rows = TABLE.into_iter();
    rows.map(|(name, about, fault)| {
        hand_made(&format!("life-cycle/{name}"), about, &["scenario", "repeats"], MutantFault::LifeCycle(fault))
    })
    .collect()
}

impl LifeCycleFault {
    /// Whether it can be seen on a platform, of which instances leave something behind or are objects in this process.
    pub(crate) fn shows(self, leaves_something: bool) -> bool {
        leaves_something || self != Self::StopsNothing
    }

    /// What an instance is started with in place of this configuration.
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
#[derive(Debug, Clone, Default)]
pub(crate) struct StopCount(Arc<AtomicUsize>);

impl StopCount {
    fn now(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

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
    /// Around the backend of a platform. `stopped` is shared by all instances of a run.
    pub(crate) fn new(fault: LifeCycleFault, stopped: StopCount, inner: Box<dyn Backend>) -> Self {
        Self { inner, fault, stopped, stopped_before: 0, starts: 0, calls: AtomicUsize::new(0) }
    }

    async fn answer(&self, request: &Request) -> Result<Prediction, BackendError> {
        let earlier = self.calls.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            LifeCycleFault::ReadyTooEarly if earlier == 0 => {
                Err(refusal("RuntimeError", "the model is not initialized"))
            }
            LifeCycleFault::StopsAll if self.stopped.now() > self.stopped_before => {
                Err(BackendError::new(Stage::Call, Fault::Died, "connection refused"))
            }
            LifeCycleFault::OtherAfterRestart if self.starts > 1 => {
                let right = self.inner.predict(request).await?;
                Ok(disturbed(&right))
            }
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
            self.stopped_before = self.stopped.now();
            Ok(())
        })
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            if self.fault == LifeCycleFault::StopsNothing {
                return Ok(());
            }
            self.inner.shutdown().await?;
            self.stopped.0.fetch_add(1, Ordering::SeqCst);
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
