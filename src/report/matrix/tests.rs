//! The forms of the table say what the cells hold, and nothing in foreign text acts in them.

use super::*;
use crate::config::Level;
use crate::metric_value::MetricVerdict;
use crate::outcome::Verdict;
use crate::outcome::record::fixture::{case, finding, hostile, metric, run, with_tolerances};
use crate::outcome::record::{CaseRecord, ConclusionRecord, ConclusionWord, RunState, read, text};

fn form(name: &str) -> &'static MatrixForm {
    MATRIX_FORMS.iter().find(|form| form.name == name).unwrap()
}

fn backend(name: &str, kind: &str, cases: Vec<CaseRecord>) -> RunRecord {
    let mut run = run(cases);
    run.backend.name = name.into();
    run.backend.kind = kind.into();
    run.backend.boileroom = Some("0.3.0".into());
    run.state = RunState::Complete;
    run.conclusion =
        Some(ConclusionRecord { word: ConclusionWord::Conforms, sentence: "conforms".into(), exit_code: 0 });
    run
}

fn passed(name: &str) -> CaseRecord {
    case(name, Verdict::Pass, vec![])
}

fn differing(name: &str, used: f64) -> CaseRecord {
    let mut case = case(name, Verdict::Fail, vec![finding("snapshot", "1 of 1 values differs")]);
    let mut metric = metric("atom_array[0]", used);
    metric.verdict = MetricVerdict::Different;
    case.metrics = vec![metric];
    case.calls[0].method = "fold".into();
    case
}

/// Four backends: one that conforms, one that only some cases were run on, one that fails and one whose run did not end.
fn runs() -> Vec<RunRecord> {
    let long = || CaseRecord { level: Level::Extended, ..passed("esm2::embed::long") };
    let both = || vec![passed("esm2::embed::short"), long()];
    let whole = backend("lab", "http", [both(), vec![passed("esmfold::fold::short")]].concat());
    let mut some = backend("modal", "modal", both());
    some.selection.every_core_case = false;
    let failed = backend("apptainer", "apptainer", vec![differing("esmfold::fold::short", 4.0)]);
    let mut killed = backend("cluster", "slurm", vec![passed("esm2::embed::short")]);
    killed.state = RunState::Incomplete;
    killed.conclusion = None;
    killed.leaks = vec!["job 17".into()];
    killed.harness.suites_sha256 = "1".repeat(64);
    let mut older = whole.clone();
    older.started = "2026-11-28T12:00:00Z".into();
    vec![whole, some, failed, killed, older]
}

fn rendered(name: &str, runs: &[RunRecord]) -> String {
    let links = BTreeMap::from([("lab".to_owned(), "https://example.org/run?a=1&b=2".to_owned())]);
    MatrixView::new(runs, &links).render(form(name))
}

