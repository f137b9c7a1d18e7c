//! What the command line may say about recorded results: calibrate, list, accept, reject, prune. Declares and documents; does
//! nothing with it.

use clap::{Args, Subcommand};

use std::path::PathBuf;

use super::super::parse::parse_field;
use super::{ListArguments, ProjectPaths};

/// What to repeat, and how often.
#[derive(Debug, Args)]
pub(crate) struct CalibrateArguments {
    /// The backend to repeat on, as declared: the one that recorded the results [default: `default` in the
    /// configuration].
    #[arg(long, value_name = "NAME[:TAG]")]
    pub(crate) backend: Option<String>,
    /// How many responses of each call are compared with each other, every one from a fresh instance.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..))]
    pub(crate) repeats: u16,
    /// Write a floor also where repeats differ by more than a response may from a recorded one.
    #[arg(long)]
    pub(crate) accept_noise: bool,
    /// Only cases whose name, `model::suite::case`, contains this.
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// Only this model; may be repeated or separated by commas.
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub(crate) model: Vec<String>,
    /// Only this suite; may be repeated or separated by commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) suite: Vec<String>,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// What to do with recorded results.
#[derive(Debug, Args)]
pub(crate) struct SnapshotArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: SnapshotAction,
}

/// What to do with recorded results.
#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotAction {
    /// List recorded and pending results with their noise floors, and those that no case uses.
    List(ListedSnapshots),
    /// Make pending results the reference, after showing where each comes from.
    Accept(ReviewArguments),
    /// Delete pending results, after showing where each comes from.
    Reject(ReviewArguments),
    /// Make a reference result of files: PDB, mmCIF, npy, npz, or JSON with a key of the field's name.
    Import(ImportArguments),
    /// Delete results that no case of any declared model uses, and arrays that no result refers to.
    Prune(PruneArguments),
}

/// Where results wait for review.
#[derive(Debug, Args)]
pub(crate) struct ReviewPlace {
    /// The directory in which they wait, as `--pending` of a run named it [default: beside the recorded results].
    #[arg(long, value_name = "DIR")]
    pub(crate) pending: Option<PathBuf>,
}

/// Which recorded results to list.
#[derive(Debug, Args)]
pub(crate) struct ListedSnapshots {
    /// Where results wait for review.
    #[command(flatten)]
    pub(crate) review: ReviewPlace,
    /// How to list them.
    #[command(flatten)]
    pub(crate) list: ListArguments,
}

/// Which pending results are meant.
#[derive(Debug, Args)]
pub(crate) struct ReviewArguments {
    /// Where results wait for review.
    #[command(flatten)]
    pub(crate) review: ReviewPlace,
    /// Only those whose name contains this [default: all].
    pub(crate) filter: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// What to make a reference result of.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The case whose result it is, `model::suite::case`.
    pub(crate) case: String,
    /// The weights that the result comes from.
    #[arg(long, value_name = "NAME")]
    pub(crate) weights: String,
    /// A field and the file that holds it; may be repeated.
    #[arg(long, value_name = "FIELD=FILE", value_parser = parse_field, required = true)]
    pub(crate) field: Vec<(String, PathBuf)>,
    /// Where the files come from, in words that stay with the result.
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: String,
    /// The call, where the case makes several.
    #[arg(long, value_name = "NAME")]
    pub(crate) call: Option<String>,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// What to delete.
#[derive(Debug, Args)]
pub(crate) struct PruneArguments {
    /// Only say what would be deleted.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Also results of suites that are not declared here: they may belong to another directory of suites.
    #[arg(long)]
    pub(crate) undeclared: bool,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}
