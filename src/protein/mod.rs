//! Proteins as data: residues, chains, FASTA, and structures as columns. Does not know backends.

mod builder;
pub(crate) mod component;
pub mod fasta;
mod label;
pub mod mmcif;
mod number;
pub mod pdb;
pub(crate) mod residue;
#[cfg(test)]
mod round_trip;
pub(crate) mod sequence;
pub(crate) mod smiles;
mod structure;
#[cfg(test)]
pub(crate) mod test_data;

pub use builder::ParseError;
pub use label::Label;
pub use structure::{Bond, Structure};
pub(crate) use structure::{bond_rows, name_of_atom, name_of_residue, same_name};
