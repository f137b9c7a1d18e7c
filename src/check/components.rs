//! `components`: nucleic acids and ligands have their atoms, spread out, beside the other chains and with confidences. How many atoms
//! there are follows from the input; where they lie is judged of trained weights only, because random ones fold nothing.

use super::Check;
use super::case_results::{AnsweredCall, Calls, CaseResults};
use super::complex::{Chain, Complex, ComponentName, Molecule};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::{count, show};
use super::parser::CheckParser;
use super::structure_field::{is_structural, name_of_atom, structure_of};
use super::weights::{is_trained, of_call};
use crate::config::read_changes;
use crate::prediction::Value;
use crate::prediction::gates::{GateTable, GateValues, PhysicalGates};
use crate::protein::{Structure, component, name_of_residue, smiles};
use crate::tensor::Tensor;

/// The name of the check.
pub(crate) const NAME: &str = "components";

/// The field of confidence per token.
const PLDDT: &str = "plddt";
/// The atoms of a phosphate: the first nucleotide of a chain may lack those but for OP3, and have that.
const PHOSPHATE: usize = 3;
const HYDROGEN: [&str; 2] = ["H", "D"];

#[derive(Debug)]
struct Components {
    calls: Calls,
    field: FieldPath,
    changes: GateValues,
}

/// Reads `field`, `gates` and `call`.
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    let calls = parser.calls();
    let changes = read_changes::<PhysicalGates>(parser.reader()).unwrap_or_default();
    parser.demand_gates(PhysicalGates::NAME, |gates| gates.physical.is_some());
    let field = parser.field_or("atom_array", "structures or structure files", is_structural)?;
    Some(Box::new(Components { calls, field, changes }))
}

impl Check for Components {
    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        let judged = self.calls.answered(results);
        judged.flat_map(|answered| self.judge_answer(results, &answered)).collect()
    }
}

impl Components {
    fn judge_answer(&self, results: &CaseResults<'_>, answered: &AnsweredCall<'_>) -> Vec<Finding> {
        let wrong = |summary: String| Finding::wrong(NAME, answered.call, summary);
        let value = match self.field.find(NAME, answered) {
            Ok(value) => value,
            Err(finding) => return vec![*finding],
        };
        // Both are there for every model of the case since it was compiled.
        let (Some(gates), Some(spec)) = (answered.contract.gates.physical, answered.contract.field(self.field.name()))
        else {
            return Vec::new();
        };
        let gates = gates.with(&self.changes);
        let complexes = &answered.expected.complexes;
        if complexes.iter().flat_map(|complex| &complex.chains).all(is_protein) {
            let reason = "no nucleic acid and no ligand in the input";
            results.measured.leave_unjudged(NAME, answered.call, reason);
            return Vec::new();
        }
        let items = value.as_items().unwrap_or(std::slice::from_ref(value));
        if items.is_empty() {
            return vec![wrong(format!("{}: expected structures, got none", self.field))];
        }
        let is_trained = of_call(results, answered.call).is_some_and(|weights| is_trained(&weights));
        let mut faults = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", self.field);
            let Some(complex) = answered.expected.complex(spec.kind, index) else {
                continue;
            };
            match structure_of(spec.kind, item) {
                Ok(structure) => {
                    let own = complex.chains.iter().filter(|chain| !is_protein(chain));
                    let own = own.flat_map(|chain| of_chain(&structure, chain, &gates, is_trained));
                    faults.extend(own.map(|fault| format!("{path}: {fault}")));
                }
                Err(fault) => faults.push(format!("{path}: {fault}")),
            }
        }
        faults.extend(confidences(answered));
        faults.into_iter().map(wrong).collect()
    }
}

fn is_protein(chain: &Chain) -> bool {
    chain.molecule == Molecule::Protein
}

/// What is wrong with the atoms of a chain.
fn of_chain(structure: &Structure, chain: &Chain, gates: &PhysicalGates, is_trained: bool) -> Vec<String> {
    let is_own = |atom: &usize| structure.chain_id[*atom] == *chain.id.as_str();
    let is_heavy = |atom: &usize| !HYDROGEN.contains(&structure.element[*atom].as_str());
    let own: Vec<usize> = (0..structure.atoms()).filter(is_own).filter(|atom| is_heavy(atom)).collect();
    if own.is_empty() {
        return vec![format!("no atoms in chain {}", chain.id)];
    }
    let residues: Vec<Vec<usize>> = structure
        .residues()
        .into_iter()
        .map(|range| range.filter(is_own).filter(is_heavy).collect::<Vec<_>>())
        .filter(|atoms| !atoms.is_empty())
        .collect();
    let mut faults = Vec::new();
    faults.extend(wrong_count(structure, chain, &residues));
    let mut broken = own.iter().filter(|atom| structure.coord[**atom].iter().any(|axis| !axis.is_finite()));
    if let Some(first) = broken.next() {
        let more = 1 + broken.count();
        let name = name_of_atom(structure, *first);
        faults.push(format!("{} without finite coordinates, such as {name}", count(more, "atom")));
        return faults;
    }
    if is_trained {
        faults.extend(residues.iter().find_map(|atoms| heaped(structure, atoms, gates.apart)));
        faults.extend(far_away(structure, chain, &own, gates.reach));
    }
    faults
}

