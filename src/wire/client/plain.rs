//! Plain exchanges beyond the calls of the protocol: any method, path and body, and the whole response. Does not check the response.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use super::error_response::{self, Headers, LONGEST};
use super::{ClientError, ModelClient, Phase, Route, bounded, connection};
use crate::wire::envelope::EnvelopeReader;

/// The most bytes of a response.
const LONGEST_PLAIN: usize = 256 << 20;

/// A request that need not follow the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainRequest {
    /// The HTTP method.
    pub(crate) verb: Method,
    /// The path below the server's address, with the first slash.
    pub(crate) path: String,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
}

/// The response to a [`PlainRequest`].
#[derive(Debug)]
pub(crate) struct PlainResponse {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl ModelClient {
    /// Makes one exchange and returns the whole response.
    ///
    /// # Errors
    /// The response is not complete in time, or too large.
    pub(crate) async fn exchange_plain(&self, request: PlainRequest) -> Result<PlainResponse, ClientError> {
        let exchange = async {
            let mut url = self.base.clone();
            url.set_path(&format!("{}{}", self.base.path(), request.path.trim_start_matches('/')));
            let mut sending = self.http.request(request.verb, url).headers(self.headers.clone());
            if let Some(content_type) = request.content_type {
                sending = sending.header(CONTENT_TYPE, content_type);
            }
            let mut response = sending.body(request.body).send().await.map_err(|error| self.failure(&error))?;
            let mut body = Vec::new();
            while let Some(piece) = response.chunk().await.map_err(|error| self.failure(&error))? {
                if body.len() + piece.len() > LONGEST_PLAIN {
                    return Err(ClientError::Internal(format!("the response has more than {LONGEST_PLAIN} bytes")));
                }
                body.extend_from_slice(&piece);
            }
            Ok(PlainResponse { status: response.status().as_u16(), body: body.into() })
        };
        bounded(Phase::Total, self.timeouts.total, exchange).await
    }

    /// The error of a response that is not a prediction.
    pub(crate) fn error_of(&self, response: &PlainResponse) -> ClientError {
        let body = &response.body[..response.body.len().min(LONGEST)];
        error_response::read(response.status, Headers::default(), body, &self.secret)
    }

    /// Checks that a response is an envelope that is signed with the secret.
    ///
    /// # Errors
    /// It is not.
    pub(crate) fn check_envelope(&self, response: &PlainResponse) -> Result<(), ClientError> {
        let mut reader = EnvelopeReader::new(&self.limits, self.secret.expose(), Some(response.body.len() as u64));
        reader.push(&response.body)?;
        reader.finish()?;
        Ok(())
    }

    /// The same client with a limit for whole calls and health checks.
    pub(crate) const fn within(mut self, limit: Duration) -> Self {
        (self.timeouts.total, self.timeouts.health) = (limit, limit);
        self
    }

    /// The same client, which reuses a connection if the server keeps it open.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn keeping_its_connection(mut self) -> Result<Self, ClientError> {
        self.http = connection::open(&self.base, &self.timeouts, self.route, 1)?;
        Ok(self)
    }

    /// The same client, with a proxy on this machine.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn through(mut self, proxy: SocketAddr) -> Result<Self, ClientError> {
        self.base = connection::base_address(&format!("http://{proxy}"))?;
        self.http = connection::open(&self.base, &self.timeouts, Route::Direct, 0)?;
        Ok(self)
    }
}
