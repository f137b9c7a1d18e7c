//! Keeps the raw responses of one instance, with their model and configuration. Writes through a [`ResponseWriter`] and never writes a
//! response that contains the secret.

use std::sync::Arc;

use super::{BackendError, Stage};
use crate::prediction::{Options, Request};
use crate::wire::Secret;
use crate::wire::responses::{CallKey, RawResponse, ResponseWriter};

/// Records the responses of an instance.
#[derive(Debug, Clone)]
pub struct InstanceRecorder {
    pub(super) writer: Arc<ResponseWriter>,
    pub(super) model: String,
    pub(super) config: Options,
}

impl InstanceRecorder {
    /// Keeps a response unless it contains the secret.
    pub(crate) async fn keep(&self, request: &Request, raw: &RawResponse, secret: Option<&Secret>) {
        if secret.is_some_and(|secret| holds(raw, secret)) {
            let model = &self.model;
            return self
                .writer
                .refuse(format!("a response of {model} holds the secret that signs it, and is not kept"));
        }
        let key = CallKey::new(&self.model, &self.config, request);
        let (writer, raw) = (Arc::clone(&self.writer), raw.clone());
        // Compressing tens of megabytes must not block the watch over other instances. The writer handles its own panics.
        let _ = tokio::task::spawn_blocking(move || writer.keep(&key, &raw)).await;
    }

    /// Keeps an error that is the response itself, such as an exception. Does nothing for other errors.
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

/// Whether a payload contains the secret. Texts are masked already.
fn holds(raw: &RawResponse, secret: &Secret) -> bool {
    let RawResponse::Payload { pickle, buffers } = raw else { return false };
    let finder = memchr::memmem::Finder::new(secret.expose());
    std::iter::once(pickle).chain(buffers).any(|part| finder.find(part).is_some())
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
        let recorder = InstanceRecorder { writer: Arc::clone(&writer), model: "esm2".into(), config: Options::new() };
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
