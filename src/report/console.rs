//! The closing lines of a run for people: the tested backend, the results, and what deserves a look. Does not print.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::words::{OWN_TOLERANCES, counted};
use crate::config::Level;
use crate::metric_value::count;
use crate::outcome::record::plain_text;
use crate::outcome::{Conclusion, Interruption, RunEvidence, RunOutcome, Verdict, VerdictCounts, quote};
use crate::plan::EmptySuite;

/// The most lines of a section; the rest is only counted.
const NAMED: usize = 10;
/// The most cases in the section of tightest margins.
const TIGHTEST: usize = 3;

/// Facts about a run besides the results of its cases.
pub(crate) struct ReportHeader<'a> {
    pub(crate) backend: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) weights: &'a str,
    /// The conclusion.
    pub(crate) sentence: &'a str,
    pub(crate) own_tolerances: &'a [String],
    /// Recorded results that no case uses. Only looked for when everything was selected.
    pub(crate) unused_snapshots: &'a [String],
    /// Results that wait for review.
    pub(crate) pending_snapshots: &'a [String],
    /// The directory of results that wait for review, if they have their own.
    pub(crate) pending_directory: Option<&'a Path>,
    /// Requested suites without cases, with the reason.
    pub(crate) empty_suites: &'a [EmptySuite],
}

/// The closing lines, ending in a line break.
pub(crate) fn closing(report: &RunOutcome, subject: &ReportHeader<'_>) -> String {
    let mut text = String::new();
    let tally = report.tally();
    let models: BTreeSet<&str> = report.outcomes.iter().filter_map(|outcome| outcome.name.split("::").next()).collect();
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
    let _ = writeln!(text, "  {}", counted(&tally));
    text.push_str(&levels(&report.evidence()));
    text.push_str(&own_tolerances(subject.own_tolerances));
    let flaky = report.outcomes.iter().filter(|outcome| outcome.is_flaky());
    let flaky = flaky.map(|outcome| format!("{} (passed in attempt {})", outcome.name, outcome.attempts));
    section(&mut text, "flaky", &flaky.collect::<Vec<_>>());
    section(&mut text, "known upstream", &explained(report, Verdict::KnownUpstream));
    section(&mut text, "known failure", &explained(report, Verdict::KnownFailure));
    section(&mut text, "out of date", &report.outdated);
    section(&mut text, "note", &report.outcomes.iter().flat_map(|outcome| outcome.notes.clone()).collect::<Vec<_>>());
    section(&mut text, "note", &report.remarks);
    section(&mut text, "leaked", &report.leaks);
    section(&mut text, "leak check failed", &report.unknown);
    section(&mut text, "warning", &report.notes);
    section(&mut text, "tightest margins", &margins(report));
    section(&mut text, "note", &subject.empty_suites.iter().map(ToString::to_string).collect::<Vec<_>>());
    section(&mut text, "unused snapshot", subject.unused_snapshots);
    if !subject.unused_snapshots.is_empty() {
        text.push_str("  no case uses them: see `hydrotest snapshots prune`\n");
    }
    section(&mut text, "waits for review", subject.pending_snapshots);
    if !subject.pending_snapshots.is_empty() {
        let place = subject.pending_directory.map_or_else(String::new, |directory| {
            format!(" --pending {}", plain_text(&quote(&directory.to_string_lossy())))
        });
        let _ = writeln!(text, "  see `hydrotest snapshots list{place}`, then `accept` or `reject`");
    }
    let _ = writeln!(text, "{}", subject.sentence);
    text
}

/// The cases of a verdict with their reasons.
fn explained(report: &RunOutcome, verdict: Verdict) -> Vec<String> {
    let cases = report.outcomes.iter().filter(|outcome| outcome.verdict == verdict);
    cases.map(|outcome| format!("{}: {}", outcome.name, outcome.reason.as_deref().unwrap_or_default())).collect()
}

