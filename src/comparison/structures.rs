//! Two structures by every metric for structures, over all that they share and over what both are confident of; judged by the
//! gates where their atoms are the same.

use super::{Form, Loaded, Part as Over, Row, Rules, Section};
use crate::cause::{Frame, of_structures};
use crate::check::confidence_at;
use crate::check::likeness::{Likeness, Side, compare_structures, least_dockq, of_residues};
use crate::measure::{Floor, Measure, Verdict};
use crate::metric::selection::{Part, positions, residue_of_atoms, shared_atoms};
use crate::metric::{Contacts, MetricError, Point, lddt, mean_absolute_error, pearson, superpose, tm_score};
use crate::protein::Structure;

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
    let side = |loaded: &Loaded, path: &str, structure| Side {
        confidence: of_residues(structure, rules.scale, confidence_at(&loaded.contents, path).as_deref()),
        structure,
    };
    let sides = (side(first, path, one), side(second, other_path, other));
    let none = Floor::unknown();
    let floor = rules.floors.get(path).or(rules.floors.get(other_path)).unwrap_or(&none);
    let mut found = rules
        .gates
        .map(|gates| compare_structures(&sides.0, &sides.1, &gates, floor));
    if one == other
        && let Some(found) = &mut found
    {
        // Superposing gives no more digits than it has.
        found.measures.iter_mut().for_each(Measure::set_perfect);
        found.farthest = None;
    }
    let rows = Shared::new(&sides, rules).rows(found.as_ref());
    let mut section = Section::new(name, rows);
    if let Some(found) = &found {
        section.verdict = found.verdict();
        section.differences.clone_from(&found.faults);
        let has_moved = found
            .measures
            .iter()
            .any(|measure| measure.key == "ca_max" && measure.used() > 0.0);
        section.notes.extend(found.farthest.clone().filter(|_| has_moved));
        if one == other && found.faults.is_empty() {
            section.verdict = Verdict::Indistinguishable;
        } else if found.faults.is_empty() && found.measures.is_empty() {
            section
                .differences
                .push("there is too little to superpose, and it is not equal".to_owned());
        }
    }
    section.notes.push(match (&sides.0.confidence, &sides.1.confidence) {
        (Some(_), Some(_)) => confident(&sides, rules),
        _ => "without confidence on both sides every residue counts".to_owned(),
    });
    if !section.is_same() {
        section.cause = of_structures(one, other, Frame::Free, &[]);
    }
    section
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

/// Atoms that both sides have, with what the metrics need of them.
struct Shared<'a> {
    structure: &'a Structure,
    first: Vec<Point>,
    second: Vec<Point>,
    /// The atoms in the first structure, and their residues.
    atoms: Vec<usize>,
    residues: Vec<usize>,
    confidence: Option<(&'a [f64], &'a [f64])>,
    /// Whether both sides are confident of a residue of the first.
    sure: Option<Vec<bool>>,
}

type Measured = Result<f64, MetricError>;

impl<'a> Shared<'a> {
    fn new(sides: &'a (Side<'a>, Side<'a>), rules: &Rules) -> Self {
        let (one, other) = (sides.0.structure, sides.1.structure);
        let (before, after): (Vec<usize>, Vec<usize>) = shared_atoms(one, other).into_iter().unzip();
        let residue_of = residue_of_atoms(one);
        let confidence = sides.0.confidence.as_deref().zip(sides.1.confidence.as_deref());
        let confidence = confidence.filter(|(one, other)| one.len() == other.len());
        let least = rules.gates.map(|gates| gates.confidence);
        let sure = confidence.zip(least).map(|((one, other), least)| {
            let both = one.iter().zip(other);
            both.map(|(one, other)| one.min(*other) >= least).collect::<Vec<bool>>()
        });
        Self {
            structure: one,
            first: positions(one, &before),
            second: positions(other, &after),
            residues: before.iter().map(|&atom| residue_of[atom]).collect(),
            atoms: before,
            confidence,
            // Without three places there is nothing to superpose by.
            sure: sure.filter(|sure| sure.iter().filter(|sure| **sure).count() >= 3),
        }
    }

    fn is_sure(&self, place: usize) -> bool {
        let sure = self.sure.as_ref();
        sure.is_none_or(|sure| sure.get(self.residues[place]) == Some(&true))
    }

    /// The places of these atoms of all, or of those that both sides are confident of.
    fn places(&self, part: Part, over: Over) -> Vec<usize> {
        let wanted = part.of(self.structure);
        let all = (0..self.atoms.len()).filter(|&place| wanted.binary_search(&self.atoms[place]).is_ok());
        all.filter(|&place| over == Over::All || self.is_sure(place)).collect()
    }

    fn points(&self, places: &[usize]) -> (Vec<Point>, Vec<Point>) {
        let pairs = places.iter().map(|&place| (self.first[place], self.second[place]));
        pairs.unzip()
    }

    fn rmsd(&self, part: Part, over: Over) -> Measured {
        let (first, second) = self.points(&self.places(part, over));
        Ok(superpose(&second, &first)?.rmsd)
    }

    fn farthest(&self, over: Over) -> Measured {
        let (first, second) = self.points(&self.places(Part::AlphaCarbons, over));
        let motion = superpose(&second, &first)?;
        Ok(motion.distances(&second, &first).fold(0.0, f64::max))
    }

    fn tm_score(&self, over: Over) -> Measured {
        let (first, second) = self.points(&self.places(Part::AlphaCarbons, over));
        Ok(tm_score(&second, &first, first.len())?.score)
    }

