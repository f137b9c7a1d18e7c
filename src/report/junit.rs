//! The run as `JUnit` XML, which GitLab, Jenkins and most dashboards read: the dialect of Maven's Surefire with its elements for
//! attempts. Never leaves a run that did not succeed without a failure or an error.

use std::collections::HashMap;
use std::time::Duration;

use chrono::DateTime;
use quick_junit::{FlakyOrRerun, NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::words::{faults, headline, hinted, is_success, lines, message, party};
use crate::outcome::Verdict;
use crate::outcome::record::{AttemptRecord, CaseRecord, FindingRecord, RunRecord, RunState};

/// The suite of the run itself.
const RUN: &str = "hydrotest";

/// The document.
///
/// # Errors
/// When it cannot be written as XML.
pub(super) fn render(run: &RunRecord) -> Result<String, String> {
    let mut document = Report::new(RUN);
    document.set_time(duration(run.seconds));
    let mut suites: Vec<TestSuite> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for case in &run.cases {
        let place = *places.entry((&case.model, &case.suite)).or_insert_with(|| {
            let mut suite = suite(run, &format!("{}::{}", case.model, case.suite));
            for own in run.own_tolerances_of(&case.model) {
                suite.add_property((format!("own_tolerance:{}", own.gate).as_str(), own.values().as_str()));
            }
            suites.push(suite);
            suites.len() - 1
        });
        let suite = &mut suites[place];
        suite.set_time(suite.time.unwrap_or_default().saturating_add(duration(case.elapsed())));
        suite.add_test_case(test_case(case));
    }
    suites.extend(of_run(run));
    document.add_test_suites(suites);
    let text = document.to_string().map_err(|error| error.to_string())?;
    // Jenkins' schema knows the number of skipped cases of a suite, and not of all suites.
    Ok(text.replacen(&format!(" skipped=\"{}\"", document.skipped), "", 1))
}

fn suite(run: &RunRecord, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(name);
    if let Ok(started) = DateTime::parse_from_rfc3339(&run.started) {
        suite.set_timestamp(started);
    }
    let (backend, harness) = (&run.backend, &run.harness);
    let state = match run.state {
        RunState::Complete => "complete",
        RunState::Incomplete => "incomplete",
        RunState::Interrupted => "interrupted",
    };
    let properties = [
        ("state", Some(state)),
        ("backend", Some(&*backend.name)),
        ("kind", Some(&*backend.kind)),
        ("weights", Some(&*backend.weights)),
        ("tag", backend.tag.as_deref()),
        ("device", backend.device.as_deref()),
        ("gpu", backend.gpu.as_deref()),
        ("boileroom", backend.boileroom.as_deref()),
        ("hydrotest", Some(&*harness.version)),
        ("suites_sha256", Some(&*harness.suites_sha256)),
        ("snapshots_sha256", Some(&*harness.snapshots_sha256)),
        ("contracts_sha256", Some(&*harness.contracts_sha256)),
        ("shard", run.selection.shard.as_deref()),
    ];
    for (name, value) in properties {
        if let Some(value) = value {
            suite.add_property((name, value));
        }
    }
    for (name, version) in &backend.versions {
        suite.add_property((format!("version:{name}").as_str(), version.as_str()));
    }
    suite
}

fn test_case(case: &CaseRecord) -> TestCase {
    let mut status = status(case);
    let deciding = case.deciding_attempt();
    let others = case.attempts.iter().enumerate();
    let others = others.filter(|(index, attempt)| Some(*index) != deciding && !attempt.findings.is_empty());
    status.add_reruns(others.map(|(_, attempt)| rerun(attempt)));
    if case.attempts.last().is_some_and(|last| last.verdict == Verdict::Pass) {
        status.set_rerun_kind(FlakyOrRerun::Flaky);
    }
    let own = case.name.splitn(3, "::").nth(2).unwrap_or(&case.name);
    let mut test = TestCase::new(own, status);
    // Readers take the dot for the end of a package.
    test.set_classname(format!("{}.{}", case.model, case.suite));
    test.set_time(duration(case.elapsed()));
    test.set_system_out(output(case));
    test
}

fn status(case: &CaseRecord) -> TestCaseStatus {
    let (mut status, kind) = match case.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        // A failure that is expected does not fail the run, and JUnit has no other word for it.
        Verdict::Skip | Verdict::ExpectedFailure | Verdict::KnownUpstream | Verdict::KnownFailure => {
            (TestCaseStatus::skipped(), None)
        }
        Verdict::Fail => {
            let check = case.deciding_finding().map(|finding| finding.check.as_str());
            (TestCaseStatus::non_success(NonSuccessKind::Failure), check)
        }
        Verdict::Error => (TestCaseStatus::non_success(NonSuccessKind::Error), Some(party(case.responsible))),
        Verdict::Stale | Verdict::UnexpectedPass => (TestCaseStatus::non_success(NonSuccessKind::Failure), None),
    };
    let shown = match &case.reason {
        Some(reason) if case.verdict == Verdict::Skip || case.verdict.is_expected() => reason.replace('\n', " "),
        _ => message(case),
    };
    status.set_type(kind.map_or_else(|| case.verdict.to_string(), str::to_owned)).set_message(shown);
    let description = described(case.findings());
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}

