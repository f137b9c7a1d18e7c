//! The backend with a fault: it stands between a run and the backend that it changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::right_responses::{RememberingBackend, RightResponses};
use super::{Mutant, MutantFault, MutatedCall};
use crate::backend::{Backend, BackendError, Work};
use crate::prediction::{Contract, Options, Prediction, Request};

/// A backend around the one of a platform. Without a mutant it changes nothing.
pub(crate) struct MutantBackend {
    inner: RememberingBackend,
    mutant: Option<Arc<Mutant>>,
    responses: Arc<RightResponses>,
    contract: Arc<Contract>,
    config: Options,
    memory: Mutex<Memory>,
}

/// What an instance remembers of its calls.
#[derive(Default)]
struct Memory {
    count: usize,
    earlier: Vec<(Request, Prediction)>,
    under_way: Vec<Request>,
}

impl MutantBackend {
    /// A backend that answers as `backend` does but for the fault of a mutant.
    #[must_use]
    pub(crate) fn new(
        mutant: Option<Arc<Mutant>>,
        responses: Arc<RightResponses>,
        contract: Arc<Contract>,
        config: Options,
        backend: Box<dyn Backend>,
    ) -> Self {
        let inner = RememberingBackend::new(Arc::clone(&responses), Arc::clone(&contract), config.clone(), backend);
        Self { inner, mutant, responses, contract, config, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: &Request) -> Result<Prediction, BackendError> {
        let Some(mutant) = &self.mutant else {
            return self.inner.predict(request).await;
        };
        // Only these look at what was before; for others it would be kept in vain, and it can be gigabytes.
        let remembers = matches!(mutant.fault, MutantFault::Result(_));
        let (count, earlier) = {
            let mut memory = self.memory();
            memory.count += 1;
            (memory.count - 1, memory.earlier.clone())
        };
        let call = MutatedCall {
            contract: &self.contract,
            config: &self.config,
            request,
            earlier: &earlier,
            count,
            responses: &self.responses,
        };
        let result = match &mutant.fault {
            MutantFault::Config(_) | MutantFault::LifeCycle(_) => self.inner.predict(request).await,
            MutantFault::Request(change) => {
                let changed = change(&call);
                self.inner.predict(changed.as_ref().unwrap_or(request)).await
            }
            MutantFault::Response(change) => {
                let right = self.inner.predict(request).await;
                right.map(|right| change(&call, &right).unwrap_or(right))
            }
            MutantFault::Result(change) => change(&call, self.inner.predict(request).await),
            MutantFault::Crossed => self.crossed(request).await,
        };
        if let (true, Ok(prediction)) = (remembers, &result) {
            self.memory().earlier.push((request.clone(), prediction.clone()));
        }
        result
    }

    /// Answers with what another call asks that is under way.
    async fn crossed(&self, request: &Request) -> Result<Prediction, BackendError> {
        self.memory().under_way.push(request.clone());
        // Gives calls that are made at once the time to meet.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let other = {
            let memory = self.memory();
            let mut others = memory.under_way.iter().filter(|other| *other != request);
            others.next().cloned()
        };
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
