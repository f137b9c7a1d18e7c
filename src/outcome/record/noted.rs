//! What a run notes while a case runs: its times, and facts about each response. Does not hold values or verdicts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The times of a case, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseTimes {
    /// Waiting for a free instance, without its start.
    pub(crate) wait: f64,
    /// Starting an instance.
    pub(crate) start: f64,
    /// Calls.
    pub(crate) calls: f64,
    /// Judging responses.
    pub(crate) judge: f64,
}

/// Facts about the response to a call without its values, which show what several responses have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResponseRecord {
    /// Its class, if that is not the class of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other_class: Option<String>,
    /// The published size of the model whose dimensions it has, if that is not the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other_size: Option<String>,
    /// Requested fields that it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) gave: Vec<String>,
    /// Requested fields that it does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lacks: Vec<String>,
    /// A digest of its values without metadata, equal for equal responses within one version of hydrotest. Absent if it has no arrays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
}
