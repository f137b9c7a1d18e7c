//! Clears up after instances and after runs that were killed: asks the stewards of the kinds. Removes what carries a mark
//! and nothing else.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::OnceCell;

use super::custody::{DeadRun, Leftover, Mark, Processes, Steward};
use super::instance::Caretaker;
use super::kind::{Kind, Leaves};
use super::launcher::Watch;
use super::{BackendError, Fault, Stage, Work};

/// How long the last of an instance may take to go after its stop: engines report an end before it is complete.
const SETTLING: Duration = Duration::from_secs(3);
/// How long one platform may take to be asked and cleared.
const PATIENCE: Duration = Duration::from_secs(20);

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
    /// What could not be looked at or removed; its run is kept for the next time.
    pub troubles: Vec<String>,
}

/// Finds what killed runs left, on every platform they had reached, and removes it if it is to be removed.
pub async fn sweep(kinds: &[Kind], fate: Fate) -> Sweep {
    let mut sweep = Sweep::default();
    for run in DeadRun::all() {
        let name = run.name.clone();
        let before = sweep.troubles.len();
        match run.reaches() {
            Ok(reaches) => {
                for steward in stewards(kinds, &reaches, &mut sweep.troubles) {
                    clear(&*steward, &name, fate, &mut sweep).await;
                }
            }
            Err(error) => sweep
                .troubles
                .push(format!("{name}: what it reached cannot be read: {error}")),
        }
        if sweep.troubles.len() > before {
            continue;
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
    if fate == Fate::Removed {
        DeadRun::remove_unlocked();
    }
    sweep
}

/// Finds and removes what one platform holds of a name.
async fn clear(steward: &dyn Steward, name: &str, fate: Fate, sweep: &mut Sweep) {
    let clearing = async {
        let found = steward.find(name).await?;
        for leftover in found {
            if fate == Fate::Removed {
                steward.remove(&leftover).await?;
            }
            sweep.removed.push(leftover);
        }
        Ok(())
    };
    let result = tokio::time::timeout(PATIENCE, clearing).await.unwrap_or_else(|_| {
        let message = format!("nothing came of it within {} s", PATIENCE.as_secs());
        Err(BackendError::new(Stage::Shutdown, Fault::Timeout, message))
    });
    if let Err(error) = result {
        sweep.troubles.push(format!("{name}: {error}"));
    }
}

/// Those who know where to look: the platforms first, because ending the processes of a container or job behind its
/// platform's back looks like a failure there.
fn stewards(kinds: &[Kind], reaches: &[(String, Value)], troubles: &mut Vec<String>) -> Vec<Box<dyn Steward>> {
    let mut stewards: Vec<Box<dyn Steward>> = Vec::new();
    for (kind, reach) in reaches {
        let steward = kinds.iter().find(|row| row.name == kind).map(|row| row.leaves);
        match steward {
            Some(Leaves::On(steward)) => match steward(reach) {
                Ok(steward) => stewards.push(steward),
                Err(error) => troubles.push(format!("{kind}: {error}")),
            },
            Some(Leaves::Nothing | Leaves::Processes) | None => {
                troubles.push(format!("kind `{kind}` has no steward"));
            }
        }
    }
    stewards.push(Box::new(Processes));
    stewards
}

/// Looks after one instance of a kind that may leave something.
pub(super) struct InstanceCaretaker {
    kinds: &'static [Kind],
    mark: Mark,
    swept: Arc<OnceCell<()>>,
}

impl InstanceCaretaker {
    /// `swept` is shared by all instances of a run: the first of them clears up after dead runs.
    pub(super) const fn new(kinds: &'static [Kind], mark: Mark, swept: Arc<OnceCell<()>>) -> Self {
        Self { kinds, mark, swept }
    }

    /// What there is of the instance, and then what becomes of it.
    async fn meet(&self, fate: Fate) -> Result<Vec<Leftover>, BackendError> {
        let name = self.mark.name();
        let mut troubles = Vec::new();
        let mut met = Vec::new();
        for steward in stewards(self.kinds, &self.mark.reaches(), &mut troubles) {
            let found = bounded(steward.find(&name)).await?;
            if fate == Fate::Removed {
                for leftover in &found {
                    bounded(steward.remove(leftover)).await?;
                }
            }
            met.extend(found);
        }
        match troubles.first() {
            Some(trouble) => Err(BackendError::new(Stage::Call, Fault::Internal, trouble.clone())),
            None => Ok(met),
        }
    }

    async fn census(&self) -> Vec<String> {
        let name = self.mark.name();
        let mut leaks = Vec::new();
        let deadline = tokio::time::Instant::now() + SETTLING;
        for steward in stewards(self.kinds, &self.mark.reaches(), &mut leaks) {
            match last_of(&*steward, &name, deadline).await {
                Ok(found) => {
                    for leftover in found {
                        let fate = if bounded(steward.remove(&leftover)).await.is_ok() {
                            "removed now"
                        } else {
                            self.mark.keep_for_a_sweep();
                            "and it could not be removed: `hydrotest clean` tries again"
                        };
                        leaks.push(format!("{leftover} was still there after the stop; {fate}"));
                    }
                }
                Err(error) => {
                    self.mark.keep_for_a_sweep();
                    leaks.push(format!(
                        "whether anything was left could not be found out, `hydrotest clean` looks again: {error}"
                    ));
                }
            }
        }
        if let Err(error) = self.mark.remove_directory() {
            leaks.push(format!("its temporary files could not be removed: {error}"));
        }
        leaks
    }
}

/// What a platform answers, in bounded time.
async fn bounded<T>(asked: Work<'_, T>) -> Result<T, BackendError> {
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", PATIENCE.as_secs());
        Err(BackendError::new(Stage::Shutdown, Fault::Timeout, message))
    })
}

/// What is there of a name once there has been time to go.
async fn last_of(
    steward: &dyn Steward,
    name: &str,
    deadline: tokio::time::Instant,
) -> Result<Vec<Leftover>, BackendError> {
    let mut pause = Duration::from_millis(5);
    loop {
        let found = bounded(steward.find(name)).await?;
        if found.is_empty() || tokio::time::Instant::now() >= deadline {
            return Ok(found);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

impl Caretaker for InstanceCaretaker {
    fn before(&self) -> Watch<'_, ()> {
        Box::pin(async {
            // What could not be swept is kept for `hydrotest clean`, which says why.
            self.swept
                .get_or_init(|| async { drop(sweep(self.kinds, Fate::Removed).await) })
                .await;
        })
    }

    fn after(&self) -> Watch<'_, Vec<String>> {
        Box::pin(self.census())
    }

    fn belongings(&self) -> Watch<'_, Result<Vec<Leftover>, BackendError>> {
        Box::pin(self.meet(Fate::LeftAlone))
    }

    fn crash(&self) -> Watch<'_, Result<Vec<Leftover>, BackendError>> {
        Box::pin(self.meet(Fate::Removed))
    }

    fn freeze(&self) -> Vec<Leftover> {
        Processes.freeze(&self.mark.name())
    }
}
