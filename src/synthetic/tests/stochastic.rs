//! What changes a result and what does not.

use serde_json::{Value as Json, json};

use super::built_in::{INSULIN, NIPAH, UBIQUITIN, contract, fold, numbers, structure, timeless};
use crate::metric::superpose;
use crate::prediction::{Prediction, Value};
use crate::protein::Structure;
use crate::synthetic::tests::fixture::{call, load};

/// Root mean square distance of CA atoms after superposition.
fn displacement(a: &Structure, b: &Structure) -> f64 {
    let alphas = |structure: &Structure| -> Vec<[f32; 3]> {
        let chosen = (0..structure.atoms()).filter(|&atom| structure.atom_name[atom] == "CA");
        chosen.map(|atom| structure.coord[atom]).collect()
    };
    superpose(&alphas(a), &alphas(b)).unwrap().rmsd
}

fn first(prediction: &Prediction) -> &Structure {
    structure(prediction, "atom_array[0]")
}

fn plddt_only(seed: u64) -> Json {
    json!({ "seed": seed, "include_fields": ["plddt"] })
}

#[test]
fn the_same_call_gives_the_same_bits() {
    let sequence = format!("{INSULIN}:{UBIQUITIN}");
    for key in ["esmfold", "esmfold2", "chai1", "boltz2"] {
        for options in [json!({}), json!({ "seed": 7 })] {
            let once = timeless(fold(key, sequence.as_str(), options.clone()));
            assert!(once == timeless(fold(key, sequence.as_str(), options)), "{key}");
        }
    }
}

#[test]
fn seeds_move_a_stochastic_model_a_little_and_no_other() {
    for sequence in [INSULIN, UBIQUITIN, NIPAH, &format!("{INSULIN}:{INSULIN}")] {
        let one = fold("boltz2", sequence, plddt_only(1));
        for seed in [2, 3, 42] {
            let other = fold("boltz2", sequence, plddt_only(seed));
            let moved = displacement(first(&one), first(&other));
            eprintln!("{} residues: {moved} Å", sequence.len());
            let most = 2.5 + 0.03 * sequence.len() as f64;
            assert!((0.3..most).contains(&moved), "{} residues: {moved} Å", sequence.len());
            assert_ne!(numbers(&one, "plddt[0]"), numbers(&other, "plddt[0]"));
        }
    }
    let [one, other] = [1, 2].map(|seed| fold("esmfold", INSULIN, plddt_only(seed)));
    assert_eq!(first(&one), first(&other));
}

#[test]
fn draws_differ_and_stand_together_for_every_sample() {
    let options = json!({ "num_diffusion_samples": 3, "seed": 0, "include_fields": ["plddt"] });
    let prediction = fold("esmfold2", json!([INSULIN, UBIQUITIN]), options);
    assert_eq!(prediction.sequence_lengths(), Some(vec![54, 54, 54, 76, 76, 76]));
    let residues = |index: usize| structure(&prediction, &format!("atom_array[{index}]")).residues().len();
    assert_eq!([0, 1, 2, 3, 4, 5].map(residues), [54, 54, 54, 76, 76, 76]);
    let moved = displacement(first(&prediction), structure(&prediction, "atom_array[1]"));
    assert!((0.3..2.5).contains(&moved), "{moved}");
}

#[test]
fn where_only_the_first_becomes_a_structure_the_others_keep_their_confidence_per_residue() {
    let prediction = fold("chai1", INSULIN, json!({}));
    let alone = fold("chai1", INSULIN, json!({ "num_diffn_samples": 1, "seed": 3 }));
    let several = fold("chai1", INSULIN, json!({ "num_diffn_samples": 4, "seed": 3 }));
    assert_eq!(first(&several), first(&alone), "whatever its score");
    let items = |name: &str| prediction.field(name).and_then(Value::as_items).map(<[Value]>::len);
    assert_eq!((items("atom_array"), items("cif")), (Some(1), Some(1)));
    assert_eq!((items("plddt"), items("pae")), (Some(5), Some(5)));
    assert_eq!((items("ptm"), items("per_chain_iptm")), (None, None));
    assert_eq!(prediction.sequence_lengths(), Some(vec![54]));
}

#[test]
fn a_list_of_chains_is_one_complex_with_a_length_for_each() {
    let listed = fold("boltz2", json!([INSULIN, UBIQUITIN]), json!({}));
    assert_eq!(listed.sequence_lengths(), Some(vec![54, 76]));
    let joined = fold("boltz2", format!("{INSULIN}:{UBIQUITIN}"), json!({}));
    assert_eq!(joined.sequence_lengths(), Some(vec![130]));
    assert!(timeless(listed) == timeless(joined));
}

#[test]
fn an_item_is_the_same_alone_and_in_a_batch() {
    let batch = fold("esmfold", json!([INSULIN, UBIQUITIN]), plddt_only(0));
    let alone = fold("esmfold", UBIQUITIN, plddt_only(0));
    assert_eq!(structure(&batch, "atom_array[1]"), first(&alone));
}

#[test]
fn linkers_and_skips_change_complexes_slightly_and_single_chains_never() {
    let fold = |sequence: &str, linker: &str, skip: u64| {
        let fields = ["residue_index", "s_s"];
        let options = json!({ "glycine_linker": linker, "position_ids_skip": skip, "include_fields": fields });
        fold("esmfold", sequence, options)
    };
    let complex = format!("{INSULIN}:{UBIQUITIN}");
    let base = fold(&complex, "", 512);
    for (linker, skip) in [("GGGG", 512), ("", 0)] {
        let other = fold(&complex, linker, skip);
        let moved = displacement(first(&base), first(&other));
        assert!(moved > 1e-3 && moved < 1.0, "{moved}");
        assert_ne!(numbers(&base, "s_s"), numbers(&other, "s_s"));
        assert_eq!(numbers(&base, "residue_index"), numbers(&other, "residue_index"));
        assert!(timeless(fold(INSULIN, linker, skip)) == timeless(fold(INSULIN, "", 512)));
    }
}

#[test]
fn models_and_their_variants_differ_from_one_another() {
    let structure_of = |key: &str, options: Json| first(&fold(key, UBIQUITIN, options)).clone();
    let minimal = |model: &str| json!({ "include_fields": [], "model_name": model });
    let structures = [
        structure_of("boltz2", plddt_only(1)),
        structure_of("chai1", plddt_only(1)),
        structure_of("esmfold2", minimal("biohub/ESMFold2")),
        structure_of("esmfold2", minimal("biohub/ESMFold2-Fast")),
    ];
    for (index, one) in structures.iter().enumerate() {
        for other in &structures[..index] {
            assert!(displacement(one, other) > 0.1);
        }
    }
}

#[test]
fn options_of_the_wrong_type_are_refused_where_they_matter() {
    let model = load(contract("boltz2"), json!({})).unwrap();
    let refused = |options: Json| {
        let response = call(&model, json!("MKV"), options);
        response.unwrap_err().to_string()
    };
    assert_eq!(
        refused(json!({ "seed": "one" })),
        "ValueError: Boltz-2 option 'seed' must be a non-negative integer or None."
    );
}
