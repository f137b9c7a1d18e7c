//! When instances start, stop, make room and come back, counted on a backend that does nothing else.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::backend::{Backend, Work};
use crate::prediction::{Prediction, Request};

/// Counts how many instances were started, stopped, and running at the same time at most.
#[derive(Default)]
struct StartCount {
    started: AtomicUsize,
    stopped: AtomicUsize,
    most: AtomicUsize,
    /// Whether a stop waits for [`Self::stops`].
    stops_wait: AtomicBool,
    stops: Notify,
}

struct Counted {
    count: Arc<StartCount>,
    refuses: bool,
    up: bool,
}

impl Backend for Counted {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            if self.refuses {
                return Err(BackendError::new(Stage::Launch, Fault::Died, "will not start"));
            }
            self.up = true;
            let started = self.count.started.fetch_add(1, Ordering::SeqCst) + 1;
            self.count.most.fetch_max(started - self.count.stopped.load(Ordering::SeqCst), Ordering::SeqCst);
            Ok(())
        })
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            if self.count.stops_wait.load(Ordering::SeqCst) {
                self.count.stops.notified().await;
            }
            if std::mem::take(&mut self.up) {
                self.count.stopped.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        })
    }

    fn predict<'a>(&'a self, _: &'a Request) -> Work<'a, Prediction> {
        Box::pin(std::future::pending())
    }
}

/// A pool whose instance 9 refuses to start.
fn pool(users: Vec<usize>, limit: usize) -> (Pool, Arc<StartCount>) {
    let count = Arc::new(StartCount::default());
    let counted = Arc::clone(&count);
    let open = move |index: usize| {
        let backend = Counted { count: Arc::clone(&counted), refuses: index == 9, up: false };
        Ok(Instance::new(format!("instance {index}"), Box::new(backend), Duration::from_secs(5)))
    };
    (Pool::new(Arc::new(open), users, limit, Arc::default()), count)
}

fn counts(count: &StartCount) -> (usize, usize) {
    (count.started.load(Ordering::SeqCst), count.stopped.load(Ordering::SeqCst))
}

#[tokio::test]
async fn an_instance_loads_once_and_stops_with_its_last_user() {
    let (pool, count) = pool(vec![2], 1);
    for stopped in [0, 1] {
        let lease = pool.lease(0).await.unwrap();
        pool.release(lease, None).await;
        pool.leave(0).await;
        assert_eq!(counts(&count), (1, stopped));
    }
}

#[tokio::test]
async fn an_idle_instance_makes_room_and_comes_back_when_needed() {
    let (pool, count) = pool(vec![2, 1], 1);
    for index in [0, 1, 0] {
        let lease = pool.lease(index).await.unwrap();
        pool.release(lease, None).await;
    }
    assert_eq!(counts(&count), (3, 2));
    assert_eq!(count.most.load(Ordering::SeqCst), 1);
    pool.stop_all(std::future::pending()).await;
    assert_eq!(counts(&count), (3, 3));
}

#[tokio::test]
async fn a_busy_instance_is_waited_for() {
    let (pool, count) = pool(vec![1, 1], 1);
    let pool = Arc::new(pool);
    let held = pool.lease(0).await.unwrap();
    let waiting = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.lease(1).await.map(|lease| lease.instance.label().to_owned()) }
    });
    tokio::task::yield_now().await;
    assert_eq!(counts(&count), (1, 0));
    pool.release(held, None).await;
    assert_eq!(waiting.await.unwrap().unwrap(), "instance 1");
    assert_eq!(count.most.load(Ordering::SeqCst), 1);
    pool.stop_all(std::future::pending()).await;
    assert_eq!(counts(&count), (2, 2));
}

#[tokio::test]
async fn a_failed_start_is_told_to_everyone_without_another_try() {
    let (pool, count) = pool(vec![1; 10], 1);
    let first = pool.lease(9).await.err().unwrap();
    assert_eq!((first.message.as_str(), first.inherited), ("will not start", false));
    let second = pool.lease(9).await.err().unwrap();
    assert_eq!((second.message.as_str(), second.inherited), ("instance 9 did not start: will not start", true));
    assert_eq!(counts(&count), (0, 0));
    assert!(pool.lease(0).await.is_ok());
}

