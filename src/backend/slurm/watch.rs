//! Watches the job of a server that is ready, until the job is over, so that calls learn of its exit. Asks the queue
//! periodically, and at once when a call waits; does not cancel the job.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::queue::Queue;
use super::state::JobLine;
use crate::backend::Fault;
use crate::backend::launcher::ServerExit;

/// How long a call waits before the queue is asked for it: most calls are over sooner.
const EAGERNESS: Duration = Duration::from_millis(250);
/// The first pause between two looks at a job that is completing: its last state tells why it ended.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long a job may be completing before it counts as over. Slurm looks once a second whether its processes are gone, and sites run
/// programs of their own after a job.
const LONGEST_ENDING: Duration = Duration::from_secs(60);

/// How long a job has been completing.
#[derive(Debug, Default)]
pub(super) struct Ending(Option<Instant>);

impl Ending {
    /// Whether a job is over: none of its processes runs any more, or it has been completing for so long that its last state is not waited
    /// for any longer.
    pub(super) fn is_over(&mut self, job: &JobLine) -> bool {
        if !job.is_completing() {
            // It may have been put back into the queue.
            self.0 = None;
            return job.is_over();
        }
        self.0.get_or_insert_with(Instant::now).elapsed() >= LONGEST_ENDING
    }

    const fn has_begun(&self) -> bool {
        self.0.is_some()
    }
}

/// Watches one job. Dropping it ends the watch.
#[derive(Debug)]
pub(super) struct JobWatcher {
    server_exit: watch::Receiver<Option<ServerExit>>,
    is_completing: Arc<AtomicBool>,
    wanted: Arc<Notify>,
    _task: JoinSet<()>,
}

impl JobWatcher {
    /// Watches the job `job` with the given name.
    pub(super) fn start(queue: Queue, name: String, job: JobLine, interval: Duration) -> Self {
        let (sender, server_exit) = watch::channel(None);
        let wanted = Arc::new(Notify::new());
        let is_completing = Arc::new(AtomicBool::new(false));
        let (notified, completing) = (Arc::clone(&wanted), Arc::clone(&is_completing));
        let mut task = JoinSet::new();
        task.spawn(async move {
            let server_exit = follow(&queue, &name, &job, interval, &notified, &completing).await;
            // The receiver may be gone.
            let _ = sender.send(Some(server_exit));
        });
        Self { server_exit, is_completing, wanted, _task: task }
    }

    /// Whether the end of the job is known.
    pub(super) fn has_exited(&self) -> bool {
        self.server_exit.borrow().is_some()
    }

    /// Whether Slurm is ending the job. Then its end is known soon.
    pub(super) fn is_completing(&self) -> bool {
        self.is_completing.load(Ordering::Relaxed)
    }

    /// Waits for the end of the job.
    pub(super) async fn exited(&self) -> ServerExit {
        let mut server_exit = self.server_exit.clone();
        let ask_soon = async {
            sleep(EAGERNESS).await;
            self.wanted.notify_one();
            std::future::pending().await
        };
        let reported = tokio::select! {
            reported = server_exit.wait_for(Option::is_some) => reported.ok().and_then(|server_exit| server_exit.clone()),
            never = ask_soon => never,
        };
        reported.unwrap_or_else(|| from_outside(Fault::Internal, "is not watched any more".into()))
    }
}

/// Asks the queue until the job is over. Failed questions are ignored: the controller may be restarting.
async fn follow(
    queue: &Queue,
    name: &str,
    job: &JobLine,
    interval: Duration,
    wanted: &Notify,
    is_completing: &AtomicBool,
) -> ServerExit {
    let (mut ending, mut pause) = (Ending::default(), FIRST_PAUSE);
    loop {
        match queue.jobs(Some(name)).await.map(|jobs| jobs.into_iter().find(|found| found.id == job.id)) {
            Ok(Some(found)) => {
                if ending.is_over(&found) || found.was_requeued(job.restarts) {
                    return found.server_exit(job.restarts);
                }
                is_completing.store(ending.has_begun(), Ordering::Relaxed);
            }
            Ok(None) => {
                let message = format!("was in job {}, of which Slurm knows nothing any more", job.id);
                return from_outside(Fault::Died, message);
            }
            Err(_) => {}
        }
        let wait = if ending.has_begun() { pause } else { interval };
        // A timeout and a notification lead to the same next step.
        let _ = tokio::time::timeout(wait, wanted.notified()).await;
        if ending.has_begun() {
            pause = (pause * 2).min(interval);
        }
    }
}

const fn from_outside(fault: Fault, message: String) -> ServerExit {
    ServerExit { fault, message, from_outside: true }
}
