//! `hydrotest snapshots`: lists, accepts, rejects and prunes recorded reference results. Does not change any without confirmation.

use std::collections::HashSet;
use std::fmt::Write;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::import::{ImportArguments, import};
use super::list::{ListArguments, show_json, table};
use super::output::{CommandError, complain, say};
use super::paths::ProjectPaths;
use super::project::Project;
use crate::check;
use crate::config::Diagnostic;
use crate::metric_value::count;
use crate::snapshot::{Floors, Listed, Prune, Recording, ReviewState, SnapshotError, SnapshotKey, Store, StoredArrays};

/// What to do with recorded results.
#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotAction {
    /// List recorded and pending results with their noise floors, and those that no case uses.
    List {
        /// The directory in which they wait, as `--pending` of a run named it [default: beside the recorded results].
        #[arg(long, value_name = "DIR")]
        pending: Option<PathBuf>,
        #[command(flatten)]
        list: ListArguments,
    },
    /// Make pending results the reference, after showing where each comes from.
    Accept(ReviewArguments),
    /// Delete pending results, after showing where each comes from.
    Reject(ReviewArguments),
    /// Make a reference result of files: PDB, mmCIF, npy, npz, or JSON with a key of the field's name.
    Import(ImportArguments),
    /// Delete results that no case of any declared model uses, and arrays that no result refers to.
    Prune(PruneArguments),
}

