//! The plots of a case, computed while its responses are in memory, because reports are made later. Does not judge or draw.

use std::sync::{Mutex, PoisonError};

use crate::check::CallResult;
use crate::compare::{PLDDT, STRUCTURES, confidence_at, of_residues};
use crate::metric::{Point, cosines, superpose};
use crate::outcome::record::{
    BothCurves, BothMaps, EmbeddingPlot, PackedCurve, PlotData, PlotRecord, ResidueRun, StructurePlot, plain_line,
};
use crate::plan::PlannedTrial;
use crate::prediction::contract::{FieldKind, FieldSpec, Holds};
use crate::prediction::{Contract, Listing, Prediction};
use crate::protein::Structure;
use crate::snapshot::Store;

/// Most bytes of plots in one run.
const BYTES: usize = 20 << 20;
/// Most passing cases with plots in one run.
const PASSING: usize = 40;
/// Most structures of one call with plots.
const STRUCTURES_OF_CALL: usize = 8;
/// Most residues of a structure that are drawn.
const RESIDUES: usize = 2000;
/// Most cells of a heat map of cosines.
const CELLS: usize = 1 << 14;
/// Fewest pairs of alpha carbons for a superposition.
const FEWEST: usize = 3;

/// The remaining bytes and passing cases for plots in one run. Failing cases have plots as long as there are bytes.
#[derive(Debug)]
pub struct PlotBudget(Mutex<PlotsLeft>);

#[derive(Debug)]
struct PlotsLeft {
    bytes: usize,
    passing: usize,
}

impl Default for PlotBudget {
    fn default() -> Self {
        Self(Mutex::new(PlotsLeft { bytes: BYTES, passing: PASSING }))
    }
}

impl PlotBudget {
    /// The plots of a case within the budget.
    pub(super) fn plots(
        &self,
        trial: &PlannedTrial,
        (store, weights): (&Store, &str),
        responses: &[CallResult],
        passed: bool,
    ) -> Vec<PlotRecord> {
        if !self.has_room(passed) {
            return Vec::new();
        }
        self.taken(of_case(trial, store, weights, responses), passed)
    }

    fn has_room(&self, passed: bool) -> bool {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        left.bytes > 0 && (!passed || left.passing > 0)
    }

    fn taken(&self, plots: Vec<PlotRecord>, passed: bool) -> Vec<PlotRecord> {
        if plots.is_empty() {
            return plots;
        }
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if passed && !take(&mut left.passing, 1) {
            return Vec::new();
        }
        plots.into_iter().filter(|plot| take(&mut left.bytes, plot.size())).collect()
    }
}

/// Takes a number from a budget. Returns whether there was enough.
fn take(budget: &mut usize, number: usize) -> bool {
    let left = budget.checked_sub(number);
    *budget = left.unwrap_or(*budget);
    left.is_some()
}

/// The plots of all responses with a recorded result.
fn of_case(trial: &PlannedTrial, store: &Store, weights: &str, responses: &[CallResult]) -> Vec<PlotRecord> {
    let mut plots = Vec::new();
    for response in responses {
        let Ok(prediction) = &response.result else { continue };
        if !trial.checks.iter().any(|check| check.records(&response.call)) {
            continue;
        }
        // The checks report what is wrong with a recorded result.
        let key = trial.snapshot_key(weights, &response.call).ok();
        if let Some(reference) = key.and_then(|key| store.read(&key).ok().flatten()) {
            plots.extend(of_call(&trial.contract, &response.call, &reference.prediction, prediction));
        }
    }
    plots
}

/// The plots of one response and the recorded one.
fn of_call(contract: &Contract, call: &str, expected: &Prediction, observed: &Prediction) -> Vec<PlotRecord> {
    let lengths = expected.sequence_lengths().unwrap_or_default();
    let (Ok(expected), Ok(observed)) = (Listing::of(expected), Listing::of(observed)) else {
        return Vec::new();
    };
    let sides = PlottedSides { contract, expected: &expected, observed: &observed };
    let record = |field: String, data| PlotRecord { call: call.to_owned(), field: plain_line(&field), data };
    let structures = (0..STRUCTURES_OF_CALL).map_while(|index| {
        let plot = sides.structure(index)?;
        Some(record(format!("{STRUCTURES}[{index}]"), PlotData::Structure(plot)))
    });
    let vectors = contract.fields.iter().filter_map(|field| {
        let plot = sides.embedding(field, &lengths)?;
        Some(record(field.name.clone(), PlotData::Embedding(plot)))
    });
    structures.chain(vectors).collect()
}

