//! `sequence`: the residues of every structure, read off its atoms, are those of the input, chain by chain. A modified residue may have
//! a name that stands for none of the twenty letters.

use super::case_results::AnsweredCall;
use super::complex::{Chain, Complex, Molecule};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::parser::CheckParser;
use super::structure_field::{is_structural, structure_of};
use super::{CallFindings, CheckRule, InputScope};
use crate::protein::Structure;

/// The name of the check.
pub(crate) const NAME: &str = "sequence";

/// The letter of a residue that is none of the twenty.
const UNKNOWN: char = 'X';

#[derive(Debug)]
struct Sequence {
    field: FieldPath,
}

/// Reads `field`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    Some(Box::new(Sequence { field: parser.field_or("atom_array", "structures or structure files", is_structural)? }))
}

impl CheckRule for Sequence {
    fn other_inputs(&self) -> Option<InputScope> {
        Some(InputScope::Every)
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let wrong = |summary: String| Finding::wrong(NAME, answered.call, summary);
        let items = self.field.find(NAME, answered)?.as_items().unwrap_or_default();
        let Some(spec) = answered.contract.field(self.field.name()) else {
            return Ok(Vec::new());
        };
        let samples = answered.expected.samples(spec.kind);
        if items.len() != samples {
            let summary = format!("{}: expected {samples} structures, got {}", self.field, items.len());
            return Ok(vec![wrong(summary)]);
        }
        let mut findings = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", self.field);
            let Some(complex) = answered.expected.complex(spec.kind, index) else {
                continue;
            };
            if complex.chains.iter().all(|chain| chain.molecule != Molecule::Protein) {
                findings.push(Finding::unjudged(NAME, format!("{path}: the input has no protein chain")));
                continue;
            }
            let faults =
                structure_of(spec.kind, item).map_or_else(|fault| vec![fault], |structure| faults(complex, &structure));
            findings.extend(faults.into_iter().map(|fault| wrong(format!("{path}: {fault}"))));
        }
        Ok(findings)
    }
}

fn faults(complex: &Complex, structure: &Structure) -> Vec<String> {
    let got = structure.sequences();
    let proteins = complex.chains.iter().enumerate().filter(|(_, chain)| chain.molecule == Molecule::Protein);
    let wrong = proteins.filter_map(|(index, chain)| match got.get(index) {
        Some((id, sequence)) if *id == chain.id.as_str() => {
            let own = with_modified(chain, sequence);
            (own != chain.sequence).then(|| describe(&chain.id, &chain.sequence, &own))
        }
        Some((id, _)) => Some(format!("expected chain {} in place {index}, got chain {id}", chain.id)),
        None => Some(format!("expected chain {}, got none", chain.id)),
    });
    let mut faults: Vec<String> = wrong.collect();
    let extra: Vec<String> = got.iter().skip(complex.chains.len()).map(|(id, _)| id.to_string()).collect();
    if !extra.is_empty() {
        faults.push(format!("expected no chain {}", extra.join(", ")));
    }
    faults
}

/// A sequence that was read off a structure, with the letter of the input where a modified residue has none.
fn with_modified(chain: &Chain, got: &str) -> String {
    let mut expected = chain.sequence.chars();
    let letters = got.chars().enumerate().map(|(place, letter)| match expected.next() {
        Some(own) if letter == UNKNOWN && chain.modified_at.contains(&place) => own,
        _ => letter,
    });
    letters.collect()
}

