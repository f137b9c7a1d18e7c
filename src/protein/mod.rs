//! Proteins as data: residues, chains, FASTA, and structures as columns. Knows formats and chemistry, never a backend.

pub mod fasta;
mod label;
pub mod mmcif;
pub mod pdb;
pub mod residue;
pub mod sequence;
mod structure;

pub use label::Label;
pub use structure::{Bond, Structure};
