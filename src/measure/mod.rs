//! Numbers by which two results are held against each other, and what each of them says: indistinguishable, within tolerance
//! or different. Knows no suite, no snapshot and no gate; computes no metric.

mod elements;
mod floor;
mod measured;
mod number;

pub use elements::{ABSOLUTE, of_elements};
pub use floor::{Floor, Noise, Worst, with_slack};
pub use measured::{Better, Measure, Verdict, bound};
pub use number::{count, exact, show};

/// One measure of one value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The check that took it.
    pub check: &'static str,
    /// The call whose answer it is about.
    pub call: String,
    /// The value, such as `atom_array[0]`.
    pub path: String,
    /// What was seen, what repeats differ by, what is allowed.
    pub measure: Measure,
}

/// `snapshot plddt[0]: pLDDT error 0.0003, allowed 0.005: within tolerance`.
impl std::fmt::Display for Measurement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            check, path, measure, ..
        } = self;
        write!(f, "{check} {path}: {measure}: {}", measure.verdict())
    }
}
