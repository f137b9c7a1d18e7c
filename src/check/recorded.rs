//! How far an answer may lie from what was recorded: by the contract, by the check, or by what a deterministic backend is
//! held to. Structures are held against each other after superposition, where the model is confident.

use std::collections::BTreeMap;

use super::aligned_error::{PAE, is_pae, judge_pae};
use super::gated::{PLDDT, STRUCTURES, judge_confidence, judge_structure};
use super::number::{count, show};
use crate::measure::{ABSOLUTE, Better, Floor, Measure};
use crate::metric::{rmsd, superpose};
use crate::prediction::Contract;
use crate::prediction::contract::{FieldKind, Tolerance};
use crate::prediction::gates::{GateTable, GateValues, StructureGates};
use crate::protein::Structure;
use crate::snapshot::{Agreement, FieldComparison, FieldJudge, Finding, Pair};

const EXACT: Tolerance = Tolerance {
    absolute: 0.0,
    relative: 0.0,
};

/// Fewer points leave a turn open, so that with fewer confident atoms all of them count.
const FEWEST: usize = 3;

/// What a check says of tolerances; `None` leaves it to the contract.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// In the unit of the field.
    pub absolute: Option<f64>,
    /// As a fraction of the recorded value.
    pub relative: Option<f64>,
    /// Superposed distance of structures in ångström, which is then all that counts.
    pub rmsd: Option<f64>,
    /// Gates of the model that are changed.
    pub gates: GateValues,
}

/// The tolerance of every field.
#[derive(Debug)]
pub struct Tolerances {
    fields: BTreeMap<String, Field>,
    usual: Tolerance,
    /// Structures are compared atom by atom, without superposition.
    atom_by_atom: bool,
    /// What structures are judged by, unless the check gives a distance.
    gates: Option<StructureGates>,
    /// Whether the check gives a distance, and whether it gives a tolerance.
    by_distance: bool,
    by_numbers: bool,
    /// By how much repeats differ, by path.
    floors: BTreeMap<String, Floor>,
    no_floor: Floor,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    tolerance: Tolerance,
    /// Tolerance of temperature factors, for structures.
    factors: Tolerance,
    /// Superposed distance in ångström, for structures.
    rmsd: Option<f64>,
    /// Greatest value of temperature factors.
    scale: Option<f64>,
}

impl Tolerances {
    /// The tolerances of a contract, changed by `limits`. `noise` takes the place of both: it is what the backend itself
    /// is held to, whatever real models are allowed.
    #[must_use]
    pub fn new(contract: &Contract, limits: &Limits, noise: Option<Tolerance>) -> Self {
        let chosen = |tolerance: Tolerance| {
            noise.unwrap_or(Tolerance {
                absolute: limits.absolute.unwrap_or(tolerance.absolute),
                relative: limits.relative.unwrap_or(tolerance.relative),
            })
        };
        let of_plddt = contract.field("plddt").and_then(|field| field.tolerance);
        let fields = contract.fields.iter().map(|field| {
            let own = field.tolerance.unwrap_or(contract.tolerance);
            let is_index = !field.dtypes.is_empty() && field.dtypes.iter().all(|dtype| dtype.is_integer());
            let is_structure = field.kind == FieldKind::Structures;
            let factors = chosen(of_plddt.unwrap_or(contract.tolerance));
            let scale = field.b_factor.unwrap_or(1.0);
            let judged = Field {
                tolerance: if is_index { EXACT } else { chosen(own) },
                factors: Tolerance {
                    absolute: factors.absolute * scale,
                    ..factors
                },
                rmsd: is_structure.then(|| limits.rmsd.unwrap_or(chosen(own).absolute)),
                scale: field.b_factor,
            };
            (field.name.clone(), judged)
        });
        Self {
            fields: fields.collect(),
            usual: chosen(contract.tolerance),
            atom_by_atom: noise.is_some(),
            gates: contract.gates.structure.map(|gates| gates.with(&limits.gates)),
            by_distance: limits.rmsd.is_some(),
            by_numbers: limits.absolute.is_some() || limits.relative.is_some(),
            floors: BTreeMap::new(),
            no_floor: Floor::new(),
        }
    }

