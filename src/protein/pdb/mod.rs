//! The PDB format, version 3.3, as far as predicted structures use it: coordinates, not crystals or bonds.

mod hybrid36;
mod read;
mod write;

pub use read::read;
pub(crate) use read::read_models;
pub use write::write;
