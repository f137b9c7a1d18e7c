//! Measures by how much repeats of one call differ, in the same ways that answers are held against recorded ones. Runs
//! nothing.

use std::collections::BTreeMap;

use super::aligned_error::{PAIR_ERRORS, measure_pae};
use super::gated::{PLDDT, STRUCTURES, field_of, measure_structures};
use super::layout::{FieldLayout, LayoutGates};
use super::likeness::compare_confidence;
use crate::measure::{ABSOLUTE, Better, Floor, Measure, Worst};
use crate::metric::difference;
use crate::prediction::Contract;
use crate::protein::Structure;
use crate::snapshot::{Contents, Entry};

/// The worst that any pair of repeats gives, for every structure, confidence and array of floats. What one of a pair lacks,
/// and what cannot be measured, has no floor.
#[must_use]
pub fn floors(contract: &Contract, repeats: &[Contents]) -> BTreeMap<String, Worst> {
    let mut floors = BTreeMap::new();
    for (place, first) in repeats.iter().enumerate() {
        for second in &repeats[place + 1..] {
            for (path, entry) in &first.digest().entries {
                let own: &mut Worst = floors.entry(path.clone()).or_default();
                match entry {
                    Entry::Structure(_) => {
                        for measure in measure_structures(contract, path, first, second) {
                            worsen(own, &measure);
                        }
                        if let Some((one, other)) = first.structure(path).zip(second.structure(path)) {
                            keep_greatest(own, farthest(one, other));
                        }
                    }
                    Entry::Array(_) => measure_array(contract, path, first, second, own),
                    _ => {}
                }
            }
        }
    }
    floors.retain(|_, floor| !floor.is_empty());
    floors
}

fn measure_array(contract: &Contract, path: &str, first: &Contents, second: &Contents, floor: &mut Worst) {
    let (Some(one), Some(other)) = (first.array(path), second.array(path)) else {
        return;
    };
    // Columns of structures that gates judge are measured with their structure, and indices do not vary.
    let is_judged = contract.gates.structure.is_some();
    let in_structure = path
        .rsplit_once('.')
        .is_some_and(|(parent, _)| first.structure(parent).is_some());
    if (in_structure && is_judged) || !one.dtype().is_float() || one.shape() != other.shape() {
        return;
    }
    if field_of(path) == PLDDT
        && let (Some(gates), Some(one), Some(other)) = (contract.gates.structure, one.to_f64(), other.to_f64())
    {
        for measure in compare_confidence(&one, &other, &gates, &Floor::unknown()) {
            worsen(floor, &measure);
        }
    }
    if PAIR_ERRORS.contains(&field_of(path))
        && let Some(gates) = contract.gates.structure
    {
        let scale = contract.field(STRUCTURES).and_then(|field| field.b_factor);
        let measures = measure_pae(path, (first, second), scale, &gates, &Floor::unknown());
        for measure in measures.unwrap_or_default() {
            worsen(floor, &measure);
        }
    }
    let field = contract.field(field_of(path)).and_then(FieldLayout::of);
    if let Some(layout) = field {
        let scale = contract.field(STRUCTURES).and_then(|field| field.b_factor);
        let gates = LayoutGates {
            embedding: contract.gates.embedding,
            structure: contract.gates.structure,
        };
        let measures = layout.measure(path, (first, second), scale, gates, &Floor::unknown());
        for measure in measures.unwrap_or_default() {
            worsen(floor, &measure);
        }
    }
    let greatest = difference(one, other, 0.0, 0.0).and_then(|found| found.absolute);
    keep_greatest(floor, greatest.map_or(0.0, |extreme| extreme.difference));
}

/// The greatest distance of an atom from itself where both structures lie; infinite where they have not the same atoms.
fn farthest(one: &Structure, other: &Structure) -> f64 {
    if one.coord.len() != other.coord.len() {
        return f64::INFINITY;
    }
    let pairs = one.coord.iter().zip(&other.coord);
    let squares = pairs.map(|(a, b)| {
        let gaps = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
        gaps.sum::<f64>()
    });
    squares
        .fold(
            0.0,
            |most: f64, square| if most.is_nan() || square <= most { most } else { square },
        )
        .sqrt()
}

fn keep_greatest(floor: &mut Worst, difference: f64) {
    if difference.is_finite() {
        let worst = floor.entry(ABSOLUTE.to_owned()).or_insert(0.0);
        *worst = worst.max(difference);
    }
}

