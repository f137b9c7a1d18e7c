//! Holds structures and confidences of an answer against recorded ones by the gates of the model. Finds the sides and the
//! words; `likeness` measures.

use super::likeness::{Likeness, Side, behind, compare_confidence, compare_structures, of_residues};
use crate::measure::{Floor, Measure, Verdict};
use crate::prediction::contract::FactorScale;
use crate::prediction::gates::StructureGates;
use crate::prediction::{Contract, Prediction, Value};
use crate::protein::Structure;
use crate::snapshot::{Agreement, Contents, FieldComparison, Finding, Pair};
use crate::tensor::Tensor;

/// The field of structures.
pub const STRUCTURES: &str = "atom_array";

/// The field of confidence per residue.
pub const PLDDT: &str = "plddt";

/// The field that a path such as `atom_array[0].coord` leads into.
#[must_use]
pub fn field_of(path: &str) -> &str {
    &path[..path.find(['.', '[']).unwrap_or(path.len())]
}

/// Judges a structure such as `atom_array[0]`; `None` where there is none on both sides, and where they are equal, which the
/// comparison of numbers tells better.
#[must_use]
pub fn judge_structure(
    pair: &Pair<'_>,
    scale: Option<FactorScale>,
    gates: &StructureGates,
    floor: &Floor,
) -> Option<FieldComparison> {
    let (recorded, actual) = (pair.recorded.structure(pair.path)?, pair.actual.structure(pair.path)?);
    if recorded == actual || recorded.uneven_column().is_some() || actual.uneven_column().is_some() {
        return None;
    }
    let expected = recorded_side(pair.recorded, pair.path, recorded, scale);
    let got = recorded_side(pair.actual, pair.path, actual, scale);
    let found = compare_structures(&expected, &got, gates, floor);
    let mut words = found.summary();
    for line in found.lines() {
        words.push_str("\n  ");
        words.push_str(&line);
    }
    let failed = (found.failed().aspect, found.mask.clone());
    Some(FieldComparison {
        failed: Some(failed),
        ..comparison(pair.path, found.verdict(), words, found.measures)
    })
}

/// Judges confidences such as `plddt[0]` as a whole: single residues that nobody is sure of may move.
#[must_use]
pub fn judge_confidence(pair: &Pair<'_>, gates: &StructureGates, floor: &Floor) -> Option<FieldComparison> {
    let (recorded, actual) = (pair.recorded.array(pair.path)?, pair.actual.array(pair.path)?);
    if recorded == actual || recorded.shape() != actual.shape() || recorded.dtype() != actual.dtype() {
        return None;
    }
    let measures = compare_confidence(&recorded.to_f64()?, &actual.to_f64()?, gates, floor);
    by_worst(pair.path, measures)
}

/// Holds one structure of an answer against one of another, both by their place in the field.
#[must_use]
pub fn compare_answers(
    contract: &Contract,
    field: &str,
    expected: (&Prediction, usize, &Structure),
    got: (&Prediction, usize, &Structure),
    gates: &StructureGates,
    floor: &Floor,
) -> Likeness {
    let scale = contract.field(field).and_then(|field| field.b_factor);
    let side = |(prediction, index, structure): (&Prediction, usize, &'_ Structure)| {
        let items = |name| prediction.field(name).and_then(Value::as_items).unwrap_or_default();
        let plddt: Vec<Option<Vec<f64>>> = items(PLDDT).iter().map(numbers).collect();
        let plddt = behind(&plddt, items(field).len(), index);
        of_residues(structure, scale, plddt.as_deref())
    };
    let expected = Side {
        confidence: side(expected),
        scale,
        structure: expected.2,
    };
    let got = Side {
        confidence: side(got),
        scale,
        structure: got.2,
    };
    compare_structures(&expected, &got, gates, floor)
}

/// What holding the structures at one path against each other measures; nothing for models without gates.
#[must_use]
pub fn measure_structures(contract: &Contract, path: &str, first: &Contents, second: &Contents) -> Vec<Measure> {
    let field = contract.field(field_of(path));
    let scale = field.and_then(|field| field.b_factor);
    let (Some(gates), Some(one), Some(other)) =
        (contract.gates.structure, first.structure(path), second.structure(path))
    else {
        return Vec::new();
    };
    if one.uneven_column().is_some() || other.uneven_column().is_some() {
        return Vec::new();
    }
    let one = recorded_side(first, path, one, scale);
    let other = recorded_side(second, path, other, scale);
    compare_structures(&one, &other, &gates, &Floor::unknown()).measures
}

/// The numbers of an array; `None` for anything else.
#[must_use]
pub fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array().and_then(Tensor::to_f64)
}

/// A recorded structure with its confidence.
#[must_use]
pub fn recorded_side<'a>(
    contents: &'a Contents,
    path: &str,
    structure: &'a Structure,
    scale: Option<FactorScale>,
) -> Side<'a> {
    let plddt = confidence_at(contents, path);
    Side {
        structure,
        confidence: of_residues(structure, scale, plddt.as_deref()),
        scale,
    }
}

/// The confidence behind the structure at a path such as `atom_array[1]`.
#[must_use]
pub fn confidence_at(contents: &Contents, path: &str) -> Option<Vec<f64>> {
    let (field, index) = path.strip_suffix(']')?.split_once('[')?;
    let index: usize = index.parse().ok()?;
    let paths = (0..=contents.digest().entries.len()).map(|index| format!("{field}[{index}]"));
    let structures = paths.take_while(|path| contents.structure(path).is_some()).count();
    let arrays = (0..).map_while(|index| contents.array(&format!("{PLDDT}[{index}]")));
    let plddt: Vec<Option<Vec<f64>>> = arrays.map(Tensor::to_f64).collect();
    behind(&plddt, structures, index)
}

