//! The run as the Test Anything Protocol, version 14: a line per case, with a YAML block if there is something to add. Joins the lines
//! of foreign text, so that none of them is a line of the protocol.

use std::fmt::Write;

use serde_json::json;

use super::words::{OWN_TOLERANCES, counted, faults, headline, hinted, is_success, lines, message, party, subject};
use crate::outcome::Verdict;
use crate::outcome::record::{CaseRecord, RunRecord, RunState};

/// The lines of the protocol.
pub(super) fn render(run: &RunRecord) -> String {
    let faults: Vec<_> = faults(run).collect();
    // The plan also counts cases that have not ended. Readers take the missing ones for failures.
    let cases = run.cases.len().max(if run.state == RunState::Complete { 0 } else { run.selection.selected });
    let mut text = format!("TAP version 14\n1..{}\n", cases.saturating_add(faults.len()));
    comment(&mut text, &subject(run));
    comment(&mut text, &counted(&run.counts()));
    for own in run.own_tolerances() {
        comment(&mut text, &format!("{OWN_TOLERANCES}: {own}"));
    }
    for (index, case) in run.cases.iter().enumerate() {
        point(&mut text, index + 1, case);
    }
    for (index, (name, _, lines)) in faults.iter().enumerate() {
        let _ = writeln!(text, "not ok {} - {name}", cases.saturating_add(index + 1));
        block(&mut text, &[("message", json!(lines))]);
    }
    for (word, lines) in [("hint", &hinted(run)), ("warning", &run.warnings), ("note", &run.remarks)] {
        for line in lines {
            comment(&mut text, &format!("{word}: {line}"));
        }
    }
    comment(&mut text, &headline(run));
    let has_failure = !faults.is_empty() || run.cases.iter().any(CaseRecord::is_wrong);
    if run.state != RunState::Complete || !(is_success(run) || has_failure) {
        let _ = writeln!(text, "Bail out! {}", described(&headline(run)));
    }
    text
}

fn point(text: &mut String, number: usize, case: &CaseRecord) {
    let reason = || case.reason.as_deref().map(described).unwrap_or_default();
    let (word, directive) = match case.verdict {
        Verdict::Pass => ("ok", String::new()),
        Verdict::Skip => ("ok", format!(" # SKIP {}", reason())),
        Verdict::ExpectedFailure | Verdict::KnownUpstream | Verdict::KnownFailure => {
            ("not ok", format!(" # TODO {}", reason()))
        }
        // `ok # TODO` is a success for most readers, but an outdated expectation fails the run.
        Verdict::Fail | Verdict::Error | Verdict::Stale | Verdict::UnexpectedPass => ("not ok", String::new()),
    };
    // Older readers take `\#` for a directive, so that a name could skip its own case.
    let name = described(&case.name.replace('#', "\\u{23}"));
    let _ = writeln!(text, "{word} {number} - {name}{}", directive.trim_end());
    let mut fields = Vec::new();
    if case.name.contains(['#', '\\', '\n']) {
        fields.push(("name", json!(case.name)));
    }
    fields.push(("duration_ms", json!((case.elapsed() * 1000.0).round())));
    if case.attempts.len() > 1 {
        let verdicts: Vec<String> = case.attempts.iter().map(|attempt| attempt.verdict.to_string()).collect();
        let findings = case.attempts.iter().map(|attempt| attempt.findings.iter().flat_map(lines).collect());
        fields.push(("attempts", json!(verdicts)));
        fields.push(("findings_of_attempts", json!(findings.collect::<Vec<Vec<String>>>())));
    }
    if word == "not ok" {
        fields.extend([
            ("severity", json!(case.verdict)),
            ("message", json!(message(case))),
            ("responsible", json!(party(case.responsible))),
            ("at", json!(case.place)),
            ("findings", json!(case.findings().iter().flat_map(lines).collect::<Vec<_>>())),
            ("log", json!(case.findings().iter().flat_map(|finding| &finding.log).collect::<Vec<_>>())),
            ("reproduce", json!(case.reproduce)),
        ]);
    }
    block(text, &fields);
}

/// A YAML block. JSON values, each on its line, are YAML.
fn block(text: &mut String, fields: &[(&str, serde_json::Value)]) {
    text.push_str("  ---\n");
    for (key, value) in fields {
        let _ = writeln!(text, "  {key}: {value}");
    }
    text.push_str("  ...\n");
}

fn comment(text: &mut String, line: &str) {
    let _ = writeln!(text, "# {}", line.replace('\n', " "));
}

/// Escapes a text so that nothing in it is a directive.
fn described(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::record::fixture::{case, finding, run};
    use crate::outcome::record::{ConclusionRecord, ConclusionWord};

    #[test]
    fn every_verdict_has_its_line() {
        let mut known = case("esm2::embed::known", Verdict::KnownUpstream, vec![finding("shape", "2")]);
        known.reason = Some("issue #7".into());
        let mut run = run(vec![
            case("esm2::embed::short#1", Verdict::Pass, vec![]),
            case("esm2::embed::wide", Verdict::Fail, vec![finding("contract", "got \"float64\"")]),
            case("esm2::embed::none", Verdict::Skip, vec![]),
            known,
        ]);
        run.leaks = vec!["process 17".into()];
        run.state = RunState::Complete;
        run.conclusion =
            Some(ConclusionRecord { word: ConclusionWord::Fails, sentence: "does not conform".into(), exit_code: 1 });
        insta::assert_snapshot!(render(&run), @r#"
        TAP version 14
        1..5
        # backend lab (kind http, weights published)
        # 1 passed, 1 failed, 1 skipped, 1 known upstream
        ok 1 - esm2::embed::short\\u{23}1
          ---
          name: "esm2::embed::short#1"
          duration_ms: 625.0
          ...
        not ok 2 - esm2::embed::wide
          ---
          duration_ms: 625.0
          severity: "fail"
          message: "got \"float64\""
          responsible: "backend"
          at: "suites/embed.toml:7"
          findings: ["contract [call]: got \"float64\""]
          log: []
          reproduce: "hydrotest --backend lab --exact esm2::embed::wide"
          ...
        ok 3 - esm2::embed::none # SKIP kind `http` starts nothing
          ---
          duration_ms: 625.0
          ...
        not ok 4 - esm2::embed::known # TODO issue \#7
          ---
          duration_ms: 625.0
          severity: "known_upstream"
          message: "2"
          responsible: "backend"
          at: "suites/embed.toml:7"
          findings: ["shape [call]: 2"]
          log: []
          reproduce: "hydrotest --backend lab --exact esm2::embed::known"
          ...
        not ok 5 - leaked
          ---
          message: ["process 17"]
          ...
        # does not conform (exit code 1)
        "#);
    }

    #[test]
    fn a_run_that_did_not_end_bails_out_and_lacks_its_cases() {
        let mut run = run(vec![case("esm2::embed::short", Verdict::Pass, vec![])]);
        run.selection.selected = 3;
        insta::assert_snapshot!(render(&run), @"
        TAP version 14
        1..3
        # backend lab (kind http, weights published)
        # 1 passed, 0 failed
        ok 1 - esm2::embed::short
          ---
          duration_ms: 625.0
          ...
        # incomplete: the run did not end; 1 of 3 selected cases have an outcome
        Bail out! incomplete: the run did not end; 1 of 3 selected cases have an outcome
        ");
    }
}
