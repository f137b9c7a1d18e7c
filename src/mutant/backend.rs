//! The backend with a fault. Wraps the backend that it changes, and starts and asks that one only for responses that are not kept. Does
//! not define faults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use super::right_responses::{RightResponses, call_key, instance_key};
use super::{Mutant, MutantFault, MutatedCall};
use crate::backend::{Backend, BackendError, Fault, Work};
use crate::prediction::{Contract, Options, Prediction, Request};

/// A wrapper around the backend of a platform. Without a mutant it changes nothing.
pub(crate) struct MutantBackend {
    mutant: Option<Arc<Mutant>>,
    responses: Arc<RightResponses>,
    contract: Arc<Contract>,
    config: Options,
    platform: AsyncMutex<PlatformSlot>,
    memory: Mutex<Memory>,
}

struct PlatformSlot {
    backend: Box<dyn Backend>,
    running: bool,
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
        let platform = AsyncMutex::new(PlatformSlot { backend, running: false });
        Self { mutant, responses, contract, config, platform, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right response: the kept one, or else that of the platform.
    async fn ask(&self, request: &Request) -> Result<Prediction, BackendError> {
        let key = call_key(&self.contract, &self.config, request);
        let known = self.responses.kept().calls.get(&key).map(|(_, response)| response.clone());
        if let Some(response) = known {
            return response.map(|prediction| (*prediction).clone());
        }
        let mut platform = self.platform.lock().await;
        if !platform.running {
            platform.backend.startup().await?;
            platform.running = true;
        }
        let response = platform.backend.predict(request).await;
        drop(platform);
        let mut kept = self.responses.kept();
        if is_answer(&response) && !kept.is_complete {
            kept.order.push(key.clone());
            kept.calls.insert(key, (request.clone(), response.clone().map(Arc::new)));
        }
        response
    }

    async fn answer(&self, request: &Request) -> Result<Prediction, BackendError> {
        let Some(mutant) = &self.mutant else {
            return self.ask(request).await;
        };
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
        match &mutant.fault {
            MutantFault::Config(_) | MutantFault::LifeCycle(_) => self.ask(request).await,
            MutantFault::Request(change) => {
                let changed = change(&call);
                self.ask(changed.as_ref().unwrap_or(request)).await
            }
            MutantFault::Response(change) => {
                let right = self.ask(request).await;
                right.map(|right| change(&call, &right).unwrap_or(right))
            }
            MutantFault::Result(change) => {
                let result = change(&call, self.ask(request).await);
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
        let result = self.ask(other.as_ref().unwrap_or(request)).await;
        let mut memory = self.memory();
        if let Some(own) = memory.under_way.iter().position(|waiting| waiting == request) {
            memory.under_way.swap_remove(own);
        }
        result
    }
}

/// Whether a result is the backend's answer. Any other error is an accident of the platform.
fn is_answer<T>(result: &Result<T, BackendError>) -> bool {
    result.as_ref().err().is_none_or(|error| error.fault == Fault::Refused)
}

impl Backend for MutantBackend {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            let key = instance_key(&self.contract, &self.config);
            let known = self.responses.kept().starts.get(&key).cloned();
            if let Some(started) = known {
                return started;
            }
            let platform = self.platform.get_mut();
            let started = platform.backend.startup().await;
            platform.running = started.is_ok();
            if is_answer(&started) {
                self.responses.kept().starts.insert(key, started.clone());
            }
            started
        })
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        let platform = self.platform.get_mut();
        platform.running = false;
        platform.backend.shutdown()
    }

    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(self.answer(request))
    }

    fn log_tail(&self) -> Vec<String> {
        self.platform.try_lock().map(|platform| platform.backend.log_tail()).unwrap_or_default()
    }
}
