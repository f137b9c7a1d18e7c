//! The section of two structures: every metric over all shared atoms and over the confident ones, and the verdict of the gates if
//! their atoms are the same. Does not measure.

use super::shared::Shared;
use super::{ComparedPair, ComparisonTable, ResidueScore};
use crate::compare::{FieldComparison, Side, StructureComparison, ValueDifference, compare_structures, side};
use crate::metric::selection::{Part, shared_atoms};
use crate::metric_value::{MetricVerdict, NoiseFloor, show};
use crate::prediction::gates::StructureGates;
use crate::protein::Structure;

/// Residues that are named in a table.
const MOST_RESIDUES: usize = 5;

/// The fewest residues for which a TM-score is meaningful.
const FEWEST_FOR_TM_SCORE: usize = 30;

/// The section of two structures.
pub(super) fn section(field: &FieldComparison, table: &ComparisonTable<'_>) -> ComparedPair {
    let path = field.path.as_str();
    let name = if table.pairing.is_unnamed { "" } else { path };
    let (Some(one), Some(other)) = (table.first.structure(path), table.second.structure(path)) else {
        return ComparedPair::different(name, field.summary());
    };
    let scales = table.pairing.scales;
    let gates = table.rules.policy.gates.structure.as_ref();
    let sides = [(table.first, one, scales[0]), (table.second, other, scales[1])];
    let [first, second] = sides.map(|(listing, structure, scale)| side(listing, path, structure, scale));
    // Files of two kinds may have their confidence from different places.
    let are_equal = matches!(field.finding, ValueDifference::Same) && bits(&first) == bits(&second);
    let found = match &field.finding {
        ValueDifference::Structure(found) => Some((**found).clone()),
        _ => gates.map(|gates| {
            let mut found = compare_structures(&first, &second, gates, &NoiseFloor::unknown());
            if are_equal {
                // Superposing rounds, so that equal structures may have a tiny RMSD.
                found.measures.iter_mut().for_each(|measure| measure.observed = measure.better.perfect());
                found.farthest = None;
            }
            found
        }),
    };
    let judged = found.as_ref().map_or(0, |found| found.model.0);
    let (Some(one_model), Some(other_model)) = (one.model(judged), other.model(judged)) else {
        return ComparedPair::different(name, "there is no model to compare".to_owned());
    };
    let aligned = in_order(&one_model, &other_model);
    let shown = (
        Side { structure: &one_model, ..first.clone() },
        Side { structure: aligned.as_ref().unwrap_or(&other_model), ..second.clone() },
    );
    let shared = Shared::new(&shown, gates);
    let mut section = ComparedPair::new(name, shared.rows(found.as_ref()));
    section.residues = shared.residue_scores();
    drop(shared);
    judge(&mut section, field, found.as_ref(), are_equal);
    section.notes.extend(which_model(one, other, judged, &section.differences));
    section.notes.extend(short(&one_model));
    if let Some(difference) = table.pairing.differences.get(path) {
        section.verdict = MetricVerdict::Different;
        section.differences.push(difference.clone());
    }
    section.notes.extend(table.pairing.notes.get(path).into_iter().flatten().cloned());
    section.notes.extend(worst_residues(&section.residues));
    section.notes.push(match (&shown.0.confidence, &shown.1.confidence) {
        (Some(_), Some(_)) => confident(&shown, gates),
        _ => "without confidence on both sides every residue counts".to_owned(),
    });
    // The search needs its own room beside large structures.
    drop(shown);
    drop(aligned);
    if !section.is_same() {
        section.cause = table.cause(field);
    }
    section
}

/// The confidences on one side; what is unknown is equal to what is unknown.
fn bits(side: &Side<'_>) -> Option<Vec<u64>> {
    let values = side.confidence.as_ref()?;
    Some(values.iter().map(|value| value.to_bits()).collect())
}

fn judge(section: &mut ComparedPair, field: &FieldComparison, found: Option<&StructureComparison>, are_equal: bool) {
    let Some(found) = found else {
        if field.agreement == crate::compare::Agreement::Beyond {
            section.verdict = MetricVerdict::Different;
            section.differences.push(field.summary());
        }
        return;
    };
    section.verdict = found.verdict();
    section.differences.clone_from(&found.faults);
    let has_moved = found.measures.iter().any(|measure| measure.key == "ca_max" && measure.used() > 0.0);
    section.notes.extend(found.farthest.clone().filter(|_| has_moved));
    if are_equal && found.faults.is_empty() {
        section.verdict = MetricVerdict::Indistinguishable;
    } else if found.faults.is_empty() && found.measures.is_empty() {
        section.differences.push("there is too little to superpose, and it is not equal".to_owned());
    }
}

fn confident(sides: &(Side<'_>, Side<'_>), gates: Option<&StructureGates>) -> String {
    let least = gates.map_or(0.0, |gates| gates.confidence);
    let count = |side: &Side<'_>| {
        let values = side.confidence.iter().flatten();
        values.filter(|value| **value >= least).count()
    };
    format!(
        "confident: pLDDT of at least {least}, {} residues of the first and {} of the second",
        count(&sides.0),
        count(&sides.1)
    )
}

/// Of several models, the one that the numbers are of.
fn which_model(one: &Structure, other: &Structure, judged: usize, differences: &[String]) -> Option<String> {
    let models = one.model_count().min(other.model_count());
    let words = if differences.is_empty() { ", which differs most" } else { "" };
    let are_several = one.model_count().max(other.model_count()) > 1;
    are_several.then(|| format!("all numbers are of model {} of {models}{words}", judged + 1))
}

/// A remark on the TM-score of a short chain.
fn short(structure: &Structure) -> Option<String> {
    let alphas = Part::AlphaCarbons.of(structure).len();
    (1..FEWEST_FOR_TM_SCORE).contains(&alphas).then(|| {
        format!(
            "a TM-score says nothing of {alphas} residues: below {FEWEST_FOR_TM_SCORE} unrelated chains score high too"
        )
    })
}

/// The second structure with its atoms in the order of the first. Returns `None` if the order is the same already, or the atoms are
/// different ones.
fn in_order(first: &Structure, second: &Structure) -> Option<Structure> {
    let shared = shared_atoms(first, second);
    let is_moved = shared.iter().any(|(one, other)| one != other);
    if !is_moved || shared.len() != first.atoms() || shared.len() != second.atoms() {
        return None;
    }
    let place = |&(_, other): &(usize, usize)| other;
    let coord = shared.iter().map(|pair| second.coord.get(place(pair)).copied());
    let factors = second.b_factor.as_ref();
    Some(Structure {
        coord: coord.collect::<Option<_>>()?,
        b_factor: match factors {
            Some(factors) => Some(shared.iter().map(|pair| factors.get(place(pair)).copied()).collect::<Option<_>>()?),
            None => None,
        },
        ..first.clone()
    })
}

/// The residues that fit worst, where any does not fit.
fn worst_residues(residues: &[ResidueScore]) -> Option<String> {
    let mut scored: Vec<(&ResidueScore, f64)> =
        residues.iter().filter_map(|residue| Some((residue, residue.lddt?))).filter(|(_, lddt)| *lddt < 1.0).collect();
    scored.sort_by(|one, other| one.1.total_cmp(&other.1));
    let worst = scored.iter().take(MOST_RESIDUES).map(|(residue, lddt)| {
        let doubt = if residue.confident { "" } else { ", not confident" };
        format!("{} (lDDT {}{doubt})", residue.name, show(*lddt))
    });
    (!scored.is_empty()).then(|| format!("worst residues: {}", worst.collect::<Vec<_>>().join(", ")))
}
