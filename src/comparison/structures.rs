//! Two structures by every metric for structures, over all that they share and over what both are confident of.

use std::collections::HashSet;

use super::{Gates, Row, Section};
use crate::cause::{Frame, of_structures};
use crate::metric::selection::{Part, positions, shared_atoms};
use crate::metric::{
    Contacts, DockedPair, MetricError, Point, dockq, lddt, mean_absolute_error, pearson, superpose, tm_score,
};
use crate::protein::{Label, Structure};

/// Confidence is read as percent when it exceeds this.
const FRACTION: f64 = 1.0;

pub(super) fn compare(name: &str, first: &Structure, second: &Structure, gates: &Gates) -> Section {
    let uneven = first.uneven_column().or(second.uneven_column());
    if let Some(column) = uneven {
        return Section::different(name, format!("column `{column}` has not one entry for each atom"));
    }
    let shared = shared_atoms(first, second);
    let alone = (first.atoms() - shared.len(), second.atoms() - shared.len());
    let mut section = Section {
        name: name.to_owned(),
        rows: Vec::new(),
        differences: Vec::new(),
        cause: None,
    };
    if alone != (0, 0) {
        section.differences.push(format!(
            "{} atoms only in the first, {} only in the second",
            alone.0, alone.1
        ));
    }
    if first.model_count() != second.model_count() {
        let counts = (first.model_count(), second.model_count());
        section.differences.push(format!(
            "{} models against {}; the first are compared",
            counts.0, counts.1
        ));
    }
    if !shared.is_empty() {
        section.rows = rows(&Shared::new(first, second, &shared), gates);
    }
    if !section.is_same() {
        section.cause = of_structures(first, second, Frame::Free, &[]);
    }
    section
}

/// Atoms that both sides have, with what the metrics need of them.
struct Shared {
    first: Vec<Point>,
    second: Vec<Point>,
    names: Vec<Label>,
    is_alpha: Vec<bool>,
    chains: Vec<Label>,
    residues: Vec<usize>,
    confidence: Option<(Vec<f64>, Vec<f64>)>,
}

impl Shared {
    fn new(first: &Structure, second: &Structure, pairs: &[(usize, usize)]) -> Self {
        let (before, after): (Vec<usize>, Vec<usize>) = pairs.iter().copied().unzip();
        let residue_of = crate::metric::selection::residue_of_atoms(first);
        let mut alphas = vec![false; first.atoms()];
        Part::AlphaCarbons
            .of(first)
            .into_iter()
            .for_each(|atom| alphas[atom] = true);
        let column = |structure: &Structure, atoms: &[usize]| -> Option<Vec<f64>> {
            let column = structure.b_factor.as_ref()?;
            let scale = if column.iter().any(|value| *value > FRACTION) {
                100.0
            } else {
                1.0
            };
            Some(atoms.iter().map(|&atom| column[atom] / scale).collect())
        };
        Self {
            first: positions(first, &before),
            second: positions(second, &after),
            names: before.iter().map(|&atom| first.atom_name[atom]).collect(),
            is_alpha: before.iter().map(|&atom| alphas[atom]).collect(),
            chains: before.iter().map(|&atom| first.chain_id[atom]).collect(),
            residues: before.iter().map(|&atom| residue_of[atom]).collect(),
            confidence: column(first, &before).zip(column(second, &after)),
        }
    }

    fn all(&self) -> Vec<usize> {
        (0..self.first.len()).collect()
    }

    /// Atoms of residues whose alpha carbon has this confidence on both sides.
    fn confident(&self, least: f64) -> Option<Vec<usize>> {
        let (first, second) = self.confidence.as_ref()?;
        let alphas = self.alphas(&self.all());
        let kept = alphas.iter().filter(|&&atom| first[atom].min(second[atom]) >= least);
        let residues: HashSet<usize> = kept.map(|&atom| self.residues[atom]).collect();
        // Without a rigid part there is nothing to superpose by.
        (residues.len() >= 3).then(|| {
            (0..self.first.len())
                .filter(|&atom| residues.contains(&self.residues[atom]))
                .collect()
        })
    }

