//! What atoms and residues are called, and whether two structures call an atom the same. Knows no positions.

use super::Structure;

/// What people call an atom: `CA of ALA 12 in chain A`. The columns must be even.
#[must_use]
pub fn name_of_atom(structure: &Structure, atom: usize) -> String {
    format!("{} of {}", structure.atom_name[atom], name_of_residue(structure, atom))
}

/// `MET 7 in chain A`: the residue that an atom belongs to. The columns must be even.
#[must_use]
pub fn name_of_residue(structure: &Structure, atom: usize) -> String {
    format!(
        "{} {}{} in chain {}",
        structure.res_name[atom], structure.res_id[atom], structure.ins_code[atom], structure.chain_id[atom]
    )
}

/// Whether an atom has the same name in two structures: chain, residue, insertion code, atom and element. The columns must
/// be even and equally long.
#[must_use]
pub fn same_name(first: &Structure, second: &Structure, atom: usize) -> bool {
    first.chain_id[atom] == second.chain_id[atom]
        && first.res_id[atom] == second.res_id[atom]
        && first.ins_code[atom] == second.ins_code[atom]
        && first.res_name[atom] == second.res_name[atom]
        && first.atom_name[atom] == second.atom_name[atom]
        && first.element[atom] == second.element[atom]
}
