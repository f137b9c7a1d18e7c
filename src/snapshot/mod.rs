//! Recorded reference results: snapshots that people review as text and that load as the responses they were recorded of.
//!
//! A snapshot is a text file at `WEIGHTS/MODEL/SUITE/CASE.snap` in the form that `cargo insta review` shows and accepts: a head, then
//! a JSON record that says where the result comes from, has a line for every value, and names the arrays behind them by content hash:
//! `WEIGHTS/arrays/HASH.npz`. So a review shows a diff that a person can read, and accepting it there is complete, because the arrays
//! of a pending result lie under their own name already. Arrays that no snapshot names are swept by [`Store::prune`].
//!
//! Arrays up to 8 MiB are stored whole, of larger ones some rows and the length of every row. Everything on disk is untrusted.
//!
//! This module compares nothing, prints nothing and speaks to no backend.

mod archive;
mod array_files;
mod columns;
mod error;
mod file;
mod floor;
mod key;
mod load;
mod lock;
mod neighbours;
mod npy;
mod open;
mod provenance;
mod record;
mod statistics;
mod store;
mod unpacked;
mod write;

pub(crate) use array_files::Listed;
pub use array_files::{Prune, StoredArrays};
pub use error::SnapshotError;
pub(crate) use file::{read as read_bounded, write as write_atomically};
pub use floor::Floors;
pub(crate) use floor::open_floors;
pub(crate) use key::InvalidKey;
pub use key::{ReviewState, SnapshotKey};
pub use open::open;
pub(crate) use open::open_arrays;
pub use provenance::Provenance;
pub(crate) use store::ReferenceResult;
pub use store::{Kept, Recording, Store};
pub(crate) use unpacked::{Unpacked, has_built_in};
