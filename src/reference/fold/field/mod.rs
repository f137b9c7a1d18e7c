//! Fields of a response, read off folded complexes as the contract declares them. A field that no source is known for
//! gets numbers of the right shape, type and range, so that a new model needs its table only.

mod array;
mod atom_map;
mod feature;
mod frame;
mod mapping;
mod source;
mod structure;

use super::{FoldError, Folding, Model};
use crate::prediction::Value;
use crate::prediction::contract::{Contract, FieldKind, FieldSpec};
use crate::protein::{mmcif, pdb};

/// Feature of a contract that has several diffusion samples but hands out the best of them as a structure.
const BEST_STRUCTURE_ONLY: &str = "best_structure_only";

/// The value of one field.
///
/// # Errors
/// When an array does not fit into memory or a structure not into its file format.
pub(super) fn value(folding: &Folding, contract: &Contract, field: &FieldSpec) -> Result<Value, FoldError> {
    let models: Vec<&Model> = folding.models.iter().collect();
    let structures = || {
        presented(folding, contract)
            .into_iter()
            .map(|model| structure::structure(model, field))
    };
    let items = match field.kind {
        FieldKind::Array | FieldKind::Scalar => {
            let array = array::Plan::new(contract, field, &models).build(&folding.heads)?;
            return Ok(Value::Array(array));
        }
        FieldKind::Arrays => models
            .iter()
            .map(|&model| {
                let array = array::Plan::new(contract, field, &[model]).build(&folding.heads)?;
                Ok(Value::Array(array))
            })
            .collect::<Result<_, FoldError>>()?,
        FieldKind::Structures => structures()
            .map(|structure| Value::Structure(Box::new(structure)))
            .collect(),
        FieldKind::Pdb => structures()
            .map(|structure| Ok(Value::Text(pdb::write(&structure)?)))
            .collect::<Result<_, FoldError>>()?,
        FieldKind::Cif => structures()
            .map(|structure| Value::Text(mmcif::write(&structure, &contract.key)))
            .collect(),
        FieldKind::Mappings => models.into_iter().map(mapping::scores).collect(),
    };
    Ok(Value::List(items))
}

/// The conformations that become structures: all, or the most confident of each complex.
fn presented<'a>(folding: &'a Folding, contract: &Contract) -> Vec<&'a Model> {
    if !contract.features.contains(BEST_STRUCTURE_ONLY) {
        return folding.models.iter().collect();
    }
    let surer = |a: &&Model, b: &&Model| a.confidence.mean_plddt().total_cmp(&b.confidence.mean_plddt());
    folding
        .models
        .chunks(folding.copies)
        .filter_map(|copies| copies.iter().max_by(surer))
        .collect()
}
