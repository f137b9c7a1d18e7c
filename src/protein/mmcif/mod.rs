//! The mmCIF format (also called `PDBx`) as far as predicted structures use it: the `_atom_site` category.

mod write;

pub use write::write;
