//! The harness's end of the private channel: gives orders, hands each answer to whoever waits for it, and keeps the news.
//! Knows no process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot, watch};

use super::exception::Raised;
use super::frame::{self, Farewell, Frame, FrameError, Hello, Say};
use super::step::Step;
use crate::wire::{Budget, Limits};

/// What the bridge has said so far that is no answer.
#[derive(Debug, Clone, Default)]
pub(super) struct News {
    /// The interpreter.
    pub(super) hello: Option<Hello>,
    /// The step of the start that is under way.
    pub(super) step: Option<(Step, String)>,
    /// That an object of a scenario was shut down.
    pub(super) shut_down: bool,
    /// That all is stopped.
    pub(super) farewell: Option<Farewell>,
    /// Why nothing more will come; empty for a plain end.
    pub(super) closed: Option<String>,
    /// That it is closed for want of memory, which is no fault of what is hosted.
    pub(super) crowded: bool,
}

/// What became of an order: the blobs of its result, or an exception.
pub(super) type Answer = Result<Vec<Bytes>, Raised>;

/// A connection to a bridge.
#[derive(Debug)]
pub(super) struct Channel {
    orders: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<Mutex<Waiting>>,
    news: watch::Receiver<News>,
}

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    answers: HashMap<u64, Awaited>,
}

/// An answer that is to come. It is read within its bounds also when nothing waits for it any more.
#[derive(Debug)]
struct Awaited {
    /// Bytes that it may take.
    most: usize,
    sender: oneshot::Sender<Answer>,
}

impl Channel {
    /// Takes up a connection. Must be called within a tokio runtime.
    pub(super) fn open(stream: UnixStream) -> Self {
        let (mut reader, mut writer) = stream.into_split();
        let (orders, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
        let (sender, news) = watch::channel(News::default());
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        // Both run on by themselves, so that a call that is given up never leaves half a frame behind.
        tokio::spawn(async move {
            while let Some(order) = queue.recv().await {
                if writer.write_all(&order).await.is_err() {
                    break;
                }
            }
        });
        let answers = Arc::clone(&waiting);
        tokio::spawn(async move {
            let budget = Budget::of_process();
            let allowed = |say: &Say| allowed(say, &answers);
            let (closed, crowded) = loop {
                match frame::read(&mut reader, allowed, &budget).await {
                    Ok(Some(frame)) => take(frame, &answers, &sender),
                    Ok(None) => break (String::new(), false),
                    Err(error) => break (error.to_string(), matches!(error, FrameError::Budget(_))),
                }
            };
            sender.send_modify(|news| (news.closed, news.crowded) = (Some(closed), crowded));
            // Whoever waits for an answer learns that none comes.
            answers.lock().unwrap_or_else(PoisonError::into_inner).answers.clear();
        });
        Self { orders, waiting, news }
    }

    /// Gives an order whose answer is small; it comes unless the channel ends before.
    pub(super) fn order(&self, order: Value) -> oneshot::Receiver<Answer> {
        self.order_within(order, &Limits::for_fields(0))
    }

    /// As [`Self::order`], with an answer within these limits.
    pub(super) fn order_within(&self, mut order: Value, limits: &Limits) -> oneshot::Receiver<Answer> {
        let (sender, answer) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.news.borrow().closed.is_none() {
            waiting.last += 1;
            order["id"] = waiting.last.into();
            let number = waiting.last;
            let most = limits.body;
            waiting.answers.insert(number, Awaited { most, sender });
        }
        drop(waiting);
        self.tell(&order);
        answer
    }

    /// Gives an order that has no answer. When the channel has ended, nobody hears it.
    pub(super) fn tell(&self, order: &Value) {
        let text = order.to_string().into_bytes();
        let mut frame = (text.len() as u32).to_le_bytes().to_vec();
        frame.extend_from_slice(&text);
        let _ = self.orders.send(frame);
    }

    /// What it has said so far, and says from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<News> {
        self.news.clone()
    }

    /// What it has said so far.
    pub(super) fn news(&self) -> News {
        self.news.borrow().clone()
    }

    /// Waits for the end of the channel, behind which nothing more comes.
    pub(super) async fn ended(&self) {
        let mut news = self.news.clone();
        let _ = news.wait_for(|news| news.closed.is_some()).await;
    }

    /// Waits for its last words, or the end of the channel without any.
    pub(super) async fn farewell(&self) -> Option<Farewell> {
        let mut news = self.news.clone();
        let last = news
            .wait_for(|news| news.farewell.is_some() || news.closed.is_some())
            .await;
        last.ok().and_then(|news| news.farewell.clone())
    }
}

/// Bytes that the blobs of a frame may take: only answers that were ordered have any.
fn allowed(say: &Say, waiting: &Mutex<Waiting>) -> usize {
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    match say {
        Say::Done { id } => waiting.answers.get(id).map_or(0, |awaited| awaited.most),
        Say::Hello(_) | Say::Step { .. } | Say::Raised { .. } | Say::Shutdown | Say::Stopped(_) => 0,
    }
}

/// Puts a frame where it belongs. Answers that nobody waits for any more are dropped.
fn take(frame: Frame, waiting: &Mutex<Waiting>, news: &watch::Sender<News>) {
    let answer = |id: u64, answer: Answer| {
        let awaited = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .answers
            .remove(&id);
        if let Some(awaited) = awaited {
            let _ = awaited.sender.send(answer);
        }
    };
    match frame.say {
        Say::Hello(hello) => news.send_modify(|news| news.hello = Some(hello)),
        Say::Step { step, what } => news.send_modify(|news| news.step = Some((step, what))),
        Say::Done { id } => answer(id, Ok(frame.blobs)),
        Say::Raised { id, error } => answer(id, Err(error)),
        Say::Shutdown => news.send_modify(|news| news.shut_down = true),
        Say::Stopped(farewell) => news.send_modify(|news| news.farewell = Some(farewell)),
    }
}
