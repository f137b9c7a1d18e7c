//! Checks: what a suite may demand of a model's answers. One file per check; all of them only look, never call a backend
//! and never print.

mod axes;
mod bounds;
mod complex;
mod contract;
mod evidence;
mod expected;
mod finding;
#[cfg(test)]
mod fixture;
mod number;
mod tally;

pub use contract::ContractCheck;
pub use evidence::{Answer, Calls, Evidence, Given};
pub use expected::{BEST_STRUCTURE_ONLY, Expected, PADS_EVERY_BATCH};
pub use finding::Finding;

/// One demand of a case, ready to judge.
pub trait Check: Send + Sync + std::fmt::Debug {
    /// Its name in suites.
    fn name(&self) -> &'static str;

    /// The calls it looks at.
    fn calls(&self) -> &Calls;

    /// Everything that is wrong by it; empty when the answers are as they should be.
    fn judge(&self, evidence: &Evidence<'_>) -> Vec<Finding>;
}