struct PlottedSides<'a> {
    contract: &'a Contract,
    expected: &'a Listing<'a>,
    observed: &'a Listing<'a>,
}

impl PlottedSides<'_> {
    fn structure(&self, index: usize) -> Option<StructurePlot> {
        let path = format!("{STRUCTURES}[{index}]");
        let (expected, observed) = (self.expected.structure(&path)?, self.observed.structure(&path)?);
        if expected.uneven_column().is_some() || observed.uneven_column().is_some() {
            return None;
        }
        let residues = expected.residues().len();
        let confidences =
            self.confidence(self.expected, &path, expected).zip(self.confidence(self.observed, &path, observed));
        let least = self.contract.gates.structure.map_or(0.0, |gates| gates.confidence);
        let is_confident = |(one, other): (&f64, &f64)| one.min(*other) >= least;
        let confident = |(one, other): &(Vec<f64>, Vec<f64>)| one.iter().zip(other).map(is_confident).collect();
        let confident: Vec<bool> = confidences.as_ref().map(confident).unwrap_or_default();
        Some(StructurePlot {
            residues,
            chains: runs(expected),
            plddt: confidences.map(|(one, other)| both(one, other)),
            alphas: overlay(expected, observed, &confident),
            pae: self.pair_errors(index),
        })
    }

    fn confidence(&self, listing: &Listing<'_>, path: &str, structure: &Structure) -> Option<Vec<f64>> {
        let scale = self.contract.field(STRUCTURES).and_then(|field| field.b_factor);
        of_residues(structure, scale, confidence_at(listing, path).as_deref())
    }

    fn pair_errors(&self, index: usize) -> Option<BothMaps> {
        let path = format!("pae[{index}]");
        let (expected, observed) = (self.expected.array(&path)?, self.observed.array(&path)?);
        let [rows, columns] = *expected.shape() else {
            return None;
        };
        if rows != columns || expected.shape() != observed.shape() {
            return None;
        }
        BothMaps::new(rows, &expected.to_f64()?, &observed.to_f64()?)
    }

    /// The plot of one array for the batch: samples, residues, vectors.
    fn embedding(&self, field: &FieldSpec, lengths: &[usize]) -> Option<EmbeddingPlot> {
        if field.holds != Holds::Vectors || field.kind != FieldKind::Array || field.name == PLDDT {
            return None;
        }
        let (expected, observed) = (self.expected.array(&field.name)?, self.observed.array(&field.name)?);
        let [samples, residues, _] = *expected.shape() else {
            return None;
        };
        if expected.shape() != observed.shape() || samples == 0 {
            return None;
        }
        let columns = residues.min(CELLS / samples);
        let found = cosines(observed, expected).ok()?;
        let length = |sample: usize| lengths.get(sample).copied().unwrap_or(residues);
        let gaps = (0..samples * columns).map(|cell| {
            let (sample, residue) = (cell / columns, cell % columns);
            let cosine = found.get(sample * residues + residue).filter(|_| residue < length(sample));
            cosine.map_or(f64::NAN, |cosine| (1.0 - cosine).max(0.0))
        });
        Some(EmbeddingPlot { residues: (0..samples).map(length).collect(), columns, gaps: PackedCurve::new(gaps) })
    }
}

fn both(expected: Vec<f64>, observed: Vec<f64>) -> BothCurves {
    let curve = |values: Vec<f64>| PackedCurve::new(values.into_iter().take(RESIDUES));
    BothCurves { expected: curve(expected), observed: curve(observed) }
}

/// Both chains of alpha carbons, superposed by the residues that both sides are confident of, or by all if these are too few. Returns `None`
/// if the numbers of residues differ.
fn overlay(expected: &Structure, observed: &Structure, confident: &[bool]) -> Option<BothCurves> {
    let (reference, model) = (alphas(expected), alphas(observed));
    if reference.len() != model.len() {
        return None;
    }
    let pairs = || {
        let pairs = reference.iter().zip(&model).enumerate();
        pairs.filter_map(|(residue, (one, other))| Some((residue, (*one)?, (*other)?)))
    };
    let is_finite = |point: &Point| point.iter().all(|axis| axis.is_finite());
    let chosen = |keeps: &dyn Fn(usize) -> bool| -> (Vec<Point>, Vec<Point>) {
        let sound = pairs().filter(|(residue, one, other)| keeps(*residue) && is_finite(one) && is_finite(other));
        sound.map(|(_, one, other)| (one, other)).unzip()
    };
    let mut points = chosen(&|residue| confident.get(residue) == Some(&true));
    if points.0.len() < FEWEST {
        points = chosen(&|_| true);
    }
    let motion = superpose(&points.1, &points.0).ok()?;
    // A hundredth of an ångström is smaller than a pixel.
    let rounded = |axis: f64| (axis * 100.0).round() / 100.0;
    let flat = |points: &[Option<Point>], place: &dyn Fn(Point) -> [f64; 3]| {
        let placed = points.iter().take(RESIDUES).map(|point| point.map_or([f64::NAN; 3], place));
        PackedCurve::new(placed.flatten().map(rounded))
    };
    Some(BothCurves {
        expected: flat(&reference, &|point| point.map(f64::from)),
        observed: flat(&model, &|point| motion.apply(point)),
    })
}

