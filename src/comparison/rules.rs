//! What two results are held to: the gates and tolerances of their model, or of unknown ones. Compares nothing.

use std::collections::BTreeMap;

use super::{Form, Loaded};
use crate::check::{Limits, Tolerances};
use crate::config::{Config, Unknown};
use crate::measure::{Floor, Worst, with_slack};
use crate::prediction::Contract;
use crate::prediction::gates::{EmbeddingGates, EnsembleGates, GateTable, StructureGates};

/// What counts as the same.
#[derive(Debug)]
pub struct Rules {
    /// Whose rules these are, in words.
    pub name: String,
    /// Tolerances of arrays, and the gates of confidences and aligned errors.
    pub(super) judge: Tolerances,
    /// Gates of structures; `None` where there are none for unknown models either.
    pub(super) gates: Option<StructureGates>,
    /// Gates of vectors of residues, where every element does not have to agree.
    pub(super) embedding: Option<EmbeddingGates>,
    /// Gates of sets of samples, where two samples need not agree.
    pub(super) ensemble: Option<EnsembleGates>,
    /// What repeats differ by, by path.
    pub(super) floors: BTreeMap<String, Floor>,
    /// Greatest value of temperature factors on both sides; `None` where they are no confidence.
    pub(super) scale: Option<f64>,
}

impl Rules {
    /// The rules for two results: those of the model that is named, else of the one that a result names, else of unknown ones.
    /// `limits` changes them.
    ///
    /// # Errors
    /// When no model of that name is declared, and when the two results name different ones; in words.
    pub fn of(
        config: &Config,
        model: Option<&str>,
        (first, second): (&Loaded, &Loaded),
        limits: &Limits,
    ) -> Result<Self, String> {
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
        let floors: BTreeMap<String, Worst> = [&first.floors, &second.floors]
            .into_iter()
            .flatten()
            .map(|(path, floor)| (path.clone(), floor.clone()))
            .collect();
        let scale = scale(contract, first);
        let Unknown { tolerance, gates } = config.unknown;
        let slack = contract.map_or(gates.slack(), |contract| contract.gates.slack());
        let (judge, gates, name) = match contract {
            Some(contract) => (
                Tolerances::new(contract, limits, None),
                contract.gates.structure.or(gates.structure),
                format!("the gates of {}", contract.key),
            ),
            None => (
                Tolerances::unknown(tolerance, &gates, limits),
                gates.structure,
                "the gates of unknown models; --model chooses others".to_owned(),
            ),
        };
        let is_changed = limits.absolute.is_some() || limits.relative.is_some() || !limits.gates.is_empty();
        Ok(Self {
            name: if is_changed {
                format!("{name}, with changes")
            } else {
                name
            },
            judge: judge.with_scale(scale).with_floors(floors.clone()),
            gates: gates.map(|gates| gates.with(&limits.gates)),
            embedding: contract
                .and_then(|contract| contract.gates.embedding)
                .filter(|_| limits.absolute.is_none() && limits.relative.is_none()),
            ensemble: contract.and_then(|contract| contract.gates.ensemble),
            floors: with_slack(floors, slack),
            scale,
        })
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

/// The scale of temperature factors. Where no model says it, that of the first result: a fraction unless a value exceeds 1.
fn scale(contract: Option<&Contract>, first: &Loaded) -> Option<f64> {
    if let Some(contract) = contract {
        let field = match first.form {
            Form::Pdb => "pdb",
            Form::Mmcif => "cif",
            Form::Arrays | Form::Result => "atom_array",
        };
        return contract.field(field).and_then(|field| field.b_factor);
    }
    let paths = first.contents.digest().entries.iter().map(|(path, _)| path);
    let structures = paths.filter_map(|path| first.contents.structure(path));
    let mut factors = structures.filter_map(|structure| structure.b_factor.as_ref()).flatten();
    Some(if factors.any(|factor| *factor > 1.0) {
        100.0
    } else {
        1.0
    })
}
