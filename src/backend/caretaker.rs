//! Looks after one instance of a kind that may leave something: clears up before it, and takes the census after it. Removes what
//! carries its mark and nothing else.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::OnceCell;

use super::aftermath::{Aftermath, Stopped};
use super::clearing::{Fate, PATIENCE, steward, sweep};
use super::custody::{Leftover, Mark, Processes, Steward};
use super::exposure;
use super::instance::Caretaker;
use super::kind::Kind;
use super::remark::Remark;
use super::{BackendError, Fault, Stage, Watch, Work};

/// How long the last of an instance may take to go after its stop: engines report an end before it is complete.
const SETTLING: Duration = Duration::from_secs(3);

/// Those who know where to look: the platforms first, because ending the processes of a container or job behind its
/// platform's back looks like a failure there.
fn stewards(kinds: &[Kind], reaches: &[(String, Value)], troubles: &mut Vec<String>) -> Vec<Box<dyn Steward>> {
    let mut stewards: Vec<Box<dyn Steward>> = Vec::new();
    for (kind, reach) in reaches {
        match steward(kinds, kind, reach) {
            Ok(steward) => stewards.push(steward),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if let Ok(processes) = Processes::here() {
        stewards.push(Box::new(processes));
    }
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
        let names = [self.mark.name()];
        let mut troubles = Vec::new();
        let mut met = Vec::new();
        for steward in stewards(self.kinds, &self.mark.reaches(), &mut troubles) {
            let found = bounded(steward.find(&names)).await?;
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

    async fn census(&self, stopped: Stopped) -> Aftermath {
        let names = [self.mark.name()];
        let mut found = Aftermath::default();
        self.hear(stopped, &mut found);
        if let Err(unavailable) = Processes::here() {
            found.remarks.push(Remark::note(
                "leak check",
                format!("leak check of processes: {unavailable}"),
            ));
        }
        let deadline = tokio::time::Instant::now() + SETTLING;
        for steward in stewards(self.kinds, &self.mark.reaches(), &mut found.unknown) {
            match last_of(&*steward, &names, deadline).await {
                Ok(there) => {
                    for leftover in there {
                        let fate = if bounded(steward.remove(&leftover)).await.is_ok() {
                            "removed now"
                        } else {
                            self.mark.keep_for_a_sweep();
                            "and it could not be removed: `hydrotest clean` tries again"
                        };
                        let line = format!("{leftover} was still there after the stop; {fate}");
                        found.left.push(line);
                    }
                }
                Err(error) => {
                    self.mark.keep_for_a_sweep();
                    let line = "whether anything was left could not be found out, `hydrotest clean` looks again";
                    found.unknown.push(format!("{line}: {error}"));
                }
            }
        }
        if let Err(error) = self.mark.remove_directory() {
            self.mark.keep_for_a_sweep();
            let text = format!("its temporary files could not be removed, `hydrotest clean` tries again: {error}");
            found.remarks.push(Remark::warning("removing temporary files", text));
        }
        found
    }

    /// What its backend has seen of its end. Whoever was killed, crashed or never ran could not clear up.
    fn hear(&self, stopped: Stopped, found: &mut Aftermath) {
        let end = self.mark.take_end();
        found.remarks.extend(end.remarks);
        for what in end.given_up {
            found.unknown.push(format!(
                "whether {what} that was given up still comes to its end is not known, `hydrotest clean` looks for it"
            ));
        }
        if stopped == Stopped::HalfStarted {
            return;
        }
        for leftover in end.outlived {
            let line = format!("{leftover} was still there after the stop; removed now");
            found.left.push(line);
        }
        if !end.orderly {
            return;
        }
        match self.mark.temporary_files() {
            Ok(files) => found.remarks.extend(files.map(|files| files.remark())),
            Err(error) => {
                let text = format!("its TMPDIR could not be looked into: {error}");
                found.remarks.push(Remark::warning("reading temporary files", text));
            }
        }
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
    names: &[String],
    deadline: tokio::time::Instant,
) -> Result<Vec<Leftover>, BackendError> {
    let mut pause = Duration::from_millis(5);
    loop {
        let found = bounded(steward.find(names)).await?;
        if found.is_empty() || tokio::time::Instant::now() >= deadline {
            return Ok(found);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

impl Caretaker for InstanceCaretaker {
    fn before(&self) -> Watch<'_, Vec<String>> {
        Box::pin(async {
            let mut troubles = Vec::new();
            // The first to come tells of it, once for the run.
            self.swept
                .get_or_init(|| async { troubles = sweep(self.kinds, Fate::Removed).await.troubles })
                .await;
            let told =
                |trouble| format!("a killed run is not cleared up after, `hydrotest clean` tries again: {trouble}");
            troubles.into_iter().map(told).collect()
        })
    }

    fn after(&self, stopped: Stopped) -> Watch<'_, Aftermath> {
        Box::pin(self.census(stopped))
    }

    fn belongings(&self) -> Watch<'_, Result<Vec<Leftover>, BackendError>> {
        Box::pin(self.meet(Fate::LeftAlone))
    }

    fn crash(&self) -> Watch<'_, Result<Vec<Leftover>, BackendError>> {
        Box::pin(self.meet(Fate::Removed))
    }

    fn running(&self) -> Vec<Remark> {
        // Where it is not available, the note about the leak check says so.
        exposure::remarks(&self.mark.name()).unwrap_or_default()
    }

    fn freeze(&self) -> Vec<Leftover> {
        let processes = Processes::here().ok();
        processes.map_or_else(Vec::new, |processes| processes.freeze(&self.mark.name()))
    }
}