/// The verdict of the worst of several measures on the value at a path, with all of them in words; `None` without a measure.
#[must_use]
pub fn by_worst(path: &str, measures: Vec<Measure>) -> Option<FieldComparison> {
    let verdict = measures.iter().map(Measure::verdict).max()?;
    let words: Vec<String> = measures.iter().map(ToString::to_string).collect();
    Some(comparison(
        path,
        verdict,
        format!("{verdict}: {}", words.join("; ")),
        measures,
    ))
}

/// A verdict of the gates on the value at a path.
fn comparison(path: &str, verdict: Verdict, words: String, measures: Vec<Measure>) -> FieldComparison {
    FieldComparison {
        path: path.to_owned(),
        agreement: match verdict {
            Verdict::Indistinguishable | Verdict::WithinTolerance => Agreement::Within,
            Verdict::Different => Agreement::Beyond,
        },
        finding: Finding::Judged(words),
        measures,
        failed: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::evidence::Answer;
    use super::super::fixture::folded::{MISTAKES, UBIQUITIN, change_array, declared, folded, jitter};
    use super::super::fixture::{compile_with, compiled, judge_recorded_with, summaries};
    use super::*;
    use crate::snapshot::Recording;

    /// What a comparison with the recorded answer of a model says of a changed one.
    fn found(model: &str, table: &str, change: impl FnOnce(Answer) -> Answer) -> Vec<super::super::Finding> {
        let directory = tempfile::tempdir().unwrap();
        let contract = declared(model);
        let check = compiled(&contract, &format!("check = 'snapshot'\n{table}"));
        let judge = |answer: Answer| {
            judge_recorded_with(
                &*check,
                &contract,
                &[answer],
                directory.path(),
                Recording::Missing,
                None,
            )
        };
        let right = folded(&contract, "call", UBIQUITIN, json!({ "include_fields": ["plddt"] }));
        assert_eq!(judge(right.clone()), []);
        judge(change(right))
    }

    /// Bends what nobody is sure of.
    fn floppy(structure: &mut Structure) {
        let factors = structure.b_factor.clone().unwrap();
        for (position, factor) in structure.coord.iter_mut().zip(factors) {
            if factor < 0.7 {
                position[2] += 1.0;
            }
        }
    }

    #[test]
    fn a_recorded_structure_is_judged_where_both_sides_are_confident() {
        for model in ["esmfold", "boltz2"] {
            for (name, mistake) in MISTAKES {
                let found = found(model, "", |answer| answer.with_structure(mistake));
                assert_eq!(found.len(), 1, "{model} {name}");
                assert!(
                    found[0].to_string().contains("atom_array[0]: different: "),
                    "{name}: {}",
                    found[0].summary
                );
            }
        }
        let noisy = |answer: Answer| answer.with_structure(|structure| jitter(structure, 0.01, 5));
        assert_eq!(found("esmfold", "", noisy), []);
        assert_eq!(found("esmfold", "gates = { ca_rmsd = 0.001 }", noisy).len(), 1);
        let bent = |answer: Answer| answer.with_structure(floppy);
        assert_eq!(found("esmfold", "gates = { unmasked_lddt = 0.8 }", bent), []);
        assert_eq!(
            found("esmfold", "gates = { unmasked_lddt = 0.8, confidence = 0 }", bent).len(),
            1
        );
    }

    #[test]
    fn recorded_confidences_are_judged_by_their_error() {
        let with = |change: fn(&mut Vec<f32>)| {
            found("boltz2", "fields = ['plddt']", |answer| {
                answer.change("plddt", |value| change_array(value, change))
            })
        };
        assert_eq!(with(|values| values[0] += 0.1), [], "one residue may move");
        let hundredfold = with(|values| values.iter_mut().for_each(|value| *value *= 100.0));
        assert!(
            hundredfold[0].to_string().contains("plddt[0]: different: pLDDT error "),
            "{hundredfold:?}"
        );
        assert_eq!(with(|values| values.rotate_right(1)).len(), 1);
        assert_eq!(with(|values| values.fill(0.5)).len(), 1);
    }

    #[test]
    fn answers_agree_by_the_gates_and_by_those_that_the_case_changes() {
        let contract = declared("boltz2");
        let check = |gates: &str| {
            let table = format!("check = 'agree'\nfields = ['atom_array']\ngates = {gates}");
            compile_with(&contract, &table, &["first", "again"]).unwrap_or_else(|errors| panic!("{errors}"))
        };
        let options = json!({ "include_fields": ["plddt"] });
        let [first, again] = ["first", "again"].map(|call| folded(&contract, call, UBIQUITIN, options.clone()));
        let judge = |gates: &str, change: &dyn Fn(&mut Structure)| {
            let again = again.clone().with_structure(|structure| change(structure));
            summaries(&*check(gates), &contract, &[first.clone(), again])
        };
        assert_eq!(judge("{}", &|_| {}), Vec::<String>::new());
        for (name, mistake) in MISTAKES {
            let found = judge("{}", &mistake);
            assert!(found[0].contains("[0]: different: "), "{name}: {found:?}");
        }
        let noisy = |structure: &mut Structure| jitter(structure, 0.1, 1);
        assert_eq!(judge("{}", &noisy), Vec::<String>::new());
        assert_eq!(judge("{ rmsd = 0.01 }", &noisy).len(), 1);
        let table = "check = 'agree'\nfields = ['ptm']\ngates = { rmsd = 0.1 }";
        let errors = compile_with(&contract, table, &["first", "again"]).map_err(|errors| errors.to_string());
        assert!(errors.is_err_and(|errors| errors.contains("expected a field of structures")));
    }
}
