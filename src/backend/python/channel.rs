//! The harness's end of the private channel: sends orders, passes each response to the sender of its order, and keeps
//! the bridge's other messages. Does not know processes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot, watch};

use super::exception::{HostedStartStep, PythonException};
use super::frame::{self, BridgeFrame, BridgeMessage, FrameError, InterpreterReady, ShutdownReport};
use crate::wire::{Budget, ResponseLimits};

/// The state of the bridge, from its messages that are not responses.
#[derive(Debug, Clone, Default)]
pub(super) struct BridgeState {
    pub(super) ready: Option<InterpreterReady>,
    /// The current step of the start.
    pub(super) step: Option<(HostedStartStep, String)>,
    /// Whether an object of a scenario was shut down.
    pub(super) shut_down: bool,
    /// Set once everything is stopped.
    pub(super) report: Option<ShutdownReport>,
    /// Why the channel is closed; empty for a plain end.
    pub(super) closed: Option<String>,
    /// Whether it was closed for lack of memory, which is not a fault of the hosted code.
    pub(super) crowded: bool,
}

/// The result of an order: blobs or an exception.
pub(super) type OrderResult = Result<Vec<Bytes>, PythonException>;

/// A connection to a bridge.
#[derive(Debug)]
pub(super) struct Channel {
    orders: mpsc::UnboundedSender<Vec<u8>>,
    pending: Arc<Mutex<PendingOrders>>,
    pub(super) state: watch::Receiver<BridgeState>,
}

#[derive(Debug, Default)]
struct PendingOrders {
    last: u64,
    responses: HashMap<u64, PendingOrder>,
}

/// An expected response. It is read within its bounds even if nothing waits for it any more.
#[derive(Debug)]
struct PendingOrder {
    /// Bytes that its blobs may take.
    most: usize,
    sender: oneshot::Sender<OrderResult>,
}

impl Channel {
    /// Serves a connection. Must be called within a tokio runtime.
    pub(super) fn open(stream: UnixStream) -> Self {
        let (mut reader, mut writer) = stream.into_split();
        let (orders, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
        let (sender, state) = watch::channel(BridgeState::default());
        let pending = Arc::new(Mutex::new(PendingOrders::default()));
        // Both tasks run independently, so that an abandoned call never leaves half a frame.
        tokio::spawn(async move {
            while let Some(order) = queue.recv().await {
                if writer.write_all(&order).await.is_err() {
                    break;
                }
            }
        });
        let responses = Arc::clone(&pending);
        tokio::spawn(async move {
            let budget = Budget::of_process();
            let allowed = |message: &BridgeMessage| allowed(message, &responses);
            let (closed, crowded) = loop {
                match frame::read(&mut reader, allowed, &budget).await {
                    Ok(Some(frame)) => take(frame, &responses, &sender),
                    Ok(None) => break (String::new(), false),
                    Err(error) => break (error.to_string(), matches!(error, FrameError::Budget(_))),
                }
            };
            sender.send_modify(|state| (state.closed, state.crowded) = (Some(closed), crowded));
            // Tells every pending order that no response will arrive.
            responses.lock().unwrap_or_else(PoisonError::into_inner).responses.clear();
        });
        Self { orders, pending, state }
    }

    /// Sends an order with a small response. The receiver fails if the channel ends first.
    pub(super) fn order(&self, order: Value) -> oneshot::Receiver<OrderResult> {
        self.order_within(order, &ResponseLimits::for_fields(0))
    }

    /// Like [`Self::order`], with limits for the response.
    pub(super) fn order_within(&self, mut order: Value, limits: &ResponseLimits) -> oneshot::Receiver<OrderResult> {
        let (sender, response) = oneshot::channel();
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state.borrow().closed.is_none() {
            pending.last += 1;
            let id = pending.last;
            order["id"] = id.into();
            pending.responses.insert(id, PendingOrder { most: limits.body, sender });
        }
        drop(pending);
        self.tell(&order);
        response
    }

    /// Sends an order without a response. It is lost if the channel has ended.
    pub(super) fn tell(&self, order: &Value) {
        let text = order.to_string().into_bytes();
        let mut frame = (text.len() as u32).to_le_bytes().to_vec();
        frame.extend_from_slice(&text);
        let _ = self.orders.send(frame);
    }

    /// Waits for the end of the channel.
    pub(super) async fn exited(&self) {
        let _ = self.state.clone().wait_for(|state| state.closed.is_some()).await;
    }

    /// Waits until everything is stopped, or the channel ends.
    pub(super) async fn stopped(&self) -> Option<ShutdownReport> {
        let mut state = self.state.clone();
        let last = state.wait_for(|state| state.report.is_some() || state.closed.is_some()).await;
        last.ok().and_then(|state| state.report.clone())
    }
}

/// Bytes that the blobs of a frame may take: only expected responses have any.
fn allowed(message: &BridgeMessage, pending: &Mutex<PendingOrders>) -> usize {
    let BridgeMessage::Done { id } = message else { return 0 };
    pending.lock().unwrap_or_else(PoisonError::into_inner).responses.get(id).map_or(0, |order| order.most)
}

/// Handles a frame. Responses to abandoned orders are dropped.
fn take(frame: BridgeFrame, pending: &Mutex<PendingOrders>, state: &watch::Sender<BridgeState>) {
    let deliver = |id: u64, response: OrderResult| {
        if let Some(order) = pending.lock().unwrap_or_else(PoisonError::into_inner).responses.remove(&id) {
            let _ = order.sender.send(response);
        }
    };
    match frame.message {
        BridgeMessage::Ready(ready) => state.send_modify(|state| state.ready = Some(ready)),
        BridgeMessage::Step { step, what } => state.send_modify(|state| state.step = Some((step, what))),
        BridgeMessage::Done { id } => deliver(id, Ok(frame.blobs)),
        BridgeMessage::Raised { id, error } => deliver(id, Err(error)),
        BridgeMessage::Shutdown => state.send_modify(|state| state.shut_down = true),
        BridgeMessage::Stopped(report) => state.send_modify(|state| state.report = Some(report)),
    }
}
