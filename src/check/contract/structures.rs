//! Structures by the input: chains in order with their identifiers, residues and numbers, and the heavy atoms that each
//! residue has. Measures no geometry.

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

pub(super) fn judge_value(
    path: &str,
    field: &FieldSpec,
    complex: &Complex,
    value: &Value,
    report: &mut ContractFindings<'_>,
) {
    match value {
        Value::Structure(structure) => {
            let subject = JudgedStructure { path, structure };
            subject.judge(field, complex, report);
        }
        other => report.add(report.wrong(format!("{path}: expected an AtomArray, got {}", other.describe()))),
    }
}

/// A structure file must say the same as the structure beside it must.
pub(super) fn judge_text(
    path: &str,
    field: &FieldSpec,
    complex: &Complex,
    value: &Value,
    report: &mut ContractFindings<'_>,
) {
    let Some(text) = value.as_text() else {
        report.add(report.wrong(format!("{path}: expected a str, got {}", value.describe())));
        return;
    };
    let (format, parsed) = match field.kind {
        FieldKind::Pdb => ("PDB", pdb::read(text)),
        _ => ("mmCIF", mmcif::read(text)),
    };
    match parsed {
        Ok(structure) => {
            let structure = &structure;
            JudgedStructure { path, structure }.judge(field, complex, report);
        }
        Err(error) => report.add(report.wrong(format!("{path}: not {format}, {error}"))),
    }
}

struct JudgedStructure<'a> {
    path: &'a str,
    structure: &'a Structure,
}

