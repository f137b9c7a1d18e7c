//! Every metric of structures over the atoms that both share, and over those that both are confident of. Does not give verdicts: the
//! gates do.

use std::cell::OnceCell;

use super::{Coverage as Over, MetricRow, ResidueScore};
use crate::compare::{Side, StructureComparison, least_dockq, metric};
use crate::metric::selection::{Part, chain_of_atoms, positions, residue_of_atoms, shared_atoms};
use crate::metric::{
    ContactRule, Lddt, LddtBothWays, MetricError, Point, contact_agreement, lddt_both_ways, match_equivalent_names,
    mean_absolute_error, pearson, superpose, tm_score,
};
use crate::metric_value::MetricValue;
use crate::prediction::gates::StructureGates;
use crate::protein::{Structure, name_of_residue};

/// Two residues touch if their beta carbons, or the alpha carbon of glycine, are this near and they are not neighbours.
const TOUCHING: ContactRule = ContactRule { distance: 8.0, separation: 3 };

/// The metrics of which the worst part tells.
const PARTS: [(Over, &str); 7] = [
    (Over::Confident, "atom_max"),
    (Over::Confident, "residue_lddt"),
    (Over::All, "chain_lddt"),
    (Over::All, "interface_lddt"),
    (Over::Confident, "inverted_residues"),
    (Over::Confident, "omega"),
    (Over::Confident, "plddt_max"),
];

/// What tables call a metric with a gate.
fn title(key: &'static str) -> &'static str {
    metric(key).map_or(key, |metric| metric.title)
}

/// Atoms that both sides have, with their residues and confidences.
pub(super) struct Shared<'a> {
    structure: &'a Structure,
    first: Vec<Point>,
    second: Vec<Point>,
    /// The atoms in the first structure, and their residues.
    atoms: Vec<usize>,
    residues: Vec<usize>,
    confidence: Option<(&'a [f64], &'a [f64])>,
    /// Whether both sides are confident of a residue of the first.
    sure: Option<Vec<bool>>,
    /// Of all atoms and of the confident ones: the costliest metric, which several rows are of.
    local: [OnceCell<LddtBothWays>; 2],
}

/// The positions of some atoms after equivalent atoms got the names that fit best.
fn named(structure: &Structure, atoms: &[usize], reference: &[Point], mut model: Vec<Point>) -> Vec<Point> {
    let mut keep = vec![false; structure.atoms()];
    for &atom in atoms {
        keep[atom] = true;
    }
    let mut kept = structure.clone();
    kept.retain(&keep);
    // Both lists have one point for each atom, so that this cannot fail.
    let _ = match_equivalent_names(&kept, reference, &mut model);
    model
}

type SharedMetric = Result<f64, MetricError>;

fn global(found: &Result<Lddt, MetricError>) -> SharedMetric {
    found.as_ref().map(|found| found.global).map_err(|error| *error)
}

