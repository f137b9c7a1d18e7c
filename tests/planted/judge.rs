//! The one place where this target asks the comparison: a verdict on two predictions, and the likely cause.

use hydrotest::compare::{Policy, ToleranceOverrides, compare, likely_cause};
use hydrotest::diagnosis::MistakeKind;
use hydrotest::prediction::{Contract, Prediction};

/// What a comparison says.
#[derive(Debug)]
pub struct Judged {
    /// Whether the two are different, by the gates of the model.
    pub different: bool,
    /// Which mistake explains it.
    pub cause: Option<MistakeKind>,
    /// What was said.
    pub words: String,
}

/// Compares a prediction with the expected one, as the check `snapshot` does.
pub fn judge(contract: &Contract, expected: &Prediction, actual: &Prediction) -> Judged {
    let found = compare(expected, actual, &Policy::new(contract, &ToleranceOverrides::default(), None));
    let cause = likely_cause(Some(contract), &found, expected, actual, &[]);
    let words = found.details().join("; ").chars().take(300).collect::<String>();
    Judged { different: !found.matches(), words: format!("{cause:?} of {words}"), cause: cause.map(|cause| cause.kind) }
}

/// The verdict alone: no cause is looked for.
pub fn is_different(contract: &Contract, expected: &Prediction, actual: &Prediction) -> bool {
    !compare(expected, actual, &Policy::new(contract, &ToleranceOverrides::default(), None)).matches()
}
