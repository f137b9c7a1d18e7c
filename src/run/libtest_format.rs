//! The output forms of libtest, for tools that read them: libtest-mimic prints trials that wait for their outcome, in plan order. Does not
//! run the cases.

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

/// Shows the outcomes of the selected trials, and returns them in plan order.
///
/// # Errors
/// If the output cannot be written.
pub(super) fn show(showing: &Arc<Showing>, selected: &[usize], selecting: &Trials) -> std::io::Result<Vec<Outcome>> {
    let collected = Arc::new(Mutex::new(Vec::new()));
    let trials = trials(showing, selected, selecting, &collected);
    let arguments =
        Arguments { test_threads: Some(1), skip: vec![format!("[{NOT_SELECTED}] ")], ..selecting.arguments() };
    let printed = printing(|| libtest_mimic::run(&arguments, trials));
    let outcomes = std::mem::take(&mut *collected.lock().unwrap_or_else(PoisonError::into_inner));
    printed.map(|_| outcomes)
}

/// Runs a printer that panics if its output is closed. Everything must be stopped all the same, and the panic is not shown, because it is
/// not a defect.
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
        // JSON has no unfinished line that a suffix could follow.
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
            let completion = completion(&showing, &outcome, format);
            collected.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
            completion
        })
    };
    // The others are counted as filtered out, by their kind.
    let chosen: HashSet<usize> = selected.iter().copied().collect();
    let other = |index: usize| Trial::test(showing.plan.trials[index].name.clone(), || Ok(())).with_kind(NOT_SELECTED);
    let others = (0..showing.plan.trials.len()).filter(|index| !chosen.contains(index)).map(other);
    selected.iter().map(trial).chain(others).collect()
}

/// The result that libtest-mimic prints for an outcome.
fn completion(showing: &Showing, outcome: &Outcome, format: TrialFormat) -> Result<Completion, Failed> {
    let reason = outcome.reason.as_deref();
    match outcome.verdict {
        Verdict::Pass | Verdict::ExpectedFailure => Ok(Completion::Completed),
        Verdict::Skip => Ok(Completion::ignored_with(reason.unwrap_or("skipped"))),
        Verdict::KnownFailure => Ok(Completion::ignored_with(format!("known failure: {}", reason.unwrap_or_default()))),
        Verdict::KnownUpstream => {
            Ok(Completion::ignored_with(format!("known upstream: {}", reason.unwrap_or_default())))
        }
        Verdict::Fail | Verdict::Error | Verdict::UnexpectedPass | Verdict::Stale => {
            Err(Failed::from(explain(showing, outcome, format)))
        }
    }
}

/// Explains a case that went wrong, in full for a program and shortened for people. Adds the entry that would list a failure as known.
fn explain(showing: &Showing, outcome: &Outcome, format: TrialFormat) -> String {
    let place = showing.known_failures.as_ref().filter(|_| outcome.verdict == Verdict::Fail);
    let entry = place.map(|place| format!("\n\n{place}\n{}", outcome.known_entry(&known::listed_until())));
    let entry = entry.unwrap_or_default();
    if format == TrialFormat::Json {
        return outcome.explain(&showing.reproduce) + &entry;
    }
    let shortened = Outcome { findings: outcome.findings.iter().map(Finding::shortened).collect(), ..outcome.clone() };
    plain_text(&(shortened.explain(&showing.reproduce) + &entry))
}
