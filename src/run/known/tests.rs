//! What known failures make of an outcome, and which entries a run shows to be out of date.

use super::*;
use crate::config::Config;
use crate::plan::CaseStatement;

const NOW: i64 = 20_000;

fn verdicts(outcomes: &[Outcome]) -> HashMap<&str, Verdict> {
    outcomes.iter().map(|outcome| (&*outcome.name, outcome.verdict)).collect()
}

fn defect(case: &str, message: &str, expires: i64) -> Arc<KnownDefect> {
    Arc::new(KnownDefect {
        origin: KnownOrigin::Upstream,
        course: KnownCourse::Always,
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
    outcome.findings = findings.iter().map(|text| Finding::wrong("contract", "call", *text)).collect();
    weigh(&trial, &mut outcome, NOW);
    (outcome.verdict, outcome.reason.unwrap_or_default())
}

pub(in crate::run) fn trial(case: &str, known: Vec<Arc<KnownDefect>>) -> PlannedTrial {
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
        statement: CaseStatement::default(),
        position: 0,
    }
}

#[test]
fn an_entry_for_many_cases_is_out_of_date_when_all_of_them_pass() {
    let many = defect("batch::*", "ptm", NOW);
    let plan = |covered: &[Arc<KnownDefect>]| Plan {
        instances: Vec::new(),
        trials: ["one", "two"].map(|case| trial(case, vec![Arc::clone(&many)])).into(),
        served: Vec::new(),
        empty: Vec::new(),
        covered: covered.to_vec(),
        unmatched: Vec::new(),
    };
    let outcomes = |verdicts: [Verdict; 2]| {
        let cases = ["one", "two"].into_iter().zip(verdicts);
        let outcomes =
            cases.map(|(case, verdict)| Outcome { verdict, ..Outcome::skipped(format!("toy::batch::{case}"), "") });
        outcomes.collect::<Vec<_>>()
    };
    let covered = [Arc::clone(&many)];
    let stale = |each| stale(&plan(&covered), &verdicts(&outcomes(each)));
    let found = stale([Verdict::Pass, Verdict::Pass]);
    assert!(
        found.len() == 1 && found[0].starts_with("`batch::*` at backends.toml:7:1 is out of date: remove it"),
        "{found:?}"
    );
    for other in [Verdict::KnownUpstream, Verdict::Skip, Verdict::Fail, Verdict::Error] {
        assert_eq!(stale([Verdict::Pass, other]), Vec::<String>::new());
    }
    // What was not selected says nothing.
    assert!(super::stale(&plan(&covered), &verdicts(&outcomes([Verdict::Pass; 2])[..1])).is_empty());
    assert!(super::stale(&plan(&[]), &verdicts(&outcomes([Verdict::Pass; 2]))).is_empty());
}

#[test]
fn every_finding_must_be_explained() {
    let known = || vec![defect("batch::two", "ptm", NOW)];
    let (verdict, reason) = weighed(known(), Verdict::Fail, &["ptm: expected 2 samples, got 1", "ptm: 1 item"]);
    assert_eq!(verdict, Verdict::KnownUpstream);
    insta::assert_snapshot!(reason, @"one score for the whole batch, see https://example.org/1");
    assert_eq!(weighed(known(), Verdict::Fail, &["ptm: 1 item", "pae: NaN"]).0, Verdict::Fail);
    let both = vec![defect("batch::two", "ptm", NOW), defect("batch::*", "pae", NOW)];
    assert_eq!(weighed(both, Verdict::Fail, &["ptm: 1 item", "pae: NaN"]).0, Verdict::KnownUpstream);
    assert_eq!(weighed(Vec::new(), Verdict::Fail, &["ptm"]).0, Verdict::Fail);
    assert_eq!(weighed(known(), Verdict::Error, &["ptm"]).0, Verdict::Error);
}

#[test]
fn entries_that_are_out_of_date_say_what_to_edit() {
    let (verdict, reason) = weighed(vec![defect("batch::two", "ptm", NOW - 1)], Verdict::Fail, &["ptm: 1 item"]);
    assert_eq!(verdict, Verdict::Fail);
    insta::assert_snapshot!(reason, @"known upstream until 2024-10-04: look whether that still holds, and renew `expires` or remove the entry at backends.toml:7:1");
    let (verdict, reason) = weighed(vec![defect("batch::two", "ptm", NOW)], Verdict::Pass, &[]);
    assert_eq!(verdict, Verdict::Stale);
    insta::assert_snapshot!(reason, @"`batch::two` at backends.toml:7:1 is out of date: remove it, or limit its `boileroom` to the releases that have the defect");
    // One case that passes says nothing of an entry for many.
    assert_eq!(weighed(vec![defect("batch::*", "ptm", NOW)], Verdict::Pass, &[]).0, Verdict::Pass);
}

/// An entry of a site.
fn listed(case: &str, message: &str, expires: i64) -> Arc<KnownDefect> {
    Arc::new(KnownDefect {
        origin: KnownOrigin::Site,
        place: "known_failures.toml:7:1".into(),
        ..KnownDefect::clone(&defect(case, message, expires))
    })
}

#[test]
fn what_a_site_lists_is_a_known_failure_and_no_defect_upstream() {
    let site = |expires| listed("toy::batch::two", "ptm", expires);
    let (verdict, reason) = weighed(vec![site(NOW)], Verdict::Fail, &["ptm: 1 item"]);
    assert_eq!(verdict, Verdict::KnownFailure);
    insta::assert_snapshot!(reason, @"one score for the whole batch, see https://example.org/1");
    let other = weighed(vec![site(NOW)], Verdict::Fail, &["ptm: 1 item", "pae: NaN"]);
    assert_eq!(other.0, Verdict::Fail);
    let both = vec![site(NOW), defect("batch::two", "pae", NOW)];
    assert_eq!(
        weighed(both, Verdict::Fail, &["ptm: 1 item", "pae: NaN"]).0,
        Verdict::KnownFailure,
        "one of its findings is the site's own"
    );
    let both = vec![site(NOW), defect("batch::two", "ptm", NOW)];
    assert_eq!(weighed(both, Verdict::Fail, &["ptm: 1 item"]).0, Verdict::KnownUpstream);
    let (verdict, reason) = weighed(vec![site(NOW - 1)], Verdict::Fail, &["ptm: 1 item"]);
    assert_eq!(verdict, Verdict::Fail);
    insta::assert_snapshot!(reason, @"known failure until 2024-10-04: look whether that still holds, and renew `expires` or remove the entry at known_failures.toml:7:1");
    let (verdict, reason) = weighed(vec![site(NOW)], Verdict::Pass, &[]);
    assert_eq!(verdict, Verdict::Stale);
    insta::assert_snapshot!(reason, @"`toy::batch::two` at known_failures.toml:7:1 is out of date, what it lists passes: remove the entry");
}

#[test]
fn only_the_backend_and_its_platform_have_known_failures() {
    let trial = trial("two", vec![listed("toy::batch::two", "memory", NOW)]);
    for (responsible, verdict) in [
        (Responsible::Platform, Verdict::KnownFailure),
        (Responsible::Settings, Verdict::Error),
        (Responsible::Harness, Verdict::Error),
        (Responsible::Reference, Verdict::Error),
    ] {
        let mut outcome = Outcome::skipped(&trial.name, "");
        outcome.verdict = Verdict::Error;
        outcome.findings = vec![Finding::wrong("response", "call", "out of memory")];
        outcome.findings[0].responsible = responsible;
        weigh(&trial, &mut outcome, NOW);
        assert_eq!(outcome.verdict, verdict, "{responsible:?}");
    }
}

#[test]
fn entries_of_a_site_that_no_longer_hold_are_named_with_their_edit() {
    let many = listed("toy::batch::*", "ptm", NOW);
    let old = listed("toy::batch::one", "ptm", NOW - 1);
    let flaky = Arc::new(KnownDefect { course: KnownCourse::Flaky, ..KnownDefect::clone(&many) });
    let plan = Plan {
        instances: Vec::new(),
        trials: vec![
            trial("one", vec![Arc::clone(&many), Arc::clone(&old), Arc::clone(&flaky)]),
            trial("two", vec![Arc::clone(&many), Arc::clone(&flaky)]),
        ],
        served: Vec::new(),
        empty: Vec::new(),
        covered: vec![Arc::clone(&many), flaky],
        unmatched: vec![listed("toy::fold::*", "ptm", NOW)],
    };
    let outcomes = ["one", "two"]
        .map(|case| Outcome { verdict: Verdict::Pass, ..Outcome::skipped(format!("toy::batch::{case}"), "") });
    insta::assert_snapshot!(outdated(&plan, &outcomes, NOW).join("\n"), @"
    `toy::batch::*` at known_failures.toml:7:1 is out of date, what it lists passes: remove the entry
    `toy::batch::one` at known_failures.toml:7:1 expired after 2024-10-04: look whether it still fails, and renew `expires` or remove the entry
    `toy::fold::*` at known_failures.toml:7:1 matches no case: correct its `case`, or remove the entry
    ");
    // Of a part it is not known what the rest would have shown.
    insta::assert_snapshot!(outdated(&plan, &outcomes[1..], NOW).join("\n"), @"");
}
