//! Compares the samples of two responses of a stochastic model as sets: whether they come from one distribution. Does not compare
//! single samples, which need not agree.

use super::{ComparedPair, Coverage, Loaded, MetricRow, Rules};
use crate::check::{Sample, test_samples};
use crate::compare::{atom_faults, side};
use crate::diagnosis::{StructureFrame, of_structures};
use crate::prediction::Listing;
use crate::prediction::contract::FactorScale;

/// Compares the two sets. Returns `None` if a side has too few samples, if their atoms differ, or if the model has no gates for sets.
pub(super) fn compare(first: &Loaded, second: &Loaded, rules: &Rules) -> Option<ComparedPair> {
    let gates = rules.ensemble?;
    let scales = rules.policy.scales;
    let (before, after) = (samples(first, scales[0])?, samples(second, scales[1])?);
    let has_enough = |samples: &[Sample]| samples.len() as f64 >= gates.samples;
    if !has_enough(&before) || !has_enough(&after) {
        return None;
    }
    let reference = &before.first()?.structure;
    let all = || before.iter().chain(&after);
    let is_even = |sample: &Sample| sample.structure.uneven_column().is_none();
    if !all().all(is_even) || !all().all(|sample| atom_faults(reference, &sample.structure).is_empty()) {
        return None;
    }
    let tests = test_samples(&before, &after, &gates);
    if tests.is_empty() || tests.iter().any(|test| !test.can_fail()) {
        return None;
    }
    let mut rows = Vec::new();
    for test in &tests {
        let measure = test.measure();
        let probability = "probability of such samples by chance";
        for (metric, value) in [(test.words, test.result.distance), (probability, test.result.p_value)] {
            let judged = if measure.name == metric { vec![(Coverage::All, measure)] } else { Vec::new() };
            rows.push(MetricRow { judged, ..MetricRow::new(metric, Ok(value)) });
        }
    }
    let mut section = ComparedPair::new("atom_array", rows);
    section.notes.push(format!(
        "{} samples against {} as two sets: single samples of a stochastic model need not agree",
        before.len(),
        after.len()
    ));
    if !section.is_same() {
        section.cause = of_structures(reference, &after.first()?.structure, StructureFrame::Free, &[]);
    }
    Some(section)
}

/// The structures of a response, with their confidence.
fn samples(loaded: &Loaded, scale: Option<FactorScale>) -> Option<Vec<Sample>> {
    let listing = Listing::of(&loaded.prediction).ok()?;
    let structures = listing.entries().filter_map(|(path, _)| Some((path, listing.structure(path)?)));
    let samples = structures.map(|(path, structure)| {
        let confidence = side(&listing, path, structure, scale).confidence;
        Sample { name: path.to_owned(), confidence, structure: structure.clone() }
    });
    Some(samples.collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::super::{Rules, compare as compare_all, verdict};
    use super::*;
    use crate::compare::ToleranceOverrides;
    use crate::config::Config;
    use crate::metric_value::MetricVerdict;
    use crate::prediction::{Input, Options, Prediction, Request, Value};
    use crate::protein::Structure;
    use crate::synthetic::SyntheticModel;

    fn samples_of(seed: u64, count: usize) -> Prediction {
        let config = Config::built_in().unwrap();
        let contract = config.model("esmfold2").unwrap();
        let options = json!({
            "seed": seed, "num_diffusion_samples": count, "include_fields": ["plddt", "ptm"]
        });
        let request = Request {
            method: contract.method,
            input: Input::One("NLYIQWLKDGGPSSGRPPPS".to_owned()),
            options: options.as_object().unwrap().clone(),
        };
        let model = SyntheticModel::load(contract.clone(), Options::new()).unwrap();
        model.predict(&request).unwrap()
    }

    fn compared(first: &Prediction, second: &Prediction) -> Vec<ComparedPair> {
        let [first, second] = [first, second].map(|prediction| Loaded {
            prediction: prediction.clone(),
            form: super::super::FileFormat::Result,
            model: Some("esmfold2".to_owned()),
            weights: None,
            class: None,
            floors: BTreeMap::new(),
            notes: Vec::new(),
        });
        let config = Config::built_in().unwrap();
        let rules = Rules::of(&config, None, (&first, &second), &ToleranceOverrides::default()).unwrap();
        compare_all(first, second, &rules, None).unwrap()
    }

    fn with_structures(mut prediction: Prediction, change: impl Fn(&mut Structure)) -> Prediction {
        for (name, value) in &mut prediction.fields {
            if let (true, Value::List(items)) = (name == "atom_array", value) {
                for item in items {
                    if let Value::Structure(structure) = item {
                        change(structure);
                    }
                }
            }
        }
        prediction
    }

    #[test]
    fn samples_of_other_seeds_are_held_against_each_other_as_sets() {
        let (first, second) = (samples_of(1, 10), samples_of(2, 10));
        let sections = compared(&first, &second);
        let set = &sections[0];
        assert_eq!(set.name, "atom_array");
        assert!(set.rows.iter().any(|row| row.metric == "energy distance by CA RMSD"), "{set:?}");
        assert!(set.is_same(), "{set:?}");
        insta::assert_snapshot!(set.notes.join("\n"), @"
        10 samples against 10 as two sets: single samples of a stochastic model need not agree
        not judged sample by sample: ptm
        ");
        let smaller = with_structures(second, |structure| {
            for axis in structure.coord.iter_mut().flatten() {
                *axis *= 0.5;
            }
        });
        let found = compared(&first, &smaller);
        assert_eq!(verdict(&found), MetricVerdict::Different);
        assert!(!found[0].is_same(), "{:?}", found[0]);
    }

    #[test]
    fn too_few_samples_are_held_against_each_other_one_by_one() {
        let (first, second) = (samples_of(1, 3), samples_of(2, 3));
        let sections = compared(&first, &second);
        assert_eq!(sections[0].name, "atom_array[0]");
    }
}