/// The passing comparisons with the tightest margins, at most one per case.
fn margins(report: &RunOutcome) -> Vec<String> {
    let passed = report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Pass);
    let mut tightest: Vec<(f64, String)> = passed
        .filter_map(|outcome| {
            let used = outcome.measurements.iter().map(|one| (one.measure.used(), one));
            let (used, most) = used.max_by(|one, other| one.0.total_cmp(&other.0))?;
            (used > 0.0).then(|| (used, format!("{}: {most}", outcome.name)))
        })
        .collect();
    tightest.sort_by(|one, other| other.0.total_cmp(&one.0));
    tightest.into_iter().take(TIGHTEST).map(|(_, line)| line).collect()
}

/// Every comparison of a run, a line each below the name of its case.
pub(crate) fn numbers(report: &RunOutcome) -> String {
    let mut text = String::new();
    for outcome in report.outcomes.iter().filter(|outcome| !outcome.measurements.is_empty()) {
        let _ = writeln!(text, "{}", outcome.name);
        let mut call = "";
        for one in &outcome.measurements {
            if one.call != call {
                call = &one.call;
                let _ = writeln!(text, "  call {call}");
            }
            let _ = writeln!(text, "    {one}");
        }
    }
    text
}

/// The sentence for a conclusion, with its exit code.
pub(crate) fn verdict(conclusion: Conclusion) -> String {
    let sentence = match conclusion {
        Conclusion::Conforms => "conforms: everything came out as expected",
        Conclusion::KnownFailures => "passed with known failures: the backend does not conform",
        Conclusion::Fails => "does not conform: the backend is wrong",
        Conclusion::Outdated => {
            "out of date: an `xfail` or an entry of a known failure no longer holds; edit it as reported above"
        }
        Conclusion::Misconfigured => "inconclusive: the backend could not be tested, the configuration is wrong",
        Conclusion::PlatformFailed => "inconclusive: the backend could not be tested, the platform failed",
        Conclusion::HarnessFailed => "inconclusive: the backend could not be tested, hydrotest itself failed",
        Conclusion::NothingToCompare => {
            "inconclusive: there is nothing to compare with; record the missing results on a backend you trust with `--record`"
        }
        Conclusion::NothingRan => "inconclusive: nothing ran",
        Conclusion::Interrupted(Interruption::Interrupt) => "inconclusive: interrupted",
        Conclusion::Interrupted(Interruption::Terminate) => "inconclusive: terminated",
        Conclusion::Interrupted(Interruption::Hangup) => "inconclusive: the terminal is gone",
    };
    format!("{sentence} (exit code {})", conclusion.exit_code())
}

/// One line with the results of each level that has cases.
pub(crate) fn levels(evidence: &RunEvidence) -> String {
    let levels = [(Level::Core, evidence.core), (Level::Extended, evidence.extended)].into_iter();
    let levels: Vec<String> = levels
        .filter(|(_, tally)| tally.cases() > 0)
        .map(|(level, tally)| format!("{level}: {}", level_counts(&tally)))
        .collect();
    if levels.is_empty() { String::new() } else { format!("  {}\n", levels.join("; ")) }
}

/// A line for each tolerance that a backend does not share with others. Leaves none out.
pub(crate) fn own_tolerances(tolerances: &[String]) -> String {
    let lines = tolerances.iter().map(|tolerance| format!("  {OWN_TOLERANCES}: {}\n", plain_text(tolerance)));
    lines.collect::<Vec<_>>().concat()
}

