//! The responses of a backend, kept so that mutants need not ask it again. Does not ask or change anything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::BackendError;
use crate::prediction::{Contract, Options, Prediction, Request};

/// The responses of one backend, by model, configuration and request.
#[derive(Default)]
pub(crate) struct RightResponses(Mutex<StoredResponses>);

#[derive(Default)]
pub(super) struct StoredResponses {
    pub(super) starts: HashMap<InstanceKey, Result<(), BackendError>>,
    pub(super) calls: HashMap<StoredCallKey, (Request, Result<Arc<Prediction>, BackendError>)>,
    /// In the order of the calls, for mutants that answer with the response to another call.
    pub(super) order: Vec<StoredCallKey>,
    pub(super) is_complete: bool,
}

/// The key of the model and the configuration of an instance.
type InstanceKey = (String, String);
/// The instance of a call, and its request.
type StoredCallKey = (InstanceKey, String);

pub(super) fn instance_key(contract: &Contract, config: &Options) -> InstanceKey {
    (contract.key.clone(), to_json(config))
}

/// JSON is the identity of options and inputs.
fn to_json(options: &Options) -> String {
    serde_json::to_string(options).unwrap_or_default()
}

pub(super) fn call_key(contract: &Contract, config: &Options, request: &Request) -> StoredCallKey {
    let request = format!("{} {} {}", request.method, request.input.to_json(), to_json(&request.options));
    (instance_key(contract, config), request)
}

impl RightResponses {
    pub(super) fn kept(&self) -> MutexGuard<'_, StoredResponses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops keeping responses: no case makes the calls that come from now on, and the responses of one mutant can be gigabytes.
    pub(crate) fn complete(&self) {
        self.kept().is_complete = true;
    }

    /// The right response to a call. Returns `None` if the call was not made or gave an error.
    pub(crate) fn right(&self, contract: &Contract, config: &Options, request: &Request) -> Option<Arc<Prediction>> {
        self.kept().calls.get(&call_key(contract, config, request))?.1.as_ref().ok().map(Arc::clone)
    }

    /// The first right response to another call of the same model and configuration for which `is_fit` is true.
    pub(crate) fn another(
        &self,
        contract: &Contract,
        config: &Options,
        request: &Request,
        is_fit: impl Fn(&Request, &Prediction) -> bool,
    ) -> Option<Arc<Prediction>> {
        let own = call_key(contract, config, request);
        let kept = self.kept();
        let mut others = kept.order.iter().filter(|other| other.0 == own.0 && other.1 != own.1);
        others.find_map(|key| {
            let (request, response) = kept.calls.get(key)?;
            response.as_ref().ok().filter(|response| is_fit(request, response)).map(Arc::clone)
        })
    }
}
