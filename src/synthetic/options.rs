//! Judges configuration and call options by the rules of the contract, and reads those that a prediction depends on: seed, number of
//! samples and what lies between chains. Predicts nothing.

use serde_json::Value;

use super::chain::Deviation;
use super::family::{ModelFamily, UnknownVariant};
use super::input::InputBatch;
use super::random::{hash_text, seed_of};
use super::{ModelError, python};
use crate::prediction::Options;
use crate::prediction::contract::{Contract, OptionRole, OptionRule, OptionSpec, Variant};

/// Greatest turn of a psi, in degrees, by which models differ, by which samples of a stochastic one differ, and that linkers
/// make.
const MODEL_DEVIATION: f64 = 1.5;
const SAMPLE_DEVIATION: f64 = 5.5;
const SPACING_DEVIATION: f64 = 0.5;

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
    let name = python::text(chosen);
    Err(match family.unknown_variant {
        UnknownVariant::Assertion => ModelError::new("AssertionError", format!("Model {name} not supported")),
        UnknownVariant::Listed => ModelError::value(format!(
            "Unsupported {} model: {name}. Supported models: {}",
            contract.name,
            names(&contract.variants).join(", ")
        )),
        UnknownVariant::Repository => ModelError::new(
            "OSError",
            format!("{name} is not a local folder and is not a valid model identifier listed on the model hub"),
        ),
    })
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
        if (value.is_null() && nullable) || keeps(option.rule, value) {
            continue;
        }
        return Err(ModelError::value(format!(
            "{} option {} must be {}{}.",
            contract.name,
            python::repr(&option.name),
            wanted(option),
            if nullable { " or None" } else { "" }
        )));
    }
    Ok(())
}

/// Every name and alias of the sizes, sorted.
fn names(variants: &[Variant]) -> Vec<&str> {
    let mut names: Vec<&str> = variants
        .iter()
        .flat_map(|variant| std::iter::once(&variant.name).chain(&variant.aliases))
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

/// Python's `isinstance(value, int)` without booleans, as all rules have it.
fn integer(value: &Value) -> Option<i128> {
    let number = value.as_number()?;
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

fn keeps(rule: OptionRule, value: &Value) -> bool {
    match rule {
        OptionRule::Any => true,
        OptionRule::PositiveInteger => integer(value).is_some_and(|number| number >= 1),
        OptionRule::NonNegativeInteger => integer(value).is_some_and(|number| number >= 0),
        OptionRule::NonNegativeNumber => value.as_f64().is_some_and(|number| number >= 0.0),
        OptionRule::Number => value.is_number(),
    }
}

fn wanted(option: &OptionSpec) -> &'static str {
    match option.rule {
        OptionRule::Any => "given",
        OptionRule::PositiveInteger => "a positive integer",
        OptionRule::NonNegativeInteger => "a non-negative integer",
        OptionRule::NonNegativeNumber => "a non-negative number",
        OptionRule::Number => "a finite number",
    }
}

/// What lies between two chains that a model sees as one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ChainSpacing {
    /// Residues in between; the model does not attend to them.
    pub linker: String,
    /// Position numbers left out.
    pub skip: i64,
}

/// The options of a call to a folding model that matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SamplingOptions {
    /// Seed of a stochastic model; without one it answers the same every time.
    seed: Option<u64>,
    /// Conformations of every complex, at least 1.
    pub samples: usize,
    is_stochastic: bool,
    spacing: ChainSpacing,
}

