//! Assembles a structure from the atoms of a file, with one location per atom, and guesses missing elements. Does not know file formats.

use super::{Label, Structure};
use crate::tensor::DType;

/// One atom of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Atom {
    pub(crate) chain: Label,
    pub(crate) number: i32,
    pub(crate) ins_code: Label,
    pub(crate) residue: Label,
    pub(crate) name: Label,
    pub(crate) element: Label,
    pub(crate) hetero: bool,
    /// The identifier of one of several locations of the atom; empty if there is only one.
    pub(crate) alternative: Label,
    pub(crate) b_factor: Option<f64>,
    pub(crate) position: [f32; 3],
}

/// An unfinished structure.
#[derive(Debug, Default)]
pub(super) struct Builder {
    structure: Structure,
    alternatives: Vec<Label>,
    b_factors: Vec<f64>,
    has_b_factor: bool,
    has_alternatives: bool,
    /// The number of complete models.
    complete: usize,
    /// The number of atoms of the current model.
    atoms: usize,
    /// The complete models, if each becomes a separate structure.
    separate: Option<Vec<Structure>>,
}

const NO_ATOM: &str = "there is no atom";

impl Builder {
    /// An empty structure with capacity for `atoms`.
    pub(crate) fn with_capacity(atoms: usize) -> Self {
        let structure = Structure {
            coord: Vec::with_capacity(atoms),
            chain_id: Vec::with_capacity(atoms),
            res_id: Vec::with_capacity(atoms),
            ins_code: Vec::with_capacity(atoms),
            res_name: Vec::with_capacity(atoms),
            hetero: Vec::with_capacity(atoms),
            atom_name: Vec::with_capacity(atoms),
            element: Vec::with_capacity(atoms),
            ..Structure::default()
        };
        Self {
            structure,
            alternatives: Vec::with_capacity(atoms),
            b_factors: Vec::with_capacity(atoms),
            ..Self::default()
        }
    }

    /// An empty builder for models with different atoms, which [`Self::finish_models`] returns.
    pub(crate) fn of_separate_models() -> Self {
        Self { separate: Some(Vec::new()), ..Self::default() }
    }

    /// Appends an atom to the current model. Later models must list the atoms of the first.
    ///
    /// # Errors
    /// A later model has a different atom at this index.
    pub(crate) fn push(&mut self, atom: &Atom) -> Result<(), String> {
        let index = self.atoms;
        self.atoms += 1;
        self.structure.coord.push(atom.position);
        if self.complete > 0 {
            return self.expect_same(index, atom);
        }
        self.structure.chain_id.push(atom.chain);
        self.structure.res_id.push(atom.number);
        self.structure.ins_code.push(atom.ins_code);
        self.structure.res_name.push(atom.residue);
        self.structure.hetero.push(atom.hetero);
        self.structure.atom_name.push(atom.name);
        self.structure.element.push(atom.element);
        self.alternatives.push(atom.alternative);
        self.has_alternatives |= !atom.alternative.is_empty();
        self.b_factors.push(atom.b_factor.unwrap_or(f64::NAN));
        self.has_b_factor |= atom.b_factor.is_some();
        Ok(())
    }

    /// Ends the current model if it has atoms.
    ///
    /// # Errors
    /// The model has fewer atoms than the first.
    pub(crate) fn end_model(&mut self) -> Result<(), String> {
        if self.atoms == 0 {
            return Ok(());
        }
        let expected = self.structure.atoms();
        if self.atoms != expected {
            let (atoms, model) = (self.atoms, self.complete + 1);
            return Err(format!("model {model} has {atoms} atoms, model 1 has {expected}"));
        }
        self.complete += 1;
        self.atoms = 0;
        if let Some(mut separate) = self.separate.take() {
            separate.push(std::mem::take(self).finish()?);
            self.separate = Some(separate);
        }
        Ok(())
    }

    /// Every model as a separate structure.
    ///
    /// # Errors
    /// There are no atoms.
    pub(crate) fn finish_models(mut self) -> Result<Vec<Structure>, String> {
        self.end_model()?;
        self.separate.filter(|models| !models.is_empty()).ok_or_else(|| NO_ATOM.into())
    }

    /// The structure, with the first location of every atom.
    ///
    /// # Errors
    /// As [`Self::end_model`], or there are no atoms.
    pub(crate) fn finish(mut self) -> Result<Structure, String> {
        self.end_model()?;
        if self.complete == 0 {
            return Err(NO_ATOM.into());
        }
        if self.complete > 1 {
            self.structure.models = Some(self.complete);
        }
        if self.has_b_factor {
            self.structure.b_factor = Some(self.b_factors);
            self.structure.b_factor_dtype = Some(DType::F64);
        }
        if self.has_alternatives {
            let keep = first_alternatives(&self.structure, &self.alternatives);
            self.structure.retain(&keep);
        }
        Ok(self.structure)
    }

