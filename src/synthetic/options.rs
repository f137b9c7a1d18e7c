//! Checks configuration and call options by the rules of the contract, and reads those that change a prediction: requested fields,
//! seed, number of samples and the spacing of chains. Does not compute a prediction.

use std::collections::BTreeSet;

use serde_json::Value;

use super::chain::Deviation;
use super::family::{ModelFamily, fill};
use super::input::InputBatch;
use super::random::{hash_text, seed_of};
use super::{ModelError, python};
use crate::prediction::Options;
use crate::prediction::contract::{Contract, FieldSpec, OptionRole, OptionRule, OptionSpec, Presence};

/// The greatest deviation of psi, in degrees, between models, between samples of a stochastic model, and due to linkers.
const MODEL_DEVIATION: f64 = 1.5;
const SAMPLE_DEVIATION: f64 = 5.5;
const SPACING_DEVIATION: f64 = 0.5;

/// Position numbers between chains in a model without options for them: it has a break token there.
const BREAK: i64 = 1;

/// Feature of a contract whose results depend on a seed.
const STOCHASTIC: &str = "stochastic";

/// Rejects a configuration that names a size that the model does not have.
pub(super) fn check_variant(contract: &Contract, family: &ModelFamily, config: &Options) -> Result<(), ModelError> {
    let Some(chosen) = contract.variant_option().and_then(|option| config.get(option)) else {
        return Ok(());
    };
    if chosen.is_string() && contract.variant(config).is_some() {
        return Ok(());
    }
    let names = contract.variants.iter().flat_map(|variant| std::iter::once(&variant.name).chain(&variant.aliases));
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    let (exception, message) = family.unknown_variant;
    let chosen = python::text(chosen);
    let values = [("model", contract.name.as_str()), ("variant", &chosen), ("variants", &names.join(", "))];
    Err(ModelError::new(exception, fill(message, &values)))
}

/// Rejects call options that only an instance may set.
pub(super) fn check_fixed(contract: &Contract, call: &Options) -> Result<(), ModelError> {
    let mut fixed = contract.fixed_options();
    fixed.retain(|name| call.contains_key(*name));
    if fixed.is_empty() {
        return Ok(());
    }
    Err(ModelError::value(format!(
        "The following config keys can only be set at initialization and cannot be overridden per-call: {}",
        python::repr_list(fixed)
    )))
}

/// Rejects the first option, in declared order, that violates its rule.
pub(super) fn check_rules(contract: &Contract, family: &ModelFamily, effective: &Options) -> Result<(), ModelError> {
    for option in &contract.options {
        let nullable = option.default.is_null() || family.nullable.contains(&option.name.as_str());
        let value = effective.get(&option.name).unwrap_or(&Value::Null);
        let (wanted, keeps) = rule(option);
        if (value.is_null() && nullable) || keeps(value) {
            continue;
        }
        return Err(ModelError::value(format!(
            "{} option {} must be {wanted}{}.",
            contract.name,
            python::repr(&option.name),
            if nullable { " or None" } else { "" }
        )));
    }
    Ok(())
}

/// The rule of an option as text and as a test. Seeds and numbers of samples are checked even if the contract has no rule for them,
/// because the response depends on them.
fn rule(option: &OptionSpec) -> (&'static str, fn(&Value) -> bool) {
    match (option.rule, option.role) {
        (OptionRule::PositiveInteger, _) | (OptionRule::Any, Some(OptionRole::Samples)) => {
            ("a positive integer", |value| value.as_u64().is_some_and(|number| number > 0))
        }
        (OptionRule::NonNegativeInteger, _) | (OptionRule::Any, Some(OptionRole::Seed)) => {
            ("a non-negative integer", Value::is_u64)
        }
        (OptionRule::NonNegativeNumber, _) => {
            ("a non-negative number", |value| value.as_f64().is_some_and(|number| number >= 0.0))
        }
        (OptionRule::Number, _) => ("a finite number", Value::is_number),
        (OptionRule::Any, _) => ("given", |_| true),
    }
}

