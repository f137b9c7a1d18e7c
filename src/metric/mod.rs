//! How alike two results are, as pure functions over slices: numbers without judgement. Gates and verdicts live above.

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
pub mod geometry;
mod handedness;
mod lddt;
mod pae;
mod quaternion;
pub mod selection;
#[cfg(test)]
mod shared_pair;
mod superposition;
#[cfg(test)]
pub(crate) mod test_points;
mod tm_score;

pub use asymmetry::{Asymmetry, asymmetry};
pub use chains::{ChainPermutation, best_chain_permutation};
pub use confidence::{mean_absolute_error, pearson};
pub use contact::{ContactAgreement, ContactRule, contact_agreement};
pub use difference::{Difference, Extreme, difference};
pub use dockq::{CONTACT, DockQ, DockedPair, dockq};
pub use embedding::{EmbeddingError, IndexedValue, embedding_error, embedding_error_of};
pub use ensemble::{EnergyTest, energy_test};
pub use equivalence::match_equivalent_names;
pub use error::{MetricError, Point};
pub use handedness::{Hands, changed_hands};
pub use lddt::{Contacts, Lddt, LddtBothWays, lddt, lddt_both_ways};
pub use pae::{PaeError, Real, pae_error};
pub use superposition::{Superposition, rmsd, superpose};
pub use tm_score::{TmScore, distance_scale, tm_score};
