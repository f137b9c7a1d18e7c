//! How far an answer may lie from what was recorded: by the gates of the model, by the contract, by the check, or by what a
//! backend without noise is held to. Says which rule is whose; measures nothing.

use std::collections::BTreeMap;

use super::aligned_error::{PAIR_ERRORS, judge_pae};
use super::gated::{PLDDT, STRUCTURES, field_of, judge_confidence, judge_structure};
use super::layout::{FieldLayout, LayoutGates};
use crate::measure::{ABSOLUTE, Floor, Noise, Worst, with_slack};
use crate::prediction::contract::{FactorScale, Tolerance};
use crate::prediction::gates::{EmbeddingGates, GateTable, GateValues, StructureGates};
use crate::prediction::{Contract, Gates};
use crate::snapshot::{Agreement, FieldComparison, FieldJudge, Finding, Pair};

const EXACT: Tolerance = Tolerance {
    absolute: 0.0,
    relative: 0.0,
};

/// What a check changes of tolerances and gates; `None` leaves it to the contract.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// In the unit of the field.
    pub absolute: Option<f64>,
    /// As a fraction of the recorded value.
    pub relative: Option<f64>,
    /// Gates of the model that are changed.
    pub gates: GateValues,
}

impl Limits {
    fn over(&self, tolerance: Tolerance) -> Tolerance {
        Tolerance {
            absolute: self.absolute.unwrap_or(tolerance.absolute),
            relative: self.relative.unwrap_or(tolerance.relative),
        }
    }
}

/// What is judged by gates. All else is compared number by number, within tolerances and floors.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    /// Nothing, and no floor forgives anything: the backend has no noise.
    Exact,
    /// Nothing: there are no gates.
    Numbers,
    /// Structures; for other numbers the check gives tolerances.
    Structures(StructureGates),
    /// Structures, confidences and aligned errors.
    Everything(StructureGates),
}

impl Mode {
    fn of(gates: Option<StructureGates>, limits: &Limits) -> Self {
        let by_numbers = limits.absolute.is_some() || limits.relative.is_some();
        match gates.map(|gates| gates.with(&limits.gates)) {
            None => Self::Numbers,
            Some(gates) if by_numbers => Self::Structures(gates),
            Some(gates) => Self::Everything(gates),
        }
    }
}

/// The rule for every field.
#[derive(Debug)]
pub struct Tolerances {
    mode: Mode,
    /// What the elements of fields are together, where they are not judged one by one.
    layouts: BTreeMap<String, FieldLayout>,
    embedding: Option<EmbeddingGates>,
    fields: BTreeMap<String, Field>,
    usual: Tolerance,
    /// How the temperature factors of structures carry confidence; `None` where they do not.
    scale: Option<FactorScale>,
    /// By how much repeats differ, by path, and how many times that is no difference yet.
    floors: BTreeMap<String, Floor>,
    no_floor: Floor,
    slack: f64,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    tolerance: Tolerance,
    /// Tolerance of temperature factors, for structures.
    factors: Tolerance,
}

impl Tolerances {
    /// The tolerances of a contract, changed by `limits`. `noise` takes the place of both: it is what the backend itself
    /// is held to, whatever real models are allowed.
    #[must_use]
    pub fn new(contract: &Contract, limits: &Limits, noise: Option<Tolerance>) -> Self {
        let chosen = |tolerance: Tolerance| noise.unwrap_or_else(|| limits.over(tolerance));
        let of_plddt = contract.field(PLDDT).and_then(|field| field.tolerance);
        let factors = chosen(of_plddt.unwrap_or(contract.tolerance));
        let fields = contract.fields.iter().map(|field| {
            let is_index = !field.dtypes.is_empty() && field.dtypes.iter().all(|dtype| dtype.is_integer());
            let own = field.tolerance.unwrap_or(contract.tolerance);
            let rule = Field {
                tolerance: if is_index { EXACT } else { chosen(own) },
                factors: Tolerance {
                    absolute: factors.absolute * field.b_factor.map_or(1.0, |scale| scale.greatest),
                    ..factors
                },
            };
            (field.name.clone(), rule)
        });
        Self {
            mode: match noise {
                Some(_) => Mode::Exact,
                None => Mode::of(contract.gates.structure, limits),
            },
            layouts: if noise.is_none() && limits.absolute.is_none() && limits.relative.is_none() {
                let layouts = contract.fields.iter();
                layouts
                    .filter_map(|field| Some((field.name.clone(), FieldLayout::of(field)?)))
                    .collect()
            } else {
                BTreeMap::new()
            },
            embedding: contract.gates.embedding,
            fields: fields.collect(),
            scale: contract.field(STRUCTURES).and_then(|field| field.b_factor),
            ..Self::alike(chosen(contract.tolerance), contract.gates.slack())
        }
    }

