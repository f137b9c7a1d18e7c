//! A structure as columns, one entry per atom, in the order of the file or array it came from.
//!
//! The columns are those of biotite's `AtomArray`, so that one decodes into the other without loss. Holds data; measures
//! nothing and reads no file.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Label, residue};
use crate::tensor::{DType, Tensor};

/// Atoms of one or more chains. All columns have the length of `coord` (for several models, of one model).
#[derive(Debug, Clone, Default)]
pub struct Structure {
    /// Positions in ångström, model after model; a single-model structure has exactly one entry per atom.
    pub coord: Vec<[f32; 3]>,
    /// Chain identifier.
    pub chain_id: Vec<Label>,
    /// Residue number as the model counts, not an index.
    pub res_id: Vec<i32>,
    /// Insertion code, mostly empty.
    pub ins_code: Vec<Label>,
    /// Three-letter residue name.
    pub res_name: Vec<Label>,
    /// Whether the atom belongs to a ligand or modified residue.
    pub hetero: Vec<bool>,
    /// Atom name such as `CA`, without padding.
    pub atom_name: Vec<Label>,
    /// Element symbol in capitals.
    pub element: Vec<Label>,
    /// Temperature factor, where predictors put their confidence; NaN for an atom of a file that has none.
    pub b_factor: Option<Vec<f64>>,
    /// The width the temperature factor had in its array (float32 or float64), so that it can be written back.
    pub b_factor_dtype: Option<DType>,
    /// Further per-atom columns that came with the array, such as `occupancy` or `charge`.
    pub extra: Vec<(String, Tensor)>,
    /// Covalent bonds, where the model states them.
    pub bonds: Option<Vec<Bond>>,
    /// Box vectors, float32 `[3, 3]`, where the array has them.
    pub cell: Option<Tensor>,
    /// Number of models when this came from a stack of them; `None` for a single array.
    pub models: Option<usize>,
}

/// A covalent bond between two atoms by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bond {
    /// Index of the first atom.
    pub first: u32,
    /// Index of the second atom.
    pub second: u32,
    /// biotite's bond type number.
    pub order: u8,
}

/// Atoms without a temperature factor, which is NaN then, are equal in it; all else is equal as its column is.
impl PartialEq for Structure {
    fn eq(&self, other: &Self) -> bool {
        // Taken apart, so that no new column is forgotten.
        let Self {
            coord,
            chain_id,
            res_id,
            ins_code,
            res_name,
            hetero,
            atom_name,
            element,
            b_factor,
            b_factor_dtype,
            extra,
            bonds,
            cell,
            models,
        } = self;
        *coord == other.coord
            && *chain_id == other.chain_id
            && *res_id == other.res_id
            && *ins_code == other.ins_code
            && *res_name == other.res_name
            && *hetero == other.hetero
            && *atom_name == other.atom_name
            && *element == other.element
            && same_factors(b_factor.as_deref(), other.b_factor.as_deref())
            && *b_factor_dtype == other.b_factor_dtype
            && *extra == other.extra
            && *bonds == other.bonds
            && *cell == other.cell
            && *models == other.models
    }
}

fn same_factors(first: Option<&[f64]>, second: Option<&[f64]>) -> bool {
    let (Some(first), Some(second)) = (first, second) else { return first.is_none() && second.is_none() };
    let is_same =
        |(one, other): (&f64, &f64)| one.partial_cmp(other).map_or(one.is_nan() && other.is_nan(), Ordering::is_eq);
    first.len() == second.len() && first.iter().zip(second).all(is_same)
}

impl Structure {
    /// Number of atoms in one model.
    #[must_use]
    pub fn atoms(&self) -> usize {
        self.atom_name.len()
    }

    /// Number of models the coordinates hold: 1 for a single array.
    #[must_use]
    pub fn model_count(&self) -> usize {
        self.models.unwrap_or(1)
    }

