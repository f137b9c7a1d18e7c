//! How far a response may lie from what is expected: by the gates of the model, by the contract, by the check, or by what a
//! backend without noise is held to. Says which rule is whose; measures nothing.

use std::collections::BTreeMap;

use super::comparison::{FieldComparison, ValueDifference};
use super::fields::{BothResponses, PLDDT, STRUCTURES, judge_confidence, judge_structure};
use super::layout::{FieldLayout, LayoutGates};
use super::pair_errors::{PAIR_ERRORS, judge_pair_errors};
use crate::metric_value::{ABSOLUTE, Noise, NoiseFloor, Worst, with_slack};
use crate::prediction::contract::{FactorScale, Tolerance};
use crate::prediction::gates::{EmbeddingGates, GateTable, GateValues, StructureGates};
use crate::prediction::{Contract, Gates, field_of};
use crate::tensor::DType;

const EXACT: Tolerance = Tolerance { absolute: 0.0, relative: 0.0 };

/// What a check or a caller changes of tolerances and gates; `None` leaves it to the contract.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToleranceOverrides {
    /// In the unit of the field.
    pub absolute: Option<f64>,
    /// As a fraction of the expected value.
    pub relative: Option<f64>,
    /// Gates of the model that are changed.
    pub gates: GateValues,
}

impl ToleranceOverrides {
    fn over(&self, tolerance: Tolerance) -> Tolerance {
        Tolerance {
            absolute: self.absolute.unwrap_or(tolerance.absolute),
            relative: self.relative.unwrap_or(tolerance.relative),
        }
    }

    const fn bounds_elements(&self) -> bool {
        self.absolute.is_some() || self.relative.is_some()
    }
}

/// The rule for every field.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The gates of structures; `None` where every number is compared by itself.
    structure: Option<StructureGates>,
    /// Whether confidences go by the same gates.
    gates_confidences: bool,
    /// Whether aligned errors do.
    gates_pair_errors: bool,
    /// What the elements of fields are together, where they are not judged one by one.
    layouts: BTreeMap<String, FieldLayout>,
    embedding: Option<EmbeddingGates>,
    fields: BTreeMap<String, FieldRule>,
    /// The rule of other numbers; `None` where only the rows of arrays count.
    usual: Option<Tolerance>,
    /// Least cosine of the rows of every array of floats, besides what else is said of them.
    least_cosine: Option<f64>,
    /// How the temperature factors of structures carry confidence on each side; `None` where they do not.
    scales: [Option<FactorScale>; 2],
    /// Whether the backend has no noise, so that no floor forgives anything.
    is_exact: bool,
    /// By how much repeats differ, by path, and how many times that is no difference yet.
    floors: BTreeMap<String, NoiseFloor>,
    no_floor: NoiseFloor,
    slack: f64,
}

#[derive(Debug, Clone, Copy)]
struct FieldRule {
    tolerance: Tolerance,
    /// Tolerance of temperature factors, for structures.
    factors: Tolerance,
}

impl Policy {
    /// The rules of a contract, changed by `limits`. `noise` takes the place of both: it is what the backend itself is held to,
    /// whatever real models are allowed.
    #[must_use]
    pub fn new(contract: &Contract, limits: &ToleranceOverrides, noise: Option<Tolerance>) -> Self {
        let chosen = |tolerance: Tolerance| noise.unwrap_or_else(|| limits.over(tolerance));
        let of_plddt = contract.field(PLDDT).and_then(|field| field.tolerance);
        let factors = chosen(of_plddt.unwrap_or(contract.tolerance));
        let fields = contract.fields.iter().map(|field| {
            let own = field.tolerance.unwrap_or(contract.tolerance);
            let rule = FieldRule {
                tolerance: chosen(own),
                factors: Tolerance {
                    absolute: factors.absolute * field.b_factor.map_or(1.0, |scale| scale.greatest),
                    ..factors
                },
            };
            (field.name.clone(), rule)
        });
        let structure = contract.gates.structure.filter(|_| noise.is_none());
        let by_gates = !limits.bounds_elements();
        let layouts = contract.fields.iter();
        let scale = contract.field(STRUCTURES).and_then(|field| field.b_factor);
        Self {
            structure: structure.map(|gates| gates.with(&limits.gates)),
            gates_confidences: by_gates,
            gates_pair_errors: by_gates,
            layouts: if by_gates && noise.is_none() {
                layouts.filter_map(|field| Some((field.name.clone(), FieldLayout::of(field)?))).collect()
            } else {
                BTreeMap::new()
            },
            embedding: contract.gates.embedding,
            fields: fields.collect(),
            scales: [scale; 2],
            is_exact: noise.is_some(),
            ..Self::of_numbers(Some(chosen(contract.tolerance)), contract.gates.slack())
        }
    }

    /// The rules of results of an unknown model, changed by `limits`: structures, confidences and aligned errors
    /// by gates where there are any.
    #[must_use]
    pub fn unknown(usual: Tolerance, gates: &Gates, limits: &ToleranceOverrides) -> Self {
        Self {
            structure: gates.structure.map(|gates| gates.with(&limits.gates)),
            gates_confidences: !limits.bounds_elements(),
            gates_pair_errors: !limits.bounds_elements(),
            ..Self::of_numbers(Some(limits.over(usual)), gates.slack())
        }
    }

