//! Proteins as data: residues, chains, FASTA, and structures as columns. Knows formats and chemistry, never a backend.

mod builder;
mod columns;
pub(crate) mod component;
mod element;
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
pub(crate) use columns::bond_rows;
pub use label::Label;
pub use structure::{Bond, Structure};
pub(crate) use structure::{name_of_atom, name_of_residue, same_name};
