//! `components`: nucleic acids and ligands have their atoms, spread out, beside the other chains and with confidences. The number of
//! atoms follows from the input. Where they lie is judged of trained weights only, because random ones fold nothing.

use super::case_results::{AnsweredCall, is_trained};
use super::complex::{Chain, Complex, ComponentName, Molecule};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::{count, show};
use super::parser::CheckParser;
use super::structure_field::{is_structural, name_of_atom, structure_of};
use super::{CallFindings, CheckRule};
use crate::compare::PLDDT;
use crate::config::read_changes;
use crate::prediction::gates::{GateTable, GateValues, PhysicalGates};
use crate::protein::{Label, Structure, component, name_of_residue, smiles};
use crate::tensor::Tensor;

/// The name of the check.
pub(crate) const NAME: &str = "components";

/// The most pairs of atoms that are measured in a structure. A complex of 40,000 atoms, of which half are nucleic acids and ligands, has
/// fewer.
const PAIRS: usize = 1 << 30;

/// The atoms of a phosphate except OP3. The first nucleotide of a chain may lack them, and may have OP3.
const PHOSPHATE: usize = 3;
const HYDROGEN: [&str; 2] = ["H", "D"];

#[derive(Debug)]
struct Components {
    field: FieldPath,
    changes: GateValues,
}

/// Reads `field` and `gates`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let changes = read_changes::<PhysicalGates>(&mut parser.reader).unwrap_or_default();
    parser.demand_gates(PhysicalGates::NAME, |gates| gates.physical.is_some());
    let field = parser.field_or("atom_array", "structures or structure files", is_structural)?;
    Some(Box::new(Components { field, changes }))
}

impl CheckRule for Components {
    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let value = self.field.find(NAME, answered)?;
        // Every model of the case has both since the check was compiled.
        let (Some(gates), Some(spec)) = (answered.contract.gates.physical, answered.contract.field(self.field.name()))
        else {
            return Ok(Vec::new());
        };
        let gates = gates.with(&self.changes);
        if answered.expected.complexes.iter().flat_map(|complex| &complex.chains).all(is_protein) {
            let reason = "no nucleic acid and no ligand in the input";
            answered.results.measured.leave_unjudged(NAME, answered.call, reason);
            return Ok(Vec::new());
        }
        let items = value.as_items().unwrap_or(std::slice::from_ref(value));
        if items.is_empty() {
            let summary = format!("{}: expected structures, got none", self.field);
            return Ok(vec![Finding::wrong(NAME, answered.call, summary)]);
        }
        let is_trained = answered.weights().is_some_and(|weights| is_trained(&weights));
        let mut faults = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let Some(complex) = answered.expected.complex(spec.kind, index) else {
                continue;
            };
            let own: Vec<String> = match structure_of(spec.kind, item) {
                Ok(structure) => of_structure(&structure, complex, &gates, is_trained),
                Err(fault) => vec![fault],
            };
            faults.extend(own.into_iter().map(|fault| format!("{}[{index}]: {fault}", self.field)));
        }
        faults.extend(confidences(answered));
        Ok(faults.into_iter().map(|summary| Finding::wrong(NAME, answered.call, summary)).collect())
    }
}

fn is_protein(chain: &Chain) -> bool {
    chain.molecule == Molecule::Protein
}

/// What is wrong with the chains that are no proteins.
fn of_structure(structure: &Structure, complex: &Complex, gates: &PhysicalGates, is_trained: bool) -> Vec<String> {
    let chains: Vec<&Chain> = complex.chains.iter().filter(|chain| !is_protein(chain)).collect();
    let is_own = |id: &&Label| chains.iter().any(|chain| **id == *chain.id.as_str());
    let own = structure.chain_id.iter().filter(is_own).count();
    // A response may have any number of atoms.
    let can_be_measured = own.saturating_mul(structure.atoms()) <= PAIRS;
    let mut faults: Vec<String> =
        chains.iter().flat_map(|chain| of_chain(structure, chain, gates, is_trained && can_be_measured)).collect();
    if faults.is_empty() && is_trained && !can_be_measured {
        let atoms = count(structure.atoms(), "atom");
        faults.push(format!("{own} of {atoms} in nucleic acids and ligands, too many to measure where they lie"));
    }
    faults
}

/// What is wrong with the atoms of a chain. Where they lie is measured only if there are as many as there should be.
fn of_chain(structure: &Structure, chain: &Chain, gates: &PhysicalGates, is_measured: bool) -> Vec<String> {
    let is_own = |atom: &usize| {
        structure.chain_id[*atom] == *chain.id.as_str() && !HYDROGEN.contains(&structure.element[*atom].as_str())
    };
    let residues: Vec<Vec<usize>> = structure
        .residues()
        .into_iter()
        .map(|range| range.filter(is_own).collect::<Vec<_>>())
        .filter(|atoms| !atoms.is_empty())
        .collect();
    let own = residues.concat();
    if own.is_empty() {
        return vec![format!("no atoms in chain {}", chain.id)];
    }
    let mut faults = Vec::from_iter(wrong_count(structure, chain, &residues));
    let mut broken = own.iter().filter(|atom| structure.coord[**atom].iter().any(|axis| !axis.is_finite()));
    if let Some(first) = broken.next() {
        let more = count(1 + broken.count(), "atom");
        faults.push(format!("{more} without finite coordinates, such as {}", name_of_atom(structure, *first)));
        return faults;
    }
    if is_measured && faults.is_empty() {
        faults.extend(residues.iter().find_map(|atoms| heaped(structure, atoms, gates.apart)));
        faults.extend(far_away(structure, chain, &own, gates.reach));
    }
    faults
}

