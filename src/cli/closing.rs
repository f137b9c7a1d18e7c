//! What a run ends with on the screen: what went wrong, the closing lines, what was kept. Wires the reports; decides no verdict.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use super::arguments::{OutputFormat, RunArguments};
use super::{BROKEN, complain, say};
use crate::metric_value::count;
use crate::outcome::record::RunRecord;
use crate::outcome::{RunOutcome, Verdict};
use crate::report::console::{self, ReportHeader};
use crate::report::failures::{Telling, failures};
use crate::run::{RunSettings, TrialFormat, listed_until};
use crate::wire::responses::ResponseWriter;

/// What went wrong, for people; nothing where another form was asked for.
pub(super) fn failures_shown(
    arguments: &RunArguments,
    settings: &RunSettings,
    (report, run): (&RunOutcome, &RunRecord),
) -> String {
    if settings.trials.format != TrialFormat::Cases {
        return String::new();
    }
    let until = listed_until();
    let mut entries = HashMap::new();
    if let Some(place) = &settings.known_failures {
        let failed = report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Fail);
        entries.extend(failed.map(|outcome| {
            let entry = outcome.known_entry(&until);
            (outcome.name.as_str(), format!("{place}\n{entry}"))
        }));
    }
    let telling = if arguments.control.verbose { Telling::EveryCase } else { Telling::FirstCase };
    failures(run, telling, &entries)
}

/// Shows the closing lines of a run and says which exit code it ends with.
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
        // A directory that lacks some responses must not pass for a complete one.
        code = if code == 0 && !kept.failures().is_empty() { BROKEN } else { code };
    }
    // A program that reads JSON from standard output must find nothing else there.
    if arguments.format == Some(OutputFormat::Json) && !arguments.quiet {
        complain(closing.trim_end());
    } else {
        say(&closing);
    }
    code
}

/// What was kept of the responses, and what could not be.
fn kept_shown(kept: &ResponseWriter) -> String {
    let (responses, bytes) = kept.kept();
    let (shown, megabytes) = (kept.directory().display(), bytes as f64 / 1e6);
    let mut text = format!("kept {} in {shown} ({megabytes:.1} MB)\n", count(responses, "response"));
    let failures = kept.failures();
    if let Some(first) = failures.first() {
        let _ = writeln!(
            text,
            "error: {} could not be kept, {first} first (exit code {BROKEN})",
            count(failures.len(), "response")
        );
    }
    text
}
