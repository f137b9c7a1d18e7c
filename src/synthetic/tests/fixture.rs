//! Small contracts for tests, with just what the embedded models read of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::prediction::contract::{
    Contract, Dimension, FieldKind, FieldSpec, Holds, ListMeaning, OptionRole, OptionRule, OptionSpec, Presence,
    Tolerance, Variant,
};
use crate::prediction::{Gates, Input, Method, Options, Prediction, Request};
use crate::synthetic::{ModelError, SyntheticModel};
use crate::tensor::DType;

/// An array of floats of this shape.
pub(crate) fn array_field(name: &str, shape: &[&str]) -> FieldSpec {
    FieldSpec {
        name: name.into(),
        kind: FieldKind::Array,
        presence: Presence::Requested,
        shape: shape.iter().map(|text| Dimension::parse(text).unwrap()).collect(),
        dtypes: vec![DType::F32],
        range: None,
        padding: None,
        first_residue: None,
        b_factor: None,
        holds: Holds::Numbers,
        tolerance: None,
    }
}

/// An array of indices, one per residue.
fn index_field(name: &str, dtypes: &[DType]) -> FieldSpec {
    FieldSpec {
        presence: Presence::Always,
        dtypes: dtypes.to_vec(),
        padding: Some(-1.0),
        ..array_field(name, &["B", "L"])
    }
}

pub(crate) fn option(name: &str, default: Json, rule: OptionRule) -> OptionSpec {
    OptionSpec {
        name: name.into(),
        default,
        fixed: matches!(name, "device" | "model_name"),
        rule,
        role: match name {
            "device" => Some(OptionRole::Placement),
            "model_name" => Some(OptionRole::Variant),
            "seed" => Some(OptionRole::Seed),
            "num_diffusion_samples" | "num_diffn_samples" | "num_trunk_samples" => Some(OptionRole::Samples),
            _ => None,
        },
    }
}

pub(crate) fn variant(name: &str, aliases: &[&str], layers: usize, width: usize) -> Variant {
    Variant {
        name: name.into(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        dimensions: BTreeMap::from([("layers".into(), layers), ("D".into(), width)]),
    }
}

pub(crate) fn features(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A model without anything of its own.
pub(crate) fn bare(core: &str, name: &str, method: Method) -> Contract {
    Contract {
        key: name.to_lowercase(),
        name: name.into(),
        method,
        core: format!("somewhere.core.{core}"),
        wrapper: format!("somewhere.{name}"),
        output: format!("somewhere.types.{name}Output"),
        image: "image".into(),
        list: ListMeaning::Batch,
        features: BTreeSet::new(),
        extra_residues: String::new(),
        options: vec![
            option("device", json!("cuda:0"), OptionRule::Any),
            option("include_fields", Json::Null, OptionRule::Any),
        ],
        dimensions: BTreeMap::new(),
        variants: Vec::new(),
        fields: Vec::new(),
        identities: Vec::new(),
        tolerance: Tolerance { absolute: 0.0, relative: 0.0 },
        gates: Gates::default(),
        known: Vec::new(),
    }
}

pub(crate) fn esm2() -> Contract {
    let mut contract = bare("ESM2Core", "ESM-2", Method::Embed);
    contract.features = features(&["masks", "rejects_empty_chains"]);
    contract.extra_residues = "XBZOU".into();
    contract.options.extend([
        option("model_name", json!("esm2_t6_8M_UR50D"), OptionRule::Any),
        option("glycine_linker", json!(""), OptionRule::Any),
        option("position_ids_skip", json!(512), OptionRule::Any),
    ]);
    contract.variants = vec![variant("esm2_t6_8M_UR50D", &[], 6, 320), variant("esm2_t48_15B_UR50D", &[], 48, 5120)];
    contract.fields = vec![
        FieldSpec { presence: Presence::Always, padding: Some(0.0), ..array_field("embeddings", &["B", "L", "D"]) },
        index_field("chain_index", &[DType::I32, DType::I64]),
        index_field("residue_index", &[DType::I32, DType::I64]),
        array_field("hidden_states", &["B", "layers+1", "L", "D"]),
        array_field("lm_logits", &["B", "L", "33"]),
    ];
    contract
}

/// ESM-C or ESM3 by the name of its core; each lacks a field that the other has.
pub(crate) fn esm3_family(core: &str, name: &str, lacks: &str) -> Contract {
    let mut contract = bare(core, name, Method::Embed);
    contract.features = features(&["pads_every_batch", "rejects_empty_chains"]);
    contract.options.push(option("model_name", Json::Null, OptionRule::Any));
    contract.variants = vec![variant("small", &["small-open", "a-small"], 5, 16), variant("large", &[], 9, 24)];
    contract.fields = vec![
        FieldSpec { presence: Presence::Always, padding: Some(0.0), ..array_field("embeddings", &["B", "L", "D"]) },
        index_field("chain_index", &[DType::I32]),
        index_field("residue_index", &[DType::I32]),
        array_field("hidden_states", &["layers", "B", "L", "D"]),
        array_field("lm_logits", &["B", "L", "64"]),
        array_field("sasa_logits", &["B", "L", "19"]),
    ];
    for field in contract.fields.iter_mut().filter(|field| field.name == lacks) {
        field.presence = Presence::Never;
    }
    contract
}

pub(crate) fn load(contract: Contract, config: Json) -> Result<SyntheticModel, ModelError> {
    SyntheticModel::load(Arc::new(contract), object(config))
}

pub(crate) fn object(value: Json) -> Options {
    match value {
        Json::Object(entries) => entries,
        _ => Options::new(),
    }
}

/// Calls a model's own method with any JSON input.
pub(crate) fn call(model: &SyntheticModel, input: Json, options: Json) -> Result<Prediction, ModelError> {
    let strings = |items: &[Json]| items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    let input = match input {
        Json::String(sequence) => Input::One(sequence),
        Json::Array(items) => match strings(&items) {
            Some(sequences) => Input::Many(sequences),
            None => Input::Structured(Json::Array(items)),
        },
        other => Input::Structured(other),
    };
    model.predict(&Request { method: model.contract.method, input, options: object(options) })
}
