//! The steps on the connection to a model server: faults that a proxy plants between client and server, requests that no call
//! makes, a pause of the server. What it does about them is the client's part; the server must answer the next call all the same.

use std::time::Duration;

use bytes::Bytes;

use super::SCENARIO;
use super::context::{Context, Halt, ScenarioSubject};
use crate::backend::resources::LeakGuard;
use crate::backend::served::failure;
use crate::backend::{BackendError, Fault, MustGive, ScenarioStep, Stage};
use crate::check::Finding;
use crate::wire::client::{ClientError, ModelClient, PlainRequest};
use crate::wire::{FaultProxy, WireFault};

/// How long a call may take to which no response comes.
const NO_RESPONSE: Duration = Duration::from_millis(500);

/// Responses that a server gave before it was started again, and since.
#[derive(Debug)]
pub(super) struct PassedResponses {
    earlier: Option<Bytes>,
    since: Option<Bytes>,
}

impl PassedResponses {
    pub(super) const fn new() -> Self {
        let (earlier, since) = (None, None);
        Self { earlier, since }
    }

    /// What was given so far was given by an earlier server.
    pub(super) fn restart(&mut self) {
        self.earlier = self.since.take().or(self.earlier.take());
    }
}

impl Context<'_> {
    /// Takes a step on the connection to the server.
    pub(super) async fn take_on_wire(&mut self, step: &ScenarioStep, when: &str) -> Result<(), Halt> {
        match step {
            ScenarioStep::Pause => self.pause(when).await,
            ScenarioStep::Resume => self.resume().await,
            ScenarioStep::HealthWhileBusy => self.health_while_busy(when).await,
            ScenarioStep::KeepAlive => self.keep_alive(when).await,
            ScenarioStep::Fault(fault, must) => self.plant(*fault, *must, when).await,
            ScenarioStep::Request(request, statuses) => self.request(request, statuses, when).await,
            _ => Err(ours(when, "this step is not one of the connection")),
        }
    }

    /// A client of its server, which may take the time that the case has left.
    async fn server(&mut self) -> Result<ModelClient, Halt> {
        let request = self.planned()?.request.clone();
        let left = self.left();
        let client = match self.subject(0).await? {
            ScenarioSubject::Instance(instance) => instance.client(&request).await,
            ScenarioSubject::Object(_) => None,
        };
        let none = || Halt::Impossible("there is no server that speaks the model-server protocol".to_owned());
        Ok(client.ok_or_else(none)?.within(left))
    }

    /// A call in which something goes wrong between client and server gives what it must.
    async fn plant(&mut self, fault: WireFault, must: MustGive, when: &str) -> Result<(), Halt> {
        let server = self.server().await?;
        let request = &self.planned()?.request;
        let earlier = self.passed.earlier.clone();
        let proxy = FaultProxy::open(server.clone(), fault, earlier).await;
        let proxy = proxy.map_err(|error| ours(when, &format!("no port for the proxy: {error}")))?;
        let client = server.through(proxy.address());
        let client = client.map_err(|error| ours(when, &error.to_string()))?;
        let client = if fault == WireFault::Hang { client.within(NO_RESPONSE) } else { client };
        let response = client.predict(request).await;
        match proxy.take_given() {
            Some(Ok(body)) => self.passed.since = Some(body),
            Some(Err(error)) => {
                return Err(self.failed(when, &failure::of(&error), "a response to plant the fault in"));
            }
            // A server that is slower than the call may be is what a hang looks like as well.
            None if fault == WireFault::Hang || !fault.asks_the_server() => {}
            None => return Err(self.failed(when, &too_late(&response), "a response to plant the fault in")),
        }
        match (response, must) {
            (Ok(prediction), MustGive::Response) => self.keep(prediction),
            (Err(error), MustGive::Error(stage, fault)) => {
                let error = failure::of(&error);
                if (error.stage, error.fault) == (stage, fault) {
                    return Ok(());
                }
                let came = format!("the fault {} in stage {}: {error}", error.fault.name(), error.stage);
                Err(ours(when, &format!("expected {must}; came {came}")))
            }
            (Ok(_), MustGive::Error(..)) => Err(ours(when, &format!("expected {must}; came a response"))),
            (Err(error), MustGive::Response) => Err(ours(when, &format!("expected {must}; came {error}"))),
        }
    }

    /// A request is answered with one of some statuses.
    async fn request(&mut self, request: &PlainRequest, statuses: &[u16], when: &str) -> Result<(), Halt> {
        let server = self.server().await?;
        let method = self.planned()?.request.method.name();
        let mut request = request.clone();
        request.path = request.path.replace("{method}", method);
        let response = server.exchange_plain(request).await;
        let shown: Vec<String> = statuses.iter().map(u16::to_string).collect();
        let expected = format!("status {}", shown.join(" or "));
        match response {
            Ok(response) if statuses.contains(&response.status) => Ok(()),
            Ok(response) => Err(self.wrong(when, &expected, format_args!("status {}", response.status))),
            // No model has worked on it, so that the server itself has given up.
            Err(error @ (ClientError::Dropped(_) | ClientError::Protocol(_))) => {
                Err(self.wrong(when, &expected, error))
            }
            Err(error) => Err(self.failed(when, &failure::of(&error), &expected)),
        }
    }

    /// The server says that it is healthy although a call is under way: at the latest when that is done.
    async fn health_while_busy(&mut self, when: &str) -> Result<(), Halt> {
        let server = self.server().await?;
        let request = &self.planned()?.request;
        let (response, health) = tokio::join!(server.predict(request), server.health());
        let prediction = response.map_err(|error| self.failed(when, &failure::of(&error), "a response"))?;
        health.map_err(|error| self.failed(when, &failure::of(&error), "health to be answered with the call"))?;
        self.keep(prediction)
    }

    /// Requests follow each other on one connection where the server keeps it, and each gets its own response.
    async fn keep_alive(&mut self, when: &str) -> Result<(), Halt> {
        let server = self.server().await?.keeping_its_connection();
        let server = server.map_err(|error| ours(when, &error.to_string()))?;
        let request = &self.planned()?.request;
        let failed = |error: ClientError| self.failed(when, &failure::of(&error), "one response after another");
        server.health().await.map_err(failed)?;
        let prediction = server.predict(request).await.map_err(failed)?;
        server.health().await.map_err(failed)?;
        self.keep(prediction)
    }

    /// Its processes are frozen: a call waits.
    async fn pause(&mut self, when: &str) -> Result<(), Halt> {
        let server = self.server().await?.within(NO_RESPONSE);
        let request = &self.planned()?.request;
        let ScenarioSubject::Instance(instance) = self.subject(0).await? else {
            return Ok(());
        };
        let frozen = instance.guard().map(LeakGuard::freeze).unwrap_or_default();
        if frozen.is_empty() {
            return Err(cannot_freeze(instance.guard()));
        }
        let response = server.predict(request).await;
        if response.is_ok() {
            instance.guard().map(LeakGuard::resume);
            let reason = "its server answers although its processes on this machine are frozen".to_owned();
            return Err(Halt::Impossible(reason));
        }
        if !matches!(response, Err(ClientError::Timeout { .. })) {
            instance.guard().map(LeakGuard::resume);
            return Err(self.failed(when, &too_late(&response), "a call to wait"));
        }
        Ok(())
    }

    /// Its processes go on.
    async fn resume(&mut self) -> Result<(), Halt> {
        if let ScenarioSubject::Instance(instance) = self.subject(0).await? {
            instance.guard().map(LeakGuard::resume);
        }
        Ok(())
    }
}

/// Why no process of an instance can be frozen.
pub(super) fn cannot_freeze(guard: Option<&LeakGuard>) -> Halt {
    match guard.map(LeakGuard::finds_processes) {
        Some(Err(unavailable)) => Halt::Unavailable(format!("finding its processes: {unavailable}")),
        _ => Halt::Impossible("none of its processes is on this machine, where it could be frozen".to_owned()),
    }
}

fn too_late<T>(response: &Result<T, ClientError>) -> BackendError {
    match response {
        Err(error) => failure::of(error),
        Ok(_) => BackendError::new(Stage::Call, Fault::Internal, "there was a response that the proxy did not see"),
    }
}

/// What the client does about a fault is hydrotest's own, not the backend's.
fn ours(when: &str, message: &str) -> Halt {
    Finding::failed(SCENARIO, when, &BackendError::new(Stage::Call, Fault::Internal, message)).into()
}
