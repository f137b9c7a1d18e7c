//! Structures by the input: chains in order with their identifiers, residues and numbers, and the heavy atoms of each residue.
//! Measures no geometry.

use std::ops::Range;

use super::super::complex::{Chain, Complex, Molecule};
use super::super::number::{count, names, show};
use super::ContractFindings;
use super::values::LEAST_PERCENT;
use crate::prediction::Value;
use crate::prediction::contract::{FieldKind, FieldSpec};
use crate::protein::{Label, Structure, mmcif, pdb, residue};

/// The oxygen that only the last residue of a chain has.
const TERMINAL_OXYGEN: &str = "OXT";

/// Judges an array of atoms, or a structure file, for which the same rules hold.
pub(super) fn judge(
    path: &str,
    field: &FieldSpec,
    complex: &Complex,
    value: &Value,
    report: &mut ContractFindings<'_>,
) {
    let (format, parsed) = match (field.kind, value) {
        (FieldKind::Structures, Value::Structure(structure)) => {
            return JudgedStructure { path, structure }.judge(field, complex, report);
        }
        (FieldKind::Pdb, Value::Text(text)) => ("PDB", pdb::read(text)),
        (FieldKind::Cif, Value::Text(text)) => ("mmCIF", mmcif::read(text)),
        (kind, other) => {
            let expected = if kind == FieldKind::Structures { "an AtomArray" } else { "a str" };
            report.wrong(format!("{path}: expected {expected}, got {}", other.describe()));
            return;
        }
    };
    match parsed {
        Ok(structure) => JudgedStructure { path, structure: &structure }.judge(field, complex, report),
        Err(error) => {
            report.wrong(format!("{path}: not {format}, {error}"));
        }
    }
}

struct JudgedStructure<'a> {
    path: &'a str,
    structure: &'a Structure,
}

