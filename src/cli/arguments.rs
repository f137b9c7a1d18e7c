//! The arguments of a run and of one call, and what several commands share. The arguments of every other command are declared beside it.
//! Declares and documents; does not act on anything.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, ValueEnum};

use super::paths::ProjectPaths;
use crate::config::Level;
use crate::plan::Shard;
use crate::prediction::Options;
use crate::report::format::{FORMATS, ReportTarget, format};

/// The backend, and the settings of its table to replace.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArguments {
    /// The backend to test, as declared; `NAME:TAG` picks an image tag [default: `default` in the configuration].
    #[arg(long, value_name = "NAME[:TAG]", help_heading = "Backend")]
    pub(crate) backend: Option<String>,
    /// The device that models run on, such as `cuda:0` or `cpu`.
    #[arg(long, help_heading = "Backend")]
    pub(crate) device: Option<String>,
    /// The class of GPU to ask the platform for, such as `A10G`.
    #[arg(long, help_heading = "Backend")]
    pub(crate) gpu: Option<String>,
    /// The tag of images, when the backend's name does not give one.
    #[arg(long, value_name = "TAG", help_heading = "Backend")]
    pub(crate) image_tag: Option<String>,
    /// The account that images come from.
    #[arg(long, value_name = "USER", help_heading = "Backend")]
    pub(crate) docker_user: Option<String>,
}

/// The arguments of a run.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are booleans")]
pub(crate) struct RunArguments {
    /// What to test.
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// Only cases whose name, `model::suite::case`, contains one of these; with a `*` in it, whose whole name is like it.
    #[arg(value_name = "FILTER", help_heading = "Selection")]
    pub(crate) filters: Vec<String>,
    /// Match names exactly, in FILTER and --skip.
    #[arg(long, help_heading = "Selection")]
    pub(crate) exact: bool,
    /// Leave out cases whose name contains this, or is like it; may be repeated.
    #[arg(long, value_name = "FILTER", help_heading = "Selection")]
    pub(crate) skip: Vec<String>,
    /// Only this model; may be repeated or separated by commas.
    #[arg(long, value_name = "KEY", value_delimiter = ',', help_heading = "Selection")]
    pub(crate) model: Vec<String>,
    /// Only this suite; may be repeated or separated by commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "Selection")]
    pub(crate) suite: Vec<String>,
    /// Only cases of this level: `core`, which every port must pass, or `extended`.
    #[arg(long, value_name = "LEVEL", help_heading = "Selection")]
    pub(crate) level: Option<Level>,
    /// Only one of several parts; a case stays in its part when others come and go.
    #[arg(long, value_name = "INDEX/COUNT", help_heading = "Selection")]
    pub(crate) shard: Option<Shard>,