impl ChainSpacing {
    /// Reads `glycine_linker` and `position_ids_skip`; `None` for a model that declares neither.
    ///
    /// # Errors
    /// For a linker that is no text and a skip that is no whole number.
    pub(super) fn read(contract: &Contract, effective: &Options) -> Result<Option<Self>, ModelError> {
        let option = |name: &str| {
            let is_declared = contract.option(name).is_some();
            is_declared.then(|| effective.get(name).unwrap_or(&Value::Null))
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

impl SamplingOptions {
    /// Reads the options that the contract declares.
    ///
    /// # Errors
    /// For a value of the wrong type, where it is needed.
    pub(super) fn read(contract: &Contract, effective: &Options, batch: &InputBatch) -> Result<Self, ModelError> {
        let seed = match contract.seed_option().map(|name| (name, effective.get(name))) {
            None | Some((_, None | Some(Value::Null))) => None,
            Some((name, Some(value))) => {
                // A list of seeds in one text is an option whose default is a text.
                let takes_text = contract.option(name).is_some_and(|option| option.default.is_string());
                let text = value.as_str().filter(|_| takes_text);
                let seed = value.as_u64().or_else(|| text.map(hash_text));
                Some(seed.ok_or_else(|| wrong(contract, name, "a non-negative integer or None", value))?)
            }
        };
        let mut samples: usize = 1;
        for name in contract.options_of(OptionRole::Samples) {
            if let Some(value) = effective.get(name) {
                let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
                let count = count.filter(|&count| count > 0);
                let count = count.ok_or_else(|| wrong(contract, name, "a positive integer", value))?;
                samples = samples.saturating_mul(count);
            }
        }
        // A single chain never looks at what would lie between chains.
        let spacing = if batch.has_complex() {
            ChainSpacing::read(contract, effective)?.unwrap_or_default()
        } else {
            ChainSpacing::default()
        };
        Ok(Self {
            seed,
            samples,
            is_stochastic: contract.features.contains(STOCHASTIC),
            spacing,
        })
    }

    /// The reasons for one conformation to lie as it does: the model's name, the number of the sample of a stochastic model, and
    /// what lies between chains.
    pub(super) fn deviations(&self, model: &str, sample: usize, chains: usize) -> Vec<Deviation> {
        let mut deviations = vec![Deviation {
            seed: hash_text(model),
            size: MODEL_DEVIATION,
        }];
        if self.is_stochastic {
            let seed = self.seed.map_or_else(|| seed_of(&[]), |seed| seed_of(&[seed]));
            deviations.push(Deviation {
                seed: seed_of(&[seed, sample as u64]),
                size: SAMPLE_DEVIATION,
            });
        }
        if chains > 1 {
            deviations.push(Deviation {
                seed: seed_of(&[hash_text(&self.spacing.linker), self.spacing.skip as u64]),
                size: SPACING_DEVIATION,
            });
        }
        deviations
    }
}

fn wrong(contract: &Contract, name: &str, wanted: &str, value: &Value) -> ModelError {
    ModelError::value(format!(
        "{} option {} must be {wanted}, not {}.",
        contract.name,
        python::repr(name),
        python::repr_value(value)
    ))
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
        let error = call(
            &model,
            json!("A"),
            json!({ "model_name": "x", "device": "cpu", "seed": 1 }),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "ValueError: The following config keys can only be set at initialization and cannot be overridden \
             per-call: ['device', 'model_name']"
        );
    }

    #[test]
    fn an_unknown_size_is_refused_when_loading() {
        let words = |contract, name: Json| load(contract, json!({ "model_name": name })).unwrap_err().to_string();
        assert_eq!(
            words(esm2(), json!("esm2_t99")),
            "AssertionError: Model esm2_t99 not supported"
        );
        assert_eq!(words(esm2(), json!(null)), "AssertionError: Model None not supported");
        assert_eq!(
            words(esm3_family("ESMCCore", "ESM-C", "sasa_logits"), json!("esmc_6b")),
            "ValueError: Unsupported ESM-C model: esmc_6b. Supported models: a-small, large, small, small-open"
        );
    }

    #[test]
    fn an_alias_is_the_size_it_stands_for() {
        let embed = |name: &str| {
            let model = load(
                esm3_family("ESM3Core", "ESM3", "hidden_states"),
                json!({ "model_name": name }),
            )
            .unwrap();
            call(&model, json!("ACD"), json!({}))
                .unwrap()
                .field("embeddings")
                .cloned()
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
            check_rules(&contract, family, &effective)
                .err()
                .map(|error| error.message)
        };
        for (options, words) in [
            (json!({ "num_loops": 0 }), "'num_loops' must be a positive integer."),
            (json!({ "num_loops": true }), "'num_loops' must be a positive integer."),
            (json!({ "num_loops": 1.0 }), "'num_loops' must be a positive integer."),
            (json!({ "num_loops": null }), "'num_loops' must be a positive integer."),
            (json!({ "seed": -1 }), "'seed' must be a non-negative integer or None."),
            (
                json!({ "noise_scale": "loud" }),
                "'noise_scale' must be a finite number or None.",
            ),
            (
                json!({ "msa_max_depth": 0 }),
                "'msa_max_depth' must be a positive integer or None.",
            ),
        ] {
            assert_eq!(judge(options), Some(format!("ESMFold2 option {words}")));
        }
        assert_eq!(
            judge(json!({ "seed": 0, "noise_scale": -1, "msa_max_depth": null, "other": [] })),
            None
        );
    }
}
