//! Recorded reference results: snapshots that people review as text and that compare as numbers.
//!
//! A snapshot is an insta text snapshot at `WEIGHTS/MODEL/SUITE/CASE.snap`, with one more file of arrays. Its metadata says
//! where the result comes from; its body, the [`Digest`], describes every value of the response and names the arrays
//! behind them by content hash: `WEIGHTS/arrays/HASH.npz`. So a review shows a diff that a person can read, and accepting
//! it there is complete, because the arrays of a pending result lie under their own name already. Arrays that no snapshot
//! names are swept by [`Store::prune`].
//!
//! Arrays up to 8 MiB are stored whole, of larger ones some rows and the length of every row ([`KeptRows`]). [`Store::judge`] compares numbers within tolerances and never rounds. Everything on disk is untrusted.
//!
//! This room knows insta and keeps it to itself; it prints nothing and speaks to no backend.

mod archive;
mod atoms;
mod columns;
mod compare;
mod comparison;
mod configured;
mod contents;
mod digest;
mod error;
mod explain;
mod file;
mod flatten;
mod floor;
mod hash;
mod judge;
mod key;
mod lock;
mod message;
mod npy;
mod open;
mod provenance;
mod read;
mod relatives;
mod rows;
mod runtime;
mod shelf;
mod statistics;
mod store;
mod text;

pub use comparison::{Agreement, Comparison, FieldComparison, Finding};
pub use contents::Contents;
pub use digest::{ArrayEntry, Digest, Entry, Form, Storage, StructureEntry, TextEntry};
pub use error::SnapshotError;
pub use flatten::WHOLE_BYTES;
pub use floor::{Floors, open_floors};
pub use hash::ContentHash;
pub use judge::{FieldJudge, Pair};
pub use key::{InvalidKey, SnapshotKey, State};
pub use lock::StoreLock;
pub use open::{Opened, open, open_arrays};
pub use provenance::Provenance;
pub use relatives::Relative;
pub use rows::{KeptRows, RowGrid, RowLength, RowsDifference};
pub use shelf::{Arrays, Listed, Prune};
pub use store::{Judgement, Recording, Store};
