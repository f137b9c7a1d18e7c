//! Judges a whole response by the model's contract: its class, which fields are there, and everything that can be said of
//! each from the request alone. Compares nothing with other responses or with recorded ones.

mod arrays;
mod identities;
mod indices;
mod judged_array;
mod metadata;
mod presence;
mod structures;
#[cfg(test)]
mod tests;
mod values;

use self::judged_array::JudgedArray;
use super::case_results::{AnsweredCall, Calls, CaseResults};
use super::finding::Finding;
use super::parser::CheckParser;
use super::{Check, InputScope, number};
use crate::prediction::Axes;
use crate::prediction::Value;
use crate::prediction::contract::{FieldKind, FieldSpec, Sizes};
use crate::wire::readable;

/// The name of the check.
pub(crate) const NAME: &str = "contract";

/// Places of one field that are named besides the first where the client cannot read it.
const MOST_OBSTACLES: usize = 8;

/// Judges responses by the contract.
#[derive(Debug)]
pub struct ContractCheck {
    calls: Calls,
}

impl ContractCheck {
    /// Judges the responses of these calls.
    #[must_use]
    pub const fn new(calls: Calls) -> Self {
        Self { calls }
    }
}

/// Reads `call`.
#[expect(clippy::unnecessary_wraps, reason = "every check is read by a function of this type")]
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    Some(Box::new(ContractCheck::new(parser.calls())))
}

impl Check for ContractCheck {
    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn other_inputs(&self) -> Option<(&'static str, InputScope)> {
        Some((NAME, InputScope::Every))
    }

    fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        self.calls.answered(results).flat_map(|answered| judge(&answered)).collect()
    }
}

/// All that is wrong with one response.
fn judge(answered: &AnsweredCall<'_>) -> Vec<Finding> {
    let mut report = ContractFindings { call: answered.call, findings: Vec::new() };
    presence::judge(answered, &mut report);
    metadata::judge(answered, &mut report);
    judge_readable(answered, &mut report);
    let mut sizes = BoundSymbols::new(answered);
    for field in &answered.contract.fields {
        match answered.prediction.field(&field.name) {
            None | Some(Value::None) => {}
            Some(value) => judge_field(answered, field, value, &mut sizes, &mut report),
        }
    }
    identities::judge(answered, &mut report);
    report.findings
}

/// What boileroom's own client could not read, one finding per field: its first place and how many there are.
fn judge_readable(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    for (name, value) in &answered.prediction.fields {
        let mut obstacles = readable::obstacles(name, value);
        // The class of the metadata has been judged with the rest of it.
        obstacles.retain(|obstacle| obstacle.path != "metadata");
        let Some(first) = obstacles.first() else { continue };
        let finding = report.wrong(format!("{}: {}", first.path, first.reason));
        let others = obstacles.iter().skip(1).map(|other| format!("also {}", other.path));
        report.add(others.take(MOST_OBSTACLES).fold(finding, Finding::detail));
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
        let subject =
            JudgedArray { path, field, axes: Axes::of(field), complexes: &answered.expected.complexes, answered };
        return arrays::judge(&subject, value, &mut sizes.whole, report);
    }
    let Value::List(items) = value else {
        report.add(report.wrong(format!("{path}: expected a list, got {}", value.describe())));
        return;
    };
    let samples = answered.expected.samples(field.kind);
    if items.len() != samples {
        let summary = format!("{path}: expected {}, got {}", number::count(samples, "sample"), items.len());
        report.add(report.wrong(summary));
        return;
    }
    for (sample, item) in items.iter().enumerate() {
        let path = format!("{path}[{sample}]");
        let Some(complex) = answered.expected.complex(field.kind, sample) else {
            continue;
        };
        match field.kind {
            FieldKind::Arrays => {
                let subject = JudgedArray {
                    path: &path,
                    field,
                    axes: Axes::of(field),
                    complexes: std::slice::from_ref(complex),
                    answered,
                };
                arrays::judge(&subject, item, sizes.of_sample(answered, field.kind, sample), report);
            }
            FieldKind::Structures => structures::judge_value(&path, field, complex, item, report),
            FieldKind::Pdb | FieldKind::Cif => structures::judge_text(&path, field, complex, item, report),
            FieldKind::Mappings => values::judge_mapping(&path, item, report),
            FieldKind::Array | FieldKind::Scalar | FieldKind::Mapping => {}
        }
    }
}

/// Findings about one response.
struct ContractFindings<'a> {
    call: &'a str,
    findings: Vec<Finding>,
}

impl ContractFindings<'_> {
    fn wrong(&self, summary: impl Into<String>) -> Finding {
        Finding::wrong(NAME, self.call, summary)
    }

    fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

/// What symbols stand for, growing while the response is read: a symbol that the contract leaves open takes the size of
/// the first array that has it, and every later one must agree.
struct BoundSymbols {
    whole: Sizes,
    samples: Vec<Sizes>,
}

impl BoundSymbols {
    fn new(answered: &AnsweredCall<'_>) -> Self {
        Self { whole: answered.expected.sizes().clone(), samples: Vec::new() }
    }

    fn of_sample(&mut self, answered: &AnsweredCall<'_>, kind: FieldKind, sample: usize) -> &mut Sizes {
        while self.samples.len() <= sample {
            let complex = answered.expected.complex(kind, self.samples.len());
            let sizes = complex.map_or_else(Sizes::new, |complex| answered.expected.sizes_of(complex));
            self.samples.push(sizes);
        }
        &mut self.samples[sample]
    }
}
