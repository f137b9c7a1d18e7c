//! The steps on the connection to a model server: faults that a proxy plants between client and server, requests that no call makes, a pause
//! of the server. The faults are handled by hydrotest's own client, so that a wrong result of one is a failure of hydrotest; the server must only
//! answer the next call.

use std::time::Duration;

use super::context::{Context, Halt, SCENARIO, ScenarioSubject};
use crate::backend::resources::LeakGuard;
use crate::backend::served::failure;
use crate::backend::{BackendError, Fault, Instance, MustGive, ScenarioStep, Stage};
use crate::check::Finding;
use crate::wire::client::{ClientError, DeclineStatus, ModelClient, PlainRequest};
use crate::wire::{FaultProxy, WireFault};

/// The time limit of a call that gets no response.
const NO_RESPONSE: Duration = Duration::from_millis(500);

impl Context<'_> {
    /// Runs a step on the connection to the server.
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

    /// A client of the server, with the remaining time of the case.
    async fn server(&mut self) -> Result<ModelClient, Halt> {
        let request = self.planned()?.request.clone();
        let left = self.left();
        let client = match self.subject(0).await? {
            ScenarioSubject::Instance(instance) => instance.client(&request).await,
            ScenarioSubject::Object(_) => None,
        };
        let none = || Halt::impossible("there is no server that speaks the model-server protocol");
        Ok(client.ok_or_else(none)?.within(left))
    }

    /// Makes a call with a fault between client and server, which must have the stated result.
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
                let error = failure::of_exchange(&client, &error);
                return Err(self.failed(when, &error, "a response to plant the fault in"));
            }
            // A hang looks like a server that is slower than the time limit.
            None if fault == WireFault::Hang || !fault.asks_the_server() => {}
            None => return Err(self.failed(when, &too_late(&response), "a response to plant the fault in")),
        }
        let came = match (response, must) {
            (Ok(prediction), MustGive::Response) => return self.keep(prediction),
            (Err(error), MustGive::Error(stage, fault)) => {
                let error = failure::of(&error);
                if (error.stage, error.fault) == (stage, fault) {
                    return Ok(());
                }
                format!("the fault {} in stage {}: {error}", error.fault.name(), error.stage)
            }
            (Ok(_), MustGive::Error(..)) => "a response".to_owned(),
            (Err(error), MustGive::Response) => error.to_string(),
        };
        Err(ours(when, &format!("expected {must}; came {came}")))
    }

    /// Sends a request, which must be answered with one of these statuses.
    async fn request(&mut self, request: &PlainRequest, statuses: &[u16], when: &str) -> Result<(), Halt> {
        let server = self.server().await?;
        let path = request.path.replace("{method}", self.planned()?.request.method.name());
        let shown: Vec<String> = statuses.iter().map(u16::to_string).collect();
        let expected = format!("status {}", shown.join(" or "));
        match server.exchange_plain(PlainRequest { path, ..request.clone() }).await {
            Ok(response) if statuses.contains(&response.status) => Ok(()),
            // A gateway answers for every path, so that nothing is known about the server behind it. There is none before a server that
            // hydrotest started.
            Ok(response) if server.secret().variable().is_some() && DeclineStatus::of(response.status).is_some() => {
                Err(self.failed(when, &failure::of(&server.error_of(&response)), &expected))
            }
            Ok(response) => Err(self.wrong(when, &expected, format_args!("status {}", response.status))),
            // No model was involved, so that the server itself failed.
            Err(error @ (ClientError::Dropped(_) | ClientError::Protocol(_))) => {
                Err(self.wrong(when, &expected, error))
            }
            Err(error) => Err(self.failed(when, &failure::of(&error), &expected)),
        }
    }

    /// Asks for the server's health during a call. It must answer at the latest when the call ends.
    async fn health_while_busy(&mut self, when: &str) -> Result<(), Halt> {
        let server = self.server().await?;
        let request = &self.planned()?.request;
        let (response, health) = tokio::join!(server.predict(request), server.health());
        let prediction =
            response.map_err(|error| self.failed(when, &failure::of_exchange(&server, &error), "a response"))?;
        health.map_err(|error| self.failed(when, &failure::of(&error), "health to be answered with the call"))?;
        self.keep(prediction)
    }

    /// Sends several requests, on one connection if the server keeps it. Each must get its own response.
    async fn keep_alive(&mut self, when: &str) -> Result<(), Halt> {
        let server = self.server().await?.keeping_its_connection();
        let server = server.map_err(|error| ours(when, &error.to_string()))?;
        let request = &self.planned()?.request;
        let failed = |error: ClientError| {
            self.failed(when, &failure::of_exchange(&server, &error), "one response after another")
        };
        server.health().await.map_err(failed)?;
        let prediction = server.predict(request).await.map_err(failed)?;
        server.health().await.map_err(failed)?;
        self.keep(prediction)
    }

    /// Freezes its processes. A call must wait.
    async fn pause(&mut self, when: &str) -> Result<(), Halt> {
        let server = self.server().await?.within(NO_RESPONSE);
        let request = &self.planned()?.request;
        let ScenarioSubject::Instance(instance) = self.subject(0).await? else {
            return Ok(());
        };
        freeze(&instance)?;
        let response = server.predict(request).await;
        if response.is_ok() {
            instance.guard().map(LeakGuard::resume);
            return Err(Halt::impossible("its server answers although its processes on this machine are frozen"));
        }
        if !matches!(response, Err(ClientError::Timeout { .. })) {
            instance.guard().map(LeakGuard::resume);
            return Err(self.failed(when, &too_late(&response), "a call to wait"));
        }
        Ok(())
    }

    /// Lets its processes continue.
    async fn resume(&mut self) -> Result<(), Halt> {
        if let ScenarioSubject::Instance(instance) = self.subject(0).await? {
            instance.guard().map(LeakGuard::resume);
        }
        Ok(())
    }
}

/// Freezes the processes of an instance.
pub(super) fn freeze(instance: &Instance) -> Result<(), Halt> {
    let guard = instance.guard();
    if guard.is_some_and(|guard| !guard.freeze().is_empty()) {
        return Ok(());
    }
    Err(match guard.map(LeakGuard::finds_processes) {
        Some(Err(unavailable)) => Halt::Unavailable(format!("finding its processes: {unavailable}")),
        _ => Halt::impossible("none of its processes is on this machine, where it could be frozen"),
    })
}

fn too_late<T>(response: &Result<T, ClientError>) -> BackendError {
    match response {
        Err(error) => failure::of(error),
        Ok(_) => BackendError::new(Stage::Call, Fault::Internal, "there was a response that the proxy did not see"),
    }
}

/// A failure of hydrotest, whose client handles faults, and not of the backend.
fn ours(when: &str, message: &str) -> Halt {
    Finding::failed(SCENARIO, when, &BackendError::new(Stage::Call, Fault::Internal, message)).into()
}
