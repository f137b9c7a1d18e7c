//! What defects that are known upstream make of an outcome: neither a pass nor a fault of the platform, as long as every
//! finding is explained and the entry is not out of date. Reads the outcome of one trial and touches no other.

use std::time::SystemTime;

use crate::outcome::{Outcome, Verdict};
use crate::plan::PlannedTrial;

const SECONDS_OF_A_DAY: u64 = 86_400;

/// Today, in days since 1970.
pub fn today() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs() / SECONDS_OF_A_DAY).unwrap_or(i64::MAX)
}

/// Weighs a failure against the entries for its case, and a pass against those that say it cannot pass.
pub fn weigh(trial: &PlannedTrial, outcome: &mut Outcome, today: i64) {
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
                outcome.reason = Some(format!(
                    "`{}` at {} is out of date: remove it, or limit its `boileroom` to the releases that have the defect",
                    defect.case, defect.place
                ));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::check::Finding;
    use crate::config::Config;
    use crate::prediction::known::KnownDefect;

    const NOW: i64 = 20_000;

    fn defect(case: &str, message: &str, expires: i64) -> Arc<KnownDefect> {
        Arc::new(KnownDefect {
            case: case.into(),
            messages: vec![message.into()],
            boileroom: None,
            reason: "one score for the whole batch".into(),
            link: "https://example.org/1".into(),
            expires,
            expires_text: "2024-10-04".into(),
            place: "backends.toml:7:1".into(),
        })
    }

    fn weighed(known: Vec<Arc<KnownDefect>>, verdict: Verdict, findings: &[&str]) -> (Verdict, String) {
        let trial = PlannedTrial {
            name: "toy::batch::two".into(),
            suite: "batch".into(),
            case: "two".into(),
            contract: Config::built_in().unwrap().models[0].clone(),
            scene: None,
            skip: None,
            calls: Vec::new(),
            checks: Vec::new().into(),
            timeout: std::time::Duration::ZERO,
            retries: 0,
            expected_failure: None,
            known,
            source: "toy.toml".into(),
        };
        let mut outcome = Outcome::skipped("toy::batch::two", "");
        outcome.verdict = verdict;
        outcome.reason = None;
        outcome.findings = findings
            .iter()
            .map(|text| Finding::wrong("contract", "call", *text))
            .collect();
        weigh(&trial, &mut outcome, NOW);
        (outcome.verdict, outcome.reason.unwrap_or_default())
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
        assert_eq!(reason, "one score for the whole batch, see https://example.org/1");
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
        assert!(
            reason.contains("renew `expires` or remove the entry at backends.toml:7:1"),
            "{reason}"
        );
        let (verdict, reason) = weighed(vec![defect("batch::two", "ptm", NOW)], Verdict::Pass, &[]);
        assert_eq!(verdict, Verdict::Stale);
        assert!(
            reason.contains("`batch::two` at backends.toml:7:1 is out of date: remove it"),
            "{reason}"
        );
        // One case that passes says nothing of an entry for many.
        assert_eq!(
            weighed(vec![defect("batch::*", "ptm", NOW)], Verdict::Pass, &[]).0,
            Verdict::Pass
        );
    }
}
