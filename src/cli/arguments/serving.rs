//! What `hydrotest serve` takes.

use std::path::PathBuf;

use clap::Args;

/// Where to serve.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// The port to listen on; 0 means any that is free.
    #[arg(long, default_value_t = 8000)]
    pub(crate) port: u16,
    /// A file that declares other models than those built in.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}
