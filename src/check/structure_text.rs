//! `structure_text`: a structure file holds the same as the array of atoms beside it.

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::{count, show};
use super::parser::{CheckParser, TOLERANCES};
use super::structure_field::{is_file, name_of_atom, structure_of};
use super::{CallFindings, CheckRule, InputScope};
use crate::compare::STRUCTURES;
use crate::prediction::Value;
use crate::prediction::contract::FieldKind;
use crate::protein::Structure;

/// The name of the check.
pub(crate) const NAME: &str = "structure_text";

/// Files carry three decimals of a coordinate, so half of the last one is lost, and single precision loses a little more.
const COORDINATE_TOLERANCE: f64 = 1e-3;

/// Files carry two decimals of a temperature factor.
const FACTOR_TOLERANCE: f64 = 6e-3;

#[derive(Debug)]
struct StructureText {
    field: FieldPath,
    tolerance: f64,
}

/// Reads `field` and `atol`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let tolerance = parser.reader.number("atol", TOLERANCES).unwrap_or(COORDINATE_TOLERANCE);
    Some(Box::new(StructureText { field: parser.field_that("a field with structure files", is_file)?, tolerance }))
}

impl CheckRule for StructureText {
    fn other_inputs(&self) -> Option<InputScope> {
        Some(InputScope::Every)
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let wrong = |summary: String| Finding::wrong(NAME, answered.call, summary);
        let texts = self.field.find(NAME, answered)?.as_items().unwrap_or_default();
        let arrays = answered.items(STRUCTURES);
        if texts.len() != arrays.len() || texts.is_empty() {
            let (texts, arrays) = (texts.len(), count(arrays.len(), "structure"));
            return Ok(vec![wrong(format!("{}: {texts} texts for {arrays} in `{STRUCTURES}`", self.field))]);
        }
        let kind = answered.contract.field(self.field.name()).map_or(FieldKind::Cif, |field| field.kind);
        let faults = texts.iter().zip(arrays).enumerate().filter_map(|(index, (text, array))| {
            let fault = self.judge_pair(kind, text, array)?;
            Some(wrong(format!("{}[{index}]: {fault}", self.field)))
        });
        Ok(faults.collect())
    }
}

impl StructureText {
    fn judge_pair(&self, kind: FieldKind, text: &Value, array: &Value) -> Option<String> {
        match (structure_of(kind, text), structure_of(FieldKind::Structures, array)) {
            (Ok(read), Ok(atoms)) => self.fault(&read, &atoms),
            (Err(fault), _) => Some(fault),
            (_, Err(fault)) => Some(format!("nothing to compare with: {fault}")),
        }
    }

    fn fault(&self, read: &Structure, atoms: &Structure) -> Option<String> {
        if read.atoms() != atoms.atoms() {
            return Some(format!("{}, but {} in `{STRUCTURES}`", count(read.atoms(), "atom"), atoms.atoms()));
        }
        if let Some(fault) = different_names(read, atoms) {
            return Some(fault);
        }
        let gap = |atom: usize, axis: usize| distance(read.coord[atom][axis].into(), atoms.coord[atom][axis].into());
        let farthest = (0..atoms.atoms())
            .flat_map(|atom| [0, 1, 2].map(|axis| (atom, axis, gap(atom, axis))))
            .max_by(|a, b| a.2.total_cmp(&b.2));
        if let Some((atom, axis, gap)) = farthest.filter(|(.., gap)| *gap > self.tolerance) {
            return Some(format!(
                "{} is {} Å away in {}, allowed {}; text {}, array {}",
                name_of_atom(atoms, atom),
                show(gap),
                ['x', 'y', 'z'][axis],
                show(self.tolerance),
                read.coord[atom][axis],
                atoms.coord[atom][axis]
            ));
        }
        let (text, array) = match (&read.b_factor, &atoms.b_factor) {
            (Some(text), Some(array)) => (text, array),
            (None, Some(_)) => return Some(format!("no temperature factors, but `{STRUCTURES}` has them")),
            (_, None) => return None,
        };
        let atom = text.iter().zip(array).position(|(text, array)| distance(*text, *array) > FACTOR_TOLERANCE)?;
        let (name, text, array) = (name_of_atom(atoms, atom), show(text[atom]), show(array[atom]));
        Some(format!("the temperature factor of {name} is {text} in the text, {array} in the array"))
    }
}