    fn alphas(&self, atoms: &[usize]) -> Vec<usize> {
        atoms.iter().copied().filter(|&atom| self.is_alpha[atom]).collect()
    }

    fn points(&self, atoms: &[usize]) -> (Vec<Point>, Vec<Point>) {
        (
            atoms.iter().map(|&atom| self.first[atom]).collect(),
            atoms.iter().map(|&atom| self.second[atom]).collect(),
        )
    }

    /// Residues counted from 0 among these atoms.
    fn residues(&self, atoms: &[usize]) -> Vec<usize> {
        let mut present: Vec<usize> = atoms.iter().map(|&atom| self.residues[atom]).collect();
        present.sort_unstable();
        present.dedup();
        atoms
            .iter()
            .map(|&atom| present.binary_search(&self.residues[atom]).unwrap_or(0))
            .collect()
    }

    fn rmsd(&self, atoms: &[usize]) -> Result<f64, MetricError> {
        let (first, second) = self.points(atoms);
        Ok(superpose(&second, &first)?.rmsd)
    }

    fn farthest(&self, atoms: &[usize]) -> Result<f64, MetricError> {
        let (first, second) = self.points(atoms);
        Ok(superpose(&second, &first)?
            .distances(&second, &first)
            .fold(0.0, f64::max))
    }

    fn tm_score(&self, atoms: &[usize]) -> Result<f64, MetricError> {
        let (first, second) = self.points(atoms);
        Ok(tm_score(&second, &first, first.len())?.score)
    }

    fn lddt(&self, atoms: &[usize], contacts: Contacts) -> Result<f64, MetricError> {
        let (first, second) = self.points(atoms);
        Ok(lddt(&first, &second, &self.residues(atoms), contacts)?.global)
    }

    fn reverse_lddt(&self, atoms: &[usize]) -> Result<f64, MetricError> {
        let (first, second) = self.points(atoms);
        Ok(lddt(&second, &first, &self.residues(atoms), Contacts::InReference)?.global)
    }

    fn factors(&self, atoms: &[usize]) -> Option<(Vec<f64>, Vec<f64>)> {
        let (first, second) = self.confidence.as_ref()?;
        let pick = |column: &[f64]| self.alphas(atoms).iter().map(|&atom| column[atom]).collect();
        Some((pick(first), pick(second)))
    }

    /// For complexes of exactly two chains.
    fn dockq(&self, atoms: &[usize]) -> Option<Result<f64, MetricError>> {
        let mut order: Vec<Label> = Vec::new();
        for &atom in atoms {
            if !order.contains(&self.chains[atom]) {
                order.push(self.chains[atom]);
            }
        }
        let [one, _] = order[..] else { return None };
        let mut sorted = atoms.to_vec();
        sorted.sort_by_key(|&atom| self.chains[atom] != one);
        let (reference, model) = self.points(&sorted);
        let backbone: Vec<bool> = sorted
            .iter()
            .map(|&atom| Part::Backbone.contains(self.names[atom]))
            .collect();
        let pair = DockedPair {
            reference: &reference,
            model: &model,
            residues: &self.residues(&sorted),
            backbone: &backbone,
            first_chain: sorted.iter().filter(|&&atom| self.chains[atom] == one).count(),
        };
        Some(dockq(&pair).map(|found| found.score))
    }
}

/// A bound on a metric.
enum Bound {
    AtMost(f64),
    AtLeast(f64),
    None,
}

