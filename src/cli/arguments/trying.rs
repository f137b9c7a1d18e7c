//! What `hydrotest try` takes.

use std::path::PathBuf;

use clap::Args;

use super::TargetArguments;
use crate::prediction::Options;

/// One call, and what judges its response.
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
