//! How alike two results are, as pure functions over slices: numbers without judgement. Gates and verdicts live above.

mod columns;
mod difference;
mod error;
mod lddt;
mod quaternion;
pub mod selection;
#[cfg(test)]
mod shared_pair;
mod superposition;
#[cfg(test)]
pub(crate) mod test_points;
mod tm_score;

pub use difference::{Difference, Extreme, difference};
pub use error::{MetricError, Point};
pub use lddt::{Contacts, Lddt, lddt};
pub use superposition::{Superposition, rmsd, superpose};
pub use tm_score::{TmScore, distance_scale, tm_score};
