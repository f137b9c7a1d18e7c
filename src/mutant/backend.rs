//! The backend with a fault, which wraps the backend that it changes. Does not define faults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::right_responses::{RememberingBackend, RightResponses};
use super::{Mutant, MutantFault, MutatedCall};
use crate::backend::{Backend, BackendError, Work};
use crate::prediction::{Contract, Options, Prediction, Request};

/// A wrapper around the backend of a platform. Without a mutant it changes nothing.
pub(crate) struct MutantBackend {
    inner: RememberingBackend,
    mutant: Option<Arc<Mutant>>,
    memory: Mutex<Memory>,
}

/// The earlier and current calls of an instance.
#[derive(Default)]
struct Memory {
    count: usize,
    earlier: Vec<(Request, Prediction)>,
    under_way: Vec<Request>,
}

impl MutantBackend {
    /// A backend that answers as `backend` does, except for the fault of a mutant.
    pub(crate) fn new(
        mutant: Option<Arc<Mutant>>,
        responses: Arc<RightResponses>,
        contract: Arc<Contract>,
        config: Options,
        backend: Box<dyn Backend>,
    ) -> Self {
        let inner = RememberingBackend::new(responses, contract, config, backend);
        Self { inner, mutant, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: &Request) -> Result<Prediction, BackendError> {
        let Some(mutant) = &self.mutant else {
            return self.inner.predict(request).await;
        };
        let (count, earlier) = {
            let mut memory = self.memory();
            memory.count += 1;
            (memory.count - 1, memory.earlier.clone())
        };
        let call = MutatedCall {
            contract: &self.inner.contract,
            config: &self.inner.config,
            request,
            earlier: &earlier,
            count,
            responses: &self.inner.responses,
        };
        match &mutant.fault {
            MutantFault::Config(_) | MutantFault::LifeCycle(_) => self.inner.predict(request).await,
            MutantFault::Request(change) => {
                let changed = change(&call);
                self.inner.predict(changed.as_ref().unwrap_or(request)).await
            }
            MutantFault::Response(change) => {
                let right = self.inner.predict(request).await;
                right.map(|right| change(&call, &right).unwrap_or(right))
            }
            MutantFault::Result(change) => {
                let result = change(&call, self.inner.predict(request).await);
                // The other faults do not depend on earlier responses, which can be gigabytes.
                if let Ok(prediction) = &result {
                    self.memory().earlier.push((request.clone(), prediction.clone()));
                }
                result
            }
            MutantFault::Crossed => self.crossed(request).await,
        }
    }

    /// Answers with the response to another call that is under way.
    async fn crossed(&self, request: &Request) -> Result<Prediction, BackendError> {
        self.memory().under_way.push(request.clone());
        // Gives simultaneous calls the time to meet.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let other = self.memory().under_way.iter().find(|other| *other != request).cloned();
        let result = self.inner.predict(other.as_ref().unwrap_or(request)).await;
        let mut memory = self.memory();
        if let Some(own) = memory.under_way.iter().position(|waiting| waiting == request) {
            memory.under_way.swap_remove(own);
        }
        result
    }
}

impl Backend for MutantBackend {
    fn startup(&mut self) -> Work<'_, ()> {
        self.inner.startup()
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        self.inner.shutdown()
    }

    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(self.answer(request))
    }

    fn log_tail(&self) -> Vec<String> {
        self.inner.log_tail()
    }
}
