//! The harness's end of the private channel: gives orders, hands each answer to the order's sender, and keeps what the
//! bridge says besides. Knows no process.

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

/// What the bridge has said so far that is no response.
#[derive(Debug, Clone, Default)]
pub(super) struct BridgeState {
    /// The interpreter.
    pub(super) ready: Option<InterpreterReady>,
    /// The step of the start that is under way.
    pub(super) step: Option<(HostedStartStep, String)>,
    /// That an object of a scenario was shut down.
    pub(super) shut_down: bool,
    /// That all is stopped.
    pub(super) report: Option<ShutdownReport>,
    /// Why nothing more will come; empty for a plain end.
    pub(super) closed: Option<String>,
    /// That it is closed for want of memory, which is no fault of what is hosted.
    pub(super) crowded: bool,
}

/// What became of an order: the blobs of its result, or an exception.
pub(super) type OrderResult = Result<Vec<Bytes>, PythonException>;

/// A connection to a bridge.
#[derive(Debug)]
pub(super) struct Channel {
    orders: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<Mutex<PendingOrders>>,
    state: watch::Receiver<BridgeState>,
}

#[derive(Debug, Default)]
struct PendingOrders {
    last: u64,
    responses: HashMap<u64, PendingOrder>,
}

/// A response that is to come. It is read within its bounds also when nothing waits for it any more.
#[derive(Debug)]
struct PendingOrder {
    /// Bytes that it may take.
    most: usize,
    sender: oneshot::Sender<OrderResult>,
}

impl Channel {
    /// Takes up a connection. Must be called within a tokio runtime.
    pub(super) fn open(stream: UnixStream) -> Self {
        let (mut reader, mut writer) = stream.into_split();
        let (orders, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
        let (sender, state) = watch::channel(BridgeState::default());
        let waiting = Arc::new(Mutex::new(PendingOrders::default()));
        // Both run on by themselves, so that a call that is given up never leaves half a frame behind.
        tokio::spawn(async move {
            while let Some(order) = queue.recv().await {
                if writer.write_all(&order).await.is_err() {
                    break;
                }
            }
        });
        let responses = Arc::clone(&waiting);
        tokio::spawn(async move {
            let budget = Budget::of_process();
            let allowed = |say: &BridgeMessage| allowed(say, &responses);
            let (closed, crowded) = loop {
                match frame::read(&mut reader, allowed, &budget).await {
                    Ok(Some(frame)) => take(frame, &responses, &sender),
                    Ok(None) => break (String::new(), false),
                    Err(error) => break (error.to_string(), matches!(error, FrameError::Budget(_))),
                }
            };
            sender.send_modify(|state| (state.closed, state.crowded) = (Some(closed), crowded));
            // Every pending order learns that no response comes.
            responses.lock().unwrap_or_else(PoisonError::into_inner).responses.clear();
        });
        Self { orders, waiting, state }
    }

    /// Gives an order whose response is small; it comes unless the channel ends before.
    pub(super) fn order(&self, order: Value) -> oneshot::Receiver<OrderResult> {
        self.order_within(order, &ResponseLimits::for_fields(0))
    }

    /// As [`Self::order`], with a response within these limits.
    pub(super) fn order_within(&self, mut order: Value, limits: &ResponseLimits) -> oneshot::Receiver<OrderResult> {
        let (sender, response) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state.borrow().closed.is_none() {
            waiting.last += 1;
            order["id"] = waiting.last.into();
            let number = waiting.last;
            let most = limits.body;
            waiting.responses.insert(number, PendingOrder { most, sender });
        }
        drop(waiting);
        self.tell(&order);
        response
    }

    /// Gives an order that has no response. It is lost when the channel has ended.
    pub(super) fn tell(&self, order: &Value) {
        let text = order.to_string().into_bytes();
        let mut frame = (text.len() as u32).to_le_bytes().to_vec();
        frame.extend_from_slice(&text);
        let _ = self.orders.send(frame);
    }

    /// What it has said so far, and says from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<BridgeState> {
        self.state.clone()
    }

    /// What it has said so far.
    pub(super) fn state(&self) -> BridgeState {
        self.state.borrow().clone()
    }

    /// Waits for the end of the channel, behind which nothing more comes.
    pub(super) async fn exited(&self) {
        let mut state = self.state.clone();
        let _ = state.wait_for(|state| state.closed.is_some()).await;
    }

    /// Waits until everything is stopped, or the channel ends without saying so.
    pub(super) async fn stopped(&self) -> Option<ShutdownReport> {
        let mut state = self.state.clone();
        let last = state.wait_for(|state| state.report.is_some() || state.closed.is_some()).await;
        last.ok().and_then(|state| state.report.clone())
    }
}

/// Bytes that the blobs of a frame may take: only answers that were ordered have any.
fn allowed(say: &BridgeMessage, waiting: &Mutex<PendingOrders>) -> usize {
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    match say {
        BridgeMessage::Done { id } => waiting.responses.get(id).map_or(0, |awaited| awaited.most),
        BridgeMessage::Ready(_)
        | BridgeMessage::Step { .. }
        | BridgeMessage::Raised { .. }
        | BridgeMessage::Shutdown
        | BridgeMessage::Stopped(_) => 0,
    }
}

/// Puts a frame where it belongs. Responses to orders that were given up are dropped.
fn take(frame: BridgeFrame, waiting: &Mutex<PendingOrders>, state: &watch::Sender<BridgeState>) {
    let deliver = |id: u64, response: OrderResult| {
        let awaited = waiting.lock().unwrap_or_else(PoisonError::into_inner).responses.remove(&id);
        if let Some(awaited) = awaited {
            let _ = awaited.sender.send(response);
        }
    };
    match frame.say {
        BridgeMessage::Ready(ready) => state.send_modify(|state| state.ready = Some(ready)),
        BridgeMessage::Step { step, what } => state.send_modify(|state| state.step = Some((step, what))),
        BridgeMessage::Done { id } => deliver(id, Ok(frame.blobs)),
        BridgeMessage::Raised { id, error } => deliver(id, Err(error)),
        BridgeMessage::Shutdown => state.send_modify(|state| state.shut_down = true),
        BridgeMessage::Stopped(report) => state.send_modify(|state| state.report = Some(report)),
    }
}