fn different_names(read: &Structure, atoms: &Structure) -> Option<String> {
    let texts = |structure: &Structure, atom: usize| {
        [
            ("chain_id", structure.chain_id[atom].to_string()),
            ("res_id", structure.res_id[atom].to_string()),
            ("ins_code", structure.ins_code[atom].to_string()),
            ("res_name", structure.res_name[atom].to_string()),
            ("atom_name", structure.atom_name[atom].to_string()),
            ("element", structure.element[atom].to_string()),
        ]
    };
    (0..atoms.atoms()).find_map(|atom| {
        let mut pairs = texts(read, atom).into_iter().zip(texts(atoms, atom));
        let ((column, text), (_, array)) = pairs.find(|(read, atoms)| read.1 != atoms.1)?;
        Some(format!("atom {atom} has {column} {text:?} in the text, {array:?} in the array"))
    })
}

/// The distance of two numbers. NaN counts as infinitely far.
fn distance(first: f64, second: f64) -> f64 {
    let gap = (first - second).abs();
    if gap.is_nan() { f64::INFINITY } else { gap }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::case_results::CallResult;
    use super::super::fixture::{compile_errors, compiled, folder, response, summaries};
    use super::*;
    use crate::protein::Label;

    fn both() -> CallResult {
        response(&folder(), "call", "AC:D", json!({"include_fields": ["pdb"]}))
    }

    fn found(response: CallResult) -> Vec<String> {
        let contract = folder();
        let check = compiled(&contract, "check = 'structure_text'\nfield = 'pdb'");
        summaries(&check, &contract, &[response])
    }

    #[test]
    fn equal_structures_pass_and_any_difference_is_found() {
        assert_eq!(found(both()), Vec::<String>::new());
        let with = |change: &dyn Fn(&mut Structure)| found(both().with_structure(change)).remove(0);
        insta::assert_snapshot!(with(&|structure| structure.coord[1][0] += 0.25), @"pdb[0]: CA of ALA 0 in chain A is 0.25 Å away in x, allowed 0.001; text 1, array 1.25");
        insta::assert_snapshot!(with(&|structure| structure.res_id[0] = 7), @r#"pdb[0]: atom 0 has res_id "0" in the text, "7" in the array"#);
        insta::assert_snapshot!(with(&|structure| structure.atom_name.swap(0, 1)), @r#"pdb[0]: atom 0 has atom_name "N" in the text, "CA" in the array"#);
        insta::assert_snapshot!(with(&|structure| structure.b_factor = Some(vec![0.9; structure.atoms()])), @"pdb[0]: the temperature factor of N of ALA 0 in chain A is 0.5 in the text, 0.9 in the array");
        insta::assert_snapshot!(with(&|structure| structure.coord[0][0] = f32::NAN), @"pdb[0]: N of ALA 0 in chain A is inf Å away in x, allowed 0.001; text 0, array NaN");
        let longer = with(&|structure| {
            let label = Label::literal("A");
            structure.push(label, 9, label, label, label, [0.0; 3]);
            structure.b_factor = None;
        });
        insta::assert_snapshot!(longer, @"pdb[0]: 19 atoms, but 20 in `atom_array`");
    }

    #[test]
    fn a_file_that_cannot_be_read_or_is_missing_is_found() {
        let text = |texts: Vec<Value>| found(both().with("pdb", Value::List(texts))).remove(0);
        insta::assert_snapshot!(text(vec![Value::Text("ATOM".into())]), @"pdb[0]: not PDB, line 1: the record ends before its coordinates");
        insta::assert_snapshot!(text(Vec::new()), @"pdb: 0 texts for 1 structure in `atom_array`");
    }

    #[test]
    fn the_tolerance_can_be_set_and_the_field_must_be_a_file() {
        let contract = folder();
        let check = compiled(&contract, "check = 'structure_text'\nfield = 'pdb'\natol = 0.5");
        let moved = both().with_structure(|structure| structure.coord[1][0] += 0.25);
        assert_eq!(summaries(&check, &contract, &[moved]), Vec::<String>::new());
        let errors = compile_errors(&contract, "check = 'structure_text'\nfield = 'atom_array'");
        insta::assert_snapshot!(errors, @"
        error: `atom_array` cannot be judged so
         --> check.toml:2:9
          |
        2 | field = 'atom_array'
          |         ^^^^^^^^^^^^ expected a field with structure files
        ");
    }
}
