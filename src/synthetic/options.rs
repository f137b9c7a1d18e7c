//! Judges configuration and call options by the rules of the contract, and reads those that a prediction depends on: seed, number of
//! samples and what lies between chains. Predicts nothing.

use serde_json::Value;

use super::chain::Deviation;
use super::family::{ModelFamily, fill};
use super::input::InputBatch;
use super::random::{hash_text, seed_of};
use super::{ModelError, python};
use crate::prediction::Options;
use crate::prediction::contract::{Contract, OptionRole, OptionRule, OptionSpec};

/// Greatest turn of a psi, in degrees, by which models differ, by which samples of a stochastic one differ, and that linkers
/// make.
const MODEL_DEVIATION: f64 = 1.5;
const SAMPLE_DEVIATION: f64 = 5.5;
const SPACING_DEVIATION: f64 = 0.5;

/// Position numbers that a model without options for it leaves between chains: it has a break token there.
const BREAK: i64 = 1;

/// Feature of a contract whose results depend on a seed.
const STOCHASTIC: &str = "stochastic";

/// Refuses a configuration that names a size the model does not have.
pub(super) fn check_variant(contract: &Contract, family: &ModelFamily, config: &Options) -> Result<(), ModelError> {
    let Some(chosen) = contract.variant_option().and_then(|option| config.get(option)) else {
        return Ok(());
    };
    if chosen.is_string() && contract.variant(config).is_some() {
        return Ok(());
    }
    let variants = contract.variants.iter();
    let names = variants.flat_map(|variant| std::iter::once(&variant.name).chain(&variant.aliases));
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    let (exception, message) = family.unknown_variant;
    let chosen = python::text(chosen);
    let values = [("model", contract.name.as_str()), ("variant", &chosen), ("variants", &names.join(", "))];
    Err(ModelError::new(exception, fill(message, &values)))
}

/// Refuses call options that only an instance may set.
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

/// Refuses the first option, in declared order, that breaks its rule.
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

/// What an option must be, in words and as a test. Seeds and numbers of samples are judged where the contract has no rule for them
/// too, for the response depends on them.
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

/// What lies between two chains that a model sees as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChainSpacing {
    /// Residues in between; the model does not attend to them.
    linker: String,
    /// Position numbers left out.
    skip: i64,
}

/// The options of a call to a folding model that matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SamplingOptions {
    /// What fixes the samples of a stochastic model; without a seed it answers the same every time.
    draw: Option<u64>,
    /// Conformations of every complex, at least 1.
    pub samples: usize,
    spacing: ChainSpacing,
}

impl ChainSpacing {
    /// Reads `glycine_linker` and `position_ids_skip`, where they are declared. A batch of single chains never looks at them.
    ///
    /// # Errors
    /// For a linker that is no text and a skip that is no whole number.
    pub(super) fn read(contract: &Contract, effective: &Options, batch: &InputBatch) -> Result<Self, ModelError> {
        let is_read = |name: &str| batch.has_complex() && contract.option(name).is_some();
        let option = |name: &str| effective.get(name).filter(|_| is_read(name));
        let wrong =
            |value: &Value, words: &str| ModelError::wrong_type(words.replace("{type}", python::type_name(value)));
        let linker = option("glycine_linker").map_or(Ok(""), |value| {
            let words = "object of type '{type}' has no len()";
            value.as_str().ok_or_else(|| wrong(value, words))
        })?;
        let skip = option("position_ids_skip").map_or(Ok(BREAK), |value| {
            let words = "option 'position_ids_skip' must be an integer, not '{type}'";
            value.as_i64().ok_or_else(|| wrong(value, words))
        })?;
        let linker = linker.to_owned();
        Ok(Self { linker, skip })
    }

    /// Position numbers between the last residue of a chain and the first of the next.
    pub(super) fn gap(&self) -> i64 {
        self.skip.saturating_add(self.linker.chars().count() as i64)
    }
}

/// Options that change what a stochastic model draws from one seed.
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

/// A number for each of these options that has another value than its default.
fn schedule(contract: &Contract, effective: &Options) -> impl Iterator<Item = u64> {
    SCHEDULE.iter().filter_map(|name| {
        let value = effective.get(*name)?;
        let is_default = contract.option(name)?.default == *value;
        (!is_default).then(|| hash_text(&format!("{name} {value}")))
    })
}

impl SamplingOptions {
    /// Reads the options that the contract declares, once [`check_rules`] let them pass.
    ///
    /// # Errors
    /// Those of [`ChainSpacing::read`].
    pub(super) fn read(contract: &Contract, effective: &Options, batch: &InputBatch) -> Result<Self, ModelError> {
        let number = |name: &str| effective.get(name).and_then(Value::as_u64);
        let is_stochastic = contract.features.contains(STOCHASTIC);
        let seed = contract.seed_option().and_then(number);
        let samples = contract.options_of(OptionRole::Samples).filter_map(number);
        let reasons: Vec<u64> = seed.into_iter().chain(schedule(contract, effective)).collect();
        Ok(Self {
            draw: is_stochastic.then(|| seed_of(&reasons)),
            samples: samples.fold(1, |all, own| all.saturating_mul(own as usize)),
            spacing: ChainSpacing::read(contract, effective, batch)?,
        })
    }

    /// The reasons for one conformation to lie as it does: the model's name, the number of the sample of a stochastic model, and
    /// what lies between chains.
    pub(super) fn deviations(&self, model: &str, sample: usize, chains: usize) -> Vec<Deviation> {
        let ChainSpacing { linker, skip } = &self.spacing;
        let drawn = self.draw.map(|draw| seed_of(&[draw, sample as u64]));
        let spaced = (chains > 1).then(|| seed_of(&[hash_text(linker), *skip as u64]));
        let reasons =
            [(Some(hash_text(model)), MODEL_DEVIATION), (drawn, SAMPLE_DEVIATION), (spaced, SPACING_DEVIATION)];
        let deviation = |(seed, size): (Option<u64>, f64)| Some(Deviation { seed: seed?, size });
        reasons.into_iter().filter_map(deviation).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::prediction::Method;
    use crate::synthetic::tests::fixture::{bare, call, esm2, esm3_family, load, object, option};

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
}
