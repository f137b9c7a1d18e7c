//! Every rule of the contract check: a right response passes, and each planted mistake is found with its place.

mod structures;

use serde_json::json;

use super::super::Check;
use super::super::case_results::CallResult;
use super::super::fixture::{embedder, first_folder, folder, judge, metadata, response, summaries};
use crate::backend::Responsible;
use crate::prediction::contract::Contract;
use crate::prediction::{Record, Value};
use crate::tensor::Tensor;

fn found(contract: &Contract, response: CallResult) -> Vec<String> {
    summaries(&Check::contract(), contract, &[response])
}

fn only(contract: &Contract, response: CallResult) -> String {
    let found = found(contract, response);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.into_iter().next().unwrap()
}

fn embedding() -> CallResult {
    response(&embedder(), "call", "AC:D|GH", json!({"include_fields": ["*"]}))
}

fn fold() -> CallResult {
    response(&folder(), "call", "AC:DW", json!({"include_fields": ["*"]}))
}

#[test]
fn right_responses_pass() {
    for input in ["A", "ACD:EF", "A|CDE", "AC:D|GH|I"] {
        for fields in [json!(null), json!([]), json!(["hidden_states", "plddt"]), json!(["*"]), json!(["other"])] {
            let options = json!({"include_fields": fields});
            for contract in [embedder(), folder()] {
                let right = response(&contract, "call", input, options.clone());
                assert_eq!(found(&contract, right), Vec::<String>::new(), "{input} {fields}");
            }
        }
    }
}

#[test]
fn the_class_and_its_attributes_are_judged() {
    let contract = embedder();
    let with = |change: &dyn Fn(&mut crate::prediction::Prediction)| {
        let mut response = embedding();
        if let Ok(prediction) = &mut response.result {
            change(prediction);
        }
        only(&contract, response)
    };
    insta::assert_snapshot!(with(&|prediction| prediction.class = "other.Class".into()), @"class: expected toy.embedder.Output, got other.Class");
    insta::assert_snapshot!(with(&|prediction| prediction.fields.retain(|(name, _)| name != "hidden_states")), @"attributes: the response has no `hidden_states`");
    insta::assert_snapshot!(with(&|prediction| prediction.fields.swap(2, 3)), @"attributes: expected `chain_index` in place 1 of the contract's, got `residue_index`");
    insta::assert_snapshot!(with(&|prediction| prediction.fields.push(("extra".into(), Value::Integer(1)))), @"`extra`: expected None (not in the contract), got int 1");
}

#[test]
fn what_was_asked_for_is_there_and_nothing_else() {
    let contract = folder();
    insta::assert_snapshot!(only(&contract, fold().with("plddt", Value::None)), @"`plddt`: expected a value (asked for), got None");
    insta::assert_snapshot!(only(&contract, fold().with("atom_array", Value::None)), @"`atom_array`: expected a value (asked for), got None");
    let minimal = response(&contract, "call", "AC", json!({}));
    insta::assert_snapshot!(only(&contract, minimal.clone().with("atom_array", Value::None)), @"`atom_array`: expected a value (always given), got None");
    let full = fold().result.unwrap().field("ptm").unwrap().clone();
    insta::assert_snapshot!(only(&contract, minimal.with("ptm", full)), @"`ptm`: expected None (not asked for), got list of 1");
}

#[test]
fn several_samples_are_counted_as_the_model_counts_them() {
    let three = json!({"include_fields": ["*"], "num_diffusion_samples": 3});
    let contract = folder();
    let right = response(&contract, "call", "AC|D", three.clone());
    let prediction = right.result.as_ref().unwrap();
    assert_eq!(prediction.sequence_lengths(), Some(vec![2, 2, 2, 1, 1, 1]));
    assert_eq!(found(&contract, right), Vec::<String>::new());
    let one = response(&contract, "call", "AC|D", json!({"include_fields": ["*"]}));
    let plddt = one.result.unwrap().field("plddt").unwrap().clone();
    insta::assert_snapshot!(only(&contract, response(&contract, "call", "AC|D", three.clone()).with("plddt", plddt)), @"plddt: expected 6 samples, got 2");
    let contract = first_folder();
    let best = response(&contract, "call", "AC", three);
    let prediction = best.result.as_ref().unwrap();
    assert!(matches!(prediction.field("atom_array"), Some(Value::List(items)) if items.len() == 1));
    assert!(matches!(prediction.field("plddt"), Some(Value::List(items)) if items.len() == 3));
    assert_eq!(prediction.field("ptm"), Some(&Value::None));
    assert_eq!(found(&contract, best.clone()), Vec::<String>::new());
    let score = Value::List(vec![Value::Array(Tensor::vector(&[0.5f32])); 3]);
    insta::assert_snapshot!(only(&contract, best.with("ptm", score)), @"`ptm`: expected None (it is not known which of several samples it is about), got list of 3");
}

