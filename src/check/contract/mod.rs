//! `contract`: judges a whole response by the model's contract: its class, which fields are there, and everything about each field
//! that follows from the request alone. Compares nothing with other responses or with recorded ones.

mod arrays;
mod identities;
mod metadata;
mod presence;
mod structures;
#[cfg(test)]
mod tests;
mod values;

use super::case_results::AnsweredCall;
use super::complex::Complex;
use super::finding::Finding;
use super::parser::CheckParser;
use super::{CallFindings, CheckRule, InputScope, number};
use crate::prediction::contract::{FieldKind, FieldSpec, Sizes};
use crate::prediction::{Axes, Value};
use crate::wire::readable;

/// The name of the check.
pub(crate) const NAME: &str = "contract";

/// The most places that a finding names besides the first, of a field that the client cannot read.
const MOST_OBSTACLES: usize = 8;

/// Judges responses by the contract.
#[derive(Debug)]
pub(super) struct ContractRule;

/// Reads no key of its own.
#[expect(clippy::unnecessary_wraps, reason = "every check is read by a function of this type")]
pub(super) fn compile(_: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    Some(Box::new(ContractRule))
}

impl CheckRule for ContractRule {
    fn other_inputs(&self) -> Option<InputScope> {
        Some(InputScope::Every)
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let mut report = ContractFindings { call: answered.call, findings: Vec::new() };
        presence::judge(answered, &mut report);
        metadata::judge(answered, &mut report);
        judge_readable(answered, &mut report);
        let mut sizes = BoundSymbols { whole: answered.expected.sizes.clone(), samples: Vec::new() };
        for field in &answered.contract.fields {
            match answered.prediction.field(&field.name) {
                None | Some(Value::None) => {}
                Some(value) => judge_field(answered, field, value, &mut sizes, &mut report),
            }
        }
        identities::judge(answered, &mut report);
        Ok(report.findings)
    }
}

/// What boileroom's own client could not read, one finding per field: its first place and the others.
fn judge_readable(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    for (name, value) in &answered.prediction.fields {
        let mut obstacles = readable::obstacles(name, value);
        // The class of the metadata was judged with the rest of it.
        obstacles.retain(|obstacle| obstacle.path != "metadata");
        if let Some(first) = obstacles.first() {
            let others = obstacles.iter().skip(1).take(MOST_OBSTACLES).map(|other| format!("also {}", other.path));
            report.wrong(format!("{}: {}", first.path, first.reason)).details.extend(others);
        }
    }
}

fn judge_field(
    answered: &AnsweredCall<'_>,
    field: &FieldSpec,
    value: &Value,
    sizes: &mut BoundSymbols,
    report: &mut ContractFindings<'_>,
) {
    let path = field.name.as_str();
    if field.kind == FieldKind::Mapping {
        return values::judge_mapping(path, value, report);
    }
    if !field.kind.is_per_sample() {
        let complexes = &answered.expected.complexes;
        let subject = JudgedArray { path, field, axes: Axes::of(field), complexes, answered };
        return arrays::judge(&subject, value, &mut sizes.whole, report);
    }
    let Value::List(items) = value else {
        report.wrong(format!("{path}: expected a list, got {}", value.describe()));
        return;
    };
    let samples = answered.expected.samples(field.kind);
    if items.len() != samples {
        report.wrong(format!("{path}: expected {}, got {}", number::count(samples, "sample"), items.len()));
        return;
    }
    for (sample, item) in items.iter().enumerate() {
        let path = format!("{path}[{sample}]");
        let Some(complex) = answered.expected.complex(field.kind, sample) else {
            continue;
        };
        match field.kind {
            FieldKind::Arrays => {
                let complexes = std::slice::from_ref(complex);
                let subject = JudgedArray { path: &path, field, axes: Axes::of(field), complexes, answered };
                arrays::judge(&subject, item, sizes.of_sample(answered, field.kind, sample), report);
            }
            FieldKind::Structures | FieldKind::Pdb | FieldKind::Cif => {
                structures::judge(&path, field, complex, item, report);
            }
            FieldKind::Mappings => values::judge_mapping(&path, item, report),
            FieldKind::Array | FieldKind::Scalar | FieldKind::Mapping => {}
        }
    }
}

/// One array of a response and what it is about.
struct JudgedArray<'a> {
    /// Its path, such as `plddt[1]`.
    path: &'a str,
    field: &'a FieldSpec,
    axes: Axes,
    /// The complexes along its batch dimension, or the only one it is about.
    complexes: &'a [Complex],
    answered: &'a AnsweredCall<'a>,
}

/// Findings about one response.
struct ContractFindings<'a> {
    call: &'a str,
    findings: Vec<Finding>,
}

impl ContractFindings<'_> {
    /// Adds a finding, which the caller may complete.
    fn wrong(&mut self, summary: impl Into<String>) -> &mut Finding {
        let place = self.findings.len();
        self.findings.push(Finding::wrong(NAME, self.call, summary));
        &mut self.findings[place]
    }
}

/// The sizes of symbols, growing while the response is read. A symbol that the contract leaves open takes the size of the first
/// array that has it, and every later array must agree.
struct BoundSymbols {
    whole: Sizes,
    samples: Vec<Sizes>,
}

impl BoundSymbols {
    fn of_sample(&mut self, answered: &AnsweredCall<'_>, kind: FieldKind, sample: usize) -> &mut Sizes {
        while self.samples.len() <= sample {
            let complex = answered.expected.complex(kind, self.samples.len());
            self.samples.push(complex.map_or_else(Sizes::new, |complex| answered.expected.sizes_of(complex)));
        }
        &mut self.samples[sample]
    }
}
