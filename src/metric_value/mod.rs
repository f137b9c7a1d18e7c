//! Numbers by which two results are compared, and their verdicts: indistinguishable, within tolerance or different. Does not know
//! suites, snapshots or gates, and does not compute metrics.

mod number;
mod value;

pub(crate) use number::{count, exact, show};
pub(crate) use value::{ABSOLUTE, Direction, MetricValue, Noise, Worst, bound, of_elements, with_slack};
pub use value::{MetricVerdict, NoiseFloor};

/// A metric of one value of a response.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedValue {
    /// The check that compared it.
    pub(crate) check: &'static str,
    /// The call with the response.
    pub(crate) call: String,
    /// The path of the value, such as `atom_array[0]`.
    pub path: String,
    /// The metric.
    pub measure: MetricValue,
}

/// `snapshot plddt[0]: pLDDT error 0.0003, allowed 0.005: within tolerance`.
impl std::fmt::Display for CheckedValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { check, path, measure, .. } = self;
        write!(f, "{check} {path}: {measure}: {}", measure.verdict())
    }
}
