//! What the embedded language models answer, seen from a call.

use serde_json::{Value as Json, json};

use crate::prediction::contract::{FieldKind, FieldSpec};
use crate::prediction::{Method, Prediction};
use crate::synthetic::SyntheticModel;
use crate::synthetic::tests::fixture::{array_field, bare, call, esm2, esm3_family, load};
use crate::tensor::{DType, Tensor};

const SMALL: &str = "esm2_t6_8M_UR50D";

fn model() -> SyntheticModel {
    load(esm2(), json!({ "model_name": SMALL })).unwrap()
}

fn embed(model: &SyntheticModel, input: Json, options: Json) -> Prediction {
    call(model, input, options).unwrap()
}

fn array<'a>(prediction: &'a Prediction, name: &str) -> &'a Tensor {
    prediction.field(name).and_then(|value| value.as_array()).unwrap()
}

fn numbers(prediction: &Prediction, name: &str) -> Vec<f64> {
    array(prediction, name).to_f64().unwrap()
}

/// The bytes of one sample's first residues in an array of (B, L, D).
fn rows(prediction: &Prediction, name: &str, sample: usize, residues: usize) -> Vec<Tensor> {
    let sample = array(prediction, name).part(sample).unwrap();
    (0..residues).map(|residue| sample.part(residue).unwrap()).collect()
}

#[test]
fn a_plain_call_has_the_minimal_fields_only() {
    let prediction = embed(&model(), json!("MALWMRLL"), json!({}));
    let names: Vec<&str> = prediction.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["embeddings", "metadata", "chain_index", "residue_index", "hidden_states", "lm_logits"]);
    assert_eq!(array(&prediction, "embeddings").shape(), [1, 8, 320]);
    assert!(prediction.field("hidden_states").unwrap().is_none());
    assert!(prediction.field("lm_logits").unwrap().is_none());
    assert_eq!(prediction.sequence_lengths(), Some(vec![8]));
    assert_eq!(prediction.at("metadata.model_name").unwrap().as_text(), Some("ESM-2"));
    assert!(prediction.at("metadata.inference_time").unwrap().as_number().unwrap() > 0.0);
}

#[test]
fn values_lie_around_unit_scale_and_are_never_zero() {
    let prediction = embed(&model(), json!("MALWMRLLPLLALLALWGPD"), json!({ "include_fields": ["*"] }));
    for name in ["embeddings", "hidden_states", "lm_logits"] {
        let values = numbers(&prediction, name);
        assert!(values.iter().all(|value| value.is_finite() && *value != 0.0), "{name}");
        let square = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        // Scores of a language model spread wider than its states.
        let bounds = if name == "lm_logits" { 1.0..100.0 } else { 0.5..3.0 };
        assert!(bounds.contains(&square), "{name} {square}");
    }
}

#[test]
fn the_last_hidden_state_is_the_embedding_and_each_lies_near_the_one_before() {
    let prediction = embed(&model(), json!(["MALW", "GP"]), json!({ "include_fields": ["hidden_states"] }));
    let hidden = array(&prediction, "hidden_states");
    assert_eq!(hidden.shape(), [2, 7, 4, 320]);
    for sample in 0..2 {
        let states = hidden.part(sample).unwrap();
        assert_eq!(states.part(6).unwrap().bytes(), array(&prediction, "embeddings").part(sample).unwrap().bytes());
        let state = |layer| states.part(layer).unwrap().to_f64().unwrap();
        let step = |layer| distance(&state(layer), &state(layer + 1));
        let whole = distance(&state(0), &state(5));
        assert!((0..5).all(|layer| step(layer) > 0.0 && step(layer) < 0.6 * whole));
    }
}

fn distance(first: &[f64], second: &[f64]) -> f64 {
    let square: f64 = first.iter().zip(second).map(|(a, b)| (a - b).powi(2)).sum();
    square.sqrt()
}