#[tokio::test]
async fn a_broken_instance_is_started_afresh_but_not_for_ever() {
    let (pool, count) = pool(vec![9], 1);
    let died = || BackendError::new(Stage::Call, Fault::Died, "died again");
    for _ in 0..=RESTARTS {
        let lease = pool.lease(0).await.unwrap();
        pool.release(lease, Some(died())).await;
    }
    let starts = RESTARTS as usize + 1;
    assert_eq!(counts(&count), (starts, starts));
    let refused = pool.lease(0).await.err().unwrap();
    insta::assert_snapshot!(refused.message, @"instance 0 died 3 times, last: died again");
    assert!(refused.inherited);
    let dropped = given_up(BackendError { from_outside: true, ..died() }, 3, "instance 0").unwrap();
    assert_eq!(dropped.message, "instance 0 failed 3 times, last: died again", "it may still run");
}

#[tokio::test]
async fn an_instance_that_is_given_up_cannot_be_started_while_it_stops() {
    let (pool, count) = pool(vec![9], 1);
    let pool = Arc::new(pool);
    let died = || BackendError::new(Stage::Call, Fault::Died, "died again");
    for _ in 0..RESTARTS {
        let lease = pool.lease(0).await.unwrap();
        pool.release(lease, Some(died())).await;
    }
    let lease = pool.lease(0).await.unwrap();
    count.stops_wait.store(true, Ordering::SeqCst);
    let releasing = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.release(lease, Some(died())).await }
    });
    // The stop and another lease wait for the lock in this order, so that the lease is the first to see the slot after the stop.
    let pause = || tokio::time::sleep(Duration::from_millis(50));
    pause().await;
    let slots = pool.slots.lock().await;
    count.stops.notify_one();
    pause().await;
    let leasing = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.lease(0).await.map(|_| ()) }
    });
    pause().await;
    count.stops_wait.store(false, Ordering::SeqCst);
    drop(slots);
    releasing.await.unwrap();
    let refused = leasing.await.unwrap().unwrap_err();
    assert_eq!(refused.message, "instance 0 died 3 times, last: died again");
    let starts = RESTARTS as usize + 1;
    assert_eq!(counts(&count), (starts, starts));
}

#[tokio::test]
async fn what_no_start_mends_is_not_started_again() {
    let (pool, count) = pool(vec![9, 9], 1);
    let lease = pool.lease(0).await.unwrap();
    let denied = BackendError::new(Stage::Call, Fault::Denied, "no token");
    pool.release(lease, Some(denied)).await;
    for instance in [0, 1] {
        assert_eq!(pool.lease(instance).await.err().unwrap().message, "no token");
        let refused = pool.lease_exclusively(instance, 1).await.err().unwrap();
        assert_eq!((refused.message.as_str(), refused.inherited), ("no token", true));
    }
    assert_eq!(counts(&count), (1, 1));
}

#[tokio::test]
async fn a_loan_takes_room_from_others_and_gives_it_back() {
    let (pool, count) = pool(vec![1, 1], 2);
    let lease = pool.lease(0).await.unwrap();
    pool.release(lease, None).await;
    // The idle instance has to go to make room for two.
    let lease = pool.lease_exclusively(1, 2).await.unwrap();
    assert_eq!(counts(&count), (1, 1));
    for _ in 0..2 {
        lease.open(1).await.unwrap().start().await.unwrap();
    }
    assert_eq!(pool.return_lease(lease).await, Vec::<String>::new());
    assert_eq!(counts(&count), (3, 3));
    assert_eq!(count.most.load(Ordering::SeqCst), 2);
    assert!(pool.lease(0).await.is_ok());
    assert!(pool.lease_exclusively(1, 3).await.is_err(), "there will never be room for three");
}

#[tokio::test]
async fn what_was_lent_is_stopped_with_the_run_or_when_its_trial_breaks() {
    let (pool, count) = pool(vec![1, 1], 1);
    let lease = pool.lease_exclusively(0, 1).await.unwrap();
    lease.open(0).await.unwrap().start().await.unwrap();
    // Its trial panicked: the lease is never returned.
    pool.leave(0).await;
    assert_eq!(counts(&count), (1, 1));
    let lease = pool.lease_exclusively(1, 1).await.unwrap();
    lease.open(1).await.unwrap().start().await.unwrap();
    pool.stop_all(std::future::pending()).await;
    assert_eq!(counts(&count), (2, 2));
    assert!(lease.open(1).await.is_err(), "the run is over");
}
