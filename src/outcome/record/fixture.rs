//! Records for tests.

use serde_json::json;

use super::{
    AttemptRecord, BackendRecord, CallRecord, CaseRecord, CaseTimes, FindingRecord, HarnessRecord, RunRecord,
    SelectionRecord,
};
use crate::backend::Responsible;
use crate::backend::skip::SkipCause;
use crate::config::Level;
use crate::outcome::Verdict;

/// A complete run of these cases, without a conclusion.
pub(crate) fn run(cases: Vec<CaseRecord>) -> RunRecord {
    let hash = "0".repeat(64);
    let harness = HarnessRecord {
        version: "0.1.0".into(),
        suites_sha256: hash.clone(),
        snapshots_sha256: hash.clone(),
        contracts_sha256: hash,
    };
    let backend = BackendRecord {
        name: "lab".into(),
        kind: "http".into(),
        weights: "published".into(),
        machine: "linux x86_64".into(),
        ..BackendRecord::default()
    };
    let selection = SelectionRecord {
        whole: true,
        planned: cases.len(),
        selected: cases.len(),
        ..SelectionRecord::default()
    };
    RunRecord {
        started: "2026-11-29T12:00:00Z".into(),
        seconds: 1.5,
        cases,
        ..RunRecord::begun(harness, backend, selection)
    }
}

/// A case of one attempt.
pub(crate) fn case(name: &str, verdict: Verdict, findings: Vec<FindingRecord>) -> CaseRecord {
    let mut parts = name.split("::");
    let model = parts.next().unwrap_or_default().to_owned();
    let suite = parts.next().unwrap_or_default().to_owned();
    let responsible = findings.first().map(|finding| finding.responsible);
    let is_skipped = verdict == Verdict::Skip;
    CaseRecord {
        name: name.into(),
        level: Level::Core,
        place: format!("suites/{suite}.toml:7"),
        model,
        suite,
        verdict,
        responsible,
        skip: is_skipped.then_some(SkipCause::Inapplicable),
        reason: is_skipped.then(|| "kind `http` starts nothing".into()),
        notes: Vec::new(),
        seconds: CaseTimes {
            wait: 0.0,
            start: 2.0,
            calls: 0.5,
            judge: 0.125,
        },
        attempts: if is_skipped {
            Vec::new()
        } else {
            vec![AttemptRecord { verdict, findings }]
        },
        calls: vec![CallRecord {
            name: "call".into(),
            method: "embed".into(),
            input: json!(["ACDE"]),
            options: json!({}),
            config: json!({}),
        }],
        checks: vec!["contract".into(), "snapshot".into()],
        metrics: Vec::new(),
        reproduce: format!("hydrotest --backend lab --exact {name}"),
    }
}

/// A wrong answer of the backend.
pub(crate) fn finding(check: &str, summary: &str) -> FindingRecord {
    FindingRecord {
        check: check.into(),
        call: Some("call".into()),
        responsible: Responsible::Backend,
        summary: summary.into(),
        details: Vec::new(),
        differences: Vec::new(),
        likely_cause: None,
        log: Vec::new(),
    }
}
