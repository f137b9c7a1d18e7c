//! One exchange as it is, for what no call can say: any method, path and body, and the whole response. Judges nothing.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use super::error_response::{self, Headers, LONGEST};
use super::{ClientError, ModelClient, Phase, Route, connection};

/// Bytes of a response that are taken.
const LONGEST_PLAIN: usize = 256 << 20;

/// A request that need not be one of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainRequest {
    /// The method of HTTP.
    pub(crate) verb: Method,
    /// The path below the server's address, with its first slash.
    pub(crate) path: String,
    /// What the body is said to be.
    pub(crate) content_type: Option<String>,
    /// The body, as it is.
    pub(crate) body: Bytes,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct PlainResponse {
    /// The status.
    pub(crate) status: u16,
    /// The whole body.
    pub(crate) body: Bytes,
}

impl ModelClient {
    /// Makes one exchange and leaves the response as it came.
    ///
    /// # Errors
    /// When there is no whole response in time, or it is too large.
    pub(crate) async fn exchange_plain(&self, request: PlainRequest) -> Result<PlainResponse, ClientError> {
        let (phase, limit) = (Phase::Total, self.timeouts.total);
        let exchange = async {
            let mut url = self.base.clone();
            url.set_path(&format!("{}{}", self.base.path(), request.path.trim_start_matches('/')));
            let mut sending = self.http.request(request.verb, url).headers(self.headers.clone());
            if let Some(content_type) = request.content_type {
                sending = sending.header(CONTENT_TYPE, content_type);
            }
            let sent = sending.body(request.body).send().await;
            let mut response = sent.map_err(|error| self.failure(&error))?;
            let mut body = Vec::new();
            while let Some(piece) = response.chunk().await.map_err(|error| self.failure(&error))? {
                if body.len() + piece.len() > LONGEST_PLAIN {
                    let message = format!("the response has more than {LONGEST_PLAIN} bytes");
                    return Err(ClientError::Internal(message));
                }
                body.extend_from_slice(&piece);
            }
            Ok(PlainResponse { status: response.status().as_u16(), body: body.into() })
        };
        let ended = tokio::time::timeout(limit, exchange).await;
        ended.unwrap_or(Err(ClientError::Timeout { phase, limit }))
    }

    /// What a response means that is no prediction.
    pub(crate) fn error_of(&self, response: &PlainResponse) -> ClientError {
        let body = &response.body[..response.body.len().min(LONGEST)];
        error_response::read(response.status, Headers::default(), body, &self.secret)
    }

    /// The same client, whose calls and health checks may take so long in all.
    pub(crate) const fn within(mut self, limit: Duration) -> Self {
        (self.timeouts.total, self.timeouts.health) = (limit, limit);
        self
    }

    /// The same client, which keeps a connection for the next request where the server does.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn keeping_its_connection(mut self) -> Result<Self, ClientError> {
        self.http = connection::open(&self.base, &self.timeouts, self.route, 1)?;
        Ok(self)
    }

    /// The same client, which reaches its server through a proxy on this machine.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn through(mut self, proxy: SocketAddr) -> Result<Self, ClientError> {
        self.base = connection::base_address(&format!("http://{proxy}"))?;
        self.http = connection::open(&self.base, &self.timeouts, Route::Direct, 0)?;
        Ok(self)
    }
}