/// A selection of pending results.
#[derive(Debug, Args)]
pub(crate) struct ReviewArguments {
    /// The directory in which they wait, as `--pending` of a run named it [default: beside the recorded results].
    #[arg(long, value_name = "DIR")]
    pub(crate) pending: Option<PathBuf>,
    /// Only those whose name contains this [default: all].
    pub(crate) filter: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// The results to delete.
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

/// Exit code: a result cannot be a reference.
const REFUSED: u8 = 1;

/// Lists or changes recorded results.
pub(super) fn snapshots(action: SnapshotAction) -> Result<u8, CommandError> {
    match action {
        SnapshotAction::List { pending, list } => list_all(pending.as_deref(), &list),
        SnapshotAction::Accept(arguments) => accept(&arguments),
        SnapshotAction::Reject(arguments) => reject(&arguments),
        SnapshotAction::Import(arguments) => import(&arguments),
        SnapshotAction::Prune(arguments) => prune(&arguments),
    }
}

fn list_all(pending: Option<&Path>, arguments: &ListArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let store = reviewing(&project, pending)?;
    let mut listed = store.list()?;
    if store.pending_directory().is_some() {
        listed.retain(|entry| entry.state == ReviewState::Accepted);
        listed.extend(waiting(&store)?);
        listed.sort_by(|a, b| (&a.key, a.state).cmp(&(&b.key, b.state)));
    }
    let used = used(&project, &listed)?;
    let state = |entry: &Listed| match entry.state {
        ReviewState::Pending => "pending",
        ReviewState::Accepted if used.contains(&entry.key) => "recorded",
        ReviewState::Accepted => "unused",
    };
    let floors = |entry: &Listed| -> Result<Option<Floors>, SnapshotError> {
        if entry.state == ReviewState::Accepted { store.floors(&entry.key) } else { Ok(None) }
    };
    let (mut rows, mut entries) = (Vec::new(), Vec::new());
    for entry in &listed {
        let (name, state, bytes, floors) = (entry.key.to_string(), state(entry), bytes(entry), floors(entry)?);
        entries.push(json!({ "name": name, "state": state, "path": entry.path, "bytes": bytes, "floor": floors }));
        let floors = floors.map_or_else(|| "-".to_owned(), |floors| show(&floors));
        rows.push([state.to_owned(), bytes.to_string(), name, floors]);
    }
    if arguments.json {
        return show_json(&json!({ "snapshots": entries }));
    }
    say(&table(["STATE", "BYTES", "SNAPSHOT", "FLOOR"], rows.into_iter()));
    Ok(0)
}

/// A noise floor in a few words, with the values that it accepts above the tolerance.
fn show(floors: &Floors) -> String {
    let repeats = format!("{} repeats on {}", floors.repeats, floors.backend);
    match floors.accepted.as_slice() {
        [] => repeats,
        accepted => format!("{repeats}, accepted above the tolerance: {}", accepted.join(", ")),
    }
}

/// Shows the selected pending results with their origins, and returns them.
fn pending(store: &Store, arguments: &ReviewArguments) -> Result<Vec<Listed>, CommandError> {
    let accepted = store.list()?.into_iter().filter(|entry| entry.state == ReviewState::Accepted);
    let recorded: HashSet<SnapshotKey> = accepted.map(|entry| entry.key).collect();
    let filter = arguments.filter.as_deref().unwrap_or_default();
    let mut listed = waiting(store)?;
    listed.retain(|entry| entry.key.to_string().contains(filter));
    let mut text = String::new();
    for entry in &listed {
        let place = if recorded.contains(&entry.key) { "replaces a reference" } else { "new" };
        let _ = writeln!(text, "{} ({place}): {}", entry.key, entry.origin());
    }
    say(&text);
    Ok(listed)
}

/// The results that wait for review.
fn waiting(store: &Store) -> Result<Vec<Listed>, SnapshotError> {
    let mut listed = store.for_review().list()?;
    listed.retain(|entry| entry.state == ReviewState::Pending);
    Ok(listed)
}

fn accept(arguments: &ReviewArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let store = reviewing(&project, arguments.pending.as_deref())?;
    let _alone = store.lock_to_change()?;
    let mut sound = HashSet::new();
    let mut refused = 0;
    for entry in pending(&store, arguments)? {
        let problems = problems(&project, &store, &entry);
        if problems.is_empty() {
            sound.insert(entry.key);
        } else {
            complain(&format!("refused {}: {}", entry.key, problems.join("; ")));
            refused += 1;
        }
    }
    let question = format!("accept {}?", count(sound.len(), "result"));
    let is_agreed = !sound.is_empty() && confirmed(arguments.yes, &question)?;
    let accepted = if is_agreed { store.accept(|key| sound.contains(key))? } else { Vec::new() };
    let mut text: String = accepted.iter().map(|key| format!("accepted {key}\n")).collect::<Vec<_>>().concat();
    let _ = writeln!(text, "{} accepted", accepted.len());
    say(&text);
    if refused == 0 {
        return Ok(0);
    }
    let refused = count(refused, "result");
    complain(&format!("error: {refused} refused; `hydrotest snapshots reject` deletes them (exit code {REFUSED})"));
    Ok(REFUSED)
}

/// Why a pending result cannot be a reference. Empty if it can.
fn problems(project: &Project, store: &Store, entry: &Listed) -> Vec<String> {
    let Some(contract) = project.config.model(entry.key.model()) else {
        return vec![format!("model `{}` is not declared", entry.key.model())];
    };
    match store.for_review().inspect(entry) {
        Ok(contents) => check::breaches(contract, &contents),
        Err(error) => vec![error.to_string()],
    }
}

fn reject(arguments: &ReviewArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let store = reviewing(&project, arguments.pending.as_deref())?;
    let _alone = store.lock_to_change()?;
    let listed = pending(&store, arguments)?;
    let mut rejected = 0;
    if !listed.is_empty() && confirmed(arguments.yes, &format!("delete {}?", count(listed.len(), "pending result")))? {
        for entry in &listed {
            store.for_review().reject(entry)?;
            rejected += 1;
        }
    }
    let arrays = match store.pending_directory() {
        None => "arrays that no result refers to go with `hydrotest snapshots prune`",
        Some(_) => "arrays stay in the directory, which may be deleted",
    };
    say(&format!("{rejected} rejected; {arrays}\n"));
    Ok(0)
}

fn prune(arguments: &PruneArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let store = reviewing(&project, None)?;
    let _alone = store.lock_to_change()?;
    let listed = store.list()?;
    let mut in_use = used(&project, &listed)?;
    let keys = listed.iter().map(|entry| entry.key.clone());
    let foreign: Vec<SnapshotKey> = keys.filter(|key| !project.declares_suite(key.suite())).collect();
    let mut text = String::new();
    if !arguments.undeclared && !foreign.is_empty() {
        let kept = count(foreign.len(), "result");
        let _ = writeln!(text, "{kept} of suites that are not declared here stay; `--undeclared` means them too");
        in_use.extend(foreign);
    }
    let unneeded = store.prune(Some(&in_use), Prune::Report)?;
    for path in &unneeded {
        let _ = writeln!(text, "would delete {}", path.display());
    }
    let files = count(unneeded.len(), "file");
    if arguments.dry_run {
        let _ = writeln!(text, "would delete {files}");
        say(&text);
        return Ok(0);
    }
    say(&text);
    let is_agreed = !unneeded.is_empty() && confirmed(arguments.yes, &format!("delete {files}?"))?;
    let deleted = if is_agreed { store.prune(Some(&in_use), Prune::Delete)?.len() } else { 0 };
    say(&format!("deleted {}\n", count(deleted, "file")));
    Ok(0)
}

/// Asks the user for confirmation, unless it was given beforehand.
fn confirmed(yes: bool, question: &str) -> Result<bool, CommandError> {
    if yes {
        return Ok(true);
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let message = "confirmation is needed, and standard input is no terminal";
        return Err(Diagnostic::new(message).with_help("`--yes` confirms it beforehand").into());
    }
    complain(&format!("{question} [y/N]"));
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(CommandError::because("standard input cannot be read"))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// The store with the directory of the results that wait for review. A directory that does not exist is an error.
fn reviewing(project: &Project, pending: Option<&Path>) -> Result<Store, CommandError> {
    let store = Store::new(&project.snapshots, Recording::Never)?;
    match pending {
        None => Ok(store),
        Some(directory) if directory.is_dir() => Ok(store.with_pending(directory)?),
        Some(directory) => {
            let message = format!("--pending {}: there is no such directory", directory.display());
            Err(CommandError::misconfigured(message))
        }
    }
}

/// The snapshots that the declared suites use, for all weights with recorded results.
fn used(project: &Project, listed: &[Listed]) -> Result<HashSet<SnapshotKey>, CommandError> {
    let mut used = HashSet::new();
    for weights in listed.iter().map(|entry| entry.key.weights()).collect::<HashSet<&str>>() {
        used.extend(project.snapshot_keys(weights)?);
    }
    Ok(used)
}

fn bytes(entry: &Listed) -> u64 {
    match &entry.arrays {
        StoredArrays::File { size, .. } => entry.size + size.unwrap_or(0),
        StoredArrays::None | StoredArrays::Unreadable(_) => entry.size,
    }
}