fn level_counts(tally: &VerdictCounts) -> String {
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

fn section(text: &mut String, title: &str, lines: &[String]) {
    for line in lines.iter().take(NAMED) {
        let _ = writeln!(text, "  {title}: {}", plain_text(line));
    }
    if lines.len() > NAMED {
        let _ = writeln!(text, "  {title}: and {} more", lines.len() - NAMED);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::metric_value::{CheckedValue, Direction, MetricValue, Noise};
    use crate::outcome::{JudgedAttempt, Outcome};

    const SUBJECT: ReportHeader<'_> = ReportHeader {
        backend: "local",
        kind: "process",
        weights: "published",
        sentence: "the conclusion (exit code 0)",
        own_tolerances: &[],
        unused_snapshots: &[],
        pending_snapshots: &[],
        pending_directory: None,
        empty_suites: &[],
    };

    fn outcome(name: &str, verdict: Verdict, attempts: u32) -> Outcome {
        let once_wrong = JudgedAttempt { verdict: Verdict::Fail, findings: Vec::new() };
        Outcome {
            verdict,
            attempts,
            history: vec![once_wrong; attempts.saturating_sub(1) as usize],
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
        let report = RunOutcome { outcomes, elapsed: Duration::from_millis(1500), ..RunOutcome::default() };
        insta::assert_snapshot!(closing(&report, &SUBJECT), @"
        backend local (kind process, weights published): 3 cases over 2 models in 1.50 s
          2 passed, 1 failed, 1 flaky
          core: 2 of 3 passed, 1 failed
          flaky: esm2::embed::long (passed in attempt 2)
        the conclusion (exit code 0)
        ");
    }

    fn measured(observed: f64, floor: Option<f64>) -> CheckedValue {
        CheckedValue {
            check: "snapshot",
            call: "call".into(),
            path: "plddt[0]".into(),
            measure: MetricValue {
                key: "plddt",
                name: "pLDDT error",
                unit: "",
                better: Direction::Lower,
                observed,
                floor: floor.map(|worst| Noise { worst, slack: 1.0 }),
                allowed: 0.005,
            },
        }
    }

    #[test]
    fn passing_comparisons_tell_their_numbers() {
        let mut tight = outcome("esmfold::fold::short", Verdict::Pass, 1);
        tight.measurements = vec![measured(0.0, None), measured(0.004, Some(0.001))];
        let mut perfect = outcome("esmfold::fold::long", Verdict::Pass, 1);
        perfect.measurements = vec![measured(0.0, None)];
        let mut failed = outcome("esmfold::fold::other", Verdict::Fail, 1);
        failed.measurements = vec![measured(1.0, None)];
        let report = RunOutcome { outcomes: vec![perfect, tight, failed], ..RunOutcome::default() };
        // Neither what is perfect nor what failed is closest to its limit.
        insta::assert_snapshot!(closing(&report, &SUBJECT), @"
        backend local (kind process, weights published): 3 cases over 1 model in 0.00 s
          2 passed, 1 failed
          core: 2 of 3 passed, 1 failed
          tightest margins: esmfold::fold::short: snapshot plddt[0]: pLDDT error 0.004, floor 0.001, allowed 0.005: within tolerance
        the conclusion (exit code 0)
        ");
        insta::assert_snapshot!(numbers(&report), @"
        esmfold::fold::long
          call call
            snapshot plddt[0]: pLDDT error 0, allowed 0.005: indistinguishable
        esmfold::fold::short
          call call
            snapshot plddt[0]: pLDDT error 0, allowed 0.005: indistinguishable
            snapshot plddt[0]: pLDDT error 0.004, floor 0.001, allowed 0.005: within tolerance
        esmfold::fold::other
          call call
            snapshot plddt[0]: pLDDT error 1, allowed 0.005: different
        ");
    }

    #[test]
    fn unused_snapshots_are_named_with_a_way_out() {
        let report = RunOutcome { outcomes: vec![outcome("a::b::c", Verdict::Pass, 1)], ..RunOutcome::default() };
        let unused: Vec<String> = (0..12).map(|index| format!("esm2/old/case_{index}")).collect();
        let text = closing(&report, &ReportHeader { unused_snapshots: &unused, ..SUBJECT });
        insta::assert_snapshot!(text, @"
        backend local (kind process, weights published): 1 case over 1 model in 0.00 s
          1 passed, 0 failed
          core: 1 of 1 passed
          unused snapshot: esm2/old/case_0
          unused snapshot: esm2/old/case_1
          unused snapshot: esm2/old/case_2
          unused snapshot: esm2/old/case_3
          unused snapshot: esm2/old/case_4
          unused snapshot: esm2/old/case_5
          unused snapshot: esm2/old/case_6
          unused snapshot: esm2/old/case_7
          unused snapshot: esm2/old/case_8
          unused snapshot: esm2/old/case_9
          unused snapshot: and 2 more
          no case uses them: see `hydrotest snapshots prune`
        the conclusion (exit code 0)
        ");
    }
}
