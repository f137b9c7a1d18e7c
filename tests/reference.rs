//! The embedded models against the contracts that are built into the program.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails by panicking")]

use std::sync::Arc;

use hydrotest::config::Config;
use hydrotest::prediction::contract::{FieldKind, Presence, Sizes};
use hydrotest::prediction::{Contract, Input, Method, Options, Prediction, Request, Value};
use hydrotest::reference::{ReferenceModel, Refusal};
use serde_json::{Value as Json, json};

fn contracts() -> Vec<Arc<Contract>> {
    Config::built_in().unwrap().models
}

fn contract(key: &str) -> Arc<Contract> {
    Arc::clone(Config::built_in().unwrap().model(key).unwrap())
}

fn options(value: Json) -> Options {
    match value {
        Json::Object(entries) => entries,
        other => panic!("options are an object, not {other}"),
    }
}

fn load(contract: &Arc<Contract>, config: Json) -> ReferenceModel {
    ReferenceModel::load(Arc::clone(contract), options(config)).unwrap()
}

fn call(contract: &Arc<Contract>, model: &ReferenceModel, input: Input, given: Json) -> Result<Prediction, Refusal> {
    model.predict(&Request {
        method: contract.method,
        input,
        options: options(given),
    })
}

fn batch() -> Input {
    Input::Many(["ACD:EF", "GH", "I"].map(str::to_owned).into())
}

#[test]
fn every_embedding_contract_is_fulfilled_at_every_size() {
    for contract in contracts().iter().filter(|contract| contract.method == Method::Embed) {
        for variant in &contract.variants {
            let model = load(contract, json!({ "model_name": variant.name }));
            let prediction = call(contract, &model, batch(), json!({ "include_fields": ["*"] })).unwrap();
            assert_eq!(prediction.class, contract.output);
            assert_eq!(prediction.sequence_lengths(), Some(vec![5, 2, 1]));
            let mut sizes: Sizes = contract.dimensions.clone();
            sizes.extend(variant.dimensions.clone());
            sizes.extend([("B".to_owned(), 3), ("L".to_owned(), 5)]);
            for field in &contract.fields {
                let value = prediction.field(&field.name).unwrap();
                if field.presence == Presence::Never {
                    assert!(value.is_none(), "{} {}", contract.key, field.name);
                    continue;
                }
                let array = value.as_array().unwrap();
                assert_eq!(field.kind, FieldKind::Array);
                assert!(field.dtypes.contains(&array.dtype()), "{} {}", contract.key, field.name);
                assert_eq!(array.shape().len(), field.shape.len());
                for (size, dimension) in array.shape().iter().zip(&field.shape) {
                    let expected = dimension.resolve(&sizes).unwrap_or(*size);
                    assert_eq!(*size, expected, "{} {} {dimension}", contract.key, field.name);
                }
            }
        }
    }
}

