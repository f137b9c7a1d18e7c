//! The only place where this target calls the comparison: a verdict on two predictions, and the likely cause.

use hydrotest::compare::{Policy, ToleranceOverrides, compare, likely_cause};
use hydrotest::diagnosis::MistakeKind;
use hydrotest::prediction::{Contract, Prediction};

/// Result of a comparison.
#[derive(Debug)]
pub struct Judged {
    /// Whether the two are different, by the model's gates.
    pub different: bool,
    /// The mistake that explains the difference.
    pub cause: Option<MistakeKind>,
    /// The message.
    pub message: String,
}

/// Compares a prediction with the expected one, like the check `snapshot`.
pub fn judge(contract: &Contract, expected: &Prediction, actual: &Prediction) -> Judged {
    let found = compare(expected, actual, &Policy::new(contract, &ToleranceOverrides::default(), None));
    let cause = likely_cause(Some(contract), &found, expected, actual, &[]);
    let message = found.details().join("; ").chars().take(300).collect::<String>();
    Judged {
        different: !found.matches(),
        message: format!("{cause:?} of {message}"),
        cause: cause.map(|cause| cause.kind),
    }
}

/// The verdict alone, without the search for a cause.
pub fn is_different(contract: &Contract, expected: &Prediction, actual: &Prediction) -> bool {
    !compare(expected, actual, &Policy::new(contract, &ToleranceOverrides::default(), None)).matches()
}
