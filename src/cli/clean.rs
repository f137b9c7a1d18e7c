//! `hydrotest clean`: removes the resources of killed runs, on this machine and on every platform that they used. Does not know how a
//! platform finds them.

use std::fmt::Write;

use super::output::{BROKEN, CommandError, complain, runtime, say};
use crate::backend::registry;
use crate::backend::resources::{CleanReport, Mode};
use crate::metric_value::count;

/// Removes what is left, or says what would be removed.
pub(super) fn clean(mode: Mode) -> Result<u8, CommandError> {
    let report = runtime(1)?.block_on(registry::clean(mode));
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
    if report.runs > 0 {
        let _ = writeln!(text, "{} {done}", count(report.runs, "killed run"));
    } else if report.warnings.is_empty() {
        text.push_str("nothing to clean\n");
    }
    text
}
