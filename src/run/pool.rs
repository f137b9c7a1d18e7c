//! The instances of a run: starts one for its first call, stops it after its last, restarts one that broke, and makes room within the
//! limit. Guarantees that everything it started is stopped. Does not decide any order and does not judge.

pub(crate) mod lease;

pub(crate) use lease::Lease;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, MutexGuard, OnceLock, PoisonError};

use futures_util::FutureExt;
use tokio::sync::{Mutex, Notify};

use super::starting::StartingInstances;
use crate::backend::remark::{Remarks, Severity};
use crate::backend::{BackendError, Fault, Instance, Stage};
use crate::outcome::RunOutcome;

/// Makes an instance from its index in the plan, and does not start it.
pub type Open = dyn Fn(usize) -> Result<Instance, BackendError> + Send + Sync;

/// The instances of one run.
pub(crate) struct Pool {
    open: Arc<Open>,
    limit: usize,
    slots: Mutex<Vec<PoolSlot>>,
    changed: Notify,
    /// An error that every start would repeat, because all instances share a server or credentials.
    fatal: OnceLock<BackendError>,
    starts: Arc<StartingInstances>,
    report: std::sync::Mutex<PoolReport>,
}

/// What was found when instances stopped. Changes no verdict of a case; leaks and failed leak checks decide about the run.
#[derive(Default)]
struct PoolReport {
    notes: Vec<String>,
    leaks: Vec<String>,
    /// Leak checks that failed.
    unknown: Vec<String>,
    remarks: Remarks,
}

struct PoolSlot {
    state: SlotState,
    leases: usize,
    /// Trials that may still use it.
    users: usize,
    restarts: u32,
}

enum SlotState {
    Idle,
    /// Another task is starting or stopping it and will notify.
    Changing(Arc<Instance>),
    Running(Arc<Instance>),
    /// One trial has it, and may run this many instances of its own.
    LeasedExclusively {
        limit: usize,
        instances: Vec<Arc<Instance>>,
    },
    Failed(BackendError),
}

impl Pool {
    /// A pool for instances `0..users.len()`, where `users[i]` trials will call [`Self::leave`] for instance `i`. Reports their starts to
    /// `starts`.
    pub(crate) fn new(open: Arc<Open>, users: Vec<usize>, limit: usize, starts: Arc<StartingInstances>) -> Self {
        let slot = |users| PoolSlot { state: SlotState::Idle, leases: 0, users, restarts: 0 };
        Self {
            open,
            limit: limit.max(1),
            slots: Mutex::new(users.into_iter().map(slot).collect()),
            changed: Notify::new(),
            fatal: OnceLock::new(),
            starts,
            report: std::sync::Mutex::default(),
        }
    }

    /// Makes an instance without starting it, and follows its start.
    fn open(&self, index: usize) -> Result<Arc<Instance>, BackendError> {
        let instance = Arc::new((self.open)(index)?);
        self.starts.add(&instance);
        Ok(instance)
    }

