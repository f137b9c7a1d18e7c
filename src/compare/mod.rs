//! Whether two responses are the same: the one place where that is decided, for recorded results, for responses of one case, for
//! repeats and for files. Pure: it knows no storage, no check and no command, and the verdict depends neither on the length of a
//! response nor on who asks.
//!
//! [`compare`] lays both responses out by path and judges value by value as a [`Policy`] says: structures, confidences, aligned
//! errors and rows of numbers by the gates of their model, part by part, everything else element by element. What cannot be judged
//! by its gate is [`ValueDifference::Unjudged`], never judged by another rule.

mod atom_names;
mod comparison;
mod explain;
mod fields;
mod kept_rows;
mod layout;
mod message;
mod metrics;
mod noise;
mod pair_errors;
mod placed;
mod policy;
mod row_place;
mod rows;
mod structure;
mod walk;

pub use comparison::{Agreement, Comparison, FieldComparison, ValueDifference};
pub use explain::likely_cause;
pub(crate) use explain::paths_of_causes;
pub(crate) use fields::{PLDDT, STRUCTURES, confidence_at};
pub(crate) use metrics::metric;
pub use noise::floors;
pub use policy::{Policy, ToleranceOverrides};
pub(crate) use structure::{Side, atom_faults, behind, compare_structures, factor_of, least_dockq, of_residues};
pub use structure::{StructureComparison, compare_pae};

use crate::prediction::{Listing, Prediction};

/// Compares every value that either response has, in the order of the expected one, then what only the other one has.
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
