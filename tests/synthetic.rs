//! Checks the embedded models against the built-in contracts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails by panicking")]

use std::sync::Arc;

use hydrotest::check::{CallResult, CaseResults, Check, Finding, MetricValues};
use hydrotest::config::Config;
use hydrotest::prediction::contract::ListMeaning;
use hydrotest::prediction::{Contract, Input, Method, Options, Prediction, Request, Value, largest_response};
use hydrotest::synthetic::{ModelError, SyntheticModel};
use hydrotest::wire::pickle;
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

fn load(contract: &Arc<Contract>, config: Json) -> SyntheticModel {
    SyntheticModel::load(Arc::clone(contract), options(config)).unwrap()
}

fn call(contract: &Arc<Contract>, model: &SyntheticModel, input: Input, given: Json) -> Result<Prediction, ModelError> {
    model.predict(&Request { method: contract.method, input, options: options(given) })
}

/// A string, a list of strings, or any other value unchanged.
fn read(input: &Json) -> Input {
    if let Some(sequence) = input.as_str() {
        return Input::One(sequence.to_owned());
    }
    let strings = input.as_array().and_then(|items| {
        let strings = items.iter().map(|item| item.as_str().map(str::to_owned));
        strings.collect::<Option<Vec<_>>>()
    });
    strings.map_or_else(|| Input::Structured(input.clone()), Input::Many)
}

fn batch() -> Input {
    Input::Many(["ACD:EF", "GH", "I"].map(str::to_owned).into())
}

/// The findings of the contract check for the response to a call.
fn findings(contract: &Contract, config: &Json, input: &Json, given: &Json) -> Vec<Finding> {
    let request = Request { method: contract.method, input: read(input), options: options(given.clone()) };
    let model = SyntheticModel::load(Arc::new(contract.clone()), options(config.clone())).unwrap();
    let response = CallResult {
        call: "call".into(),
        result: Ok(model.predict(&request).unwrap()),
        request,
        config: options(config.clone()),
    };
    let evidence = CaseResults { contract, responses: &[response], recorded: None, measured: &MetricValues::default() };
    Check::contract().judge(&evidence)
}

#[test]
fn every_contract_is_kept_for_any_request() {
    let complex = "MALWMRLLPLLALL:GPDPAAAFVNQ";
    for contract in contracts() {
        let mut inputs = vec![json!("ACDE"), json!(complex), json!([complex])];
        match contract.list {
            ListMeaning::Batch => inputs.push(json!(["GH", complex, "A"])),
            ListMeaning::Chains => inputs.push(json!(["GH", complex])),
            ListMeaning::Single => {}
        }
        for input in &inputs {
            for fields in [json!(null), json!([]), json!(["*"]), json!(["lm_logits", "plddt", "nonsense"])] {
                let found = findings(&contract, &json!({}), input, &json!({ "include_fields": fields }));
                assert!(found.is_empty(), "{} {input} {fields}: {found:#?}", contract.key);
            }
        }
    }
}

#[test]
fn every_size_of_a_model_keeps_the_contract() {
    for contract in contracts() {
        for variant in &contract.variants {
            let config = json!({ "model_name": variant.name, "include_fields": ["*"] });
            let found = findings(&contract, &config, &json!("MALWMRLL"), &json!({}));
            assert!(found.is_empty(), "{} {}: {found:#?}", contract.key, variant.name);
        }
    }
}

#[test]
fn several_samples_of_a_stochastic_model_keep_the_contract() {
    for (key, config) in [
        ("esmfold2", json!({ "num_diffusion_samples": 2 })),
        ("chai1", json!({ "num_diffn_samples": 3, "num_trunk_samples": 2 })),
        ("chai1", json!({ "num_diffn_samples": 1 })),
        ("boltz2", json!({ "diffusion_samples": 2 })),
    ] {
        let found = findings(&contract(key), &config, &json!("ACD:EFGH"), &json!({ "include_fields": ["*"] }));
        assert!(found.is_empty(), "{key} {config}: {found:#?}");
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
    assert_eq!(names("esm2"), ["embeddings", "metadata", "chain_index", "residue_index", "hidden_states", "lm_logits"]);
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
            let error = call(&contract, &model, Input::One("ACD".into()), json!({ name: null })).unwrap_err();
            assert_eq!(
                error.to_string(),
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
        let message = if contract.key == "esm2" {
            "ValueError: Invalid ESM2 token fragment '123' in sequence 'MALWMRLLPX123LLALWGPD'."
        } else {
            "ValueError: Invalid amino acid(s) in sequence: ['1', '2', '3', 'X']"
        };
        let error = call(&contract, &model, sequence, json!({})).unwrap_err();
        assert_eq!(error.to_string(), message);
        let other = match contract.method {
            Method::Fold => Method::Embed,
            Method::Embed | Method::Generate => Method::Fold,
        };
        let request = Request { method: other, input: Input::One("ACD".into()), options: Options::new() };
        let error = model.predict(&request).unwrap_err();
        assert_eq!(error.exception, "AttributeError");
        let message = format!("object has no attribute '{other}'");
        assert!(error.message.ends_with(&message), "{}", error.message);
    }
}

#[test]
fn aliases_respond_like_their_model() {
    let contract = contract("esm3");
    let embed = |name: &str| {
        let model = load(&contract, json!({ "model_name": name }));
        let prediction = call(&contract, &model, batch(), json!({})).unwrap();
        prediction.field("embeddings").and_then(Value::as_array).cloned()
    };
    for alias in ["esm3-open", "esm3-sm-open-v1", "esm3-open-2024-03"] {
        assert_eq!(embed(alias), embed("esm3_sm_open_v1"));
    }
    let unknown = SyntheticModel::load(Arc::clone(&contract), options(json!({ "model_name": "esm3-large" })));
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "ValueError: Unsupported ESM3 model: esm3-large. Supported models: esm3-open, esm3-open-2024-03, \
         esm3-sm-open-v1, esm3_sm_open_v1"
    );
}

