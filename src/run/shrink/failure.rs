//! Decides when two failures are the same, and why one cannot be reproduced with another input. Looks at findings only.

use crate::backend::Responsible;
use crate::check::{Finding, needs_reference};

/// What identifies a failure for every length of the input: the check, the call and the wrong field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailureKey {
    pub(super) check: &'static str,
    pub(super) call: String,
    field: Option<String>,
}

impl FailureKey {
    pub(super) fn of(finding: &Finding) -> Self {
        Self { check: finding.check, call: finding.call.clone().unwrap_or_default(), field: field(&finding.summary) }
    }

    /// The finding of this failure. An error in place of a response and a failure of the platform are other failures.
    pub(super) fn find<'a>(&self, findings: &'a [Finding]) -> Option<&'a Finding> {
        let mut wrong = findings.iter().filter(|finding| finding.responsible == Responsible::Backend);
        wrong.find(|finding| Self::of(finding) == *self)
    }
}

/// The field at the start of a summary, without the place in it.
fn field(summary: &str) -> Option<String> {
    let summary = summary.trim_start_matches('`');
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
    let end = summary.find(|letter| !is_part(letter))?;
    let (field, rest) = summary.split_at(end);
    let is_field = !field.is_empty() && [":", "[", "`", " ("].iter().any(|after| rest.starts_with(after));
    is_field.then(|| field.to_owned())
}

/// Why none of these findings can be reproduced with another input.
pub(super) fn why_not(wrong: &[&Finding]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for finding in wrong {
        let check = finding.check;
        let reason = if check == "response" {
            "a call gave an error, not a wrong response".to_owned()
        } else if needs_reference(check) {
            format!("`{check}` compares with a result that is recorded for its input")
        } else {
            format!("`{check}` demands what holds for its calls as they are")
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if reasons.is_empty() {
        reasons.push("no finding of it is about the backend".to_owned());
    }
    reasons.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_the_same_by_check_call_and_field_wherever_in_it() {
        let wrong = |check, call, summary| Finding::wrong(check, call, summary);
        let long = wrong("contract", "call", "plddt[3]: expected shape (40,), got (39,)");
        let key = FailureKey::of(&long);
        let is_same = |finding: Finding| key.find(&[finding]).is_some();
        assert!(is_same(wrong("contract", "call", "plddt[0]: expected shape (4,), got (3,)")));
        assert!(!is_same(wrong("contract", "call", "pae[0]: expected shape (4, 4), got (3, 3)")));
        assert!(!is_same(wrong("contract", "other", &long.summary)));
        assert!(!is_same(wrong("shape", "call", &long.summary)));
        assert!(!is_same(Finding::without_reference("contract", "call", &*long.summary)));
    }

    #[test]
    fn a_summary_begins_with_a_field_or_with_words() {
        let fields = [
            "metadata.sequence_lengths: expected [4], got [5]",
            "`ptm`, `pae`: expected None",
            "plddt (`one`, `two`): differs",
            "atom_array[0]: chain A has 3 of 4 residues of the input",
            "the call gave ValueError: no",
        ]
        .map(|summary| field(summary).unwrap_or_default());
        assert_eq!(fields, ["metadata.sequence_lengths", "ptm", "plddt", "atom_array", ""]);
    }
}
