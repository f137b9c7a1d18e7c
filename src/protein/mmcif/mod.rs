//! The mmCIF format (also called `PDBx`) as far as predicted structures use it: the `_atom_site` category.

mod atom_site;
mod read;
mod token;
mod write;

pub use read::read;
pub(crate) use read::read_models;
pub use write::write;
