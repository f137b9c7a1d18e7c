//! Confidences against one another and against the structure.

use serde_json::json;

use super::built_in::{INSULIN, NIPAH, UBIQUITIN, array, fold, numbers, structure};
use crate::metric::distance_scale;
use crate::prediction::Value;

/// Chai-1 draws five structures and tells the score of none, unless told to draw one.
fn one_draw() -> serde_json::Value {
    json!({ "num_diffn_samples": 1 })
}

#[test]
fn plddt_has_a_folded_part_and_floppy_ends() {
    for sequence in [INSULIN, UBIQUITIN, NIPAH] {
        let prediction = fold("boltz2", sequence, json!({}));
        let plddt = numbers(&prediction, "plddt[0]");
        let confident = plddt.iter().filter(|&&value| value >= 0.7).count() as f64 / plddt.len() as f64;
        assert!((0.4..0.95).contains(&confident), "{confident}");
        let mean = plddt.iter().sum::<f64>() / plddt.len() as f64;
        assert!(plddt[0] < mean && plddt[plddt.len() - 1] < mean);
        assert!(plddt.iter().all(|value| (0.0..=1.0).contains(value)));
    }
}

#[test]
fn b_factors_are_the_plddt_on_the_declared_scale() {
    let prediction = fold("esmfold", INSULIN, json!({}));
    let plddt = numbers(&prediction, "plddt[0]");
    let structure = structure(&prediction, "atom_array[0]");
    for (residue, run) in structure.residues().into_iter().enumerate() {
        for value in &structure.b_factor.as_ref().unwrap()[run] {
            assert!((value - plddt[residue]).abs() < 1e-12);
        }
    }
    let prediction = fold("chai1", INSULIN, one_draw());
    let cif = prediction.at("cif[0]").and_then(Value::as_text).unwrap();
    let written = crate::protein::mmcif::read(cif).unwrap().b_factor.unwrap();
    let plddt = numbers(&prediction, "plddt[0]");
    // Atoms have factors of their own, and their mean is the residue's.
    let atoms = super::built_in::structure(&prediction, "atom_array[0]");
    for (run, plddt) in atoms.residues().into_iter().zip(plddt) {
        let own = &written[run];
        assert!((own.iter().sum::<f64>() / own.len() as f64 - 100.0 * plddt).abs() < 1e-3);
        assert!(own.len() == 1 || own.iter().any(|factor| (factor - 100.0 * plddt).abs() > 1.0));
    }
    assert_eq!(super::built_in::structure(&prediction, "atom_array[0]").b_factor, None);
}

#[test]
fn plddt_is_the_expectation_of_the_last_lddt_head() {
    let prediction = fold("esmfold", INSULIN, json!({}));
    let plddt = numbers(&prediction, "plddt[0]");
    let last = numbers(&prediction, "lddt_head");
    let last = &last[last.len() / 8 * 7..];
    for (residue, expected) in plddt.iter().enumerate() {
        for atom in [1, 30] {
            let logits = &last[(residue * 37 + atom) * 50..][..50];
            let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
            let mean: f64 =
                logits.iter().enumerate().map(|(bin, logit)| (bin as f64 + 0.5) / 50.0 * logit.exp() / total).sum();
            assert!((mean - expected).abs() < 1e-5, "{residue}: {mean} {expected}");
        }
    }
}

