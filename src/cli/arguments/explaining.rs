//! What the commands take that explain: a case, the program to a shell, the program to `man`. Declares and documents; does nothing.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::{ProjectPaths, TargetArguments};

/// Which case to show.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Its name, `model::suite::case`, or a part of it that no other case has.
    #[arg(value_name = "CASE")]
    pub(crate) case: String,
    /// The backend that it is meant for.
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// Which shell.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// Where manual pages go.
#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// The directory for the pages of all commands [default: the page of `hydrotest` alone, on standard output].
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}
