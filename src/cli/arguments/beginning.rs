//! What the commands take that begin something: a project, or a backend of one. Declares and documents; does nothing.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to begin.
#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// What to begin.
    #[command(subcommand)]
    pub(crate) what: New,
}

/// What can be begun.
#[derive(Debug, Subcommand)]
pub(crate) enum New {
    /// Declare a backend: adds a table with the keys of its kind to the configuration.
    Backend {
        /// Its name.
        name: String,
        /// What kind it is; `hydrotest backends` lists them.
        #[arg(long, default_value = "process")]
        kind: String,
        /// The file that declares backends, made when it is not there [default: `backends.toml` here or in a directory above].
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Where a project begins.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The directory, made when it is not there.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
}
