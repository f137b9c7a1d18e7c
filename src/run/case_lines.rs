//! The output for people: a line for each case in plan order, with its time, and a live line below. The report at the end, which is by
//! cause, is not made here.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use super::progress::Progress;
use super::{Colours, Showing, Trials};
use crate::outcome::record::{FindingRecord, HintKind, HintRecord, cause_of, plain_line};
use crate::outcome::{Outcome, Verdict};

/// A case that takes longer is marked as slow.
const SLOW: Duration = Duration::from_secs(60);

/// Most characters of a reason on the line of a case.
const LONGEST_REASON: usize = 160;

/// Lines of details that are shown with a new cause.
const FIRST_DETAILS: usize = 3;

/// Shows the outcomes of the selected trials, and returns them in plan order.
///
/// # Errors
/// If the output cannot be written.
pub(super) fn show(showing: &Showing, selected: &[usize], selecting: &Trials) -> io::Result<Vec<Outcome>> {
    let mut progress = Progress::detect();
    let mut stdout = io::stdout().lock();
    let mut outcomes = Vec::with_capacity(selected.len());
    let mut known = HashSet::new();
    let mut shown = HashSet::new();
    let mut wrong = 0;
    for &index in selected {
        let outcome = showing.wait(index, 0, &mut progress);
        writeln!(stdout, "{}", line(&outcome, selecting.colours))?;
        if outcome.is_wrong() {
            stdout.write_all(new_cause(&outcome, &mut known).as_bytes())?;
            wrong += 1;
            if is_time_to_look(wrong) {
                stdout.write_all(shown_so_far(&showing.queue.hints(), &mut shown).as_bytes())?;
            }
        }
        outcomes.push(outcome);
    }
    stdout.flush()?;
    Ok(outcomes)
}

/// The finding of a wrong case, if no earlier case had the same cause, so that a reader sees it before the end.
fn new_cause(outcome: &Outcome, known: &mut HashSet<String>) -> String {
    let Some(finding) = outcome.deciding_finding() else { return String::new() };
    let finding = FindingRecord::of(&finding.shortened());
    let (key, summary) = cause_of(&finding);
    if !known.insert(key) {
        return String::new();
    }
    let mut text = format!("      {}\n", cut(summary));
    for line in finding.details.iter().filter(|line| !line.starts_with("fault: ")).take(FIRST_DETAILS) {
        let _ = writeln!(text, "        {}", cut(line));
    }
    let first_line = |text: &Option<String>| text.as_deref().and_then(|text| text.lines().next()).map(cut);
    if let Some(cause) = first_line(&finding.likely_cause) {
        let _ = writeln!(text, "        likely cause: {cause}");
    } else if let Some(hint) = first_line(&finding.hint) {
        let _ = writeln!(text, "        hint: {hint}");
    } else if let Some(line) = finding.log.last() {
        let _ = writeln!(text, "        log: {}", cut(line));
    }
    text
}

/// Whether to look for hints after this many wrong cases. Each look reads every case, so that one per case would take quadratic time. The
/// end of the run looks at all cases anyway.
const fn is_time_to_look(wrong: usize) -> bool {
    wrong <= 64 || wrong.is_power_of_two()
}

/// The hints of the cases so far that were not shown yet.
fn shown_so_far(hints: &[HintRecord], shown: &mut HashSet<HintKind>) -> String {
    let mut text = String::new();
    for hint in hints.iter().filter(|hint| shown.insert(hint.kind)) {
        let _ = writeln!(text, "      so far: {}", hint.sentence);
        let _ = writeln!(text, "        {}", hint.evidence);
    }
    text
}

fn cut(line: &str) -> String {
    line.chars().take(LONGEST_REASON).collect()
}

/// The line of one case.
fn line(outcome: &Outcome, colours: Colours) -> String {
    let (word, colour) = match outcome.verdict {
        Verdict::Pass if outcome.is_flaky() => ("FLAKY", 33),
        Verdict::Pass => ("PASS", 32),
        Verdict::Fail => ("FAIL", 31),
        Verdict::Error => ("ERROR", 31),
        Verdict::Skip => ("SKIP", 33),
        Verdict::ExpectedFailure => ("XFAIL", 36),
        Verdict::KnownUpstream | Verdict::KnownFailure => ("KNOWN", 36),
        Verdict::Stale => ("STALE", 31),
        Verdict::UnexpectedPass => ("XPASS", 31),
    };
    let word = format!("{word:>5}");
    let word = match colours {
        Colours::On => format!("\x1b[{colour};1m{word}\x1b[0m"),
        Colours::Off => word,
    };
    let seconds = outcome.times.calls + outcome.times.judge;
    let mut line = if outcome.attempts == 0 {
        format!("{word} [         ] {}", outcome.name)
    } else {
        format!("{word} [{seconds:>8.3}s] {}", outcome.name)
    };
    if seconds > SLOW.as_secs_f64() {
        line.push_str(" (slow)");
    }
    if outcome.times.start > 1.0 {
        let _ = write!(line, " (and {:.1} s to start)", outcome.times.start);
    }
    if let (Verdict::Skip | Verdict::ExpectedFailure | Verdict::KnownUpstream | Verdict::KnownFailure, Some(reason)) =
        (outcome.verdict, &outcome.reason)
    {
        let _ = write!(line, ": {}", cut(&plain_line(reason.lines().next().unwrap_or_default())));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(verdict: Verdict, attempts: u32) -> Outcome {
        let mut outcome = Outcome::skipped("esm2::embed::short", "kind `http` starts nothing");
        outcome.verdict = verdict;
        outcome.attempts = attempts;
        outcome.times.calls = 0.25;
        outcome
    }

    #[test]
    fn a_line_has_verdict_time_and_name() {
        insta::assert_snapshot!(line(&outcome(Verdict::Pass, 1), Colours::Off), @" PASS [   0.250s] esm2::embed::short");
        insta::assert_snapshot!(line(&outcome(Verdict::Skip, 0), Colours::Off), @" SKIP [         ] esm2::embed::short: kind `http` starts nothing");
        let mut slow = outcome(Verdict::Fail, 1);
        slow.times.calls = 61.5;
        slow.times.start = 12.25;
        insta::assert_snapshot!(line(&slow, Colours::Off), @" FAIL [  61.500s] esm2::embed::short (slow) (and 12.2 s to start)");
        assert!(line(&slow, Colours::On).starts_with("\x1b[31;1m FAIL\x1b[0m [  61"));
    }

    #[test]
    fn a_cause_is_told_where_it_is_first_seen() {
        let mut known = HashSet::new();
        let mut wrong = outcome(Verdict::Fail, 1);
        let finding = crate::check::Finding::wrong("contract", "call", "embeddings: expected float32, got float64");
        wrong.findings = vec![finding.detail("of 3 samples").hint("likely cause: the result was cast on its way")];
        insta::assert_snapshot!(new_cause(&wrong, &mut known), @r"
              embeddings: expected float32, got float64
                of 3 samples
                likely cause: the result was cast on its way
        ");
        assert_eq!(new_cause(&wrong, &mut known), "");
    }

    #[test]
    fn what_a_platform_says_cannot_act_on_the_terminal() {
        let mut skipped = outcome(Verdict::Skip, 0);
        skipped.reason = Some("\u{1b}]0;owned\u{7}".into());
        assert!(!line(&skipped, Colours::Off).contains('\u{1b}'));
    }
}
