//! What defects that are known upstream make of an outcome: neither a pass nor a fault of the platform, as long as every
//! finding is explained and the entry is not out of date. Changes the outcome of one trial and touches no other.

use std::sync::Arc;
use std::time::SystemTime;

use crate::outcome::{Outcome, Verdict};
use crate::plan::{Plan, PlannedTrial};
use crate::prediction::known::KnownDefect;

const SECONDS_OF_A_DAY: u64 = 86_400;

/// Today, in days since 1970.
pub(crate) fn today() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs() / SECONDS_OF_A_DAY).unwrap_or(i64::MAX)
}

/// Weighs a failure against the entries for its case, and a pass against those that say it cannot pass.
pub(crate) fn weigh(trial: &PlannedTrial, outcome: &mut Outcome, today: i64) {
    let (current, expired): (Vec<_>, Vec<_>) = trial.known.iter().partition(|defect| today <= defect.expires);
    let findings: Vec<String> = outcome.findings.iter().map(ToString::to_string).collect();
    match outcome.verdict {
        Verdict::Fail => {
            let explained = |finding: &String| current.iter().any(|defect| defect.explains(finding));
            let by_any = |finding: &String| trial.known.iter().any(|defect| defect.explains(finding));
            if findings.iter().all(explained) {
                let used = current
                    .iter()
                    .filter(|defect| findings.iter().any(|finding| defect.explains(finding)));
                let reasons: Vec<String> = used
                    .map(|defect| format!("{}, see {}", defect.reason, defect.link))
                    .collect();
                outcome.verdict = Verdict::KnownUpstream;
                outcome.reason = Some(reasons.join("; "));
            } else if findings.iter().all(by_any)
                && let Some(defect) = expired.first()
            {
                outcome.reason = Some(format!(
                    "known upstream until {}: look whether that still holds, and renew `expires` or remove the entry at {}",
                    defect.expires_text, defect.place
                ));
            }
        }
        Verdict::Pass => {
            if let Some(defect) = trial.known.iter().find(|defect| defect.is_about_one()) {
                outcome.verdict = Verdict::Stale;
                outcome.reason = Some(out_of_date(defect));
            }
        }
        _ => {}
    }
}

/// The entries for several cases that no case needs any more, each with its edit. Only where every case of an entry was judged and
/// passed: one that was skipped or failed may be the one that has the defect.
pub(crate) fn stale(plan: &Plan, outcomes: &[Outcome]) -> Vec<String> {
    let passed = |trial: &PlannedTrial| {
        let outcome = outcomes.iter().find(|outcome| outcome.name == trial.name);
        outcome.is_some_and(|outcome| outcome.verdict == Verdict::Pass)
    };
    let is_unused = |defect: &&Arc<KnownDefect>| {
        let about = |trial: &&PlannedTrial| trial.known.iter().any(|known| Arc::ptr_eq(known, defect));
        plan.trials.iter().filter(about).all(passed)
    };
    plan.covered
        .iter()
        .filter(is_unused)
        .map(|defect| out_of_date(defect))
        .collect()
}

