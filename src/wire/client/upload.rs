//! The body of a request, which reports its progress, so that a server that stops reading is noticed. Does not send anything itself.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::watch;

/// The bytes of a piece: small enough to notice a stall, large enough to be cheap.
const PIECE: usize = 64 << 10;

/// A body of known length. It reports every piece that the connection takes, and reports the end by dropping the sender with the last
/// piece.
#[derive(Debug)]
pub(super) struct Upload {
    rest: Bytes,
    taken: Option<watch::Sender<usize>>,
}

impl Upload {
    /// The body, and the receiver of its progress.
    pub(super) fn new(text: Vec<u8>) -> (Self, watch::Receiver<usize>) {
        let (taken, watched) = watch::channel(0);
        (Self { rest: text.into(), taken: Some(taken) }, watched)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let size = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(size);
        if self.rest.is_empty() {
            self.taken = None;
        } else if let Some(taken) = &self.taken {
            taken.send_modify(|count| *count += 1);
        }
        Poll::Ready((size > 0).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn it_arrives_whole_and_announces_every_piece_and_the_end() {
        let text: Vec<u8> = (0..=2 * PIECE).map(|byte| byte as u8).collect();
        let (mut upload, mut watched) = Upload::new(text.clone());
        assert_eq!(upload.size_hint().exact(), Some(text.len() as u64));
        let mut arrived = Vec::new();
        let mut counts = Vec::new();
        while let Some(frame) = upload.frame().await {
            arrived.extend_from_slice(&frame.unwrap().into_data().unwrap());
            counts.push(*watched.borrow_and_update());
        }
        assert_eq!(arrived, text);
        assert_eq!(counts, [1, 2, 2]);
        assert!(watched.changed().await.is_err());
    }
}