    /// One of its models by itself, counted from 0; `None` where there is none of that number. A structure of one model is that
    /// model.
    #[must_use]
    pub fn model(&self, index: usize) -> Option<Cow<'_, Self>> {
        if self.models.is_none() {
            return (index == 0).then_some(Cow::Borrowed(self));
        }
        let start = index.checked_mul(self.atoms())?;
        let coord = self.coord.get(start..start.checked_add(self.atoms())?)?.to_vec();
        (index < self.model_count()).then(|| Cow::Owned(Self { coord, models: None, ..self.clone() }))
    }

    /// The name of a column whose length does not fit the number of atoms (and models), should there be one.
    ///
    /// The columns are public, so a caller can make them uneven; other methods may panic then.
    #[must_use]
    pub fn uneven_column(&self) -> Option<&'static str> {
        let atoms = self.atoms();
        let lengths = [
            ("chain_id", self.chain_id.len()),
            ("res_id", self.res_id.len()),
            ("ins_code", self.ins_code.len()),
            ("res_name", self.res_name.len()),
            ("hetero", self.hetero.len()),
            ("element", self.element.len()),
            ("b_factor", self.b_factor.as_ref().map_or(atoms, Vec::len)),
        ];
        if self.model_count().checked_mul(atoms) != Some(self.coord.len()) {
            return Some("coord");
        }
        lengths.into_iter().find(|&(_, length)| length != atoms).map(|(name, _)| name)
    }

    /// Appends an atom with no insertion code, not hetero.
    pub fn push(&mut self, chain: Label, number: i32, residue: Label, atom: Label, element: Label, position: [f32; 3]) {
        self.coord.push(position);
        self.chain_id.push(chain);
        self.res_id.push(number);
        self.ins_code.push(Label::default());
        self.res_name.push(residue);
        self.hetero.push(false);
        self.atom_name.push(atom);
        self.element.push(element);
    }

    /// The residues in order: a run of atoms with equal chain, number, insertion code and name.
    #[must_use]
    pub fn residues(&self) -> Vec<std::ops::Range<usize>> {
        let mut runs = Vec::new();
        let mut start = 0;
        for atom in 1..=self.atoms() {
            if atom == self.atoms() || !self.same_residue(start, atom) {
                runs.push(start..atom);
                start = atom;
            }
        }
        runs
    }

    /// The chains in order: a run of atoms with equal chain identifier.
    #[must_use]
    pub fn chains(&self) -> Vec<(Label, std::ops::Range<usize>)> {
        let mut runs = Vec::new();
        let mut start = 0;
        for atom in 1..=self.atoms() {
            if atom == self.atoms() || self.chain_id[atom] != self.chain_id[start] {
                runs.push((self.chain_id[start], start..atom));
                start = atom;
            }
        }
        runs
    }

    /// The one-letter sequence of every chain in order, `X` for residues outside the twenty.
    #[must_use]
    pub fn sequences(&self) -> Vec<(Label, String)> {
        let mut chains: Vec<(Label, String)> = Vec::new();
        for run in self.residues() {
            let chain = self.chain_id[run.start];
            let letter = residue::letter_of(self.res_name[run.start].as_str()).unwrap_or('X');
            match chains.last_mut() {
                Some((last, sequence)) if *last == chain => sequence.push(letter),
                _ => chains.push((chain, letter.to_string())),
            }
        }
        chains
    }

    /// The atom with this name within a residue's range.
    #[must_use]
    pub fn atom_named(&self, residue: &std::ops::Range<usize>, name: &str) -> Option<usize> {
        residue.clone().find(|&atom| self.atom_name[atom] == name)
    }

    /// Keeps the atoms whose flag is set, in every model and column; atoms beyond the flags go. Bonds to atoms that go are
    /// dropped, and so are extra columns that are not one entry per atom.
    pub fn retain(&mut self, keep: &[bool]) {
        let atoms = self.atoms();
        let kept: Vec<usize> = (0..atoms.min(keep.len())).filter(|&atom| keep[atom]).collect();
        self.coord = (0..self.model_count())
            .flat_map(|model| kept.iter().map(move |atom| model * atoms + atom))
            .filter_map(|index| self.coord.get(index).copied())
            .collect();
        gather(&mut self.chain_id, &kept);
        gather(&mut self.res_id, &kept);
        gather(&mut self.ins_code, &kept);
        gather(&mut self.res_name, &kept);
        gather(&mut self.hetero, &kept);
        gather(&mut self.atom_name, &kept);
        gather(&mut self.element, &kept);
        if let Some(values) = &mut self.b_factor {
            gather(values, &kept);
        }
        self.extra = std::mem::take(&mut self.extra)
            .into_iter()
            .filter(|(_, column)| column.shape().first() == Some(&atoms))
            .filter_map(|(name, column)| Some((name, column.gather(&kept)?)))
            .collect();
        if let Some(bonds) = &mut self.bonds {
            let renumbered = |atom: u32| Some(kept.binary_search(&(atom as usize)).ok()? as u32);
            let both = |bond: &Bond| Some((renumbered(bond.first)?, renumbered(bond.second)?, bond.order));
            let bond = |(first, second, order)| Bond { first, second, order };
            *bonds = bonds.iter().filter_map(both).map(bond).collect();
        }
    }

    fn same_residue(&self, first: usize, second: usize) -> bool {
        self.res_id[first] == self.res_id[second]
            && self.chain_id[first] == self.chain_id[second]
            && self.ins_code[first] == self.ins_code[second]
            && self.res_name[first] == self.res_name[second]
    }
}

fn gather<T: Copy>(column: &mut Vec<T>, indices: &[usize]) {
    *column = indices.iter().filter_map(|&index| column.get(index).copied()).collect();
}