#[test]
fn a_sequence_is_the_same_alone_in_a_batch_and_in_any_order() {
    let (short, long, complex) = ("MALWMR", "GPDAVLKKKE", "AC:DEF");
    let all = json!({ "include_fields": ["*"] });
    let alone = embed(&model(), json!(short), all.clone());
    for (batch, place) in [(json!([short, long]), 0), (json!([long, short]), 1), (json!([complex, long, short]), 2)] {
        let together = embed(&model(), batch, all.clone());
        for name in ["embeddings", "lm_logits"] {
            assert_eq!(rows(&alone, name, 0, 6), rows(&together, name, place, 6), "{name}");
        }
    }
}

#[test]
fn asking_for_more_changes_nothing_else() {
    let (model, input) = (model(), json!(["MALW:GP", "A"]));
    let some = embed(&model, input.clone(), json!({ "include_fields": ["lm_logits", "nonsense"] }));
    let all = embed(&model, input, json!({ "include_fields": ["*"] }));
    for name in ["embeddings", "chain_index", "residue_index", "lm_logits"] {
        assert_eq!(array(&some, name), array(&all, name));
    }
    assert!(some.field("hidden_states").unwrap().is_none());
}

#[test]
fn fields_can_be_set_for_an_instance_and_overridden_by_a_call() {
    let model = load(esm2(), json!({ "include_fields": ["lm_logits"] })).unwrap();
    assert!(!embed(&model, json!("AC"), json!({})).field("lm_logits").unwrap().is_none());
    let overridden = embed(&model, json!("AC"), json!({ "include_fields": null }));
    assert!(overridden.field("lm_logits").unwrap().is_none());
}

#[test]
fn single_chains_run_on_into_tokens_and_complexes_are_padded() {
    let chains = embed(&model(), json!(["ACDE", "GH"]), json!({}));
    assert_eq!(array(&chains, "chain_index").dtype(), DType::I32);
    assert_eq!(numbers(&chains, "residue_index"), [0., 1., 2., 3., 0., 1., 2., 3.]);
    assert_eq!(numbers(&chains, "chain_index"), [0.0; 8]);
    assert!(numbers(&chains, "embeddings").iter().all(|value| *value != 0.0));

    let complexes = embed(&model(), json!(["AC:DE", "GH"]), json!({}));
    assert_eq!(numbers(&complexes, "residue_index"), [0., 1., 0., 1., 0., 1., -1., -1.]);
    assert_eq!(numbers(&complexes, "chain_index"), [0., 0., 1., 1., 0., 0., -1., -1.]);
    let tail = array(&complexes, "embeddings").part(1).unwrap().part(2).unwrap();
    assert!(tail.to_f64().unwrap().iter().all(|value| *value == 0.0));
}

#[test]
fn linker_and_skip_change_the_second_chain() {
    let with = |options| embed(&model(), json!("AC:DEFG"), options);
    let near = with(json!({ "position_ids_skip": 0 }));
    for options in [json!({ "position_ids_skip": 1024 }), json!({ "position_ids_skip": 0, "glycine_linker": "GG" })] {
        let other = with(options);
        assert_ne!(rows(&near, "embeddings", 0, 6)[5], rows(&other, "embeddings", 0, 6)[5]);
        assert_eq!(array(&other, "embeddings").shape(), [1, 6, 320]);
    }
}

#[test]
fn a_mask_is_one_residue_with_broad_scores() {
    let options = json!({ "include_fields": ["lm_logits"] });
    let prediction = embed(&model(), json!("AC<mask>D"), options);
    assert_eq!(prediction.sequence_lengths(), Some(vec![4]));
    let spread = |residue: usize| {
        let scores = rows(&prediction, "lm_logits", 0, 4)[residue].to_f64().unwrap();
        let residues = &scores[4..24];
        let best = residues.iter().copied().fold(f64::MIN, f64::max);
        best - residues.iter().sum::<f64>() / 20.0
    };
    assert!(spread(1) > 2.0 * spread(2), "{} {}", spread(1), spread(2));
    // The token of A in the ESM alphabet is 5.
    let scores = rows(&prediction, "lm_logits", 0, 4)[0].to_f64().unwrap();
    let best = (0..33).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    assert_eq!(best, Some(5));
}

