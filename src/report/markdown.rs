//! The run as a page of Markdown, such as the summary of a job on GitHub: the conclusion, the causes, and what deserves a look. Bounds
//! the page and says what it leaves out. Never puts foreign text outside of code, where renderers look for markup, links or mentions.

pub(super) mod code;

use std::collections::BTreeMap;
use std::fmt::Write;

use self::code::{LINES, block, code};
use super::words::{OWN_TOLERANCES, columns, faults, headline, hinted, is_success, lines, party};
use crate::metric_value::count;
use crate::outcome::record::{CaseRecord, CauseGroup, MetricRecord, RunRecord, causes};
use crate::outcome::{Verdict, VerdictCounts};

/// The most bytes of a page: GitHub refuses a summary of 1 MiB.
const PAGE: usize = 900 << 10;
/// The bytes reserved for the sections after the causes.
const REST: usize = 200 << 10;
/// The most items of a list; the rest is only counted.
const LISTED: usize = 20;
/// The most cases in the tables of the slowest and the tightest cases.
const EXTREMES: usize = 10;

/// The page.
pub(super) fn render(run: &RunRecord) -> String {
    let mut page = head(run);
    page.push_str(&table(run));
    let groups = causes(run);
    if !groups.is_empty() {
        let _ = write!(page, "\n### {}\n", count(groups.len(), "cause"));
    }
    for (index, group) in groups.iter().enumerate() {
        let section = cause(index + 1, group);
        if page.len() + section.len() > PAGE - REST {
            let left = count(groups.len() - index, "cause");
            let _ = write!(page, "\n{left} left out, because the page would be too long: see the outcome file.\n");
            break;
        }
        page.push_str(&section);
    }
    list(&mut page, "what the whole run shows", &hinted(run));
    for (title, _, lines) in faults(run) {
        list(&mut page, title, lines);
    }
    list(&mut page, "warnings", &run.warnings);
    let named = |is_meant: fn(&CaseRecord) -> bool| -> Vec<String> {
        let reason = |case: &CaseRecord| case.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let cases = run.cases.iter().filter(|case| is_meant(case));
        cases.map(|case| format!("{}{}", case.name, reason(case))).collect()
    };
    list(&mut page, "passed only when tried again", &named(CaseRecord::is_flaky));
    list(&mut page, "failed as expected", &named(|case| case.verdict.is_expected()));
    list(&mut page, "notes", &run.remarks);
    page + &slowest(run) + &tightest(run)
}

fn head(run: &RunRecord) -> String {
    let mark = if is_success(run) { "✅" } else { "❌" };
    let backend = &run.backend;
    let mut page = format!("## {mark} {}\n\n", code(&headline(run)));
    let mut facts = vec![
        format!("backend {}", code(&backend.name)),
        format!("kind {}", code(&backend.kind)),
        format!("weights {}", code(&backend.weights)),
    ];
    let optional = [
        ("tag", &backend.tag),
        ("device", &backend.device),
        ("GPU", &backend.gpu),
        ("boileroom", &backend.boileroom),
        ("shard", &run.selection.shard),
    ];
    facts.extend(optional.iter().filter_map(|(word, value)| Some(format!("{word} {}", code(value.as_ref()?)))));
    let _ = writeln!(page, "{}\n", facts.join(" · "));
    let _ = writeln!(
        page,
        "{} of {} selected, {} planned · {:.1} s · begun {} · hydrotest {}",
        run.cases.len(),
        run.selection.selected,
        run.selection.planned,
        run.seconds,
        code(&run.started),
        code(&run.harness.version),
    );
    let versions = backend.versions.iter().map(|(name, version)| format!("{name} {version}"));
    list(&mut page, "versions", &versions.collect::<Vec<_>>());
    list(&mut page, OWN_TOLERANCES, &run.own_tolerances().map(ToString::to_string).collect::<Vec<_>>());
    page
}

