//! How far a response may differ from the expected one: by the gates of the model, by the contract, by the check, or by the exact
//! rule for a backend without noise. Selects the rule of each value; does not measure values.

use std::collections::BTreeMap;

use super::comparison::{FieldComparison, ValueDifference};
use super::fields::{
    BothResponses, PAIR_ERRORS, PLDDT, STRUCTURES, judge_confidence, judge_pair_errors, judge_structure,
};
use super::layout::FieldLayout;
use crate::metric_value::{ABSOLUTE, Noise, NoiseFloor, Worst, with_slack};
use crate::prediction::contract::{FactorScale, Tolerance};
use crate::prediction::gates::{GateTable, GateValues, StructureGates};
use crate::prediction::{Contract, Gates, field_of};
use crate::tensor::DType;

/// The tolerance of values that must be equal.
pub(super) const EXACT: Tolerance = Tolerance { absolute: 0.0, relative: 0.0 };

/// The tolerances and gates that a check or a caller overrides. `None` keeps those of the contract.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToleranceOverrides {
    /// In the unit of the field.
    pub absolute: Option<f64>,
    /// As a fraction of the expected value.
    pub relative: Option<f64>,
    /// Overridden gates of the model.
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
    /// The gates of structures and embeddings. Without gates of structures every number is compared by itself.
    pub(crate) gates: Gates,
    /// Whether confidences are compared by the gates of structures.
    gates_confidences: bool,
    /// Whether errors between pairs of residues are.
    gates_pair_errors: bool,
    /// The layouts of fields whose elements are not compared one by one.
    layouts: BTreeMap<String, FieldLayout>,
    fields: BTreeMap<String, FieldRule>,
    /// The tolerance of other numbers; `None` if only the rows of arrays count.
    usual: Option<Tolerance>,
    /// Least cosine of the rows of every array of floats, in addition to other rules.
    pub(super) least_cosine: Option<f64>,
    /// How the temperature factors of structures carry confidence on each side, if they do.
    pub(crate) scales: [Option<FactorScale>; 2],
    /// Whether the backend has no noise, so that floors are ignored.
    is_exact: bool,
    floors: BTreeMap<String, NoiseFloor>,
    slack: f64,
}

#[derive(Debug, Clone, Copy)]
struct FieldRule {
    tolerance: Tolerance,
    /// Tolerance of temperature factors, for structures.
    factors: Tolerance,
}

