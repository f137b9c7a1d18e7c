//! Watches a job whose server answers until nothing of it runs, so that a call hears of its end. Asks now and then by
//! itself, and at once when somebody waits for news.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::queue::Queue;
use super::state::JobLine;
use crate::backend::Fault;
use crate::backend::launcher::Demise;

/// How long somebody waits before the queue is asked for their sake: most calls are over before.
const EAGERNESS: Duration = Duration::from_millis(250);
/// Time between two looks at a job that is ending: its last state is the one that says why.
const ENDING: Duration = Duration::from_millis(100);
/// How long a job may be ending before that is news enough.
const LONGEST_ENDING: u32 = 20;

/// Watches one job. Dropping it ends the watch.
#[derive(Debug)]
pub(super) struct Watcher {
    demise: watch::Receiver<Option<Demise>>,
    wanted: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Watcher {
    /// Watches the job of a name, which had been started anew `restarts` times when its server answered.
    pub(super) fn start(queue: Queue, name: String, job: JobLine, interval: Duration) -> Self {
        let (sender, demise) = watch::channel(None);
        let wanted = Arc::new(Notify::new());
        let news = Arc::clone(&wanted);
        let task = tokio::spawn(async move {
            let demise = follow(&queue, &name, &job, interval, &news).await;
            // Nobody may be waiting.
            let _ = sender.send(Some(demise));
        });
        Self { demise, wanted, task }
    }

    /// Waits for the end of the job.
    pub(super) async fn ended(&self) -> Demise {
        let mut demise = self.demise.clone();
        let told = async {
            let told = demise.wait_for(Option::is_some).await;
            told.ok().and_then(|demise| demise.clone())
        };
        let wanting = async {
            sleep(EAGERNESS).await;
            self.wanted.notify_one();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            demise = told => demise.unwrap_or_else(|| Demise {
                fault: Fault::Internal,
                message: "is not watched any more".into(),
                from_outside: true,
            }),
            () = wanting => std::future::pending().await,
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Asks until the job is over. Questions that are not answered say nothing: the controller may be starting anew.
async fn follow(queue: &Queue, name: &str, job: &JobLine, interval: Duration, wanted: &Notify) -> Demise {
    let mut ending = 0;
    loop {
        match queue
            .jobs(Some(name))
            .await
            .map(|jobs| jobs.into_iter().find(|found| found.id == job.id))
        {
            Ok(Some(found)) => {
                if found.is_over() || found.was_requeued(job.restarts) || ending >= LONGEST_ENDING {
                    return found.demise(job.restarts);
                }
                if found.state == "COMPLETING" {
                    ending += 1;
                }
            }
            Ok(None) => {
                return Demise {
                    fault: Fault::Died,
                    message: format!("was in job {}, of which Slurm knows nothing any more", job.id),
                    from_outside: true,
                };
            }
            Err(_) => {}
        }
        let pause = if ending > 0 { ENDING } else { interval };
        // Whether time passed or somebody wants to know, the answer is the same.
        let _ = tokio::time::timeout(pause, wanted.notified()).await;
    }
}
