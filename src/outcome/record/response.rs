//! What is known of the response to a call without its values: enough to see what several responses have in common. Data only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of the response to a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResponseRecord {
    /// Its class, where that is not the class of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other_class: Option<String>,
    /// The published size of the model whose dimensions it has, where that is not the one that was configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other_size: Option<String>,
    /// Fields that came because they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) gave: Vec<String>,
    /// Fields that were asked for and did not come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lacks: Vec<String>,
    /// A digest of its values without metadata, equal for equal responses of one version of hydrotest. Absent where it has no arrays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
}