#[test]
fn residues_and_sizes_of_the_model_matter() {
    let first = |model: &SyntheticModel, sequence| rows(&embed(model, json!(sequence), json!({})), "embeddings", 0, 1);
    assert_ne!(first(&model(), "ACD"), first(&model(), "ACE"), "neighbours two places away count");
    assert_ne!(first(&model(), "X"), first(&model(), "<mask>"));
    let large = load(esm2(), json!({ "model_name": "esm2_t48_15B_UR50D" })).unwrap();
    assert_eq!(first(&large, "A")[0].shape(), [5120]);
}

#[test]
fn hidden_states_may_come_layers_first_and_before_the_last_normalisation() {
    let model = load(esm3_family("ESMCCore", "ESM-C", "sasa_logits"), json!({})).unwrap();
    let prediction = embed(&model, json!(["ACD:EF", "GH", "I"]), json!({ "include_fields": ["*"] }));
    assert_eq!(array(&prediction, "embeddings").shape(), [3, 5, 16]);
    assert_eq!(array(&prediction, "hidden_states").shape(), [5, 3, 5, 16]);
    assert_eq!(array(&prediction, "lm_logits").shape(), [3, 5, 64]);
    assert!(prediction.field("sasa_logits").unwrap().is_none(), "a track of ESM3");
    assert_eq!(array(&prediction, "chain_index").dtype(), DType::I32);
    assert_eq!(numbers(&prediction, "chain_index")[..5], [0., 0., 0., 1., 1.]);
    assert_eq!(numbers(&prediction, "residue_index")[10..], [0., -1., -1., -1., -1.]);
}

#[test]
fn a_model_known_only_from_its_contract_is_served() {
    let mut contract = bare("NewCore", "New", Method::Embed);
    contract.dimensions = [("D".to_owned(), 12), ("states".to_owned(), 3)].into();
    let ranged = |field: FieldSpec, low: f64, high: f64| FieldSpec { range: Some((low, high)), ..field };
    contract.fields = vec![
        array_field("embeddings", &["B", "L", "D"]),
        ranged(array_field("disorder", &["B", "L", "states"]), 0.0, 1.0),
        FieldSpec { dtypes: vec![DType::U8], ..ranged(array_field("burial", &["B", "L"]), 0.0, 9.0) },
        FieldSpec { kind: FieldKind::Arrays, ..array_field("contacts", &["N", "N", "2"]) },
        FieldSpec { kind: FieldKind::Scalar, dtypes: vec![DType::F64], ..array_field("perplexity", &[]) },
    ];
    let model = load(contract, json!({})).unwrap();
    let prediction = embed(&model, json!(["MALW", "GP"]), json!({ "include_fields": ["*"] }));
    assert_eq!(prediction.fields[0].0, "metadata");
    assert_eq!(prediction.at("metadata.model_name").unwrap().as_text(), Some("New"));
    let disorder = numbers(&prediction, "disorder");
    assert!(disorder.iter().all(|value| (0.0..=1.0).contains(value)));
    assert!(distance(&disorder[..3], &disorder[3..6]) > 0.0);
    assert_eq!(array(&prediction, "burial").dtype(), DType::U8);
    let contacts = prediction.at("contacts[1]").unwrap().as_array().unwrap();
    assert_eq!(contacts.shape(), [2, 2, 2]);
    assert_eq!(array(&prediction, "perplexity").shape(), [0_usize; 0]);
}

#[test]
fn a_field_an_embedding_model_cannot_have_is_refused() {
    let mut contract = bare("NewCore", "New", Method::Embed);
    contract.fields = vec![FieldSpec { kind: FieldKind::Pdb, ..array_field("pdb", &[]) }];
    let model = load(contract, json!({})).unwrap();
    let error = call(&model, json!("A"), json!({ "include_fields": ["pdb"] })).unwrap_err();
    assert_eq!(error.message, "an embedding model has only arrays, and pdb is none");
}