    /// One rule for all numbers: how far elements may lie apart, and the least cosine of the rows of an array.
    #[must_use]
    pub fn numbers(usual: Option<Tolerance>, least_cosine: Option<f64>) -> Self {
        Self { least_cosine, ..Self::of_numbers(usual, 1.0) }
    }

    /// The same for structures and confidences by gates, and aligned errors too where no tolerance is given.
    #[must_use]
    pub const fn with_gates(mut self, gates: StructureGates, bounds_elements: bool) -> Self {
        self.structure = Some(gates);
        self.gates_confidences = true;
        self.gates_pair_errors = !bounds_elements;
        self
    }

    const fn of_numbers(usual: Option<Tolerance>, slack: f64) -> Self {
        Self {
            structure: None,
            gates_confidences: false,
            gates_pair_errors: false,
            layouts: BTreeMap::new(),
            embedding: None,
            fields: BTreeMap::new(),
            usual,
            least_cosine: None,
            scales: [None; 2],
            is_exact: false,
            floors: BTreeMap::new(),
            no_floor: NoiseFloor::unknown(),
            slack,
        }
    }

    /// The same for structures whose temperature factors have other greatest values.
    #[must_use]
    pub const fn with_scales(mut self, scales: [Option<FactorScale>; 2]) -> Self {
        self.scales = scales;
        self
    }

    /// The same with gates of structures where the model has none.
    #[must_use]
    pub fn with_structure_gates(mut self, gates: Option<StructureGates>) -> Self {
        self.structure = self.structure.or(gates);
        self
    }

    /// The same with what repeats differ by, which is never a difference. A backend without noise has no use for it.
    #[must_use]
    pub fn with_floors(mut self, floors: BTreeMap<String, Worst>) -> Self {
        if !self.is_exact {
            self.floors = with_slack(floors, self.slack);
        }
        self
    }

    /// The same with floors that have their slack already.
    #[must_use]
    pub fn with_known_floors(mut self, floors: BTreeMap<String, NoiseFloor>) -> Self {
        self.floors = floors;
        self
    }

    /// The gates of structures.
    #[must_use]
    pub const fn structure_gates(&self) -> Option<&StructureGates> {
        self.structure.as_ref()
    }

    /// How temperature factors carry confidence on each side.
    #[must_use]
    pub const fn scales(&self) -> [Option<FactorScale>; 2] {
        self.scales
    }

    /// The least cosine of rows of every array of floats, where one is asked for.
    pub(super) const fn least_cosine(&self) -> Option<f64> {
        self.least_cosine
    }

    /// How far the numbers of this type at a path may lie apart: `plddt[0]`, `atom_array[0].coord`, `confidence[0].ptm`. Whole
    /// numbers are counted, not measured. `None` where elements do not count by themselves.
    pub(super) fn tolerance(&self, path: &str, dtype: DType) -> Option<Tolerance> {
        if !dtype.is_float() {
            return Some(EXACT);
        }
        match self.fields.get(field_of(path)) {
            Some(field) if path.ends_with(".b_factor") => Some(field.factors),
            Some(field) => Some(field.tolerance),
            None => self.usual,
        }
    }

    /// By how much repeats differ there, element by element, where that was measured.
    pub(super) fn noise(&self, path: &str) -> Option<Noise> {
        // Of a structure, how far an atom moves between repeats bounds each of its coordinates.
        let of_structure = || self.floors.get(path.strip_suffix(".coord")?)?.get(ABSOLUTE);
        self.floor(path).get(ABSOLUTE).or_else(of_structure)
    }

    /// What is said of a value by gates; `None` where its elements are compared.
    pub(super) fn judge(&self, path: &str, sides: BothResponses<'_>) -> Option<FieldComparison> {
        if let Some(reason) = self.unjudged(path, sides) {
            return Some(FieldComparison::new(path, ValueDifference::Unjudged(reason), Vec::new()));
        }
        let floor = self.floor(path);
        let field = field_of(path);
        if let Some(layout) = self.layouts.get(field) {
            return layout.judge(path, sides, self.scales, self.layout_gates(), floor);
        }
        let gates = self.structure.as_ref()?;
        if field == PLDDT {
            return self.gates_confidences.then(|| judge_confidence(path, sides, gates, floor)).flatten();
        }
        if PAIR_ERRORS.contains(&field) {
            let judged = || judge_pair_errors(path, sides, self.scales, gates, floor);
            return self.gates_pair_errors.then(judged).flatten();
        }
        judge_structure(path, sides, self.scales, gates, floor)
    }

    const fn layout_gates(&self) -> LayoutGates {
        LayoutGates { embedding: self.embedding, structure: self.structure }
    }

    /// Why a value cannot be judged by its gates: they are of every element, and only some rows are recorded.
    fn unjudged(&self, path: &str, sides: BothResponses<'_>) -> Option<String> {
        sides.expected.rows(path)?;
        let field = field_of(path);
        let is_gated = match self.layouts.get(field) {
            Some(layout) => layout.is_placed() && self.structure.is_some(),
            None => self.structure.is_some() && self.gates_pair_errors && PAIR_ERRORS.contains(&field),
        };
        is_gated.then(|| {
            "its gates need every element, and of arrays over 8 MiB some rows are recorded; record a shorter input"
                .to_owned()
        })
    }

    fn floor(&self, path: &str) -> &NoiseFloor {
        self.floors.get(path).unwrap_or(&self.no_floor)
    }
}
