//! What `hydrotest judge` takes.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::ProjectPaths;
use crate::cli::parse::parse_report;
use crate::report::format::ReportTarget;

/// Which evidence, and by which project.
#[derive(Debug, Args)]
pub(crate) struct JudgeArguments {
    /// What `--evidence` has kept of a run.
    #[arg(value_name = "DIR")]
    pub(crate) evidence: PathBuf,
    /// Write a report of the verdicts, such as `json=outcome.json`; may be repeated.
    #[arg(long, value_name = "KIND=PATH", value_parser = parse_report, action = ArgAction::Append)]
    pub(crate) report: Vec<ReportTarget>,
    /// Tell every case that went wrong in full, not only the first of each cause.
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}