#[test]
fn the_table_says_conforms_of_levels_only() {
    insta::assert_snapshot!(rendered("markdown", &runs()), @"
    | backend | kind | weights | `esm2` | `esmfold` | hydrotest | boileroom | date | link |
    |---|---|---|---|---|---|---|---|---|
    | `lab` | `http` | `published` | ✅ extended conforms<br>core 1 of 1 passed, extended 1 of 1 passed | ✅ core conforms<br>core 1 of 1 passed | `0.1.0` | `0.3.0` | `2026-11-29` | [run](<https://example.org/run?a=1&b=2>) |
    | `modal` | `modal` | `published` | 🟡 passed 2 of 2 selected<br>core 1 of 1 passed, extended 1 of 1 passed | – not run | `0.1.0` | `0.3.0` | `2026-11-29` | – |
    | `apptainer` | `apptainer` | `published` | – not run | ❌ fails<br>core 0 of 1 passed, 1 failed | `0.1.0` | `0.3.0` | `2026-11-29` | – |
    | `cluster` | `slurm` | `published` | ❔ inconclusive<br>core 1 of 1 passed<br>`leaked`<br>`other suites` | – not run | `0.1.0` | `0.3.0` | `2026-11-29` | – |

    - `apptainer` is likely odd in 1 case: differs from the recorded result as no other backend does; matched by `lab`. Cases: `esmfold::fold::short`. Values: `atom_array[0]`.
    - Groups that agree in every comparison: recorded results, `lab`, `modal`, `cluster`; `apptainer`.
    - `lab`: the newest run of each model counts; 1 older run left out.
    ");
}

#[test]
fn the_page_has_the_same_words() {
    let page = rendered("html", &runs());
    let (_, table) = page.split_once("<tbody>\n").unwrap();
    insta::assert_snapshot!(table, @r#"
    <tr><th scope="row">lab<small>http</small><small>published</small></th><td class="conforms">extended conforms<small>core 1 of 1 passed, extended 1 of 1 passed</small></td><td class="conforms">core conforms<small>core 1 of 1 passed</small></td><td>hydrotest 0.1.0<br>boileroom 0.3.0</td><td><a href="https://example.org/run?a=1&amp;b=2">2026-11-29</a></td></tr>
    <tr><th scope="row">modal<small>modal</small><small>published</small></th><td class="passed">passed 2 of 2 selected<small>core 1 of 1 passed, extended 1 of 1 passed</small></td><td class="none">not run</td><td>hydrotest 0.1.0<br>boileroom 0.3.0</td><td>2026-11-29</td></tr>
    <tr><th scope="row">apptainer<small>apptainer</small><small>published</small></th><td class="none">not run</td><td class="fails">fails<small>core 0 of 1 passed, 1 failed</small></td><td>hydrotest 0.1.0<br>boileroom 0.3.0</td><td>2026-11-29</td></tr>
    <tr><th scope="row">cluster<small>slurm</small><small>published</small></th><td class="inconclusive">inconclusive<small>core 1 of 1 passed</small><small>leaked</small><small>other suites</small></td><td class="none">not run</td><td>hydrotest 0.1.0<br>boileroom 0.3.0</td><td>2026-11-29</td></tr>
    </tbody>
    </table>
    </div>
    <ul>
    <li><code>apptainer</code> is likely odd in 1 case: differs from the recorded result as no other backend does; matched by <code>lab</code>. Cases: <code>esmfold::fold::short</code>. Values: <code>atom_array[0]</code>.</li>
    <li>Groups that agree in every comparison: recorded results, <code>lab</code>, <code>modal</code>, <code>cluster</code>; <code>apptainer</code>.</li>
    <li><code>lab</code>: the newest run of each model counts; 1 older run left out.</li>
    </ul>
    </body>
    </html>
    "#);
}

#[test]
fn boileroom_has_models_in_rows() {
    insta::assert_snapshot!(rendered("boileroom", &runs()), @"
    Backend Support Matrix
    ======================

    The table below tracks which execution backends are currently available for each model.

    Legend:
    - ✅ Full support: conforms at level core or extended
    - 🍊 Experimental/partial support: the number of passed cases of all that were selected; a case failed or not all ran
    - – Not tested

    ### Structure Algorithms

    | Model | `lab` | 🟢 Modal | 🐧 Apptainer | `cluster` |
    |---|:-:|:-:|:-:|:-:|
    | ESMFold | ✅ | – | 🍊 0/1 | – |

    ### Embedding Algorithms

    | Model | `lab` | 🟢 Modal | 🐧 Apptainer | `cluster` |
    |---|:-:|:-:|:-:|:-:|
    | ESM-2 | ✅ | 🍊 2/2 | – | 🍊 1/1 |

    - `lab` was tested by hydrotest `0.1.0` on `2026-11-29`: [results](<https://example.org/run?a=1&b=2>)
    - `modal` was tested by hydrotest `0.1.0` on `2026-11-29`
    - `apptainer` was tested by hydrotest `0.1.0` on `2026-11-29`
    - `cluster` was tested by hydrotest `0.1.0` on `2026-11-29`
    ");
}

#[test]
fn the_badge_tells_the_worst() {
    let message = |runs: &[RunRecord]| {
        let badge: serde_json::Value = serde_json::from_str(&rendered("badge", runs)).unwrap();
        assert_eq!(badge["schemaVersion"], 1);
        format!("{}: {} ({})", badge["label"], badge["message"], badge["color"]).replace('"', "")
    };
    let mut runs = runs();
    insta::assert_snapshot!(message(&runs), @"hydrotest: fails: 2 of 8 (red)");
    insta::assert_snapshot!(message(&runs[..1]), @"hydrotest lab: core conforms: 2 of 2 (green)");
    insta::assert_snapshot!(message(&runs[..2]), @"hydrotest: passed as selected; core conforms: 2 of 4 (yellow)");
    insta::assert_snapshot!(message(&runs[2..3]), @"hydrotest apptainer: fails: 1 of 1 (red)");
    insta::assert_snapshot!(message(&runs[3..4]), @"hydrotest cluster: fails: 1 of 1 (red)");
    runs[3].leaks.clear();
    insta::assert_snapshot!(message(&runs[3..4]), @"hydrotest cluster: inconclusive: 1 of 1 (lightgrey)");
    let only = backend("lab", "http", vec![passed("esm2::embed::short")]);
    insta::assert_snapshot!(message(&[only]), @"hydrotest lab: core conforms: 1 of 1 (green)");
}

#[test]
fn notes_tell_a_stale_reference_from_an_odd_backend() {
    let fails = |name: &str, used| backend(name, "http", vec![differing("esmfold::fold::short", used)]);
    let mut right = passed("esmfold::fold::short");
    right.metrics = vec![metric("atom_array[0]", 0.1)];
    let matches = |name: &str| backend(name, "http", vec![right.clone()]);
    let notes = |runs: &[RunRecord]| {
        let table = rendered("markdown", runs);
        table.lines().filter(|line| line.starts_with("- ")).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(notes(&[fails("a", 2.0), fails("b", 2.001), matches("lab")]), @"
    - The reference is likely stale in 1 case (weights `published`): `a`, `b` differ from it by the same numbers; matched by `lab`. Cases: `esmfold::fold::short`. Values: `atom_array[0]`.
    - Groups that agree in every comparison: `a`, `b`; recorded results, `lab`.
    ");
    insta::assert_snapshot!(notes(&[fails("a", 2.0), matches("b"), matches("lab")]), @"
    - `a` is likely odd in 1 case: differs from the recorded result as no other backend does; matched by `b`, `lab`. Cases: `esmfold::fold::short`. Values: `atom_array[0]`.
    - Groups that agree in every comparison: `a`; recorded results, `b`, `lab`.
    ");
    insta::assert_snapshot!(notes(&[fails("a", 2.0), fails("b", 3.0), matches("lab")]), @"
    - Unclear in 1 case: `a`, `b` differ from the recorded result, and no majority by the same numbers; matched by `lab`. Cases: `esmfold::fold::short`. Values: `atom_array[0]`.
    - Groups that agree in every comparison: `a`; `b`; recorded results, `lab`.
    ");
    insta::assert_snapshot!(notes(&[matches("a"), matches("lab")]), @"");
}

#[test]
fn json_has_levels_and_counts() {
    let table: serde_json::Value = serde_json::from_str(&rendered("json", &runs())).unwrap();
    let row = &table["rows"][0];
    assert_eq!((row["backend"].as_str(), row["link"].as_str()), (Some("lab"), Some("https://example.org/run?a=1&b=2")));
    let cell = &row["models"]["esm2"];
    assert_eq!(cell["level"], "extended_conforms");
    assert_eq!((&cell["core"]["passed"], &cell["extended"]["cases"]), (&1.into(), &1.into()));
    assert_eq!(cell["older_runs"], 1);
    assert_eq!(table["rows"][1]["models"]["esm2"]["words"], "passed 2 of 2 selected");
    assert_eq!(table["disagreements"][0]["likely_fault"], "backend");
    assert_eq!(table["disagreements"][0]["cases"][0], "esmfold::fold::short");
}

#[test]
fn foreign_text_does_nothing_in_any_form() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut foreign = hostile();
    foreign.cases[0].model = "</td><script>alert(1)</script>|`x`".into();
    foreign.backend.boileroom = Some("<img src=x>|".into());
    std::fs::write(file.path(), text(&foreign).unwrap()).unwrap();
    let runs = [read(file.path()).unwrap()];
    for form in MATRIX_FORMS {
        let shown = rendered(form.name, &runs);
        let is_plain = |letter: char| letter == '\n' || !letter.is_control();
        assert!(shown.chars().all(is_plain), "{}: {shown}", form.name);
        if form.name == "html" {
            assert!(!shown.contains("<script") && !shown.contains("<img"), "{shown}");
        }
        if form.name == "markdown" {
            let columns = |line: &str| line.matches('|').count();
            let mut lines = shown.lines().take_while(|line| !line.is_empty());
            let first = columns(lines.next().unwrap());
            assert!(lines.all(|line| columns(line) == first), "{shown}");
        }
    }
}

#[test]
fn a_model_with_a_wider_tolerance_of_its_own_does_not_conform() {
    let cases = vec![passed("esm2::embed::short"), passed("esmfold::fold::short")];
    let runs = [with_tolerances(backend("lab", "http", cases))];
    let shown = rendered("markdown", &runs);
    insta::assert_snapshot!(shown.lines().nth(2).unwrap_or_default(), @"| `lab` | `http` | `published` | ✅ core conforms<br>core 1 of 1 passed<br>`own tolerance floor.slack 1.2, shared 1.5 (narrower)` | 🟡 passes with its own tolerances<br>core 1 of 1 passed<br>`own tolerance structure.rmsd 1.2, shared 0.6 (wider)` | `0.1.0` | `0.3.0` | `2026-11-29` | [run](<https://example.org/run?a=1&b=2>) |");
    assert!(rendered("html", &runs).contains("own tolerance structure.rmsd 1.2, shared 0.6 (wider)"));
    let table: serde_json::Value = serde_json::from_str(&rendered("json", &runs)).unwrap();
    let cell = |model: &str| table["rows"][0]["models"][model].clone();
    assert_eq!(
        (&cell("esmfold")["level"], &cell("esm2")["level"]),
        (&"own_tolerances".into(), &"core_conforms".into())
    );
    assert_eq!(cell("esmfold")["own_tolerances"][0]["effect"], "wider");
    let badge: serde_json::Value = serde_json::from_str(&rendered("badge", &runs)).unwrap();
    assert_eq!(badge["message"], "passes with its own tolerances: 1 of 2");
    assert!(rendered("boileroom", &runs).contains("| ESMFold | 🍊 1/1 |"), "{}", rendered("boileroom", &runs));
}