fn describe(chain: &str, expected: &str, got: &str) -> String {
    let (count, wanted) = (got.chars().count(), expected.chars().count());
    let mut letters = expected.chars().zip(got.chars()).enumerate();
    match letters.find(|(_, (expected, got))| expected != got) {
        Some((place, (expected, got))) => format!(
            "chain {chain} differs from the input; residue {place} should be {expected}, is {got} ({count} of {wanted} residues)"
        ),
        None => format!("chain {chain} has {count} of {wanted} residues of the input"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::case_results::CallResult;
    use super::super::complex::structured;
    use super::super::fixture::{compile_errors, compiled, folder, response, structure, summaries};
    use super::*;
    use crate::prediction::Value;
    use crate::protein::Label;

    fn found(response: CallResult) -> Vec<String> {
        let contract = folder();
        let check = compiled(&contract, "check = 'sequence'");
        summaries(&check, &contract, &[response])
    }

    fn fold(input: &str) -> Value {
        Value::Structure(Box::new(structure(&Complex::parse(input))))
    }

    #[test]
    fn another_residue_chain_or_length_is_found() {
        let contract = folder();
        let right = response(&contract, "call", "ACD:EF|GH", json!({}));
        assert_eq!(found(right.clone()), Vec::<String>::new());
        let with = |first: &str, second: &str| {
            let structures = Value::List(vec![fold(first), fold(second)]);
            found(right.clone().with("atom_array", structures))
        };
        insta::assert_snapshot!(with("ACW:EF", "GH").join("\n"), @"atom_array[0]: chain A differs from the input; residue 2 should be D, is W (3 of 3 residues)");
        insta::assert_snapshot!(with("ACD:E", "GH:I").join("\n"), @"
        atom_array[0]: chain B has 1 of 2 residues of the input
        atom_array[1]: expected no chain B
        ");
        insta::assert_snapshot!(with("ACD", "GH").join("\n"), @"atom_array[0]: expected chain B, got none");
        let one = right.with("atom_array", Value::List(vec![fold("ACD:EF")]));
        insta::assert_snapshot!(found(one).join("\n"), @"atom_array: expected 2 structures, got 1");
    }

    #[test]
    fn a_modified_residue_has_its_own_name_or_that_of_the_input() {
        let input = json!({ "sequences": [
            { "kind": "protein", "id": "A", "sequence": "ACSEF", "modifications": [{ "position": 2, "ccd": "SEP" }] },
        ] });
        let complex = &structured(&input)[0];
        let named = |name: &str, residue: i32| {
            let mut got = structure(&Complex::parse("ACSEF"));
            for atom in 0..got.atoms() {
                if got.res_id[atom] == residue {
                    got.res_name[atom] = Label::new(name).unwrap();
                }
            }
            faults(complex, &got).join("\n")
        };
        assert_eq!([named("SEP", 2), named("SER", 2)], [String::new(), String::new()]);
        insta::assert_snapshot!(named("THR", 2), @"chain A differs from the input; residue 2 should be S, is T (5 of 5 residues)");
        insta::assert_snapshot!(named("SEP", 3), @"chain A differs from the input; residue 3 should be E, is X (5 of 5 residues)");
    }

    #[test]
    fn structure_files_are_read_too() {
        let contract = folder();
        let check = compiled(&contract, "check = 'sequence'\nfield = 'pdb'");
        let right = response(&contract, "call", "ACD", json!({"include_fields": ["pdb"]}));
        assert_eq!(summaries(&check, &contract, std::slice::from_ref(&right)), Vec::<String>::new());
        let wrong = right.with("pdb", Value::List(vec![Value::Text("ATOM".into())]));
        assert!(summaries(&check, &contract, &[wrong])[0].starts_with("pdb[0]: not PDB"));
    }

    #[test]
    fn only_fields_with_structures_can_be_named() {
        let errors = compile_errors(&folder(), "check = 'sequence'\nfield = 'plddt'");
        insta::assert_snapshot!(errors, @"
        error: `plddt` cannot be judged so
         --> check.toml:2:9
          |
        2 | field = 'plddt'
          |         ^^^^^^^ expected structures or structure files
        ");
        let errors = compile_errors(&folder(), "check = 'sequence'\nfield = 'atom_array[1]'");
        insta::assert_snapshot!(errors, @"
        error: `atom_array[1]` is a part of a field
         --> check.toml:2:9
          |
        2 | field = 'atom_array[1]'
          |         ^^^^^^^^^^^^^^^ expected a whole field
        ");
    }
}
