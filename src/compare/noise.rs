//! Measures by how much repeats of one call differ, with the metrics that are used to compare responses. Does not run calls.

use std::collections::BTreeMap;

use super::fields::{BothResponses, PAIR_ERRORS, PLDDT, STRUCTURES, measure_pair_errors};
use super::layout::FieldLayout;
use super::structure::{compare_confidence, compare_structures};
use crate::metric::difference;
use crate::metric_value::{ABSOLUTE, Direction, MetricValue, NoiseFloor, Worst};
use crate::prediction::{Contract, Leaf, Listing, Prediction, field_of};
use crate::protein::Structure;
use crate::tensor::Tensor;

/// The worst difference of any pair of repeats, for every structure, confidence and array of floats. Values that are missing in a
/// pair or cannot be measured have no floor.
#[must_use]
pub fn floors(contract: &Contract, repeats: &[Prediction]) -> BTreeMap<String, Worst> {
    let repeats: Vec<Listing<'_>> = repeats.iter().filter_map(|repeat| Listing::of(repeat).ok()).collect();
    let scales = [contract.field(STRUCTURES).and_then(|field| field.b_factor); 2];
    let mut floors = BTreeMap::new();
    for (place, expected) in repeats.iter().enumerate() {
        for actual in &repeats[place + 1..] {
            let pair = RepeatedCall { contract, sides: BothResponses { expected, actual, scales } };
            for (path, leaf) in expected.entries() {
                let own: &mut Worst = floors.entry(path.to_owned()).or_default();
                match leaf {
                    Leaf::Structure(_) => pair.structure(path, own),
                    Leaf::Array(..) => pair.array(path, own),
                    _ => {}
                }
            }
        }
    }
    floors.retain(|_, floor| !floor.is_empty());
    floors
}

/// Two responses to one call.
struct RepeatedCall<'a> {
    contract: &'a Contract,
    sides: BothResponses<'a>,
}

impl RepeatedCall<'_> {
    fn structure(&self, path: &str, floor: &mut Worst) {
        let scales = [self.contract.field(field_of(path)).and_then(|field| field.b_factor); 2];
        let sides = BothResponses { scales, ..self.sides };
        let Some((first, second)) = sides.structures(path) else { return };
        if let Some(gates) = &self.contract.gates.structure
            && let Some((one, other)) = sides.confident_structures(path)
        {
            for measure in compare_structures(&one, &other, gates, &NoiseFloor::unknown()).measures {
                worsen(floor, &measure);
            }
        }
        keep_greatest(floor, farthest(first, second));
    }

    fn array(&self, path: &str, floor: &mut Worst) {
        let Some((one, other)) = self.sides.arrays(path) else { return };
        // Columns of structures with gates are measured with their structure, and indices do not vary.
        let is_judged = self.contract.gates.structure.is_some();
        let in_structure =
            path.rsplit_once('.').is_some_and(|(parent, _)| self.sides.expected.structure(parent).is_some());
        if (in_structure && is_judged) || !one.dtype().is_float() || one.shape() != other.shape() {
            return;
        }
        for measure in self.by_gates(path, one, other) {
            worsen(floor, &measure);
        }
        let greatest = difference(one, other, 0.0, 0.0).and_then(|found| found.absolute);
        keep_greatest(floor, greatest.map_or(0.0, |extreme| extreme.difference));
    }

    fn by_gates(&self, path: &str, one: &Tensor, other: &Tensor) -> Vec<MetricValue> {
        let mut measures = Vec::new();
        let none = NoiseFloor::unknown();
        let gates = &self.contract.gates;
        if let Some(gates) = &gates.structure {
            if field_of(path) == PLDDT
                && let (Some(one), Some(other)) = (one.to_f64(), other.to_f64())
            {
                measures.extend(compare_confidence(&one, &other, gates, &none));
            }
            if PAIR_ERRORS.contains(&field_of(path)) {
                measures.extend(measure_pair_errors(path, self.sides, gates, &none).unwrap_or_default());
            }
        }
        if let Some(layout) = self.contract.field(field_of(path)).and_then(FieldLayout::of) {
            measures.extend(layout.measure(path, self.sides, gates, &none).unwrap_or_default());
        }
        measures
    }
}

/// The greatest distance between the two positions of an atom, without superposition. Infinite if the atoms are not the same.
fn farthest(one: &Structure, other: &Structure) -> f64 {
    if one.coord.len() != other.coord.len() {
        return f64::INFINITY;
    }
    let squares = one.coord.iter().zip(&other.coord).map(|(a, b)| {
        let gaps = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
        gaps.sum::<f64>()
    });
    squares.fold(0.0, |most: f64, square| if most.is_nan() || square <= most { most } else { square }).sqrt()
}

fn keep_greatest(floor: &mut Worst, difference: f64) {
    if difference.is_finite() {
        let worst = floor.entry(ABSOLUTE.to_owned()).or_insert(0.0);
        *worst = worst.max(difference);
    }
}

fn worsen(floor: &mut Worst, measure: &MetricValue) {
    if !measure.observed.is_finite() {
        return;
    }
    let worst = floor.entry(measure.key.to_owned()).or_insert(measure.observed);
    *worst = match measure.better {
        Direction::Lower => worst.max(measure.observed),
        Direction::Higher => worst.min(measure.observed),
    };
}
