//! The page holds what it is given, and nothing in it acts.

use serde_json::{Value, json};

use super::{PLAIN_FAILURES, RunRecord, SCRIPTS, STYLES, render};
use crate::backend::Responsible;
use crate::outcome::Verdict;
use crate::outcome::record::fixture::{case, finding, run};
use crate::outcome::record::{AttemptRecord, ConclusionRecord, ConclusionWord, RunState};

/// Texts that would act where they are markup, attributes or script.
const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "<!-- <script>",
    "]]>",
    "\" autofocus onfocus=\"alert(1)",
    "' onclick='alert(1)",
    "{{ page.backend }}{% raw %}",
    "&lt;b&gt; \u{2028}\u{2029}",
];

fn rendered(run: &RunRecord) -> String {
    render(run).unwrap()
}

/// What the script of a page reads.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"<script type="application/json" id="run-data">"#).unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

fn complete(mut run: RunRecord) -> RunRecord {
    run.state = RunState::Complete;
    run.conclusion = Some(ConclusionRecord {
        word: ConclusionWord::Fails,
        sentence: "lab FAILS: 1 of 2 cases".into(),
        exit_code: 1,
    });
    run
}

/// A run with a hostile text wherever foreign text stands.
fn hostile(text: &str) -> RunRecord {
    let mut wrong = finding("contract", text);
    wrong.details = vec![text.into()];
    wrong.likely_cause = Some(text.into());
    wrong.log = vec![text.into()];
    let mut entry = case(&format!("esm2::embed::{text}"), Verdict::Fail, vec![wrong]);
    entry.reproduce = format!("hydrotest {text}");
    entry.notes = vec![text.into()];
    entry.calls[0].input = json!([text]);
    let mut run = complete(run(vec![entry]));
    run.backend.name = text.into();
    run.backend.device = Some(text.into());
    run.backend.versions.insert(text.into(), text.into());
    run.selection.whole = false;
    run.selection.arguments = vec![text.into()];
    run.leaks = vec![text.into()];
    run
}

#[test]
fn hostile_texts_change_no_markup() {
    // Tags, comments and quotes of a page depend on the template alone.
    let shape =
        |page: &str| ['<', '>', '"', '\''].map(|letter| page.matches(letter).count() - letters_of_data(page, letter));
    let plain = shape(&rendered(&hostile("plain")));
    for text in HOSTILE {
        let page = rendered(&hostile(text));
        assert_eq!(shape(&page), plain, "{text}");
        let held = data(&page);
        assert_eq!(held["run"]["backend"]["name"], text);
        assert_eq!(held["run"]["cases"][0]["calls"][0]["input"][0], text);
    }
}

