//! `b_factor`: the temperature factors of structures and structure files carry the plddt of their residues.

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::show;
use super::parser::{CheckParser, TOLERANCES};
use super::structure_field::{is_structural, structure_of};
use super::{CallFindings, CheckRule, InputScope};
use crate::compare::{PLDDT, factor_of};
use crate::prediction::Value;
use crate::prediction::contract::{FactorRule, FactorScale};
use crate::protein::Structure;
use crate::tensor::Tensor;

/// The name of the check.
pub(crate) const NAME: &str = "b_factor";

#[derive(Debug)]
struct BFactor {
    field: FieldPath,
    /// The field `plddt`.
    plddt: FieldPath,
    /// As a fraction of 1, whatever the scale of the field.
    tolerance: f64,
}

/// Reads `field` and `atol`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let tolerance = parser.reader.require("atol").number("atol", TOLERANCES);
    let what = "structures whose contract gives `b_factor` a scale";
    let field = parser.field_or("atom_array", what, |field| is_structural(field) && field.b_factor.is_some())?;
    Some(Box::new(BFactor { field, plddt: FieldPath::parse(PLDDT)?, tolerance: tolerance? }))
}

impl CheckRule for BFactor {
    fn other_inputs(&self) -> Option<InputScope> {
        Some(InputScope::Every)
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let wrong = |summary: String| Finding::wrong(NAME, answered.call, summary);
        let items = self.field.find(NAME, answered)?.as_items().unwrap_or_default();
        let scores = self.plddt.find(NAME, answered)?.as_items().unwrap_or_default();
        // Every model of the case has both since the check was compiled.
        let spec = answered.contract.field(self.field.name());
        let Some((kind, scale)) = spec.and_then(|spec| Some((spec.kind, spec.b_factor?))) else {
            return Ok(Vec::new());
        };
        if items.is_empty() || scores.len() < items.len() {
            let summary = format!("{}: {} structures for {} of `{PLDDT}`", self.field, items.len(), scores.len());
            return Ok(vec![wrong(summary)]);
        }
        let pairs = items.iter().zip(scores).enumerate();
        let faults = pairs.filter_map(|(index, (item, score))| {
            let fault = match structure_of(kind, item) {
                Ok(structure) => fault(&structure, score, scale, self.tolerance)?,
                Err(fault) => fault,
            };
            Some(wrong(format!("{}[{index}]: {fault}", self.field)))
        });
        Ok(faults.collect())
    }
}