#[test]
fn aligned_errors_and_ptm_follow_from_their_logits() {
    let prediction = fold("esmfold", format!("{INSULIN}:{UBIQUITIN}"), json!({}));
    let tokens = INSULIN.len() + UBIQUITIN.len();
    let logits = numbers(&prediction, "ptm_logits");
    let probabilities = numbers(&prediction, "aligned_confidence_probs");
    let pae = numbers(&prediction, "pae");
    let scale = distance_scale(tokens);
    let mut best: f64 = 0.0;
    for frame in 0..tokens {
        let mut sum = 0.0;
        for scored in 0..tokens {
            let pair = frame * tokens + scored;
            let logits = &logits[pair * 64..][..64];
            let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
            let mut error = 0.0;
            for (bin, logit) in logits.iter().enumerate() {
                let (centre, probability) = (0.25 + 0.5 * bin as f64, logit.exp() / total);
                assert!((probability - probabilities[pair * 64 + bin]).abs() < 1e-6);
                error += probability * centre;
                sum += probability / (1.0 + (centre / scale).powi(2));
            }
            assert!((error - pae[pair]).abs() < 1e-3);
        }
        best = best.max(sum / tokens as f64);
    }
    assert!((best - numbers(&prediction, "ptm[0]")[0]).abs() < 1e-4);
    assert!((numbers(&prediction, "max_pae")[0] - 31.75).abs() < 1e-6);
}

#[test]
fn errors_are_smaller_within_a_chain_than_between() {
    let prediction = fold("boltz2", format!("{UBIQUITIN}:{UBIQUITIN}"), json!({}));
    let pae = numbers(&prediction, "pae[0]");
    let tokens = 2 * UBIQUITIN.len();
    let mean = |same: bool| {
        let chosen: Vec<f64> = (0..tokens * tokens)
            .filter(|pair| ((pair / tokens < tokens / 2) == (pair % tokens < tokens / 2)) == same)
            .map(|pair| pae[pair])
            .collect();
        chosen.iter().sum::<f64>() / chosen.len() as f64
    };
    assert!(mean(true) + 1.0 < mean(false), "{} {}", mean(true), mean(false));
    assert!(pae.iter().all(|&error| (0.0..=32.0).contains(&error)));
    let pde = numbers(&prediction, "pde[0]");
    let mirrored = |pair: usize| pair % tokens * tokens + pair / tokens;
    assert!((0..tokens * tokens).all(|pair| (pde[pair] - pde[mirrored(pair)]).abs() < 1e-6));
}

#[test]
fn a_single_chain_has_no_interface_score() {
    let prediction = fold("chai1", INSULIN, one_draw());
    assert_eq!(numbers(&prediction, "iptm[0]"), [0.0]);
    let own = numbers(&prediction, "per_chain_iptm[0]");
    assert_eq!(own, numbers(&prediction, "ptm[0]"));
    assert_eq!(array(&prediction, "per_chain_iptm[0]").shape(), [1, 1, 1]);
    let pair = fold("chai1", format!("{INSULIN}:{UBIQUITIN}"), one_draw());
    let (ptm, iptm) = (numbers(&pair, "ptm[0]")[0], numbers(&pair, "iptm[0]")[0]);
    assert!(iptm > 0.05 && iptm < ptm, "{iptm} {ptm}");
    assert_eq!(array(&pair, "per_chain_iptm[0]").shape(), [1, 2, 2]);
}

#[test]
fn the_scores_of_a_mapping_agree_with_the_fields() {
    let prediction = fold("boltz2", format!("{INSULIN}:{UBIQUITIN}"), json!({}));
    let score = |path: &str| prediction.at(&format!("confidence[0].{path}")).and_then(Value::as_number).unwrap();
    let plddt = numbers(&prediction, "plddt[0]");
    let mean = plddt.iter().sum::<f64>() / plddt.len() as f64;
    let iptm = numbers(&prediction, "iptm[0]")[0];
    assert!((score("complex_plddt") - mean).abs() < 1e-9);
    assert!((score("confidence_score") - (0.8 * mean + 0.2 * iptm)).abs() < 1e-6);
    assert!((score("protein_iptm") - iptm).abs() < 1e-6);
    assert!((score("chains_ptm.1") - score("pair_chains_iptm.1.1")).abs() < 1e-9);
    assert!(score("complex_ipde") > score("complex_pde"));
    assert_eq!(prediction.at("confidence[0].ptm"), None);
}