/// Reads `include_fields`: the names of the requested fields, with `*` for all. A string behaves as in Python: it can only match
/// `*`, because its letters are not names of fields.
///
/// # Errors
/// For a value that cannot be searched, and for fields that the response class only has for another model.
pub(super) fn requested_fields(
    contract: &Contract,
    family: &ModelFamily,
    include_fields: &Value,
) -> Result<BTreeSet<String>, ModelError> {
    let names: BTreeSet<String> = match include_fields {
        Value::Null => BTreeSet::new(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::Object(entries) => entries.keys().cloned().collect(),
        Value::String(text) => text.chars().map(String::from).collect(),
        Value::Bool(_) | Value::Number(_) => {
            let name = python::type_name(include_fields);
            return Err(ModelError::wrong_type(format!("argument of type '{name}' is not iterable")));
        }
    };
    let foreign = |field: &&FieldSpec| field.presence == Presence::Never && names.contains(&field.name);
    if let Some(field) = contract.fields.iter().find(foreign) {
        let values = [("field", field.name.as_str()), ("model", contract.name.as_str())];
        return Err(ModelError::value(fill(family.foreign_field, &values)));
    }
    Ok(names)
}

/// Whether a response has a value for this field.
pub(super) fn is_included(field: &FieldSpec, requested: &BTreeSet<String>) -> bool {
    match field.presence {
        Presence::Always => true,
        Presence::Requested => requested.contains("*") || requested.contains(&field.name),
        Presence::Never => false,
    }
}

/// What separates two chains that a model sees as one sequence.
#[derive(Debug)]
pub(super) struct ChainSpacing {
    /// Residues between the chains, to which the model does not attend.
    linker: String,
    /// Position numbers left out.
    skip: i64,
}

/// The options of a call to a folding model that change its response.
#[derive(Debug)]
pub(super) struct SamplingOptions {
    /// Seed of the samples of a stochastic model. Without a seed option every call gets the same samples.
    draw: Option<u64>,
    /// Conformations of every complex, at least 1.
    pub samples: usize,
    spacing: ChainSpacing,
}

impl ChainSpacing {
    /// Reads `glycine_linker` and `position_ids_skip` if they are declared. A batch of single chains ignores them.
    ///
    /// # Errors
    /// For a linker that is not text and a skip that is not a whole number.
    pub(super) fn read(contract: &Contract, effective: &Options, batch: &InputBatch) -> Result<Self, ModelError> {
        let option =
            |name: &str| effective.get(name).filter(|_| batch.has_complex() && contract.option(name).is_some());
        let wrong = |value: &Value, start: &str, end: &str| {
            ModelError::wrong_type(format!("{start} '{}'{end}", python::type_name(value)))
        };
        let linker = option("glycine_linker")
            .map_or(Ok(""), |value| value.as_str().ok_or_else(|| wrong(value, "object of type", " has no len()")))?;
        let skip = option("position_ids_skip").map_or(Ok(BREAK), |value| {
            value.as_i64().ok_or_else(|| wrong(value, "option 'position_ids_skip' must be an integer, not", ""))
        })?;
        Ok(Self { linker: linker.to_owned(), skip })
    }

    /// Position numbers between the last residue of a chain and the first of the next.
    pub(super) fn gap(&self) -> i64 {
        self.skip.saturating_add(self.linker.chars().count() as i64)
    }
}

/// Options that change the samples that a stochastic model draws from one seed.
const SCHEDULE: [&str; 9] = [
    "num_loops",
    "num_sampling_steps",
    "num_trunk_recycles",
    "num_diffn_timesteps",
    "recycling_steps",
    "sampling_steps",
    "noise_scale",
    "step_scale",
    "use_esm_embeddings",
];

impl SamplingOptions {
    /// Reads the options that the contract declares. [`check_rules`] must have accepted them.
    ///
    /// # Errors
    /// As [`ChainSpacing::read`].
    pub(super) fn read(contract: &Contract, effective: &Options, batch: &InputBatch) -> Result<Self, ModelError> {
        let number = |name: &str| effective.get(name).and_then(Value::as_u64);
        let samples = contract.options_of(OptionRole::Samples).filter_map(number);
        let changed = SCHEDULE.iter().filter_map(|name| {
            let value = effective.get(*name)?;
            (contract.option(name)?.default != *value).then(|| hash_text(&format!("{name} {value}")))
        });
        let seeds: Vec<u64> = contract.seed_option().and_then(number).into_iter().chain(changed).collect();
        Ok(Self {
            draw: contract.features.contains(STOCHASTIC).then(|| seed_of(&seeds)),
            samples: samples.fold(1, |all, own| all.saturating_mul(own as usize)),
            spacing: ChainSpacing::read(contract, effective, batch)?,
        })
    }

    /// The deviations of one conformation: due to the model, to the sample of a stochastic model, and to the spacing of chains.
    pub(super) fn deviations(&self, model: &str, sample: usize, chains: usize) -> Vec<Deviation> {
        let ChainSpacing { linker, skip } = &self.spacing;
        let drawn = self.draw.map(|draw| seed_of(&[draw, sample as u64]));
        let spaced = (chains > 1).then(|| seed_of(&[hash_text(linker), *skip as u64]));
        [(Some(hash_text(model)), MODEL_DEVIATION), (drawn, SAMPLE_DEVIATION), (spaced, SPACING_DEVIATION)]
            .into_iter()
            .filter_map(|(seed, size)| Some(Deviation { seed: seed?, size }))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::prediction::Method;
    use crate::synthetic::tests::fixture::{array_field, bare, call, esm2, esm3_family, load, object, option};

    #[test]
    fn fixed_options_of_a_call_are_listed_sorted() {
        let model = load(esm2(), json!({ "device": "cpu" })).unwrap();
        let error = call(&model, json!("A"), json!({ "model_name": "x", "device": "cpu", "seed": 1 })).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ValueError: The following config keys can only be set at initialization and cannot be overridden \
             per-call: ['device', 'model_name']"
        );
    }

    #[test]
    fn an_unknown_size_is_refused_when_loading() {
        let words = |contract, name: Json| load(contract, json!({ "model_name": name })).unwrap_err().to_string();
        assert_eq!(words(esm2(), json!("esm2_t99")), "AssertionError: Model esm2_t99 not supported");
        assert_eq!(words(esm2(), json!(null)), "AssertionError: Model None not supported");
        assert_eq!(
            words(esm3_family("ESMCCore", "ESM-C", "sasa_logits"), json!("esmc_6b")),
            "ValueError: Unsupported ESM-C model: esmc_6b. Supported models: a-small, large, small, small-open"
        );
    }

    #[test]
    fn an_alias_is_the_size_it_stands_for() {
        let embed = |name: &str| {
            let model = load(esm3_family("ESM3Core", "ESM3", "hidden_states"), json!({ "model_name": name })).unwrap();
            call(&model, json!("ACD"), json!({})).unwrap().field("embeddings").cloned()
        };
        assert_eq!(embed("small-open"), embed("small"));
        assert_ne!(embed("large"), embed("small"));
    }

    #[test]
    fn rules_are_worded_with_the_option_and_what_it_may_be() {
        let mut contract = bare("ESMFold2Core", "ESMFold2", Method::Fold);
        contract.options = vec![
            option("num_loops", json!(3), OptionRule::PositiveInteger),
            option("seed", Json::Null, OptionRule::NonNegativeInteger),
            option("noise_scale", Json::Null, OptionRule::Number),
            option("msa_max_depth", json!(1024), OptionRule::PositiveInteger),
        ];
        let family = ModelFamily::of(&contract);
        let judge = |options: Json| {
            let effective = contract.effective_options(&Options::new(), &object(options));
            check_rules(&contract, family, &effective).err().map(|error| error.message)
        };
        for (options, words) in [
            (json!({ "num_loops": 0 }), "'num_loops' must be a positive integer."),
            (json!({ "num_loops": true }), "'num_loops' must be a positive integer."),
            (json!({ "num_loops": 1.0 }), "'num_loops' must be a positive integer."),
            (json!({ "num_loops": null }), "'num_loops' must be a positive integer."),
            (json!({ "seed": -1 }), "'seed' must be a non-negative integer or None."),
            (json!({ "noise_scale": "loud" }), "'noise_scale' must be a finite number or None."),
            (json!({ "msa_max_depth": 0 }), "'msa_max_depth' must be a positive integer or None."),
        ] {
            assert_eq!(judge(options), Some(format!("ESMFold2 option {words}")));
        }
        assert_eq!(judge(json!({ "seed": 0, "noise_scale": -1, "msa_max_depth": null, "other": [] })), None);
    }

    fn read(contract: &Contract, include_fields: &Json) -> Result<BTreeSet<String>, ModelError> {
        requested_fields(contract, ModelFamily::of(contract), include_fields)
    }

    #[test]
    fn nothing_asked_for_is_the_minimum_whatever_its_form() {
        let (contract, field) = (esm2(), array_field("plddt", &[]));
        for nothing in [json!(null), json!([]), json!({}), json!("plddt"), json!([1, null, "x"])] {
            assert!(!is_included(&field, &read(&contract, &nothing).unwrap()), "{nothing}");
        }
        for all in [json!(["*"]), json!("*"), json!(["plddt"]), json!({"plddt": 1})] {
            assert!(is_included(&field, &read(&contract, &all).unwrap()), "{all}");
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
        assert!(!is_included(large.field("hidden_states").unwrap(), &all));
        assert!(is_included(large.field("sasa_logits").unwrap(), &all));
    }
}
