//! Watches a job whose server answers until nothing of it runs, so that a call hears of its end. Asks now and then by
//! itself, and at once when a call waits for news.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::queue::Queue;
use super::state::JobLine;
use crate::backend::Fault;
use crate::backend::launcher::ServerExit;

/// How long a call waits before the queue is asked for its sake: most calls are over before.
const EAGERNESS: Duration = Duration::from_millis(250);
/// Time between two looks at a job that is ending: its last state is the one that says why.
const ENDING: Duration = Duration::from_millis(100);
/// How long a job may be ending before that is news enough.
const LONGEST_ENDING: u32 = 20;

/// Watches one job. Dropping it ends the watch.
#[derive(Debug)]
pub(super) struct JobWatcher {
    server_exit: watch::Receiver<Option<ServerExit>>,
    wanted: Arc<Notify>,
    task: JoinHandle<()>,
}

impl JobWatcher {
    /// Watches the job of a name, which had been started anew `restarts` times when its server answered.
    pub(super) fn start(queue: Queue, name: String, job: JobLine, interval: Duration) -> Self {
        let (sender, server_exit) = watch::channel(None);
        let wanted = Arc::new(Notify::new());
        let news = Arc::clone(&wanted);
        let task = tokio::spawn(async move {
            let server_exit = follow(&queue, &name, &job, interval, &news).await;
            // The receiver may be gone.
            let _ = sender.send(Some(server_exit));
        });
        Self { server_exit, wanted, task }
    }

    /// Waits for the end of the job.
    pub(super) async fn exited(&self) -> ServerExit {
        let mut server_exit = self.server_exit.clone();
        let reported =
            async { server_exit.wait_for(Option::is_some).await.ok().and_then(|server_exit| server_exit.clone()) };
        let wanting = async {
            sleep(EAGERNESS).await;
            self.wanted.notify_one();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            server_exit = reported => server_exit.unwrap_or_else(|| ServerExit {
                fault: Fault::Internal,
                message: "is not watched any more".into(),
                from_outside: true,
            }),
            () = wanting => std::future::pending().await,
        }
    }
}

impl Drop for JobWatcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Asks until the job is over. Questions that are not answered say nothing: the controller may be starting anew.
async fn follow(queue: &Queue, name: &str, job: &JobLine, interval: Duration, wanted: &Notify) -> ServerExit {
    let mut ending = 0;
    loop {
        match queue.jobs(Some(name)).await.map(|jobs| jobs.into_iter().find(|found| found.id == job.id)) {
            Ok(Some(found)) => {
                if found.is_over() || found.was_requeued(job.restarts) || ending >= LONGEST_ENDING {
                    return found.server_exit(job.restarts);
                }
                if found.state == "COMPLETING" {
                    ending += 1;
                }
            }
            Ok(None) => {
                return ServerExit {
                    fault: Fault::Died,
                    message: format!("was in job {}, of which Slurm knows nothing any more", job.id),
                    from_outside: true,
                };
            }
            Err(_) => {}
        }
        let pause = if ending > 0 { ENDING } else { interval };
        // Whether time passed or a call wants to know, the next step is the same.
        let _ = tokio::time::timeout(pause, wanted.notified()).await;
    }
}
