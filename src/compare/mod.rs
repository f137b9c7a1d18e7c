//! Decides whether two responses are the same: for recorded results, for responses of one case, for repeats and for files. Does not
//! know storage, checks or commands. The verdict does not depend on the length of a response or on the caller.
//!
//! [`compare`] lists both responses by path and compares value by value with a [`Policy`]: structures, confidences, aligned errors and
//! rows of numbers by the gates of their model, everything else element by element. A value that its gate cannot judge is
//! [`ValueDifference::Unjudged`], and is never judged by another rule.

mod comparison;
mod explain;
mod fields;
mod kept_rows;
mod layout;
mod message;
mod metrics;
mod noise;
mod placed;
mod policy;
mod rows;
mod structure;
mod walk;

pub use comparison::{Agreement, Comparison, FieldComparison, ValueDifference};
pub use explain::likely_cause;
pub(crate) use explain::paths_of_causes;
pub(crate) use fields::{PLDDT, STRUCTURES, confidence_at, side};
pub(crate) use metrics::metric;
pub use noise::floors;
pub use policy::{Policy, ToleranceOverrides};
pub(crate) use structure::{Side, atom_faults, behind, compare_structures, factor_of, least_dockq, of_residues};
pub use structure::{StructureComparison, compare_pae};

use crate::prediction::{Listing, Prediction};

/// Compares every value of the expected response in its order, then the values that only the other one has.
#[must_use]
pub fn compare(expected: &Prediction, actual: &Prediction, policy: &Policy) -> Comparison {
    match (Listing::of(expected), Listing::of(actual)) {
        (Ok(expected), Ok(actual)) => Comparison { fields: walk::walk(&expected, &actual, policy) },
        (Err(error), _) => Comparison::of_whole(ValueDifference::Unjudged(error.to_string())),
        (Ok(_), Err(error)) => Comparison::of_whole(ValueDifference::Changed {
            expected: "a response that can be recorded".to_owned(),
            actual: error.to_string(),
        }),
    }
}
