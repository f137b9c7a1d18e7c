//! From a request to its answer: routes, methods and the call itself. Handles no connections.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method as Verb, Request as HttpRequest, StatusCode};

use super::reply::Reply;
use super::{Model, ModelServer, schema};
use crate::prediction::{Method, Prediction, Request};
use crate::wire::envelope::seal;
use crate::wire::{Secret, pickle};

/// Bytes of a request body: the longest alignments take a few megabytes.
const LONGEST_BODY: usize = 32 << 20;
/// How long a client may take to send the body of a request.
const BODY_LIMIT: Duration = Duration::from_secs(60);

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Health,
    Call(Method),
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/health" => Some(Self::Health),
            "/embed" => Some(Self::Call(Method::Embed)),
            "/fold" => Some(Self::Call(Method::Fold)),
            _ => None,
        }
    }
}

impl<M: Model> ModelServer<M> {
    /// Answers one request.
    pub(super) async fn answer(&self, request: HttpRequest<Incoming>) -> Reply {
        let path = request.uri().path();
        match (Route::of(path), request.method()) {
            (Some(Route::Health), &Verb::GET) => Reply::json(StatusCode::OK, r#"{"status":"ready"}"#),
            (Some(Route::Health), _) => Reply::method_not_allowed("GET"),
            (Some(Route::Call(method)), &Verb::POST) => self.receive(method, request).await,
            (Some(Route::Call(_)), _) => Reply::method_not_allowed("POST"),
            (None, _) => match path.strip_suffix('/').map(|rest| rest.trim_end_matches('/')) {
                Some(without) if Route::of(without).is_some() => redirect(&request, without),
                _ => Reply::not_found(),
            },
        }
    }

    async fn receive(&self, method: Method, request: HttpRequest<Incoming>) -> Reply {
        let content_type = request.headers().get(CONTENT_TYPE).cloned();
        let content_type = content_type.as_ref().and_then(|value| value.to_str().ok());
        let body = Limited::new(request.into_body(), LONGEST_BODY).collect();
        let body = match tokio::time::timeout(BODY_LIMIT, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                return Reply::detail(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large");
            }
            Ok(Err(_)) => return Reply::detail(StatusCode::BAD_REQUEST, "There was an error parsing the body"),
            Err(_) => return Reply::detail(StatusCode::REQUEST_TIMEOUT, "Request body took too long"),
        };
        match schema::read(method, content_type, &body) {
            Ok(request) => self.call(request).await,
            Err(reply) => reply,
        }
    }

    /// Answers a call when its turn has come.
    async fn call(&self, request: Request) -> Reply {
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else {
            return Reply::crash();
        };
        let model = Arc::clone(&self.model);
        let secret = self.secret.clone();
        let work = tokio::task::spawn_blocking(move || {
            // Held here, not by the connection: a client that goes away does not end the work.
            let _turn = turn;
            let method = request.method;
            let answer = model
                .predict(&request)
                .and_then(|prediction| sign(&prediction, secret.as_ref()));
            match answer {
                Ok(body) => Reply::json(StatusCode::OK, body),
                Err(message) => failure(method, &message),
            }
        });
        work.await.unwrap_or_else(|_| Reply::crash())
    }
}

/// The signed body; what goes wrong here is told as if the model had raised it, as boileroom's server does.
fn sign(prediction: &Prediction, secret: Option<&Secret>) -> Result<Vec<u8>, String> {
    let missing = || format!("{} environment variable must be set", Secret::VARIABLE);
    let secret = secret.ok_or_else(missing)?;
    let payload = pickle::encode_prediction(prediction).map_err(|error| error.to_string())?;
    Ok(seal(&payload, secret.expose()))
}

/// What a server says when the model raised an exception.
fn failure(method: Method, message: &str) -> Reply {
    let doing = match method {
        Method::Fold => "Folding",
        Method::Embed => "Embedding",
        Method::Generate => "Generation",
    };
    Reply::detail(StatusCode::INTERNAL_SERVER_ERROR, format!("{doing} failed: {message}"))
}

fn redirect(request: &HttpRequest<Incoming>, path: &str) -> Reply {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let query = request.uri().query().map(|query| format!("?{query}"));
    Reply::redirect(&format!(
        "http://{}{path}{}",
        host.unwrap_or_default(),
        query.unwrap_or_default()
    ))
}
