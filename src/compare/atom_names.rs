//! Atoms by name, and structures that name them differently. Knows no coordinates.

use super::comparison::ValueDifference;
use crate::protein::Structure;

/// Compares what names the atoms of two structures with as many atoms.
pub(super) fn compare(expected: &Structure, actual: &Structure) -> ValueDifference {
    let total = expected.atoms();
    let mut differing = (0..total).filter(|&atom| {
        name_of(expected, atom) != name_of(actual, atom)
            || expected.element.get(atom) != actual.element.get(atom)
            || expected.hetero.get(atom) != actual.hetero.get(atom)
    });
    let Some(first) = differing.next() else {
        return ValueDifference::Same;
    };
    let describe = |structure: &Structure| {
        let name = name_of(structure, first).unwrap_or_default();
        let element = structure.element.get(first).map(ToString::to_string).unwrap_or_default();
        format!("{name} ({element})")
    };
    ValueDifference::Atoms {
        first,
        total,
        expected: describe(expected),
        actual: describe(actual),
        differing: 1 + differing.count(),
    }
}

/// `A GLY 12 CA`: chain, residue name, number and insertion code, atom name.
pub(super) fn name_of(structure: &Structure, atom: usize) -> Option<String> {
    Some(format!(
        "{} {} {}{} {}",
        structure.chain_id.get(atom)?,
        structure.res_name.get(atom)?,
        structure.res_id.get(atom)?,
        structure.ins_code.get(atom)?,
        structure.atom_name.get(atom)?
    ))
}
