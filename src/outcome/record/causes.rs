//! Cases that went wrong, grouped by cause, so that a report states each cause once. Groups by the text of findings and does not diagnose.

use std::collections::HashMap;

use super::{CaseRecord, FindingRecord, RunRecord};
use crate::backend::Responsible;

/// Cases with one cause, in plan order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CauseGroup<'a> {
    /// The cause: the first line of the first case's finding.
    pub(crate) title: String,
    pub(crate) responsible: Option<Responsible>,
    /// The likely cause, if the first finding has one.
    pub(crate) likely_cause: Option<&'a str>,
    /// The cases; at least one.
    pub(crate) cases: Vec<&'a CaseRecord>,
}

impl CauseGroup<'_> {
    /// The first case of the group.
    pub(crate) fn first(&self) -> &CaseRecord {
        self.cases[0]
    }
}

/// The key that findings of one cause share, and the cause itself, for the deciding finding of a case.
pub(crate) fn cause_of(finding: &FindingRecord) -> (String, &str) {
    (signature(finding), own_words(finding))
}

/// The cases of a run that went wrong, grouped by cause. The cause of most cases comes first, then plan order.
pub(crate) fn causes(run: &RunRecord) -> Vec<CauseGroup<'_>> {
    let mut groups: Vec<CauseGroup<'_>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for case in run.cases.iter().filter(|case| case.is_wrong()) {
        let finding = case.deciding_finding();
        let key = case.cause();
        if let Some(&index) = known.get(&key) {
            groups[index].cases.push(case);
            continue;
        }
        let title = finding.map_or_else(
            || case.reason.clone().unwrap_or_else(|| case.verdict.to_string()),
            |finding| own_words(finding).to_owned(),
        );
        known.insert(key, groups.len());
        groups.push(CauseGroup {
            title,
            responsible: case.responsible,
            likely_cause: finding.and_then(|finding| finding.likely_cause.as_deref()),
            cases: vec![case],
        });
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.cases.len()));
    groups
}

impl CaseRecord {
    /// The key that cases of one cause share.
    pub(crate) fn cause(&self) -> String {
        match self.deciding_finding() {
            Some(finding) => format!("{:?} {}", self.responsible, signature(finding)),
            None => format!("{:?} {}", self.verdict, self.reason.as_deref().unwrap_or_default()),
        }
    }

    /// The first finding of the party that is responsible for the verdict.
    pub(crate) fn deciding_finding(&self) -> Option<&FindingRecord> {
        let findings = self.findings();
        findings.iter().find(|finding| Some(finding.responsible) == self.responsible).or_else(|| findings.first())
    }
}

/// The key that findings of one cause share: the check if the backend is responsible, and the text without the numbers, which differ from
/// input to input.
fn signature(finding: &FindingRecord) -> String {
    let check = if finding.responsible == Responsible::Backend { finding.check.as_str() } else { "" };
    // The summary of a comparison only counts values. Their differences tell more.
    let text = match (finding.differences.first(), finding.details.first()) {
        (Some(first), Some(detail)) if finding.check == "snapshot" || finding.check == "agree" => {
            let field = first.field.split('[').next().unwrap_or_default();
            format!("{field} {}", finding.likely_cause.as_deref().unwrap_or(detail))
        }
        _ => own_words(finding).to_owned(),
    };
    format!("{check} {}", general(&text))
}

/// The cause in the summary of a finding. A failure that an earlier case had already is the same failure. If an error of the model was
/// expected and the platform failed, the expectation is left out.
fn own_words(finding: &FindingRecord) -> &str {
    let mut own = finding.summary.strip_prefix("not asked: ").unwrap_or(&finding.summary);
    if finding.responsible != Responsible::Backend {
        own = own.split_once(", but not asked: ").map_or(own, |(_, reason)| reason);
        let came = own.strip_prefix("expected ").and_then(|rest| rest.split_once(", got \""));
        own = came.map_or(own, |(_, message)| message.strip_suffix('"').unwrap_or(message));
    }
    let own = own.split_once(" did not start: ").map_or(own, |(_, reason)| reason);
    let stages = ["configure", "launch", "ready", "call", "decode", "stop"];
    let by_stage = own.split_once(" failed: ").filter(|(stage, _)| stages.contains(stage));
    by_stage.map_or(own, |(_, reason)| reason)
}

/// A text with every number replaced by `#`.
fn general(specific: &str) -> String {
    let mut text = String::with_capacity(specific.len());
    let mut in_number = false;
    let mut before = ' ';
    for letter in specific.chars() {
        let continues = letter.is_ascii_digit() || (in_number && matches!(letter, '.' | 'e' | '-' | '+'));
        // `float32` and `esm2` are names.
        let begins = letter.is_ascii_digit() && !before.is_alphanumeric() && before != '_';
        if !in_number || !continues {
            text.push(if begins { '#' } else { letter });
            in_number = begins;
        }
        before = letter;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{case, finding, run};
    use super::*;
    use crate::outcome::Verdict;

    #[test]
    fn one_cause_is_one_group_and_inherited_failures_belong_to_it() {
        let platform = |summary: &str| {
            let mut finding = finding("response", summary);
            finding.responsible = Responsible::Platform;
            finding
        };
        let run = run(vec![
            case("esm2::embed::short", Verdict::Error, vec![platform("ready failed: exit code 3")]),
            case(
                "esm2::embed::long",
                Verdict::Error,
                vec![platform("not asked: esm2 on lab did not start: exit code 3")],
            ),
            case(
                "esm2::embed::wide",
                Verdict::Fail,
                vec![finding("contract", "`embeddings`: expected float32, got float64")],
            ),
            case("esm2::embed::other", Verdict::Pass, vec![]),
        ]);
        let groups = causes(&run);
        let mut expecting = platform("expected ValueError with \"a\", got \"exit code 3\"");
        assert_eq!(own_words(&expecting), "exit code 3");
        expecting.summary = "expected ValueError, but not asked: esm2 on lab did not start: exit code 3".into();
        assert_eq!(own_words(&expecting), "exit code 3");
        let reported: Vec<_> = groups.iter().map(|group| (group.title.as_str(), group.cases.len())).collect();
        assert_eq!(reported, [("exit code 3", 2), ("`embeddings`: expected float32, got float64", 1)]);
    }

    #[test]
    fn numbers_differ_from_input_to_input_and_names_do_not() {
        assert_eq!(general("expected (1, 23, 320), got 4.5e-3"), "expected (#, #, #), got #");
        assert_eq!(general("float32 of esm2"), "float32 of esm2");
        let one = finding("contract", "`plddt[0]`: expected shape (4,), got (3,)");
        let other = finding("contract", "`plddt[1]`: expected shape (9,), got (8,)");
        assert_eq!(signature(&one), signature(&other));
        assert_ne!(signature(&one), signature(&finding("contract", "`pae[0]`: expected shape (4,), got (3,)")));
    }
}
