//! A folded and docked sample as lists: chains, tokens and atoms. Builds nothing.

use std::ops::Range;

use super::geometry::Point;
use super::molecule::NamedAtom;
use super::propensity::Assignment;
use crate::protein::Label;

/// One conformation of a sample, its middle at the origin.
#[derive(Debug, Clone, Default)]
pub(super) struct Complex {
    pub chains: Vec<Strand>,
    pub tokens: Vec<Token>,
    pub atoms: Vec<NamedAtom>,
}

/// One chain of a complex.
#[derive(Debug, Clone)]
pub(super) struct Strand {
    pub id: Label,
    pub entity: usize,
    pub tokens: Range<usize>,
    pub kind: Kind,
}

/// What a chain is made of, as confidence scores tell molecules apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Protein,
    Nucleic,
    Ligand,
}

/// A residue, nucleotide or component of a ligand.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub chain: usize,
    /// Index within its chain.
    pub index: usize,
    pub name: Label,
    pub atoms: Range<usize>,
    /// The atom that stands for it: CA, C1' or the only one.
    pub centre: usize,
    /// CB, and the centre where there is none.
    pub beta: usize,
    /// What only amino acids have.
    pub residue: Option<Residue>,
}

/// An amino acid in its chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Residue {
    /// Index into `AMINO_ACIDS`.
    pub amino: usize,
    pub assignment: Assignment,
    /// In radians, as all torsions.
    pub phi: f64,
    pub psi: f64,
    /// Zero past the last one.
    pub chi: [f64; 4],
}

impl Complex {
    /// One position for every token: CA, C1' or the only atom.
    pub(super) fn centres(&self) -> Vec<Point> {
        self.tokens
            .iter()
            .map(|token| self.atoms[token.centre].position)
            .collect()
    }

    /// One position for every token: CB where there is one, else the centre.
    pub(super) fn betas(&self) -> Vec<Point> {
        self.tokens
            .iter()
            .map(|token| self.atoms[token.beta].position)
            .collect()
    }

    /// Whether any chain is of this kind.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.chains.iter().any(|chain| chain.kind == kind)
    }
}
