//! Applies known failures to outcomes: an explained failure is neither a pass nor a surprise, as long as its entry is not out of date.
//! Reads no file.

#[cfg(test)]
pub(super) mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::backend::Responsible;
use crate::check::Finding;
use crate::outcome::{Outcome, Verdict};
use crate::plan::{Plan, PlannedTrial};
use crate::prediction::known::{KnownCourse, KnownDefect, KnownOrigin, date};

const SECONDS_OF_A_DAY: u64 = 86_400;

/// Number of days until an offered entry expires.
const LISTED_FOR: i64 = 90;

/// The date on which an offered entry expires.
pub(crate) fn listed_until() -> String {
    date(today() + LISTED_FOR)
}

/// Today, in days since 1970.
pub(crate) fn today() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs() / SECONDS_OF_A_DAY).unwrap_or(i64::MAX)
}

/// Compares a failure with the entries for its case, and a pass with the entries by which it always fails.
pub(crate) fn weigh(trial: &PlannedTrial, outcome: &mut Outcome, today: i64) {
    let is_error = outcome.verdict == Verdict::Error;
    // A failure of a platform can only be known of its site, not of boileroom's own code. Entries for flaky cases apply to retries.
    let concerns = |known: &&Arc<KnownDefect>| {
        known.course == KnownCourse::Always && (!is_error || known.origin == KnownOrigin::Site)
    };
    let always = || trial.known.iter().filter(concerns);
    match outcome.verdict {
        Verdict::Fail | Verdict::Error => {
            let current: Vec<_> = always().filter(|known| today <= known.expires).collect();
            let of_upstream = |known: &&Arc<KnownDefect>| known.origin == KnownOrigin::Upstream;
            let upstream: Vec<_> = current.iter().copied().filter(of_upstream).collect();
            if !is_error && explain(&upstream, &outcome.findings) {
                outcome.verdict = Verdict::KnownUpstream;
                outcome.reason = Some(reasons(&upstream, &outcome.findings));
            } else if explain(&current, &outcome.findings) && outcome.findings.iter().all(is_of_the_site) {
                outcome.verdict = Verdict::KnownFailure;
                outcome.reason = Some(reasons(&current, &outcome.findings));
            } else if explain(&always().collect::<Vec<_>>(), &outcome.findings)
                && let Some(defect) = always().find(|known| today > known.expires)
            {
                let known = match defect.origin {
                    KnownOrigin::Upstream => "known upstream",
                    KnownOrigin::Site => "known failure",
                };
                outcome.reason = Some(format!(
                    "{known} until {}: look whether that still holds, and renew `expires` or remove the entry at {}",
                    defect.expires_text, defect.place
                ));
            }
        }
        Verdict::Pass => {
            if let Some(defect) = always().find(|defect| defect.is_about_one()) {
                outcome.verdict = Verdict::Stale;
                outcome.reason = Some(out_of_date(defect));
            }
        }
        _ => {}
    }
}

/// The entry by which a case may pass in a retry after these findings.
pub(super) fn flaky<'a>(trial: &'a PlannedTrial, findings: &[Finding], today: i64) -> Option<&'a Arc<KnownDefect>> {
    let mut listed = trial.known.iter().filter(|known| known.course == KnownCourse::Flaky);
    listed.find(|known| today <= known.expires && explain(&[known], findings) && findings.iter().all(is_of_the_site))
}

/// Whether a finding is about the backend or its platform. No entry explains a wrong configuration or a failure of hydrotest.
fn is_of_the_site(finding: &Finding) -> bool {
    matches!(finding.responsible, Responsible::Backend | Responsible::Platform)
}

/// Whether entries explain every finding.
fn explain(known: &[&Arc<KnownDefect>], findings: &[Finding]) -> bool {
    let explained = |text: String| known.iter().any(|defect| defect.explains(&text));
    findings.iter().map(ToString::to_string).all(explained)
}

/// The reasons of the entries that explain a finding.
fn reasons(known: &[&Arc<KnownDefect>], findings: &[Finding]) -> String {
    let is_used = |defect: &&&Arc<KnownDefect>| findings.iter().any(|finding| defect.explains(&finding.to_string()));
    let reason = |defect: &&Arc<KnownDefect>| format!("{}, see {}", defect.reason, defect.link);
    known.iter().filter(is_used).map(reason).collect::<Vec<_>>().join("; ")
}

/// The entries that a run shows to be out of date, each with its edit. Entries for a single case are reported with the case.
pub(crate) fn outdated(plan: &Plan, outcomes: &[Outcome], today: i64) -> Vec<String> {
    let verdicts = outcomes.iter().map(|outcome| (&*outcome.name, outcome.verdict)).collect();
    let mut lines = stale(plan, &verdicts);
    lines.extend(expired(plan, &verdicts, today));
    // A filter may have left out the case that an entry is about.
    if outcomes.len() == plan.trials.len() {
        lines.extend(plan.unmatched.iter().map(|known| {
            let (case, place) = (&known.case, &known.place);
            format!("`{case}` at {place} matches no case: correct its `case`, or remove the entry")
        }));
    }
    lines
}

/// The expired entries of a site for cases that ran, each with its edit.
fn expired(plan: &Plan, verdicts: &HashMap<&str, Verdict>, today: i64) -> Vec<String> {
    let ran = |trial: &&PlannedTrial| verdicts.get(&*trial.name).is_some_and(|verdict| *verdict != Verdict::Skip);
    let mut found: Vec<&Arc<KnownDefect>> = Vec::new();
    for known in plan.trials.iter().filter(ran).flat_map(|trial| &trial.known) {
        let is_expired = known.origin == KnownOrigin::Site && today > known.expires;
        if is_expired && !found.iter().any(|other| Arc::ptr_eq(other, known)) {
            found.push(known);
        }
    }
    let line = |known: &Arc<KnownDefect>| {
        format!(
            "`{}` at {} expired after {}: look whether it still fails, and renew `expires` or remove the entry",
            known.case, known.place, known.expires_text
        )
    };
    found.into_iter().map(line).collect()
}

/// The entries for several cases that no case needs any more, each with its edit. Every case of such an entry must have passed, because a
/// skipped one may have the defect.
fn stale(plan: &Plan, verdicts: &HashMap<&str, Verdict>) -> Vec<String> {
    let passed = |trial: &PlannedTrial| verdicts.get(&*trial.name) == Some(&Verdict::Pass);
    let is_unused = |defect: &&Arc<KnownDefect>| {
        let about = |trial: &&PlannedTrial| trial.known.iter().any(|known| Arc::ptr_eq(known, defect));
        defect.course == KnownCourse::Always && plan.trials.iter().filter(about).all(passed)
    };
    plan.covered.iter().filter(is_unused).map(|defect| out_of_date(defect)).collect()
}

/// The edit for an entry whose case passes.
fn out_of_date(defect: &KnownDefect) -> String {
    let (case, place) = (&defect.case, &defect.place);
    match defect.origin {
        KnownOrigin::Upstream => format!(
            "`{case}` at {place} is out of date: remove it, or limit its `boileroom` to the releases that have the defect"
        ),
        KnownOrigin::Site => format!("`{case}` at {place} is out of date, what it lists passes: remove the entry"),
    }
}
