//! A structure as columns with one entry per atom, in the order of its file or array.
//!
//! The columns are those of biotite's `AtomArray`, so conversion loses nothing. Does not compute geometry or read files.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use super::{Label, residue};
use crate::tensor::{DType, Tensor, TensorError};

/// Atoms of one or more chains. All columns have the length of `coord` (for several models, of one model).
#[derive(Debug, Clone, Default)]
pub struct Structure {
    /// Positions in ångström, model after model.
    pub coord: Vec<[f32; 3]>,
    /// Chain identifier.
    pub chain_id: Vec<Label>,
    /// Residue number of the model, not an index.
    pub res_id: Vec<i32>,
    /// Insertion code, usually empty.
    pub ins_code: Vec<Label>,
    /// Three-letter residue name.
    pub res_name: Vec<Label>,
    /// Whether the atom belongs to a ligand or modified residue.
    pub hetero: Vec<bool>,
    /// Atom name such as `CA`, without padding.
    pub atom_name: Vec<Label>,
    /// Element symbol in capitals.
    pub element: Vec<Label>,
    /// Temperature factor, in which predictors store their confidence. NaN for an atom of a file without it.
    pub b_factor: Option<Vec<f64>>,
    /// The type of the temperature factor in its array (float32 or float64), for writing it back.
    pub b_factor_dtype: Option<DType>,
    /// Other columns of the array, such as `occupancy` or `charge`.
    pub extra: Vec<(String, Tensor)>,
    /// Covalent bonds, if the model gives them.
    pub bonds: Option<Vec<Bond>>,
    /// Box vectors, float32 `[3, 3]`, if the array has them.
    pub cell: Option<Tensor>,
    /// Number of models of a stack; `None` for a single array.
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

/// Equal columns, where two missing temperature factors (NaN) are equal.
impl PartialEq for Structure {
    fn eq(&self, other: &Self) -> bool {
        // Destructured, so that no new column is forgotten.
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
    pub(crate) fn model_count(&self) -> usize {
        self.models.unwrap_or(1)
    }

    /// One model as a structure, by its zero-based index. Returns `None` if there is none. A structure without `models` is its own model 0.
    #[must_use]
    pub fn model(&self, index: usize) -> Option<Cow<'_, Self>> {
        if self.models.is_none() {
            return (index == 0).then_some(Cow::Borrowed(self));
        }
        let start = index.checked_mul(self.atoms())?;
        let coord = self.coord.get(start..start.checked_add(self.atoms())?)?.to_vec();
        (index < self.model_count()).then(|| Cow::Owned(Self { coord, models: None, ..self.clone() }))
    }

    /// The name of a column whose length does not fit the number of atoms and models, if there is one.
    ///
    /// The columns are public, so a caller can make them uneven. Other methods may panic then.
    pub(crate) fn uneven_column(&self) -> Option<&'static str> {
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

    /// Appends an atom that has no insertion code and is not hetero.
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
    pub fn residues(&self) -> Vec<Range<usize>> {
        runs(self.atoms(), |first, second| {
            self.res_id[first] == self.res_id[second]
                && self.chain_id[first] == self.chain_id[second]
                && self.ins_code[first] == self.ins_code[second]
                && self.res_name[first] == self.res_name[second]
        })
        .collect()
    }

    /// The chains in order: a run of atoms with equal chain identifier.
    #[must_use]
    pub fn chains(&self) -> Vec<(Label, Range<usize>)> {
        let runs = runs(self.atoms(), |first, second| self.chain_id[first] == self.chain_id[second]);
        runs.map(|run| (self.chain_id[run.start], run)).collect()
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
    pub fn atom_named(&self, residue: &Range<usize>, name: &str) -> Option<usize> {
        residue.clone().find(|&atom| self.atom_name[atom] == name)
    }

    /// Keeps the atoms whose flag is set, in every model and column. Removes atoms beyond the flags, bonds to removed atoms, and extra
    /// columns that do not have one entry per atom.
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
            let kept_bond =
                |bond: &Bond| Some(Bond { first: renumbered(bond.first)?, second: renumbered(bond.second)?, ..*bond });
            *bonds = bonds.iter().filter_map(kept_bond).collect();
        }
    }

    /// Coordinates, temperature factors, bonds, cell and extra columns as arrays with names. The columns must be even.
    pub(crate) fn number_columns(&self) -> Vec<(String, Tensor)> {
        let named = |name: &str, column: Option<Tensor>| column.map(|column| (name.to_owned(), column));
        let fixed = [
            named("coord", self.coord_column().ok()),
            named("b_factor", self.b_factor_column()),
            named("bonds", self.bonds.as_deref().and_then(|bonds| bond_rows(bonds).ok())),
            named("cell", self.cell.clone()),
        ];
        let extra = self.extra.iter().map(|(name, tensor)| (format!("extra.{name}"), tensor.clone()));
        fixed.into_iter().flatten().chain(extra).collect()
    }

    /// The coordinates as float32 `[atoms, 3]`, or `[models, atoms, 3]`.
    ///
    /// # Errors
    /// The number of coordinates does not fit the number of atoms.
    pub(crate) fn coord_column(&self) -> Result<Tensor, TensorError> {
        // Cells of fixed size: appending value by value takes longer.
        let mut bytes = vec![0; self.coord.as_flattened().len() * 4];
        for (cell, value) in bytes.as_chunks_mut().0.iter_mut().zip(self.coord.as_flattened()) {
            *cell = value.to_le_bytes();
        }
        Tensor::new(DType::F32, self.models.into_iter().chain([self.atoms(), 3]).collect(), bytes.into())
    }

    /// The temperature factors in their original type.
    pub(crate) fn b_factor_column(&self) -> Option<Tensor> {
        let values = self.b_factor.as_ref()?;
        Some(match self.b_factor_dtype {
            Some(DType::F32) => Tensor::vector(&values.iter().map(|&value| value as f32).collect::<Vec<_>>()),
            _ => Tensor::vector(values),
        })
    }
}

/// Bonds as uint32 `[bonds, 3]`: both atoms and the order.
///
/// # Errors
/// There are more bonds than memory can hold.
pub(crate) fn bond_rows(bonds: &[Bond]) -> Result<Tensor, TensorError> {
    let rows: Vec<u32> = bonds.iter().flat_map(|bond| [bond.first, bond.second, bond.order.into()]).collect();
    Tensor::from_values(vec![bonds.len(), 3], &rows)
}

/// The maximal runs of atoms that are the same as the first of their run.
fn runs(atoms: usize, is_same: impl Fn(usize, usize) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let run = start..(start + 1..atoms).find(|&atom| !is_same(start, atom)).unwrap_or(atoms);
        start = run.end;
        (!run.is_empty()).then_some(run)
    })
}

fn gather<T: Copy>(column: &mut Vec<T>, indices: &[usize]) {
    *column = indices.iter().filter_map(|&index| column.get(index).copied()).collect();
}

/// The name of an atom in messages: `CA of ALA 12 in chain A`. The columns must be even.
pub(crate) fn name_of_atom(structure: &Structure, atom: usize) -> String {
    format!("{} of {}", structure.atom_name[atom], name_of_residue(structure, atom))
}

/// The residue of an atom in messages: `MET 7 in chain A`. The columns must be even.
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
