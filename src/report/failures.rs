//! The failures of a run, for people: each cause once, its first case in full, the others by name. Does not judge or group cases.

use std::collections::HashMap;
use std::fmt::Write;

use crate::backend::Responsible;
use crate::metric_value::count;
use crate::outcome::Verdict;
use crate::outcome::record::{CaseRecord, FindingRecord, RunRecord, causes};

/// The most further cases of a cause that are named.
const NAMED: usize = 5;
/// The most lines of details, and of the log, that are shown of a finding.
const LINES: usize = 16;
/// The most characters of a line that are shown.
const WIDTH: usize = 400;

/// Which cases of a cause are shown in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// The first case.
    FirstCase,
    /// Every case.
    EveryCase,
}

/// Everything that went wrong, grouped by cause; empty if nothing did. Each cause ends with the entry in `entries` that would list its
/// first case as known.
pub(crate) fn failures(run: &RunRecord, telling: Telling, entries: &HashMap<&str, String>) -> String {
    let groups = causes(run);
    if groups.is_empty() {
        return String::new();
    }
    let cases: usize = groups.iter().map(|group| group.cases.len()).sum();
    let mut text = format!("\n{}, {} went wrong:\n", count(groups.len(), "cause"), count(cases, "case"));
    for (number, group) in groups.iter().enumerate() {
        let heading = format!("{} × {} ({})", group.cases.len(), cut(&group.title), meaning(group.first()));
        let _ = writeln!(text, "\n{}. {heading}", number + 1);
        let (reported, others) = group.cases.split_at(match telling {
            Telling::FirstCase => 1,
            Telling::EveryCase => group.cases.len(),
        });
        for case in reported {
            in_full(&mut text, case);
        }
        if !others.is_empty() {
            let named: Vec<&str> = others.iter().take(NAMED).map(|case| case.name.as_str()).collect();
            let more = match others.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more (`--verbose` tells all)"),
            };
            let _ = writeln!(text, "   also: {}{more}", named.join(", "));
        }
        for line in entries.get(group.first().name.as_str()).iter().flat_map(|entry| entry.lines()) {
            let _ = writeln!(text, "   {line}");
        }
    }
    if !run.hints.is_empty() {
        text.push_str("\nwhat the whole run shows:\n");
    }
    for hint in &run.hints {
        let _ = writeln!(text, "   {}\n     {}", cut(&hint.sentence), cut(&hint.evidence));
    }
    text.push('\n');
    text
}

/// The verdict of a case in words, with the responsible party.
fn meaning(case: &CaseRecord) -> &'static str {
    match (case.verdict, case.responsible) {
        (Verdict::Fail, _) => "the backend is wrong",
        (Verdict::Error, Some(Responsible::Reference)) => "there is nothing sound to compare with",
        (Verdict::Error, Some(Responsible::Settings)) => "the configuration is wrong",
        (Verdict::Error, Some(Responsible::Harness)) => "hydrotest could not judge it",
        (Verdict::Error, _) => "the platform failed",
        (Verdict::UnexpectedPass, _) => "it passes although a failure is expected: remove `xfail` from the case",
        (Verdict::Stale, _) => "it passes although its failure is known",
        (Verdict::ExpectedFailure, _) => "fails as expected",
        (Verdict::KnownUpstream, _) => "known upstream",
        (Verdict::KnownFailure, _) => "known of the backend",
        (Verdict::Pass, _) => "as it should be",
        (Verdict::Skip, _) => "not run",
    }
}

fn in_full(text: &mut String, case: &CaseRecord) {
    let _ = writeln!(text, "   {} ({})", case.name, case.place);
    for line in case.reason.iter().flat_map(|reason| reason.lines()) {
        let _ = writeln!(text, "     {}", cut(line));
    }
    if case.attempts.len() > 1 {
        let verdicts: Vec<String> = case.attempts.iter().map(|attempt| attempt.verdict.to_string()).collect();
        let _ = writeln!(text, "     attempts: {}", verdicts.join(", "));
    }
    for finding in case.findings() {
        finding_lines(text, finding);
    }
    let _ = writeln!(text, "     reproduce: {}", case.reproduce);
}