    fn expect_same(&self, index: usize, atom: &Atom) -> Result<(), String> {
        let (first, model) = (&self.structure, self.complete + 1);
        if index >= first.atoms() {
            return Err(format!("model {model} has more atoms than the {} of model 1", first.atoms()));
        }
        if first.atom_name[index] == atom.name
            && first.res_id[index] == atom.number
            && first.chain_id[index] == atom.chain
            && first.res_name[index] == atom.residue
            && first.ins_code[index] == atom.ins_code
            && self.alternatives[index] == atom.alternative
        {
            return Ok(());
        }
        Err(format!(
            "atom {} of model {model} is {} of residue {} in chain {:?}, in model 1 it is {} of residue {} in chain {:?}",
            index + 1,
            atom.name,
            atom.number,
            atom.chain,
            first.atom_name[index],
            first.res_id[index],
            first.chain_id[index],
        ))
    }
}

/// The atoms to keep: those with one location, and those with the first identifier of their residue.
///
/// This is biotite's `altloc="first"`, except that two kinds of residue with one number count as one residue.
fn first_alternatives(structure: &Structure, alternatives: &[Label]) -> Vec<bool> {
    let mut keep = Vec::with_capacity(alternatives.len());
    let mut first = Label::default();
    let mut residue = None;
    for (atom, &alternative) in alternatives.iter().enumerate() {
        let here = (structure.chain_id[atom], structure.res_id[atom], structure.ins_code[atom]);
        if residue != Some(here) {
            residue = Some(here);
            first = Label::default();
        }
        if first.is_empty() {
            first = alternative;
        }
        keep.push(alternative.is_empty() || alternative == first);
    }
    keep
}

/// A mistake in the text of a structure file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// One-based.
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// A piece of a file for messages: at most forty printable characters.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = String::from_utf8_lossy(bytes.get(..4 * LONGEST).unwrap_or(bytes));
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < bytes.len() && text.chars().count() > LONGEST {
        shown.push('…');
    }
    format!("{shown:?}")
}

/// Two-letter elements that occur in structures of proteins and their ligands.
const TWO_LETTERS: [&str; 22] = [
    "LI", "BE", "NA", "MG", "AL", "SI", "CL", "CA", "MN", "FE", "CO", "NI", "CU", "ZN", "AS", "SE", "BR", "MO", "CD",
    "PT", "AU", "HG",
];

/// One-letter elements.
const ONE_LETTER: &[u8] = b"HBCNOFPSKVYIWU";

/// The column of the name, which distinguishes calcium from an alpha carbon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// The name starts in the column of the first letter of a two-letter element in PDB files.
    ElementColumn,
    /// The name starts later, or the format has no columns.
    Other,
}

/// The element of an atom, guessed from its name, in capitals; empty if the name does not show it.
pub(super) fn guess_element(atom_name: Label, residue_name: Label, placement: Placement) -> Label {
    let upper = atom_name.to_ascii_uppercase();
    let letters = upper.as_str().trim_start_matches(|letter: char| letter.is_ascii_digit());
    let pair = letters.get(..2).and_then(|pair| TWO_LETTERS.into_iter().find(|&known| known == pair));
    // A single atom is named like its residue: the ion `CA` of residue `CA`.
    let ion = residue_name.to_ascii_uppercase() == upper;
    // Names of four characters fill all columns, such as `CD11` and `HG11`.
    let aligned = placement == Placement::ElementColumn && letters.len() < 4;
    let single = letters.bytes().next().filter(|first| ONE_LETTER.contains(first));
    match (pair, single) {
        (Some(pair), _) if ion || aligned => Label::new(pair).unwrap_or_default(),
        (_, Some(first)) => Label::from_bytes(&[first]).unwrap_or_default(),
        (Some(pair), None) => Label::new(pair).unwrap_or_default(),
        (None, None) if letters.starts_with('D') => Label::literal("D"),
        (None, None) => Label::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_and_readable() {
        assert_eq!(excerpt(b"1.2"), "\"1.2\"");
        assert_eq!(excerpt(b"\xff\n"), "\"\u{fffd}\\n\"");
        assert_eq!(excerpt(&[b'x'; 9999]), format!("\"{}…\"", "x".repeat(40)));
    }

    #[test]
    fn names_tell_their_element() {
        let cases = [
            ("CA", "ALA", Placement::Other, "C"),
            ("CA", "CA", Placement::Other, "CA"),
            ("CA", "LIG", Placement::ElementColumn, "CA"),
            ("HG11", "VAL", Placement::ElementColumn, "H"),
            ("1HB", "ALA", Placement::ElementColumn, "H"),
            ("OD1", "ASP", Placement::Other, "O"),
            ("SE", "MSE", Placement::ElementColumn, "SE"),
            ("MG", "ATP", Placement::Other, "MG"),
            ("zn", "ZN", Placement::Other, "ZN"),
            ("Q1", "LIG", Placement::Other, ""),
            ("", "", Placement::Other, ""),
        ];
        for (atom, residue, placement, element) in cases {
            let found = guess_element(Label::literal(atom), Label::literal(residue), placement);
            assert_eq!(found, element, "{atom} of {residue}");
        }
    }
}
