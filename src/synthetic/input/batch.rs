//! The samples of a call: chains of molecules as they were read. Does not read or check them.

/// The samples of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputBatch {
    /// The chains of every structure or embedding, in the order of the input.
    pub items: Vec<Vec<InputChain>>,
    /// Residues of every entry as the metadata count them. For a list of chains this is one number per chain.
    pub lengths: Vec<usize>,
}

/// One molecule with its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputChain {
    /// `A`, `B`, … unless the input names it.
    pub id: String,
    pub molecule: InputMolecule,
}

/// What a chain is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputMolecule {
    pub kind: MoleculeKind,
    /// Letters of residues or bases, a SMILES line, or component codes with spaces between.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MoleculeKind {
    Protein,
    Dna,
    Rna,
    Smiles,
    Components,
}

/// Represents a masked residue. No model accepts this letter.
pub(crate) const MASKED: char = '?';

impl MoleculeKind {
    pub(crate) fn is_ligand(self) -> bool {
        matches!(self, Self::Smiles | Self::Components)
    }
}

impl InputBatch {
    /// Whether any sample has several chains.
    pub(crate) fn has_complex(&self) -> bool {
        self.items.iter().any(|chains| chains.len() > 1)
    }
}
