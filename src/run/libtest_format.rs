//! The forms of libtest, for the tools that read them: trials that wait for their outcome, printed by libtest-mimic in plan order.

use std::collections::HashSet;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use super::progress::Progress;
use super::{Showing, TrialFormat, Trials, known};
use crate::check::Finding;
use crate::outcome::record::plain_text;
use crate::outcome::{Outcome, Verdict};

/// The kind of trials that are not selected: libtest-mimic leaves them out and counts them.
const NOT_SELECTED: &str = "not selected";

/// Shows what comes of the selected trials, and collects it in plan order.
///
/// # Errors
/// When the output goes away.
pub(super) fn show(showing: &Arc<Showing>, selected: &[usize], selecting: &Trials) -> std::io::Result<Vec<Outcome>> {
    let collected = Arc::new(Mutex::new(Vec::new()));
    let trials = trials(showing, selected, selecting, &collected);
    let arguments =
        Arguments { test_threads: Some(1), skip: vec![format!("[{NOT_SELECTED}] ")], ..selecting.arguments() };
    let printed = printing(|| libtest_mimic::run(&arguments, trials));
    let outcomes = std::mem::take(&mut *collected.lock().unwrap_or_else(PoisonError::into_inner));
    printed.map(|_| outcomes)
}

/// Runs what panics when its output goes away: what was started has to be stopped all the same, and a panic of the printer is no
/// defect that a person should read about.
fn printing<T>(print: impl FnOnce() -> T) -> std::io::Result<T> {
    let usual = Arc::new(panic::take_hook());
    let shown = Arc::clone(&usual);
    panic::set_hook(Box::new(move |info| {
        let is_of_the_printer = info.location().is_some_and(|place| place.file().contains("libtest-mimic"));
        if !is_of_the_printer {
            shown(info);
        }
    }));
    let printed = panic::catch_unwind(AssertUnwindSafe(print));
    panic::set_hook(Box::new(move |info| usual(info)));
    printed.map_err(|_| std::io::Error::other("standard output cannot be written"))
}

/// One libtest-mimic trial for each selected one.
fn trials(
    showing: &Arc<Showing>,
    selected: &[usize],
    selecting: &Trials,
    collected: &Arc<Mutex<Vec<Outcome>>>,
) -> Vec<Trial> {
    let progress = Arc::new(Mutex::new(match selecting.format {
        TrialFormat::Terse => Progress::off(),
        // There is no line of its own behind which anything could stand.
        TrialFormat::Json => Progress::lines(),
        TrialFormat::Pretty | TrialFormat::Cases => Progress::detect(),
    }));
    let names = selected.iter().map(|&index| showing.plan.trials[index].name.len());
    let printed = "test  ... ".len() + names.max().unwrap_or(0);
    let trial = |&index: &usize| {
        let (showing, progress, collected) = (Arc::clone(showing), Arc::clone(&progress), Arc::clone(collected));
        let format = selecting.format;
        Trial::ignorable_test(showing.plan.trials[index].name.clone(), move || {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            let outcome = showing.wait(index, printed, &mut progress);
            let said = said(&showing, &outcome, format);
            collected.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
            said
        })
    };
    // The others are counted as filtered out, by their kind.
    let chosen: HashSet<usize> = selected.iter().copied().collect();
    let others = (0..showing.plan.trials.len()).filter(|index| !chosen.contains(index));
    let others =
        others.map(|index| Trial::test(showing.plan.trials[index].name.clone(), || Ok(())).with_kind(NOT_SELECTED));
    selected.iter().map(trial).chain(others).collect()
}

/// What libtest-mimic is to print of an outcome.
fn said(showing: &Showing, outcome: &Outcome, format: TrialFormat) -> Result<Completion, Failed> {
    match outcome.verdict {
        Verdict::Pass | Verdict::ExpectedFailure => Ok(Completion::Completed),
        Verdict::Skip => Ok(Completion::ignored_with(outcome.reason.as_deref().unwrap_or("skipped"))),
        Verdict::KnownFailure => {
            Ok(Completion::ignored_with(format!("known failure: {}", outcome.reason.as_deref().unwrap_or_default())))
        }
        Verdict::KnownUpstream => {
            Ok(Completion::ignored_with(format!("known upstream: {}", outcome.reason.as_deref().unwrap_or_default())))
        }
        Verdict::Fail | Verdict::Error | Verdict::UnexpectedPass | Verdict::Stale => {
            Err(Failed::from(explain(showing, outcome, format)))
        }
    }
}

/// The story of a case that went wrong: all of it for a program, what a person reads of it else.
fn explain(showing: &Showing, outcome: &Outcome, format: TrialFormat) -> String {
    if format == TrialFormat::Json {
        return outcome.explain(&showing.reproduce) + &entry(showing, outcome);
    }
    let shortened = Outcome { findings: outcome.findings.iter().map(Finding::shortened).collect(), ..outcome.clone() };
    plain_text(&(shortened.explain(&showing.reproduce) + &entry(showing, outcome)))
}

/// The entry that would list a failure as known, below the line that says where it goes.
fn entry(showing: &Showing, outcome: &Outcome) -> String {
    let place = (showing.known_failures.as_ref()).filter(|_| outcome.verdict == Verdict::Fail);
    place.map_or_else(String::new, |place| format!("\n\n{place}\n{}", outcome.known_entry(&known::listed_until())))
}
