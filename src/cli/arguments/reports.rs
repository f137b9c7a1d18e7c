//! What the command line may say about outcome files: render, merge, compare. Declares and documents; does nothing with it.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args, ValueEnum};

use crate::cli::parse::parse_link;
use crate::report::format::FORMATS;
use crate::report::matrix::MATRIX_FORMS;

/// What to render, and as what.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// The outcome file.
    #[arg(value_name = "OUTCOME")]
    pub(crate) outcome: PathBuf,
    /// The form of the report.
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    pub(crate) to: String,
    /// The file to write [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What to join.
#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// The outcome files of the parts of one run.
    #[arg(value_name = "OUTCOME", required = true)]
    pub(crate) outcomes: Vec<PathBuf>,
    /// The outcome file to write.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// Which runs to compare.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The outcome file of the earlier run.
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The outcome file of the later run.
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
}

/// Which runs to show as a table, and as what.
#[derive(Debug, Args)]
pub(crate) struct MatrixArguments {
    /// The outcome files of runs; the newest of each backend, its weights and model counts.
    #[arg(value_name = "OUTCOME", required = true)]
    pub(crate) outcomes: Vec<PathBuf>,
    /// The form of the table.
    #[arg(long, value_name = "KIND", default_value = "markdown", value_parser = matrix_kinds())]
    pub(crate) to: String,
    /// The file to write [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Only this backend.
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<String>,
    /// A page with the results of a backend, which its row links to; may be repeated.
    #[arg(long, value_name = "NAME=URL", value_parser = parse_link, action = ArgAction::Append)]
    pub(crate) link: Vec<(String, String)>,
}

/// Which histories to look at.
#[derive(Debug, Args)]
pub(crate) struct TrendArguments {
    /// The files that `--history` of runs wrote.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) histories: Vec<PathBuf>,
    /// Only cases whose name contains this; with a `*` in it, whose whole name is like it.
    #[arg(long, value_name = "FILTER")]
    pub(crate) case: Option<String>,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which schema to print.
#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// The form of files that it describes.
    #[arg(value_name = "FORM")]
    pub(crate) form: SchemaForm,
}

/// Forms of files that have a JSON schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaForm {
    /// Outcome files.
    Outcome,
    /// `backends.toml`, for completion in editors.
    Backends,
    /// Suites, for completion in editors.
    Suites,
}

/// The forms of the table of backends and models, with what each is for.
fn matrix_kinds() -> PossibleValuesParser {
    let kinds = MATRIX_FORMS.iter().map(|form| clap::builder::PossibleValue::new(form.name).help(form.about));
    PossibleValuesParser::new(kinds)
}

/// The forms of reports, with what each is for.
fn kinds() -> PossibleValuesParser {
    let kinds = FORMATS.iter().map(|format| clap::builder::PossibleValue::new(format.name).help(format.about));
    PossibleValuesParser::new(kinds)
}
