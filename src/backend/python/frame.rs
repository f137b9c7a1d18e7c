//! The frames of the bridge: four bytes of length, that many bytes of JSON, and the blobs whose sizes the JSON lists.
//! Reads within bounds, because the hosted code could write to the channel too; does not know orders and calls.

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::exception::{HostedStartStep, PythonException};
use crate::wire::Budget;

/// Bytes of the JSON of one frame. Most of it are sizes: no valid result has a hundred thousand arrays.
const LARGEST_HEAD: usize = 4 << 20;
/// Bytes that are reserved before they arrive.
const RESERVED: usize = 1 << 20;

/// One frame.
#[derive(Debug)]
pub(super) struct BridgeFrame {
    pub(super) message: BridgeMessage,
    pub(super) blobs: Vec<Bytes>,
}

/// The message of a frame.
#[derive(Debug, Deserialize)]
#[serde(tag = "say", rename_all = "lowercase")]
pub(super) enum BridgeMessage {
    /// The interpreter is running.
    Ready(InterpreterReady),
    /// A step of the start has begun.
    Step { step: HostedStartStep, what: String },
    /// An order was carried out. The blobs are its result: the pickle and its buffers.
    Done { id: u64 },
    /// An order ended in an exception.
    Raised { id: u64, error: PythonException },
    /// The `shutdown()` of an object in a scenario was called.
    Shutdown,
    /// The hosted code has been stopped, and the interpreter is about to exit.
    Stopped(ShutdownReport),
}

/// A description of the interpreter.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct InterpreterReady {
    pub(super) version: String,
    pub(super) executable: String,
    pub(super) process: i32,
}

/// The report of the bridge once everything is stopped.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ShutdownReport {
    /// Notes that are not failures.
    #[serde(default)]
    pub(super) notes: Vec<String>,
    /// The exception that stopping raised.
    pub(super) error: Option<PythonException>,
}

#[derive(Deserialize)]
struct FrameHead {
    #[serde(flatten)]
    message: BridgeMessage,
    sizes: Vec<usize>,
}

/// Why a frame could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("the channel broke: {0}")]
    Broken(#[from] std::io::Error),
    #[error("a frame announces {0} bytes of JSON, more than the {LARGEST_HEAD} allowed")]
    Head(usize),
    #[error("a frame is not as the bridge writes them: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("a frame announces {announced} bytes, more than the {allowed} allowed")]
    Size { announced: usize, allowed: usize },
    #[error("other responses hold the {0} bytes that all may hold together")]
    Budget(usize),
}

/// Reads one frame; `None` at the end of the channel. `allowed` returns how many bytes its blobs may take together.
/// They take a share of `budget` until the last of them is dropped.
pub(super) async fn read(
    channel: &mut (impl AsyncRead + Unpin),
    allowed: impl Fn(&BridgeMessage) -> usize,
    budget: &Budget,
) -> Result<Option<BridgeFrame>, FrameError> {
    let mut length = [0; 4];
    if channel.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    channel.read_exact(&mut length[1..]).await?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LARGEST_HEAD {
        return Err(FrameError::Head(length));
    }
    let head = exactly(channel, length).await?;
    let FrameHead { message, sizes } = serde_json::from_slice(&head)?;
    let announced = sizes.iter().fold(0_usize, |sum, size| sum.saturating_add(*size));
    let allowed = allowed(&message);
    if announced > allowed {
        return Err(FrameError::Size { announced, allowed });
    }
    if announced == 0 {
        return Ok(Some(BridgeFrame { message, blobs: vec![Bytes::new(); sizes.len()] }));
    }
    let share = budget.take(announced).await.ok_or_else(|| FrameError::Budget(budget.total()))?;
    let mut whole = share.hold(exactly(channel, announced).await?);
    let blobs = sizes.into_iter().map(|size| whole.split_to(size)).collect();
    Ok(Some(BridgeFrame { message, blobs }))
}

