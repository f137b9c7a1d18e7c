//! Structures of an answer whatever form they come in: an array of atoms or the text of a file.

use std::borrow::Cow;

use crate::prediction::Value;
use crate::prediction::contract::{FieldKind, FieldSpec};
use crate::protein::{Structure, mmcif, pdb};

/// Whether a field holds structures in any form.
#[must_use]
pub const fn is_structural(field: &FieldSpec) -> bool {
    matches!(field.kind, FieldKind::Structures) || is_file(field)
}

/// Whether a field holds structure files.
#[must_use]
pub const fn is_file(field: &FieldSpec) -> bool {
    matches!(field.kind, FieldKind::Pdb | FieldKind::Cif)
}

/// The structure that an item of such a field holds, its columns all of one length.
///
/// # Errors
/// What the item is instead, or why its text cannot be read.
pub fn structure_of(kind: FieldKind, item: &Value) -> Result<Cow<'_, Structure>, String> {
    let (format, parsed) = match (kind, item) {
        (_, Value::Structure(structure)) => {
            return match structure.uneven_column() {
                None => Ok(Cow::Borrowed(structure)),
                Some(column) => Err(format!("column `{column}` has not one entry for each atom")),
            };
        }
        (FieldKind::Pdb, Value::Text(text)) => ("PDB", pdb::read(text)),
        (FieldKind::Cif, Value::Text(text)) => ("mmCIF", mmcif::read(text)),
        (_, other) => return Err(format!("expected a structure, got {}", other.describe())),
    };
    let structure = parsed.map_err(|error| format!("not {format}, {error}"))?;
    match structure.model_count() {
        1 => Ok(Cow::Owned(structure)),
        models => Err(format!("expected one model, got {models}")),
    }
}

/// What people call an atom: `CA of ALA 12 in chain A`. The columns must be even.
#[must_use]
pub fn name_of_atom(structure: &Structure, atom: usize) -> String {
    format!(
        "{} of {} {}{} in chain {}",
        structure.atom_name[atom],
        structure.res_name[atom],
        structure.res_id[atom],
        structure.ins_code[atom],
        structure.chain_id[atom]
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
