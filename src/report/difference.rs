//! The changes from one run to another, for people: what got worse first. Does not compare runs.

use std::fmt::Write;

use super::words::{headline, message};
use crate::metric_value::count;
use crate::outcome::Verdict;
use crate::outcome::record::{CaseChange, CaseRecord, Change, MetricRecord, RunDifference, RunRecord};

/// The changes, ending in a line break.
pub(crate) fn text(old: &RunRecord, new: &RunRecord, difference: &RunDifference<'_>) -> String {
    let mut text = String::new();
    for warning in &difference.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    let _ = writeln!(text, "old: {}\nnew: {}", headline(old), headline(new));
    let titles = [
        "newly failing",
        "no longer passing",
        "newly flaky",
        "gone, and did not fail before",
        "closer to the limit",
        "other cause",
        "new",
        "gone",
        "farther from the limit",
        "newly passing",
        "no longer failing",
    ];
    for title in titles {
        let changes: Vec<&CaseChange<'_>> =
            difference.cases.iter().filter(|change| title_of(change) == title).collect();
        let Some(first) = changes.first() else { continue };
        let worse = if first.change.is_worse() { " (worse)" } else { "" };
        let _ = writeln!(text, "\n{title}{worse}: {}", count(changes.len(), "case"));
        for change in changes {
            describe(&mut text, change);
        }
    }
    for (what, before, after) in &difference.faults {
        let _ = writeln!(text, "\n{what} (worse): {before} before, {after} now");
    }
    let verdict = if difference.is_worse() {
        "something got worse (exit code 1)"
    } else if difference.cases.is_empty() {
        "nothing changed (exit code 0)"
    } else {
        "nothing got worse (exit code 0)"
    };
    let _ = writeln!(text, "\n{} as before; {verdict}", count(difference.unchanged, "case"));
    text
}