    /// List the selected cases and run none.
    #[arg(long, help_heading = "Running")]
    pub(crate) list: bool,
    /// Show what would be given to the platform to start each model, such as a batch script, and start nothing.
    #[arg(long, conflicts_with = "list", help_heading = "Running")]
    pub(crate) dry_run: bool,
    /// Cases that may be under way at once [default: number of processors, or of calls that the backend takes at once].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Running")]
    pub(crate) test_threads: Option<u16>,
    /// Time for the calls of a case, in place of what suites and backend say, such as `90s` or `20m`.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Running")]
    pub(crate) timeout: Option<Duration>,
    /// How often a case is tried again that has no response or that the platform failed, in place of what suites and backend say; wrong
    /// values never are.
    #[arg(long, value_name = "COUNT", help_heading = "Running")]
    pub(crate) retries: Option<u32>,
    /// Let a case pass that the backend failed before it was tried again.
    #[arg(long, help_heading = "Running")]
    pub(crate) allow_flaky: bool,
    /// Record the results of cases that have no snapshot yet; never touches one that is there.
    #[arg(long, help_heading = "Running")]
    pub(crate) record: bool,
    /// After the run, look for a shortest input on which each case that the backend failed still fails in the same way, and
    /// print a command line that makes that call.
    #[arg(long, conflicts_with_all = ["list", "dry_run"], help_heading = "Running")]
    pub(crate) shrink: bool,
    /// Calls that this may make for each such case.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 100,
        value_parser = clap::value_parser!(u16).range(1..),
        requires = "shrink",
        help_heading = "Running"
    )]
    pub(crate) shrink_calls: u16,
    /// Keep every raw response of the models in this directory, for a backend of kind `replay`.
    #[arg(long, value_name = "DIR", help_heading = "Running")]
    pub(crate) keep_responses: Option<PathBuf>,

    /// The form of the output [default: cases].
    #[arg(long, value_enum, env = "HYDROTEST_FORMAT", help_heading = "Output")]
    pub(crate) format: Option<OutputFormat>,
    /// One character per case; the same as `--format terse`, and stronger than any other.
    #[arg(long, short, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Show what every comparison observed, what repeats differ by and what is allowed, in cases that pass too.
    #[arg(long, help_heading = "Output")]
    pub(crate) show_numbers: bool,
    /// When to use colours.
    #[arg(long, value_enum, default_value_t = Colour::Auto, help_heading = "Output")]
    pub(crate) color: Colour,

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

    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
    /// Only cases marked as ignored, of which there are none: test runners ask for them.
    #[arg(long, hide = true)]
    pub(crate) ignored: bool,
    // Tools for Rust's test programs pass these flags of libtest. Nothing is captured or ignored here.
    #[arg(long, hide = true)]
    pub(super) nocapture: bool,
    #[arg(long, hide = true)]
    pub(super) no_capture: bool,
    #[arg(long, hide = true)]
    pub(super) show_output: bool,
    #[arg(long, hide = true)]
    pub(super) include_ignored: bool,
}

/// A command line of a run and nothing else.
#[derive(Debug, Parser)]
struct OnlyRun {
    #[command(flatten)]
    run: RunArguments,
}

impl RunArguments {
    /// The arguments of a run for which nothing is given.
    pub(super) fn usual() -> Self {
        OnlyRun::parse_from(["hydrotest"]).run
    }
}

/// One call and its checks.
#[derive(Debug, Args)]
pub(crate) struct TryArguments {
    /// What to ask.
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// The model to call.
    #[arg(long, value_name = "KEY")]
    pub(crate) model: String,
    /// The options of the call, as JSON, such as `{"include_fields":["plddt"]}`.
    #[arg(long, value_name = "JSON", value_parser = parse_options)]
    pub(crate) options: Option<Options>,
    /// What the model is configured with when it starts, as JSON.
    #[arg(long, value_name = "JSON", value_parser = parse_options)]
    pub(crate) model_config: Option<Options>,
    /// Send a list, also of a single sequence; several are always one.
    #[arg(long)]
    pub(crate) as_list: bool,
    /// A check besides `contract` and, of a fold, `sequence`: its name, or the table of a suite, such as
    /// `{ check = "b_factor", atol = 0.01 }`; may be repeated.
    #[arg(long, value_name = "CHECK")]
    pub(crate) check: Vec<String>,
    /// What to send: chains of one sequence separated by `:`, several sequences as a list.
    #[arg(value_name = "SEQUENCE", required = true)]
    pub(crate) sequences: Vec<String>,
    /// The file that declares backends and models [default: `backends.toml` here or in a directory above, else the one built in].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

fn parse_options(text: &str) -> Result<Options, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

/// The form of a run's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// A line per case, and what is wrong by cause.
    Cases,
    /// A line per case, as libtest prints it.
    Pretty,
    /// A character per case, as libtest prints it.
    Terse,
    /// A JSON object per event, as libtest prints it.
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A report and its file, as in `junit=report.xml`.
pub(super) fn parse_report(text: &str) -> Result<ReportTarget, String> {
    let known = || FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
    let (kind, path) = text.split_once('=').ok_or_else(|| format!("expected KIND=PATH, with one of {}", known()))?;
    let format = format(kind).ok_or_else(|| format!("there is no report `{kind}`; there are {}", known()))?;
    if path.is_empty() {
        return Err("the path is missing".to_owned());
    }
    Ok(ReportTarget { format, path: PathBuf::from(path) })
}

/// A span of time.
fn parse_duration(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text).ok_or_else(|| "expected a time span such as `90s`, `1.5s` or `20m`".into())
}
