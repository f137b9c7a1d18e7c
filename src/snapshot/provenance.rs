//! The origin of a recorded result: the backend, the model and the request. A snapshot states it for readers and for the search for
//! results of other requests. Does not compare results.

use serde::{Deserialize, Serialize};

use super::SnapshotKey;
use crate::diagnosis::Relation;
use crate::prediction::{Options, Request};

/// How a result is made, from which its origin is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    /// Name of the backend.
    pub backend: String,
    /// Kind of the backend.
    pub kind: String,
    /// Name of the model, such as `ESMFold2`.
    pub model: String,
    /// The request.
    pub request: Request,
    /// The fixed options of its instance that change results and are not the model's own defaults.
    pub config: Options,
    /// The name of the option that makes results repeatable, if the model has one.
    pub seed_option: Option<String>,
    /// The time of the response, in any form; `None` if recording must be reproducible.
    pub recorded: Option<String>,
    /// The file that defines the case, such as `suites/fold.toml`.
    pub source: String,
}

/// The origin as it is written in a snapshot.
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
    /// The model's own name.
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
    /// The origin for the result of a key.
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

    /// How this result's request differs from another one. Returns `None` if both ask the same. Which fields are requested does not
    /// count, and the seed is the option of this name.
    pub(super) fn relation(&self, other: &Self, seed_option: Option<&str>) -> Option<Relation> {
        let others = |origin: &Self| {
            let mut options = origin.options.clone();
            options.retain(|name, _| Some(&**name) != seed_option && name != "include_fields");
            options
        };
        let seed = |origin: &Self| seed_option.and_then(|name| origin.options.get(name).cloned());
        let is_same_request = self.method == other.method
            && self.input == other.input
            && self.config == other.config
            && others(self).iter().eq(others(other).iter());
        if !is_same_request {
            return Some(Relation::OtherRequest);
        }
        // To equal a result of the same request and seed is no mistake.
        (seed(self) != seed(other)).then_some(Relation::OtherSeed)
    }
}

/// Fixed options in words.
pub(super) fn in_words(options: &Options) -> String {
    if options.is_empty() {
        return "none beyond the model's defaults".to_owned();
    }
    options.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
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
        let relation = |other: &Origin, seed| first.relation(other, seed);
        assert_eq!(relation(&again, Some("seed")), Some(Relation::OtherSeed));
        assert_eq!(relation(&again, None), Some(Relation::OtherRequest));
        again.options.insert("seed".into(), json!(1));
        assert_eq!(relation(&again, Some("seed")), None);
        let mut configured = origin();
        configured.config.insert("no_kernels".into(), json!(true));
        assert_eq!(relation(&configured, Some("seed")), Some(Relation::OtherRequest));
        again.input = json!(["ACE"]);
        assert_eq!(relation(&again, Some("seed")), Some(Relation::OtherRequest));
    }
}