fn title_of(change: &CaseChange<'_>) -> &'static str {
    let passes = change.new.is_some_and(|case| case.verdict == Verdict::Pass);
    match change.change {
        Change::NewlyFailing => "newly failing",
        Change::Weaker => "no longer passing",
        Change::NewlyFlaky => "newly flaky",
        Change::GoneRight => "gone, and did not fail before",
        Change::Closer(_) => "closer to the limit",
        Change::OtherCause => "other cause",
        Change::New => "new",
        Change::Gone => "gone",
        Change::Farther(_) => "farther from the limit",
        Change::Stronger if passes => "newly passing",
        Change::Stronger => "no longer failing",
    }
}

fn describe(text: &mut String, change: &CaseChange<'_>) {
    let name = change.new.or(change.old).map_or("", |case| &case.name);
    if let Change::Closer(moved) | Change::Farther(moved) = &change.change {
        let _ = writeln!(text, "  {name}");
        for (before, after) in moved {
            let _ = writeln!(text, "    {}", shown(before, after));
        }
        return;
    }
    let word = |case: Option<&CaseRecord>| case.map_or_else(|| "absent".to_owned(), |case| case.verdict.to_string());
    let _ = writeln!(text, "  {name}: {}, was {}", word(change.new), word(change.old));
    if let Some(old) = change.old.filter(|_| change.change == Change::OtherCause) {
        let _ = writeln!(text, "    was: {}", message(old));
    }
    if let Some(new) = change.new.filter(|case| case.is_wrong()) {
        let _ = writeln!(text, "    {}", message(new));
    }
}

/// `snapshot [call] atom_array[0]: CA RMSD 0.1 Å, was 0.02 Å, allowed 0.5 (20 % used, was 4 %)`.
fn shown(before: &MetricRecord, after: &MetricRecord) -> String {
    let space = if after.unit.is_empty() { "" } else { " " };
    let percent = |metric: &MetricRecord| format!("{:.0} %", metric.used.value() * 100.0);
    format!(
        "{} [{}] {}: {} {}{space}{}, was {}{space}{}, allowed {} ({} used, was {})",
        after.check,
        after.call,
        after.field,
        after.name,
        after.observed,
        after.unit,
        before.observed,
        before.unit,
        after.allowed,
        percent(after),
        percent(before),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::record::difference;
    use crate::outcome::record::fixture::{case, finding, metric, run, with_tolerances};

    fn numbered(name: &str, used: f64) -> CaseRecord {
        let mut case = case(name, Verdict::Pass, vec![]);
        case.metrics = vec![metric("atom_array[0]", used)];
        case
    }

    fn wrong(name: &str, summary: &str) -> CaseRecord {
        case(name, Verdict::Fail, vec![finding("contract", summary)])
    }

    #[test]
    fn everything_that_changed_is_told_and_what_got_worse_first() {
        let old = run(vec![
            case("esm2::embed::broken", Verdict::Pass, vec![]),
            case("esm2::embed::same", Verdict::Pass, vec![]),
            wrong("esm2::embed::other", "got float64"),
            wrong("esm2::embed::fixed", "got float64"),
            case("esm2::embed::gone", Verdict::Pass, vec![]),
            wrong("esm2::embed::gone_wrong", "got float64"),
            case("esm2::embed::skipped", Verdict::Pass, vec![]),
            numbered("esm2::embed::closer", 0.04),
            numbered("esm2::embed::farther", 0.8),
            numbered("esm2::embed::near", 0.5),
        ]);
        let mut new = run(vec![
            wrong("esm2::embed::broken", "got float16"),
            case("esm2::embed::same", Verdict::Pass, vec![]),
            wrong("esm2::embed::other", "got int8"),
            case("esm2::embed::fixed", Verdict::Pass, vec![]),
            case("esm2::embed::skipped", Verdict::Skip, vec![]),
            case("esm2::embed::new", Verdict::Pass, vec![]),
            numbered("esm2::embed::closer", 0.2),
            numbered("esm2::embed::farther", 0.2),
            numbered("esm2::embed::near", 0.55),
        ]);
        new.harness.suites_sha256 = "1".into();
        new.leaks = vec!["process 17".into()];
        let changed = difference(&old, &new);
        assert!(changed.is_worse());
        insta::assert_snapshot!(text(&old, &new, &changed), @"
        warning: the suites are not the same in both runs
        warning: the old run did not end
        warning: the new run did not end
        old: incomplete: the run did not end; 10 of 10 selected cases have an outcome
        new: incomplete: the run did not end; 9 of 9 selected cases have an outcome

        newly failing (worse): 1 case
          esm2::embed::broken: fail, was pass
            got float16

        no longer passing (worse): 1 case
          esm2::embed::skipped: skip, was pass

        gone, and did not fail before (worse): 1 case
          esm2::embed::gone: absent, was pass

        closer to the limit (worse): 1 case
          esm2::embed::closer
            snapshot [call] atom_array[0]: CA RMSD 0.1 Å, was 0.02 Å, allowed 0.5 (20 % used, was 4 %)

        other cause: 1 case
          esm2::embed::other: fail, was fail
            was: got float64
            got int8

        new: 1 case
          esm2::embed::new: pass, was absent

        gone: 1 case
          esm2::embed::gone_wrong: absent, was fail

        farther from the limit: 1 case
          esm2::embed::farther
            snapshot [call] atom_array[0]: CA RMSD 0.1 Å, was 0.4 Å, allowed 0.5 (20 % used, was 80 %)

        newly passing: 1 case
          esm2::embed::fixed: pass, was fail

        leaks (worse): 0 before, 1 now

        2 cases as before; something got worse (exit code 1)
        ");
    }

    #[test]
    fn nothing_and_improvements_are_not_worse() {
        let old = run(vec![wrong("esm2::embed::fixed", "got float64"), numbered("esm2::embed::same", f64::NAN)]);
        let same = difference(&old, &old);
        assert!(!same.is_worse() && same.cases.is_empty());
        assert_eq!(same.unchanged, 2);
        let new =
            run(vec![case("esm2::embed::fixed", Verdict::ExpectedFailure, vec![]), numbered("esm2::embed::same", 0.1)]);
        let better = difference(&old, &new);
        assert!(!better.is_worse());
        insta::assert_snapshot!(text(&old, &new, &better), @"
        warning: the old run did not end
        warning: the new run did not end
        old: incomplete: the run did not end; 2 of 2 selected cases have an outcome
        new: incomplete: the run did not end; 2 of 2 selected cases have an outcome

        farther from the limit: 1 case
          esm2::embed::same
            snapshot [call] atom_array[0]: CA RMSD 0.05 Å, was NaN Å, allowed 0.5 (10 % used, was NaN %)

        no longer failing: 1 case
          esm2::embed::fixed: xfail, was fail

        0 cases as before; nothing got worse (exit code 0)
        ");
        assert!(difference(&new, &old).is_worse());
    }

    #[test]
    fn runs_with_other_tolerances_are_not_like() {
        let old = run(vec![case("esmfold::fold::short", Verdict::Pass, vec![])]);
        let new = with_tolerances(old.clone());
        let reported = text(&old, &new, &difference(&old, &new));
        insta::assert_snapshot!(reported.lines().next().unwrap_or_default(), @"warning: the tolerances of the backend's own: none in the old run, esm2 floor.slack 1.2, shared 1.5 (narrower); esmfold structure.rmsd 1.2, shared 0.6 (wider) in the new one");
        assert!(!text(&new, &new, &difference(&new, &new)).contains("tolerances"));
    }

    #[test]
    fn a_new_case_that_fails_and_one_that_became_flaky_are_worse() {
        let none = run(vec![]);
        let failing = run(vec![wrong("esm2::embed::new", "got float64")]);
        assert!(difference(&none, &failing).is_worse());
        let passing = run(vec![case("esm2::embed::a", Verdict::Pass, vec![])]);
        let mut flaky = passing.clone();
        let mut wrong = flaky.cases[0].attempts[0].clone();
        wrong.verdict = Verdict::Error;
        flaky.cases[0].attempts.insert(0, wrong);
        assert!(difference(&passing, &flaky).is_worse());
        assert!(!difference(&flaky, &passing).is_worse());
        assert!(!difference(&none, &passing).is_worse());
    }
}