/// The name of an atom for people: `CA of ALA 12 in chain A`. The columns must be even.
pub(crate) fn name_of_atom(structure: &Structure, atom: usize) -> String {
    format!("{} of {}", structure.atom_name[atom], name_of_residue(structure, atom))
}

/// `MET 7 in chain A`: the residue that an atom belongs to. The columns must be even.
pub(crate) fn name_of_residue(structure: &Structure, atom: usize) -> String {
    format!(
        "{} {}{} in chain {}",
        structure.res_name[atom], structure.res_id[atom], structure.ins_code[atom], structure.chain_id[atom]
    )
}

/// Whether an atom has the same name in two structures: chain, residue, insertion code, atom and element. The columns must
/// be even and equally long.
pub(crate) fn same_name(first: &Structure, second: &Structure, atom: usize) -> bool {
    first.chain_id[atom] == second.chain_id[atom]
        && first.res_id[atom] == second.res_id[atom]
        && first.ins_code[atom] == second.ins_code[atom]
        && first.res_name[atom] == second.res_name[atom]
        && first.atom_name[atom] == second.atom_name[atom]
        && first.element[atom] == second.element[atom]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_chains() -> Structure {
        let mut structure = Structure::default();
        for (chain, number, residue) in [("A", 0, "ALA"), ("A", 0, "ALA"), ("A", 1, "GLY"), ("B", 0, "MSE")] {
            let label = |text| Label::new(text).unwrap();
            structure.push(label(chain), number, label(residue), label("CA"), label("C"), [0.0; 3]);
        }
        structure
    }

    #[test]
    fn atoms_group_into_residues_and_chains() {
        let structure = two_chains();
        assert_eq!(structure.residues(), [0..2, 2..3, 3..4]);
        let chains: Vec<_> = structure.chains().into_iter().map(|(id, run)| (id.to_string(), run)).collect();
        assert_eq!(chains, [("A".to_owned(), 0..3), ("B".to_owned(), 3..4)]);
    }

    #[test]
    fn unknown_residues_read_as_x() {
        let sequences: Vec<_> = two_chains().sequences().into_iter().map(|(_, sequence)| sequence).collect();
        assert_eq!(sequences, ["AG", "X"]);
    }

    #[test]
    fn atoms_that_go_take_their_models_columns_and_bonds_with_them() {
        let mut structure = two_chains();
        structure.coord = (0..8u8).map(|index| [f32::from(index); 3]).collect();
        structure.models = Some(2);
        structure.extra =
            vec![("charge".into(), Tensor::vector(&[1i32, 2, 3, 4])), ("other".into(), Tensor::scalar(0.5f32))];
        let bond = |first, second| Bond { first, second, order: 1 };
        structure.bonds = Some(vec![bond(0, 1), bond(1, 3)]);
        structure.retain(&[false, true, false, true]);
        assert_eq!(structure.uneven_column(), None);
        assert_eq!(structure.coord.iter().map(|position| position[0]).collect::<Vec<_>>(), [1.0, 3.0, 5.0, 7.0]);
        assert_eq!(structure.extra, [("charge".to_owned(), Tensor::vector(&[2i32, 4]))]);
        assert_eq!(structure.bonds, Some(vec![bond(0, 1)]));
    }

    #[test]
    fn a_model_is_a_structure_by_itself() {
        let mut structure = two_chains();
        structure.coord = (0..8u8).map(|index| [f32::from(index); 3]).collect();
        structure.models = Some(2);
        let second = structure.model(1).unwrap();
        assert_eq!((second.uneven_column(), second.model_count()), (None, 1));
        assert_eq!(second.coord, structure.coord[4..]);
        assert_eq!(structure.model(2), None);
    }

    #[test]
    fn a_column_of_another_length_is_named() {
        let mut structure = two_chains();
        assert_eq!(structure.uneven_column(), None);
        structure.models = Some(2);
        assert_eq!(structure.uneven_column(), Some("coord"));
        structure.models = None;
        structure.element.pop();
        assert_eq!(structure.uneven_column(), Some("element"));
    }

    #[test]
    fn atoms_without_temperature_factor_are_equal_in_it() {
        let mut structure = two_chains();
        structure.b_factor = Some(vec![0.5, f64::NAN, 0.25, f64::NAN]);
        assert_eq!(structure, structure.clone());
        let with = |factors: Option<Vec<f64>>| Structure { b_factor: factors, ..structure.clone() };
        assert_ne!(structure, with(Some(vec![0.5, 0.5, 0.25, f64::NAN])));
        assert_ne!(structure, with(Some(vec![0.5, f64::NAN, 0.25])));
        assert_ne!(structure, with(None));
        assert_eq!(with(None), with(None));
    }

    #[test]
    fn an_empty_structure_has_no_residue() {
        assert!(Structure::default().residues().is_empty());
        assert!(Structure::default().chains().is_empty());
    }
}
