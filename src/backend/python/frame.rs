//! What the bridge says, frame by frame: four bytes of length, so many bytes of JSON, and the blobs whose sizes the JSON
//! lists. Reads within bounds, because the hosted code could write to the channel too; knows no order and no call.

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::exception::{HostedStartStep, PythonException};
use crate::wire::Budget;

/// Bytes of the JSON of one frame. Sizes take most of it: a result of a hundred thousand arrays is none of ours.
const LARGEST_HEAD: usize = 4 << 20;
/// Bytes that are reserved before they have come.
const RESERVED: usize = 1 << 20;

/// One frame.
#[derive(Debug)]
pub(super) struct BridgeFrame {
    pub(super) say: BridgeMessage,
    pub(super) blobs: Vec<Bytes>,
}

/// What a frame says.
#[derive(Debug, Deserialize)]
#[serde(tag = "say", rename_all = "lowercase")]
pub(super) enum BridgeMessage {
    /// The interpreter runs.
    Ready(InterpreterReady),
    /// A step of the start is under way.
    Step { step: HostedStartStep, what: String },
    /// An order was carried out. The blobs are its result: the pickle and its buffers.
    Done { id: u64 },
    /// An order ended in an exception.
    Raised { id: u64, error: PythonException },
    /// The `shutdown()` of an object in a scenario was called.
    Shutdown,
    /// What was hosted has been stopped, and the interpreter is about to end.
    Stopped(ShutdownReport),
}

/// Which interpreter this is.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct InterpreterReady {
    pub(super) version: String,
    pub(super) executable: String,
    /// Its number among the processes.
    pub(super) process: i32,
}

/// What the bridge says when everything is stopped.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ShutdownReport {
    /// What is worth knowing and no failure, a sentence for each.
    #[serde(default)]
    pub(super) notes: Vec<String>,
    /// What stopping raised.
    pub(super) error: Option<PythonException>,
}

#[derive(Deserialize)]
struct FrameHead {
    #[serde(flatten)]
    say: BridgeMessage,
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

/// Reads one frame; `None` at the end. `allowed` says how many bytes its blobs may take together, and `budget` is what they share
/// with all other responses until the last of them is dropped.
pub(super) async fn read(
    channel: &mut (impl AsyncRead + Unpin),
    allowed: impl Fn(&BridgeMessage) -> usize,
    budget: &Budget,
) -> Result<Option<BridgeFrame>, FrameError> {
    let Some(length) = length(channel).await? else {
        return Ok(None);
    };
    if length > LARGEST_HEAD {
        return Err(FrameError::Head(length));
    }
    let head = exactly(channel, length).await?;
    let FrameHead { say, sizes } = serde_json::from_slice(&head)?;
    let announced = sizes.iter().fold(0_usize, |sum, size| sum.saturating_add(*size));
    let allowed = allowed(&say);
    if announced > allowed {
        return Err(FrameError::Size { announced, allowed });
    }
    if announced == 0 {
        let blobs = vec![Bytes::new(); sizes.len()];
        return Ok(Some(BridgeFrame { say, blobs }));
    }
    let share = budget.take(announced).await.ok_or_else(|| FrameError::Budget(budget.total()))?;
    let mut whole = share.hold(exactly(channel, announced).await?);
    let blobs = sizes.into_iter().map(|size| whole.split_to(size)).collect();
    Ok(Some(BridgeFrame { say, blobs }))
}

/// The length that begins a frame; `None` when the channel ended before it.
async fn length(channel: &mut (impl AsyncRead + Unpin)) -> Result<Option<usize>, FrameError> {
    let mut raw = [0; 4];
    if channel.read(&mut raw[..1]).await? == 0 {
        return Ok(None);
    }
    channel.read_exact(&mut raw[1..]).await?;
    Ok(Some(u32::from_le_bytes(raw) as usize))
}

/// So many bytes. Memory grows with what comes, not with what was announced.
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

    /// What a hundred bytes are allowed of, for the response to the seventh order.
    fn allowed(say: &BridgeMessage) -> usize {
        if matches!(say, BridgeMessage::Done { id: 7 }) { 100 } else { 0 }
    }

    async fn fault(bytes: &[u8]) -> String {
        let read = read(&mut &*bytes, allowed, &Budget::of_process()).await;
        read.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_frame_is_read_with_its_blobs_and_then_the_end() {
        let bytes = frame(r#"{"say":"done","id":7,"sizes":[2,0,3]}"#, b"abcde");
        let mut channel = &*bytes;
        let BridgeFrame { say, blobs } = read(&mut channel, allowed, &Budget::of_process()).await.unwrap().unwrap();
        assert!(matches!(say, BridgeMessage::Done { id: 7 }));
        assert_eq!(blobs, [&b"ab"[..], b"", b"cde"]);
        assert!(read(&mut channel, allowed, &Budget::of_process()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_announced_is_bounded() {
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
    async fn what_the_bridge_never_says_is_malformed() {
        for head in ["", "[]", "{}", r#"{"say":"run","sizes":[]}"#, r#"{"say":"done","id":-1,"sizes":[]}"#] {
            let shown = fault(&frame(head, b"")).await;
            assert!(shown.contains("not as the bridge writes them"), "{shown}");
        }
    }
}
