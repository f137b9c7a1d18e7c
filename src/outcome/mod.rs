//! The outcomes of cases and the conclusion about the backend, as plain data. Does not run cases, print or write files.

mod case_outcome;
mod conclusion;
pub(crate) mod evidence;
mod explain;
pub(crate) mod record;
mod shrunk;
mod verdict;

pub(crate) use case_outcome::JudgedAttempt;
pub use case_outcome::{Outcome, RunOutcome};
pub(crate) use conclusion::{CaseFacts, RunEvidence};
pub use conclusion::{Conclusion, Interruption, VerdictCounts};
pub(crate) use explain::quote;
pub(crate) use shrunk::{Shrinking, ShrunkCase};
pub use verdict::Verdict;
