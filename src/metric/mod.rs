//! Metrics of the similarity of two results, as pure functions over slices. Does not know gates and does not give verdicts.

mod asymmetry;
mod chains;
mod columns;
mod confidence;
mod contact;
mod difference;
mod dockq;
mod embedding;
mod ensemble;
mod equivalence;
mod error;
pub(crate) mod geometry;
mod handedness;
mod lddt;
mod pae;
mod random;
pub mod selection;
#[cfg(test)]
mod shared_pair;
mod superposition;
#[cfg(test)]
pub(crate) mod test_points;
mod tm_score;

pub(crate) use asymmetry::asymmetry;
pub(crate) use chains::best_chain_permutation;
pub(crate) use confidence::{mean_absolute_error, pearson};
pub(crate) use contact::{ContactRule, contact_agreement};
pub use difference::difference;
pub(crate) use difference::{Difference, Extreme};
pub(crate) use dockq::{CONTACT, DockedPair, dockq};
pub(crate) use embedding::{EmbeddingError, cosines, embedding_error, embedding_error_of};
pub(crate) use ensemble::EnergyTest;
pub use ensemble::energy_test;
pub(crate) use equivalence::match_equivalent_names;
pub(crate) use error::MetricError;
pub use error::Point;
pub(crate) use handedness::changed_hands;
pub use lddt::{Contacts, lddt};
pub(crate) use lddt::{Lddt, LddtBothWays, lddt_both_ways};
pub use pae::pae_error;
pub(crate) use random::{Random, mix};
pub use superposition::superpose;
pub(crate) use superposition::{Superposition, rmsd};
pub(crate) use tm_score::distance_scale;
pub use tm_score::tm_score;
