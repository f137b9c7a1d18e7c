//! The end of a run: the files that it leaves, what went wrong, the closing lines, and why nothing was selected. Does not decide any
//! verdict.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;

use clap::CommandFactory;

use super::arguments::{OutputFormat, RunArguments};
use super::command_line::CommandLine;
use super::evidence::EvidenceDirectory;
use super::output::{BROKEN, CommandError, complain, say};
use super::project::Project;
use super::report_writer::ReportWriter;
use crate::config::suggest;
use crate::metric_value::count;
use crate::outcome::evidence::EvidenceBackend;
use crate::outcome::record::{LiveRecord, RunRecord, history};
use crate::outcome::{Conclusion, Outcome, RunOutcome, Verdict};
use crate::plan::Plan;
use crate::report::console::{self, ReportHeader};
use crate::report::failures::{Telling, failures};
use crate::run::{RunSettings, TrialFormat, listed_until};
use crate::wire::responses::ResponseWriter;

/// The files of a run that is over.
pub(super) struct Ended<'a> {
    pub(super) reports: ReportWriter,
    pub(super) evidence: Option<(EvidenceDirectory, &'a EvidenceBackend)>,
    pub(super) kept: Option<&'a ResponseWriter>,
}

impl Ended<'_> {
    /// Writes the last reports, the history and the evidence. Tries all of them even if one fails.
    ///
    /// # Errors
    /// The first error.
    pub(super) fn write(
        self,
        arguments: &RunArguments,
        project: &Project,
        record: &LiveRecord,
    ) -> Result<(), CommandError> {
        let reports = self.reports.finish();
        let history = arguments.history.as_ref().map_or(Ok(()), |path| {
            let failed = CommandError::because(format!("cannot write the history {}", path.display()));
            history::append(path, &record.snapshot()).map_err(failed)
        });
        let evidence = self.evidence.map_or(Ok(()), |(directory, backend)| {
            let missing = self.kept.map_or(0, |kept| kept.failures().len());
            if missing > 0 {
                // Not closed: without its hashes the directory cannot pass for complete evidence.
                let missing = count(missing, "response");
                return Err(CommandError::Broken(format!("{missing} could not be kept: this is no evidence")));
            }
            directory.close(&record.snapshot(), project, backend)
        });
        reports.and(history).and(evidence)
    }
}

/// What went wrong, for people. Empty if the output has another form.
pub(super) fn failures_shown(
    arguments: &RunArguments,
    settings: &RunSettings,
    (report, run): (&RunOutcome, &RunRecord),
) -> String {
    if settings.trials.format != TrialFormat::Cases {
        return String::new();
    }
    let mut entries = HashMap::new();
    if let Some(place) = &settings.known_failures {
        let until = listed_until();
        let failed = report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Fail);
        let entry = |outcome: &Outcome| format!("{place}\n{}", outcome.known_entry(&until));
        entries.extend(failed.map(|outcome| (outcome.name.as_str(), entry(outcome))));
    }
    failures(run, if arguments.verbose { Telling::EveryCase } else { Telling::FirstCase }, &entries)
}

/// Shows the closing lines of a run and returns its exit code.
pub(super) fn close(
    arguments: &RunArguments,
    report: &RunOutcome,
    subject: &ReportHeader<'_>,
    (shrunk, kept): (&str, Option<&Arc<ResponseWriter>>),
) -> u8 {
    let numbers = if arguments.show_numbers { console::numbers(report) + "\n" } else { String::new() };
    let mut closing = shrunk.to_owned() + &numbers + &console::closing(report, subject);
    let mut code = report.conclusion().exit_code();
    if let Some(kept) = kept {
        closing.push_str(&kept_shown(kept));
        // A directory that lacks responses must not pass for a complete one.
        code = if code == 0 && !kept.failures().is_empty() { BROKEN } else { code };
    }
    // Standard output must contain only JSON for the program that reads it.
    if arguments.format == Some(OutputFormat::Json) && !arguments.quiet {
        complain(closing.trim_end());
    } else {
        say(&closing);
    }
    code
}

/// How many responses were kept, and which could not be.
fn kept_shown(kept: &ResponseWriter) -> String {
    let (responses, bytes) = kept.kept();
    let (shown, megabytes) = (kept.directory().display(), bytes as f64 / 1e6);
    let mut text = format!("kept {} in {shown} ({megabytes:.1} MB)\n", count(responses, "response"));
    let failures = kept.failures();
    if let Some(first) = failures.first() {
        let failed = count(failures.len(), "response");
        let _ = writeln!(text, "error: {failed} could not be kept, {first} first (exit code {BROKEN})");
    }
    text
}

/// Explains why nothing was selected, so that the reader knows what to change.
pub(super) fn explain_nothing(plan: &Plan, arguments: &RunArguments) -> String {
    let mut text = String::new();
    for suite in &plan.empty {
        let _ = writeln!(text, "{suite}");
    }
    if !plan.trials.is_empty() {
        let filters = arguments.filters.iter().map(|filter| format!("the filter `{filter}`"));
        let skips = arguments.skip.iter().map(|skip| format!("--skip `{skip}`"));
        let failed = arguments.rerun_failed.iter().map(|path| format!("--rerun-failed `{}`", path.display()));
        let selecting = filters.chain(skips).chain(failed).collect::<Vec<_>>().join(" and ");
        let planned = plan.trials.len();
        let _ = writeln!(text, "none of {planned} planned cases is selected by {selecting}; `--list` shows them");
        for filter in &arguments.filters {
            if let Some(meant) = meant(plan, filter) {
                let _ = writeln!(text, "did you mean {meant}?");
            }
        }
    }
    text.push_str(&console::verdict(Conclusion::NothingRan));
    text
}

/// What a filter that selects nothing may mean: a command, or part of the name of a case.
fn meant(plan: &Plan, filter: &str) -> Option<String> {
    if let Some(command) = suggest(filter, CommandLine::command().get_subcommands().map(clap::Command::get_name)) {
        return Some(format!("the command `{command}`"));
    }
    let parts = plan.trials.iter().flat_map(|trial| trial.name.split("::").chain([trial.name.as_str()]));
    suggest(filter, parts.collect::<BTreeSet<&str>>()).map(|name| format!("`{name}`"))
}