    /// The tolerances of results that nobody says the model of, changed by `limits`: structures, confidences and aligned errors
    /// by gates where there are any.
    #[must_use]
    pub fn unknown(usual: Tolerance, gates: Option<StructureGates>, limits: &Limits) -> Self {
        let usual = Tolerance {
            absolute: limits.absolute.unwrap_or(usual.absolute),
            relative: limits.relative.unwrap_or(usual.relative),
        };
        let field = |name: &str| {
            let is_structure = name == STRUCTURES;
            let field = Field {
                tolerance: usual,
                factors: usual,
                rmsd: is_structure.then_some(usual.absolute),
                scale: None,
            };
            (name.to_owned(), field)
        };
        Self {
            fields: [STRUCTURES, PLDDT, PAE].into_iter().map(field).collect(),
            usual,
            atom_by_atom: false,
            gates: gates.map(|gates| gates.with(&limits.gates)),
            by_distance: false,
            by_numbers: limits.absolute.is_some() || limits.relative.is_some(),
            floors: BTreeMap::new(),
            no_floor: Floor::new(),
        }
    }

    /// The same for structures whose temperature factors have another greatest value.
    #[must_use]
    pub fn with_scale(mut self, scale: Option<f64>) -> Self {
        if let Some(field) = self.fields.get_mut(STRUCTURES) {
            field.scale = scale;
        }
        self
    }

    /// The same with what repeats differ by, which is never a difference. A backend without noise has no use for it.
    #[must_use]
    pub fn with_floors(mut self, floors: BTreeMap<String, Floor>) -> Self {
        if !self.atom_by_atom {
            self.floors = floors;
        }
        self
    }

    fn noise(&self, path: &str) -> &Floor {
        self.floors.get(path).unwrap_or(&self.no_floor)
    }

    fn field(&self, path: &str) -> Option<&Field> {
        self.fields.get(&path[..path.find(['.', '[']).unwrap_or(path.len())])
    }
}

impl FieldJudge for Tolerances {
    fn tolerance(&self, path: &str) -> Tolerance {
        match self.field(path) {
            Some(field) if path.ends_with(".b_factor") => field.factors,
            Some(field) => field.tolerance,
            // Lengths and the like are counted, not measured.
            None if path.starts_with("metadata") => EXACT,
            None => self.usual,
        }
    }

    fn floor(&self, path: &str) -> Option<f64> {
        self.noise(path).get(ABSOLUTE).copied()
    }

    fn judge(&self, pair: &Pair<'_>) -> Option<FieldComparison> {
        let field = self.field(pair.path)?;
        if let Some(gates) = self.gates.filter(|_| !self.atom_by_atom) {
            if field.rmsd.is_some() && !self.by_distance {
                return judge_structure(pair, field.scale, &gates, self.noise(pair.path));
            }
            if pair.path.starts_with(PLDDT) && !self.by_numbers {
                return judge_confidence(pair, &gates, self.noise(pair.path));
            }
            if is_pae(pair.path) && !self.by_numbers {
                let scale = self.field(STRUCTURES).and_then(|field| field.scale);
                return judge_pae(pair, scale, &gates, self.noise(pair.path));
            }
        }
        let most = field.rmsd.filter(|most| *most > 0.0 && !self.atom_by_atom)?;
        let recorded = pair.recorded.structure(pair.path)?;
        let actual = pair.actual.structure(pair.path)?;
        // Equal structures, and atoms of other names, are told apart better one by one.
        if recorded.coord == actual.coord || !same_names(recorded, actual) {
            return None;
        }
        let factors = worst_factor(recorded, actual);
        let words = describe(
            recorded,
            actual,
            most,
            self.gates.map(|gates| gates.confidence * field.scale.unwrap_or(1.0)),
            factors.filter(|gap| *gap > field.factors.absolute),
        )?;
        Some(FieldComparison {
            path: pair.path.to_owned(),
            agreement: words.agreement,
            finding: Finding::Judged(words.text),
            measures: vec![words.measure],
        })
    }
}

struct Words {
    agreement: Agreement,
    text: String,
    measure: Measure,
}

fn describe(
    recorded: &Structure,
    actual: &Structure,
    most: f64,
    confident: Option<f64>,
    factor: Option<f64>,
) -> Option<Words> {
    let atoms = confident_atoms(recorded, actual, confident);
    let points = |structure: &Structure| -> Option<Vec<[f32; 3]>> {
        atoms.iter().map(|atom| structure.coord.get(*atom).copied()).collect()
    };
    let (before, after) = (points(recorded)?, points(actual)?);
    let superposed = superpose(&after, &before).ok()?.rmsd;
    let plain = rmsd(&actual.coord, &recorded.coord).ok()?;
    let of = if atoms.len() < recorded.atoms() {
        "confident atom"
    } else {
        "atom"
    };
    let mut text = format!(
        "superposed RMSD {} Å over {}, allowed {}; {} Å as they are",
        show(superposed),
        count(atoms.len(), of),
        show(most),
        show(plain)
    );
    if let Some(gap) = factor {
        text = format!("temperature factors differ by up to {}; {text}", show(gap));
    }
    let agreement = if superposed <= most && factor.is_none() {
        Agreement::Within
    } else {
        Agreement::Beyond
    };
    let measure = Measure {
        key: "rmsd",
        name: "superposed RMSD",
        unit: " Å",
        better: Better::Lower,
        observed: superposed,
        floor: None,
        allowed: most,
    };
    Some(Words {
        agreement,
        text,
        measure,
    })
}

