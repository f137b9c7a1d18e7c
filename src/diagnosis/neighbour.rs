//! Another result that a response may be by mistake: a response of the same case, a recorded one. Data only.

use super::Relation;
use crate::prediction::Prediction;

/// Another result of the same model.
#[derive(Debug, Clone)]
pub struct OtherResult {
    /// What it is, such as `the recorded result of fold::short`.
    pub(crate) label: String,
    /// How what was asked differs.
    pub(crate) relation: Relation,
    /// The result.
    pub(crate) prediction: Prediction,
}