/// How often a letter stands in the data of the script, where it is no markup.
fn letters_of_data(page: &str, letter: char) -> usize {
    let (_, rest) = page.split_once(r#"id="run-data">"#).unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    assert!(!data.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{data}");
    data.matches(letter).count()
}

#[test]
fn an_incomplete_run_is_marked() {
    let mut begun = run(vec![case("esm2::embed::short", Verdict::Pass, vec![])]);
    begun.selection.selected = 7;
    let page = rendered(&begun);
    assert!(page.contains("<strong>Incomplete.</strong>"));
    assert!(page.contains("1 of 7 cases have a result"));
    assert!(page.contains(r#"<span class="badge warn">incomplete</span>"#));
    let page = rendered(&complete(begun.clone()));
    assert!(!page.contains("<strong>Incomplete.</strong>"));
    begun.state = RunState::Interrupted;
    assert!(rendered(&begun).contains("<strong>Interrupted.</strong>"));
}

#[test]
fn the_page_needs_no_network() {
    let page = rendered(&run(vec![]));
    assert!(page.contains("default-src 'none'"));
    for outside in ["://", "src=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "innerHTML", "eval("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_script_of_the_page_cannot_end_early() {
    for script in SCRIPTS {
        assert!(!script.contains("</") && !script.contains("<!--"));
    }
    for style in STYLES {
        assert!(!style.contains('<'));
    }
}

#[test]
fn causes_point_at_their_cases() {
    let wrong = || vec![finding("contract", "`embeddings`: expected float32, got float64")];
    let run = complete(run(vec![
        case("esm2::embed::one", Verdict::Pass, vec![]),
        case("esm2::embed::two", Verdict::Fail, wrong()),
        case("esm2::embed::three", Verdict::Fail, wrong()),
    ]));
    let page = rendered(&run);
    assert_eq!(data(&page)["causes"], json!([[1, 2]]));
    assert!(page.contains("<h2>1 cause</h2>"));
    assert!(page.contains("expected float32, got float64"));
}

#[test]
fn the_script_shows_the_attempt_that_decided() {
    let wrong = || vec![finding("response", "call failed: the server exited")];
    let again = |verdict, responsible| {
        let mut case = case("esm2::embed::two", verdict, wrong());
        case.responsible = responsible;
        case.attempts.push(AttemptRecord { verdict: Verdict::Pass, findings: Vec::new() });
        case
    };
    let mut inconclusive = again(Verdict::Fail, Some(Responsible::Backend));
    inconclusive.attempts[1] = AttemptRecord { verdict: Verdict::Error, findings: wrong() };
    inconclusive.attempts[1].findings[0].responsible = Responsible::Platform;
    let run = run(vec![
        again(Verdict::Fail, Some(Responsible::Backend)),
        again(Verdict::KnownFailure, Some(Responsible::Backend)),
        again(Verdict::Pass, None),
        case("esm2::embed::one", Verdict::Skip, vec![]),
        inconclusive,
    ]);
    assert_eq!(data(&rendered(&run))["deciding"], json!([0, 0, 1, null, 0]));
    for script in [include_str!("js/core.js"), include_str!("js/case.js")] {
        assert!(script.contains("deciding.get(entry)") && !script.contains("attempts.length - 1"));
    }
}

#[test]
fn without_scripts_there_is_a_table_of_failures() {
    let failures = |number: usize| {
        let wrong = |index| case(&format!("esm2::embed::{index}"), Verdict::Fail, vec![finding("contract", "wrong")]);
        run((0..number).map(wrong).collect())
    };
    let page = rendered(&failures(2));
    assert!(page.contains("<td>esm2::embed::1</td><td>fail</td><td>backend</td><td>wrong</td>"));
    assert!(!page.contains("more are not shown here"));
    assert!(rendered(&failures(PLAIN_FAILURES + 3)).contains("<p>3 more are not shown here.</p>"));
}

#[test]
fn every_verdict_and_owner_is_known_to_the_script() {
    let core = include_str!("js/core.js");
    for verdict in [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Error,
        Verdict::Skip,
        Verdict::ExpectedFailure,
        Verdict::KnownUpstream,
        Verdict::KnownFailure,
        Verdict::Stale,
        Verdict::UnexpectedPass,
    ] {
        let name = serde_json::to_value(verdict).unwrap();
        let name = name.as_str().unwrap();
        assert!(core.contains(&format!("\n  {name}: {{")), "{name}");
    }
    assert_eq!(serde_json::to_value(Responsible::Backend).unwrap(), "backend");
}

/// An independent reader: html5lib, strict, of the Python that `HYDROTEST_ORACLES` names.
#[test]
#[ignore = "needs HYDROTEST_ORACLES"]
fn every_page_is_read_by_a_strict_parser() {
    let python = std::env::var("HYDROTEST_ORACLES").expect("HYDROTEST_ORACLES, which tests/README.md explains");
    let directory = tempfile::tempdir().unwrap();
    let mut pages: Vec<String> = HOSTILE.iter().map(|text| rendered(&hostile(text))).collect();
    pages.push(rendered(&hostile("plain")));
    pages.push(rendered(&run(vec![])));
    let files: Vec<_> = (0..pages.len()).map(|index| directory.path().join(format!("{index}.html"))).collect();
    for (file, page) in files.iter().zip(&pages) {
        std::fs::write(file, page).unwrap();
    }
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/check_page.py");
    let output = std::process::Command::new(python).arg(script).args(&files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let elements: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(elements.len(), pages.len());
    // No hostile text made an element.
    let plain = &elements[HOSTILE.len()];
    assert!(elements[..HOSTILE.len()].iter().all(|counts| counts == plain), "{elements:?}");
    assert_eq!(plain["script"], 2);
}
