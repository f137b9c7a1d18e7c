//! Where a recorded result comes from: what was asked of what. It stands in the metadata of a snapshot, for people. Of all of it only
//! the configuration is compared (`configured`): a result under other fixed options is no reference.

use insta::internals::Content;

use super::SnapshotKey;
use crate::prediction::{Options, Request};

/// What a reader of a snapshot wants to know of its making.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    /// Name of the backend that answered.
    pub backend: String,
    /// Its kind.
    pub kind: String,
    /// Name of the model, such as `ESMFold2`.
    pub model: String,
    /// The request it answered.
    pub request: Request,
    /// The fixed options of its instance that change results and are not the model's own defaults.
    pub config: Options,
    /// The name of the option that makes results repeatable, where the model has one.
    pub seed_option: Option<String>,
    /// When it answered, in the caller's words; left out where recording must be reproducible.
    pub recorded: Option<String>,
    /// The file that states the case, such as `suites/fold.toml`.
    pub source: String,
}

impl Provenance {
    /// One line for the head of a review.
    pub(super) fn description(&self, key: &SnapshotKey) -> String {
        let Self {
            model,
            backend,
            kind,
            request,
            ..
        } = self;
        let (method, weights) = (request.method, key.weights());
        format!("{model} {method} on {backend} (kind {kind}) with {weights} weights")
    }

    /// The metadata of the snapshot as insta writes it.
    pub(super) fn info(&self, key: &SnapshotKey) -> Content {
        let text = |text: &str| Content::from(text);
        let mut info = vec![
            ("hydrotest", text(env!("CARGO_PKG_VERSION"))),
            ("backend", text(&self.backend)),
            ("kind", text(&self.kind)),
            ("weights", text(key.weights())),
            ("model", text(key.model())),
            ("method", text(self.request.method.name())),
            ("input", content(&self.request.input.to_json())),
            (
                "options",
                content(&serde_json::Value::Object(self.request.options.clone())),
            ),
        ];
        if !self.config.is_empty() {
            info.push(("config", content(&serde_json::Value::Object(self.config.clone()))));
        }
        if let Some(call) = key.call() {
            info.push(("call", text(call)));
        }
        if let Some(recorded) = &self.recorded {
            info.push(("recorded", text(recorded)));
        }
        Content::Map(info.into_iter().map(|(name, value)| (text(name), value)).collect())
    }
}

fn content(json: &serde_json::Value) -> Content {
    match json {
        serde_json::Value::Null => Content::from(()),
        serde_json::Value::Bool(value) => Content::from(*value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => Content::from(integer),
            None => number.as_f64().map_or(Content::from(()), Content::from),
        },
        serde_json::Value::String(text) => Content::from(text.as_str()),
        serde_json::Value::Array(items) => Content::Seq(items.iter().map(content).collect()),
        serde_json::Value::Object(entries) => Content::Map(
            entries
                .iter()
                .map(|(name, value)| (Content::from(name.as_str()), content(value)))
                .collect(),
        ),
    }
}
