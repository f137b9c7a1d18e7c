//! Parts of structures that hand-made mutants change: residues, chains and columns, with the geometry for that. Defines no mutants.

use std::ops::Range;

use crate::prediction::{Prediction, Value};
use crate::protein::{Label, Structure, residue};

/// A row of a table of such mutants: name, description, the checks that may kill the mutant, and its change of one structure.
pub(crate) type StructureFault = (&'static str, &'static str, &'static [&'static str], fn(&mut Structure));

pub(crate) type Shift = [f32; 3];

/// The atoms of every amino acid but its side chain.
const BACKBONE: [&str; 4] = ["N", "CA", "C", "O"];

/// The response with every structure changed. Returns `None` if that changes nothing. Skips stacks of models and structures with uneven
/// columns, which are wrong already.
pub(crate) fn every_structure(right: &Prediction, change: impl Fn(&mut Structure)) -> Option<Prediction> {
    let mut wrong = right.clone();
    let (_, value) = wrong.fields.iter_mut().find(|(name, _)| name == "atom_array")?;
    let Value::List(items) = value else { return None };
    let mut is_changed = false;
    for item in items {
        let Value::Structure(structure) = item else { continue };
        if structure.models.is_some() || structure.uneven_column().is_some() || structure.atoms() == 0 {
            continue;
        }
        let before = structure.clone();
        change(structure);
        is_changed |= *structure != before;
    }
    is_changed.then_some(wrong)
}

/// The residues that are amino acids.
pub(crate) fn amino_acids(structure: &Structure) -> Vec<Range<usize>> {
    let is_amino_acid = |own: &Range<usize>| {
        !structure.hetero[own.start] && residue::by_name(structure.res_name[own.start].as_str()).is_some()
    };
    structure.residues().into_iter().filter(is_amino_acid).collect()
}

/// Atoms of ligands and nucleic acids.
pub(crate) fn other_atoms(structure: &Structure) -> Vec<usize> {
    let mut is_other = vec![true; structure.atoms()];
    amino_acids(structure).into_iter().flatten().for_each(|atom| is_other[atom] = false);
    (0..structure.atoms()).filter(|atom| is_other[*atom]).collect()
}

/// The middle one of the amino acids that have an atom of this name. The ends of chains are floppy.
pub(crate) fn middle_with(structure: &Structure, atom: &str) -> Option<Range<usize>> {
    let mut acids = amino_acids(structure);
    acids.retain(|own| structure.atom_named(own, atom).is_some());
    acids.get(acids.len() / 2).cloned()
}

/// The atoms of the first two chains.
pub(crate) fn two_chains(structure: &Structure) -> Option<[Range<usize>; 2]> {
    match structure.chains().as_slice() {
        [(_, first), (_, second), ..] => Some([first.clone(), second.clone()]),
        _ => None,
    }
}

/// The residues of the longest chain of amino acids, and the index at which its second half begins.
pub(crate) fn longest_chain(structure: &Structure) -> Option<(Vec<Range<usize>>, usize)> {
    let acids = amino_acids(structure);
    let chains = structure.chains().into_iter().map(|(_, atoms)| -> Vec<Range<usize>> {
        acids.iter().filter(|acid| atoms.contains(&acid.start)).cloned().collect()
    });
    let longest = chains.max_by_key(Vec::len)?;
    let half = longest.len() / 2;
    (half > 0).then_some((longest, half))
}

/// The side chain of a residue.
pub(crate) fn side_chain(structure: &Structure, own: Range<usize>) -> Vec<usize> {
    own.filter(|&atom| !BACKBONE.contains(&structure.atom_name[atom].as_str())).collect()
}

/// Swaps the coordinates of two atoms in every residue, or in every residue of one name.
pub(crate) fn trade_places(structure: &mut Structure, residue_name: Option<&str>, first: &str, second: &str) {
    for own in amino_acids(structure) {
        if residue_name.is_none_or(|name| structure.res_name[own.start] == *name)
            && let Some((first, second)) = structure.atom_named(&own, first).zip(structure.atom_named(&own, second))
        {
            structure.coord.swap(first, second);
        }
    }
}

/// Puts the atoms in this order, which may repeat atoms and leave some out.
pub(crate) fn rearrange(structure: &mut Structure, order: &[usize]) {
    fn pick<T: Copy>(column: &mut Vec<T>, order: &[usize]) {
        *column = order.iter().filter_map(|&atom| column.get(atom).copied()).collect();
    }
    pick(&mut structure.coord, order);
    pick(&mut structure.chain_id, order);
    pick(&mut structure.res_id, order);
    pick(&mut structure.ins_code, order);
    pick(&mut structure.res_name, order);
    pick(&mut structure.hetero, order);
    pick(&mut structure.atom_name, order);
    pick(&mut structure.element, order);
    if let Some(column) = &mut structure.b_factor {
        pick(column, order);
    }
    for (_, column) in &mut structure.extra {
        if let Some(own) = column.gather(order) {
            *column = own;
        }
    }
    // Bonds refer to atoms by index, and the indices have changed.
    structure.bonds = None;
}