#[test]
fn the_order_of_attributes_is_that_of_the_response_class() {
    let names = |key: &str| {
        let contract = contract(key);
        let prediction = call(&contract, &load(&contract, json!({})), batch(), json!({})).unwrap();
        let names = prediction.fields.iter().map(|(name, _)| name.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        names("esm2"),
        [
            "embeddings",
            "metadata",
            "chain_index",
            "residue_index",
            "hidden_states",
            "lm_logits"
        ]
    );
    assert_eq!(
        names("esm3"),
        [
            "metadata",
            "embeddings",
            "chain_index",
            "residue_index",
            "hidden_states",
            "lm_logits",
            "sasa_logits",
            "secondary_structure_logits",
            "function_logits",
            "residue_annotation_logits"
        ]
    );
}

#[test]
fn every_fixed_option_is_refused_by_every_model() {
    for contract in contracts() {
        let model = load(&contract, json!({}));
        for name in contract.fixed_options() {
            let refusal = call(&contract, &model, Input::One("ACD".into()), json!({ name: null })).unwrap_err();
            assert_eq!(
                refusal.to_string(),
                format!(
                    "ValueError: The following config keys can only be set at initialization and cannot be \
                     overridden per-call: ['{name}']"
                )
            );
        }
    }
}

#[test]
fn every_model_refuses_residues_and_methods_it_does_not_have() {
    for contract in contracts() {
        let model = load(&contract, json!({}));
        let sequence = Input::One("MALWMRLLPX123LLALWGPD".into());
        let words = if contract.key == "esm2" {
            "ValueError: Invalid ESM2 token fragment '123' in sequence 'MALWMRLLPX123LLALWGPD'."
        } else {
            "ValueError: Invalid amino acid(s) in sequence: ['1', '2', '3', 'X']"
        };
        let refusal = call(&contract, &model, sequence, json!({})).unwrap_err();
        assert_eq!(refusal.to_string(), words);
        let other = match contract.method {
            Method::Fold => Method::Embed,
            Method::Embed => Method::Fold,
        };
        let request = Request {
            method: other,
            input: Input::One("ACD".into()),
            options: Options::new(),
        };
        let refusal = model.predict(&request).unwrap_err();
        assert_eq!(refusal.exception, "AttributeError");
        let words = format!("object has no attribute '{other}'");
        assert!(refusal.message.ends_with(&words), "{}", refusal.message);
    }
}

#[test]
fn aliases_answer_as_the_model_they_stand_for() {
    let contract = contract("esm3");
    let embed = |name: &str| {
        let model = load(&contract, json!({ "model_name": name }));
        let prediction = call(&contract, &model, batch(), json!({})).unwrap();
        prediction.field("embeddings").and_then(Value::as_array).cloned()
    };
    for alias in ["esm3-open", "esm3-sm-open-v1", "esm3-open-2024-03"] {
        assert_eq!(embed(alias), embed("esm3_sm_open_v1"));
    }
    let unknown = ReferenceModel::load(Arc::clone(&contract), options(json!({ "model_name": "esm3-large" })));
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "ValueError: Unsupported ESM3 model: esm3-large. Supported models: esm3-open, esm3-open-2024-03, \
         esm3-sm-open-v1, esm3_sm_open_v1"
    );
}

/// The values of a field: the items of a list, or the one value.
fn values(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(items) => items.iter().collect(),
        other => vec![other],
    }
}

#[test]
fn every_folding_contract_is_fulfilled() {
    for contract in contracts().iter().filter(|contract| contract.method == Method::Fold) {
        let model = load(contract, json!({}));
        let complex = Input::One("MALWMRLLPLLALL:GPDPAAAFVNQ".into());
        let prediction = call(contract, &model, complex, json!({ "include_fields": ["*"] })).unwrap();
        assert_eq!(prediction.class, contract.output);
        assert_eq!(prediction.sequence_lengths(), Some(vec![25]));
        let mut sizes = contract.dimensions.clone();
        sizes.extend([("B", 1), ("L", 25), ("N", 25), ("C", 2)].map(|(name, size)| (name.to_owned(), size)));
        for field in &contract.fields {
            let place = format!("{} {}", contract.key, field.name);
            let value = prediction.field(&field.name).unwrap();
            assert_eq!(field.kind.is_per_sample(), value.as_items().is_some(), "{place}");
            for item in values(value) {
                match field.kind {
                    FieldKind::Array | FieldKind::Arrays | FieldKind::Scalar => {
                        let array = item.as_array().unwrap();
                        assert!(field.dtypes.contains(&array.dtype()), "{place}");
                        let shape: Vec<usize> = field.shape.iter().filter_map(|size| size.resolve(&sizes)).collect();
                        if shape.len() == field.shape.len() {
                            assert_eq!(array.shape(), shape, "{place}");
                        }
                    }
                    FieldKind::Structures => {
                        let chains = item.as_structure().unwrap().sequences();
                        let chains: Vec<(&str, &str)> = chains
                            .iter()
                            .map(|(id, letters)| (id.as_str(), letters.as_str()))
                            .collect();
                        assert_eq!(chains, [("A", "MALWMRLLPLLALL"), ("B", "GPDPAAAFVNQ")], "{place}");
                    }
                    FieldKind::Pdb | FieldKind::Cif => assert!(item.as_text().is_some(), "{place}"),
                    FieldKind::Mappings => assert!(matches!(item, Value::Map(_)), "{place}"),
                }
            }
        }
        let plain = call(contract, &model, Input::One("ACDE".into()), json!({})).unwrap();
        let present = plain.fields.iter().filter(|(_, value)| !value.is_none());
        let present: Vec<&str> = present.map(|(name, _)| name.as_str()).collect();
        assert_eq!(present, ["metadata", "atom_array"], "{}", contract.key);
    }
}