fn rerun(attempt: &AttemptRecord) -> TestRerun {
    let is_failure = attempt.verdict == Verdict::Fail;
    let mut rerun = TestRerun::new(if is_failure { NonSuccessKind::Failure } else { NonSuccessKind::Error });
    // Jenkins' schema requires the type.
    rerun.set_type(attempt.verdict.to_string());
    if let Some(first) = attempt.findings.first() {
        rerun.set_message(first.summary.as_str());
    }
    rerun.set_stack_trace(described(&attempt.findings));
    rerun
}

fn described(findings: &[FindingRecord]) -> String {
    findings.iter().flat_map(lines).collect::<Vec<_>>().join("\n")
}

/// Facts that have no element in the schemas, and the log of the platform.
fn output(case: &CaseRecord) -> String {
    let mut text = vec![format!("level: {}", case.level), format!("case: {}", case.place)];
    if case.attempts.len() > 1 {
        let verdicts: Vec<String> = case.attempts.iter().map(|attempt| attempt.verdict.to_string()).collect();
        text.push(format!("attempts: {}", verdicts.join(", ")));
    }
    text.extend(case.notes.iter().map(|note| format!("note: {note}")));
    if case.is_wrong() {
        text.push(format!("reproduce: {}", case.reproduce));
    }
    for log in case.findings().iter().map(|finding| &finding.log).filter(|log| !log.is_empty()) {
        text.push("log of the platform:".to_owned());
        text.extend(log.iter().cloned());
    }
    text.join("\n")
}

/// The faults of the run itself, as cases of their own suite.
fn of_run(run: &RunRecord) -> Option<TestSuite> {
    let mut suite = suite(run, RUN);
    let failed = |name: &str, kind: NonSuccessKind, lines: &[String]| {
        let mut status = TestCaseStatus::non_success(kind);
        let first = lines.first().map(|line| line.replace('\n', " ")).unwrap_or_default();
        status.set_type(name).set_message(first).set_description(lines.join("\n"));
        let mut test = TestCase::new(name, status);
        test.set_classname(RUN);
        test
    };
    for (name, is_backends, lines) in faults(run) {
        let kind = if is_backends { NonSuccessKind::Failure } else { NonSuccessKind::Error };
        suite.add_test_case(failed(name, kind, lines));
    }
    let has_failure = !suite.test_cases.is_empty() || run.cases.iter().any(CaseRecord::is_wrong);
    let has_ended = run.state == RunState::Complete;
    if !has_ended || !(is_success(run) || has_failure) {
        let name = if has_ended { "the run did not succeed" } else { "the run did not end" };
        suite.add_test_case(failed(name, NonSuccessKind::Error, &[headline(run)]));
    }
    let notes: Vec<String> = [("hint", &hinted(run)), ("warning", &run.warnings), ("note", &run.remarks)]
        .iter()
        .flat_map(|(word, lines)| lines.iter().map(move |line| format!("{word}: {line}")))
        .collect();
    if !notes.is_empty() {
        suite.set_system_out(notes.join("\n"));
    }
    (!suite.test_cases.is_empty() || !notes.is_empty()).then_some(suite)
}

