//! The forms of an outcome file: each is a pure function of the record of a run. Writes no file and prints nothing.

use std::path::PathBuf;

use super::github::GithubAnnotations;
use super::html::Html;
use super::junit::JunitXml;
use super::markdown::MarkdownSummary;
use super::tap::TestAnything;
use crate::outcome::record::{RunRecord, text};

/// A form in which a run can be reported.
pub(crate) trait Report: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What it is for, in a line.
    fn about(&self) -> &'static str;

    /// Whether it holds or draws the plots of cases, which are computed while the run goes on.
    fn draws(&self) -> bool {
        false
    }

    /// The whole text of the report. A run that is incomplete is marked so.
    ///
    /// # Errors
    /// Why this run has no such form.
    fn render(&self, run: &RunRecord) -> Result<String, String>;
}

/// All forms, in the order in which they are listed.
pub(crate) static FORMATS: &[&dyn Report] =
    &[&OutcomeJson, &JunitXml, &MarkdownSummary, &GithubAnnotations, &TestAnything, &Html];

/// The form of this name.
pub(crate) fn format(name: &str) -> Option<&'static dyn Report> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// A report that is asked for: its form, and the file that it goes to.
#[derive(Clone)]
pub(crate) struct ReportTarget {
    /// The form.
    pub(crate) format: &'static dyn Report,
    /// The file.
    pub(crate) path: PathBuf,
}

impl std::fmt::Debug for ReportTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.format.name(), self.path.display())
    }
}

/// The outcome file itself.
struct OutcomeJson;

impl Report for OutcomeJson {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "the outcome file, from which `hydrotest report` makes every other form"
    }

    fn draws(&self) -> bool {
        true
    }

    fn render(&self, run: &RunRecord) -> Result<String, String> {
        text(run).map_err(|error| error.to_string())
    }
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
        for form in FORMATS {
            assert_eq!(format(form.name()).unwrap().about(), form.about());
        }
        assert!(format("pdf").is_none());
    }

    #[test]
    fn every_form_states_the_tolerances_by_which_its_cases_were_judged() {
        let judged = with_tolerances(run(vec![case("esmfold::fold::short", Verdict::Pass, vec![])]));
        for form in FORMATS {
            let shown = form.render(&judged).unwrap();
            for words in ["esmfold", "structure.rmsd", "1.2", "0.6", "wider"] {
                assert!(shown.contains(words), "{}: no {words} in {shown}", form.name());
            }
            let is_data = ["json", "html"].contains(&form.name());
            assert!(is_data || !shown.contains("slack"), "{}: no case of esm2 was judged", form.name());
        }
    }

    #[test]
    fn no_form_has_anything_that_a_terminal_or_a_log_would_act_on() {
        let foreign = foreign();
        for form in FORMATS {
            let name = form.name();
            let shown = form.render(&foreign).unwrap();
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
        let shown = format("tap").unwrap().render(&foreign()).unwrap();
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
        let shown = format("junit").unwrap().render(&foreign()).unwrap();
        assert!(!shown.contains("<script") && !shown.contains("<img") && !shown.contains("]]>"), "{shown}");
        assert_eq!(shown.matches("<testcase ").count(), 8 + 4);
    }
}
