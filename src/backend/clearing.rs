//! Clears up after runs that were killed: asks the stewards of the kinds. Removes what carries the mark of a dead run and
//! nothing else.

use std::time::Duration;

use serde_json::Value;
use tokio::task::{JoinError, JoinSet};

use super::custody::{Dead, DeadRun, Leftover, Processes, Steward};
use super::kind::{Kind, Leaves};
use crate::os::Unavailable;

/// How long one platform may take to be asked and cleared.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// What becomes of things that are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    LeftAlone,
    /// They are removed.
    Removed,
}

/// What came of clearing up after dead runs.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Dead runs of which nothing is left, or would be.
    pub runs: usize,
    /// What was removed, or would be.
    pub removed: Vec<Leftover>,
    /// What could not be looked at or removed, or may still come to be; its run is kept for the next time.
    pub troubles: Vec<String>,
    /// Set where it cannot be found out whether processes of these runs are left.
    pub processes: Option<Unavailable>,
}

/// A place where dead runs may have made something: it is asked once for all of them.
struct Place {
    /// Where; `None` for the processes of this machine.
    reach: Option<(String, Value)>,
    /// The runs that were there.
    names: Vec<String>,
}

/// Finds what killed runs left, on every platform they had reached, and removes it if it is to be removed. All platforms are
/// asked at once, so that one that hangs holds up nobody for longer than 20 s.
pub async fn sweep(kinds: &'static [Kind], fate: Fate) -> Sweep {
    let mut sweep = Sweep::default();
    let dead = match Dead::find() {
        Ok(dead) => dead,
        Err(error) => {
            sweep
                .troubles
                .push(format!("whether there is anything is not known: {error}"));
            return sweep;
        }
    };
    sweep.troubles.extend(dead.closed);
    let mut kept: Vec<String> = Vec::new();
    let here = Place {
        reach: None,
        names: dead.runs.iter().map(|run| run.name.clone()).collect(),
    };
    let everyone = here.names.clone();
    if everyone.is_empty() {
        return finish(sweep, fate);
    }
    let places = places(&dead.runs, &mut kept, &mut sweep.troubles);
    let mut asked = JoinSet::new();
    for place in places {
        asked.spawn(clear(kinds, place, fate));
    }
    while let Some(cleared) = asked.join_next().await {
        take(cleared, &everyone, &mut sweep, &mut kept);
    }
    // The platforms came first, because ending the processes of a container or job behind its platform's back looks like a
    // failure there.
    match Processes::here() {
        Ok(_) => take(Ok(clear(kinds, here, fate).await), &everyone, &mut sweep, &mut kept),
        // Supervisors end their processes by themselves; to keep the runs would not make it known.
        Err(unavailable) => sweep.processes = Some(unavailable),
    }
    for run in dead.runs {
        forget(run, &kept, fate, &mut sweep);
    }
    finish(sweep, fate)
}

fn finish(sweep: Sweep, fate: Fate) -> Sweep {
    if fate == Fate::Removed {
        DeadRun::remove_unlocked();
    }
    sweep
}

/// Every place that runs had reached, once.
fn places(runs: &[DeadRun], kept: &mut Vec<String>, troubles: &mut Vec<String>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for run in runs {
        let reaches = run.reaches().unwrap_or_else(|error| {
            troubles.push(format!("{}: what it reached cannot be read: {error}", run.name));
            kept.push(run.name.clone());
            Vec::new()
        });
        for reach in reaches {
            let known = places.iter_mut().find(|place| place.reach.as_ref() == Some(&reach));
            match known {
                Some(place) => place.names.push(run.name.clone()),
                None => places.push(Place {
                    reach: Some(reach),
                    names: vec![run.name.clone()],
                }),
            }
        }
    }
    places
}

/// What came of one place: what was found, and what was in the way for which runs.
struct Cleared {
    removed: Vec<Leftover>,
    trouble: Option<String>,
    names: Vec<String>,
}

/// Finds and removes what one place holds of runs.
async fn clear(kinds: &'static [Kind], place: Place, fate: Fate) -> Cleared {
    let mut removed = Vec::new();
    let names = place.names;
    let clearing = async {
        let steward = match &place.reach {
            Some((kind, reach)) => steward(kinds, kind, reach)?,
            None => Box::new(Processes::here().map_err(|unavailable| unavailable.to_string())?),
        };
        for leftover in steward.find(&names).await.map_err(|error| error.to_string())? {
            if fate == Fate::Removed {
                let gone = steward.remove(&leftover).await;
                gone.map_err(|error| error.to_string())?;
            }
            removed.push(leftover);
        }
        Ok(())
    };
    let result = tokio::time::timeout(PATIENCE, clearing).await;
    let result = result.unwrap_or_else(|_| Err(format!("nothing came of it within {} s", PATIENCE.as_secs())));
    let place = place
        .reach
        .map_or_else(String::new, |(kind, reach)| format!(" ({kind} at {reach})"));
    Cleared {
        removed,
        trouble: result
            .err()
            .map(|error| format!("{}: {error}{place}", names.join(", "))),
        names,
    }
}

fn take(cleared: Result<Cleared, JoinError>, everyone: &[String], sweep: &mut Sweep, kept: &mut Vec<String>) {
    match cleared {
        Ok(cleared) => {
            sweep.removed.extend(cleared.removed);
            if let Some(trouble) = cleared.trouble {
                sweep.troubles.push(trouble);
                kept.extend(cleared.names);
            }
        }
        // Whose platform it was is not known, so that no run may be forgotten.
        Err(broken) => {
            sweep.troubles.push(format!("asking a platform broke: {broken}"));
            kept.extend_from_slice(everyone);
        }
    }
}

/// Forgets a run of which nothing is left and of which nothing can come any more.
fn forget(run: DeadRun, kept: &[String], fate: Fate, sweep: &mut Sweep) {
    let name = run.name.clone();
    if kept.contains(&name) {
        return;
    }
    match run.may_come_for() {
        Ok(None) => {}
        Ok(Some(rest)) => {
            return sweep.troubles.push(format!(
                "{name}: a platform was asked for something in its last moments, which may still come to be; it is over in {} s",
                rest.as_secs() + 1
            ));
        }
        Err(error) => {
            let trouble = format!("{name}: what it had asked for last cannot be read: {error}");
            return sweep.troubles.push(trouble);
        }
    }
    let forgotten = match fate {
        Fate::LeftAlone => Ok(()),
        Fate::Removed => run.forget(),
    };
    match forgotten {
        Ok(()) => sweep.runs += 1,
        Err(error) => sweep
            .troubles
            .push(format!("{name}: its directory cannot be removed: {error}")),
    }
}

/// Whoever knows what a kind leaves at a reach.
pub(super) fn steward(kinds: &[Kind], kind: &str, reach: &Value) -> Result<Box<dyn Steward>, String> {
    match kinds.iter().find(|row| row.name == kind).map(|row| row.leaves) {
        Some(Leaves::On(steward)) => steward(reach).map_err(|error| format!("{kind}: {error}")),
        Some(Leaves::Nothing | Leaves::NeverStarted | Leaves::Processes) | None => {
            Err(format!("kind `{kind}` has no steward"))
        }
    }
}