/// What to edit, where a case that an entry says to fail passes.
fn out_of_date(defect: &KnownDefect) -> String {
    format!(
        "`{}` at {} is out of date: remove it, or limit its `boileroom` to the releases that have the defect",
        defect.case, defect.place
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Finding;
    use crate::config::Config;

    const NOW: i64 = 20_000;

    fn defect(case: &str, message: &str, expires: i64) -> Arc<KnownDefect> {
        Arc::new(KnownDefect {
            case: case.into(),
            messages: vec![message.into()],
            models: None,
            through: None,
            boileroom: None,
            reason: "one score for the whole batch".into(),
            link: "https://example.org/1".into(),
            expires,
            expires_text: "2024-10-04".into(),
            place: "backends.toml:7:1".into(),
        })
    }

    fn weighed(known: Vec<Arc<KnownDefect>>, verdict: Verdict, findings: &[&str]) -> (Verdict, String) {
        let trial = trial("two", known);
        let mut outcome = Outcome::skipped(&trial.name, "");
        outcome.verdict = verdict;
        outcome.reason = None;
        outcome.findings = findings
            .iter()
            .map(|text| Finding::wrong("contract", "call", *text))
            .collect();
        weigh(&trial, &mut outcome, NOW);
        (outcome.verdict, outcome.reason.unwrap_or_default())
    }

    fn trial(case: &str, known: Vec<Arc<KnownDefect>>) -> PlannedTrial {
        PlannedTrial {
            name: format!("toy::batch::{case}"),
            suite: "batch".into(),
            case: case.into(),
            contract: Config::built_in().unwrap().models[0].clone(),
            scenario: None,
            level: crate::config::Level::Core,
            skip: None,
            calls: Vec::new(),
            order: crate::config::CallOrder::InTurn,
            checks: Vec::new().into(),
            timeout: std::time::Duration::ZERO,
            retries: 0,
            expected_failure: None,
            known,
            source: "toy.toml".into(),
            statement: Arc::default(),
        }
    }

    #[test]
    fn an_entry_for_many_cases_is_out_of_date_when_all_of_them_pass() {
        let many = defect("batch::*", "ptm", NOW);
        let plan = |covered: &[Arc<KnownDefect>]| Plan {
            instances: Vec::new(),
            trials: ["one", "two"].map(|case| trial(case, vec![Arc::clone(&many)])).into(),
            empty: Vec::new(),
            covered: covered.to_vec(),
        };
        let outcomes = |verdicts: [Verdict; 2]| {
            let cases = ["one", "two"].into_iter().zip(verdicts);
            let outcomes = cases.map(|(case, verdict)| Outcome {
                verdict,
                ..Outcome::skipped(format!("toy::batch::{case}"), "")
            });
            outcomes.collect::<Vec<_>>()
        };
        let covered = [Arc::clone(&many)];
        let stale = |verdicts| stale(&plan(&covered), &outcomes(verdicts));
        let found = stale([Verdict::Pass, Verdict::Pass]);
        assert!(
            found.len() == 1 && found[0].starts_with("`batch::*` at backends.toml:7:1 is out of date: remove it"),
            "{found:?}"
        );
        for other in [Verdict::KnownUpstream, Verdict::Skip, Verdict::Fail, Verdict::Error] {
            assert_eq!(stale([Verdict::Pass, other]), Vec::<String>::new());
        }
        // What was not selected says nothing.
        assert!(super::stale(&plan(&covered), &outcomes([Verdict::Pass; 2])[..1]).is_empty());
        assert!(super::stale(&plan(&[]), &outcomes([Verdict::Pass; 2])).is_empty());
    }

    #[test]
    fn every_finding_must_be_explained() {
        let known = || vec![defect("batch::two", "ptm", NOW)];
        let (verdict, reason) = weighed(
            known(),
            Verdict::Fail,
            &["ptm: expected 2 samples, got 1", "ptm: 1 item"],
        );
        assert_eq!(verdict, Verdict::KnownUpstream);
        insta::assert_snapshot!(reason, @"one score for the whole batch, see https://example.org/1");
        assert_eq!(
            weighed(known(), Verdict::Fail, &["ptm: 1 item", "pae: NaN"]).0,
            Verdict::Fail
        );
        let both = vec![defect("batch::two", "ptm", NOW), defect("batch::*", "pae", NOW)];
        assert_eq!(
            weighed(both, Verdict::Fail, &["ptm: 1 item", "pae: NaN"]).0,
            Verdict::KnownUpstream
        );
        assert_eq!(weighed(Vec::new(), Verdict::Fail, &["ptm"]).0, Verdict::Fail);
        assert_eq!(weighed(known(), Verdict::Error, &["ptm"]).0, Verdict::Error);
    }

    #[test]
    fn entries_that_are_out_of_date_say_what_to_edit() {
        let (verdict, reason) = weighed(
            vec![defect("batch::two", "ptm", NOW - 1)],
            Verdict::Fail,
            &["ptm: 1 item"],
        );
        assert_eq!(verdict, Verdict::Fail);
        insta::assert_snapshot!(reason, @"known upstream until 2024-10-04: look whether that still holds, and renew `expires` or remove the entry at backends.toml:7:1");
        let (verdict, reason) = weighed(vec![defect("batch::two", "ptm", NOW)], Verdict::Pass, &[]);
        assert_eq!(verdict, Verdict::Stale);
        insta::assert_snapshot!(reason, @"`batch::two` at backends.toml:7:1 is out of date: remove it, or limit its `boileroom` to the releases that have the defect");
        // One case that passes says nothing of an entry for many.
        assert_eq!(
            weighed(vec![defect("batch::*", "ptm", NOW)], Verdict::Pass, &[]).0,
            Verdict::Pass
        );
    }
}
