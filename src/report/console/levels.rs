//! What the closing lines say of core and extended cases, and whether a run without a failure shows that a backend conforms.
//! Counts; judges no case.

use std::fmt::Write;

use super::{RunScope, verdict};
use crate::config::Level;
use crate::metric_value::count;
use crate::outcome::{Conclusion, RunOutcome, VerdictCounts};

/// One line with the results of each level that has cases.
pub(super) fn line(report: &RunOutcome) -> String {
    let levels = Level::ALL.into_iter().map(|level| (level, report.tally_of(level)));
    let levels: Vec<String> = levels
        .filter(|(_, tally)| tally.cases() > 0)
        .map(|(level, tally)| format!("{level}: {}", counts(&tally)))
        .collect();
    if levels.is_empty() {
        return String::new();
    }
    format!("  {}\n", levels.join("; "))
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

/// The sentence for a run of everything, or of every core case, in which all that ran came out as expected. Only where every core
/// case that applies was run is it known that the backend conforms.
pub(super) fn conforming(report: &RunOutcome, extent: RunScope) -> String {
    let (every_port, all) = (report.tally_of(Level::Core), report.tally());
    let code = Conclusion::Conforms.exit_code();
    let judged = all.passed + all.expected_failures;
    let missing = every_port.skipped - every_port.inapplicable;
    let gap = match (missing, every_port.ran()) {
        (0, 0) => Some("no core case ran".to_owned()),
        (0, _) => None,
        _ => Some(format!("{} skipped", count(missing, "core case"))),
    };
    if let Some(gap) = gap {
        return format!(
            "passed: {judged} of {} cases judged; {gap}, so that it is not known whether the backend conforms (exit code {code})",
            all.cases()
        );
    }
    let sentence = match (extent, every_port.inapplicable) {
        (RunScope::Core, 0) => "conforms at level core: every core case came out as expected".to_owned(),
        (RunScope::Core, _) => "conforms at level core: every core case that applies came out as expected".to_owned(),
        (_, 0) => return verdict(Conclusion::Conforms),
        (_, some) => format!(
            "conforms: everything that applies came out as expected; {} not applicable",
            count(some, "core case")
        ),
    };
    format!("{sentence} (exit code {code})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::skip::SkipCause;
    use crate::outcome::{Outcome, Verdict};

    fn outcome(level: Level, verdict: Verdict, skip_cause: SkipCause) -> Outcome {
        Outcome {
            level,
            verdict,
            skip_cause,
            ..Outcome::skipped("esm2::embed::short", "")
        }
    }

    fn said(cases: &[(Level, Verdict, SkipCause)]) -> String {
        let cases = cases
            .iter()
            .map(|&(level, verdict, cause)| outcome(level, verdict, cause));
        let report = RunOutcome {
            outcomes: cases.collect(),
            ..RunOutcome::default()
        };
        line(&report) + &conforming(&report, RunScope::Whole) + "\n" + &conforming(&report, RunScope::Core)
    }

    #[test]
    fn only_where_every_core_case_ran_it_conforms() {
        use Level::{Core, Extended};
        use SkipCause::{Inapplicable, NotRun};
        let passed = [(Core, Verdict::Pass, NotRun), (Extended, Verdict::Pass, NotRun)];
        let with = |more: (Level, Verdict, SkipCause)| said(&[&passed[..], &[more]].concat());
        insta::assert_snapshot!(said(&passed), @"
          core: 1 of 1 passed; extended: 1 of 1 passed
        conforms: everything came out as expected (exit code 0)
        conforms at level core: every core case came out as expected (exit code 0)
        ");
        insta::assert_snapshot!(with((Core, Verdict::Skip, NotRun)), @"
          core: 1 of 2 passed, 1 skipped; extended: 1 of 1 passed
        passed: 2 of 3 cases judged; 1 core case skipped, so that it is not known whether the backend conforms (exit code 0)
        passed: 2 of 3 cases judged; 1 core case skipped, so that it is not known whether the backend conforms (exit code 0)
        ");
        insta::assert_snapshot!(with((Core, Verdict::Skip, Inapplicable)), @"
          core: 1 of 2 passed, 1 not applicable; extended: 1 of 1 passed
        conforms: everything that applies came out as expected; 1 core case not applicable (exit code 0)
        conforms at level core: every core case that applies came out as expected (exit code 0)
        ");
        insta::assert_snapshot!(with((Extended, Verdict::Skip, NotRun)), @"
          core: 1 of 1 passed; extended: 1 of 2 passed, 1 skipped
        conforms: everything came out as expected (exit code 0)
        conforms at level core: every core case came out as expected (exit code 0)
        ");
        insta::assert_snapshot!(with((Core, Verdict::KnownUpstream, NotRun)), @"
          core: 1 of 2 passed, 1 known upstream; extended: 1 of 1 passed
        conforms: everything came out as expected (exit code 0)
        conforms at level core: every core case came out as expected (exit code 0)
        ");
        insta::assert_snapshot!(said(&passed[1..]), @"
          extended: 1 of 1 passed
        passed: 1 of 1 cases judged; no core case ran, so that it is not known whether the backend conforms (exit code 0)
        passed: 1 of 1 cases judged; no core case ran, so that it is not known whether the backend conforms (exit code 0)
        ");
    }
}