impl JudgedStructure<'_> {
    fn judge(&self, field: &FieldSpec, complex: &Complex, report: &mut ContractFindings<'_>) {
        let (path, structure) = (self.path, self.structure);
        if let Some(models) = structure.models {
            let models = count(models, "model");
            report.wrong(match field.kind {
                FieldKind::Structures => format!("{path}: expected an AtomArray, got a stack of {models}"),
                _ => format!("{path}: expected one model, got {models}"),
            });
            return;
        }
        // The rest indexes all columns.
        if let Some(column) = structure.uneven_column() {
            let atoms = count(structure.atoms(), "atom");
            report.wrong(format!("{path}: column `{column}` has not one entry for each of {atoms}"));
            return;
        }
        self.judge_coordinates(report);
        self.judge_temperature_factor(field, report);
        let chains = structure.chains();
        let expected: Vec<&str> = complex.chains.iter().map(|chain| chain.id.as_str()).collect();
        let got: Vec<&str> = chains.iter().map(|(id, _)| id.as_str()).collect();
        if got != expected {
            let (wanted, found) = (names(expected.iter().copied()), names(got.iter().copied()));
            let finding = report.wrong(format!("{path}: expected chains {wanted}, got {found}"));
            finding.hint = chains_hint(&expected, &got, structure);
            return;
        }
        for (chain, (_, atoms)) in complex.chains.iter().zip(&chains) {
            self.judge_chain(field, chain, atoms, report);
        }
    }

    fn judge_coordinates(&self, report: &mut ContractFindings<'_>) {
        let coordinates = self.structure.coord.iter().enumerate();
        let mut broken = coordinates.filter(|(_, position)| position.iter().any(|value| !value.is_finite()));
        if let Some((atom, position)) = broken.next() {
            report.wrong(format!(
                "{}: {} of {} without finite coordinates; {} is at {position:?}",
                self.path,
                1 + broken.count(),
                count(self.structure.atoms(), "atom"),
                self.name(atom)
            ));
        }
    }

    fn judge_temperature_factor(&self, field: &FieldSpec, report: &mut ContractFindings<'_>) {
        let path = self.path;
        match (field.b_factor, &self.structure.b_factor) {
            // A PDB file always has these columns.
            (None, Some(_)) if field.kind == FieldKind::Structures => {
                report.wrong(format!("{path}: expected no column b_factor, got one"));
            }
            (None, _) => {}
            (Some(_), None) => {
                report.wrong(format!("{path}: expected a column b_factor, got none"));
            }
            (Some(scale), Some(values)) => {
                let scale = scale.greatest;
                let mut outside = values.iter().enumerate().filter(|(_, value)| !(0.0..=scale).contains(*value));
                let Some((atom, value)) = outside.next() else { return };
                let (broken, atoms, name) = (1 + outside.count(), count(values.len(), "atom"), self.name(atom));
                let (scale_shown, value) = (show(scale), show(*value));
                let is_percent = (scale - 1.0).abs() < f64::EPSILON
                    && values.iter().all(|value| (0.0..=100.0).contains(value))
                    && values.iter().any(|value| *value > LEAST_PERCENT);
                let summary = format!(
                    "{path}: b_factor of {broken} of {atoms} is outside [0, {scale_shown}]; {name} has {value}"
                );
                let hint = is_percent.then(|| "this looks like percent; the contract has fractions of 1".to_owned());
                report.wrong(summary).hint = hint;
            }
        }
    }

    fn judge_chain(&self, field: &FieldSpec, chain: &Chain, atoms: &Range<usize>, report: &mut ContractFindings<'_>) {
        if chain.molecule == Molecule::Ligand {
            return;
        }
        let residues: Vec<Range<usize>> =
            self.structure.residues().into_iter().filter(|residue| atoms.contains(&residue.start)).collect();
        if residues.len() != chain.residues {
            let (path, expected, got) = (self.path, count(chain.residues, "residue"), residues.len());
            report.wrong(format!("{path}: expected {expected} in chain {}, got {got}", chain.id));
            return;
        }
        if let Some(first) = field.first_residue {
            self.judge_numbers(first, chain, &residues, report);
        }
        if chain.molecule == Molecule::Protein && !chain.modified {
            self.judge_atoms(chain, &residues, report);
        }
    }

    fn judge_numbers(&self, first: i32, chain: &Chain, residues: &[Range<usize>], report: &mut ContractFindings<'_>) {
        let numbers = residues.iter().map(|residue| self.structure.res_id[residue.start]);
        let wrong = numbers.zip(first..).enumerate().find(|(_, (got, expected))| got != expected);
        if let Some((index, (got, expected))) = wrong {
            report.wrong(format!(
                "{}: expected number {expected} for residue {index} of chain {} (numbered from {first}), got {got}",
                self.path, chain.id
            ));
        }
    }

    /// Every residue has exactly the heavy atoms of its amino acid, each of the right element.
    fn judge_atoms(&self, chain: &Chain, residues: &[Range<usize>], report: &mut ContractFindings<'_>) {
        let last = residues.len().saturating_sub(1);
        let mut wrong =
            residues.iter().enumerate().filter_map(|(index, residue)| self.wrong_atoms(residue, index == last));
        if let Some(first) = wrong.next() {
            let (path, broken, total) = (self.path, 1 + wrong.count(), count(residues.len(), "residue"));
            report.wrong(format!("{path}: wrong atoms in {broken} of {total} of chain {}; {first}", chain.id));
        }
    }

    fn wrong_atoms(&self, residue: &Range<usize>, is_last: bool) -> Option<String> {
        let structure = self.structure;
        let name = structure.res_name[residue.start];
        let place = format!("{name} {}", structure.res_id[residue.start]);
        let Some(amino) = residue::by_name(name.as_str()) else {
            return Some(format!("{place} is none of the twenty amino acids"));
        };
        let atoms: Vec<&str> = structure.atom_name[residue.clone()].iter().map(Label::as_str).collect();
        let missing: Vec<&str> = amino.atoms.iter().copied().filter(|atom| !atoms.contains(atom)).collect();
        if !missing.is_empty() {
            return Some(format!("{place} has no {}", names(missing)));
        }
        let is_allowed = |atom: &str| amino.atoms.contains(&atom) || (is_last && atom == TERMINAL_OXYGEN);
        let foreign: Vec<&str> = atoms.iter().copied().filter(|atom| !is_allowed(atom)).collect();
        if !foreign.is_empty() {
            return Some(format!("{place} has {}", names(foreign)));
        }
        let twice = atoms.iter().enumerate().find(|(index, atom)| atoms[..*index].contains(atom));
        if let Some((_, atom)) = twice {
            return Some(format!("{place} has `{atom}` twice"));
        }
        // A heavy atom of an amino acid is named after its element, which is a single letter.
        let mut elements = residue.clone().map(|atom| (structure.atom_name[atom], structure.element[atom]));
        let (name, element) = elements.find(|(name, element)| name.as_str().get(..1) != Some(element.as_str()))?;
        Some(format!("{place} has `{name}` of element {element:?}"))
    }

    fn name(&self, atom: usize) -> String {
        let structure = self.structure;
        format!(
            "atom {} of {} {} in chain {}",
            structure.atom_name[atom], structure.res_name[atom], structure.res_id[atom], structure.chain_id[atom]
        )
    }
}

/// The usual cause of such chains.
fn chains_hint(expected: &[&str], got: &[&str], structure: &Structure) -> Option<String> {
    let all_known = got.iter().all(|id| expected.contains(id));
    if structure.res_id.iter().any(|number| *number < 0) && !all_known {
        return Some("there are residues with negative numbers: padding rows seem to have become atoms".into());
    }
    if all_known && got.len() > expected.len() {
        return Some("the atoms of a chain do not lie together".into());
    }
    (expected.len() > 1 && got.len() == 1).then(|| "all chains seem to have become one".into())
}