/// The table of counts by model and level.
fn table(run: &RunRecord) -> String {
    let mut rows: Vec<((&str, &str), VerdictCounts)> = Vec::new();
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for case in &run.cases {
        let place = *places.entry((&case.model, case.level.name())).or_insert_with(|| {
            rows.push(((&case.model, case.level.name()), VerdictCounts::default()));
            rows.len() - 1
        });
        rows[place].1.add(case.facts());
    }
    if rows.is_empty() {
        return String::new();
    }
    let all = columns(&run.counts());
    let shown: Vec<usize> = (0..all.len()).filter(|&index| index < 2 || all[index].0 > 0).collect();
    let heads = shown.iter().map(|&index| format!(" {} |", all[index].1)).collect::<Vec<_>>().concat();
    let mut text = format!("\n| model | level |{heads}\n|---|---|{}", "--:|".repeat(shown.len()));
    let mut row = |model: &str, level: &str, counts: [(usize, &str); 10]| {
        let cells = shown.iter().map(|&index| format!(" {} |", counts[index].0)).collect::<Vec<_>>().concat();
        let _ = write!(text, "\n| {model} | {level} |{cells}");
    };
    for ((model, level), counts) in rows.iter().take(LISTED * 5) {
        row(&code(model), &code(level), columns(counts));
    }
    row("all", "", all);
    text.push('\n');
    if rows.len() > LISTED * 5 {
        let _ = write!(text, "\n{} of the table left out.\n", count(rows.len() - LISTED * 5, "row"));
    }
    text
}

fn cause(number: usize, group: &CauseGroup<'_>) -> String {
    let first = group.first();
    let mut text = format!(
        "\n#### {number}. {}\n\n{} · responsible: {} · first {} at {}\n",
        code(&group.title),
        count(group.cases.len(), "case"),
        party(group.responsible),
        code(&first.name),
        code(&first.place),
    );
    if let Some(likely) = group.likely_cause {
        let _ = write!(text, "\nLikely cause: {}\n", code(likely));
    }
    let details: Vec<String> = first.findings().iter().flat_map(lines).collect();
    if !details.is_empty() {
        text.push_str(&folded("Findings of the first case", &details));
    }
    let log: Vec<String> = first.findings().iter().flat_map(|finding| finding.log.clone()).collect();
    if !log.is_empty() {
        // The last lines of a log tell most.
        text.push_str(&folded("Last lines of the log", &log[log.len().saturating_sub(LINES)..]));
    }
    if group.cases.len() > 1 {
        let names: Vec<String> = group.cases.iter().map(|case| case.name.clone()).collect();
        text.push_str(&folded("All cases", &names));
    }
    let _ = write!(text, "\nReproduce:\n\n{}", block(std::slice::from_ref(&first.reproduce)));
    text
}

/// Lines that a reader has to unfold.
fn folded(title: &str, lines: &[String]) -> String {
    format!("\n<details><summary>{title}</summary>\n\n{}\n</details>\n", block(lines))
}

fn list(page: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(page, "\n### {title}\n\n");
    for line in lines.iter().take(LISTED) {
        let _ = writeln!(page, "- {}", code(line));
    }
    if lines.len() > LISTED {
        let _ = writeln!(page, "- and {} more", lines.len() - LISTED);
    }
}

fn slowest(run: &RunRecord) -> String {
    let mut cases: Vec<(f64, &CaseRecord)> = run.cases.iter().map(|case| (case.elapsed(), case)).collect();
    cases.retain(|(seconds, _)| *seconds > 0.0);
    cases.sort_by(|one, other| other.0.total_cmp(&one.0));
    if cases.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n### slowest cases\n\n| case | calls, s | judging, s |\n|---|--:|--:|\n");
    for (_, case) in cases.iter().take(EXTREMES) {
        let seconds = &case.seconds;
        let _ = writeln!(text, "| {} | {:.2} | {:.2} |", code(&case.name), seconds.calls, seconds.judge);
    }
    text
}