fn finding_lines(text: &mut String, finding: &FindingRecord) {
    let call = finding.call.as_deref().map_or_else(String::new, |call| format!(" [{call}]"));
    let _ = writeln!(text, "     {}{call}: {}", finding.check, cut(&finding.summary));
    for line in finding.details.iter().take(LINES) {
        let _ = writeln!(text, "       {}", cut(line));
    }
    if finding.details.len() > LINES {
        let _ = writeln!(text, "       … {}", count(finding.details.len() - LINES, "more line"));
    }
    for (label, advice) in [("likely cause", &finding.likely_cause), ("hint", &finding.hint)] {
        let Some(advice) = advice else { continue };
        let mut lines = advice.lines();
        let _ = writeln!(text, "       {label}: {}", cut(lines.next().unwrap_or_default()));
        for line in lines {
            let _ = writeln!(text, "         {}", cut(line));
        }
    }
    let hidden = finding.log.len().saturating_sub(LINES);
    if hidden > 0 {
        let _ = writeln!(text, "       log: … {} before", count(hidden, "line"));
    }
    for line in &finding.log[hidden..] {
        let _ = writeln!(text, "       log: {}", cut(line));
    }
}

/// Cuts a line to a readable length.
fn cut(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}… {} more characters", &line[..end], line[end..].chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::record::fixture::{case, finding, run};

    #[test]
    fn a_cause_is_told_once_and_its_other_cases_are_named() {
        let wrong = || {
            let mut wrong = finding("contract", "`embeddings`: expected float32, got float64");
            wrong.details = vec!["of 3 samples".into()];
            wrong.likely_cause = Some("the result was cast on its way".into());
            wrong.log = vec!["WARNING: slow".into()];
            vec![wrong]
        };
        let names = ["minimal", "short", "long", "wide", "deep", "odd", "even"];
        let mut cases: Vec<_> = names.map(|name| case(&format!("esm2::embed::{name}"), Verdict::Fail, wrong())).into();
        cases.push(case("esm2::embed::fine", Verdict::Pass, vec![]));
        let mut other = finding("response", "ready failed: exit code 3");
        other.responsible = Responsible::Platform;
        cases.push(case("esmfold::fold::short", Verdict::Error, vec![other]));
        insta::assert_snapshot!(failures(&run(cases), Telling::FirstCase, &HashMap::new()), @r"

        2 causes, 8 cases went wrong:

        1. 7 × `embeddings`: expected float32, got float64 (the backend is wrong)
           esm2::embed::minimal (suites/embed.toml:7)
             contract [call]: `embeddings`: expected float32, got float64
               of 3 samples
               likely cause: the result was cast on its way
               log: WARNING: slow
             reproduce: hydrotest --backend lab --exact esm2::embed::minimal
           also: esm2::embed::short, esm2::embed::long, esm2::embed::wide, esm2::embed::deep, esm2::embed::odd and 1 more (`--verbose` tells all)

        2. 1 × exit code 3 (the platform failed)
           esmfold::fold::short (suites/fold.toml:7)
             response [call]: ready failed: exit code 3
             reproduce: hydrotest --backend lab --exact esmfold::fold::short
        ");
        assert_eq!(failures(&run(vec![]), Telling::EveryCase, &HashMap::new()), "");
    }

    #[test]
    fn what_floods_a_screen_is_cut() {
        let mut wide = finding("contract", &"x".repeat(1000));
        wide.details = vec!["detail".into(); 100];
        wide.log = vec!["log".into(); 100];
        let text =
            failures(&run(vec![case("a::b::c", Verdict::Fail, vec![wide])]), Telling::EveryCase, &HashMap::new());
        assert!(
            text.lines().count() < 45 && text.contains("… 84 more lines") && text.contains("log: … 84 lines before")
        );
        assert!(text.lines().all(|line| line.chars().count() < 500));
    }
}
