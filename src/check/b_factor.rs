//! `b_factor`: the temperature factors of structures and structure files carry the plddt of their residues.

use super::Check;
use super::evidence::{Calls, Given};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::show;
use super::structure_field::{is_structural, structure_of};
use super::terms::{TOLERANCES, Terms};
use crate::prediction::Value;
use crate::prediction::contract::{FieldKind, FieldSpec};
use crate::protein::Structure;

/// The name of the check.
pub const NAME: &str = "b_factor";

/// The field of confidence per residue.
const PLDDT: &str = "plddt";

#[derive(Debug)]
struct BFactor {
    calls: Calls,
    field: FieldPath,
    /// As a fraction of 1, whatever the scale of the field.
    tolerance: f64,
}

/// Reads `field`, `atol` and `call`.
pub fn compile(terms: &mut Terms<'_>) -> Option<Box<dyn Check>> {
    let calls = terms.calls();
    let carries = |field: &FieldSpec| is_structural(field) && field.b_factor.is_some();
    let tolerance = terms.reader().require("atol").number("atol", TOLERANCES);
    let field = terms.field_or(
        "atom_array",
        "structures whose contract gives `b_factor` a scale",
        carries,
    )?;
    Some(Box::new(BFactor {
        calls,
        field,
        tolerance: tolerance?,
    }))
}

impl Check for BFactor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn judge_one(&self, given: &Given<'_>) -> Vec<Finding> {
        let wrong = |summary: String| Finding::wrong(NAME, given.call, summary);
        let Some(plddt) = FieldPath::parse(PLDDT) else {
            return Vec::new();
        };
        let (structures, scores) = match (self.field.find(NAME, given), plddt.find(NAME, given)) {
            (Ok(structures), Ok(scores)) => (structures, scores),
            (Err(finding), _) | (_, Err(finding)) => return vec![*finding],
        };
        let spec = given.contract.field(self.field.name());
        let (kind, scale) = spec.map_or((FieldKind::Structures, 1.0), |spec| {
            (spec.kind, spec.b_factor.unwrap_or(1.0))
        });
        let items = structures.as_items().unwrap_or_default();
        let scores = scores.as_items().unwrap_or_default();
        if items.is_empty() || scores.len() < items.len() {
            let summary = format!(
                "{}: {} structures for {} of `{PLDDT}`",
                self.field,
                items.len(),
                scores.len()
            );
            return vec![wrong(summary)];
        }
        let pairs = items.iter().zip(scores).enumerate();
        pairs
            .filter_map(|(index, (item, score))| {
                let fault = match structure_of(kind, item) {
                    Ok(structure) => fault(&structure, score, scale, self.tolerance)?,
                    Err(fault) => fault,
                };
                Some(wrong(format!("{}[{index}]: {fault}", self.field)))
            })
            .collect()
    }
}

fn fault(structure: &Structure, score: &Value, scale: f64, tolerance: f64) -> Option<String> {
    let scores = score.as_array().and_then(crate::tensor::Tensor::to_f64);
    let (Some(factors), Some(scores)) = (&structure.b_factor, scores) else {
        return Some(format!("no temperature factors to hold against `{PLDDT}`"));
    };
    let residues = structure.residues();
    if residues.len() != scores.len() {
        return Some(format!("{} residues for {} of `{PLDDT}`", residues.len(), scores.len()));
    }
    let mut wrong = residues.iter().zip(&scores).filter_map(|(residue, score)| {
        // Where atoms have factors of their own, that of CA is the residue's.
        let atom = structure.atom_named(residue, "CA").unwrap_or(residue.start);
        let expected = score * scale;
        let differs = (factors[atom] - expected).abs() > tolerance * scale || factors[atom].is_nan();
        differs.then_some((atom, expected))
    });
    let (atom, expected) = wrong.next()?;
    Some(format!(
        "the temperature factor is not `{PLDDT}` × {} in {} of {} residues; {} {} in chain {} should have {}, has {}",
        show(scale),
        1 + wrong.count(),
        scores.len(),
        structure.res_name[atom],
        structure.res_id[atom],
        structure.chain_id[atom],
        show(expected),
        show(factors[atom])
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{answer, compile_errors, compiled, folder, summaries};
    use crate::prediction::Value;
    use crate::tensor::Tensor;

    #[test]
    fn factors_that_are_not_the_plddt_are_found() {
        let contract = folder();
        let check = compiled(&contract, "check = 'b_factor'\natol = 0.01");
        let scores = |scores: &[f32]| Value::List(vec![Value::Array(Tensor::vector(scores))]);
        let right = answer(&contract, "call", "AC:D", json!({"include_fields": ["plddt"]}))
            .with("plddt", scores(&[0.5, 0.505, 0.495]));
        assert_eq!(
            summaries(&*check, &contract, std::slice::from_ref(&right)),
            Vec::<String>::new()
        );
        assert_eq!(
            summaries(
                &*check,
                &contract,
                &[right.clone().with("plddt", scores(&[0.5, 0.9, 0.8]))]
            ),
            [
                "atom_array[0]: the temperature factor is not `plddt` × 1 in 2 of 3 residues; CYS 1 in chain A should have \
                 0.9, has 0.5"
            ]
        );
        assert_eq!(
            summaries(&*check, &contract, &[right.clone().with("plddt", scores(&[0.5]))]),
            ["atom_array[0]: 3 residues for 1 of `plddt`"]
        );
        let bare = right.with_structure(|structure| structure.b_factor = None);
        assert_eq!(
            summaries(&*check, &contract, &[bare]),
            ["atom_array[0]: no temperature factors to hold against `plddt`"]
        );
    }

    #[test]
    fn only_structures_with_a_scale_can_be_named() {
        let mut contract = folder();
        contract.fields[0].b_factor = None;
        let errors = compile_errors(&contract, "check = 'b_factor'\natol = 0.01");
        assert!(errors.contains("gives `b_factor` a scale"), "{errors}");
    }
}