/// How many heavy atoms a part has at least and at most; `None` where the part is not known.
fn atoms_of(part: &ComponentName, is_nucleotide: bool, is_first: bool, bonded: bool) -> Option<(usize, usize)> {
    let whole = match part {
        ComponentName::Code(code) => component::by_name(code)?.atoms.len(),
        ComponentName::Smiles(text) => smiles::heavy_atoms(text)?.len(),
    };
    if is_nucleotide && is_first {
        return Some((whole.saturating_sub(PHOSPHATE), whole + 1));
    }
    Some((whole.saturating_sub(usize::from(bonded)), whole))
}

fn wrong_count(structure: &Structure, chain: &Chain, residues: &[Vec<usize>]) -> Option<String> {
    let is_nucleotide = chain.molecule == Molecule::Nucleic;
    let expected = chain.parts.iter().enumerate();
    let expected: Vec<_> = expected
        .map(|(index, part)| atoms_of(part, is_nucleotide && !chain.modified, index == 0, chain.bonded))
        .collect();
    let words = |(least, most): (usize, usize)| {
        let atoms = count(most, "heavy atom");
        if least < most { format!("{least} to {atoms}") } else { atoms }
    };
    if residues.len() == expected.len() {
        // A modified base has other atoms than its letter says.
        let pairs = residues.iter().zip(expected).filter(|_| !chain.modified);
        let mut wrong = pairs.filter_map(|(atoms, expected)| {
            let bounds = expected.filter(|(least, most)| !(*least..=*most).contains(&atoms.len()))?;
            Some((atoms, bounds))
        });
        let (atoms, bounds) = wrong.next()?;
        let name = name_of_residue(structure, *atoms.first()?);
        return Some(format!("{name}: expected {}, got {}", words(bounds), atoms.len()));
    }
    if is_nucleotide {
        let bases = count(expected.len(), "nucleotide");
        return Some(format!("chain {}: expected {bases}, got {}", chain.id, residues.len()));
    }
    // How a model numbers the atoms of a ligand is its own.
    let bounds = expected.into_iter().try_fold((0, 0), |(least, most), part| {
        part.map(|(own_least, own_most)| (least + own_least, most + own_most))
    })?;
    let got: usize = residues.iter().map(Vec::len).sum();
    let is_right = (bounds.0..=bounds.1).contains(&got);
    (!is_right).then(|| format!("chain {}: expected {}, got {got}", chain.id, words(bounds)))
}

/// Two atoms of a residue that lie nearly in one place.
fn heaped(structure: &Structure, atoms: &[usize], least: f64) -> Option<String> {
    let pairs = atoms.iter().enumerate();
    let mut pairs = pairs.flat_map(|(place, one)| atoms[..place].iter().map(move |other| (*other, *one)));
    let (first, second) = pairs.find(|(one, other)| apart(structure, *one, *other) < least)?;
    Some(format!(
        "{} and {} are {} Å apart, expected at least {} Å",
        name_of_atom(structure, first),
        structure.atom_name[second],
        show(apart(structure, first, second)),
        show(least)
    ))
}

/// A chain that is nowhere near another.
fn far_away(structure: &Structure, chain: &Chain, own: &[usize], most: f64) -> Option<String> {
    let others = (0..structure.atoms()).filter(|&atom| structure.chain_id[atom] != *chain.id.as_str());
    let nearest =
        others.flat_map(|other| own.iter().map(move |&atom| apart(structure, atom, other))).min_by(f64::total_cmp)?;
    (nearest > most).then(|| {
        format!("chain {} is {} Å away from all others, expected at most {} Å", chain.id, show(nearest), show(most))
    })
}

fn apart(structure: &Structure, one: usize, other: usize) -> f64 {
    let axes = structure.coord[one].iter().zip(structure.coord[other]);
    let squares = axes.map(|(one, other)| f64::from(one - other).powi(2));
    squares.sum::<f64>().sqrt()
}

/// Confidences that do not reach the parts of ligands: too few for all residues, too many for all atoms, or no numbers.
fn confidences(answered: &AnsweredCall<'_>) -> Vec<String> {
    let Some(spec) = answered.contract.field(PLDDT).filter(|_| answered.expected.requests(PLDDT)) else {
        return Vec::new();
    };
    let items = answered.prediction.field(PLDDT).and_then(Value::as_items);
    let items = items.unwrap_or_default().iter().enumerate();
    items
        .filter_map(|(index, item)| {
            let complex = answered.expected.complex(spec.kind, index)?;
            // What is no array of numbers is a matter of the contract.
            let values = item.as_array().and_then(Tensor::to_f64)?;
            let (least, most) = tokens(complex);
            let is_right = values.len() >= least && most.is_none_or(|most| values.len() <= most);
            if !is_right {
                let most = most.map_or_else(|| "more".to_owned(), |most| most.to_string());
                let got = values.len();
                return Some(format!("{PLDDT}[{index}]: expected {least} to {most} values for all chains, got {got}"));
            }
            let broken = values.iter().filter(|value| !value.is_finite()).count();
            (broken > 0).then(|| format!("{PLDDT}[{index}]: {broken} of {} are not finite", values.len()))
        })
        .collect()
}

/// The fewest and the most tokens that a model can make of a complex: one for each residue, or for each atom of what is no residue
/// of the standard ones. The most is `None` where it is not known.
fn tokens(complex: &Complex) -> (usize, Option<usize>) {
    let of_chain = |chain: &Chain| match chain.molecule {
        Molecule::Ligand => {
            let parts = chain.parts.iter();
            let atoms = parts.map(|part| Some(atoms_of(part, false, false, false)?.1));
            atoms.sum::<Option<usize>>()
        }
        _ if chain.modified => None,
        _ => Some(chain.residues),
    };
    (complex.length, complex.chains.iter().map(of_chain).sum())
}

#[cfg(test)]
mod tests;