impl<'a> Shared<'a> {
    pub(super) fn new(sides: &'a (Side<'a>, Side<'a>), gates: Option<&StructureGates>) -> Self {
        let (one, other) = (sides.0.structure, sides.1.structure);
        let (before, after): (Vec<usize>, Vec<usize>) = shared_atoms(one, other).into_iter().unzip();
        let residue_of = residue_of_atoms(one);
        let confidence = sides.0.confidence.as_deref().zip(sides.1.confidence.as_deref());
        let confidence = confidence.filter(|(one, other)| one.len() == other.len());
        let least = gates.map(|gates| gates.confidence);
        let sure = confidence.zip(least).map(|((one, other), least)| {
            let both = one.iter().zip(other);
            both.map(|(one, other)| one.min(*other) >= least).collect::<Vec<bool>>()
        });
        let first = positions(one, &before);
        Self {
            structure: one,
            second: named(one, &before, &first, positions(other, &after)),
            first,
            residues: before.iter().map(|&atom| residue_of[atom]).collect(),
            atoms: before,
            confidence,
            // Without three places there is nothing to superpose by.
            sure: sure.filter(|sure| sure.iter().filter(|sure| **sure).count() >= 3),
            local: [OnceCell::new(), OnceCell::new()],
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

    fn rmsd(&self, part: Part, over: Over) -> SharedMetric {
        let (first, second) = self.points(&self.places(part, over));
        Ok(superpose(&second, &first)?.rmsd)
    }

    fn farthest(&self, over: Over) -> SharedMetric {
        let (first, second) = self.points(&self.places(Part::AlphaCarbons, over));
        let motion = superpose(&second, &first)?;
        Ok(motion.distances(&second, &first).fold(0.0, f64::max))
    }

    fn tm_score(&self, over: Over) -> SharedMetric {
        let (first, second) = self.points(&self.places(Part::AlphaCarbons, over));
        Ok(tm_score(&second, &first, first.len())?.score)
    }

    fn lddt(&self, over: Over) -> &LddtBothWays {
        let [all, confident] = &self.local;
        let cell = if over == Over::All { all } else { confident };
        cell.get_or_init(|| {
            let places = self.places(Part::All, over);
            let (first, second) = self.points(&places);
            lddt_both_ways(&first, &second, &self.numbers(&places))
        })
    }

    /// The agreement on residues in contact. Returns `None` if there are no contacts.
    fn contacts(&self, over: Over) -> Option<SharedMetric> {
        let mut chosen: Vec<usize> = Vec::new();
        for place in self.places(Part::All, over) {
            let name = self.structure.atom_name[self.atoms[place]];
            let is_last = |last: &usize| self.residues[*last] == self.residues[place];
            match chosen.last().copied().filter(is_last) {
                Some(_) if name == "CB" => *chosen.last_mut()? = place,
                None if name == "CA" || name == "CB" => chosen.push(place),
                _ => {}
            }
        }
        let (first, second) = self.points(&chosen);
        let chains = chain_of_atoms(self.structure);
        let chains: Vec<usize> = chosen.iter().map(|place| chains[self.atoms[*place]]).collect();
        match contact_agreement(&second, &first, &chains, TOUCHING) {
            Ok(found) if found.reference + found.observed == 0 => None,
            found => Some(found.map(|found| found.overlap())),
        }
    }

    /// How well each residue that both have fits, by the symmetric lDDT of all atoms.
    pub(super) fn residue_scores(&self) -> Vec<ResidueScore> {
        let Ok(found) = &self.lddt(Over::All).either else {
            return Vec::new();
        };
        let mut present: Vec<usize> = self.residues.clone();
        present.sort_unstable();
        present.dedup();
        let residues = self.structure.residues();
        let scored = present.into_iter().zip(&found.per_residue);
        scored
            .filter_map(|(residue, &lddt)| {
                let atom = residues.get(residue)?.start;
                Some(ResidueScore {
                    name: name_of_residue(self.structure, atom),
                    lddt,
                    confident: self.sure.as_ref().is_none_or(|sure| sure.get(residue) == Some(&true)),
                })
            })
            .collect()
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

    /// `DockQ` of chains in contact. Returns `None` unless both have the same atoms in the same order.
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

    /// One row for every metric, with the verdict of the gates.
    pub(super) fn rows(&self, found: Option<&StructureComparison>) -> Vec<MetricRow> {
        let mut rows = Vec::new();
        if self.atoms.is_empty() {
            return rows;
        }
        let mut add = |metric: &'static str, gates: &[(Over, &str)], measure: &dyn Fn(Over) -> Option<SharedMetric>| {
            let value = |over| measure(over).map(|value| value.map_err(|error| error.to_string()));
            let measures = found.map_or(&[][..], |found| &found.measures);
            let of_gate = |(over, key): &(Over, &str)| {
                let measure = measures.iter().find(|measure| measure.key == *key);
                measure.map(|measure| (*over, *measure))
            };
            let judged: Vec<(Over, MetricValue)> = gates.iter().filter_map(of_gate).collect();
            let judged_value =
                |over| judged.iter().find(|(own, _)| *own == over).map(|(_, measure)| Ok(measure.observed));
            let confident = self.sure.is_some().then(|| value(Over::Confident)).flatten();
            let all = value(Over::All).or_else(|| judged_value(Over::All));
            let Some(all) = all.or_else(|| judged_value(Over::Confident)) else {
                return;
            };
            // The judged value is shown: it was measured after equivalent atoms got the names that fit best.
            let confident = confident.map(|own| judged_value(Over::Confident).unwrap_or(own));
            rows.push(MetricRow { metric, all, confident, judged, place: None });
        };
        let (all, sure) = (Over::All, Over::Confident);
        add("atoms", &[], &|over| Some(Ok(self.places(Part::All, over).len() as f64)));
        add("alpha carbons", &[], &|over| Some(Ok(self.places(Part::AlphaCarbons, over).len() as f64)));
        add(title("ca_rmsd"), &[(sure, "ca_rmsd")], &|over| Some(self.rmsd(Part::AlphaCarbons, over)));
        add("RMSD of backbone (Å)", &[], &|over| Some(self.rmsd(Part::Backbone, over)));
        add(title("rmsd"), &[(sure, "rmsd")], &|over| Some(self.rmsd(Part::All, over)));
        add(title("ca_max"), &[(sure, "ca_max")], &|over| Some(self.farthest(over)));
        add("TM-score", &[], &|over| Some(self.tm_score(over)));
        add(title("lddt"), &[(sure, "lddt")], &|over| Some(global(&self.lddt(over).first)));
        add("lDDT, contacts of the second", &[], &|over| Some(global(&self.lddt(over).second)));
        add(title("unmasked_lddt"), &[(all, "unmasked_lddt")], &|over| Some(global(&self.lddt(over).either)));
        add(title("inverted"), &[(all, "inverted")], &|_| None);
        for (over, key) in PARTS {
            add(title(key), &[(over, key)], &|_| None);
        }
        add("contacts of either that both have", &[], &|over| self.contacts(over));
        add(title("dockq"), &[(sure, "dockq")], &|over| self.dockq(over).map(Ok));
        add(title("plddt"), &[(sure, "plddt"), (all, "unmasked_plddt")], &|over| {
            let (first, second) = self.confidences(over)?;
            Some(mean_absolute_error(&second, &first))
        });
        add("pLDDT, correlation", &[], &|over| {
            let (first, second) = self.confidences(over)?;
            Some(pearson(&first, &second))
        });
        add(title("b_factor"), &[(all, "b_factor")], &|_| None);
        add(title("mask_size"), &[(all, "mask_size")], &|_| None);
        rows
    }
}
