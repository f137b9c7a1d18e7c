//! Trends of cases from run to run, as a table for a terminal and as JSON. Does not compute trends.

use std::fmt::Write;

use serde_json::{Value, json};

use super::words::widths;
use crate::metric_value::count;
use crate::outcome::record::{CaseTrend, RecordedNumber, SOON, WINDOW};

/// The factor over the earlier median from which the last run counts as slower.
const SLOWER: f64 = 2.0;

const HEAD: [&str; 9] = ["case", "backend", "runs", "last", "headroom", "before", "per run", "calls", "notes"];

/// A table with a line for each case, in the order given.
pub(crate) fn text(trends: &[CaseTrend<'_>]) -> String {
    if trends.is_empty() {
        return "no case of these histories ran\n".to_owned();
    }
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(trends.iter().map(row));
    let widths = widths(&rows);
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    let drifting = trends.iter().filter(|trend| trend.runs_to_limit().is_some()).count();
    if drifting > 0 {
        let cases = count(drifting, "case");
        let _ = writeln!(
            text,
            "{cases} would reach a limit within {SOON} runs, by a straight line through the last {WINDOW}"
        );
    }
    text
}

fn row(trend: &CaseTrend<'_>) -> [String; 9] {
    let percent = |part: Option<f64>| match part {
        None => "–".to_owned(),
        Some(part) if part.is_finite() => format!("{:.0} %", part * 100.0),
        Some(_) => "none".to_owned(),
    };
    let drift = trend.slope.map_or_else(|| "–".to_owned(), |slope| format!("{:+.1} %", 0.0 - slope * 100.0));
    [
        trend.case.to_owned(),
        format!("{} ({})", trend.backend, trend.weights),
        trend.runs.to_string(),
        trend.verdict.to_string(),
        percent(trend.headroom()),
        percent(trend.headroom_before()),
        drift,
        format!("{:.2} s", trend.seconds),
        notes(trend).join("; "),
    ]
}

fn notes(trend: &CaseTrend<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(runs) = trend.runs_to_limit() {
        // Does not round up a whole number of runs that is off by a rounding error.
        let runs = (runs - 1e-6).ceil().max(1.0) as usize;
        notes.push(format!("reaches its limit in {}", count(runs, "run")));
    }
    if let Some(times) = trend.times_slower.filter(|times| *times >= SLOWER) {
        notes.push(format!("{times:.1} × slower, median {:.2} s", trend.median_seconds));
    }
    if trend.changes > 0 {
        notes.push(format!("{} of verdict", count(trend.changes, "change")));
    }
    if trend.flaky > 0 {
        notes.push(format!("flaky in {}", count(trend.flaky, "run")));
    }
    if trend.suites_changed {
        notes.push("suites changed".to_owned());
    }
    notes
}

/// The trends for programs.
pub(crate) fn json(trends: &[CaseTrend<'_>]) -> String {
    let number = |value: Option<f64>| value.map(RecordedNumber::from);
    let cases = trends.iter().map(|trend| -> Value {
        json!({
            "case": trend.case,
            "backend": trend.backend,
            "weights": trend.weights,
            "runs": trend.runs,
            "verdict": trend.verdict,
            "verdict_changes": trend.changes,
            "flaky_runs": trend.flaky,
            "used": number(trend.used),
            "used_before": number(trend.used_before),
            "used_slope_per_run": number(trend.slope),
            "runs_to_limit": number(trend.runs_to_limit()),
            "seconds": trend.seconds,
            "median_seconds": trend.median_seconds,
            "times_slower": trend.times_slower,
            "suites_changed": trend.suites_changed,
        })
    });
    let value = json!({ "format": "hydrotest-trend", "version": 1, "cases": cases.collect::<Vec<_>>() });
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Verdict;
    use crate::outcome::record::trend_fixture::line;
    use crate::outcome::record::trends;

    #[test]
    fn the_worst_case_is_the_first_line() {
        let mut lines = Vec::new();
        for (day, used, seconds) in [(1, 0.5, 1.0), (2, 0.6, 1.0), (3, 0.7, 4.0)] {
            lines.push(line(day, "esm2::embed::drifts", Verdict::Pass, Some(used), seconds));
            lines.push(line(day, "esm2::embed::calm", Verdict::Pass, Some(0.25), 1.0));
        }
        lines.push(line(1, "esmfold::fold::wrong", Verdict::Pass, None, 2.0));
        lines.push(line(2, "esmfold::fold::wrong", Verdict::Fail, Some(f64::INFINITY), 2.0));
        lines[1].suites_sha256 = "1".repeat(64);
        insta::assert_snapshot!(text(&trends(&lines)), @"
        case                  backend          runs  last  headroom  before  per run  calls   notes
        esmfold::fold::wrong  lab (published)  2     fail  none      –       –        2.00 s  1 change of verdict
        esm2::embed::drifts   lab (published)  3     pass  30 %      40 %    -10.0 %  4.00 s  reaches its limit in 3 runs; 4.0 × slower, median 1.00 s
        esm2::embed::calm     lab (published)  3     pass  75 %      75 %    +0.0 %   1.00 s  suites changed
        1 case would reach a limit within 5 runs, by a straight line through the last 10
        ");
        insta::assert_snapshot!(text(&[]), @"no case of these histories ran");
        let value: Value = serde_json::from_str(&json(&trends(&lines))).unwrap();
        assert_eq!(value["cases"][0]["used"], "inf");
        assert_eq!(value["cases"][1]["case"], "esm2::embed::drifts");
        assert_eq!(value["cases"][1]["runs_to_limit"].as_f64().map(f64::round), Some(3.0));
        assert_eq!(value["cases"][2]["used_slope_per_run"], 0.0);
    }
}
