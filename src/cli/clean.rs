//! `hydrotest clean`: removes what killed runs left, on this machine and on every platform they had reached.

use std::fmt::Write;

use super::arguments::CleanArguments;
use super::{BROKEN, CommandError, complain, runtime, say};
use crate::backend::registry;
use crate::backend::resources::{CleanReport, Mode};

/// Removes what is left, or says what would be removed.
pub(crate) fn clean(arguments: &CleanArguments) -> Result<u8, CommandError> {
    let mode = if arguments.dry_run { Mode::DryRun } else { Mode::Remove };
    let report = runtime()?.block_on(registry::clean(mode));
    say(&summary(&report, mode));
    for warning in &report.warnings {
        complain(&format!("not cleaned up: {warning}"));
    }
    if report.warnings.is_empty() {
        return Ok(0);
    }
    complain(&format!("`hydrotest clean` tries again (exit code {BROKEN})"));
    Ok(BROKEN)
}

fn summary(report: &CleanReport, mode: Mode) -> String {
    let (verb, done) = match mode {
        Mode::DryRun => ("would remove", "to clean up"),
        Mode::Remove => ("removed", "cleaned up"),
    };
    let mut text = String::new();
    for resource in &report.removed {
        let _ = writeln!(text, "{verb} {resource}");
    }
    if let Some(unavailable) = report.processes {
        let _ = writeln!(text, "processes of killed runs: {unavailable}");
    }
    let plural = if report.runs == 1 { "" } else { "s" };
    if report.runs > 0 {
        let _ = writeln!(text, "{} killed run{plural} {done}", report.runs);
    } else if report.warnings.is_empty() {
        text.push_str("nothing to clean\n");
    }
    text
}