#[test]
fn only_stochastic_models_follow_the_seed() {
    for contract in contracts().iter().filter(|contract| contract.method == Method::Fold) {
        let model = load(contract, json!({}));
        let fold = |seed: Json| {
            let prediction = call(contract, &model, Input::One("MALWMRLLPLL".into()), json!({ "seed": seed })).unwrap();
            prediction.field("atom_array").cloned()
        };
        assert_eq!(fold(json!(1)), fold(json!(1)), "{}", contract.key);
        let differ = fold(json!(1)) != fold(json!(2));
        assert_eq!(differ, contract.features.contains("stochastic"), "{}", contract.key);
    }
}

#[test]
fn metadata_have_the_lengths_of_batch_samples_and_complex_items() {
    let lengths = |key: &str, input: Json, given: Json| {
        let contract = contract(key);
        let prediction = call(&contract, &load(&contract, json!({})), read(&input), given).unwrap();
        let structures = prediction.field("atom_array").and_then(Value::as_items).unwrap().len();
        (structures, prediction.sequence_lengths().unwrap())
    };
    let twice = json!({ "num_diffusion_samples": 2 });
    assert_eq!(lengths("esmfold2", json!(["ACD:E", "GH"]), twice), (4, vec![4, 4, 2, 2]));
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
fn invalid_counts_and_seeds_are_refused() {
    for (key, exception, given) in [
        ("esmfold2", "ValueError", json!({ "num_diffusion_samples": 0 })),
        ("esmfold2", "ValueError", json!({ "seed": -1 })),
        ("chai1", "ValueError", json!({ "num_diffn_samples": "five" })),
        ("boltz2", "ValueError", json!({ "seed": 0.5 })),
    ] {
        let contract = contract(key);
        let name = given.as_object().and_then(|given| given.keys().next()).unwrap().clone();
        let error = call(&contract, &load(&contract, json!({})), Input::One("ACD".into()), given).unwrap_err();
        assert_eq!(error.exception, exception, "{error}");
        assert!(error.message.contains(&format!("option '{name}' must be")), "{error}");
    }
}

#[test]
fn no_response_is_larger_than_contract_and_request_allow_nor_much_smaller() {
    let chain = "ACDEFGHIKLMNPQRSTVWY".repeat(2);
    for contract in contracts() {
        let model = load(&contract, json!({}));
        let inputs = [Input::One("ACDE".into()), Input::One(format!("{chain}:{chain}"))];
        for (input, fields) in
            inputs.into_iter().flat_map(|input| [(input.clone(), json!(["*"])), (input, json!(null))])
        {
            let request =
                Request { method: contract.method, input, options: options(json!({ "include_fields": fields })) };
            let response = model.predict(&request).unwrap();
            let size = pickle::encode_prediction(&response).unwrap().len();
            let most = largest_response(&contract, &request, &Options::new());
            // Names, metadata and array states come on top, and a limit leaves far more space than they need.
            assert!(size <= most + (64 << 10), "{}: {size} of {most} bytes", contract.key);
            // If the contract leaves a size to the model, like that of a distogram, a large size is assumed.
            assert!(most < 100 * size + (8 << 20), "{}: {size} of {most} bytes", contract.key);
        }
    }
}

#[test]
fn drawn_samples_ligands_and_copies_are_counted() {
    let most = |key: &str, input: &Json, given: Json| {
        let contract = contract(key);
        let request = Request { method: contract.method, input: read(input), options: options(given) };
        largest_response(&contract, &request, &Options::new())
    };
    let one = most("boltz2", &json!("ACDE"), json!({}));
    assert!(most("boltz2", &json!("ACDE"), json!({"diffusion_samples": 5})) == 5 * one);
    assert!(most("esm2", &json!(["ACDE", "ACDE"]), json!({})) == 2 * most("esm2", &json!("ACDE"), json!({})));
    let protein = |copies: &Json| json!([{"protein": {"id": copies, "sequence": "ACDEFGHIKL"}}]);
    let single = most("boltz2", &protein(&json!(["A"])), json!({}));
    assert!(most("boltz2", &protein(&json!(["A", "B"])), json!({})) > single);
    let ligand = json!([{"protein": {"id": "A", "sequence": "ACDEFGHIKL"}}, {"ligand": {"id": "B", "ccd": "HEM"}}]);
    assert!(most("boltz2", &ligand, json!({})) > single);
}
