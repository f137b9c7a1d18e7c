//! Structures of a response in any form, an array of atoms or the text of a file, and the confidences beside them. Judges nothing.

use std::borrow::Cow;

use super::case_results::AnsweredCall;
use crate::compare::PLDDT;
use crate::prediction::Value;
use crate::prediction::contract::{FieldKind, FieldSpec};
use crate::protein::{Structure, mmcif, pdb};
pub(crate) use crate::protein::{name_of_atom, same_name};
use crate::tensor::Tensor;

/// Whether a field holds structures in any form.
pub(crate) const fn is_structural(field: &FieldSpec) -> bool {
    matches!(field.kind, FieldKind::Structures) || is_file(field)
}

/// Whether a field holds structure files.
pub(crate) const fn is_file(field: &FieldSpec) -> bool {
    matches!(field.kind, FieldKind::Pdb | FieldKind::Cif)
}

/// The structure that an item of such a field holds, with columns of equal length and at least one atom, so that no check passes for
/// lack of atoms.
///
/// # Errors
/// What the item is instead, or why its text cannot be read.
pub(crate) fn structure_of(kind: FieldKind, item: &Value) -> Result<Cow<'_, Structure>, String> {
    let structure = read(kind, item)?;
    if structure.atoms() == 0 { Err("expected atoms, got none".to_owned()) } else { Ok(structure) }
}

fn read(kind: FieldKind, item: &Value) -> Result<Cow<'_, Structure>, String> {
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

/// The arrays of the field `plddt`, one for each sample. `None` for those that are no arrays of numbers.
pub(crate) fn confidences(answered: &AnsweredCall<'_>) -> Vec<Option<Vec<f64>>> {
    answered.items(PLDDT).iter().map(|item| item.as_array().and_then(Tensor::to_f64)).collect()
}
