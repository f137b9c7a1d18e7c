//! Judges a whole answer by the model's contract: its class, which fields are there, and everything that can be said of
//! each from the request alone. Compares nothing with other answers or with recorded ones.

mod arrays;
mod indices;
mod metadata;
mod presence;
mod structures;
mod subject;
#[cfg(test)]
mod tests;
mod values;

use self::subject::Subject;
use super::evidence::{Calls, Evidence, Given};
use super::finding::Finding;
use super::terms::Terms;
use super::{Check, number};
use crate::prediction::Axes;
use crate::prediction::Value;
use crate::prediction::contract::{FieldKind, FieldSpec, Sizes};
use crate::wire::readable;

/// The name of the check.
pub const NAME: &str = "contract";

/// Places of one field that are named besides the first where the client cannot read it.
const MOST_OBSTACLES: usize = 8;

/// Judges answers by the contract.
#[derive(Debug)]
pub struct ContractCheck {
    calls: Calls,
}

impl ContractCheck {
    /// Judges the answers of these calls.
    #[must_use]
    pub const fn new(calls: Calls) -> Self {
        Self { calls }
    }
}

/// Reads `call`.
#[expect(clippy::unnecessary_wraps, reason = "every check is read by a function of this type")]
pub fn compile(terms: &mut Terms<'_>) -> Option<Box<dyn Check>> {
    Some(Box::new(ContractCheck::new(terms.calls())))
}

impl Check for ContractCheck {
    fn name(&self) -> &'static str {
        NAME
    }

    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<Finding> {
        self.calls.given(evidence).flat_map(|given| judge(&given)).collect()
    }
}

/// All that is wrong with one answer.
fn judge(given: &Given<'_>) -> Vec<Finding> {
    let mut report = Report {
        call: given.call,
        findings: Vec::new(),
    };
    presence::judge(given, &mut report);
    metadata::judge(given, &mut report);
    judge_readable(given, &mut report);
    let mut sizes = Bound::new(given);
    for field in &given.contract.fields {
        match given.prediction.field(&field.name) {
            None | Some(Value::None) => {}
            Some(value) => judge_field(given, field, value, &mut sizes, &mut report),
        }
    }
    report.findings
}

/// What boileroom's own client could not read, one finding per field: its first place and how many there are.
fn judge_readable(given: &Given<'_>, report: &mut Report<'_>) {
    for (name, value) in &given.prediction.fields {
        let mut obstacles = readable::obstacles(name, value);
        // The class of the metadata has been judged with the rest of it.
        obstacles.retain(|obstacle| obstacle.path != "metadata");
        let Some(first) = obstacles.first() else { continue };
        let finding = report.wrong(format!("{}: {}", first.path, first.reason));
        let others = obstacles.iter().skip(1).map(|other| format!("also {}", other.path));
        report.add(others.take(MOST_OBSTACLES).fold(finding, Finding::detail));
    }
}

fn judge_field(given: &Given<'_>, field: &FieldSpec, value: &Value, sizes: &mut Bound, report: &mut Report<'_>) {
    let path = field.name.as_str();
    if field.kind == FieldKind::Mapping {
        return values::judge_mapping(path, value, report);
    }
    if !field.kind.is_per_sample() {
        let subject = Subject {
            path,
            field,
            axes: Axes::of(field),
            complexes: &given.expected.complexes,
            given,
        };
        return arrays::judge(&subject, value, &mut sizes.whole, report);
    }
    let Value::List(items) = value else {
        report.add(report.wrong(format!("{path}: expected a list, got {}", value.describe())));
        return;
    };
    let samples = given.expected.samples(field.kind);
    if items.len() != samples {
        let summary = format!(
            "{path}: expected {}, got {}",
            number::count(samples, "sample"),
            items.len()
        );
        report.add(report.wrong(summary));
        return;
    }
    for (sample, item) in items.iter().enumerate() {
        let path = format!("{path}[{sample}]");
        let Some(complex) = given.expected.complex(field.kind, sample) else {
            continue;
        };
        match field.kind {
            FieldKind::Arrays => {
                let subject = Subject {
                    path: &path,
                    field,
                    axes: Axes::of(field),
                    complexes: std::slice::from_ref(complex),
                    given,
                };
                arrays::judge(&subject, item, sizes.of_sample(given, field.kind, sample), report);
            }
            FieldKind::Structures => structures::judge_value(&path, field, complex, item, report),
            FieldKind::Pdb | FieldKind::Cif => structures::judge_text(&path, field, complex, item, report),
            FieldKind::Mappings => values::judge_mapping(&path, item, report),
            FieldKind::Array | FieldKind::Scalar | FieldKind::Mapping => {}
        }
    }
}

/// Findings about one answer.
struct Report<'a> {
    call: &'a str,
    findings: Vec<Finding>,
}

impl Report<'_> {
    fn wrong(&self, summary: impl Into<String>) -> Finding {
        Finding::wrong(NAME, self.call, summary)
    }

    fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

/// What symbols stand for, growing while the answer is read: a symbol that the contract leaves open takes the size of
/// the first array that has it, and every later one must agree.
struct Bound {
    whole: Sizes,
    samples: Vec<Sizes>,
}

impl Bound {
    fn new(given: &Given<'_>) -> Self {
        Self {
            whole: given.expected.sizes().clone(),
            samples: Vec::new(),
        }
    }

    fn of_sample(&mut self, given: &Given<'_>, kind: FieldKind, sample: usize) -> &mut Sizes {
        while self.samples.len() <= sample {
            let complex = given.expected.complex(kind, self.samples.len());
            let sizes = complex.map_or_else(Sizes::new, |complex| given.expected.sizes_of(complex));
            self.samples.push(sizes);
        }
        &mut self.samples[sample]
    }
}