impl Policy {
    /// The rules of a contract, changed by `limits`. `noise` replaces both: it is the tolerance for a backend with little or no
    /// noise, whatever real models are allowed.
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
        let layouts = contract.fields.iter().filter(|_| by_gates && noise.is_none());
        let scale = contract.field(STRUCTURES).and_then(|field| field.b_factor);
        Self {
            gates: Gates { structure: structure.map(|gates| gates.with(&limits.gates)), ..contract.gates },
            gates_confidences: by_gates,
            gates_pair_errors: by_gates,
            layouts: layouts.filter_map(|field| Some((field.name.clone(), FieldLayout::of(field)?))).collect(),
            fields: fields.collect(),
            scales: [scale; 2],
            is_exact: noise.is_some(),
            ..Self::of_numbers(Some(chosen(contract.tolerance)), contract.gates.slack())
        }
    }

    /// The rules of results of an unknown model, changed by `limits`.
    #[must_use]
    pub fn unknown(usual: Tolerance, gates: &Gates, limits: &ToleranceOverrides) -> Self {
        let structure = gates.structure.map(|gates| gates.with(&limits.gates));
        Self {
            gates: Gates { structure, ..Gates::default() },
            gates_confidences: !limits.bounds_elements(),
            gates_pair_errors: !limits.bounds_elements(),
            ..Self::of_numbers(Some(limits.over(usual)), gates.slack())
        }
    }

    /// One rule for all numbers: the tolerance of elements, and the least cosine of the rows of an array.
    #[must_use]
    pub fn numbers(usual: Option<Tolerance>, least_cosine: Option<f64>) -> Self {
        Self { least_cosine, ..Self::of_numbers(usual, 1.0) }
    }

    /// Compares structures and confidences by gates, and errors between pairs of residues too unless elements have a tolerance.
    #[must_use]
    pub const fn with_gates(mut self, gates: StructureGates, bounds_elements: bool) -> Self {
        self.gates.structure = Some(gates);
        self.gates_confidences = true;
        self.gates_pair_errors = !bounds_elements;
        self
    }

    fn of_numbers(usual: Option<Tolerance>, slack: f64) -> Self {
        Self {
            gates: Gates::default(),
            gates_confidences: false,
            gates_pair_errors: false,
            layouts: BTreeMap::new(),
            fields: BTreeMap::new(),
            usual,
            least_cosine: None,
            scales: [None; 2],
            is_exact: false,
            floors: BTreeMap::new(),
            slack,
        }
    }

    /// Sets how temperature factors carry confidence on each side.
    #[must_use]
    pub const fn with_scales(mut self, scales: [Option<FactorScale>; 2]) -> Self {
        self.scales = scales;
        self
    }

    /// Sets the noise floors. They are ignored for a backend without noise.
    #[must_use]
    pub fn with_floors(mut self, floors: BTreeMap<String, Worst>) -> Self {
        if !self.is_exact {
            self.floors = with_slack(floors, self.slack);
        }
        self
    }

    /// Sets noise floors that already have their slack.
    #[must_use]
    pub fn with_known_floors(mut self, floors: BTreeMap<String, NoiseFloor>) -> Self {
        self.floors = floors;
        self
    }

    /// The tolerance of numbers of this type at a path such as `plddt[0]`, `atom_array[0].coord` or `confidence[0].ptm`. Whole
    /// numbers must be equal. Returns `None` if single elements do not count.
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

    /// The noise floor of single elements at a path, if it is known.
    pub(super) fn noise(&self, path: &str) -> Option<Noise> {
        // The distance that an atom moves between repeats bounds each of its coordinates.
        let of_structure = || self.floors.get(path.strip_suffix(".coord")?)?.get(ABSOLUTE);
        self.floor(path).get(ABSOLUTE).or_else(of_structure)
    }

    /// Compares a value by gates. Returns `None` if its elements are compared instead.
    pub(super) fn judge(&self, path: &str, sides: BothResponses<'_>) -> Option<FieldComparison> {
        if let Some(reason) = self.unjudged(path, sides) {
            return Some(FieldComparison::new(path, ValueDifference::Unjudged(reason), Vec::new()));
        }
        let floor = self.floor(path);
        let field = field_of(path);
        if let Some(layout) = self.layouts.get(field) {
            return layout.judge(path, sides, &self.gates, floor);
        }
        let gates = self.gates.structure.as_ref()?;
        if field == PLDDT {
            return self.gates_confidences.then(|| judge_confidence(path, sides, gates, floor)).flatten();
        }
        if PAIR_ERRORS.contains(&field) {
            return self.gates_pair_errors.then(|| judge_pair_errors(path, sides, gates, floor)).flatten();
        }
        judge_structure(path, sides, gates, floor)
    }

    /// Why a value cannot be compared by its gates: they need every element, and only some rows are recorded.
    fn unjudged(&self, path: &str, sides: BothResponses<'_>) -> Option<String> {
        sides.expected.rows(path)?;
        let field = field_of(path);
        let is_gated = match self.layouts.get(field) {
            Some(layout) => layout.is_placed(),
            None => self.gates_pair_errors && PAIR_ERRORS.contains(&field),
        } && self.gates.structure.is_some();
        is_gated.then(|| {
            "its gates need every element, and of arrays over 8 MiB some rows are recorded; record a shorter input"
                .to_owned()
        })
    }

    fn floor(&self, path: &str) -> &NoiseFloor {
        static UNKNOWN: NoiseFloor = NoiseFloor::unknown();
        self.floors.get(path).unwrap_or(&UNKNOWN)
    }
}
