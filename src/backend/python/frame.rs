//! What the bridge says, frame by frame: four bytes of length, so many bytes of JSON, and the blobs whose sizes the JSON
//! lists. Reads within bounds, because the hosted code could write to the channel too; knows no order and no call.

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::exception::Raised;
use crate::wire::Limits;

/// Bytes of the JSON of one frame. Sizes take most of it: a result of a hundred thousand arrays is none of ours.
const LARGEST_HEAD: usize = 4 << 20;
/// Bytes that are reserved before they have come.
const RESERVED: usize = 1 << 20;

/// One frame.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) say: Say,
    pub(super) blobs: Vec<Bytes>,
}

/// What a frame says.
#[derive(Debug, Deserialize)]
#[serde(tag = "say", rename_all = "lowercase")]
pub(super) enum Say {
    /// The interpreter runs.
    Hello(Hello),
    /// A step of the start is under way.
    Step { step: Step, what: String },
    /// An order was carried out. The blobs are its result: the pickle and its buffers.
    Done { id: u64 },
    /// An order ended in an exception.
    Raised { id: u64, error: Raised },
    /// What was hosted has been stopped, and the interpreter is about to end.
    Stopped(Farewell),
}

/// Which interpreter this is.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Hello {
    pub(super) version: String,
    pub(super) executable: String,
}

/// A step of the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Step {
    /// A class is imported.
    Import,
    /// An object of it is made.
    Build,
    /// It is started.
    Start,
}

/// The last words of the bridge.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Farewell {
    /// Processes that were still there, a line for each.
    pub(super) left: Vec<String>,
    /// What is worth knowing and no failure, a sentence for each.
    #[serde(default)]
    pub(super) notes: Vec<String>,
    /// What stopping raised.
    pub(super) error: Option<Raised>,
}

#[derive(Deserialize)]
struct Head {
    #[serde(flatten)]
    say: Say,
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
}

/// Reads one frame; `None` at the end.
pub(super) async fn read(channel: &mut (impl AsyncRead + Unpin), limits: &Limits) -> Result<Option<Frame>, FrameError> {
    let Some(length) = length(channel).await? else {
        return Ok(None);
    };
    if length > LARGEST_HEAD {
        return Err(FrameError::Head(length));
    }
    let head = exactly(channel, length).await?;
    let Head { say, sizes } = serde_json::from_slice(&head)?;
    let announced = sizes.iter().fold(0_usize, |sum, size| sum.saturating_add(*size));
    if announced > limits.body {
        let allowed = limits.body;
        return Err(FrameError::Size { announced, allowed });
    }
    let mut blobs = Vec::with_capacity(sizes.len());
    for size in sizes {
        blobs.push(exactly(channel, size).await?);
    }
    Ok(Some(Frame { say, blobs }))
}

/// The length that begins a frame; `None` when the channel ended before it.
async fn length(channel: &mut (impl AsyncRead + Unpin)) -> Result<Option<usize>, FrameError> {
    let mut raw = [0; 4];
    let first = channel.read(&mut raw[..1]).await?;
    if first == 0 {
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

    async fn fault(bytes: &[u8]) -> String {
        read(&mut &*bytes, &Limits::default()).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_frame_is_read_with_its_blobs_and_then_the_end() {
        let bytes = frame(r#"{"say":"done","id":7,"sizes":[2,0,3]}"#, b"abcde");
        let mut channel = &*bytes;
        let Frame { say, blobs } = read(&mut channel, &Limits::default()).await.unwrap().unwrap();
        assert!(matches!(say, Say::Done { id: 7 }));
        assert_eq!(blobs, [&b"ab"[..], b"", b"cde"]);
        assert!(read(&mut channel, &Limits::default()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_announced_is_bounded() {
        let shown = fault(&[0xff; 64]).await;
        assert!(shown.contains("more than the 4194304 allowed"), "{shown}");
        let huge = frame(
            r#"{"say":"done","id":7,"sizes":[9223372036854775807,9223372036854775807,9]}"#,
            b"",
        );
        assert!(fault(&huge).await.contains("a frame announces"));
        let short = frame(r#"{"say":"done","id":7,"sizes":[1000000000]}"#, b"abc");
        assert!(fault(&short).await.contains("unexpected end of file"));
    }

    #[tokio::test]
    async fn what_the_bridge_never_says_is_malformed() {
        for head in [
            "",
            "[]",
            "{}",
            r#"{"say":"run","sizes":[]}"#,
            r#"{"say":"done","id":-1,"sizes":[]}"#,
        ] {
            let shown = fault(&frame(head, b"")).await;
            assert!(shown.contains("not as the bridge writes them"), "{shown}");
        }
    }
}
