//! The rules for comparing two files: the gates and tolerances of their model, or of unknown models. Does not compare.

use super::{FileFormat, Loaded};
use crate::compare::{PLDDT, Policy, ToleranceOverrides};
use crate::config::{Config, Unknown};
use crate::prediction::contract::FactorScale;
use crate::prediction::gates::EnsembleGates;
use crate::prediction::{Contract, Value};
use crate::protein::Structure;

/// The field of aligned errors, which every model that has it judges alike.
const PAE: &str = "pae";

/// The field of vectors of residues.
const EMBEDDINGS: &str = "embeddings";

/// The rules for comparing two files.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The origin of the rules, as text.
    pub(crate) name: String,
    pub(super) policy: Policy,
    /// Gates of sets of samples, for models whose single samples need not agree.
    pub(super) ensemble: Option<EnsembleGates>,
    /// The field of an array without a name: the vectors of residues of a model that embeds.
    pub(super) unnamed: Option<String>,
    /// The fields of the model.
    fields: Vec<String>,
}

impl Rules {
    /// The rules of the named model, else of the model of a result, else of unknown models. `limits` overrides them.
    ///
    /// # Errors
    /// A message if the model is not declared, or if the two results have different models or weights.
    pub(crate) fn of(
        config: &Config,
        model: Option<&str>,
        (first, second): (&Loaded, &Loaded),
        limits: &ToleranceOverrides,
    ) -> Result<Self, String> {
        if let (Some(one), Some(other)) = (&first.weights, &second.weights)
            && one != other
        {
            return Err(format!(
                "the first is a result of the {one} weights, the second of the {other} weights; results compare only within \
                 one set of weights"
            ));
        }
        let contract = match model {
            Some(key) => Some(config.model(key).ok_or_else(|| unknown(config, key))?.as_ref()),
            None => match (named(config, first), named(config, second)) {
                (Some(one), Some(other)) if one.key != other.key => {
                    return Err(format!(
                        "these are results of {} and of {}; --model says by whose gates to judge",
                        one.key, other.key
                    ));
                }
                (one, other) => one.or(other),
            },
        };
        // The first is the reference, so its floors replace those of the second.
        let mut floors = second.floors.clone();
        floors.extend(first.floors.clone());
        let scales = scales(contract, first, second);
        let Unknown { tolerance, gates } = config.unknown;
        let unknown = Policy::unknown(tolerance, &gates, limits);
        let (policy, name) = match contract {
            Some(contract) => {
                let mut policy = Policy::new(contract, limits, None);
                // A model without gates of structures has those of unknown models.
                policy.gates.structure = policy.gates.structure.or(unknown.gates.structure);
                (policy, format!("the gates of {}", contract.key))
            }
            None => (unknown, "the gates of unknown models; --model chooses others".to_owned()),
        };
        let is_changed = limits.absolute.is_some() || limits.relative.is_some() || !limits.gates.is_empty();
        let embeds = contract.filter(|contract| contract.gates.embedding.is_some());
        Ok(Self {
            name: if is_changed { format!("{name}, with changes") } else { name },
            policy: policy.with_scales(scales).with_floors(floors),
            ensemble: contract.and_then(|contract| contract.gates.ensemble),
            unnamed: embeds.and_then(|contract| contract.field(EMBEDDINGS)).map(|field| field.name.clone()),
            fields: contract.map_or_else(
                || vec![PLDDT.to_owned(), PAE.to_owned()],
                |contract| contract.fields.iter().map(|field| field.name.clone()).collect(),
            ),
        })
    }

    /// Whether the model has a field of this name, or, where the model is unknown, every model that has it judges it alike.
    pub(super) fn knows(&self, name: &str) -> bool {
        let field = crate::prediction::field_of(name);
        self.fields.iter().any(|known| known == field)
    }
}

fn unknown(config: &Config, key: &str) -> String {
    let keys: Vec<&str> = config.models.iter().map(|model| model.key.as_str()).collect();
    let hint = crate::config::suggest(key, keys.iter().copied());
    let hint = hint.map_or_else(|| keys.join(", "), |close| format!("did you mean `{close}`?"));
    format!("there is no model `{key}`; {hint}")
}

/// The model that a result names.
fn named<'a>(config: &'a Config, loaded: &Loaded) -> Option<&'a Contract> {
    if let Some(key) = &loaded.model {
        return config.model(key).map(AsRef::as_ref);
    }
    let (class, name) = loaded.class.as_ref()?;
    let models = || config.models.iter().filter(|model| model.output == *class);
    let of_name = models().find(|model| model.name == *name);
    of_name.or_else(|| models().next()).map(AsRef::as_ref)
}

/// The scales of temperature factors. Files of one format without a declared scale have that of the first, because another scale is a
/// difference. Files of different formats may have different scales.
fn scales(contract: Option<&Contract>, first: &Loaded, second: &Loaded) -> [Option<FactorScale>; 2] {
    let declared = |loaded: &Loaded| {
        let field = match loaded.form {
            FileFormat::Pdb => "pdb",
            FileFormat::Mmcif => "cif",
            FileFormat::Array | FileFormat::Arrays | FileFormat::Result => "atom_array",
        };
        Some(contract?.field(field)?.b_factor)
    };
    let scale = |loaded: &Loaded| declared(loaded).unwrap_or_else(|| Some(FactorScale::of_alphas(guessed(loaded))));
    if first.form == second.form {
        return [scale(first); 2];
    }
    // A column of zeros was never filled. This is a difference between files of one format only.
    let is_said = |loaded: &Loaded| declared(loaded).is_some() || factors(loaded).any(|factor| factor != 0.0);
    [first, second].map(|loaded| scale(loaded).filter(|_| is_said(loaded)))
}

/// The structures that a file holds.
fn structures(loaded: &Loaded) -> impl Iterator<Item = &Structure> {
    let fields = loaded.prediction.fields.iter().map(|(_, value)| value);
    let items = fields.flat_map(|value| value.as_items().unwrap_or(std::slice::from_ref(value)));
    items.filter_map(Value::as_structure)
}

fn factors(loaded: &Loaded) -> impl Iterator<Item = f64> {
    let factors = structures(loaded).filter_map(|structure| structure.b_factor.as_ref());
    factors.flatten().copied()
}

/// A fraction unless a value exceeds 1.
fn guessed(loaded: &Loaded) -> f64 {
    if factors(loaded).any(|factor| factor > 1.0) { 100.0 } else { 1.0 }
}
