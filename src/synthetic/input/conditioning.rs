//! Checks the parts of structured input that steer a model without adding a molecule: alignments, modifications, pockets, distograms
//! and bonds. The embedded models ignore them, so nothing is stored.

use serde_json::{Map, Value};

use super::ModelError;
use crate::synthetic::python;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// Checks pocket, distogram conditioning and covalent bonds of a sample.
pub(super) fn check_sample(object: &Object) -> Result<(), ModelError> {
    given(object, "pocket").map_or(Ok(()), check_pocket)?;
    for distogram in optional_mappings(object, "distogram_conditioning")? {
        required(distogram, "chain_id")?;
        required(distogram, "distogram")?;
    }
    for bond in optional_mappings(object, "covalent_bonds")? {
        for side in ["1", "2"] {
            required(bond, &format!("chain_id{side}"))?;
            whole_number(required(bond, &format!("res_idx{side}"))?)?;
            whole_number(required(bond, &format!("atom_idx{side}"))?)?;
        }
    }
    Ok(())
}

/// Checks the modified residues of a molecule.
pub(super) fn check_modifications(object: &Object) -> Result<(), ModelError> {
    for modification in optional_mappings(object, "modifications")? {
        whole_number(required(modification, "position")?)?;
        required(modification, "ccd")?;
    }
    Ok(())
}

/// Checks an alignment. Returns whether it is a file.
pub(super) fn check_alignment(value: Option<&Value>) -> Result<bool, ModelError> {
    let is_rows = |value: &Value| strings(value).is_some();
    let object = match value {
        None | Some(Value::Null) => return Ok(false),
        Some(Value::Object(object)) => object,
        Some(other) => {
            check(is_rows(other), "MSA payload must be a mapping, list[str], or None")?;
            return Ok(false);
        }
    };
    let (rows, path) = (given(object, "sequences"), given(object, "path"));
    let has_flag = object.get("remove_insertions").is_none_or(Value::is_boolean);
    check(rows.is_none_or(is_rows), "MSA payload sequences must be a string sequence list")?;
    check(path.is_none_or(Value::is_string), "MSA payload path must be a string path")?;
    check(has_flag, "MSA payload remove_insertions must be a boolean")?;
    if rows.is_some() == path.is_some() {
        return Err(ModelError::value("MSAInput requires exactly one of sequences or path."));
    }
    Ok(path.is_some())
}

/// The decoded value, or boileroom's error for a wrong type.
pub(super) fn encoded<T>(found: Option<T>, wanted: &str) -> Result<T, ModelError> {
    found.ok_or_else(|| ModelError::wrong_type(format!("Encoded ESMFold2 {wanted}.")))
}

fn check(holds: bool, wanted: &str) -> Result<(), ModelError> {
    encoded(holds.then_some(()), wanted)
}

/// A list of strings.
pub(super) fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The objects of a list.
pub(super) fn mappings<'a>(value: Option<&'a Value>, name: &str) -> Result<Vec<&'a Object>, ModelError> {
    let objects = value.and_then(Value::as_array).and_then(|items| items.iter().map(Value::as_object).collect());
    encoded(objects, &format!("{name} must be a list of mappings"))
}

/// The objects of a key that may be absent.
fn optional_mappings<'a>(object: &'a Object, name: &str) -> Result<Vec<&'a Object>, ModelError> {
    given(object, name).map_or_else(|| Ok(Vec::new()), |value| mappings(Some(value), name))
}

fn check_pocket(pocket: &Value) -> Result<(), ModelError> {
    check(pocket.is_object(), "pocket payload must be a mapping or None")?;
    let contacts = pocket.get("contacts").and_then(Value::as_array);
    check(contacts.is_some(), "pocket contacts must be a list")?;
    let has_binder = pocket.get("binder_chain_id").is_some_and(Value::is_string);
    check(has_binder, "pocket.binder_chain_id must be a string")?;
    for contact in contacts.into_iter().flatten() {
        let pair = contact.as_array().filter(|pair| pair.len() == 2);
        check(pair.is_some(), "pocket contacts must be [chain_id, residue_index] pairs")?;
        check(contact[0].is_string(), "pocket.contacts.chain_id must be a string")?;
        let is_index = contact[1].is_i64() || contact[1].is_u64();
        check(is_index, "pocket contact residue index must be an integer")?;
    }
    Ok(())
}

/// The value of a key unless it is absent or null.
pub(super) fn given<'a>(object: &'a Object, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// The value of a key that boileroom reads by subscript.
fn required<'a>(object: &'a Object, key: &str) -> Result<&'a Value, ModelError> {
    object.get(key).ok_or_else(|| ModelError::new("KeyError", python::repr(key)))
}

/// Checks that Python's `int()` accepts a value.
fn whole_number(value: &Value) -> Result<(), ModelError> {
    match value {
        Value::Number(_) | Value::Bool(_) => Ok(()),
        Value::String(digits) if digits.trim().parse::<i64>().is_ok() => Ok(()),
        Value::String(_) => {
            Err(ModelError::value(format!("invalid literal for int() with base 10: {}", python::repr_value(value))))
        }
        _ => Err(ModelError::wrong_type(format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            python::type_name(value)
        ))),
    }
}
