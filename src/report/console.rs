//! The closing lines of a run for people: what was tested, how it went, and what deserves a look.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::outcome::{Conclusion, Interruption, Report};
use crate::plan::BarrenSuite;

/// How many flaky cases or unused snapshots are named before the rest is only counted.
const NAMED: usize = 10;

/// What a report is about.
pub struct Subject<'a> {
    /// The backend's name.
    pub backend: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Which parameters stand behind its results.
    pub weights: &'a str,
    /// Recorded results that no case uses; only looked for when everything was selected.
    pub unused_snapshots: &'a [String],
    /// Suites that were asked for and gave no case, with the reason.
    pub barren_suites: &'a [BarrenSuite],
}

/// The closing lines, ending in a line break.
#[must_use]
pub fn closing(report: &Report, subject: &Subject<'_>) -> String {
    let mut text = String::new();
    let tally = report.tally();
    let models: BTreeSet<&str> = report
        .outcomes
        .iter()
        .filter_map(|outcome| outcome.name.split("::").next())
        .collect();
    let _ = writeln!(
        text,
        "backend {} (kind {}, weights {}): {} over {} in {:.2} s",
        subject.backend,
        subject.kind,
        subject.weights,
        count(report.outcomes.len(), "case"),
        count(models.len(), "model"),
        report.elapsed.as_secs_f64(),
    );
    let counts = [
        (tally.passed, "passed"),
        (tally.failed, "failed"),
        (tally.errors, "broke"),
        (tally.skipped, "skipped"),
        (tally.expected_failures, "failed as expected"),
        (tally.flaky, "flaky"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .enumerate()
        .filter(|(index, (number, _))| *index < 2 || *number > 0)
        .map(|(_, (number, word))| format!("{number} {word}"))
        .collect();
    let _ = writeln!(text, "  {}", counts.join(", "));
    let flaky = report.outcomes.iter().filter(|outcome| outcome.is_flaky());
    let flaky: Vec<String> = flaky
        .map(|outcome| format!("{} (passed in attempt {})", outcome.name, outcome.attempts))
        .collect();
    section(&mut text, "flaky", &flaky);
    let recorded = report.outcomes.iter().flat_map(|outcome| outcome.notes.iter().cloned());
    section(&mut text, "note", &recorded.collect::<Vec<_>>());
    section(&mut text, "left behind", &report.leaks);
    section(&mut text, "trouble", &report.notes);
    let barren: Vec<String> = subject.barren_suites.iter().map(ToString::to_string).collect();
    section(&mut text, "note", &barren);
    section(&mut text, "unused snapshot", subject.unused_snapshots);
    if !subject.unused_snapshots.is_empty() {
        text.push_str("  no case uses them: see `hydrotest snapshots prune`\n");
    }
    let _ = writeln!(text, "{}", verdict(report.conclusion()));
    text
}

/// The sentence that a conclusion comes down to, with its exit code.
#[must_use]
pub fn verdict(conclusion: Conclusion) -> String {
    let sentence = match conclusion {
        Conclusion::Conforms => "conforms: everything came out as expected",
        Conclusion::Fails => "does not conform: the backend is wrong",
        Conclusion::Broken => "no verdict: the platform or the harness broke",
        Conclusion::NothingRan => "no verdict: nothing ran",
        Conclusion::Interrupted(Interruption::Interrupt) => "no verdict: interrupted",
        Conclusion::Interrupted(Interruption::Terminate) => "no verdict: terminated",
    };
    format!("{sentence} (exit code {})", conclusion.exit_code())
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    for line in lines.iter().take(NAMED) {
        let _ = writeln!(text, "  {title}: {line}");
    }
    if lines.len() > NAMED {
        let _ = writeln!(text, "  {title}: and {} more", lines.len() - NAMED);
    }
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::outcome::{Outcome, Verdict};

    const SUBJECT: Subject<'_> = Subject {
        backend: "local",
        kind: "process",
        weights: "published",
        unused_snapshots: &[],
        barren_suites: &[],
    };

    fn outcome(name: &str, verdict: Verdict, attempts: u32) -> Outcome {
        Outcome {
            verdict,
            attempts,
            reason: None,
            ..Outcome::skipped(name, "")
        }
    }

    #[test]
    fn the_closing_lines_count_and_conclude() {
        let outcomes = vec![
            outcome("esm2::embed::short", Verdict::Pass, 1),
            outcome("esm2::embed::long", Verdict::Pass, 2),
            outcome("esmfold::fold::short", Verdict::Fail, 1),
        ];
        let report = Report {
            outcomes,
            elapsed: Duration::from_millis(1500),
            ..Report::default()
        };
        assert_eq!(
            closing(&report, &SUBJECT),
            "backend local (kind process, weights published): 3 cases over 2 models in 1.50 s\n  \
             2 passed, 1 failed, 1 flaky\n  \
             flaky: esm2::embed::long (passed in attempt 2)\n\
             does not conform: the backend is wrong (exit code 1)\n"
        );
    }

    #[test]
    fn what_nobody_uses_is_named_with_a_way_out() {
        let report = Report {
            outcomes: vec![outcome("a::b::c", Verdict::Pass, 1)],
            ..Report::default()
        };
        let unused: Vec<String> = (0..12).map(|index| format!("esm2/old/case_{index}")).collect();
        let text = closing(
            &report,
            &Subject {
                unused_snapshots: &unused,
                ..SUBJECT
            },
        );
        assert!(
            text.contains("unused snapshot: and 2 more\n  no case uses them"),
            "{text}"
        );
    }
}
