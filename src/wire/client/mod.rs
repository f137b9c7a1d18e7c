//! The client of a model server: one exchange per call, each bounded in time and memory. Knows HTTP and the protocol, and nothing
//! of processes, cases or responsibility.

mod connection;
mod error;
mod error_response;
mod plain;
mod status;
mod timeouts;
mod upload;

use std::time::Instant;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, Url};
use tokio::time::timeout_at;

use super::envelope::EnvelopeReader;
use super::responses::RawResponse;
use super::{Budget, ResponseLimits, Secret, pickle};
use crate::prediction::{Prediction, Request};

pub(crate) use connection::Route;
pub(crate) use error::RequestProblem;
pub use error::{ClientError, Phase};
pub use plain::PlainRequest;
pub(crate) use status::{DeclineStatus, Declined};
pub use timeouts::ClientTimeouts;

use timeouts::ProgressWatch;
use upload::Upload;

/// Speaks to one model server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ModelClient {
    http: reqwest::Client,
    route: Route,
    base: Url,
    secret: Secret,
    /// Sent with every request.
    headers: HeaderMap,
    timeouts: ClientTimeouts,
    limits: ResponseLimits,
    budget: Budget,
}

/// Checks an address before anything is asked.
///
/// # Errors
/// An address that is not plain `http://` or `https://`.
pub(crate) fn check_address(base: &str) -> Result<(), ClientError> {
    connection::base_address(base).map(drop)
}

impl ModelClient {
    /// A client of the server at `base`, which may have a path. Connects to nothing yet.
    ///
    /// There are no proxies for this machine's own addresses, no redirects, no cookies, no compression, and a connection of
    /// its own for every exchange: a server that closes an idle one must not look like one that died in a call.
    ///
    /// # Errors
    /// An address that is not plain `http://` or `https://`, or no certificates to check `https://` with.
    pub fn new(base: &str, secret: Secret, timeouts: ClientTimeouts) -> Result<Self, ClientError> {
        Self::by(Route::Environment, base, secret, timeouts)
    }

