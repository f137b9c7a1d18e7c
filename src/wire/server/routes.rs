//! Routes a request by path and method, reads the body of a call, and makes the call. Does not handle connections.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION, SERVER};
use hyper::{Request as HttpRequest, Response, StatusCode};
use serde_json::{Value, json};

use super::{ModelServer, ServedModel};
use crate::prediction::{Input, Method, Options, Prediction, Request};
use crate::wire::envelope::seal;
use crate::wire::{Secret, pickle};

/// The most bytes of a request body. The longest alignments take a few megabytes.
const LONGEST_BODY: usize = 32 << 20;
/// The time limit for the body of a request.
const BODY_LIMIT: Duration = Duration::from_secs(60);

type HttpResponse = Response<Full<Bytes>>;

/// The paths of the server with their HTTP methods, and the called method of the model.
const ROUTES: [(&str, &str, Option<Method>); 3] =
    [("/health", "GET", None), ("/embed", "POST", Some(Method::Embed)), ("/fold", "POST", Some(Method::Fold))];

impl<M: ServedModel> ModelServer<M> {
    /// Responds to one request.
    pub(super) async fn respond(&self, request: HttpRequest<Incoming>) -> HttpResponse {
        let path = request.uri().path();
        let route = |path: &str| ROUTES.iter().find(|(known, ..)| *known == path);
        match route(path) {
            Some((_, verb, _)) if request.method() != verb => method_not_allowed(verb),
            Some((.., None)) => with_json(StatusCode::OK, r#"{"status":"ready"}"#),
            Some((.., Some(method))) => self.receive(*method, request).await,
            None => match path.strip_suffix('/').map(|rest| rest.trim_end_matches('/')) {
                Some(without) if route(without).is_some() => redirect(&request, without),
                _ => refusal(StatusCode::NOT_FOUND, "Not Found"),
            },
        }
    }

    async fn receive(&self, method: Method, request: HttpRequest<Incoming>) -> HttpResponse {
        let is_json = is_json(request.headers().get(CONTENT_TYPE));
        let body = Limited::new(request.into_body(), LONGEST_BODY).collect();
        let body = match tokio::time::timeout(BODY_LIMIT, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                return refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
            }
            Ok(Err(_)) => return refusal(StatusCode::BAD_REQUEST, "the body ended before it was complete"),
            Err(_) => return refusal(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"),
        };
        let Ok(text) = std::str::from_utf8(&body) else {
            return refusal(StatusCode::BAD_REQUEST, "the body is not UTF-8");
        };
        let read = if is_json {
            read(method, text)
        } else {
            Err("the body must be JSON, with the header `Content-Type: application/json`".to_owned())
        };
        match read {
            Ok(request) => self.call(request).await,
            Err(problem) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &problem),
        }
    }

    /// Makes a call after all earlier ones.
    async fn call(&self, request: Request) -> HttpResponse {
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else { return crash() };
        let model = Arc::clone(&self.model);
        let secret = self.secret.clone();
        let work = tokio::task::spawn_blocking(move || {
            // Held here and not by the connection, because the work goes on if the client disconnects.
            let _turn = turn;
            match model.predict(&request).and_then(|prediction| sign(&prediction, secret.as_ref())) {
                Ok(body) => with_json(StatusCode::OK, body),
                Err(message) => model_error(request.method, &message),
            }
        });
        work.await.unwrap_or_else(|_| crash())
    }
}

/// The signed body. Errors are reported as errors of the model, as boileroom's server does.
fn sign(prediction: &Prediction, secret: Option<&Secret>) -> Result<Vec<u8>, String> {
    let secret = secret.ok_or_else(|| format!("{} environment variable must be set", Secret::VARIABLE))?;
    let payload = pickle::encode_prediction(prediction).map_err(|error| error.to_string())?;
    Ok(seal(&payload, secret.expose()))
}

/// Whether the type is `application/json` or `application/…+json`, with any parameters.
fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let kind = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// The call of a body, or a sentence that tells what is wrong with the body.
fn read(method: Method, text: &str) -> Result<Request, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let body = serde_json::from_str(text).map_err(|error| format!("the body is not JSON: {error}"))?;
    let Value::Object(mut body) = body else { return Err("the body must be a JSON object".to_owned()) };
    let options = match body.remove("options") {
        None | Some(Value::Null) => Options::new(),
        Some(Value::Object(options)) => options,
        Some(_) => return Err("`options` must be an object or null".to_owned()),
    };
    let sequences = body.remove("sequences").ok_or("the body has no key `sequences`")?;
    let is_fold = method == Method::Fold;
    let input = match sequences {
        Value::String(text) => Some(Input::One(text)),
        Value::Array(items) if is_fold && !items.is_empty() && items.iter().all(Value::is_object) => {
            Some(Input::Structured(items.into()))
        }
        object @ Value::Object(_) if is_fold => Some(Input::Structured(object)),
        other => serde_json::from_value(other).ok().map(Input::Many),
    };
    let forms = match method {
        Method::Fold => "a string, an object, or a list of strings or of objects",
        Method::Embed | Method::Generate => "a string or a list of strings",
    };
    Ok(Request { method, input: input.ok_or_else(|| format!("`sequences` must be {forms}"))?, options })
}

