//! Two structures by every metric for structures, over all that they share and over what both are confident of; judged by the
//! gates where their atoms are the same.

use super::factors::Factors;
use super::shared::Shared;
use super::{Form, Loaded, ResidueScore, Rules, Section, with_siblings};
use crate::cause::{Aspect, Failed, Frame, of_failed, of_models};
use crate::check::confidence_at;
use crate::check::likeness::{Likeness, Side, compare_structures, of_residues};
use crate::measure::{Floor, Measure, Verdict, show};
use crate::metric::selection::{Part, shared_atoms};
use crate::prediction::contract::FactorScale;
use crate::protein::Structure;

/// Residues that are named in a table.
const MOST_RESIDUES: usize = 5;

/// Where the score begins to mean something.
const FEWEST_FOR_TM_SCORE: usize = 30;

pub(super) fn compare(path: &str, other_path: &str, first: &Loaded, second: &Loaded, rules: &Rules) -> Section {
    let name = if (first.form, second.form) == (Form::Result, Form::Result) {
        path
    } else {
        ""
    };
    let (Some(one), Some(other)) = (first.contents.structure(path), second.contents.structure(other_path)) else {
        return Section::different(name, "only one is a structure".to_owned());
    };
    if let Some(column) = one.uneven_column().or(other.uneven_column()) {
        return Section::different(name, format!("column `{column}` has not one entry for each atom"));
    }
    let whole = (one, other);
    let forms = (first.form, second.form);
    let factors = Factors::of(whole, forms, rules.scales.map(|scale| Some(scale?.greatest)));
    let (one, other) = (&factors.first, &factors.second);
    // The confidence is that of the whole structure; what is compared has only the factors that both have.
    let sides = (
        Side {
            structure: one,
            ..side(first, path, whole.0, rules.scales[0])
        },
        Side {
            structure: other,
            ..side(second, other_path, whole.1, rules.scales[1])
        },
    );
    let none = Floor::unknown();
    let floor = rules.floors.get(path).or(rules.floors.get(other_path)).unwrap_or(&none);
    let mut found = rules
        .gates
        .map(|gates| compare_structures(&sides.0, &sides.1, &gates, floor));
    // Files of two kinds may have their confidence from different places.
    let are_equal = one == other && (forms.0 == forms.1 || sides.0.confidence == sides.1.confidence);
    if let (true, Some(found)) = (are_equal, &mut found) {
        // Superposing gives no more digits than it has.
        found.measures.iter_mut().for_each(Measure::set_perfect);
        found.farthest = None;
    }
    let judged = found.as_ref().map_or(0, |found| found.model.0);
    let (Some(one_model), Some(other_model)) = (whole.0.model(judged), whole.1.model(judged)) else {
        return Section::different(name, "there is no model to compare".to_owned());
    };
    let aligned = in_order(&one_model, &other_model);
    let shown = (
        side(first, path, &one_model, rules.scales[0]),
        side(
            second,
            other_path,
            aligned.as_ref().unwrap_or(&other_model),
            rules.scales[1],
        ),
    );
    let shared = Shared::new(&shown, rules);
    let mut section = Section::new(name, shared.rows(found.as_ref()));
    section.residues = shared.residue_scores();
    if let Some(found) = &found {
        section.verdict = found.verdict();
        section.differences.clone_from(&found.faults);
        let has_moved = found
            .measures
            .iter()
            .any(|measure| measure.key == "ca_max" && measure.used() > 0.0);
        section.notes.extend(found.farthest.clone().filter(|_| has_moved));
        if are_equal && found.faults.is_empty() {
            section.verdict = Verdict::Indistinguishable;
        } else if found.faults.is_empty() && found.measures.is_empty() {
            section
                .differences
                .push("there is too little to superpose, and it is not equal".to_owned());
        }
    }
    section
        .notes
        .extend(which_model(one, other, judged, &section.differences));
    section.notes.extend(short(&one_model));
    if let Some(difference) = factors.difference.clone() {
        section.verdict = Verdict::Different;
        section.differences.push(difference);
    }
    section.notes.extend(factors.notes.iter().cloned());
    section.notes.extend(worst_residues(&section.residues));
    section.notes.push(match (&shown.0.confidence, &shown.1.confidence) {
        (Some(_), Some(_)) => confident(&shown, rules),
        _ => "without confidence on both sides every residue counts".to_owned(),
    });
    if !section.is_same() {
        section.cause = of_models(one, other).or_else(|| {
            with_siblings(&first.contents, path, |candidates| {
                let (one, other) = (one.model(judged)?, other.model(judged)?);
                let unknown = Failed {
                    aspect: Aspect::Any,
                    confident: None,
                };
                let failed = found.as_ref().map_or(unknown, Likeness::failed);
                of_failed(&one, &other, Frame::Free, candidates, failed)
            })
        });
    }
    section
}

fn side<'a>(loaded: &Loaded, path: &str, structure: &'a Structure, scale: Option<FactorScale>) -> Side<'a> {
    Side {
        confidence: of_residues(structure, scale, confidence_at(&loaded.contents, path).as_deref()),
        scale,
        structure,
    }
}

fn confident(sides: &(Side<'_>, Side<'_>), rules: &Rules) -> String {
    let least = rules.gates.map_or(0.0, |gates| gates.confidence);
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
    let words = if differences.is_empty() {
        ", which differs most"
    } else {
        ""
    };
    let are_several = one.model_count().max(other.model_count()) > 1;
    are_several.then(|| format!("all numbers are of model {} of {models}{words}", judged + 1))
}

/// What a TM-score of few residues is worth.
fn short(structure: &Structure) -> Option<String> {
    let alphas = Part::AlphaCarbons.of(structure).len();
    (1..FEWEST_FOR_TM_SCORE).contains(&alphas).then(|| {
        format!(
            "a TM-score says nothing of {alphas} residues: below {FEWEST_FOR_TM_SCORE} unrelated chains score high too"
        )
    })
}

/// The second structure with its atoms in the order of the first; `None` where it is that already, and where the atoms are not the
/// same ones.
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
            Some(factors) => Some(
                shared
                    .iter()
                    .map(|pair| factors.get(place(pair)).copied())
                    .collect::<Option<_>>()?,
            ),
            None => None,
        },
        ..first.clone()
    })
}

/// The residues that fit worst, where any does not fit.
fn worst_residues(residues: &[ResidueScore]) -> Option<String> {
    let mut scored: Vec<(&ResidueScore, f64)> = residues
        .iter()
        .filter_map(|residue| Some((residue, residue.lddt?)))
        .filter(|(_, lddt)| *lddt < 1.0)
        .collect();
    scored.sort_by(|one, other| one.1.total_cmp(&other.1));
    let worst = scored.iter().take(MOST_RESIDUES).map(|(residue, lddt)| {
        let doubt = if residue.confident { "" } else { ", not confident" };
        format!("{} (lDDT {}{doubt})", residue.name, show(*lddt))
    });
    (!scored.is_empty()).then(|| format!("worst residues: {}", worst.collect::<Vec<_>>().join(", ")))
}
