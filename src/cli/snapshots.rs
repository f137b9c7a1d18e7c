//! `hydrotest snapshots`: list, accept, reject, import and prune recorded reference results. Asks before it changes any.

use std::collections::HashSet;
use std::fmt::Write;
use std::io::{BufRead, IsTerminal};

use serde_json::json;

use super::arguments::{ListedSnapshots, PruneArguments, ReviewArguments, ReviewPlace, SnapshotAction};
use super::project::Project;
use super::{CommandError, complain, import, list, say};
use crate::check;
use crate::config::{Diagnostic, Diagnostics};
use crate::metric_value::count;
use crate::snapshot::{Floors, Listed, Prune, Recording, ReviewState, SnapshotError, SnapshotKey, Store, StoredArrays};

/// Some result cannot be a reference.
const REFUSED: u8 = 1;

/// Does what was asked for.
pub(crate) fn snapshots(action: SnapshotAction) -> Result<u8, CommandError> {
    match action {
        SnapshotAction::List(arguments) => list_all(&arguments),
        SnapshotAction::Accept(arguments) => accept(&arguments),
        SnapshotAction::Reject(arguments) => reject(&arguments),
        SnapshotAction::Import(arguments) => import::import(&arguments),
        SnapshotAction::Prune(arguments) => prune(&arguments),
    }
}

impl From<SnapshotError> for CommandError {
    fn from(error: SnapshotError) -> Self {
        Self::Broken(error.to_string())
    }
}

fn list_all(arguments: &ListedSnapshots) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.list.places)?;
    let store = reviewing(&project, &arguments.review)?;
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
    let mut rows = Vec::new();
    let mut entries = Vec::new();
    for entry in &listed {
        let (name, floors) = (entry.key.to_string(), floors(entry)?);
        entries.push(json!({
            "name": name, "state": state(entry), "path": entry.path, "bytes": bytes(entry), "floor": floors,
        }));
        let floors = floors.map_or_else(|| "-".to_owned(), |floors| show(&floors));
        rows.push([state(entry).to_owned(), bytes(entry).to_string(), name, floors]);
    }
    if arguments.list.json {
        return list::show_json(&json!({ "snapshots": entries }));
    }
    say(&list::table(["STATE", "BYTES", "SNAPSHOT", "FLOOR"], rows.into_iter()));
    Ok(0)
}

/// A noise floor in a few words, with what it lets pass beyond the tolerance.
fn show(floors: &Floors) -> String {
    let repeats = format!("{} repeats on {}", floors.repeats, floors.backend);
    match floors.accepted.as_slice() {
        [] => repeats,
        accepted => format!("{repeats}, accepted above the tolerance: {}", accepted.join(", ")),
    }
}

/// The pending results that are meant, each shown with where it comes from.
fn pending(store: &Store, arguments: &ReviewArguments) -> Result<Vec<Listed>, CommandError> {
    let recorded: HashSet<SnapshotKey> =
        store.list()?.into_iter().filter(|entry| entry.state == ReviewState::Accepted).map(|entry| entry.key).collect();
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
    let store = reviewing(&project, &arguments.review)?;
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
    let accepted =
        if !sound.is_empty() && confirmed(arguments.yes, &format!("accept {}?", count(sound.len(), "result")))? {
            store.accept(|key| sound.contains(key))?
        } else {
            Vec::new()
        };
    let mut text = String::new();
    for key in &accepted {
        let _ = writeln!(text, "accepted {key}");
    }
    let _ = writeln!(text, "{} accepted", accepted.len());
    say(&text);
    if refused == 0 {
        return Ok(0);
    }
    let refused = count(refused, "result");
    complain(&format!("error: {refused} refused; `hydrotest snapshots reject` deletes them (exit code {REFUSED})"));
    Ok(REFUSED)
}

/// Why a pending result cannot be a reference; empty when it can.
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
    let store = reviewing(&project, &arguments.review)?;
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
    let store = store(&project)?;
    let _alone = store.lock_to_change()?;
    let listed = store.list()?;
    let mut in_use = used(&project, &listed)?;
    let foreign = listed.iter().filter(|entry| !project.declares_suite(entry.key.suite()));
    let foreign: Vec<SnapshotKey> = foreign.map(|entry| entry.key.clone()).collect();
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
    let deleted = if !unneeded.is_empty() && confirmed(arguments.yes, &format!("delete {files}?"))? {
        store.prune(Some(&in_use), Prune::Delete)?.len()
    } else {
        0
    };
    say(&format!("deleted {}\n", count(deleted, "file")));
    Ok(0)
}

/// Whether the person at the keyboard agrees.
fn confirmed(yes: bool, question: &str) -> Result<bool, CommandError> {
    if yes {
        return Ok(true);
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let message = "confirmation is needed, and standard input is no terminal";
        let diagnostic = Diagnostic::new(message).with_help("`--yes` confirms it beforehand");
        return Err(Diagnostics::from(diagnostic).into());
    }
    complain(&format!("{question} [y/N]"));
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    read.map_err(|error| CommandError::Broken(format!("standard input cannot be read: {error}")))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn store(project: &Project) -> Result<Store, CommandError> {
    Ok(Store::new(&project.snapshots, Recording::Never)?)
}

/// The store with the directory in which results wait for review. One that is not there is a mistake, not an empty one.
fn reviewing(project: &Project, place: &ReviewPlace) -> Result<Store, CommandError> {
    let store = store(project)?;
    match &place.pending {
        None => Ok(store),
        Some(directory) if directory.is_dir() => Ok(store.with_pending(directory)?),
        Some(directory) => {
            let diagnostic = Diagnostic::new(format!("--pending {}: there is no such directory", directory.display()));
            Err(Diagnostics::from(diagnostic).into())
        }
    }
}

/// What the declared suites use, for every kind of weights that anything is recorded for.
fn used(project: &Project, listed: &[Listed]) -> Result<HashSet<SnapshotKey>, CommandError> {
    let weights: HashSet<&str> = listed.iter().map(|entry| entry.key.weights()).collect();
    let mut used = HashSet::new();
    for weights in weights {
        used.extend(project.snapshot_keys(weights)?);
    }
    Ok(used)
}

fn bytes(entry: &Listed) -> u64 {
    let arrays = match &entry.arrays {
        StoredArrays::File { size, .. } => size.unwrap_or(0),
        StoredArrays::None | StoredArrays::Unreadable(_) => 0,
    };
    entry.size + arrays
}
