//! Numbers by which two results are compared with each other, and what each of them says: indistinguishable, within tolerance
//! or different. Knows no suite, no snapshot and no gate; computes no metric.

mod elements;
mod noise_floor;
mod number;
mod value;

pub(crate) use elements::{ABSOLUTE, of_elements};
pub use noise_floor::NoiseFloor;
pub(crate) use noise_floor::{Noise, Worst, with_slack};
pub(crate) use number::{count, exact, show};
pub use value::MetricVerdict;
pub(crate) use value::{Direction, MetricValue, bound};

/// One measure of one value of a response.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedValue {
    /// The check that took it.
    pub(crate) check: &'static str,
    /// The call whose response it is about.
    pub(crate) call: String,
    /// The value, such as `atom_array[0]`.
    pub path: String,
    /// What was seen, what repeats differ by, what is allowed.
    pub measure: MetricValue,
}

/// `snapshot plddt[0]: pLDDT error 0.0003, allowed 0.005: within tolerance`.
impl std::fmt::Display for CheckedValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { check, path, measure, .. } = self;
        write!(f, "{check} {path}: {measure}: {}", measure.verdict())
    }
}