#[test]
fn metadata_is_judged() {
    let contract = embedder();
    let with = |change: &dyn Fn(&mut Record)| {
        let response = embedding().change("metadata", |value| match value {
            Value::Record(record) => change(record),
            other => panic!("{other:?}"),
        });
        only(&contract, response)
    };
    insta::assert_snapshot!(with(&|record| record.fields[0].1 = Value::Text("Else".into())), @r#"metadata.model_name: expected "The embedder", got "Else""#);
    insta::assert_snapshot!(with(&|record| record.fields[1].1 = Value::None), @"metadata.model_version: expected a str, got None");
    insta::assert_snapshot!(with(&|record| record.fields[4].1 = Value::Float(-1.0)), @"metadata.inference_time: expected at least 0 s, got -1");
    insta::assert_snapshot!(with(&|record| record.class = "dict".into()), @"metadata: expected class boileroom.base.PredictionMetadata, got dict");
    insta::assert_snapshot!(with(&|record| record.fields.truncate(5)), @"metadata: expected `model_name`, `model_version`, `sequence_lengths`, `preprocessing_time`, `inference_time`, `postprocessing_time`, got `model_name`, `model_version`, `sequence_lengths`, `preprocessing_time`, `inference_time`");
    let wrong = embedding().with("metadata", metadata(&contract, &[4, 2]));
    let findings = judge(&Check::contract(), &contract, &[wrong]);
    insta::assert_snapshot!(findings[0].summary, @"metadata.sequence_lengths: expected [3, 2], got [4, 2]");
    insta::assert_snapshot!(findings[0].hint.as_ref().unwrap(), @"the separators between chains or a linker seem to be counted");
    assert_eq!(findings[0].responsible, Responsible::Backend);
    let absurd = embedding().with("metadata", metadata(&contract, &[usize::MAX / 2; 3]));
    insta::assert_snapshot!(only(&contract, absurd), @"metadata.sequence_lengths: expected [3, 2], got [9223372036854775807, 9223372036854775807, 9223372036854775807]");
}

#[test]
fn element_types_and_shapes_are_judged() {
    let contract = embedder();
    let doubles = Tensor::from_values(vec![2, 3, 4], &[0.0f64; 24]).unwrap();
    insta::assert_snapshot!(only(&contract, embedding().with("embeddings", Value::Array(doubles))), @"embeddings: expected dtype float32, got float64");
    let shaped = |shape: Vec<usize>| {
        let values = vec![0.0f32; shape.iter().product()];
        let wrong = embedding().with("embeddings", Value::Array(Tensor::from_values(shape, &values).unwrap()));
        let findings = judge(&Check::contract(), &contract, &[wrong]);
        assert_eq!(findings.len(), 1);
        (findings[0].summary.clone(), findings[0].hint.clone().unwrap_or_default())
    };
    assert_eq!(
        shaped(vec![3, 2, 4]),
        (
            "embeddings: expected shape (2, 3, 4) for [B, L, D], got (3, 2, 4)".into(),
            "the dimensions are in another order".into()
        )
    );
    insta::assert_snapshot!(shaped(vec![2, 5, 4]).1, @"two rows more than residues: begin and end tokens were left in");
    insta::assert_snapshot!(shaped(vec![2, 4, 4]).1, @"the separators between chains were left in");
    insta::assert_snapshot!(shaped(vec![1, 2, 3, 4]).1, @"a dimension of size 1 was added or dropped");
    insta::assert_snapshot!(only(&contract, embedding().with("embeddings", Value::List(Vec::new()))), @"embeddings: expected an array, got list of 0");
}

#[test]
fn a_linker_left_in_is_named() {
    let contract = embedder();
    let options = json!({"glycine_linker": "GGGGG"});
    let wide = Tensor::from_values(vec![1, 8, 4], &[0.5f32; 32]).unwrap();
    let wrong = response(&contract, "call", "AC:D", options).with("embeddings", Value::Array(wide));
    let findings = judge(&Check::contract(), &contract, &[wrong]);
    insta::assert_snapshot!(findings[0].hint.as_ref().unwrap(), @"the linker between chains was left in");
}

#[test]
fn the_variant_of_the_configuration_sets_the_sizes() {
    let contract = embedder();
    let mut large = response(&contract, "call", "AC", json!({}));
    large.config.insert("model_name".into(), json!("large"));
    insta::assert_snapshot!(found(&contract, large).join("\n"), @"embeddings: expected shape (1, 2, 8) for [B, L, D], got (1, 2, 4)");
}

#[test]
fn an_open_size_must_be_the_same_everywhere() {
    let mut contract = folder();
    let open = |name: &str| crate::prediction::contract::Dimension::Symbol(name.into(), 0);
    contract.fields[1].shape = vec![open("bins")];
    contract.fields[3].shape = vec![open("bins")];
    let sized = |size: usize| Value::List(vec![Value::Array(Tensor::vector(&vec![0.5f32; size]))]);
    let request = json!({"include_fields": ["*"]});
    let base = response(&folder(), "call", "A", request);
    let same = base.clone().with("plddt", sized(5)).with("ptm", sized(5));
    assert_eq!(found(&contract, same), Vec::<String>::new());
    let other = base.with("plddt", sized(5)).with("ptm", sized(6));
    insta::assert_snapshot!(found(&contract, other).join("\n"), @"ptm[0]: expected shape (5,) for [bins], got (6,)");
}

#[test]
fn elements_are_finite_within_range_and_padded() {
    let contract = embedder();
    insta::assert_snapshot!(only(&contract, embedding().with_element("embeddings", 9, f64::NAN)), @"embeddings: 1 of 24 elements is not finite; at [0, 2, 1] (chain B residue 0) is NaN");
    insta::assert_snapshot!(only(&contract, embedding().with_element("embeddings", 22, 0.25)), @"embeddings: 1 of 4 elements of padding must be 0; at [1, 2, 2] is 0.25");
    insta::assert_snapshot!(only(&contract, embedding().with_element("chain_index", 5, 0.0)), @"chain_index: 1 of 1 element of padding must be -1; at [1, 2] is 0");
    let contract = folder();
    let percent = fold().with_element("plddt", 2, 87.0);
    let findings = judge(&Check::contract(), &contract, &[percent]);
    insta::assert_snapshot!(findings[0].summary, @"plddt[0]: 1 of 4 elements is not in [0, 1]; at [2] (chain B residue 0) is 87");
    insta::assert_snapshot!(findings[0].hint.as_ref().unwrap(), @"this looks like percent; the contract has fractions of 1");
    insta::assert_snapshot!(only(&contract, fold().with_element("pae", 6, -0.5)), @"pae[0]: 1 of 16 elements is not at least 0; at [1, 2] (chain A residue 1, chain B residue 0) is -0.5");
}

#[test]
fn padding_of_single_chains_is_judged_only_where_the_model_promises_it() {
    let contract = embedder();
    let loose = response(&contract, "call", "ACD|GH", json!({})).with_element("embeddings", 23, 0.25);
    assert_eq!(found(&contract, loose.clone()), Vec::<String>::new());
    let mut strict = contract;
    strict.features.insert(super::super::expected::PADS_EVERY_BATCH.into());
    assert_eq!(found(&strict, loose).len(), 1);
}

#[test]
fn indices_follow_the_input() {
    let contract = embedder();
    insta::assert_snapshot!(only(&contract, embedding().with_element("chain_index", 2, 0.0)), @"chain_index: wrong for 1 of 5 residues; at [0, 2] (chain B residue 0) expected 1, got 0");
    let on_and_on = embedding().with_element("residue_index", 2, 2.0);
    let findings = judge(&Check::contract(), &contract, &[on_and_on]);
    insta::assert_snapshot!(findings[0].summary, @"residue_index: wrong for 1 of 5 residues; at [0, 2] (chain B residue 0) expected 0, got 2");
    insta::assert_snapshot!(findings[0].hint.as_ref().unwrap(), @"counting starts anew in every chain");
}

#[test]
fn what_boileroom_s_client_cannot_read_is_found_by_field() {
    let mut on_gpu = fold();
    let prediction = on_gpu.result.as_mut().unwrap();
    let (name, value) = prediction
        .fields
        .iter_mut()
        .find(|(_, value)| matches!(value, Value::List(items) if matches!(items.first(), Some(Value::Array(_)))))
        .unwrap();
    let Value::List(items) = value else { unreachable!() };
    for item in items.iter_mut() {
        if let Value::Array(tensor) = item {
            *tensor = tensor.clone().on_device("cuda:0".into());
        }
    }
    let wanted = format!("{name}[0]: stored on cuda:0: a client without that GPU cannot read it");
    assert_eq!(only(&folder(), on_gpu), wanted);
}

#[test]
fn a_mapping_for_the_whole_response_is_a_dict_with_finite_entries() {
    let mut contract = folder();
    let mut ranking = contract.fields[0].clone();
    ranking.name = "ranking".into();
    ranking.kind = crate::prediction::contract::FieldKind::Mapping;
    ranking.presence = crate::prediction::contract::Presence::Requested;
    (ranking.shape, ranking.dtypes, ranking.range) = (Vec::new(), Vec::new(), None);
    contract.fields.push(ranking);
    let right = response(&contract, "call", "AC|DEF", json!({"include_fields": ["ranking"]}));
    assert_eq!(found(&contract, right.clone()), Vec::<String>::new());
    let entries = |value: Value| Value::Map(vec![(Value::Text("model_1".into()), value)]);
    let scores = entries(Value::Array(Tensor::vector(&[0.5f32, 0.25])));
    assert_eq!(found(&contract, right.clone().with("ranking", scores)), Vec::<String>::new());
    let per_sample = Value::List(vec![entries(Value::Float(0.5)); 2]);
    let reported = only(&contract, right.clone().with("ranking", per_sample));
    insta::assert_snapshot!(reported, @"ranking: expected a dict, got list of 2");
    let reported = only(&contract, right.clone().with("ranking", entries(Value::Float(f64::NAN))));
    insta::assert_snapshot!(reported, @"ranking.model_1: expected a finite number, got NaN");
    let reported = only(&contract, right.with("ranking", Value::Map(Vec::new())));
    insta::assert_snapshot!(reported, @"ranking: expected a dict with entries, got an empty one");
}