    /// The tolerances of results that nobody says the model of, changed by `limits`: structures, confidences and aligned errors
    /// by gates where there are any.
    #[must_use]
    pub fn unknown(usual: Tolerance, gates: &Gates, limits: &Limits) -> Self {
        Self {
            mode: Mode::of(gates.structure, limits),
            ..Self::alike(limits.over(usual), gates.slack())
        }
    }

    /// One tolerance for everything.
    const fn alike(usual: Tolerance, slack: f64) -> Self {
        Self {
            mode: Mode::Numbers,
            layouts: BTreeMap::new(),
            embedding: None,
            fields: BTreeMap::new(),
            usual,
            scale: None,
            floors: BTreeMap::new(),
            no_floor: Floor::unknown(),
            slack,
        }
    }

    /// The same for structures whose temperature factors have another greatest value.
    #[must_use]
    pub fn with_scale(mut self, scale: Option<FactorScale>) -> Self {
        self.scale = scale;
        self
    }

    /// The same with what repeats differ by, which is never a difference. A backend without noise has no use for it.
    #[must_use]
    pub fn with_floors(mut self, floors: BTreeMap<String, Worst>) -> Self {
        if self.mode != Mode::Exact {
            self.floors = with_slack(floors, self.slack);
        }
        self
    }

    const fn layout_gates(&self) -> LayoutGates {
        LayoutGates {
            embedding: self.embedding,
            structure: match self.mode {
                Mode::Structures(gates) | Mode::Everything(gates) => Some(gates),
                Mode::Exact | Mode::Numbers => None,
            },
        }
    }

    fn tolerance_of(&self, field: Option<&Field>, path: &str) -> Tolerance {
        match field {
            Some(field) if path.ends_with(".b_factor") => field.factors,
            Some(field) => field.tolerance,
            // Lengths and the like are counted, not measured.
            None if path.starts_with("metadata") => EXACT,
            None => self.usual,
        }
    }

    /// Positions and aligned errors of which only some rows are stored: their gates are of the whole.
    fn unjudged(&self, pair: &Pair<'_>) -> Option<FieldComparison> {
        let field = field_of(pair.path);
        let is_gated = match self.layouts.get(field) {
            Some(layout) => layout.is_placed() && self.layout_gates().structure.is_some(),
            None => matches!(self.mode, Mode::Everything(_)) && PAIR_ERRORS.contains(&field),
        };
        if !is_gated || pair.recorded.kept_rows(pair.path).is_none() {
            return None;
        }
        let reason =
            "its gates need every element, and of arrays over 8 MiB some rows are recorded; record a shorter input";
        Some(FieldComparison {
            path: pair.path.to_owned(),
            agreement: Agreement::Beyond,
            finding: Finding::Unjudged(reason.to_owned()),
            measures: Vec::new(),
            failed: None,
        })
    }

    fn noise(&self, path: &str) -> &Floor {
        self.floors.get(path).unwrap_or(&self.no_floor)
    }
}

impl FieldJudge for Tolerances {
    fn tolerance(&self, path: &str) -> Tolerance {
        self.tolerance_of(self.fields.get(field_of(path)), path)
    }

    fn floor(&self, path: &str) -> Option<Noise> {
        self.noise(path).get(ABSOLUTE)
    }

