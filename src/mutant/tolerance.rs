//! Whether a change is too small to be wrong: a mutant may do what the model's own tolerances allow a port to do.

use crate::compare::{Agreement, Policy, ToleranceOverrides, compare};
use crate::prediction::{Contract, Prediction};

/// Whether a changed response is the right one as far as the contract's tolerances and gates go, and these looked at the change. A
/// change that they do not look at is not within them.
pub(crate) fn is_within_tolerance(contract: &Contract, right: &Prediction, changed: &Prediction) -> bool {
    let policy = Policy::new(contract, &ToleranceOverrides::default(), None);
    let found = compare(right, changed, &policy);
    let is_measured = |agreement: Agreement| agreement == Agreement::Within;
    found.matches() && found.fields.iter().any(|field| is_measured(field.agreement) && !field.measures.is_empty())
}
