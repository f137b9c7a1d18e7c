//! What is written when a run is over: the last reports, the history, the evidence. Every one is tried, whatever became of the others.

use super::CommandError;
use super::arguments::RunArguments;
use super::evidence::EvidenceDirectory;
use super::project::Project;
use super::report_writer::ReportWriter;
use crate::metric_value::count;
use crate::outcome::evidence::EvidenceBackend;
use crate::outcome::record::{LiveRecord, history};
use crate::wire::responses::ResponseWriter;

/// What a run leaves.
pub(super) struct Ended<'a> {
    pub(super) reports: ReportWriter,
    pub(super) evidence: Option<(EvidenceDirectory, &'a EvidenceBackend)>,
    /// The responses that were kept.
    pub(super) kept: Option<&'a ResponseWriter>,
}

impl Ended<'_> {
    /// Writes all of it.
    ///
    /// # Errors
    /// The first that cannot be written.
    pub(super) fn write(
        self,
        arguments: &RunArguments,
        project: &Project,
        record: &LiveRecord,
    ) -> Result<(), CommandError> {
        let reports = self.reports.finish();
        let history = arguments.control.history.as_ref().map_or(Ok(()), |path| {
            history::append(path, &record.snapshot())
                .map_err(|error| CommandError::Broken(format!("cannot write the history {}: {error}", path.display())))
        });
        let evidence = self.evidence.map_or(Ok(()), |(directory, backend)| {
            let missing = self.kept.map_or(0, |kept| kept.failures().len());
            if missing > 0 {
                // Without the hashes nothing passes for whole evidence.
                let missing = count(missing, "response");
                return Err(CommandError::Broken(format!("{missing} could not be kept: this is no evidence")));
            }
            directory.close(&record.snapshot(), project, backend)
        });
        reports.and(history).and(evidence)
    }
}