fn fault(structure: &Structure, score: &Value, scale: FactorScale, tolerance: f64) -> Option<String> {
    let scores = score.as_array().and_then(Tensor::to_f64);
    let (Some(factors), Some(scores)) = (&structure.b_factor, scores) else {
        return Some(format!("no temperature factors to hold against `{PLDDT}`"));
    };
    let residues = structure.residues();
    if residues.len() != scores.len() {
        return Some(format!("{} residues for {} of `{PLDDT}`", residues.len(), scores.len()));
    }
    let differs = |factor: f64, expected: f64| {
        let gap = (factor - expected).abs();
        gap.is_nan() || gap > tolerance * scale.greatest
    };
    let mut wrong = residues.iter().zip(&scores).filter_map(|(residue, score)| {
        let expected = score * scale.greatest;
        let factor = match scale.rule {
            FactorRule::Alpha | FactorRule::Mean => factor_of(structure, factors, residue, scale.rule),
            // Of several wrong ones the first is reported.
            FactorRule::Each => factors.get(residue.clone())?.iter().copied().find(|&own| differs(own, expected)),
        }?;
        differs(factor, expected).then_some((residue.start, expected, factor))
    });
    let (atom, expected, factor) = wrong.next()?;
    let (which, of) = match scale.rule {
        FactorRule::Alpha => ("the temperature factor of the alpha carbon", ""),
        FactorRule::Mean => ("the mean of the temperature factors", " on average"),
        FactorRule::Each => ("the temperature factor of some atom", ""),
    };
    Some(format!(
        "{which} is not `{PLDDT}` × {} in {} of {} residues; {} {} in chain {} should have {}{of}, has {}",
        show(scale.greatest),
        1 + wrong.count(),
        scores.len(),
        structure.res_name[atom],
        structure.res_id[atom],
        structure.chain_id[atom],
        show(expected),
        show(factor)
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compile_errors, compiled, folder, response, summaries};
    use crate::prediction::Value;
    use crate::prediction::contract::{FactorRule, FactorScale};
    use crate::protein::mmcif;
    use crate::tensor::Tensor;

    /// Real outputs, cut to their first residues; their README says where they are from.
    const CHAI: &str = include_str!("../../tests/fixtures/structures/chai1_nipah_40.cif");
    const BOLTZ: &str = include_str!("../../tests/fixtures/structures/boltz2_nipah_40.cif");
    /// What Boltz-2 said of these residues.
    const BOLTZ_PLDDT: [f32; 40] = [
        0.9145, 0.9392, 0.9260, 0.9331, 0.9568, 0.9457, 0.9154, 0.9157, 0.9138, 0.9325, 0.9515, 0.9164, 0.9177, 0.8188,
        0.8336, 0.7398, 0.6320, 0.6078, 0.5746, 0.5884, 0.5676, 0.5860, 0.6376, 0.7349, 0.7841, 0.8425, 0.8765, 0.8780,
        0.9305, 0.9426, 0.9632, 0.9764, 0.9862, 0.9747, 0.9608, 0.9631, 0.9704, 0.9860, 0.9800, 0.9880,
    ];

    /// The mean factor of each residue's atoms, of which Chai-1 makes its plddt, as fractions of 1.
    fn means(text: &str) -> Vec<f32> {
        let structure = mmcif::read(text).unwrap();
        let factors = structure.b_factor.clone().unwrap();
        let mean = |run: std::ops::Range<usize>| factors[run.clone()].iter().sum::<f64>() / run.len() as f64;
        let residues = structure.residues().into_iter();
        residues.map(|run| (mean(run) / 100.0) as f32).collect()
    }

    /// What the check finds in a file by a rule.
    fn found(text: &str, plddt: &[f32], rule: FactorRule) -> Vec<String> {
        let mut contract = folder();
        let field = contract.fields.iter_mut().find(|field| field.name == "pdb").unwrap();
        field.kind = crate::prediction::contract::FieldKind::Cif;
        let greatest = 100.0;
        field.b_factor = Some(FactorScale { greatest, rule });
        let check = compiled(&contract, "check = 'b_factor'\nfield = 'pdb'\natol = 0.01");
        let list = |value| Value::List(vec![value]);
        let response = response(&contract, "call", "AC", json!({"include_fields": ["plddt"]}))
            .with("plddt", list(Value::Array(Tensor::vector(plddt))))
            .with("pdb", list(Value::Text(text.to_owned())));
        summaries(&check, &contract, &[response])
    }

    #[test]
    fn real_files_carry_it_by_the_rule_of_their_model() {
        let chai = means(CHAI);
        assert_eq!(found(CHAI, &chai, FactorRule::Mean), Vec::<String>::new());
        let wrong = [FactorRule::Alpha, FactorRule::Each].map(|rule| found(CHAI, &chai, rule).remove(0));
        insta::assert_snapshot!(wrong.join("\n"), @"
        pdb[0]: the temperature factor of the alpha carbon is not `plddt` × 100 in 33 of 40 residues; ILE 1 in chain A should have 50.1016, has 54.356
        pdb[0]: the temperature factor of some atom is not `plddt` × 100 in 37 of 40 residues; ILE 1 in chain A should have 50.1016, has 54.356
        ");
        for right in [FactorRule::Alpha, FactorRule::Mean, FactorRule::Each] {
            assert_eq!(found(BOLTZ, &BOLTZ_PLDDT, right), Vec::<String>::new());
        }
        let mut shifted = chai.clone();
        shifted.rotate_right(1);
        insta::assert_snapshot!(found(CHAI, &shifted, FactorRule::Mean)[0], @"pdb[0]: the mean of the temperature factors is not `plddt` × 100 in 32 of 40 residues; ILE 1 in chain A should have 78.0778 on average, has 50.1016");
        let fractions = |values: &[f32]| -> Vec<f32> { values.iter().map(|value| value / 100.0).collect() };
        assert_eq!(found(BOLTZ, &fractions(&BOLTZ_PLDDT), FactorRule::Each).len(), 1);
        // One atom that lost its residue's factor: only `each` looks at it.
        let line = "ATOM 2 C CA . ILE 1 1 ? A 17.32114 13.27413 10.88955 1 1 A ILE 91.453 1";
        let other = BOLTZ.replace(
            "ATOM 1 N N . ILE 1 1 ? A 17.57379 12.82188 12.25485 1 1 A ILE 91.453 1",
            &line.replace("2 C CA", "1 N N").replace("91.453", "9.145"),
        );
        assert_eq!(found(&other, &BOLTZ_PLDDT, FactorRule::Alpha), Vec::<String>::new());
        let reported = found(&other, &BOLTZ_PLDDT, FactorRule::Each);
        insta::assert_snapshot!(reported.join("\n"), @"pdb[0]: the temperature factor of some atom is not `plddt` × 100 in 1 of 40 residues; ILE 1 in chain A should have 91.45, has 9.145");
    }

    #[test]
    fn factors_that_are_not_the_plddt_are_found() {
        let contract = folder();
        let check = compiled(&contract, "check = 'b_factor'\natol = 0.01");
        let scores = |scores: &[f32]| Value::List(vec![Value::Array(Tensor::vector(scores))]);
        let right = response(&contract, "call", "AC:D", json!({"include_fields": ["plddt"]}))
            .with("plddt", scores(&[0.5, 0.505, 0.495]));
        assert_eq!(summaries(&check, &contract, std::slice::from_ref(&right)), Vec::<String>::new());
        insta::assert_snapshot!(summaries(&check, &contract, &[right.clone().with("plddt", scores(&[0.5, 0.9, 0.8]))]).join("\n"), @"atom_array[0]: the temperature factor of the alpha carbon is not `plddt` × 1 in 2 of 3 residues; CYS 1 in chain A should have 0.9, has 0.5");
        insta::assert_snapshot!(summaries(&check, &contract, &[right.clone().with("plddt", scores(&[0.5]))]).join("\n"), @"atom_array[0]: 3 residues for 1 of `plddt`");
        let broken = right.clone().with("plddt", scores(&[0.5, f32::NAN, 0.495]));
        insta::assert_snapshot!(summaries(&check, &contract, &[broken]).join("\n"), @"atom_array[0]: the temperature factor of the alpha carbon is not `plddt` × 1 in 1 of 3 residues; CYS 1 in chain A should have NaN, has 0.5");
        let empty = right.clone().with("plddt", scores(&[])).with_structure(|it| it.retain(&vec![false; it.atoms()]));
        insta::assert_snapshot!(summaries(&check, &contract, &[empty]).join("\n"), @"atom_array[0]: expected atoms, got none");
        let bare = right.with_structure(|structure| structure.b_factor = None);
        insta::assert_snapshot!(summaries(&check, &contract, &[bare]).join("\n"), @"atom_array[0]: no temperature factors to hold against `plddt`");
    }

    #[test]
    fn only_structures_with_a_scale_can_be_named() {
        let mut contract = folder();
        contract.fields[0].b_factor = None;
        let errors = compile_errors(&contract, "check = 'b_factor'\natol = 0.01");
        insta::assert_snapshot!(errors, @"
        error: `atom_array` cannot be judged so
         --> check.toml:1:1
          |
        1 | check = 'b_factor'
          | ^ expected structures whose contract gives `b_factor` a scale
        ");
    }
}