/// Reads exactly `count` bytes. Memory grows with the bytes that arrive, not with the announced number.
async fn exactly(channel: &mut (impl AsyncRead + Unpin), count: usize) -> Result<Bytes, FrameError> {
    let mut bytes = BytesMut::with_capacity(count.min(RESERVED));
    let mut rest = channel.take(count as u64);
    while bytes.len() < count {
        if rest.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
    }
    Ok(bytes.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(head: &str, blobs: &[u8]) -> Vec<u8> {
        let mut bytes = (head.len() as u32).to_le_bytes().to_vec();
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(blobs);
        bytes
    }

    /// Allows a hundred bytes for the response to the seventh order.
    fn allowed(message: &BridgeMessage) -> usize {
        if matches!(message, BridgeMessage::Done { id: 7 }) { 100 } else { 0 }
    }

    async fn fault(bytes: &[u8]) -> String {
        let read = read(&mut &*bytes, allowed, &Budget::of_process()).await;
        read.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_frame_is_read_with_its_blobs_and_then_the_end() {
        let bytes = frame(r#"{"say":"done","id":7,"sizes":[2,0,3]}"#, b"abcde");
        let mut channel = &*bytes;
        let BridgeFrame { message, blobs } = read(&mut channel, allowed, &Budget::of_process()).await.unwrap().unwrap();
        assert!(matches!(message, BridgeMessage::Done { id: 7 }));
        assert_eq!(blobs, [&b"ab"[..], b"", b"cde"]);
        assert!(read(&mut channel, allowed, &Budget::of_process()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn announced_sizes_are_bounded() {
        let shown = fault(&[0xff; 64]).await;
        assert!(shown.contains("more than the 4194304 allowed"), "{shown}");
        let huge = frame(r#"{"say":"done","id":7,"sizes":[9223372036854775807,9223372036854775807,9]}"#, b"");
        assert!(fault(&huge).await.contains("a frame announces"));
        let short = frame(r#"{"say":"done","id":7,"sizes":[100]}"#, b"abc");
        assert!(fault(&short).await.contains("unexpected end of file"));
        for (head, allowed) in [
            (r#"{"say":"done","id":7,"sizes":[100,1]}"#, 100),
            (r#"{"say":"done","id":8,"sizes":[1]}"#, 0),
            (r#"{"say":"ready","version":"3","executable":"python","process":1,"sizes":[1]}"#, 0),
        ] {
            let shown = fault(&frame(head, &[0; 101])).await;
            assert!(shown.ends_with(&format!("more than the {allowed} allowed")), "{shown}");
        }
    }

    #[tokio::test]
    async fn blobs_hold_their_part_of_the_budget_until_the_last_is_dropped() {
        let budget = Budget::new(2 << 20).without_waiting();
        let size = (1 << 20) + 1;
        let bytes = frame(&format!(r#"{{"say":"done","id":7,"sizes":[3,{size}]}}"#), &vec![1; size + 3]);
        let any = |_: &BridgeMessage| usize::MAX;
        let first = read(&mut &*bytes, any, &budget).await.unwrap().unwrap();
        let crowded = read(&mut &*bytes, any, &budget).await.unwrap_err();
        assert!(matches!(crowded, FrameError::Budget(_)), "{crowded}");
        let [small, large] = first.blobs.try_into().unwrap();
        drop(large);
        assert!(read(&mut &*bytes, any, &budget).await.is_err(), "{} bytes are still held", small.len());
        drop(small);
        assert!(read(&mut &*bytes, any, &budget).await.is_ok());
    }

    #[tokio::test]
    async fn other_messages_are_malformed() {
        for head in ["", "[]", "{}", r#"{"say":"run","sizes":[]}"#, r#"{"say":"done","id":-1,"sizes":[]}"#] {
            let shown = fault(&frame(head, b"")).await;
            assert!(shown.contains("not as the bridge writes them"), "{shown}");
        }
    }
}