#[test]
fn only_stochastic_models_follow_the_seed() {
    for contract in contracts().iter().filter(|contract| contract.method == Method::Fold) {
        let model = load(contract, json!({}));
        let fold = |seed: Json| {
            let prediction = call(
                contract,
                &model,
                Input::One("MALWMRLLPLL".into()),
                json!({ "seed": seed }),
            )
            .unwrap();
            prediction.field("atom_array").cloned()
        };
        assert_eq!(fold(json!(1)), fold(json!(1)), "{}", contract.key);
        let differ = fold(json!(1)) != fold(json!(2));
        assert_eq!(differ, contract.features.contains("stochastic"), "{}", contract.key);
    }
}

#[test]
fn metadata_count_samples_of_a_batch_and_items_of_a_complex() {
    let lengths = |key: &str, input: Json, given: Json| {
        let contract = contract(key);
        let input = match input {
            Json::String(sequence) => Input::One(sequence),
            other => Input::Structured(other),
        };
        let prediction = call(&contract, &load(&contract, json!({})), input, given).unwrap();
        let structures = prediction.field("atom_array").and_then(Value::as_items).unwrap().len();
        (structures, prediction.sequence_lengths().unwrap())
    };
    let twice = json!({ "num_diffusion_samples": 2 });
    assert_eq!(
        lengths("esmfold2", json!(["ACD:E", "GH"]), twice),
        (4, vec![4, 4, 2, 2])
    );
    assert_eq!(lengths("boltz2", json!(["ACD:E", "GH"]), json!({})), (1, vec![4, 2]));
    let best = json!({ "num_diffn_samples": 3 });
    assert_eq!(lengths("chai1", json!("ACDE"), best), (1, vec![4]));
    let complex = json!({"kind": "structure_prediction_input", "sequences": [
        {"kind": "protein", "id": "A", "sequence": "ACDEF", "msa": ["ACDEF"]},
        {"kind": "dna", "id": ["B", "C"], "sequence": "ACGT"},
        {"kind": "ligand", "id": "L", "smiles": "CCO"},
    ]});
    assert_eq!(lengths("esmfold2", complex, json!({})), (1, vec![5 + 8 + 1]));
}

#[test]
fn counts_and_seeds_that_cannot_be_are_refused() {
    for (key, given) in [
        ("esmfold2", json!({ "num_diffusion_samples": 0 })),
        ("esmfold2", json!({ "seed": -1 })),
        ("chai1", json!({ "num_diffn_samples": "five" })),
        ("boltz2", json!({ "seed": 0.5 })),
    ] {
        let contract = contract(key);
        let name = given.as_object().and_then(|given| given.keys().next()).unwrap().clone();
        let refusal = call(&contract, &load(&contract, json!({})), Input::One("ACD".into()), given).unwrap_err();
        assert_eq!(refusal.exception, "ValueError");
        assert!(
            refusal.message.contains(&format!("option '{name}' must be")),
            "{refusal}"
        );
    }
}