    /// A client that reaches its server by a route.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn by(route: Route, base: &str, secret: Secret, timeouts: ClientTimeouts) -> Result<Self, ClientError> {
        let base = connection::base_address(base)?;
        let http = connection::open(&base, &timeouts, route, 0)?;
        Ok(Self {
            http,
            route,
            base,
            secret,
            headers: HeaderMap::new(),
            timeouts,
            limits: ResponseLimits::default(),
            budget: Budget::of_process(),
        })
    }

    /// The same client with other bounds on responses.
    #[must_use]
    pub const fn with_limits(mut self, limits: ResponseLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The same client, which sends these headers with every request.
    pub(crate) fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// Where the server is.
    pub(crate) fn address(&self) -> &str {
        self.base.as_str()
    }

    /// Asks once whether the server is ready.
    ///
    /// # Errors
    /// When it cannot be reached, responds with something else than `{"status":"ready"}`, or takes too long.
    pub async fn health(&self) -> Result<(), ClientError> {
        let limit = self.timeouts.health;
        let exchange = async {
            let request = self.http.get(self.route("health")?).headers(self.headers.clone());
            let mut response = request.send().await.map_err(|error| self.failure(&error))?;
            let body = beginning(&mut response).await;
            let status = serde_json::from_slice::<serde_json::Value>(&body).ok();
            let ready = status.is_some_and(|body| body.get("status").is_some_and(|status| status == "ready"));
            if ready && response.status() == 200 {
                return Ok(());
            }
            let code = response.status().as_u16();
            Err(error_response::unhealthy(code, headers_of(&response), &body, &self.secret))
        };
        let phase = Phase::Health;
        let ended = tokio::time::timeout(limit, exchange).await;
        ended.unwrap_or(Err(ClientError::Timeout { phase, limit }))
    }

    /// Makes one call.
    ///
    /// # Errors
    /// A [`ClientError`] for everything but a signed and decodable prediction.
    pub async fn predict(&self, request: &Request) -> Result<Prediction, ClientError> {
        let (phase, limit) = (Phase::Total, self.timeouts.total);
        let exchange = async { self.decode(self.exchange(request).await?).await };
        let ended = tokio::time::timeout(limit, exchange).await;
        ended.unwrap_or(Err(ClientError::Timeout { phase, limit }))
    }

    /// Makes one call and leaves the response as it came: its signature checked, its payload not decoded, its texts without
    /// the secret. [`Self::decode`] reads it.
    ///
    /// # Errors
    /// A [`ClientError`] for everything but a signed payload or a response of another status than 200.
    pub(crate) async fn ask(&self, request: &Request) -> Result<RawResponse, ClientError> {
        let (phase, limit) = (Phase::Total, self.timeouts.total);
        let ended = tokio::time::timeout(limit, self.exchange(request)).await;
        ended.unwrap_or(Err(ClientError::Timeout { phase, limit }))
    }

    /// Reads a response within the bounds of this client.
    ///
    /// # Errors
    /// As [`decode`].
    pub(crate) async fn decode(&self, raw: RawResponse) -> Result<Prediction, ClientError> {
        decode(raw, &self.limits).await
    }

    /// The secret that signs the responses.
    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }

    async fn exchange(&self, request: &Request) -> Result<RawResponse, ClientError> {
        let mut response = self.send(request).await?;
        if response.status() != 200 {
            let body = tokio::time::timeout(self.timeouts.progress, beginning(&mut response)).await;
            let body = body.unwrap_or_default();
            if DeclineStatus::of(response.status().as_u16()).is_some() {
                // Not from a model, so not kept as a response of one.
                return Err(self.refusal(&response, &body));
            }
            let clean = |text: &str| self.secret.scrub(text).into_owned();
            return Ok(RawResponse::Status {
                status: response.status().as_u16(),
                location: headers_of(&response).location.map(clean),
                body: clean(&String::from_utf8_lossy(&body)),
            });
        }
        refuse_encoding(response.headers(), &self.secret)?;
        let declared = response.content_length();
        let allowed = self.limits.body;
        if let Some(length) = declared.filter(|length| usize::try_from(*length).map_or(true, |length| length > allowed))
        {
            let message =
                format!("the server announces {length} bytes, and a response to this request has at most {allowed}");
            return Err(ClientError::Protocol(message));
        }
        let wanted = declared.and_then(|length| usize::try_from(length).ok()).unwrap_or(allowed);
        let Some(share) = self.budget.take(wanted).await else {
            let message = format!("other responses hold the {} bytes that all may hold together", self.budget.total());
            return Err(ClientError::Internal(message));
        };
        let mut reader = EnvelopeReader::new(&self.limits, self.secret.expose(), declared);
        let mut progress = ProgressWatch::new(self.timeouts.progress, Instant::now());
        while let Some(chunk) = self.next_chunk(&mut response, &progress).await? {
            progress.note(chunk.len(), Instant::now());
            reader.push(&chunk)?;
        }
        Ok(RawResponse::Payload { pickle: share.hold(reader.finish()?), buffers: Vec::new() })
    }

    /// Sends the request and waits for the head of the response.
    async fn send(&self, request: &Request) -> Result<Response, ClientError> {
        let mut body = serde_json::Map::new();
        body.insert("sequences".into(), request.input.to_json());
        body.insert("options".into(), request.options.clone().into());
        let text = serde_json::to_vec(&body).map_err(|error| ClientError::Internal(error.to_string()))?;
        let (upload, mut taken) = Upload::new(text);
        let sending = self
            .http
            .post(self.route(request.method.name())?)
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(reqwest::Body::wrap(upload))
            .send();
        let mut sending = std::pin::pin!(sending);
        let write_limit = self.timeouts.connect + self.timeouts.write;
        let mut uploading = true;
        let (mut phase, mut limit) = (Phase::Send, write_limit);
        let mut deadline = Instant::now() + limit;
        loop {
            tokio::select! {
                response = &mut sending => return response.map_err(|error| self.failure(&error)),
                moved = taken.changed(), if uploading => {
                    uploading = moved.is_ok();
                    (phase, limit) = if uploading { (Phase::Send, self.timeouts.write) } else { (Phase::Wait, self.timeouts.read) };
                    deadline = Instant::now() + limit;
                }
                () = tokio::time::sleep_until(deadline.into()) => return Err(ClientError::Timeout { phase, limit }),
            }
        }
    }

    /// The next part of the body; `None` at its end.
    async fn next_chunk(
        &self,
        response: &mut Response,
        progress: &ProgressWatch,
    ) -> Result<Option<bytes::Bytes>, ClientError> {
        let silence = Instant::now() + self.timeouts.read;
        let (deadline, phase, limit) = if silence < progress.deadline() {
            (silence, Phase::Wait, self.timeouts.read)
        } else {
            (progress.deadline(), Phase::Progress, self.timeouts.progress)
        };
        match timeout_at(deadline.into(), response.chunk()).await {
            Err(_) => Err(ClientError::Timeout { phase, limit }),
            Ok(chunk) => chunk.map_err(|error| self.failure(&error)),
        }
    }

    fn route(&self, name: &str) -> Result<Url, ClientError> {
        let joined = self.base.join(name);
        joined.map_err(|error| ClientError::Unusable(format!("{}: {error}", self.base)))
    }

    fn failure(&self, error: &reqwest::Error) -> ClientError {
        connection::failure(error, &self.base, &self.timeouts)
    }

    fn refusal(&self, response: &Response, body: &[u8]) -> ClientError {
        error_response::read(response.status().as_u16(), headers_of(response), body, &self.secret)
    }
}