    /// Waits until the instance runs, and starts it if necessary.
    ///
    /// # Errors
    /// The error of its start. Later callers get it as inherited, without another attempt.
    pub(crate) async fn lease(&self, index: usize) -> Result<Lease, BackendError> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(error) = self.fatal.get() {
                return Err(error.clone().inherited());
            }
            let mut slots = self.slots.lock().await;
            let Some(slot) = slots.get_mut(index) else {
                return Err(BackendError::new(Stage::Configure, Fault::Internal, format!("no instance {index}")));
            };
            match &slot.state {
                SlotState::Running(instance) => {
                    slot.leases += 1;
                    return Ok(Lease { slot: index, instance: Arc::clone(instance), is_fresh: false });
                }
                SlotState::Failed(error) => return Err(error.clone().inherited()),
                SlotState::Changing(_) | SlotState::LeasedExclusively { .. } => {}
                SlotState::Idle => {
                    if self.has_room(&slots, 1) {
                        return self.start(slots, index).await;
                    }
                    if let Some(victim) = slots.iter().position(PoolSlot::can_make_room) {
                        self.stop_slot(slots, victim, SlotState::Idle).await;
                        continue;
                    }
                }
            }
            drop(slots);
            changed.await;
        }
    }

    /// Gives a lease back. An instance that `broken` made unusable is stopped, and started again for the next call, at most `RESTARTS`
    /// times.
    pub(crate) async fn release(&self, lease: Lease, broken: Option<BackendError>) {
        let mut slots = self.slots.lock().await;
        let Some(slot) = slots.get_mut(lease.slot) else { return };
        slot.leases = slot.leases.saturating_sub(1);
        let is_current = matches!(&slot.state, SlotState::Running(instance) if Arc::ptr_eq(instance, &lease.instance));
        if let Some(error) = broken.filter(|_| is_current) {
            slot.restarts += 1;
            if is_fatal(&error) {
                let _ = self.fatal.set(error.clone());
            }
            let given_up = given_up(error, slot.restarts, lease.instance.label());
            self.stop_slot(slots, lease.slot, given_up.map_or(SlotState::Idle, SlotState::Failed)).await;
        }
        self.changed.notify_waiters();
    }

    /// Tells the pool that one trial no longer uses the instance. Stops it after the last one.
    pub(crate) async fn leave(&self, index: usize) {
        let mut slots = self.slots.lock().await;
        let Some(slot) = slots.get_mut(index) else { return };
        slot.users = slot.users.saturating_sub(1);
        if slot.users == 0 && matches!(slot.state, SlotState::LeasedExclusively { .. }) {
            // Its trial panicked before it could give it back.
            drop(slots);
            let leaks = self.end_lease(index).await;
            return self.lock_report().leaks.extend(leaks);
        }
        if slot.users == 0 && slot.leases == 0 && matches!(slot.state, SlotState::Running(_)) {
            self.stop_slot(slots, index, SlotState::Idle).await;
        }
    }

    /// Stops all instances, including those that are starting, and returns when nothing runs. If `urged` completes first, kills them
    /// instead of waiting for their grace periods. The leak check still runs.
    pub(crate) async fn stop_all(&self, urged: impl Future<Output = ()>) {
        let instances: Vec<Arc<Instance>> = {
            let mut slots = self.slots.lock().await;
            let end = |slot: &mut PoolSlot| match std::mem::replace(&mut slot.state, SlotState::Failed(over())) {
                SlotState::Running(instance) | SlotState::Changing(instance) => vec![instance],
                SlotState::LeasedExclusively { instances, .. } => instances,
                SlotState::Failed(earlier) => {
                    slot.state = SlotState::Failed(earlier);
                    Vec::new()
                }
                SlotState::Idle => Vec::new(),
            };
            slots.iter_mut().flat_map(end).collect()
        };
        self.changed.notify_waiters();
        let mut stops = tokio::task::JoinSet::new();
        for instance in instances.iter().map(Arc::clone) {
            stops.spawn(async move {
                let error = instance.abort().await;
                (instance, error)
            });
        }
        let all_stopped = async {
            while let Some(stopped) = stops.join_next().await {
                match stopped {
                    Ok((instance, error)) => self.note_end(&instance, error),
                    Err(panic) => self.lock_report().notes.push(format!("stopping an instance panicked: {panic}")),
                }
            }
        };
        tokio::pin!(all_stopped);
        tokio::select! {
            () = &mut all_stopped => return,
            () = urged => {}
        }
        let mut killing = tokio::task::JoinSet::new();
        for instance in instances {
            killing.spawn(async move { instance.kill().await });
        }
        all_stopped.await;
        while killing.join_next().await.is_some() {}
    }

    /// The part of a run's outcome that is about the instances that have stopped so far.
    pub(crate) fn report(&self) -> RunOutcome {
        let report = self.lock_report();
        RunOutcome {
            notes: [report.notes.clone(), report.remarks.lines(Severity::Warning)].concat(),
            remarks: report.remarks.lines(Severity::Note),
            leaks: report.leaks.clone(),
            unknown: report.unknown.clone(),
            ..RunOutcome::default()
        }
    }

    fn lock_report(&self) -> MutexGuard<'_, PoolReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self, slots: &[PoolSlot], instances: usize) -> bool {
        slots.iter().map(PoolSlot::occupied).sum::<usize>() + instances <= self.limit
    }

    async fn start(
        &self,
        mut slots: tokio::sync::MutexGuard<'_, Vec<PoolSlot>>,
        index: usize,
    ) -> Result<Lease, BackendError> {
        let instance = match self.open(index) {
            Ok(instance) => instance,
            Err(error) => {
                slots[index].state = SlotState::Failed(error.clone());
                self.changed.notify_waiters();
                return Err(error);
            }
        };
        slots[index].state = SlotState::Changing(Arc::clone(&instance));
        drop(slots);
        let started = match survived(instance.start()).await {
            Ok(started) => started,
            Err(broke) => {
                let _ = survived(instance.abort()).await;
                Err(broke)
            }
        };
        let mut slots = self.slots.lock().await;
        let slot = &mut slots[index];
        let result = match started {
            _ if !matches!(slot.state, SlotState::Changing(_)) => {
                // The run was stopped meanwhile, so that the new instance must stop too.
                drop(slots);
                let error = instance.abort().await;
                self.note_end(&instance, error);
                return Err(over());
            }
            Ok(()) => {
                slot.leases += 1;
                slot.state = SlotState::Running(Arc::clone(&instance));
                Ok(Lease { slot: index, instance, is_fresh: true })
            }
            Err(error) => {
                slot.state = SlotState::Failed(BackendError {
                    message: format!("{} did not start: {}", instance.label(), error.message),
                    ..error.clone()
                });
                self.note_end(&instance, None);
                Err(error)
            }
        };
        drop(slots);
        self.changed.notify_waiters();
        result
    }

    /// Stops the instance of a slot, which is in the state `then` before any other task sees it again.
    async fn stop_slot(&self, mut slots: tokio::sync::MutexGuard<'_, Vec<PoolSlot>>, index: usize, then: SlotState) {
        let SlotState::Running(instance) = &slots[index].state else {
            return;
        };
        let instance = Arc::clone(instance);
        slots[index].state = SlotState::Changing(Arc::clone(&instance));
        drop(slots);
        let error = survived(instance.stop()).await.unwrap_or_else(Some);
        self.note_end(&instance, error);
        let mut slots = self.slots.lock().await;
        if matches!(slots[index].state, SlotState::Changing(_)) {
            slots[index].state = then;
        }
        drop(slots);
        self.changed.notify_waiters();
    }

    /// Keeps the report of an instance that has stopped.
    fn note_end(&self, instance: &Instance, error: Option<BackendError>) {
        let own = instance.take_report();
        let mut report = self.lock_report();
        report.notes.extend(error.map(|error| format!("{}: {error}", instance.label())));
        report.notes.extend(own.warnings);
        report.leaks.extend(own.leaks);
        report.unknown.extend(own.failed_checks);
        for remark in own.remarks {
            report.remarks.add(instance.label(), remark);
        }
    }
}

