//! Which fields of a response a call asks for: the meaning of `include_fields`. Knows names only, makes no value.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::family::{ModelFamily, fill};
use super::{ModelError, python};
use crate::prediction::contract::{FieldSpec, Presence};
use crate::prediction::{Contract, Value};

/// The names of the fields asked for, `*` for all.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FieldSelection(BTreeSet<String>);

impl FieldSelection {
    /// Reads `include_fields`: nothing, a list of names with `*` for all, or what Python makes of other types. A string
    /// is searched for `*` and otherwise falls apart into letters, none of which is a field.
    ///
    /// # Errors
    /// For a value that cannot be searched, and for fields that the response class has for another model.
    pub(crate) fn read(contract: &Contract, family: &ModelFamily, include_fields: &Json) -> Result<Self, ModelError> {
        let names: BTreeSet<String> = match include_fields {
            Json::Null => BTreeSet::new(),
            Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            Json::Object(entries) => entries.keys().cloned().collect(),
            Json::String(text) => text.chars().map(String::from).collect(),
            Json::Bool(_) | Json::Number(_) => {
                let name = python::type_name(include_fields);
                return Err(ModelError::wrong_type(format!("argument of type '{name}' is not iterable")));
            }
        };
        let foreign = |field: &&FieldSpec| field.presence == Presence::Never && names.contains(&field.name);
        if let Some(field) = contract.fields.iter().find(foreign) {
            let values = [("field", field.name.as_str()), ("model", contract.name.as_str())];
            return Err(ModelError::value(fill(family.foreign_field, &values)));
        }
        Ok(Self(names))
    }

    /// The selected fields in the order of the contract, each with what `value` says of it; the others are `None`.
    ///
    /// # Errors
    /// Those of `value`.
    pub(crate) fn fields(
        &self,
        contract: &Contract,
        value: impl Fn(&FieldSpec) -> Result<Value, ModelError>,
    ) -> Result<Vec<(String, Value)>, ModelError> {
        let of = |field: &FieldSpec| {
            let value = if self.wants(field) { value(field)? } else { Value::None };
            Ok((field.name.clone(), value))
        };
        contract.fields.iter().map(of).collect()
    }

    /// Whether a response has a value for this field.
    fn wants(&self, field: &FieldSpec) -> bool {
        match field.presence {
            Presence::Always => true,
            Presence::Requested => self.0.contains("*") || self.0.contains(&field.name),
            Presence::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::synthetic::tests::fixture::{array_field, esm2, esm3_family};

    fn read(contract: &Contract, include_fields: &Json) -> Result<FieldSelection, ModelError> {
        FieldSelection::read(contract, ModelFamily::of(contract), include_fields)
    }

    #[test]
    fn nothing_asked_for_is_the_minimum_whatever_its_form() {
        let (contract, field) = (esm2(), array_field("plddt", &[]));
        for nothing in [json!(null), json!([]), json!({}), json!("plddt"), json!([1, null, "x"])] {
            assert!(!read(&contract, &nothing).unwrap().wants(&field), "{nothing}");
        }
        for all in [json!(["*"]), json!("*"), json!(["plddt"]), json!({"plddt": 1})] {
            assert!(read(&contract, &all).unwrap().wants(&field), "{all}");
        }
    }

    #[test]
    fn what_cannot_be_searched_is_refused() {
        let error = read(&esm2(), &json!(5)).unwrap_err();
        assert_eq!(error.to_string(), "TypeError: argument of type 'int' is not iterable");
    }

    #[test]
    fn fields_of_a_sister_model_are_refused_by_name_and_left_out_of_all() {
        let small = esm3_family("ESMCCore", "ESM-C", "sasa_logits");
        assert_eq!(
            read(&small, &json!(["sasa_logits"])).unwrap_err().message,
            "sasa_logits are only available for ESM3, not ESM-C."
        );
        let large = esm3_family("ESM3Core", "ESM3", "hidden_states");
        assert_eq!(
            read(&large, &json!(["hidden_states"])).unwrap_err().message,
            "hidden_states are not supported for ESM3 embeddings by the current SDK wrapper."
        );
        let all = read(&large, &json!(["*"])).unwrap();
        assert!(!all.wants(large.field("hidden_states").unwrap()));
        assert!(all.wants(large.field("sasa_logits").unwrap()));
    }
}