/// The atoms whose temperature factors reach `least` on both sides; all where there is no confidence or too little of it.
fn confident_atoms(recorded: &Structure, actual: &Structure, least: Option<f64>) -> Vec<usize> {
    let all = || (0..recorded.atoms()).collect();
    let (Some(before), Some(after), Some(least)) = (&recorded.b_factor, &actual.b_factor, least) else {
        return all();
    };
    let both = before.iter().zip(after).enumerate();
    let confident: Vec<usize> = both
        .filter(|(_, (before, after))| before.min(**after) >= least)
        .map(|(atom, _)| atom)
        .collect();
    if confident.len() < FEWEST { all() } else { confident }
}

fn worst_factor(recorded: &Structure, actual: &Structure) -> Option<f64> {
    let (before, after) = (recorded.b_factor.as_ref()?, actual.b_factor.as_ref()?);
    let gaps = before.iter().zip(after).map(|(before, after)| {
        let gap = (before - after).abs();
        if gap.is_nan() { f64::INFINITY } else { gap }
    });
    gaps.reduce(f64::max)
}

fn same_names(recorded: &Structure, actual: &Structure) -> bool {
    recorded.chain_id == actual.chain_id
        && recorded.res_id == actual.res_id
        && recorded.ins_code == actual.ins_code
        && recorded.res_name == actual.res_name
        && recorded.atom_name == actual.atom_name
        && recorded.element == actual.element
        && recorded.hetero == actual.hetero
        && recorded.b_factor.is_some() == actual.b_factor.is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::evidence::Answer;
    use super::super::fixture::{answer, compiled, embedder, folder, judge_recorded_with};
    use super::*;
    use crate::snapshot::Recording;

    fn tolerant() -> Contract {
        let mut contract = folder();
        contract.fields[0].tolerance = Some(Tolerance {
            absolute: 0.5,
            relative: 0.0,
        });
        contract
    }

    fn found(table: &str, noise: Option<Tolerance>, change: impl FnOnce(&mut Structure)) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let contract = tolerant();
        let check = compiled(
            &contract,
            &format!("check = 'snapshot'\nfields = ['atom_array']\n{table}"),
        );
        let judge = |answer: Answer| {
            let recording = Recording::Missing;
            judge_recorded_with(&*check, &contract, &[answer], directory.path(), recording, noise)
        };
        let right = answer(&contract, "call", "ACDEFG", json!({}));
        assert_eq!(judge(right.clone()), []);
        let findings = judge(right.with_structure(change));
        findings.into_iter().map(|finding| finding.summary).collect()
    }

    fn shift(structure: &mut Structure) {
        structure.coord.iter_mut().for_each(|position| position[1] += 3.0);
    }

    #[test]
    fn structures_are_superposed_before_they_are_compared() {
        assert_eq!(found("", None, shift), Vec::<String>::new());
        let bent = |structure: &mut Structure| structure.coord[0][2] += 30.0;
        let beyond = found("", None, bent);
        assert!(
            beyond[0].contains("superposed RMSD") && beyond[0].contains("allowed 0.5"),
            "{beyond:?}"
        );
        assert_eq!(found("rmsd = 5", None, bent), Vec::<String>::new());
    }

    #[test]
    fn only_confident_atoms_count_where_there_are_enough() {
        let bent = |structure: &mut Structure| {
            let atoms = structure.atoms();
            structure.b_factor = Some((0..atoms).map(|atom| if atom == 0 { 0.5 } else { 0.9 }).collect());
            structure.coord[0][2] += 30.0;
        };
        let same_factors = found("", None, bent);
        assert!(
            same_factors[0].contains("temperature factors differ by up to 0.4"),
            "{same_factors:?}"
        );
    }

    #[test]
    fn a_backend_without_noise_is_held_to_every_atom() {
        let exact = Some(Tolerance {
            absolute: 1e-4,
            relative: 0.0,
        });
        let moved = found("rmsd = 5", exact, shift);
        assert!(moved[0].contains("coord"), "{moved:?}");
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
