//! What a run is told beside what to test: where reports go, when it ends early, what it says. Declares and documents; does nothing.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::cli::parse::parse_report;
use crate::report::format::ReportTarget;

/// When a run ends, and what is kept of it.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunControl {
    /// Only the cases that went wrong in this outcome file.
    #[arg(long, value_name = "OUTCOME", help_heading = "Selection")]
    pub(crate) rerun_failed: Option<PathBuf>,
    /// Run no further case after the first that goes wrong; the same as `--max-fail 1`.
    #[arg(long, conflicts_with = "max_fail", help_heading = "Running")]
    pub(crate) fail_fast: bool,
    /// Run no further case after so many have gone wrong.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Running")]
    pub(crate) max_fail: Option<u32>,
    /// Run each case so often; it passes when it passes every time.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..),
        help_heading = "Running"
    )]
    pub(crate) repeat: u32,
    /// Write a report while the run goes on, such as `json=outcome.json`; may be repeated. `hydrotest report --help` lists the kinds.
    #[arg(long, value_name = "KIND=PATH", value_parser = parse_report, action = ArgAction::Append, help_heading = "Output")]
    pub(crate) report: Vec<ReportTarget>,
    /// Append a line for each case to this file, for `hydrotest trend`; runs may share it.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) history: Option<PathBuf>,
    /// Keep the raw responses, the outcome and what it was judged by in this new directory, for `hydrotest judge`.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["keep_responses", "list", "dry_run"], help_heading = "Output")]
    pub(crate) evidence: Option<PathBuf>,
    /// Keep results that differ or have no reference in this directory for review, also in continuous integration, and none beside the
    /// references. `hydrotest snapshots accept --pending DIR` takes them over.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) pending: Option<PathBuf>,
    /// Tell every case that went wrong in full, not only the first of each cause.
    #[arg(long, short, help_heading = "Output")]
    pub(crate) verbose: bool,
}

impl RunControl {
    /// How many cases may go wrong before the rest is not run.
    pub(crate) fn most_failures(&self) -> Option<usize> {
        let most = if self.fail_fast { Some(1) } else { self.max_fail };
        most.map(|most| most as usize)
    }
}
