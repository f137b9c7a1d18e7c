//! What a model puts between the chains of a complex, as its options say. Reads options; moves no residue.

use serde_json::Value;

use super::{ModelError, python};
use crate::prediction::{Contract, Options};

/// What lies between two chains that a model sees as one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Spacing {
    /// Residues in between; the model does not attend to them.
    pub linker: String,
    /// Position numbers left out.
    pub skip: i64,
}

impl Spacing {
    /// Reads `glycine_linker` and `position_ids_skip`; `None` for a model that declares neither.
    ///
    /// # Errors
    /// For a linker that is no text and a skip that is no whole number.
    pub fn read(contract: &Contract, effective: &Options) -> Result<Option<Self>, ModelError> {
        let option = |name: &str| {
            let declared = contract.options.iter().any(|option| option.name == name);
            declared.then(|| effective.get(name).unwrap_or(&Value::Null))
        };
        let (linker, skip) = (option("glycine_linker"), option("position_ids_skip"));
        if linker.is_none() && skip.is_none() {
            return Ok(None);
        }
        let linker = match linker {
            None => String::new(),
            Some(Value::String(residues)) => residues.clone(),
            Some(other) => {
                let name = python::type_name(other);
                return Err(ModelError::wrong_type(format!("object of type '{name}' has no len()")));
            }
        };
        let skip = match skip {
            None => 0,
            Some(value) => value.as_i64().ok_or_else(|| {
                let name = python::type_name(value);
                ModelError::wrong_type(format!("option 'position_ids_skip' must be an integer, not '{name}'"))
            })?,
        };
        Ok(Some(Self { linker, skip }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::synthetic::fixture::{call, esm2, esm3_family, load, object};

    #[test]
    fn a_model_without_the_options_has_no_spacing() {
        let options = object(json!({ "glycine_linker": "GG" }));
        let contract = esm3_family("ESMCCore", "ESM-C", "sasa_logits");
        assert_eq!(Spacing::read(&contract, &options), Ok(None));
        let read = Spacing::read(&esm2(), &esm2().effective_options(&Options::new(), &options));
        let spacing = read.unwrap().unwrap();
        assert_eq!((spacing.linker.as_str(), spacing.skip), ("GG", 512));
    }

    #[test]
    fn a_wrong_type_matters_only_once_there_are_chains_to_space() {
        let model = load(esm2(), json!({ "glycine_linker": 5 })).unwrap();
        let answer = |input: Json| call(&model, input, json!({}));
        assert!(answer(json!("AC")).is_ok());
        assert_eq!(
            answer(json!("A:C")).unwrap_err().to_string(),
            "TypeError: object of type 'int' has no len()"
        );
    }
}
