//! Keeps the raw responses of one instance. Knows which model and configuration they are of; writes through a
//! [`ResponseWriter`] and never what holds a secret.

use std::sync::Arc;

use super::{BackendError, Stage};
use crate::prediction::{Options, Request};
use crate::wire::Secret;
use crate::wire::responses::{CallKey, RawResponse, ResponseWriter};

/// What keeps the responses of an instance.
#[derive(Debug, Clone)]
pub struct InstanceRecorder {
    writer: Arc<ResponseWriter>,
    model: String,
    config: Options,
}

impl InstanceRecorder {
    /// Keeps the responses of a model with a configuration.
    pub(crate) fn new(writer: Arc<ResponseWriter>, model: &str, config: &Options) -> Self {
        Self { writer, model: model.to_owned(), config: config.clone() }
    }

    /// Keeps a response, unless the secret is in it.
    pub(crate) async fn keep(&self, request: &Request, raw: &RawResponse, secret: Option<&Secret>) {
        let key = CallKey::new(&self.model, &self.config, request);
        if secret.is_some_and(|secret| holds(raw, secret)) {
            let model = &self.model;
            let reason = format!("a response of {model} holds the secret that signs it, and is not kept");
            self.writer.refuse(reason);
            return;
        }
        let (writer, raw) = (Arc::clone(&self.writer), raw.clone());
        // Deflating tens of megabytes must not hold up the watch over other instances; a panic there is the writer's own.
        let _ = tokio::task::spawn_blocking(move || writer.keep(&key, &raw)).await;
    }

    /// Keeps a response that came in a form of its own, such as an exception; nothing where the error is no response.
    pub(crate) async fn keep_error(&self, request: &Request, error: &BackendError) {
        if !error.fault.is_response() {
            return;
        }
        let raw = RawResponse::Failure {
            fault: error.fault.name().to_owned(),
            decoding: error.stage == Stage::Decode,
            message: error.message.clone(),
            exception: error.exception.clone(),
        };
        self.keep(request, &raw, None).await;
    }
}

/// Whether the secret stands in a payload; texts have it masked already.
fn holds(raw: &RawResponse, secret: &Secret) -> bool {
    match raw {
        RawResponse::Payload { pickle, buffers } => {
            let finder = memchr::memmem::Finder::new(secret.expose().as_bytes());
            std::iter::once(pickle).chain(buffers).any(|part| finder.find(part).is_some())
        }
        RawResponse::Status { .. } | RawResponse::Failure { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::prediction::{Input, Method};
    use crate::wire::responses::{Replayed, ResponseOrigin, ResponseReader};

    fn request(input: &str) -> Request {
        Request {
            method: Method::Embed,
            input: Input::One(input.into()),
            options: json!({}).as_object().unwrap().clone(),
        }
    }

    #[tokio::test]
    async fn what_holds_the_secret_is_not_kept_and_buffers_are() {
        let home = tempfile::tempdir().unwrap();
        let origin = ResponseOrigin {
            backend: "live".into(),
            kind: "python".into(),
            weights: "published".into(),
            hydrotest: "0".into(),
        };
        let writer = Arc::new(ResponseWriter::create(home.path(), origin).unwrap());
        let recorder = InstanceRecorder::new(Arc::clone(&writer), "esm2", &Options::new());
        let secret = Secret::new("0123456789abcdef").unwrap();
        let payload = |pickle: &'static str, buffers: &[&'static str]| RawResponse::Payload {
            pickle: Bytes::from_static(pickle.as_bytes()),
            buffers: buffers.iter().map(|buffer| Bytes::from_static(buffer.as_bytes())).collect(),
        };
        let leaks =
            [payload("text 0123456789abcdef text", &[]), payload("text", &["numbers", "more 0123456789abcdef"])];
        for raw in &leaks {
            recorder.keep(&request("A"), raw, Some(&secret)).await;
        }
        assert_eq!(writer.kept().0, 0);
        let failures = writer.failures();
        assert!(failures.len() == 2 && failures[0].contains("holds the secret"), "{failures:?}");
        let right = payload("text", &["first buffer", "", "third"]);
        recorder.keep(&request("C"), &right, Some(&secret)).await;
        assert_eq!(writer.kept().0, 1);
        let reader = ResponseReader::open(home.path()).unwrap();
        let key = |input: &str| CallKey::new("esm2", &Options::new(), &request(input));
        assert!(matches!(reader.next(&key("A")).unwrap(), Replayed::Absent));
        let Replayed::Response { raw, .. } = reader.next(&key("C")).unwrap() else { panic!("it is not there") };
        assert_eq!(raw, right);
    }
}
