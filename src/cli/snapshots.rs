//! `hydrotest snapshots`: list, accept and prune recorded reference results.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::json;

use super::arguments::{ListArguments, Places, SnapshotAction};
use super::world::World;
use super::{Trouble, list, say};
use crate::measure::count;
use crate::snapshot::{Arrays, Listed, Prune, Recording, SnapshotError, SnapshotKey, State, Store};

/// Does what was asked for.
pub fn snapshots(action: SnapshotAction) -> Result<u8, Trouble> {
    match action {
        SnapshotAction::List(arguments) => list_all(&arguments),
        SnapshotAction::Accept { filter, places } => accept(filter.as_deref(), &places),
        SnapshotAction::Prune { dry_run, places } => {
            prune(if dry_run { Prune::Report } else { Prune::Delete }, &places)
        }
    }
}

impl From<SnapshotError> for Trouble {
    fn from(error: SnapshotError) -> Self {
        Self::Broken(error.to_string())
    }
}

fn list_all(arguments: &ListArguments) -> Result<u8, Trouble> {
    let world = World::read(&arguments.places)?;
    let listed = store(&world)?.list()?;
    let used = used(&world, &listed)?;
    let state = |entry: &Listed| match entry.state {
        State::Pending => "pending",
        State::Accepted if used.contains(&entry.key) => "recorded",
        State::Accepted => "unused",
    };
    if arguments.json {
        let entries = listed.iter().map(|entry| {
            json!({ "name": entry.key.to_string(), "state": state(entry), "path": entry.path, "bytes": bytes(entry) })
        });
        return list::show_json(&json!({ "snapshots": entries.collect::<Vec<_>>() }));
    }
    let rows = listed
        .iter()
        .map(|entry| [state(entry).to_owned(), bytes(entry).to_string(), entry.key.to_string()]);
    say(&list::table(["STATE", "BYTES", "SNAPSHOT"], rows));
    Ok(0)
}

fn accept(filter: Option<&str>, places: &Places) -> Result<u8, Trouble> {
    let world = World::read(places)?;
    let chosen = |key: &SnapshotKey| filter.is_none_or(|filter| key.to_string().contains(filter));
    let accepted = store(&world)?.accept(chosen)?;
    let mut text = String::new();
    for key in &accepted {
        let _ = writeln!(text, "accepted {key}");
    }
    let _ = writeln!(text, "{} accepted", accepted.len());
    say(&text);
    Ok(0)
}

fn prune(mode: Prune, places: &Places) -> Result<u8, Trouble> {
    let world = World::read(places)?;
    let store = store(&world)?;
    let used = used(&world, &store.list()?)?;
    let verb = if mode == Prune::Report {
        "would delete"
    } else {
        "deleted"
    };
    let removed = store.prune(Some(&used), mode)?;
    let mut text = String::new();
    for path in &removed {
        let _ = writeln!(text, "{verb} {}", path.display());
    }
    let _ = writeln!(text, "{verb} {}", count(removed.len(), "file"));
    say(&text);
    Ok(0)
}

fn store(world: &World) -> Result<Store, Trouble> {
    Ok(Store::new(&world.snapshots, Recording::Never)?)
}

/// What the declared suites use, for every kind of weights that anything is recorded for.
fn used(world: &World, listed: &[Listed]) -> Result<HashSet<SnapshotKey>, Trouble> {
    let weights: HashSet<&str> = listed.iter().map(|entry| entry.key.weights()).collect();
    let mut used = HashSet::new();
    for weights in weights {
        used.extend(world.snapshot_keys(weights)?);
    }
    Ok(used)
}

fn bytes(entry: &Listed) -> u64 {
    let arrays = match &entry.arrays {
        Arrays::File { size, .. } => size.unwrap_or(0),
        Arrays::None | Arrays::Unreadable(_) => 0,
    };
    entry.size + arrays
}
