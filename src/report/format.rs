//! The formats in which a run can be reported, each a pure function of its record. Does not write files or print.

use std::path::PathBuf;

use super::{github, html, junit, markdown, tap};
use crate::outcome::record::{RunRecord, text};

/// A format in which a run can be reported.
#[derive(Debug)]
pub(crate) struct ReportFormat {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Its purpose, in one line.
    pub(crate) about: &'static str,
    /// Whether it holds or draws the plots of cases, which are computed while the run goes on.
    pub(crate) draws: bool,
    /// Makes the whole text of the report, and marks a run that is incomplete. The error says why this run has no such text.
    pub(crate) render: fn(&RunRecord) -> Result<String, String>,
}

/// All formats, in the order in which they are listed.
pub(crate) static FORMATS: [ReportFormat; 6] = [
    ReportFormat {
        name: "json",
        about: "the outcome file, from which `hydrotest report` makes every other form",
        draws: true,
        render: |run| text(run).map_err(|error| error.to_string()),
    },
    ReportFormat {
        name: "junit",
        about: "JUnit XML for GitLab, Jenkins and dashboards; every attempt is in it",
        draws: false,
        render: junit::render,
    },
    ReportFormat {
        name: "markdown",
        about: "a page of Markdown, such as a job summary on GitHub",
        draws: false,
        render: |run| Ok(markdown::render(run)),
    },
    ReportFormat {
        name: "github",
        about: "workflow commands of GitHub Actions: an annotation for each cause, to print in a step",
        draws: false,
        render: |run| Ok(github::render(run)),
    },
    ReportFormat {
        name: "tap",
        about: "Test Anything Protocol, version 14, for `prove` and other harnesses",
        draws: false,
        render: |run| Ok(tap::render(run)),
    },
    ReportFormat {
        name: "html",
        about: "one page for a browser, with filters, causes, numbers and plots; it needs no network",
        draws: true,
        render: |run| html::render(run).map_err(|error| format!("{error:#}")),
    },
];

/// The format of this name.
pub(crate) fn format(name: &str) -> Option<&'static ReportFormat> {
    FORMATS.iter().find(|format| format.name == name)
}

/// A requested report: its format and its file.
#[derive(Debug, Clone)]
pub(crate) struct ReportTarget {
    /// The format.
    pub(crate) format: &'static ReportFormat,
    /// The file.
    pub(crate) path: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Verdict;
    use crate::outcome::record::fixture::{case, hostile, run, with_tolerances};
    use crate::outcome::record::read;

    /// The hostile record as a reader of its file has it.
    fn foreign() -> RunRecord {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text(&hostile()).unwrap()).unwrap();
        read(file.path()).unwrap()
    }

    #[test]
    fn names_are_unique_and_find_their_forms() {
        for form in &FORMATS {
            assert_eq!(format(form.name).unwrap().about, form.about);
        }
        assert!(format("pdf").is_none());
    }

    #[test]
    fn every_form_states_the_tolerances_by_which_its_cases_were_judged() {
        let judged = with_tolerances(run(vec![case("esmfold::fold::short", Verdict::Pass, vec![])]));
        for form in &FORMATS {
            let shown = (form.render)(&judged).unwrap();
            for words in ["esmfold", "structure.rmsd", "1.2", "0.6", "wider"] {
                assert!(shown.contains(words), "{}: no {words} in {shown}", form.name);
            }
            let is_data = ["json", "html"].contains(&form.name);
            assert!(is_data || !shown.contains("slack"), "{}: no case of esm2 was judged", form.name);
        }
    }

    #[test]
    fn no_form_has_anything_that_a_terminal_or_a_log_would_act_on() {
        let foreign = foreign();
        for form in &FORMATS {
            let name = form.name;
            let shown = (form.render)(&foreign).unwrap();
            for letter in shown.chars() {
                assert!(letter == '\n' || !letter.is_control(), "{name}: {letter:?}");
                assert!(!matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'), "{name}: {letter:?}");
            }
            assert!(!shown.contains("##[") && !shown.contains("##vso"), "{name}: {shown}");
            let is_command = |line: &&str| line.trim_start().starts_with("::");
            let own = ["::error title=", "::error file=", "::warning title=", "::notice title="];
            for line in shown.lines().filter(is_command) {
                assert!(name == "github" && own.iter().any(|begin| line.starts_with(begin)), "{name}: {line}");
            }
        }
    }

    #[test]
    fn hostile_text_is_no_line_of_the_protocol() {
        let shown = (format("tap").unwrap().render)(&foreign()).unwrap();
        let points = shown.lines().filter(|line| line.starts_with("ok ") || line.starts_with("not ok "));
        // Every case, and leaks, failed leak checks and what is out of date.
        assert_eq!(points.count(), 8 + 3, "{shown}");
        assert_eq!(shown.lines().filter(|line| line.starts_with("1..")).count(), 1);
        assert_eq!(shown.lines().filter(|line| line.starts_with("Bail out!")).count(), 1);
        let skipped = |line: &&str| line.starts_with("ok ") && line.contains(" # SKIP");
        assert_eq!(shown.lines().filter(skipped).count(), 1, "{shown}");
    }

    #[test]
    fn hostile_text_is_no_element() {
        let shown = (format("junit").unwrap().render)(&foreign()).unwrap();
        assert!(!shown.contains("<script") && !shown.contains("<img") && !shown.contains("]]>"), "{shown}");
        assert_eq!(shown.matches("<testcase ").count(), 8 + 4);
    }
}