fn response(status: StatusCode, header: (HeaderName, HeaderValue), body: impl Into<Bytes>) -> HttpResponse {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().extend([(SERVER, HeaderValue::from_static("hydrotest")), header]);
    response
}

fn with_json(status: StatusCode, body: impl Into<Bytes>) -> HttpResponse {
    response(status, (CONTENT_TYPE, HeaderValue::from_static("application/json")), body)
}

/// The form of errors of `FastAPI`: `{"detail": …}`.
fn refusal(status: StatusCode, detail: &str) -> HttpResponse {
    with_json(status, json!({ "detail": detail }).to_string())
}

fn model_error(method: Method, message: &str) -> HttpResponse {
    let doing = match method {
        Method::Fold => "Folding",
        Method::Embed => "Embedding",
        Method::Generate => "Generation",
    };
    refusal(StatusCode::INTERNAL_SERVER_ERROR, &format!("{doing} failed: {message}"))
}

/// The response if the model panics, in the form of boileroom's framework.
fn crash() -> HttpResponse {
    let plain = (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response(StatusCode::INTERNAL_SERVER_ERROR, plain, "Internal Server Error")
}

fn method_not_allowed(allowed: &'static str) -> HttpResponse {
    let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn redirect(request: &HttpRequest<Incoming>, path: &str) -> HttpResponse {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let query = request.uri().query().map(|query| format!("?{query}"));
    let target = format!("http://{}{path}{}", host.unwrap_or_default(), query.unwrap_or_default());
    match HeaderValue::from_str(&target) {
        Ok(target) => response(StatusCode::TEMPORARY_REDIRECT, (LOCATION, target), Bytes::new()),
        Err(_) => refusal(StatusCode::NOT_FOUND, "Not Found"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_in_every_form() {
        let read = |body: &str| read(Method::Fold, body).unwrap();
        assert_eq!(read(r#"{"sequences":"AC","extra":1}"#).input, Input::One("AC".into()));
        let many = read("\u{feff}{\"sequences\":[\"A\",\"C\"],\"options\":null}");
        assert_eq!(many.input, Input::Many(vec!["A".into(), "C".into()]));
        assert_eq!(many.options, Options::new());
        let structured = read(r#"{"sequences":[{"kind":"x"}],"options":{"seed":1}}"#);
        assert_eq!(structured.input, Input::Structured(json!([{"kind": "x"}])));
        assert_eq!(structured.options["seed"], 1);
        assert_eq!(read(r#"{"sequences":[]}"#).input, Input::Many(Vec::new()));
    }

    #[test]
    fn a_body_that_is_no_call_is_refused_with_one_sentence() {
        let refused = |method, body: &str| read(method, body).unwrap_err();
        let bodies = [r#"{"options":{}}"#, r#"{"sequences":"A","options":2}"#, "[1]", "["];
        let fold = [r#"{"sequences":["A",{"k":1}]}"#, r#"{"sequences":1}"#];
        let embed = [r#"{"sequences":{}}"#, r#"{"sequences":[{}]}"#];
        let all = bodies.iter().chain(&fold).map(|body| refused(Method::Fold, body));
        let all = all.chain(embed.iter().map(|body| refused(Method::Embed, body)));
        insta::assert_snapshot!(all.collect::<Vec<_>>().join("\n"), @r"
        the body has no key `sequences`
        `options` must be an object or null
        the body must be a JSON object
        the body is not JSON: EOF while parsing a list at line 1 column 1
        `sequences` must be a string, an object, or a list of strings or of objects
        `sequences` must be a string, an object, or a list of strings or of objects
        `sequences` must be a string or a list of strings
        `sequences` must be a string or a list of strings
        ");
        assert!(refused(Method::Fold, &"[".repeat(100_000)).contains("recursion limit"));
    }

    #[test]
    fn a_type_of_json_may_have_parameters_and_a_prefix() {
        let is_json = |text: &'static str| is_json(Some(&HeaderValue::from_static(text)));
        assert!(is_json("APPLICATION/JSON; charset=utf-8") && is_json("application/vnd.api+json"));
        assert!(!is_json("text/plain") && !is_json("json") && !super::is_json(None));
    }
}
