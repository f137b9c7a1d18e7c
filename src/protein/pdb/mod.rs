//! The PDB format, version 3.3, as far as predicted structures use it: coordinates, not crystals or bonds.

mod hybrid36;
mod read;
mod write;

pub use read::{read, read_models};
pub use write::{WriteError, write};