/// Seconds from a file as a duration, or 0 if they are no duration.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::record::fixture::{case, finding, run};
    use crate::outcome::record::{ConclusionRecord, ConclusionWord};

    fn rendered(run: &RunRecord) -> String {
        let text = render(run).unwrap();
        text.replace(&"0".repeat(64), "HASH")
    }

    #[test]
    fn attempts_failures_and_expected_failures_have_their_elements() {
        let mut flaky = case("esm2::embed::flaky", Verdict::Pass, vec![]);
        flaky
            .attempts
            .insert(0, AttemptRecord { verdict: Verdict::Error, findings: vec![finding("response", "no response")] });
        let mut wrong = finding("contract", "`embeddings`: expected float32, got <float64>");
        wrong.log = vec!["loading".into()];
        let mut expected = case("esm2::embed::known", Verdict::ExpectedFailure, vec![finding("shape", "2")]);
        expected.reason = Some("issue 7".into());
        let mut run = run(vec![flaky, case("esm2::embed::wide", Verdict::Fail, vec![wrong]), expected]);
        run.state = RunState::Complete;
        run.conclusion =
            Some(ConclusionRecord { word: ConclusionWord::Fails, sentence: "does not conform".into(), exit_code: 1 });
        insta::assert_snapshot!(rendered(&run), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="hydrotest" tests="3" failures="1" errors="0" time="1.500">
            <testsuite name="esm2::embed" tests="3" skipped="1" errors="0" failures="1" timestamp="2026-11-29T12:00:00.000+00:00" time="1.875">
                <properties>
                    <property name="state" value="complete"/>
                    <property name="backend" value="lab"/>
                    <property name="kind" value="http"/>
                    <property name="weights" value="published"/>
                    <property name="hydrotest" value="0.1.0"/>
                    <property name="suites_sha256" value="HASH"/>
                    <property name="snapshots_sha256" value="HASH"/>
                    <property name="contracts_sha256" value="HASH"/>
                </properties>
                <testcase name="flaky" classname="esm2.embed" time="0.625">
                    <flakyError message="no response" type="error">
                        <stackTrace>response [call]: no response</stackTrace>
                    </flakyError>
                    <system-out>level: core
        case: suites/embed.toml:7
        attempts: error, pass</system-out>
                </testcase>
                <testcase name="wide" classname="esm2.embed" time="0.625">
                    <failure message="`embeddings`: expected float32, got &lt;float64&gt;" type="contract">contract [call]: `embeddings`: expected float32, got &lt;float64&gt;</failure>
                    <system-out>level: core
        case: suites/embed.toml:7
        reproduce: hydrotest --backend lab --exact esm2::embed::wide
        log of the platform:
        loading</system-out>
                </testcase>
                <testcase name="known" classname="esm2.embed" time="0.625">
                    <skipped message="issue 7" type="xfail">shape [call]: 2</skipped>
                    <system-out>level: core
        case: suites/embed.toml:7</system-out>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn a_run_that_did_not_end_has_an_error() {
        let run = run(vec![case("esm2::embed::short", Verdict::Pass, vec![])]);
        let text = rendered(&run);
        assert!(text.contains(r#"<property name="state" value="incomplete"/>"#), "{text}");
        assert!(text.contains(r#"<testcase name="the run did not end" classname="hydrotest">"#), "{text}");
        assert!(text.contains(r#"tests="2" failures="0" errors="1""#), "{text}");
    }

    #[test]
    fn times_that_are_none_are_no_panic() {
        let mut odd = case("esm2::embed::short", Verdict::Pass, vec![]);
        odd.seconds.calls = 1e300;
        let mut run = run(vec![odd.clone(), odd]);
        run.seconds = -1.0;
        run.started = "yesterday".into();
        assert!(rendered(&run).contains("<testcase name=\"short\""));
    }
}
