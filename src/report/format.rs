//! The forms of an outcome file: each is a pure function of the record of a run. Writes no file and prints nothing.

use std::path::PathBuf;

use crate::outcome::record::{RunRecord, text};

/// A form in which a run can be reported.
pub(crate) trait Report: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What it is for, in a line.
    fn about(&self) -> &'static str;

    /// The whole text of the report. A run that is incomplete is marked so.
    ///
    /// # Errors
    /// Why this run has no such form.
    fn render(&self, run: &RunRecord) -> Result<String, String>;
}

/// All forms, in the order in which they are listed.
pub(crate) static FORMATS: &[&dyn Report] = &[&OutcomeJson];

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

    fn render(&self, run: &RunRecord) -> Result<String, String> {
        text(run).map_err(|error| error.to_string())
    }
}
