//! The run as workflow commands of GitHub Actions, which become annotations beside the lines of the suites: one for each cause, not
//! for each case. Escapes all foreign text, so that it is never a command or a property.

use std::fmt::Write;

use super::words::{OWN_TOLERANCES, cut, faults, headline, hinted, is_success, party, subject};
use crate::metric_value::count;
use crate::outcome::record::{CaseRecord, CauseGroup, RunRecord, RunState, causes};

/// The most annotations of one level that GitHub shows from a step.
const SHOWN: usize = 10;
/// The most characters of a line in an annotation.
const LONGEST: usize = 1000;
/// The most cases that one annotation names.
const NAMED: usize = 5;

/// The commands, a line each.
pub(super) fn render(run: &RunRecord) -> String {
    let mut errors = Vec::new();
    if run.state != RunState::Complete {
        errors.push(Annotation::new("the run did not end", headline(run)));
    }
    errors.extend(faults(run).map(|(title, _, lines)| Annotation::new(title, lines.join("\n"))));
    errors.extend(causes(run).iter().map(of_cause));
    if errors.is_empty() && !is_success(run) {
        errors.push(Annotation::new("the run did not succeed", headline(run)));
    }
    let named = |is_meant: fn(&CaseRecord) -> bool| {
        named_cases(&run.cases.iter().filter(|case| is_meant(case)).collect::<Vec<_>>())
    };
    let own: Vec<String> = run.own_tolerances().map(ToString::to_string).collect();
    let warnings = [
        ("passed only when tried again", named(CaseRecord::is_flaky)),
        ("failed as expected", named(|case| case.verdict.is_expected())),
        ("what the whole run shows", hinted(run).join("\n")),
        (OWN_TOLERANCES, own.join("\n")),
        ("warning", run.warnings.join("\n")),
    ];
    let warnings = warnings.into_iter().filter(|(_, message)| !message.is_empty());
    let warnings = warnings.map(|(title, message)| Annotation::new(title, message)).collect();
    let mut text = String::new();
    write_level(&mut text, "error", errors);
    write_level(&mut text, "warning", warnings);
    write_level(&mut text, "notice", vec![Annotation::new(&subject(run), headline(run))]);
    text
}

/// The content of one command.
struct Annotation {
    place: Option<(String, u32)>,
    title: String,
    message: String,
}

impl Annotation {
    fn new(title: &str, message: String) -> Self {
        Self { place: None, title: title.to_owned(), message }
    }
}

fn of_cause(group: &CauseGroup<'_>) -> Annotation {
    let first = group.first();
    let mut lines =
        vec![format!("{} ({}): {}", count(group.cases.len(), "case"), party(group.responsible), group.title)];
    lines.extend(first.deciding_finding().iter().flat_map(|finding| finding.details.iter().take(NAMED).cloned()));
    lines.extend(group.likely_cause.map(|cause| format!("likely cause: {cause}")));
    lines.extend([named_cases(&group.cases), format!("reproduce: {}", first.reproduce)]);
    let lines: Vec<String> = lines.iter().map(|line| cut(line, LONGEST)).collect();
    Annotation {
        place: first.place.rsplit_once(':').and_then(|(file, line)| Some((file.to_owned(), line.parse().ok()?))),
        title: first.name.clone(),
        message: lines.join("\n"),
    }
}

/// The names of the first cases, and how many more there are.
fn named_cases(cases: &[&CaseRecord]) -> String {
    let mut names: Vec<&str> = cases.iter().take(NAMED).map(|case| &*case.name).collect();
    let more = format!("and {} more", cases.len().saturating_sub(NAMED));
    if cases.len() > NAMED {
        names.push(&more);
    }
    names.join(", ")
}

fn write_level(text: &mut String, level: &str, mut annotations: Vec<Annotation>) {
    if annotations.len() > SHOWN {
        let more = annotations.split_off(SHOWN - 1);
        let titles: Vec<String> = more.iter().take(SHOWN).map(|one| cut(&one.title, LONGEST)).collect();
        annotations.push(Annotation::new(&format!("and {} more", more.len()), titles.join("\n")));
    }
    for one in annotations {
        let place = one.place.map(|(file, line)| format!("file={},line={line},", property(&file))).unwrap_or_default();
        let title = property(&cut(&one.title, LONGEST));
        let _ = writeln!(text, "::{level} {place}title={title}::{}", data(&one.message));
    }
}

/// Escapes the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Verdict;
    use crate::outcome::record::fixture::{case, finding, run};
    use crate::outcome::record::{ConclusionRecord, ConclusionWord};

    fn ended(mut run: RunRecord, exit_code: u8) -> RunRecord {
        run.state = RunState::Complete;
        run.conclusion =
            Some(ConclusionRecord { word: ConclusionWord::Fails, sentence: "does not conform".into(), exit_code });
        run
    }

    #[test]
    fn a_cause_is_one_annotation_at_the_line_of_its_first_case() {
        let wrong = || vec![finding("contract", "100 % wrong: a, b")];
        let mut run = run(vec![
            case("esm2::embed::wide", Verdict::Fail, wrong()),
            case("esm2::embed::long", Verdict::Fail, wrong()),
        ]);
        run.leaks = vec!["process 17".into(), "port 8000".into()];
        insta::assert_snapshot!(render(&ended(run, 1)), @"
        ::error title=leaked::process 17%0Aport 8000
        ::error file=suites/embed.toml,line=7,title=esm2%3A%3Aembed%3A%3Awide::2 cases (backend): 100 %25 wrong: a, b%0Aesm2::embed::wide, esm2::embed::long%0Areproduce: hydrotest --backend lab --exact esm2::embed::wide
        ::notice title=backend lab (kind http%2C weights published)::does not conform (exit code 1)
        ");
    }

    #[test]
    fn more_causes_than_are_shown_are_counted() {
        let letters = ('a'..='z').map(|letter| {
            let summary = format!("wrong {letter}");
            case(&format!("esm2::embed::{letter}"), Verdict::Fail, vec![finding("contract", &summary)])
        });
        let text = render(&ended(run(letters.collect()), 1));
        assert_eq!(text.matches("::error ").count(), 10);
        assert!(text.contains("::error title=and 17 more::esm2::embed::j%0Aesm2::embed::k"), "{text}");
    }

    #[test]
    fn a_run_without_failing_cases_that_did_not_succeed_has_an_error() {
        let text = render(&ended(run(vec![]), 4));
        assert!(text.starts_with("::error title=the run did not succeed::does not conform (exit code 4)"), "{text}");
        let text = render(&run(vec![]));
        assert!(text.starts_with("::error title=the run did not end::incomplete"), "{text}");
    }
}
