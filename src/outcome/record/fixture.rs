//! Records for tests.

use serde_json::json;

use super::{
    AttemptRecord, BackendRecord, CallRecord, CaseRecord, CaseTimes, FindingRecord, HarnessRecord, HintKind,
    HintRecord, MetricRecord, OwnToleranceRecord, RecordedNumber, RunRecord, SelectionRecord,
};
use crate::backend::Responsible;
use crate::backend::skip::SkipCause;
use crate::config::Level;
use crate::metric_value::MetricVerdict;
use crate::outcome::Verdict;
use crate::prediction::gates::GateEffect;

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
        every_core_case: true,
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

/// The same run, judged by a tolerance of its own for `esm2` and one for `esmfold`.
pub(crate) fn with_tolerances(mut run: RunRecord) -> RunRecord {
    let own = |model: &str, gate: &str, shared: f64, own: f64, effect| OwnToleranceRecord {
        model: model.to_owned(),
        gate: gate.to_owned(),
        shared: shared.into(),
        own: own.into(),
        effect,
    };
    run.backend.tolerances = vec![
        own("esm2", "floor.slack", 1.5, 1.2, GateEffect::Narrower),
        own("esmfold", "structure.rmsd", 0.6, 1.2, GateEffect::Wider),
    ];
    run
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
        position: 0,
        model,
        suite,
        verdict,
        responsible,
        skip_cause: is_skipped.then_some(SkipCause::Inapplicable),
        reason: is_skipped.then(|| "kind `http` starts nothing".into()),
        notes: Vec::new(),
        seconds: CaseTimes { wait: 0.0, start: 2.0, calls: 0.5, judge: 0.125 },
        attempts: if is_skipped { Vec::new() } else { vec![AttemptRecord { verdict, findings }] },
        calls: vec![CallRecord {
            name: "call".into(),
            method: "embed".into(),
            input: json!(["ACDE"]),
            options: json!({}),
            config: json!({}),
            response: None,
        }],
        checks: vec!["contract".into(), "snapshot".into()],
        metrics: Vec::new(),
        plots: Vec::new(),
        reproduce: format!("hydrotest --backend lab --exact {name}"),
    }
}

/// Text that means something to terminals, shells of CI, pages, tables and parsers.
pub(crate) const HOSTILE: &str = "</script><script>alert(1)</script> <img src=x onerror=alert(1)> ]]> \
     \u{1b}]0;title\u{7}\u{1b}[2J \n::error file=a.toml::b\n##[error]c ##vso[task.complete] | `d` *e* _f_ ~~g~~ \
     @someone #12 ![h](https://example.org/i.png) [j](javascript:k) \u{202e}l \0 # SKIP m\nnot ok 1 - n\nBail out!\n---\n...\n1..0\n\
     </details> <!-- &lt; %0A \\ \" '";

/// A run of every verdict, all of whose texts are hostile.
pub(crate) fn hostile() -> RunRecord {
    let verdicts = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Error,
        Verdict::Skip,
        Verdict::ExpectedFailure,
        Verdict::KnownUpstream,
        Verdict::Stale,
        Verdict::UnexpectedPass,
    ];
    let cases = verdicts.into_iter().enumerate().map(|(index, verdict)| {
        let mut wrong = finding(HOSTILE, &format!("{HOSTILE} in {verdict}"));
        wrong.call = Some(HOSTILE.into());
        wrong.details = vec![HOSTILE.into(); 2];
        wrong.likely_cause = Some(HOSTILE.into());
        wrong.hint = Some(HOSTILE.into());
        wrong.log = vec![HOSTILE.into()];
        if verdict == Verdict::Error {
            wrong.responsible = Responsible::Platform;
        }
        let findings = match verdict {
            Verdict::Pass | Verdict::Skip => Vec::new(),
            _ => vec![wrong.clone()],
        };
        let mut case = case("esm2::embed::x", verdict, findings);
        case.name = format!("esm2::embed::{index} {HOSTILE}");
        case.place = format!("{HOSTILE}:7");
        case.reason = Some(HOSTILE.into());
        case.notes = vec![HOSTILE.into()];
        case.reproduce = HOSTILE.into();
        case.calls[0].name = HOSTILE.into();
        case.calls[0].options = json!({ HOSTILE: HOSTILE });
        case.checks = vec![HOSTILE.into()];
        if verdict == Verdict::Pass {
            let earlier = AttemptRecord { verdict: Verdict::Error, findings: vec![wrong] };
            case.attempts.insert(0, earlier);
            case.metrics = vec![metric(HOSTILE, 0.9)];
        }
        case
    });
    let mut run = run(cases.collect());
    run.backend.name = HOSTILE.into();
    run.backend.device = Some(HOSTILE.into());
    run.backend.versions.insert(HOSTILE.into(), HOSTILE.into());
    run.backend.tolerances = vec![OwnToleranceRecord {
        model: run.cases[0].model.clone(),
        gate: HOSTILE.into(),
        shared: RecordedNumber::Word(HOSTILE.into()),
        own: 1.0.into(),
        effect: GateEffect::Other,
    }];
    let texts = vec![HOSTILE.to_owned()];
    run.leaks.clone_from(&texts);
    run.leak_checks_failed.clone_from(&texts);
    run.outdated.clone_from(&texts);
    run.untested.clone_from(&texts);
    run.hints = vec![HintRecord {
        kind: HintKind::NotRepeatable,
        sentence: HOSTILE.into(),
        evidence: HOSTILE.into(),
        cases: texts.clone(),
    }];
    run.warnings.clone_from(&texts);
    run.remarks = texts;
    run
}

/// A number that uses so much of what it is allowed.
pub(crate) fn metric(field: &str, used: f64) -> MetricRecord {
    MetricRecord {
        check: "snapshot".into(),
        call: "call".into(),
        field: field.into(),
        key: "ca_rmsd".into(),
        name: "CA RMSD".into(),
        unit: "Å".into(),
        higher_is_better: false,
        observed: (0.5 * used).into(),
        noise_floor: Some(0.01.into()),
        allowed: 0.5.into(),
        used: used.into(),
        verdict: MetricVerdict::WithinTolerance,
    }
}

/// A wrong response of the backend.
pub(crate) fn finding(check: &str, summary: &str) -> FindingRecord {
    FindingRecord {
        check: check.into(),
        call: Some("call".into()),
        responsible: Responsible::Backend,
        summary: summary.into(),
        details: Vec::new(),
        differences: Vec::new(),
        likely_cause: None,
        hint: None,
        log: Vec::new(),
    }
}