/// The headers that matter of a response that is no prediction.
fn headers_of(response: &Response) -> error_response::Headers<'_> {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    error_response::Headers { location: text(LOCATION), retry_after: text(RETRY_AFTER) }
}

/// Reads a response, whether it has just come or was recorded.
///
/// # Errors
/// A [`ClientError`] for everything but a decodable payload. A [`RawResponse::Failure`] is left to the
/// kind of backend that wrote it.
pub(crate) async fn decode(raw: RawResponse, limits: &ResponseLimits) -> Result<Prediction, ClientError> {
    match raw {
        RawResponse::Payload { pickle, buffers } => {
            let limits = *limits;
            // Decoding hundreds of megabytes must not hold up the watch over other servers.
            let work = move || {
                let buffers = Some(buffers.as_slice()).filter(|buffers| !buffers.is_empty());
                pickle::decode_prediction(&pickle, buffers, &limits)
            };
            let decoded = tokio::task::spawn_blocking(work).await;
            let decoded = decoded.map_err(|error| ClientError::Internal(format!("the decoder stopped: {error}")))?;
            Ok(decoded?)
        }
        // The secret was taken out when it was kept.
        RawResponse::Status { status, location, body } => Err(error_response::read(
            status,
            error_response::Headers { location: location.as_deref(), ..error_response::Headers::default() },
            body.as_bytes(),
            &Secret::unknown(),
        )),
        RawResponse::Failure { message, .. } => Err(ClientError::Protocol(message)),
    }
}

/// The beginning of a body that is not a prediction, up to where it broke off.
async fn beginning(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = error_response::LONGEST - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    body
}

/// The client asks for no compression, so a compressed body is either a mistake or a bomb.
fn refuse_encoding(headers: &HeaderMap, secret: &Secret) -> Result<(), ClientError> {
    let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|value| *value != "identity") else { return Ok(()) };
    let encoding = error_response::printable(&String::from_utf8_lossy(encoding.as_bytes()), secret);
    let message = format!("the body is encoded as {encoding}, which was not asked for");
    Err(ClientError::Protocol(message))
}
