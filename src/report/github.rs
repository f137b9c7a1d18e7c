//! The run as workflow commands of GitHub Actions, which become annotations beside the lines of the suites: one for each cause, not
//! for each case. Every foreign text is escaped, so that it is no command and no property.

use std::fmt::Write;

use super::format::Report;
use super::words::{OWN_TOLERANCES, cut, faults, headline, hinted, is_success, party, subject};
use crate::metric_value::count;
use crate::outcome::Verdict;
use crate::outcome::record::{CaseRecord, CauseGroup, RunRecord, RunState, causes};

/// Annotations of GitHub Actions.
pub(super) struct GithubAnnotations;

/// GitHub shows no more than so many of one level from a step.
const SHOWN: usize = 10;
/// The most characters of a line in an annotation.
const LONGEST: usize = 1000;
/// Cases that one annotation names.
const NAMED: usize = 5;

impl Report for GithubAnnotations {
    fn name(&self) -> &'static str {
        "github"
    }

    fn about(&self) -> &'static str {
        "workflow commands of GitHub Actions: an annotation for each cause, to print in a step"
    }

    fn render(&self, run: &RunRecord) -> Result<String, String> {
        let mut errors = Vec::new();
        if run.state != RunState::Complete {
            errors.push(Annotation::new("the run did not end", headline(run)));
        }
        for (title, _, lines) in faults(run).into_iter().filter(|(_, _, lines)| !lines.is_empty()) {
            errors.push(Annotation::new(title, lines.join("\n")));
        }
        errors.extend(causes(run).iter().map(of_cause));
        if errors.is_empty() && !is_success(run) {
            errors.push(Annotation::new("the run did not succeed", headline(run)));
        }
        let mut warnings = Vec::new();
        let named = |is_meant: fn(&CaseRecord) -> bool| {
            named_cases(&run.cases.iter().filter(|case| is_meant(case)).collect::<Vec<_>>())
        };
        warnings.extend(named(CaseRecord::is_flaky).map(|text| Annotation::new("passed only when tried again", text)));
        let is_known = |case: &CaseRecord| {
            matches!(case.verdict, Verdict::KnownUpstream | Verdict::KnownFailure | Verdict::ExpectedFailure)
        };
        warnings.extend(named(is_known).map(|text| Annotation::new("failed as expected", text)));
        let hints = hinted(run);
        if !hints.is_empty() {
            warnings.push(Annotation::new("what the whole run shows", hints.join("\n")));
        }
        let own: Vec<String> = run.own_tolerances().map(ToString::to_string).collect();
        if !own.is_empty() {
            warnings.push(Annotation::new(OWN_TOLERANCES, own.join("\n")));
        }
        if !run.warnings.is_empty() {
            warnings.push(Annotation::new("warning", run.warnings.join("\n")));
        }
        let mut text = String::new();
        write_level(&mut text, "error", errors);
        write_level(&mut text, "warning", warnings);
        let notice = Annotation::new(&subject(run), headline(run));
        write_level(&mut text, "notice", vec![notice]);
        Ok(text)
    }
}

/// What one command says.
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
    if let Some(finding) = first.deciding_finding() {
        lines.extend(finding.details.iter().take(NAMED).cloned());
    }
    lines.extend(group.likely_cause.map(|cause| format!("likely cause: {cause}")));
    lines.extend(named_cases(&group.cases));
    lines.push(format!("reproduce: {}", first.reproduce));
    let lines: Vec<String> = lines.iter().map(|line| cut(line, LONGEST)).collect();
    let place = first.place.rsplit_once(':');
    Annotation {
        place: place.and_then(|(file, line)| Some((file.to_owned(), line.parse().ok()?))),
        title: first.name.clone(),
        message: lines.join("\n"),
    }
}

/// The first of some cases, and how many more there are.
fn named_cases(cases: &[&CaseRecord]) -> Option<String> {
    let mut names: Vec<&str> = cases.iter().take(NAMED).map(|case| &*case.name).collect();
    let more = format!("and {} more", cases.len().saturating_sub(NAMED));
    if cases.len() > NAMED {
        names.push(&more);
    }
    (!names.is_empty()).then(|| names.join(", "))
}

fn write_level(text: &mut String, level: &str, mut annotations: Vec<Annotation>) {
    if annotations.len() > SHOWN {
        let more = annotations.split_off(SHOWN - 1);
        let titles: Vec<String> = more.iter().take(SHOWN).map(|one| cut(&one.title, LONGEST)).collect();
        let title = format!("and {} more", more.len());
        annotations.push(Annotation::new(&title, titles.join("\n")));
    }
    for one in annotations {
        let place = one.place.map(|(file, line)| format!("file={},line={line},", property(&file)));
        let title = property(&cut(&one.title, LONGEST));
        let message = data(&one.message);
        let _ = writeln!(text, "::{level} {}title={title}::{message}", place.unwrap_or_default());
    }
}

/// The text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
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
        insta::assert_snapshot!(GithubAnnotations.render(&ended(run, 1)).unwrap(), @"
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
        let text = GithubAnnotations.render(&ended(run(letters.collect()), 1)).unwrap();
        assert_eq!(text.matches("::error ").count(), 10);
        assert!(text.contains("::error title=and 17 more::esm2::embed::j%0Aesm2::embed::k"), "{text}");
    }

    #[test]
    fn a_run_without_failing_cases_that_did_not_succeed_has_an_error() {
        let text = GithubAnnotations.render(&ended(run(vec![]), 4)).unwrap();
        assert!(text.starts_with("::error title=the run did not succeed::does not conform (exit code 4)"), "{text}");
        let text = GithubAnnotations.render(&run(vec![])).unwrap();
        assert!(text.starts_with("::error title=the run did not end::incomplete"), "{text}");
    }
}