#[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
fn rows(shared: &Shared, gates: &Gates) -> Vec<Row> {
    let all = shared.all();
    let confident = shared.confident(gates.confidence);
    let of_part = |atoms: &[usize], part: Part| -> Vec<usize> {
        atoms
            .iter()
            .copied()
            .filter(|&atom| part.contains(shared.names[atom]))
            .collect()
    };
    // Bounds count where both sides are confident, and everywhere when nobody says where that is.
    let row = |metric: &'static str, bound: Bound, measure: &dyn Fn(&[usize]) -> Result<f64, MetricError>| {
        let value = |atoms: &[usize]| measure(atoms).map_err(|error| error.to_string());
        let whole = value(&all);
        let inner = confident.as_deref().map(value);
        let judged = inner.as_ref().unwrap_or(&whole);
        let (is_kept, allowed) = match bound {
            Bound::AtMost(most) => (
                judged.as_ref().is_ok_and(|it| *it <= most),
                Some(format!("at most {most}")),
            ),
            Bound::AtLeast(least) => (
                judged.as_ref().is_ok_and(|it| *it >= least),
                Some(format!("at least {least}")),
            ),
            Bound::None => (true, None),
        };
        Row {
            metric,
            all: whole,
            confident: inner,
            allowed,
            is_kept,
            place: None,
        }
    };
    // What has no pair of neighbours, or no alpha carbon, is judged by the metrics that it has.
    let bound_if = |measure: &dyn Fn(&[usize]) -> Result<f64, MetricError>, bound: Bound| {
        if measure(&all).is_err_and(|error| matches!(error, MetricError::TooFew { .. })) {
            Bound::None
        } else {
            bound
        }
    };
    let alpha_rmsd = |atoms: &[usize]| shared.rmsd(&shared.alphas(atoms));
    let farthest = |atoms: &[usize]| shared.farthest(&shared.alphas(atoms));
    let forward = |atoms: &[usize]| shared.lddt(atoms, Contacts::InReference);
    let symmetric = |atoms: &[usize]| shared.lddt(atoms, Contacts::InEither);
    let mut rows = vec![
        row("atoms", Bound::None, &|atoms| Ok(atoms.len() as f64)),
        row("alpha carbons", Bound::None, &|atoms| {
            Ok(shared.alphas(atoms).len() as f64)
        }),
        row(
            "RMSD of alpha carbons (Å)",
            bound_if(&alpha_rmsd, Bound::AtMost(gates.alpha_rmsd)),
            &alpha_rmsd,
        ),
        row("RMSD of backbone (Å)", Bound::None, &|atoms| {
            shared.rmsd(&of_part(atoms, Part::Backbone))
        }),
        row("RMSD of all atoms (Å)", Bound::AtMost(gates.all_atom_rmsd), &|atoms| {
            shared.rmsd(atoms)
        }),
        row(
            "farthest alpha carbons (Å)",
            bound_if(&farthest, Bound::AtMost(gates.farthest)),
            &farthest,
        ),
        row("TM-score", Bound::None, &|atoms| shared.tm_score(&shared.alphas(atoms))),
        row(
            "lDDT, contacts of the first",
            bound_if(&forward, Bound::AtLeast(gates.lddt)),
            &forward,
        ),
        row("lDDT, contacts of the second", Bound::None, &|atoms| {
            shared.reverse_lddt(atoms)
        }),
        row("lDDT, symmetric", Bound::None, &symmetric),
    ];
    if let Some(last) = rows.last_mut()
        && let Ok(value) = last.all
    {
        last.is_kept = value >= gates.whole_lddt;
        last.allowed = Some(format!("at least {} of all", gates.whole_lddt));
    }
    if let Some(whole) = shared.dockq(&all) {
        rows.push(Row {
            metric: "DockQ",
            all: whole.map_err(|error| error.to_string()),
            confident: confident
                .as_deref()
                .and_then(|atoms| shared.dockq(atoms))
                .map(|it| it.map_err(|e| e.to_string())),
            allowed: None,
            is_kept: true,
            place: None,
        });
    }
    if shared.factors(&all).is_some_and(|(first, _)| !first.is_empty()) {
        let error = |atoms: &[usize]| {
            let (first, second) = shared.factors(atoms).unwrap_or_default();
            mean_absolute_error(&second, &first)
        };
        rows.push(row(
            "confidence, mean absolute error",
            Bound::AtMost(gates.confidence_error),
            &error,
        ));
        rows.push(row("confidence, correlation", Bound::None, &|atoms| {
            let (first, second) = shared.factors(atoms).unwrap_or_default();
            pearson(&first, &second)
        }));
    }
    rows
}
