//! Where a recorded result comes from: what was asked of what. It stands in a snapshot, for people and for those who look for other
//! responses to the same question. Only the configuration is ever compared: a result under other fixed options is no reference.

use serde::{Deserialize, Serialize};

use super::SnapshotKey;
use crate::prediction::{Options, Request};

/// What is said of the defaults of the model.
const DEFAULTS: &str = "none beyond the model's defaults";

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

/// The same as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    /// The version that wrote it.
    pub(crate) hydrotest: String,
    pub(crate) source: String,
    pub(crate) backend: String,
    pub(crate) kind: String,
    pub(crate) weights: String,
    /// The key of the model in the configuration.
    pub(crate) model: String,
    /// What the model calls itself.
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) input: serde_json::Value,
    pub(crate) options: Options,
    #[serde(default, skip_serializing_if = "Options::is_empty")]
    pub(crate) config: Options,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recorded: Option<String>,
}

impl Provenance {
    /// What is written beside the result of a key.
    pub(super) fn origin(&self, key: &SnapshotKey) -> Origin {
        Origin {
            hydrotest: env!("CARGO_PKG_VERSION").to_owned(),
            source: self.source.clone(),
            backend: self.backend.clone(),
            kind: self.kind.clone(),
            weights: key.weights().to_owned(),
            model: key.model().to_owned(),
            name: self.model.clone(),
            method: self.request.method.name().to_owned(),
            input: self.request.input.to_json(),
            options: self.request.options.clone(),
            config: self.config.clone(),
            call: key.call().map(str::to_owned),
            recorded: self.recorded.clone(),
        }
    }
}

impl Origin {
    /// One line for the head of a review.
    pub(super) fn description(&self) -> String {
        let Self { name, method, backend, kind, weights, .. } = self;
        format!("{name} {method} on {backend} (kind {kind}) with {weights} weights")
    }

    /// What was asked of which instance, without the seed and without what was to be told of the result; and the seed, which is the option of this
    /// name.
    pub(super) fn question(&self, seed_option: Option<&str>) -> (Question<'_>, Option<&serde_json::Value>) {
        let asked = |name: &str| Some(name) != seed_option && name != "include_fields";
        let question = Question {
            method: &self.method,
            input: &self.input,
            options: self.options.iter().filter(|(name, _)| asked(name)).collect(),
            config: &self.config,
        };
        (question, seed_option.and_then(|name| self.options.get(name)))
    }

    /// How the fixed options of a recorded result differ from those of now: its own, then those of now, in words; `None` where they
    /// are the same.
    pub(super) fn configured_otherwise(&self, now: &Provenance) -> Option<(String, String)> {
        (self.config != now.config).then(|| (in_words(&self.config), in_words(&now.config)))
    }
}

/// What was asked of a model.
#[derive(Debug, PartialEq)]
pub(super) struct Question<'a> {
    method: &'a str,
    input: &'a serde_json::Value,
    options: Vec<(&'a String, &'a serde_json::Value)>,
    config: &'a Options,
}

fn in_words(options: &Options) -> String {
    if options.is_empty() {
        return DEFAULTS.to_owned();
    }
    let words = options.iter().map(|(name, value)| format!("{name}: {value}"));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in super::super) fn origin() -> Origin {
        let json = json!({
            "hydrotest": "0", "source": "suites/fold.toml", "backend": "here", "kind": "reference", "weights": "synthetic",
            "model": "esmfold", "name": "ESMFold", "method": "fold", "input": ["ACD"],
            "options": { "seed": 1, "steps": 5, "include_fields": ["plddt"] }
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_question_is_the_same_under_another_seed_and_with_other_fields() {
        let first = origin();
        let mut again = origin();
        again.options.insert("seed".into(), json!(2));
        again.options.insert("include_fields".into(), json!(["*"]));
        let (one, other) = (first.question(Some("seed")), again.question(Some("seed")));
        assert_eq!(one.0, other.0);
        assert_ne!(one.1, other.1);
        assert_ne!(first.question(None).0, again.question(None).0);
        let mut configured = origin();
        configured.config.insert("no_kernels".into(), json!(true));
        assert_ne!(first.question(Some("seed")).0, configured.question(Some("seed")).0);
        again.input = json!(["ACE"]);
        assert_ne!(first.question(Some("seed")).0, again.question(Some("seed")).0);
    }
}
