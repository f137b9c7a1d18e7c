//! What the closing lines say of core and extended cases, and of what these were judged by. Counts nothing and judges no case.

use std::fmt::Write;

use crate::config::Level;
use crate::outcome::record::plain_text;
use crate::outcome::{RunEvidence, VerdictCounts};
use crate::report::words::OWN_TOLERANCES;

/// One line with the results of each level that has cases.
pub(crate) fn line(evidence: &RunEvidence) -> String {
    let levels = [(Level::Core, evidence.core), (Level::Extended, evidence.extended)];
    let levels = levels.into_iter();
    let levels: Vec<String> = levels
        .filter(|(_, tally)| tally.cases() > 0)
        .map(|(level, tally)| format!("{level}: {}", counts(&tally)))
        .collect();
    if levels.is_empty() {
        return String::new();
    }
    format!("  {}\n", levels.join("; "))
}

/// A line for each tolerance that a backend does not share with others: none is left out.
pub(crate) fn own_tolerances(tolerances: &[String]) -> String {
    let mut text = String::new();
    for tolerance in tolerances {
        let _ = writeln!(text, "  {OWN_TOLERANCES}: {}", plain_text(tolerance));
    }
    text
}

fn counts(tally: &VerdictCounts) -> String {
    let others = [
        (tally.failed, "failed"),
        (tally.unexpected_passes, "passed unexpectedly"),
        (tally.errors, "errors"),
        (tally.without_reference, "without a sound reference"),
        (tally.expected_failures, "failed as expected"),
        (tally.known_upstream, "known upstream"),
        (tally.known_failures, "known failures"),
        (tally.skipped - tally.inapplicable, "skipped"),
        (tally.inapplicable, "not applicable"),
    ];
    let mut text = format!("{} of {} passed", tally.passed, tally.cases());
    for (number, word) in others.iter().filter(|(number, _)| *number > 0) {
        let _ = write!(text, ", {number} {word}");
    }
    text
}