/// The error of every request for an instance after the end of the run.
fn over() -> BackendError {
    BackendError::new(Stage::Launch, Fault::Cancelled, "the run is over")
}

impl PoolSlot {
    /// How many of the instances that may run at once belong to the slot.
    const fn occupied(&self) -> usize {
        match self.state {
            SlotState::Running(_) | SlotState::Changing(_) => 1,
            SlotState::LeasedExclusively { limit, .. } => limit,
            SlotState::Idle | SlotState::Failed(_) => 0,
        }
    }

    fn can_make_room(&self) -> bool {
        matches!(self.state, SlotState::Running(_)) && self.leases == 0
    }
}

/// How often a broken instance is started again in one run before its cases are given up.
const RESTARTS: u32 = 2;

/// Whether a restart is useless: it changes no configuration, and does not restart a server that is not ours.
const fn is_fatal(error: &BackendError) -> bool {
    matches!(error.fault, Fault::Misconfigured | Fault::Denied | Fault::Crashed)
}

/// The error of all later calls of an instance that broke this many times. Returns `None` if it is worth another start.
fn given_up(error: BackendError, times: u32, label: &str) -> Option<BackendError> {
    let message = match error.fault {
        _ if is_fatal(&error) => error.message.clone(),
        _ if times <= RESTARTS => return None,
        // What has an external cause may not have ended at all.
        Fault::Died | Fault::Poisoned if !error.from_outside => {
            format!("{label} died {times} times, last: {}", error.message)
        }
        _ => format!("{label} failed {times} times, last: {}", error.message),
    };
    Some(BackendError { message, ..error })
}

/// Turns a panic of a kind of backend into an error, so that waiting callers get the slot.
async fn survived<T>(work: impl Future<Output = T>) -> Result<T, BackendError> {
    let broke = "hydrotest itself failed: this kind of backend panicked";
    let caught = AssertUnwindSafe(work).catch_unwind().await;
    caught.map_err(|_| BackendError::new(Stage::Launch, Fault::Internal, broke))
}

#[cfg(test)]
mod tests;
