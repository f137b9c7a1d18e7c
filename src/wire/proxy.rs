//! A proxy on this machine between the client and a model server, which plants one fault in every response. Does not decide what must
//! follow from a fault; `run` does.

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

/// The most bytes of a request.
const LONGEST_REQUEST: usize = 32 << 20;
/// The pieces of a response that drips.
const DROPS: usize = 40;
/// The time between two pieces: one second for the whole response.
const DROP_PAUSE: Duration = Duration::from_millis(25);
/// The body of a response of the proxy itself.
const PLANTED: &str = r#"{"detail":"planted between client and server"}"#;

/// A fault between client and server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WireFault {
    /// The connection ends after a part of the body.
    Cut(f64),
    /// The response comes in small pieces.
    Drip,
    /// One letter of the payload differs, at this fraction of its length.
    Corrupt(f64),
    /// There is no response.
    Hang,
    /// One digit of the signature differs.
    WrongSignature,
    /// An earlier response is sent again.
    Replay,
    /// A status replaces the server's response.
    Status(u16),
}

impl WireFault {
    /// Whether the request reaches the server.
    pub(crate) const fn asks_the_server(self) -> bool {
        !matches!(self, Self::Replay | Self::Status(_))
    }
}

/// A proxy with one fault. Closes its port and all connections on drop.
pub(crate) struct FaultProxy {
    address: SocketAddr,
    passage: Arc<Passage>,
    _connections: JoinSet<()>,
}

/// The state that all connections of a proxy share.
struct Passage {
    server: ModelClient,
    fault: WireFault,
    /// The response to send again.
    earlier: Option<Bytes>,
    /// The server's last response, before the fault was planted.
    given: Mutex<Option<Result<Bytes, ClientError>>>,
}

type Pieces = Pin<Box<dyn Stream<Item = io::Result<Frame<Bytes>>> + Send>>;
type ProxyResponse = Response<StreamBody<Pieces>>;

impl FaultProxy {
    /// Listens on a free port of this machine and forwards requests to the server of a client.
    ///
    /// # Errors
    /// There is no free port.
    pub(crate) async fn open(server: ModelClient, fault: WireFault, earlier: Option<Bytes>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let passage = Arc::new(Passage { server, fault, earlier, given: Mutex::default() });
        let mut connections = JoinSet::new();
        let shared = Arc::clone(&passage);
        // One connection at a time is enough: only one call knows the port.
        connections.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(|request| shared.pass(request));
                // Broken connections are expected.
                let _ = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service).await;
            }
        });
        Ok(Self { address, passage, _connections: connections })
    }

    /// The address of the proxy.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's last response, before the fault was planted. `None` if the server was not asked or has not answered.
    pub(crate) fn take_given(&self) -> Option<Result<Bytes, ClientError>> {
        self.passage.given.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Passage {
    async fn pass(&self, request: Request<Incoming>) -> io::Result<ProxyResponse> {
        match self.fault {
            WireFault::Status(status) => return Ok(whole(status, PLANTED.into())),
            WireFault::Replay => return Ok(whole(200, self.earlier.clone().unwrap_or_default())),
            _ => {}
        }
        let response = self.ask(request).await;
        let altered = response.as_ref().ok().map(|body| self.altered(body));
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
        match altered {
            Some(Some(response)) => Ok(response),
            Some(None) => std::future::pending().await,
            None => Ok(whole(502, PLANTED.into())),
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
        if ["pickled", "hmac"].iter().any(|key| value_of(&response.body, key).is_none()) {
            return Err(ClientError::Protocol("the response has no `pickled` and `hmac` to alter".to_owned()));
        }
        // A fault in a response that is wrong already would look like the work of the proxy.
        self.server.check_envelope(&response)?;
        Ok(response.body)
    }

    /// The response with the fault; `None` if there is to be no response.
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
                let piece = |start| Some(body.slice(start..body.len().min(start + size)));
                let pieces = (0..body.len()).step_by(size).map(piece).collect();
                Some(in_pieces(200, body.len(), pieces, DROP_PAUSE))
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

/// A response with a declared length in pieces, with a pause after each. `None` breaks the connection.
fn in_pieces(status: u16, length: usize, pieces: Vec<Option<Bytes>>, pause: Duration) -> ProxyResponse {
    let pieces = stream::unfold(pieces.into_iter().enumerate(), move |mut pieces| async move {
        let (index, piece) = pieces.next()?;
        if index > 0 {
            // The piece before must have been sent.
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

/// The index at a fraction of a length.
fn part(length: usize, at: f64) -> usize {
    ((length as f64 * at) as usize).min(length)
}

/// The range of the text of a key in a flat JSON object without escaped quotes.
fn value_of(body: &[u8], key: &str) -> Option<std::ops::Range<usize>> {
    let name = format!("\"{key}\"");
    let after = memmem::find(body, name.as_bytes())? + name.len();
    let start = after + memchr::memchr(b'"', &body[after..])? + 1;
    let end = start + memchr::memchr(b'"', &body[start..])?;
    (end > start).then_some(start..end)
}

/// Replaces one letter of a value by another valid one. Keeps the last letters, because not all bits of base64 padding matter.
fn change(body: &mut [u8], key: &str, at: f64) {
    let Some(range) = value_of(body, key) else { return };
    let last = range.len().saturating_sub(5);
    let place = range.start + part(last, at);
    // A letter after a backslash belongs to an escape.
    let found = (place..range.end).find(|&index| body[index].is_ascii_alphanumeric() && body[index - 1] != b'\\');
    if let Some(letter) = found.and_then(|index| body.get_mut(index)) {
        *letter = if *letter == b'0' { b'1' } else { b'0' };
    }
}

#[cfg(test)]
mod tests;
