//! Orders to the bridge that have a response: gives one, waits for its response, and reads a call's response as a prediction. Starts and
//! ends no interpreter.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::channel::OrderResult;
use super::exception::ExceptionOrigin;
use super::interpreter::{Interpreter, WHERE};
use crate::backend::{BackendError, Fault, Stage};
use crate::prediction::{Contract, Options, Prediction, Request, largest_response};
use crate::wire::{ResponseLimits, pickle};

/// An order that has a response.
pub(super) struct BridgeOrder<'a> {
    pub(super) order: Value,
    pub(super) limits: &'a ResponseLimits,
    pub(super) stage: Stage,
    /// What it is, as the subject of a sentence.
    pub(super) what: &'a str,
    /// When an interpreter ends that ends in it.
    pub(super) when: &'a str,
    /// How long it may take.
    pub(super) limit: Duration,
    /// How long it may take to find out where it hangs.
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
        Self {
            order,
            limits,
            stage: Stage::Call,
            what: "the call",
            when: "in the middle of a call",
            limit,
            spare: WHERE,
        }
    }
}

impl Interpreter {
    /// The response to an order.
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
}

/// How large the response to a request may be.
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
    // Decoding hundreds of megabytes must not hold up the watch over other instances.
    let decoded =
        tokio::task::spawn_blocking(move || pickle::decode_prediction(&blobs.remove(0), Some(&blobs), &limits));
    match decoded.await {
        Ok(Ok(prediction)) => Ok(prediction),
        Ok(Err(error)) => Err(BackendError::new(Stage::Decode, Fault::of_payload(&error), error.to_string())),
        Err(panic) => Err(BackendError::new(Stage::Decode, Fault::Internal, format!("the decoder stopped: {panic}"))),
    }
}