fn worsen(floor: &mut Worst, measure: &Measure) {
    if !measure.observed.is_finite() {
        return;
    }
    let worst = floor.entry(measure.key.to_owned()).or_insert(measure.observed);
    *worst = match measure.better {
        Better::Lower => worst.max(measure.observed),
        Better::Higher => worst.min(measure.observed),
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::evidence::Answer;
    use super::super::fixture::folded::{UBIQUITIN, declared, folded, jitter};
    use super::super::fixture::{compile_with, compiled, judge_recorded};
    use super::*;
    use crate::snapshot::{Floors, Recording, SnapshotKey, Store};

    fn repeat(seed: u64, most: f32) -> Answer {
        let contract = declared("esmfold");
        let right = folded(
            &contract,
            "call",
            UBIQUITIN,
            json!({ "include_fields": ["plddt", "s_s"] }),
        );
        // In a residue of the middle, of which the model is sure.
        let index = 40 * 1024 + seed as usize;
        right
            .with_structure(|structure| jitter(structure, most, seed))
            .with_element("s_s", index, 20.0 * seed as f64)
    }

    fn contents(answer: &Answer) -> Contents {
        Contents::of(answer.result.as_ref().unwrap()).unwrap()
    }

    #[test]
    fn the_worst_pair_makes_the_floor() {
        let contract = declared("esmfold");
        let repeats = [1, 2, 3].map(|seed| contents(&repeat(seed, 0.02)));
        let all = floors(&contract, &repeats);
        let pair = floors(&contract, &repeats[..2]);
        let structure = &all["atom_array[0]"];
        assert!(structure["ca_rmsd"] >= pair["atom_array[0]"]["ca_rmsd"]);
        assert!((0.001..0.1).contains(&structure["rmsd"]), "{structure:?}");
        assert!(structure["lddt"] <= 1.0 && structure["lddt"] > 0.99);
        assert_eq!(all["plddt[0]"]["plddt"].to_bits(), 0.0f64.to_bits());
        assert!(all["s_s"][ABSOLUTE] > 0.4);
        assert!(!all.contains_key("atom_array[0].coord"));
        assert!(floors(&contract, &repeats[..1]).is_empty());
        let check = compiled(&contract, "check = 'snapshot'");
        assert_eq!(check.beyond(&contract, &repeats[0], &repeats[1]), ["s_s"]);
        let mirrored = repeat(1, 0.02).with_structure(|structure| {
            structure
                .coord
                .iter_mut()
                .for_each(|position| position[0] = -position[0]);
        });
        let loose = compiled(&contract, "check = 'snapshot'\natol = 50");
        assert_eq!(loose.beyond(&contract, &repeats[0], &repeats[1]), Vec::<String>::new());
        let beyond = loose.beyond(&contract, &repeats[0], &contents(&mirrored));
        assert!(beyond.contains(&"atom_array[0]".to_owned()), "{beyond:?}");
    }

    #[test]
    fn equal_repeats_have_a_floor_in_every_measure() {
        let contract = declared("esmfold");
        let right = folded(
            &contract,
            "call",
            UBIQUITIN,
            json!({ "include_fields": ["plddt", "pae"] }),
        );
        let floors = floors(&contract, &[contents(&right), contents(&right)]);
        let of = |path: &str, key: &str| floors[path].get(key).copied();
        assert_eq!(of("pae", "pae"), Some(0.0));
        assert_eq!(of("pae", "unmasked_pae"), Some(0.0));
        assert_eq!(of("plddt[0]", "plddt"), Some(0.0));
        assert_eq!(of("atom_array[0]", ABSOLUTE), Some(0.0));
    }

    #[test]
    fn two_answers_differ_by_no_more_than_repeats_do() {
        let directory = tempfile::tempdir().unwrap();
        let contract = declared("esmfold");
        let table = "check = 'agree'\nfields = ['atom_array']\natol = 0.001";
        let check = compile_with(&contract, table, &["first", "again"]).unwrap();
        let answers = |most| {
            let again = repeat(9, most);
            [("first", repeat(0, 0.0)), ("again", again)].map(|(call, answer)| Answer {
                call: call.to_owned(),
                ..answer
            })
        };
        let judge = |most| judge_recorded(&*check, &contract, &answers(most), directory.path(), Recording::Never);
        assert_eq!(judge(0.02).len(), 1);
        let repeats: Vec<Contents> = (1..6).map(|seed| contents(&repeat(seed, 0.03))).collect();
        let store = Store::new(directory.path(), Recording::Never).unwrap();
        let key = SnapshotKey::new("synthetic", "esmfold", "suite", "case", Some("again")).unwrap();
        let measured = Floors {
            backend: "toy".into(),
            repeats: repeats.len(),
            fields: floors(&contract, &repeats),
            accepted: Vec::new(),
        };
        store.write_floors(&key, &measured).unwrap();
        assert_eq!(judge(0.02), []);
        assert_eq!(judge(0.5).len(), 1);
    }

    #[test]
    fn what_repeats_differ_by_passes_and_is_reported() {
        let directory = tempfile::tempdir().unwrap();
        let contract = declared("esmfold");
        // Stricter than the noise, so that only the floor lets it pass.
        let check = compiled(
            &contract,
            "check = 'snapshot'\nfields = ['atom_array']\ngates = { ca_max = 0.001 }",
        );
        let judge =
            |answer: Answer| judge_recorded(&*check, &contract, &[answer], directory.path(), Recording::Missing);
        assert_eq!(judge(repeat(1, 0.02)), []);
        assert_eq!(judge(repeat(9, 0.02)).len(), 1);
        let repeats: Vec<Contents> = (1..6).map(|seed| contents(&repeat(seed, 0.03))).collect();
        let store = Store::new(directory.path(), Recording::Never).unwrap();
        let key = SnapshotKey::new("synthetic", "esmfold", "suite", "case", None).unwrap();
        let measured = Floors {
            backend: "toy".into(),
            repeats: repeats.len(),
            fields: floors(&contract, &repeats),
            accepted: Vec::new(),
        };
        store.write_floors(&key, &measured).unwrap();
        assert_eq!(judge(repeat(9, 0.02)), []);
        let far = judge(repeat(9, 0.5));
        assert!(far[0].to_string().contains(", floor 0."), "{far:?}");
    }
}
