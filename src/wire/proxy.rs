//! A proxy on this machine between the client and a model server, which plants one fault in every response that passes. Knows the
//! protocol as bytes; what must come of a fault is for `run`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use memchr::memmem;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::client::{ClientError, ModelClient, PlainRequest};

/// Bytes of a request that are passed on.
const LONGEST_REQUEST: usize = 32 << 20;
/// Pieces of a response that drips.
const DROPS: usize = 40;
/// Time between two pieces: a second for the whole response.
const DROP_PAUSE: Duration = Duration::from_millis(25);
/// The body of a status that the proxy makes up.
const PLANTED: &str = r#"{"detail":"planted between client and server"}"#;

/// What goes wrong between client and server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WireFault {
    /// The connection ends after a part of the response's body.
    Cut(f64),
    /// The response comes in small pieces.
    Drip,
    /// One letter of the payload is another one, at a part of its length.
    Corrupt(f64),
    /// No response comes.
    Hang,
    /// One digit of the signature is another one.
    WrongSignature,
    /// A response that was given before comes once more.
    Replay,
    /// A status comes in place of the server's response.
    Status(u16),
}

impl WireFault {
    /// Whether the request reaches the server.
    pub(crate) const fn asks_the_server(self) -> bool {
        !matches!(self, Self::Replay | Self::Status(_))
    }
}

/// A proxy with one fault. Dropped, it closes its port and all connections.
pub(crate) struct FaultProxy {
    address: SocketAddr,
    passage: Arc<Passage>,
    _connections: JoinSet<()>,
}

/// What one proxy does with all that passes.
struct Passage {
    server: ModelClient,
    fault: WireFault,
    /// The response to give once more.
    earlier: Option<Bytes>,
    /// What the server gave in which the fault was to be planted.
    given: Mutex<Option<Result<Bytes, ClientError>>>,
}

type Pieces = Pin<Box<dyn Stream<Item = io::Result<Frame<Bytes>>> + Send>>;
type ProxyResponse = Response<StreamBody<Pieces>>;

impl FaultProxy {
    /// Listens on a free port of this machine and passes everything on to the server of a client.
    ///
    /// # Errors
    /// When there is no port.
    pub(crate) async fn open(server: ModelClient, fault: WireFault, earlier: Option<Bytes>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let passage = Arc::new(Passage { server, fault, earlier, given: Mutex::default() });
        let mut connections = JoinSet::new();
        let shared = Arc::clone(&passage);
        // One connection at a time is enough: a call has one of its own, and nothing else knows the port.
        connections.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(|request| shared.pass(request));
                // A connection that ends in the middle is what this is for.
                let _ = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service).await;
            }
        });
        Ok(Self { address, passage, _connections: connections })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the server gave in which the fault was to be planted; `None` where it was not asked or has not answered.
    pub(crate) fn take_given(&self) -> Option<Result<Bytes, ClientError>> {
        self.passage.given.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Passage {
    async fn pass(&self, request: Request<Incoming>) -> io::Result<ProxyResponse> {
        match self.fault {
            WireFault::Status(status) => return Ok(whole(status, Bytes::from_static(PLANTED.as_bytes()))),
            WireFault::Replay => return Ok(whole(200, self.earlier.clone().unwrap_or_default())),
            _ => {}
        }
        let response = self.ask(request).await;
        let altered = response.as_ref().ok().map(|body| self.altered(body));
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
        match altered {
            Some(Some(response)) => Ok(response),
            Some(None) => std::future::pending().await,
            None => Ok(whole(502, Bytes::from_static(PLANTED.as_bytes()))),
        }
    }

    /// The server's own response to a call.
    async fn ask(&self, request: Request<Incoming>) -> Result<Bytes, ClientError> {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, LONGEST_REQUEST).collect().await;
        let body = body.map_err(|error| ClientError::Internal(format!("the request was not passed on: {error}")))?;
        let request = PlainRequest {
            verb: head.method,
            path: head.uri.path().to_owned(),
            content_type: Some("application/json".to_owned()),
            body: body.to_bytes(),
        };
        let response = self.server.exchange_plain(request).await?;
        if response.status != 200 {
            return Err(self.server.error_of(&response));
        }
        let (pickled, signature) = (value_of(&response.body, "pickled"), value_of(&response.body, "hmac"));
        if pickled.is_none() || signature.is_none() {
            let message = "the response has no `pickled` and `hmac` to alter";
            return Err(ClientError::Protocol(message.to_owned()));
        }
        Ok(response.body)
    }

    /// The response with the fault in it; `None` where none is to come.
    fn altered(&self, body: &Bytes) -> Option<ProxyResponse> {
        let changed = |key, at| {
            let mut body = body.to_vec();
            change(&mut body, key, at);
            Some(whole(200, body.into()))
        };
        match self.fault {
            WireFault::Cut(at) => {
                let pieces = vec![Some(body.slice(..part(body.len(), at))), None];
                Some(in_pieces(200, body.len(), pieces, DROP_PAUSE))
            }
            WireFault::Drip => {
                let size = body.len().div_ceil(DROPS).max(1);
                let starts = (0..body.len()).step_by(size);
                let pieces = starts.map(|start| Some(body.slice(start..body.len().min(start + size))));
                Some(in_pieces(200, body.len(), pieces.collect(), DROP_PAUSE))
            }
            WireFault::Corrupt(at) => changed("pickled", at),
            WireFault::WrongSignature => changed("hmac", 0.5),
            WireFault::Hang | WireFault::Replay | WireFault::Status(_) => None,
        }
    }
}

fn whole(status: u16, body: Bytes) -> ProxyResponse {
    in_pieces(status, body.len(), vec![Some(body)], Duration::ZERO)
}

/// A response that announces a length and brings pieces, with a pause after each; the connection breaks where there is none.
fn in_pieces(status: u16, length: usize, pieces: Vec<Option<Bytes>>, pause: Duration) -> ProxyResponse {
    let pieces = stream::unfold(pieces.into_iter().enumerate(), move |mut pieces| async move {
        let (index, piece) = pieces.next()?;
        if index > 0 {
            // What came before has to be on its way.
            tokio::time::sleep(pause).await;
        }
        let piece = piece.ok_or_else(|| io::Error::other("the connection is cut here"));
        Some((piece.map(Frame::data), pieces))
    });
    let mut response = Response::new(StreamBody::new(Box::pin(pieces) as Pieces));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The place at a part of a length.
fn part(length: usize, at: f64) -> usize {
    ((length as f64 * at) as usize).min(length)
}

/// Where the text of a key stands in a flat JSON object whose texts have no quotes in them.
fn value_of(body: &[u8], key: &str) -> Option<std::ops::Range<usize>> {
    let name = format!("\"{key}\"");
    let after = memmem::find(body, name.as_bytes())? + name.len();
    let start = after + memchr::memchr(b'"', &body[after..])? + 1;
    let end = start + memchr::memchr(b'"', &body[start..])?;
    (end > start).then_some(start..end)
}

/// Makes one letter of a value another one that may stand there as well. The last letters of base64 do not all count: they stay.
fn change(body: &mut [u8], key: &str, at: f64) {
    let Some(range) = value_of(body, key) else { return };
    let last = range.len().saturating_sub(5);
    let place = range.start + part(last, at);
    // What follows a backslash is not a letter of the value.
    let found = (place..range.end).find(|&index| body[index].is_ascii_alphanumeric() && body[index - 1] != b'\\');
    if let Some(letter) = found.and_then(|index| body.get_mut(index)) {
        *letter = if *letter == b'0' { b'1' } else { b'0' };
    }
}

#[cfg(test)]
mod tests;
