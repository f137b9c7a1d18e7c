//! The client of a model server: one exchange per call, bounded in time and memory. Does not know processes or cases, or decide who is
//! responsible for an error.

mod connection;
mod error;
mod error_response;
mod plain;
mod status;
mod timeouts;
mod upload;

use std::time::{Duration, Instant};

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

/// A client of one model server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ModelClient {
    http: reqwest::Client,
    route: Route,
    base: Url,
    secret: Secret,
    headers: HeaderMap,
    timeouts: ClientTimeouts,
    limits: ResponseLimits,
    budget: Budget,
}

/// Checks an address without connecting to it.
///
/// # Errors
/// The address is not plain `http://` or `https://`.
pub(crate) fn check_address(base: &str) -> Result<(), ClientError> {
    connection::base_address(base).map(drop)
}

impl ModelClient {
    /// A client of the server at `base`, which may have a path. Does not connect yet.
    ///
    /// It uses no proxies for this machine's own addresses, no redirects, no cookies and no compression. Every exchange has a new
    /// connection: a server that closes an idle one must not look like one that died in a call.
    ///
    /// # Errors
    /// The address is not plain `http://` or `https://`, or there are no certificates for `https://`.
    pub fn new(base: &str, secret: Secret, timeouts: ClientTimeouts) -> Result<Self, ClientError> {
        Self::by(Route::Environment, base, secret, timeouts)
    }

    /// A client that uses a route.
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

    /// The same client with headers for every request.
    pub(crate) fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// The address of the server.
    pub(crate) fn address(&self) -> &str {
        self.base.as_str()
    }

    /// Asks once whether the server is ready.
    ///
    /// # Errors
    /// The server cannot be reached, does not respond with `{"status":"ready"}`, or takes too long.
    pub async fn health(&self) -> Result<(), ClientError> {
        let exchange = async {
            let request = self.http.get(self.route("health")?).headers(self.headers.clone());
            let mut response = request.send().await.map_err(|error| self.failure(&error))?;
            let body = beginning(&mut response).await;
            let status = serde_json::from_slice::<serde_json::Value>(&body).ok();
            let ready = status.is_some_and(|body| body.get("status").is_some_and(|status| status == "ready"));
            if ready && response.status() == 200 {
                return Ok(());
            }
            Err(error_response::unhealthy(response.status().as_u16(), headers_of(&response), &body, &self.secret))
        };
        bounded(Phase::Health, self.timeouts.health, exchange).await
    }

    /// Makes one call.
    ///
    /// # Errors
    /// There is no signed and decodable prediction.
    pub async fn predict(&self, request: &Request) -> Result<Prediction, ClientError> {
        let exchange = async { self.decode(self.exchange(request).await?).await };
        bounded(Phase::Total, self.timeouts.total, exchange).await
    }

    /// Makes one call and returns the response without decoding its payload. Its signature is checked, and its texts do not hold the
    /// secret. [`Self::decode`] reads it.
    ///
    /// # Errors
    /// There is neither a signed payload nor an error status of the model server itself.
    pub(crate) async fn ask(&self, request: &Request) -> Result<RawResponse, ClientError> {
        bounded(Phase::Total, self.timeouts.total, self.exchange(request)).await
    }

    /// Reads a response within the limits of this client.
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
            let (status, headers) = (response.status().as_u16(), headers_of(&response));
            if DeclineStatus::of(status).is_some() {
                // Not from a model, so not recorded as a response of one.
                return Err(error_response::read(status, headers, &body, &self.secret));
            }
            let clean = |text: &str| self.secret.scrub(text).into_owned();
            let body = clean(&String::from_utf8_lossy(&body));
            return Ok(RawResponse::Status { status, location: headers.location.map(clean), body });
        }
        refuse_encoding(response.headers(), &self.secret)?;
        let declared = response.content_length();
        let allowed = self.limits.body;
        if let Some(length) = declared.filter(|length| *length > allowed as u64) {
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
        let mut uploading = true;
        let (mut phase, mut limit) = (Phase::Send, self.timeouts.connect + self.timeouts.write);
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
        let chunk = timeout_at(deadline.into(), response.chunk()).await;
        chunk.map_err(|_| ClientError::Timeout { phase, limit })?.map_err(|error| self.failure(&error))
    }

    fn route(&self, name: &str) -> Result<Url, ClientError> {
        self.base.join(name).map_err(|error| ClientError::Unusable(format!("{}: {error}", self.base)))
    }

    fn failure(&self, error: &reqwest::Error) -> ClientError {
        connection::failure(error, &self.base, &self.timeouts)
    }
}

/// Runs an exchange within a time limit.
async fn bounded<T>(
    phase: Phase,
    limit: Duration,
    exchange: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    tokio::time::timeout(limit, exchange).await.unwrap_or(Err(ClientError::Timeout { phase, limit }))
}

/// The relevant headers of an error response.
fn headers_of(response: &Response) -> error_response::Headers<'_> {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    error_response::Headers { location: text(LOCATION), retry_after: text(RETRY_AFTER) }
}

/// Reads a new or recorded response.
///
/// # Errors
/// There is no decodable payload. The kind of backend that wrote a [`RawResponse::Failure`] reads it itself.
pub(crate) async fn decode(raw: RawResponse, limits: &ResponseLimits) -> Result<Prediction, ClientError> {
    match raw {
        RawResponse::Payload { pickle, buffers } => {
            let limits = *limits;
            // Decoding hundreds of megabytes must not block the exchanges with other servers.
            let work = move || {
                let buffers = Some(buffers.as_slice()).filter(|buffers| !buffers.is_empty());
                pickle::decode_prediction(&pickle, buffers, &limits)
            };
            let decoded = tokio::task::spawn_blocking(work).await;
            Ok(decoded.map_err(|error| ClientError::Internal(format!("the decoder stopped: {error}")))??)
        }
        // The secret was removed when the response was recorded.
        RawResponse::Status { status, location, body } => {
            let headers = error_response::Headers { location: location.as_deref(), retry_after: None };
            Err(error_response::read(status, headers, body.as_bytes(), &Secret::unknown()))
        }
        RawResponse::Failure { message, .. } => Err(ClientError::Protocol(message)),
    }
}

/// The beginning of an error body, or the part before the connection failed.
async fn beginning(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let space = error_response::LONGEST - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(space)]);
        if chunk.len() >= space {
            break;
        }
    }
    body
}

/// Refuses compressed bodies. The client does not ask for compression, so they are a mistake or a bomb.
fn refuse_encoding(headers: &HeaderMap, secret: &Secret) -> Result<(), ClientError> {
    let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|value| *value != "identity") else { return Ok(()) };
    let encoding = error_response::printable(&String::from_utf8_lossy(encoding.as_bytes()), secret);
    Err(ClientError::Protocol(format!("the body is encoded as {encoding}, which was not asked for")))
}