    fn lddt(&self, over: Over, contacts: Contacts) -> Measured {
        let places = self.places(Part::All, over);
        let (first, second) = self.points(&places);
        Ok(lddt(&first, &second, &self.numbers(&places), contacts)?.global)
    }

    fn reverse_lddt(&self, over: Over) -> Measured {
        let places = self.places(Part::All, over);
        let (first, second) = self.points(&places);
        Ok(lddt(&second, &first, &self.numbers(&places), Contacts::InReference)?.global)
    }

    /// Residues counted from 0 among these.
    fn numbers(&self, places: &[usize]) -> Vec<usize> {
        let mut present: Vec<usize> = places.iter().map(|&place| self.residues[place]).collect();
        present.sort_unstable();
        present.dedup();
        let number = |place: &usize| present.binary_search(&self.residues[*place]).unwrap_or(0);
        places.iter().map(number).collect()
    }

    fn confidences(&self, over: Over) -> Option<(Vec<f64>, Vec<f64>)> {
        let (one, other) = self.confidence?;
        let kept = |residue: &usize| {
            over == Over::All || self.sure.as_ref().is_none_or(|sure| sure.get(*residue) == Some(&true))
        };
        let residues: Vec<usize> = (0..one.len()).filter(kept).collect();
        let pick = |values: &[f64]| residues.iter().map(|&residue| values[residue]).collect();
        Some((pick(one), pick(other)))
    }

    /// `DockQ` of chains that touch; only where all atoms are the same ones in the same order.
    fn dockq(&self, over: Over) -> Option<f64> {
        let atoms = self.structure.atoms();
        if self.atoms.len() != atoms || !self.atoms.is_sorted() {
            return None;
        }
        let residues = self.structure.residues().len();
        let counted = match (over, &self.sure) {
            (Over::Confident, Some(sure)) => sure.clone(),
            _ => vec![true; residues],
        };
        least_dockq(self.structure, &self.first, &self.second, &counted)
    }

    /// One row for every metric, with what the gates say of it.
    fn rows(&self, found: Option<&Likeness>) -> Vec<Row> {
        let mut rows = Vec::new();
        if self.atoms.is_empty() {
            return rows;
        }
        let mut add = |metric: &'static str, gates: &[(Over, &str)], measure: &dyn Fn(Over) -> Option<Measured>| {
            let value = |over| measure(over).map(|value| value.map_err(|error| error.to_string()));
            let measures = found.map_or(&[][..], |found| &found.measures);
            let of_gate = |(over, key): &(Over, &str)| {
                let measure = measures.iter().find(|measure| measure.key == *key);
                measure.map(|measure| (*over, *measure))
            };
            let judged: Vec<(Over, Measure)> = gates.iter().filter_map(of_gate).collect();
            let judged_value = |over| {
                judged
                    .iter()
                    .find(|(own, _)| *own == over)
                    .map(|(_, measure)| Ok(measure.observed))
            };
            let confident = self.sure.is_some().then(|| value(Over::Confident)).flatten();
            let all = value(Over::All).or_else(|| judged_value(Over::All));
            let Some(all) = all.or_else(|| judged_value(Over::Confident)) else {
                return;
            };
            // What is judged is told as it was judged: after atoms that may trade names got those that fit.
            let confident = confident.map(|own| judged_value(Over::Confident).unwrap_or(own));
            rows.push(Row {
                metric,
                all,
                confident,
                judged,
                place: None,
            });
        };
        let (all, sure) = (Over::All, Over::Confident);
        add("atoms", &[], &|over| {
            Some(Ok(self.places(Part::All, over).len() as f64))
        });
        add("alpha carbons", &[], &|over| {
            Some(Ok(self.places(Part::AlphaCarbons, over).len() as f64))
        });
        add("RMSD of alpha carbons (Å)", &[(sure, "ca_rmsd")], &|over| {
            Some(self.rmsd(Part::AlphaCarbons, over))
        });
        add("RMSD of backbone (Å)", &[], &|over| {
            Some(self.rmsd(Part::Backbone, over))
        });
        add("RMSD of all atoms (Å)", &[(sure, "rmsd")], &|over| {
            Some(self.rmsd(Part::All, over))
        });
        add("farthest alpha carbons (Å)", &[(sure, "ca_max")], &|over| {
            Some(self.farthest(over))
        });
        add("TM-score", &[], &|over| Some(self.tm_score(over)));
        add("lDDT, contacts of the first", &[(sure, "lddt")], &|over| {
            Some(self.lddt(over, Contacts::InReference))
        });
        add("lDDT, contacts of the second", &[], &|over| {
            Some(self.reverse_lddt(over))
        });
        add("lDDT, symmetric", &[(all, "unmasked_lddt")], &|over| {
            Some(self.lddt(over, Contacts::InEither))
        });
        add("alpha carbons that changed hands", &[(all, "inverted")], &|_| None);
        add("DockQ", &[(sure, "dockq")], &|over| self.dockq(over).map(Ok));
        add(
            "pLDDT, mean absolute error",
            &[(sure, "plddt"), (all, "unmasked_plddt")],
            &|over| {
                let (first, second) = self.confidences(over)?;
                Some(mean_absolute_error(&second, &first))
            },
        );
        add("pLDDT, correlation", &[], &|over| {
            let (first, second) = self.confidences(over)?;
            Some(pearson(&first, &second))
        });
        add("change in confident residues", &[(all, "mask_size")], &|_| None);
        rows
    }
}
