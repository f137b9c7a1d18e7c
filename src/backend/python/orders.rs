//! Orders to the bridge: sends one, waits for its response, and reads it as a prediction or an error. Reports the steps
//! of a start. Does not start or stop interpreters.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::channel::{Channel, OrderResult};
use super::exception::{ExceptionOrigin, HostedStartStep, PythonException};
use super::frame::InterpreterReady;
use super::interpreter::{Interpreter, WHERE};
use crate::backend::start_progress::StartProgress;
use crate::backend::{BackendError, Fault, Stage};
use crate::prediction::{Contract, Options, Prediction, Request, largest_response};
use crate::wire::{ResponseLimits, pickle};

/// An order with a response.
pub(super) struct BridgeOrder<'a> {
    pub(super) order: Value,
    pub(super) limits: &'a ResponseLimits,
    pub(super) stage: Stage,
    /// Describes it, as the subject of a sentence.
    pub(super) what: &'a str,
    /// When an interpreter exits that exits during it.
    pub(super) when: &'a str,
    /// How long it may take.
    pub(super) limit: Duration,
    /// How long finding out where it hangs may take.
    pub(super) spare: Duration,
}

impl<'a> BridgeOrder<'a> {
    /// A call.
    pub(super) fn call(request: &Request, limits: &'a ResponseLimits, limit: Duration) -> Self {
        let order = json!({
            "do": "call",
            "method": request.method.name(),
            "sequences": request.input.to_json(),
            "options": request.options,
        });
        let (what, when) = ("the call", "in the middle of a call");
        Self { order, limits, stage: Stage::Call, what, when, limit, spare: WHERE }
    }
}

impl Interpreter {
    /// Sends an order and waits for its response.
    pub(super) async fn ask(&self, order: BridgeOrder<'_>) -> Result<OrderResult, BackendError> {
        let response = self.channel()?.order_within(order.order, order.limits);
        match tokio::time::timeout(order.limit, response).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_)) => Err(self.lost(order.stage, order.when).await),
            Err(_) => {
                self.show_where(order.spare).await;
                Err(self.too_long(order.stage, order.what, order.limit))
            }
        }
    }

    /// The error of a start that raised an exception.
    pub(super) async fn raised_at_start(&self, raised: PythonException) -> BackendError {
        let state = self.state();
        let mut error = match &state.step {
            Some((HostedStartStep::Import, path)) => {
                let advice = raised.missing.as_ref().map(|missing| advice(missing, path, state.ready.as_ref()));
                let mut error = raised.at_import(&self.doing());
                error.message.push_str(&advice.unwrap_or_default());
                error
            }
            step => raised.at_start(step.as_ref().map(|(step, _)| *step), &self.doing(), self.hosting.host.origin()),
        };
        self.log.caught_up().await;
        let mut log = self.log.tail();
        log.append(&mut error.log_tail);
        error.with_log(log)
    }

    /// The current step of the start, as the subject of a sentence.
    pub(super) fn doing(&self) -> String {
        describe(self.state().step)
    }
}

/// The limits of the response to a request.
pub(super) fn limits_of(contract: &Contract, request: &Request, config: &Options) -> ResponseLimits {
    ResponseLimits::for_fields(largest_response(contract, request, config))
}

/// The prediction in a response.
pub(super) async fn decode(
    response: OrderResult,
    origin: ExceptionOrigin,
    limits: ResponseLimits,
) -> Result<Prediction, BackendError> {
    let mut blobs = response.map_err(|raised| raised.in_call(origin))?;
    if blobs.is_empty() {
        blobs.push(Bytes::new());
    }
    // Decoding hundreds of megabytes must not block the tasks of other instances.
    let decoded =
        tokio::task::spawn_blocking(move || pickle::decode_prediction(&blobs.remove(0), Some(&blobs), &limits));
    match decoded.await {
        Ok(Ok(prediction)) => Ok(prediction),
        Ok(Err(error)) => Err(BackendError::new(Stage::Decode, Fault::of_payload(&error), error.to_string())),
        Err(panic) => Err(BackendError::new(Stage::Decode, Fault::Internal, format!("the decoder stopped: {panic}"))),
    }
}

/// Reports each step of the start as it begins.
pub(super) async fn report_steps(channel: &Channel, progress: &StartProgress) -> Infallible {
    let mut state = channel.state.clone();
    loop {
        let step = state.borrow_and_update().step.clone();
        if step.is_some() {
            progress.set(Stage::Ready, describe(step));
        }
        if state.changed().await.is_err() {
            // The pending order fails then.
            std::future::pending::<()>().await;
        }
    }
}

fn describe(step: Option<(HostedStartStep, String)>) -> String {
    match step {
        Some((HostedStartStep::Import, what)) => format!("importing {what}"),
        Some((HostedStartStep::Build, what)) => format!("the constructor of {what}"),
        Some((HostedStartStep::Start, what)) => what,
        None => "the start of the bridge".to_owned(),
    }
}

/// Advice for a missing module: the one that the settings name, or one that it imports.
fn advice(missing: &str, path: &str, ready: Option<&InterpreterReady>) -> String {
    let InterpreterReady { version, executable, .. } = ready.cloned().unwrap_or_default();
    let is_named = path.strip_prefix(missing).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':']));
    let what = if is_named { "name the folder it is in with `path`" } else { "install it there" };
    format!(" (Python {version}, {executable}); {what}, or name the interpreter that has it with `interpreter`")
}