/// The passing cases with the tightest margins, each with its tightest number.
fn tightest(run: &RunRecord) -> String {
    let passed = run.cases.iter().filter(|case| case.verdict == Verdict::Pass);
    let mut most: Vec<(f64, &CaseRecord, &MetricRecord)> = passed
        .filter_map(|case| {
            let used = case.metrics.iter().map(|metric| (metric.used.value(), metric));
            let (used, metric) = used.max_by(|one, other| one.0.total_cmp(&other.0))?;
            (used > 0.0).then_some((used, case, metric))
        })
        .collect();
    most.sort_by(|one, other| other.0.total_cmp(&one.0));
    if most.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n### tightest margins\n\n| case | value | observed | noise floor | allowed | used |\n|---|---|--:|--:|--:|--:|\n",
    );
    for (used, case, metric) in most.iter().take(EXTREMES) {
        let floor = metric.noise_floor.as_ref().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {floor} | {} | {:.0} % |",
            code(&case.name),
            code(&format!("{} of {}", metric.name, metric.field)),
            code(&format!("{} {}", metric.observed, metric.unit)),
            metric.allowed,
            used * 100.0,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::record::fixture::{case, finding, metric, run};
    use crate::outcome::record::{ConclusionRecord, ConclusionWord, RunState};

    #[test]
    fn a_page_tells_causes_once_with_the_command() {
        let wrong = || {
            let mut wrong = finding("contract", "`embeddings`: expected float32, got float64");
            wrong.details = vec!["in every row".into()];
            wrong.likely_cause = Some("no cast to single precision".into());
            wrong
        };
        let mut near = case("esm2::embed::short", Verdict::Pass, vec![]);
        near.metrics = vec![metric("embeddings", 0.25)];
        let mut run = run(vec![
            case("esm2::embed::wide", Verdict::Fail, vec![wrong()]),
            case("esm2::embed::long", Verdict::Fail, vec![wrong()]),
            near,
        ]);
        run.leaks = vec!["process 17".into()];
        run.state = RunState::Complete;
        run.conclusion = Some(ConclusionRecord {
            word: ConclusionWord::Fails,
            sentence: "does not conform: the backend is wrong".into(),
            exit_code: 1,
        });
        insta::assert_snapshot!(render(&run), @"
        ## ❌ `does not conform: the backend is wrong (exit code 1)`

        backend `lab` · kind `http` · weights `published`

        3 of 3 selected, 3 planned · 1.5 s · begun `2026-11-29T12:00:00Z` · hydrotest `0.1.0`

        | model | level | passed | failed |
        |---|---|--:|--:|
        | `esm2` | `core` | 1 | 2 |
        | all |  | 1 | 2 |

        ### 1 cause

        #### 1. `` `embeddings`: expected float32, got float64 ``

        2 cases · responsible: backend · first `esm2::embed::wide` at `suites/embed.toml:7`

        Likely cause: `no cast to single precision`

        <details><summary>Findings of the first case</summary>

        ```text
        contract [call]: `embeddings`: expected float32, got float64
          in every row
          likely cause: no cast to single precision
        ```

        </details>

        <details><summary>All cases</summary>

        ```text
        esm2::embed::wide
        esm2::embed::long
        ```

        </details>

        Reproduce:

        ```text
        hydrotest --backend lab --exact esm2::embed::wide
        ```

        ### leaked

        - `process 17`

        ### slowest cases

        | case | calls, s | judging, s |
        |---|--:|--:|
        | `esm2::embed::wide` | 0.50 | 0.12 |
        | `esm2::embed::long` | 0.50 | 0.12 |
        | `esm2::embed::short` | 0.50 | 0.12 |

        ### tightest margins

        | case | value | observed | noise floor | allowed | used |
        |---|---|--:|--:|--:|--:|
        | `esm2::embed::short` | `CA RMSD of embeddings` | `0.125 Å` | 0.01 | 0.5 | 25 % |
        ");
    }

    #[test]
    fn ten_thousand_causes_fit_and_say_what_is_missing() {
        let letters = |number: usize| -> String {
            let digit = |place: u32| char::from(b'a' + (number / 26_usize.pow(place) % 26) as u8);
            (0..4).map(digit).collect()
        };
        let cases = (0..10_000).map(|number| {
            let mut wrong = finding("contract", &format!("wrong {}", letters(number)));
            wrong.details = vec!["x".repeat(1000); 2];
            wrong.log = vec!["y".repeat(300)];
            case(&format!("esm2::embed::{}", letters(number)), Verdict::Fail, vec![wrong])
        });
        let mut run = run(cases.collect());
        run.warnings = vec!["z".repeat(10_000); 100];
        let page = render(&run);
        assert!(page.len() < PAGE, "{}", page.len());
        assert!(page.contains("causes left out, because the page would be too long"));
    }
}
