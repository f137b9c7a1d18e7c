//! The words that every form of an outcome file uses for the same thing. Makes text without any markup.

use crate::backend::Responsible;
use crate::metric_value::count;
use crate::outcome::record::{CaseRecord, FindingRecord, HintRecord, RunRecord, RunState};
use crate::outcome::{Verdict, VerdictCounts};

/// What gates are called that a backend does not share with others.
pub(super) const OWN_TOLERANCES: &str = "judged by tolerances of its own";

/// What a run says as a whole, in one line with the exit code.
pub(super) fn headline(run: &RunRecord) -> String {
    let (ended, selected) = (run.cases.len(), run.selection.selected);
    let of = format!("{ended} of {} have an outcome", count(selected, "selected case"));
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

/// What the cases show together, a line each.
pub(super) fn hinted(run: &RunRecord) -> Vec<String> {
    run.hints.iter().map(HintRecord::line).collect()
}

/// Whether everything came out as expected, to its end.
pub(super) fn is_success(run: &RunRecord) -> bool {
    let ended_well = |code: u8| code == 0 && run.state == RunState::Complete;
    let code = run.conclusion.as_ref().map(|conclusion| conclusion.exit_code);
    code.is_some_and(ended_well)
}

/// What was tested, in one line.
pub(super) fn subject(run: &RunRecord) -> String {
    let backend = &run.backend;
    format!("backend {} (kind {}, weights {})", backend.name, backend.kind, backend.weights)
}

/// The counts with their words: passed and failed always, the others where there are any.
pub(super) fn counted(counts: &VerdictCounts) -> String {
    let counts = columns(counts).into_iter().enumerate();
    let shown = counts.filter(|(index, (number, _))| *index < 2 || *number > 0);
    let shown: Vec<String> = shown.map(|(_, (number, word))| format!("{number} {word}")).collect();
    shown.join(", ")
}

/// Every count with its word.
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

/// Faults of the run itself, which no case has: what each list is called, whether the backend is at fault, and its lines.
pub(super) fn faults(run: &RunRecord) -> [(&'static str, bool, &[String]); 3] {
    [
        ("leaked", true, &run.leaks),
        ("leak check failed", false, &run.leak_checks_failed),
        ("out of date", true, &run.outdated),
    ]
}

/// Who is responsible, as a noun.
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

/// What is wrong with a case, in one line.
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
    if let Some(cause) = &finding.likely_cause {
        lines.push(format!("  likely cause: {}", cause.replace('\n', "\n    ")));
    }
    if let Some(hint) = &finding.hint {
        lines.push(format!("  hint: {}", hint.replace('\n', "\n    ")));
    }
    lines
}

/// At most so many characters of a text.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
