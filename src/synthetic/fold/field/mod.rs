//! Fields of a response, read off folded complexes as the contract declares them. A field that no source is known for
//! gets numbers of the right shape, type and range, so that a new model needs its table only.

mod array;
mod atom_map;
mod feature;
mod frame;
mod mapping;
mod row;
mod source;
mod structure;

use super::{Folding, Model};
use crate::prediction::Value;
use crate::prediction::contract::{Dimension, FieldKind, FieldSpec};
use crate::protein::{mmcif, pdb};
use crate::synthetic::ModelError;

/// Feature of a contract that gives back the structure of the first draw only, and a score of the whole complex only where
/// a single one was drawn.
const FIRST_STRUCTURE_ONLY: &str = "first_structure_only";

/// The value of one field.
///
/// # Errors
/// When an array does not fit into memory or a structure not into its file format.
pub(super) fn value(folding: &Folding, field: &FieldSpec) -> Result<Value, ModelError> {
    let models: Vec<&Model> = folding.models.iter().collect();
    let structures = || {
        presented(folding)
            .into_iter()
            .map(|model| structure::structure(model, field))
    };
    let items = match field.kind {
        FieldKind::Array | FieldKind::Scalar => {
            let array = array::Plan::new(folding, field, &models).build(&folding.heads)?;
            return Ok(Value::Array(array));
        }
        FieldKind::Arrays if withheld(folding, field) => return Ok(Value::None),
        FieldKind::Arrays => models
            .iter()
            .map(|&model| {
                let array = array::Plan::new(folding, field, &[model]).build(&folding.heads)?;
                Ok(Value::Array(array))
            })
            .collect::<Result<_, ModelError>>()?,
        FieldKind::Structures => structures()
            .map(|structure| Value::Structure(Box::new(structure)))
            .collect(),
        FieldKind::Pdb => structures()
            .map(|structure| {
                let text = pdb::write(&structure).map_err(|error| ModelError::value(error.to_string()))?;
                Ok(Value::Text(text))
            })
            .collect::<Result<_, ModelError>>()?,
        FieldKind::Cif => structures()
            .map(|structure| Value::Text(mmcif::write(&structure, &folding.contract.key)))
            .collect(),
        FieldKind::Mappings => models.into_iter().map(mapping::scores).collect(),
        FieldKind::Mapping => {
            let first = models.first();
            let first = first.ok_or_else(|| ModelError::value(format!("there is nothing to say in {}", field.name)))?;
            return Ok(mapping::scores(first));
        }
    };
    Ok(Value::List(items))
}

/// The conformations that become structures: all, or the first of each complex.
fn presented<'a>(folding: &'a Folding<'_>) -> Vec<&'a Model> {
    if !first_structure_only(folding) {
        return folding.models.iter().collect();
    }
    let drawn = folding.models.chunks(folding.draws.max(1));
    drawn.filter_map(|draws| draws.first()).collect()
}

/// Whether a score cannot be told apart because several conformations were drawn and one came back.
fn withheld(folding: &Folding, field: &FieldSpec) -> bool {
    let of_tokens = |dimension: &Dimension| matches!(dimension, Dimension::Symbol(name, _) if name == "N");
    first_structure_only(folding) && folding.draws > 1 && !field.shape.iter().any(of_tokens)
}

fn first_structure_only(folding: &Folding) -> bool {
    folding.contract.features.contains(FIRST_STRUCTURE_ONLY)
}
