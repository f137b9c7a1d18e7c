//! Texts that several report formats have in common. Makes plain text without markup.

use crate::backend::Responsible;
use crate::metric_value::count;
use crate::outcome::record::{CaseRecord, FindingRecord, HintRecord, RunRecord, RunState};
use crate::outcome::{Verdict, VerdictCounts};

/// The title of tolerances that a backend does not share with others.
pub(super) const OWN_TOLERANCES: &str = "judged by tolerances of its own";

/// The conclusion of a run, in one line with the exit code.
pub(super) fn headline(run: &RunRecord) -> String {
    let of = format!("{} of {} have an outcome", run.cases.len(), count(run.selection.selected, "selected case"));
    match (&run.conclusion, run.state) {
        (_, RunState::Incomplete) => format!("incomplete: the run did not end; {of}"),
        (None, _) => format!("inconclusive: no conclusion was recorded; {of}"),
        (Some(conclusion), state) => {
            let code = format!("(exit code {})", conclusion.exit_code);
            let mut sentence = conclusion.sentence.replace('\n', " ");
            if !sentence.ends_with(&code) {
                sentence = format!("{sentence} {code}");
            }
            if state == RunState::Interrupted {
                sentence = format!("{sentence}; {of}");
            }
            sentence
        }
    }
}

/// The hints of a run, a line each.
pub(super) fn hinted(run: &RunRecord) -> Vec<String> {
    run.hints.iter().map(HintRecord::line).collect()
}

/// Whether the run ended and everything came out as expected.
pub(super) fn is_success(run: &RunRecord) -> bool {
    run.state == RunState::Complete && run.conclusion.as_ref().is_some_and(|conclusion| conclusion.exit_code == 0)
}

/// The tested backend, in one line.
pub(super) fn subject(run: &RunRecord) -> String {
    let backend = &run.backend;
    format!("backend {} (kind {}, weights {})", backend.name, backend.kind, backend.weights)
}

/// The counts with their labels: passed and failed always, the others unless they are 0.
pub(super) fn counted(counts: &VerdictCounts) -> String {
    let counts = columns(counts).into_iter().enumerate().filter(|(index, (number, _))| *index < 2 || *number > 0);
    counts.map(|(_, (number, label))| format!("{number} {label}")).collect::<Vec<_>>().join(", ")
}

/// Every count with its label.
pub(super) fn columns(counts: &VerdictCounts) -> [(usize, &'static str); 10] {
    [
        (counts.passed, "passed"),
        (counts.failed, "failed"),
        (counts.unexpected_passes, "passed unexpectedly"),
        (counts.errors, "errors"),
        (counts.without_reference, "without a sound reference"),
        (counts.skipped, "skipped"),
        (counts.expected_failures, "failed as expected"),
        (counts.known_upstream, "known upstream"),
        (counts.known_failures, "known failures"),
        (counts.flaky, "flaky"),
    ]
}

/// Faults of the run itself, which belong to no case: the title of each list, whether the backend is at fault, and its lines.
pub(super) fn faults(run: &RunRecord) -> impl Iterator<Item = (&'static str, bool, &[String])> {
    let all: [(_, _, &[String]); 3] = [
        ("leaked", true, &run.leaks),
        ("leak check failed", false, &run.leak_checks_failed),
        ("out of date", true, &run.outdated),
    ];
    all.into_iter().filter(|(_, _, lines)| !lines.is_empty())
}

/// The responsible party as a noun.
pub(super) fn party(responsible: Option<Responsible>) -> &'static str {
    match responsible {
        Some(Responsible::Backend) => "backend",
        Some(Responsible::Platform) => "platform",
        Some(Responsible::Settings) => "configuration",
        Some(Responsible::Harness) => "hydrotest",
        Some(Responsible::Reference) => "reference",
        None => "suite",
    }
}

/// The fault of a case, in one line.
pub(super) fn message(case: &CaseRecord) -> String {
    let text = match (case.deciding_finding(), &case.reason) {
        (Some(finding), _) => finding.summary.clone(),
        (None, Some(reason)) => reason.clone(),
        (None, None) if case.verdict == Verdict::UnexpectedPass => "passes although a failure is expected".to_owned(),
        (None, None) => case.verdict.to_string(),
    };
    text.replace('\n', " ")
}

/// A finding in lines: the check, the call and the summary, then the details and the likely cause.
pub(super) fn lines(finding: &FindingRecord) -> Vec<String> {
    let call = finding.call.as_ref().map(|call| format!(" [{call}]")).unwrap_or_default();
    let mut lines = vec![format!("{}{call}: {}", finding.check, finding.summary)];
    lines.extend(finding.details.iter().map(|line| format!("  {line}")));
    for (label, advice) in [("likely cause", &finding.likely_cause), ("hint", &finding.hint)] {
        lines.extend(advice.as_ref().map(|advice| format!("  {label}: {}", advice.replace('\n', "\n    "))));
    }
    lines
}

/// The width of each column of a table, in characters.
pub(super) fn widths<const N: usize>(rows: &[[String; N]]) -> [usize; N] {
    std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
}

/// Cuts a text after `most` characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
