//! The command line: every command with its help. Declares and documents; does not act on anything.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use super::arguments::{RunArguments, TryArguments};
use super::calibrate::CalibrateArguments;
use super::compare::CompareArguments;
use super::doctor::DoctorArguments;
use super::judge::JudgeArguments;
use super::list::ListArguments;
use super::mutants::MutantArguments;
use super::new::New;
use super::report::{DiffArguments, MatrixArguments, MergeArguments, ReportArguments, SchemaForm, TrendArguments};
use super::serve::ServeArguments;
use super::show::ShowArguments;
use super::snapshots::SnapshotAction;

/// Decides whether a boileroom backend may go into service: runs the shared suites against it and compares what comes
/// back with contracts and recorded reference results.
#[derive(Debug, Parser)]
#[command(name = "hydrotest", version, args_conflicts_with_subcommands = true, after_help = EXIT_CODES)]
pub(crate) struct CommandLine {
    /// What to do, when not to run the suites.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// How to run the suites.
    #[command(flatten)]
    pub(crate) run: RunArguments,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    everything came out as expected, known failures among it
  1    a case failed or a resource leaked: the backend is wrong; or an `xfail`
       or an entry of a known failure is out of date
  2    usage or configuration is wrong
  3    the platform or hydrotest itself failed, or there was nothing to compare with
  4    nothing ran
  129  hung up (SIGHUP); 130 interrupted (SIGINT); 143 terminated (SIGTERM)";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the suites; the same as no command at all.
    Run(Box<RunArguments>),
    /// List the declared backends and the kinds there are.
    Backends(ListArguments),
    /// List the declared models with their contracts.
    Models(ListArguments),
    /// List the suites with the number of cases for each model, or say what they cost on a graphics card.
    Suites {
        /// Say how many cases, calls, residues and minutes of a graphics card a run costs, by estimate.
        #[arg(long, conflicts_with = "json")]
        price: bool,
        #[command(flatten)]
        list: ListArguments,
    },
    /// Show what a case sends, checks and is compared with, and where that is written.
    #[command(visible_alias = "explain")]
    Show(ShowArguments),
    /// Check that the requirements of each backend are met, and say what to do: exits with 0 when they are, 3 when not.
    Doctor(DoctorArguments),
    /// Remove what killed runs left on this machine and on every platform: processes, containers, jobs, temporary files.
    Clean {
        /// Only say what would be removed.
        #[arg(long)]
        dry_run: bool,
    },
    /// Declare a new backend.
    #[command(subcommand)]
    New(New),
    /// Write the built-in configuration, suites and recorded results into a directory, to change them; overwrites nothing.
    Init {
        /// The directory, made when it is not there.
        #[arg(value_name = "DIR", default_value = ".")]
        directory: PathBuf,
    },
    /// Compare two results: PDB, mmCIF, npy, npz, snapshot or recorded response. Exits with 0 when they are the same, 1 when not.
    Compare(Box<CompareArguments>),
    /// Repeat calls that have recorded results and keep by how much the responses differ: the floor of later comparisons.
    Calibrate(CalibrateArguments),
    /// Make one call of a model and judge its response by the contract of the model; tells and exits as a run does.
    Try(Box<TryArguments>),
    /// List, accept, reject or prune recorded reference results.
    #[command(subcommand)]
    Snapshots(SnapshotAction),
    /// Judge a run again from its evidence, without the model: tells and exits as the run did.
    Judge(Box<JudgeArguments>),
    /// Measure the suites: run them against backends with one planted fault each. Exits with 1 when one survives.
    Mutants(Box<MutantArguments>),
    /// Render an outcome file: `JUnit`, Markdown, GitHub annotations, TAP.
    Report(ReportArguments),
    /// Join the outcome files of the shards of one run; exits as the whole run would have.
    Merge(MergeArguments),
    /// Say what changed between two runs. Exits with 0 when nothing got worse, 1 when something did.
    Diff(DiffArguments),
    /// Show backends against models, with the level that each reached, from the outcome files of several runs.
    Matrix(MatrixArguments),
    /// Show how cases change from run to run, the worst first: headroom, drift towards a limit, durations, flakiness.
    Trend(TrendArguments),
    /// Print the JSON schema of a form of files.
    Schema {
        /// The form of files that it describes.
        #[arg(value_name = "FORM")]
        form: SchemaForm,
    },
    /// Print the completions for a shell.
    Completions {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page, or write those of all commands.
    Man {
        /// The directory for the pages of all commands [default: the page of `hydrotest` alone, on standard output].
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Serve an embedded model as boileroom's model server does: `MODEL_CLASS` and `MODEL_CONFIG` choose it,
    /// `BOILEROOM_TRANSPORT_HMAC_KEY` signs its responses.
    Serve(ServeArguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_declaration_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn no_command_means_run_with_libtest_flags() {
        let parsed =
            CommandLine::parse_from(["hydrotest", "--backend", "local:1.2", "two_chains", "--exact", "--nocapture"]);
        assert!(parsed.command.is_none());
        assert_eq!(parsed.run.target.backend.as_deref(), Some("local:1.2"));
        assert_eq!(parsed.run.filters, ["two_chains"]);
        assert!(parsed.run.exact);
    }

    #[test]
    fn zero_threads_and_impossible_shards_are_refused() {
        assert!(CommandLine::try_parse_from(["hydrotest", "--test-threads", "0"]).is_err());
        assert!(CommandLine::try_parse_from(["hydrotest", "--shard", "3/2"]).is_err());
        assert!(CommandLine::try_parse_from(["hydrotest", "--timeout", "soon"]).is_err());
    }
}
