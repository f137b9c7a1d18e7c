//! `structure_text`: a structure file says the same as the array of atoms beside it.

use super::case_results::{AnsweredCall, Calls};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::{count, show};
use super::parser::{CheckParser, TOLERANCES};
use super::structure_field::{is_file, name_of_atom, structure_of};
use super::{Check, InputScope};
use crate::prediction::Value;
use crate::prediction::contract::FieldKind;
use crate::protein::Structure;

/// The name of the check.
pub(crate) const NAME: &str = "structure_text";

/// The array of atoms that every folding model gives.
const ATOMS: &str = "atom_array";

/// Files carry three decimals of a coordinate, so half of the last one is lost, and single precision loses a little more.
const COORDINATE_TOLERANCE: f64 = 1e-3;

/// Files carry two decimals of a temperature factor.
const FACTOR_TOLERANCE: f64 = 6e-3;

#[derive(Debug)]
struct StructureText {
    calls: Calls,
    field: FieldPath,
    tolerance: f64,
}

/// Reads `field`, `atol` and `call`.
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    let calls = parser.calls();
    let tolerance = parser.reader().number("atol", TOLERANCES).unwrap_or(COORDINATE_TOLERANCE);
    let field = parser.field_that("a field with structure files", is_file)?;
    Some(Box::new(StructureText { calls, field, tolerance }))
}

impl Check for StructureText {
    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn other_inputs(&self) -> Option<(&'static str, InputScope)> {
        // A place in the field, such as a sample of a batch, is one of this input.
        self.field.is_whole().then_some((NAME, InputScope::Every))
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> Vec<Finding> {
        let wrong = |summary: String| Finding::wrong(NAME, answered.call, summary);
        let texts = match self.field.find(NAME, answered) {
            Ok(value) => value.as_items().unwrap_or_default(),
            Err(finding) => return vec![*finding],
        };
        let arrays = answered.prediction.field(ATOMS).and_then(Value::as_items).unwrap_or_default();
        if texts.len() != arrays.len() || texts.is_empty() {
            let (texts, arrays) = (texts.len(), count(arrays.len(), "structure"));
            return vec![wrong(format!("{}: {texts} texts for {arrays} in `{ATOMS}`", self.field))];
        }
        let kind = answered.contract.field(self.field.name()).map_or(FieldKind::Cif, |field| field.kind);
        let pairs = texts.iter().zip(arrays).enumerate();
        pairs
            .filter_map(|(index, (text, array))| {
                let fault = self.judge_pair(kind, text, array)?;
                Some(wrong(format!("{}[{index}]: {fault}", self.field)))
            })
            .collect()
    }
}

impl StructureText {
    fn judge_pair(&self, kind: FieldKind, text: &Value, array: &Value) -> Option<String> {
        let read = structure_of(kind, text);
        let atoms = structure_of(FieldKind::Structures, array);
        match (read, atoms) {
            (Ok(read), Ok(atoms)) => self.fault(&read, &atoms),
            (Err(fault), _) => Some(fault),
            (_, Err(fault)) => Some(format!("nothing to compare with: {fault}")),
        }
    }

    fn fault(&self, read: &Structure, atoms: &Structure) -> Option<String> {
        if read.atoms() != atoms.atoms() {
            let (read, atoms) = (count(read.atoms(), "atom"), atoms.atoms());
            return Some(format!("{read}, but {atoms} in `{ATOMS}`"));
        }
        if let Some(fault) = different_names(read, atoms) {
            return Some(fault);
        }
        let farthest = (0..atoms.atoms())
            .flat_map(|atom| [0, 1, 2].map(|axis| (atom, axis)))
            .map(|(atom, axis)| (atom, axis, gap(read.coord[atom][axis], atoms.coord[atom][axis])))
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
            (None, Some(_)) => return Some(format!("no temperature factors, but `{ATOMS}` has them")),
            (_, None) => return None,
        };
        let differs = |(text, array): (&f64, &f64)| far(text - array) > FACTOR_TOLERANCE;
        let atom = text.iter().zip(array).position(differs)?;
        Some(format!(
            "the temperature factor of {} is {} in the text, {} in the array",
            name_of_atom(atoms, atom),
            show(text[atom]),
            show(array[atom])
        ))
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

/// Distance of two coordinates; not a number counts as infinitely far.
fn gap(first: f32, second: f32) -> f64 {
    far(f64::from(first) - f64::from(second))
}

fn far(gap: f64) -> f64 {
    if gap.is_nan() { f64::INFINITY } else { gap.abs() }
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
        summaries(&*check, &contract, &[response])
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
        assert_eq!(summaries(&*check, &contract, &[moved]), Vec::<String>::new());
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