    fn judge(&self, pair: &Pair<'_>) -> Option<FieldComparison> {
        let floor = self.noise(pair.path);
        if let Some(unjudged) = self.unjudged(pair) {
            return Some(unjudged);
        }
        if let Some(layout) = self.layouts.get(field_of(pair.path)) {
            return layout.judge(pair, self.scale, self.layout_gates(), floor);
        }
        match (self.mode, field_of(pair.path)) {
            (Mode::Exact | Mode::Numbers, _) => None,
            (Mode::Everything(gates), PLDDT) => judge_confidence(pair, &gates, floor),
            (Mode::Everything(gates), field) if PAIR_ERRORS.contains(&field) => {
                judge_pae(pair, self.scale, &gates, floor)
            }
            (Mode::Structures(gates) | Mode::Everything(gates), _) => judge_structure(pair, self.scale, &gates, floor),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::evidence::Answer;
    use super::super::fixture::folded::{UBIQUITIN, declared, folded, jitter};
    use super::super::fixture::{answer, compile_errors, compiled, embedder, folder, judge_recorded_with};
    use super::*;
    use crate::protein::Structure;
    use crate::snapshot::Recording;

    fn found(
        right: &(Contract, Answer),
        table: &str,
        noise: Option<Tolerance>,
        change: impl FnOnce(Answer) -> Answer,
    ) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let (contract, right) = right;
        let check = compiled(contract, &format!("check = 'snapshot'\n{table}"));
        let judge = |answer: Answer| {
            let recording = Recording::Missing;
            judge_recorded_with(&*check, contract, &[answer], directory.path(), recording, noise)
        };
        assert_eq!(judge(right.clone()), []);
        let findings = judge(change(right.clone()));
        findings.iter().map(ToString::to_string).collect()
    }

    fn gated() -> (Contract, Answer) {
        let contract = declared("esmfold");
        let right = folded(&contract, "call", UBIQUITIN, json!({ "include_fields": ["plddt"] }));
        (contract, right)
    }

    fn moved(answer: Answer) -> Answer {
        answer.with_structure(|structure: &mut Structure| {
            structure.coord.iter_mut().for_each(|position| position[1] += 3.0);
        })
    }

    #[test]
    fn structures_go_by_gates_whatever_the_check_says_of_numbers() {
        let right = gated();
        let noisy = |answer: Answer| answer.with_structure(|structure| jitter(structure, 0.3, 5));
        for table in ["", "atol = 5", "rtol = 5", "atol = 5\ngates = { confidence = 0.8 }"] {
            assert_eq!(found(&right, table, None, moved), Vec::<String>::new(), "{table}");
            let beyond = found(&right, table, None, noisy);
            assert!(beyond[0].contains("atom_array[0]: different: "), "{table}: {beyond:?}");
        }
        let one = |answer: Answer| answer.with_element("plddt", 3, 0.5);
        assert_eq!(found(&right, "fields = ['plddt']", None, one), Vec::<String>::new());
        let by_number = found(&right, "fields = ['plddt']\natol = 1e-3", None, one);
        assert!(by_number[0].contains("1 of 76 elements"), "{by_number:?}");
    }

    #[test]
    fn without_gates_structures_are_compared_number_by_number() {
        let contract = folder();
        let right = answer(&contract, "call", "ACDEFG", json!({}));
        let words = found(&(contract, right), "atol = 0.5", None, moved);
        assert!(words[0].contains("atom_array[0].coord"), "{words:?}");
    }

    #[test]
    fn a_backend_without_noise_is_held_to_every_atom() {
        let exact = Some(Tolerance {
            absolute: 1e-4,
            relative: 0.0,
        });
        let words = found(&gated(), "gates = { ca_max = 9 }", exact, moved);
        assert!(words[0].contains("coord"), "{words:?}");
    }

    #[test]
    fn a_distance_alone_is_no_rule() {
        let errors = compile_errors(&declared("esmfold"), "check = 'snapshot'\nrmsd = 0.5");
        assert!(errors.contains("expected `gates = { rmsd = … }`"), "{errors}");
    }

    #[test]
    fn indices_are_exact_and_scores_follow_their_field() {
        let mut contract = embedder();
        contract.tolerance.absolute = 0.5;
        let tolerances = Tolerances::new(&contract, &Limits::default(), None);
        assert_eq!(tolerances.tolerance("chain_index"), EXACT);
        assert!((tolerances.tolerance("embeddings").absolute - 0.5).abs() < f64::EPSILON);
        assert_eq!(tolerances.tolerance("metadata.sequence_lengths"), EXACT);
    }
}
