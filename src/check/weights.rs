//! Whether a response is from the weights that its backend is declared with. Looks at what the response says of itself; compares no
//! values.

use super::case_results::{AnsweredCall, CaseResults, RecordedResults};
use super::finding::Finding;
use crate::snapshot::SnapshotKey;
use crate::synthetic::{WEIGHTS as SYNTHETIC, synthetic_version};

/// The weights that the authors of the models published.
const PUBLISHED: &str = "published";

/// The weights behind the response to a call, as its backend is declared; `None` where it is not known.
pub(crate) fn of_call(results: &CaseResults<'_>, call: &str) -> Option<String> {
    let recorded = results.recorded?;
    Some((recorded.key)(call).ok()?.weights().to_owned())
}

/// Whether weights are those of a trained model, so that what they fold could exist.
pub(crate) fn is_trained(weights: &str) -> bool {
    [PUBLISHED, SYNTHETIC].contains(&weights)
}

/// A response that says by its version whether it is synthetic, where the backend's table says otherwise: to compare it would
/// judge one model by the results of another.
pub(crate) fn mislabelled(
    check: &'static str,
    key: &SnapshotKey,
    recorded: &RecordedResults<'_>,
    answered: &AnsweredCall<'_>,
) -> Option<Finding> {
    let version = answered.prediction.at("metadata.model_version")?.as_text()?;
    let is_synthetic = synthetic_version(answered.prediction).is_some();
    let (weights, declared) = (key.weights(), recorded.declared);
    if is_synthetic == (weights == SYNTHETIC) {
        return None;
    }
    let hint = if is_synthetic {
        format!("write `weights = \"{SYNTHETIC}\"` {declared}, or run the model itself there")
    } else {
        format!(
            "change `weights = \"{SYNTHETIC}\"` {declared} to the name of the weights that the model has there, such as \"published\""
        )
    };
    let says = if is_synthetic { "is synthetic" } else { "is not synthetic" };
    let summary = format!(
        "the response says that it {says} (model version `{version}`), and the backend is declared with weights `{weights}`"
    );
    Some(Finding::misconfigured(check, answered.call, summary).hint(hint))
}