/// Removes the other atoms.
pub(crate) fn keep(structure: &mut Structure, is_kept: impl Fn(usize) -> bool) {
    let kept: Vec<bool> = (0..structure.atoms()).map(is_kept).collect();
    structure.retain(&kept);
}

/// Inserts the backbones of glycines before an atom, at the coordinates from `place`. Copies chain, temperature factor and the other
/// columns from the atom before.
pub(crate) fn insert_glycines(
    structure: &mut Structure,
    before: usize,
    count: usize,
    place: impl Fn(usize, usize) -> Shift,
) {
    let Some(pattern) = before.checked_sub(1) else { return };
    let number = structure.res_id[pattern];
    let new = count * BACKBONE.len();
    let pattern = std::iter::repeat_n(pattern, new);
    let order: Vec<usize> = (0..before).chain(pattern).chain(before..structure.atoms()).collect();
    rearrange(structure, &order);
    for (index, atom) in (before..before + new).enumerate() {
        let (own, part) = (index / BACKBONE.len(), index % BACKBONE.len());
        structure.coord[atom] = place(own, part);
        structure.res_id[atom] = number.saturating_add(1 + own as i32);
        structure.res_name[atom] = Label::literal("GLY");
        rename(structure, atom, BACKBONE[part]);
    }
}

/// Appends a residue with all atoms at the origin.
pub(crate) fn append_residue(structure: &mut Structure, chain: Label, number: i32, name: &'static str) {
    let Some(last) = structure.atoms().checked_sub(1) else { return };
    let names = residue::by_name(name).map_or(&[][..], |amino| amino.atoms);
    let order: Vec<usize> = (0..=last).chain(std::iter::repeat_n(last, names.len())).collect();
    rearrange(structure, &order);
    for (atom, own) in (last + 1..).zip(names) {
        structure.coord[atom] = [0.0; 3];
        structure.chain_id[atom] = chain;
        structure.res_id[atom] = number;
        structure.res_name[atom] = Label::literal(name);
        rename(structure, atom, own);
    }
}

/// Renames an atom, with the first letter as its element.
pub(crate) fn rename(structure: &mut Structure, atom: usize, name: &str) {
    if let Some((name, element)) = Label::new(name).zip(name.get(..1).and_then(Label::new)) {
        structure.atom_name[atom] = name;
        structure.element[atom] = element;
    }
}

pub(crate) fn moved(structure: &mut Structure, atoms: Range<usize>, by: Shift) {
    for point in &mut structure.coord[atoms] {
        *point = plus(*point, by);
    }
}

/// Turns atoms by an angle in degrees about the z axis through a point.
pub(crate) fn turn(structure: &mut Structure, atoms: Range<usize>, about: Shift, degrees: f32) {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    for point in &mut structure.coord[atoms] {
        let [x, y, z] = minus(*point, about);
        *point = plus([cosine * x - sine * y, sine * x + cosine * y, z], about);
    }
}

/// Mirrors the side chain of a residue at the plane of its N, CA and C, which makes an L residue a D residue.
pub(crate) fn mirror_side_chain(structure: &mut Structure, own: &Range<usize>) {
    let at = |name: &str| Some(structure.coord[structure.atom_named(own, name)?]);
    let (Some(nitrogen), Some(alpha), Some(carbon)) = (at("N"), at("CA"), at("C")) else {
        return;
    };
    let normal = cross(minus(nitrogen, alpha), minus(carbon, alpha));
    let square = dot(normal, normal);
    if square <= 0.0 {
        return;
    }
    for atom in side_chain(structure, own.clone()) {
        let along = dot(minus(structure.coord[atom], alpha), normal) / square;
        structure.coord[atom] = minus(structure.coord[atom], normal.map(|axis| 2.0 * along * axis));
    }
}

/// The mean position of some atoms.
pub(crate) fn centre(structure: &Structure, atoms: &[usize]) -> Shift {
    let sum = atoms.iter().fold([0.0; 3], |sum, &atom| plus(sum, structure.coord[atom]));
    sum.map(|axis| axis / atoms.len().max(1) as f32)
}

pub(crate) fn plus(one: Shift, other: Shift) -> Shift {
    std::array::from_fn(|axis| one[axis] + other[axis])
}

pub(crate) fn minus(one: Shift, other: Shift) -> Shift {
    std::array::from_fn(|axis| one[axis] - other[axis])
}

fn dot(one: Shift, other: Shift) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn cross(one: Shift, other: Shift) -> Shift {
    [
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    ]
}
