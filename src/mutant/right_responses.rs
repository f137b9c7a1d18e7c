//! What a backend answered, kept so that a mutant need not ask it again, and the backend that looks there first. A platform is
//! started only for a request that it was never asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use crate::backend::{Backend, BackendError, Fault, Work};
use crate::prediction::{Contract, Options, Prediction, Request};

type Answered = Result<Arc<Prediction>, BackendError>;

/// The responses of one backend to everything that it was asked, by model, configuration and request.
#[derive(Default)]
pub(crate) struct RightResponses {
    kept: Mutex<StoredResponses>,
}

#[derive(Default)]
struct StoredResponses {
    starts: HashMap<InstanceKey, Result<(), BackendError>>,
    calls: HashMap<(InstanceKey, String), (Request, Answered)>,
    /// In the order in which they came, for mutants that give another's response.
    order: Vec<(InstanceKey, String)>,
    is_complete: bool,
}

/// Which instance: the key of its model and its configuration.
type InstanceKey = (String, String);

fn instance_key(contract: &Contract, config: &Options) -> InstanceKey {
    (contract.key.clone(), shown(config))
}

/// JSON is the identity of options and inputs.
fn shown(options: &Options) -> String {
    serde_json::to_string(options).unwrap_or_default()
}

fn request_key(request: &Request) -> String {
    format!("{} {} {}", request.method, request.input.to_json(), shown(&request.options))
}

impl RightResponses {
    fn kept(&self) -> MutexGuard<'_, StoredResponses> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps no more: what is asked from now on is asked by no case, and all responses of one mutant can be gigabytes.
    pub(crate) fn complete(&self) {
        self.kept().is_complete = true;
    }

    /// The right response to a call; `None` when it was not asked or gave none.
    #[must_use]
    pub(crate) fn right(&self, contract: &Contract, config: &Options, request: &Request) -> Option<Arc<Prediction>> {
        let key = (instance_key(contract, config), request_key(request));
        self.kept().calls.get(&key)?.1.as_ref().ok().map(Arc::clone)
    }

    /// The first right response to another call of the same model and configuration that is fit for something.
    #[must_use]
    pub(crate) fn another(
        &self,
        contract: &Contract,
        config: &Options,
        request: &Request,
        is_fit: impl Fn(&Request, &Prediction) -> bool,
    ) -> Option<Arc<Prediction>> {
        let (instance, own) = (instance_key(contract, config), request_key(request));
        let kept = self.kept();
        let others = kept.order.iter().filter(|(of, asked)| *of == instance && *asked != own);
        let found = others.filter_map(|key| {
            let (request, response) = kept.calls.get(key)?;
            response.as_ref().ok().filter(|response| is_fit(request, response))
        });
        found.map(Arc::clone).next()
    }
}

/// A backend that answers what was asked before from what is kept, and asks the platform for the rest.
pub(crate) struct RememberingBackend {
    responses: Arc<RightResponses>,
    contract: Arc<Contract>,
    config: Options,
    platform: AsyncMutex<PlatformSlot>,
}

struct PlatformSlot {
    backend: Box<dyn Backend>,
    running: bool,
}

impl RememberingBackend {
    /// Around the backend of a platform.
    #[must_use]
    pub(crate) fn new(
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
        // An accident of the platform is no response.
        let is_response = response.as_ref().err().is_none_or(|error| error.fault == Fault::Refused);
        if is_response {
            let mut kept = self.responses.kept();
            if !kept.is_complete {
                kept.order.push(key.clone());
                let shared = response.clone().map(Arc::new);
                kept.calls.insert(key, (request.clone(), shared));
            }
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
            let is_response = started.as_ref().err().is_none_or(|error| error.fault == Fault::Refused);
            if is_response {
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
        let platform = self.platform.try_lock();
        platform.map(|platform| platform.backend.log_tail()).unwrap_or_default()
    }
}