/// The least and the greatest number of heavy atoms of a part. Returns `None` for an unknown part.
fn atoms_of(part: &ComponentName, is_first_nucleotide: bool, bonded: bool) -> Option<(usize, usize)> {
    let whole = match part {
        ComponentName::Code(code) => component::heavy_atoms(code)?.len(),
        ComponentName::Smiles(text) => smiles::heavy_atoms(text)?.len(),
    };
    if is_first_nucleotide {
        return Some((whole.saturating_sub(PHOSPHATE), whole + 1));
    }
    Some((whole.saturating_sub(usize::from(bonded)), whole))
}

fn wrong_count(structure: &Structure, chain: &Chain, residues: &[Vec<usize>]) -> Option<String> {
    let is_nucleotide = chain.molecule == Molecule::Nucleic;
    let parts = chain.parts.iter().enumerate();
    let expected: Vec<_> = parts
        .map(|(index, part)| atoms_of(part, is_nucleotide && !chain.modified && index == 0, chain.bonded))
        .collect();
    let words = |(least, most): (usize, usize)| {
        let atoms = count(most, "heavy atom");
        if least < most { format!("{least} to {atoms}") } else { atoms }
    };
    if residues.len() == expected.len() {
        // A modified base has other atoms than its letter says.
        let mut pairs = residues.iter().zip(expected).filter(|_| !chain.modified);
        let (atoms, bounds) = pairs.find_map(|(atoms, expected)| {
            Some((atoms, expected.filter(|(least, most)| !(*least..=*most).contains(&atoms.len()))?))
        })?;
        let name = name_of_residue(structure, *atoms.first()?);
        return Some(format!("{name}: expected {}, got {}", words(bounds), atoms.len()));
    }
    if is_nucleotide {
        let bases = count(expected.len(), "nucleotide");
        return Some(format!("chain {}: expected {bases}, got {}", chain.id, residues.len()));
    }
    // Models number the atoms of a ligand in their own way, so only the total is compared.
    let bounds = expected.into_iter().try_fold((0, 0), |(least, most), part| {
        part.map(|(own_least, own_most)| (least + own_least, most + own_most))
    })?;
    let got: usize = residues.iter().map(Vec::len).sum();
    (!(bounds.0..=bounds.1).contains(&got))
        .then(|| format!("chain {}: expected {}, got {got}", chain.id, words(bounds)))
}

/// Two atoms of a residue that lie almost in one place.
fn heaped(structure: &Structure, atoms: &[usize], least: f64) -> Option<String> {
    let mut pairs =
        atoms.iter().enumerate().flat_map(|(place, one)| atoms[..place].iter().map(move |other| (*other, *one)));
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
    let mut nearest = None;
    for distance in others.flat_map(|other| own.iter().map(move |&atom| apart(structure, atom, other))) {
        if distance <= most {
            return None;
        }
        if !distance.is_nan() {
            nearest = Some(nearest.map_or(distance, |least: f64| least.min(distance)));
        }
    }
    let nearest = show(nearest?);
    Some(format!("chain {} is {nearest} Å away from all others, expected at most {} Å", chain.id, show(most)))
}

fn apart(structure: &Structure, one: usize, other: usize) -> f64 {
    let axes = structure.coord[one].iter().zip(structure.coord[other]);
    axes.map(|(one, other)| f64::from(one - other).powi(2)).sum::<f64>().sqrt()
}

/// Confidences that do not reach the parts of ligands: too few for all residues, too many for all atoms, or not finite.
fn confidences(answered: &AnsweredCall<'_>) -> Vec<String> {
    let Some(spec) = answered.contract.field(PLDDT).filter(|_| answered.expected.requests(PLDDT)) else {
        return Vec::new();
    };
    let faults = answered.items(PLDDT).iter().enumerate().filter_map(|(index, item)| {
        let (least, most) = tokens(answered.expected.complex(spec.kind, index)?);
        // The check `contract` reports what is no array of numbers.
        let values = item.as_array().and_then(Tensor::to_f64)?;
        let got = values.len();
        if got < least || most.is_some_and(|most| got > most) {
            let most = most.map_or_else(|| "more".to_owned(), |most| most.to_string());
            return Some(format!("{PLDDT}[{index}]: expected {least} to {most} values for all chains, got {got}"));
        }
        let broken = values.iter().filter(|value| !value.is_finite()).count();
        (broken > 0).then(|| format!("{PLDDT}[{index}]: {broken} of {got} are not finite"))
    });
    faults.collect()
}

/// The fewest and the most tokens that a model can make of a complex: one for each residue, or for each atom of what is no
/// standard residue. The most is `None` if it is not known.
fn tokens(complex: &Complex) -> (usize, Option<usize>) {
    let of_chain = |chain: &Chain| match chain.molecule {
        Molecule::Ligand => chain.parts.iter().map(|part| Some(atoms_of(part, false, false)?.1)).sum(),
        _ if chain.modified => None,
        _ => Some(chain.residues),
    };
    (complex.length, complex.chains.iter().map(of_chain).sum())
}

#[cfg(test)]
mod tests;
