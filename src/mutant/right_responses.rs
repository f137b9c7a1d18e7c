//! The responses of a backend, kept so that mutants need not ask it again, and the backend that looks there first. Starts a platform
//! only for a request that it was never asked. Does not change responses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use crate::backend::{Backend, BackendError, Fault, Work};
use crate::prediction::{Contract, Options, Prediction, Request};

type Answered = Result<Arc<Prediction>, BackendError>;

/// The responses of one backend, by model, configuration and request.
#[derive(Default)]
pub(crate) struct RightResponses(Mutex<StoredResponses>);

#[derive(Default)]
struct StoredResponses {
    starts: HashMap<InstanceKey, Result<(), BackendError>>,
    calls: HashMap<(InstanceKey, String), (Request, Answered)>,
    /// In the order of the calls, for mutants that answer with the response to another call.
    order: Vec<(InstanceKey, String)>,
    is_complete: bool,
}

/// The key of the model and the configuration of an instance.
type InstanceKey = (String, String);

fn instance_key(contract: &Contract, config: &Options) -> InstanceKey {
    (contract.key.clone(), to_json(config))
}

/// JSON is the identity of options and inputs.
fn to_json(options: &Options) -> String {
    serde_json::to_string(options).unwrap_or_default()
}

fn request_key(request: &Request) -> String {
    format!("{} {} {}", request.method, request.input.to_json(), to_json(&request.options))
}

/// Whether a result is the backend's answer. Any other error is an accident of the platform.
fn is_answer<T>(result: &Result<T, BackendError>) -> bool {
    result.as_ref().err().is_none_or(|error| error.fault == Fault::Refused)
}

impl RightResponses {
    fn kept(&self) -> MutexGuard<'_, StoredResponses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops keeping responses: no case makes the calls that come from now on, and the responses of one mutant can be gigabytes.
    pub(crate) fn complete(&self) {
        self.kept().is_complete = true;
    }

    /// The right response to a call. Returns `None` if the call was not made or gave an error.
    pub(crate) fn right(&self, contract: &Contract, config: &Options, request: &Request) -> Option<Arc<Prediction>> {
        let key = (instance_key(contract, config), request_key(request));
        self.kept().calls.get(&key)?.1.as_ref().ok().map(Arc::clone)
    }

    /// The first right response to another call of the same model and configuration for which `is_fit` is true.
    pub(crate) fn another(
        &self,
        contract: &Contract,
        config: &Options,
        request: &Request,
        is_fit: impl Fn(&Request, &Prediction) -> bool,
    ) -> Option<Arc<Prediction>> {
        let (instance, own) = (instance_key(contract, config), request_key(request));
        let kept = self.kept();
        let mut others = kept.order.iter().filter(|(of, asked)| *of == instance && *asked != own);
        others.find_map(|key| {
            let (request, response) = kept.calls.get(key)?;
            response.as_ref().ok().filter(|response| is_fit(request, response)).map(Arc::clone)
        })
    }
}

/// A backend that answers known calls from the kept responses, and asks the platform for the rest.
pub(super) struct RememberingBackend {
    pub(super) responses: Arc<RightResponses>,
    pub(super) contract: Arc<Contract>,
    pub(super) config: Options,
    platform: AsyncMutex<PlatformSlot>,
}

struct PlatformSlot {
    backend: Box<dyn Backend>,
    running: bool,
}

impl RememberingBackend {
    /// Wraps the backend of a platform.
    pub(super) fn new(
        responses: Arc<RightResponses>,
        contract: Arc<Contract>,
        config: Options,
        backend: Box<dyn Backend>,
    ) -> Self {
        Self { responses, contract, config, platform: AsyncMutex::new(PlatformSlot { backend, running: false }) }
    }

    async fn ask(&self, request: &Request) -> Result<Prediction, BackendError> {
        let key = (instance_key(&self.contract, &self.config), request_key(request));
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
}

impl Backend for RememberingBackend {
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
        Box::pin(self.ask(request))
    }

    fn log_tail(&self) -> Vec<String> {
        self.platform.try_lock().map(|platform| platform.backend.log_tail()).unwrap_or_default()
    }
}