/// The alpha carbon of each residue of the first model.
fn alphas(structure: &Structure) -> Vec<Option<Point>> {
    let alpha = |residue| structure.coord.get(structure.atom_named(residue, "CA")?).copied();
    structure.residues().iter().map(alpha).collect()
}

/// The residues that are drawn, as runs of consecutive numbers.
fn runs(structure: &Structure) -> Vec<ResidueRun> {
    let mut runs: Vec<ResidueRun> = Vec::new();
    for residue in structure.residues().into_iter().take(RESIDUES) {
        let (chain, number) = (structure.chain_id[residue.start].as_str(), structure.res_id[residue.start]);
        let chain = plain_line(chain);
        match runs.last_mut() {
            Some(run) if run.chain == chain && i64::from(run.first) + run.count as i64 == i64::from(number) => {
                run.count += 1;
            }
            _ => runs.push(ResidueRun { chain, first: number, count: 1 }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::folded::{UBIQUITIN, declared, folded};
    use crate::check::fixture::response;
    use serde_json::json;

    fn floats(curve: &PackedCurve) -> Vec<f32> {
        let bytes = base64_simd::STANDARD.decode_to_vec(&curve.0).unwrap();
        let cells = bytes.chunks_exact(4);
        cells.map(|cell| f32::from_le_bytes(cell.try_into().unwrap())).collect()
    }

    #[test]
    fn a_structure_is_drawn_beside_the_recorded_one() {
        let contract = declared("esmfold2");
        let options = json!({"include_fields": ["plddt", "pae"]});
        let expected = folded(&contract, "call", UBIQUITIN, options).result.unwrap();
        let plots = of_call(&contract, "call", &expected, &expected);
        let PlotData::Structure(plot) = &plots[0].data else { panic!("{plots:?}") };
        assert_eq!((plots[0].field.as_str(), plot.residues), ("atom_array[0]", 76));
        assert_eq!(plot.chains.iter().map(|run| run.count).sum::<usize>(), 76);
        let alphas = plot.alphas.as_ref().unwrap();
        assert_eq!(floats(&alphas.expected).len(), 3 * 76);
        assert_eq!(alphas.expected, alphas.observed);
        assert_eq!(floats(&plot.plddt.as_ref().unwrap().expected).len(), 76);
        assert_eq!(plot.pae.as_ref().unwrap().size, 76);
    }

    #[test]
    fn vectors_are_drawn_by_their_cosines() {
        let contract = declared("esm2");
        let expected = response(&contract, "call", "ACDE|AC", json!({})).result.unwrap();
        let plots = of_call(&contract, "call", &expected, &expected);
        let PlotData::Embedding(plot) = &plots[0].data else { panic!("{plots:?}") };
        assert_eq!((plot.residues.as_slice(), plot.columns), (&[4, 2][..], 4));
        let gaps = floats(&plot.gaps);
        assert!(gaps[..6].iter().all(|gap| gap.abs() < 1e-6), "{gaps:?}");
        assert!(gaps[6..].iter().all(|gap| gap.is_nan()), "{gaps:?}");
    }

    #[test]
    fn passing_cases_have_a_number_and_failing_ones_bytes() {
        let plot = |length: usize| PlotRecord {
            call: "call".into(),
            field: "embeddings".into(),
            data: PlotData::Embedding(EmbeddingPlot {
                residues: vec![1],
                columns: 1,
                gaps: PackedCurve("A".repeat(length)),
            }),
        };
        let budget = PlotBudget::default();
        for _ in 0..PASSING {
            assert_eq!(budget.taken(vec![plot(1)], true).len(), 1);
        }
        assert!(!budget.has_room(true));
        assert!(budget.taken(vec![plot(1)], true).is_empty());
        assert_eq!(budget.taken(vec![plot(BYTES), plot(1)], false).len(), 1, "the large one");
        assert!(budget.has_room(false));
    }
}