impl JudgedStructure<'_> {
    fn judge(&self, field: &FieldSpec, complex: &Complex, report: &mut ContractFindings<'_>) {
        let structure = self.structure;
        if let Some(models) = structure.models {
            let models = count(models, "model");
            let summary = match field.kind {
                FieldKind::Structures => format!("{}: expected an AtomArray, got a stack of {models}", self.path),
                _ => format!("{}: expected one model, got {models}", self.path),
            };
            report.add(report.wrong(summary));
            return;
        }
        if !self.judge_columns(report) {
            return;
        }
        self.judge_coordinates(report);
        self.judge_temperature_factor(field, report);
        let chains = structure.chains();
        let expected: Vec<&str> = complex.chains.iter().map(|chain| chain.id.as_str()).collect();
        let got: Vec<&str> = chains.iter().map(|(id, _)| id.as_str()).collect();
        if got != expected {
            let summary = format!(
                "{}: expected chains {}, got {}",
                self.path,
                names(expected.iter().copied()),
                names(got.iter().copied())
            );
            let hint = chains_hint(&expected, &got, structure);
            report.add(report.wrong(summary).with_hint(hint));
            return;
        }
        for (chain, (_, atoms)) in complex.chains.iter().zip(&chains) {
            self.judge_chain(field, chain, atoms, report);
        }
    }

    /// Whether all columns have one entry for each atom; the rest may then index them.
    fn judge_columns(&self, report: &mut ContractFindings<'_>) -> bool {
        let Some(column) = self.structure.uneven_column() else {
            return true;
        };
        let atoms = count(self.structure.atoms(), "atom");
        report.add(report.wrong(format!("{}: column `{column}` has not one entry for each of {atoms}", self.path)));
        false
    }

    fn judge_coordinates(&self, report: &mut ContractFindings<'_>) {
        let structure = self.structure;
        let is_broken = |position: &[f32; 3]| position.iter().any(|value| !value.is_finite());
        let mut broken = structure.coord.iter().enumerate().filter(|(_, position)| is_broken(position));
        if let Some((atom, position)) = broken.next() {
            let summary = format!(
                "{}: {} of {} without finite coordinates; {} is at {position:?}",
                self.path,
                1 + broken.count(),
                count(structure.atoms(), "atom"),
                self.name(atom)
            );
            report.add(report.wrong(summary));
        }
    }

    fn judge_temperature_factor(&self, field: &FieldSpec, report: &mut ContractFindings<'_>) {
        match (field.b_factor, &self.structure.b_factor) {
            // The columns of a PDB file are there whether or not anything is known.
            (None, _) if field.kind != FieldKind::Structures => {}
            (None, None) => {}
            (None, Some(_)) => {
                report.add(report.wrong(format!("{}: expected no column b_factor, got one", self.path)));
            }
            (Some(_), None) => {
                report.add(report.wrong(format!("{}: expected a column b_factor, got none", self.path)));
            }
            (Some(scale), Some(values)) => {
                let scale = scale.greatest;
                let is_outside = |value: f64| !(0.0..=scale).contains(&value);
                let mut outside = values.iter().enumerate().filter(|(_, value)| is_outside(**value));
                let Some((atom, value)) = outside.next() else { return };
                let summary = format!(
                    "{}: b_factor of {} of {} is outside [0, {}]; {} has {}",
                    self.path,
                    1 + outside.count(),
                    count(values.len(), "atom"),
                    show(scale),
                    self.name(atom),
                    show(*value)
                );
                let percent = (scale - 1.0).abs() < f64::EPSILON
                    && values.iter().all(|value| (0.0..=100.0).contains(value))
                    && values.iter().any(|value| *value > LEAST_PERCENT);
                let hint = percent.then(|| "this looks like percent; the contract has fractions of 1".to_owned());
                report.add(report.wrong(summary).with_hint(hint));
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
            let summary = format!(
                "{}: expected {} in chain {}, got {}",
                self.path,
                count(chain.residues, "residue"),
                chain.id,
                residues.len()
            );
            report.add(report.wrong(summary));
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
            let summary = format!(
                "{}: expected number {expected} for residue {index} of chain {} (numbered from {first}), got {got}",
                self.path, chain.id
            );
            report.add(report.wrong(summary));
        }
    }

    /// Every residue has exactly the heavy atoms of its amino acid, each of the right element.
    fn judge_atoms(&self, chain: &Chain, residues: &[Range<usize>], report: &mut ContractFindings<'_>) {
        let last = residues.len().saturating_sub(1);
        let wrong: Vec<String> = residues
            .iter()
            .enumerate()
            .filter_map(|(index, residue)| self.wrong_atoms(residue, index == last))
            .collect();
        if let Some(first) = wrong.first() {
            let summary = format!(
                "{}: wrong atoms in {} of {} of chain {}; {first}",
                self.path,
                wrong.len(),
                count(residues.len(), "residue"),
                chain.id
            );
            report.add(report.wrong(summary));
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
        let allowed = |atom: &str| amino.atoms.contains(&atom) || (is_last && atom == TERMINAL_OXYGEN);
        let foreign: Vec<&str> = atoms.iter().copied().filter(|atom| !allowed(atom)).collect();
        if !foreign.is_empty() {
            return Some(format!("{place} has {}", names(foreign)));
        }
        let twice = atoms.iter().enumerate().find(|(index, atom)| atoms[..*index].contains(atom));
        if let Some((_, atom)) = twice {
            return Some(format!("{place} has `{atom}` twice"));
        }
        // A heavy atom of an amino acid is named after its element, which is a single letter.
        let element = residue
            .clone()
            .find(|&atom| structure.atom_name[atom].as_str().get(..1) != Some(structure.element[atom].as_str()));
        element.map(|atom| {
            let (name, element) = (structure.atom_name[atom], structure.element[atom]);
            format!("{place} has `{name}` of element {element:?}")
        })
    }

    fn name(&self, atom: usize) -> String {
        let structure = self.structure;
        format!(
            "atom {} of {} {} in chain {}",
            structure.atom_name[atom], structure.res_name[atom], structure.res_id[atom], structure.chain_id[atom]
        )
    }
}

/// What usually makes the chains come out like this.
fn chains_hint(expected: &[&str], got: &[&str], structure: &Structure) -> Option<String> {
    let all_known = got.iter().all(|id| expected.contains(id));
    if structure.res_id.iter().any(|number| *number < 0) && !all_known {
        return Some("there are residues with negative numbers: padding rows seem to have become atoms".into());
    }
    if all_known && got.len() > expected.len() {
        return Some("the atoms of a chain do not lie together".into());
    }
    if expected.len() > 1 && got.len() == 1 {
        return Some("all chains seem to have become one".into());
    }
    None
}
