//! Structures against structures: the same atoms, and how far they are apart where they are.

use super::super::number::{count, show};
use super::super::places::Places;
use super::super::structure_field::{name_of_atom, same_name};
use super::{Mismatch, Walk};
use crate::measure::{ABSOLUTE, Better, Measure, Verdict};
use crate::metric::{difference, rmsd, superpose};
use crate::protein::Structure;
use crate::tensor::Tensor;

impl Walk {
    pub(super) fn structure(&mut self, path: &str, expected: &Structure, got: &Structure) {
        let uneven = expected.uneven_column().or(got.uneven_column());
        if let Some(column) = uneven {
            return self.incomparable(format!("{path}: column `{column}` has not one entry for each atom"));
        }
        if expected.coord.len() != got.coord.len() {
            let summary = format!(
                "{path}: {} against {}",
                count(expected.coord.len(), "atom"),
                got.coord.len()
            );
            return self.incomparable(summary);
        }
        if let Some(atom) = (0..expected.atoms()).find(|atom| !same_name(expected, got, *atom)) {
            let names = (name_of_atom(expected, atom), name_of_atom(got, atom));
            return self.incomparable(format!("{path}: atom {atom} is {} against {}", names.0, names.1));
        }
        self.found.compared += expected.coord.len();
        let gaps = expected.coord.iter().zip(&got.coord).map(|(a, b)| distance(*a, *b));
        let farthest = gaps.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((atom, gap)) = farthest else {
            return self.incomparable(format!("{path}: nothing to compare, both have no atoms"));
        };
        self.found.greatest = self.found.greatest.max(gap);
        let superposed = superpose(&got.coord, &expected.coord).map(|motion| motion.rmsd);
        let plain = rmsd(&got.coord, &expected.coord);
        let shown = |distance: &Result<f64, _>| {
            distance
                .as_ref()
                .map_or_else(|_| "undefined".to_owned(), |it| show(*it))
        };
        let details = vec![
            format!(
                "RMSD {} Å as they are, {} Å superposed, over {}",
                shown(&plain),
                shown(&superposed),
                count(expected.coord.len(), "atom")
            ),
            format!(
                "greatest distance {} Å: {}",
                show(gap),
                name_of_atom(expected, atom % expected.atoms().max(1))
            ),
        ];
        let (absolute, _) = self.allowed.elements.unwrap_or((0.0, 0.0));
        let measure = Measure {
            key: ABSOLUTE,
            name: "greatest distance of an atom",
            unit: " Å",
            better: Better::Lower,
            observed: gap,
            floor: self.allowed.floor,
            allowed: absolute,
        };
        let is_within = measure.verdict() != Verdict::Different;
        self.found.measures.push(measure);
        if is_within {
            return self.factors(path, expected, got, absolute);
        }
        let summary = format!(
            "{path}: atoms are up to {} Å apart, allowed {}",
            show(gap),
            show(absolute)
        );
        self.found.mismatches.push(Mismatch { summary, details });
    }

    fn factors(&mut self, path: &str, expected: &Structure, got: &Structure, absolute: f64) {
        match (&expected.b_factor, &got.b_factor) {
            (None, None) => {}
            (Some(expected), Some(got)) => {
                let (expected, got) = (Tensor::vector(expected), Tensor::vector(got));
                if let Some(found) = difference(&expected, &got, absolute, 0.0).filter(|found| !found.is_within()) {
                    let path = format!("{path}.b_factor");
                    let mismatch = self.describe(&path, &expected, &found, &Places::default());
                    self.found.mismatches.push(mismatch);
                }
            }
            _ => self.incomparable(format!("{path}: only one has a column b_factor")),
        }
    }
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f64 {
    let squares: f64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| (f64::from(*a) - f64::from(b)).powi(2))
        .sum();
    if squares.is_nan() {
        f64::INFINITY
    } else {
        squares.sqrt()
    }
}
