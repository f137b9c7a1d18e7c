//! What the command line may say about mutants. Declares and documents; does nothing with it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ProjectPaths;
use crate::config::Level;

/// Which mutants, on which backend, judged by which suites.
#[derive(Debug, Args)]
pub(crate) struct MutantArguments {
    /// The backend that the faults are planted in, as declared [default: `default` in the configuration].
    #[arg(long, value_name = "NAME[:TAG]")]
    pub backend: Option<String>,
    /// Only mutants whose name contains this, such as `fault/`, `esmfold/pae` or `benign/`.
    #[arg(value_name = "FILTER")]
    pub filter: Option<String>,
    /// List the mutants without running one.
    #[arg(long)]
    pub list: bool,
    /// Only this model; may be repeated or separated by commas.
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub model: Vec<String>,
    /// Only this suite; may be repeated or separated by commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub suite: Vec<String>,
    /// Only cases of this level, `core` or `extended`.
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<Level>,
    /// Judge without this check; may be repeated. Shows what the check is there for.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub without: Vec<String>,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = MutantFormat::Text)]
    pub format: MutantFormat,
    /// Write the tables of the result to this file as Markdown, besides.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Where the project lies.
    #[command(flatten)]
    pub places: ProjectPaths,
}

/// How the result is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MutantFormat {
    /// Scores, what survived and false alarms.
    Text,
    /// A JSON object for each mutant, with every case that killed it.
    Json,
}
