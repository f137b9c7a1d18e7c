//! Keeps the instances of a run: starts one when its first call needs it, stops it after its last, and makes room when
//! the limit is reached. Guarantees that everything it started is stopped; decides no order and judges nothing.

mod breaking;
pub(crate) mod lease;

pub(crate) use lease::Lease;

use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, Notify};

use super::starting::StartingInstances;
use crate::backend::remark::{Remarks, Severity};
use crate::backend::{BackendError, Fault, Instance, Stage};
use breaking::{given_up, is_fatal, survived};

/// Makes an instance, without starting it, from its index in the plan.
pub type Open = dyn Fn(usize) -> Result<Instance, BackendError> + Send + Sync;

/// The instances of one run.
pub(crate) struct Pool {
    open: Arc<Open>,
    limit: usize,
    slots: Mutex<Vec<PoolSlot>>,
    changed: Notify,
    /// What no start of any instance mends: every server is the same, or every call has the same credentials.
    fatal: OnceLock<BackendError>,
    starts: Arc<StartingInstances>,
    /// Failures to stop, for the report: they change no verdict.
    notes: Lines,
    leaks: Lines,
    /// Leak checks that failed.
    unknown: Lines,
    /// What is worth knowing of instances and no fault.
    remarks: std::sync::Mutex<Remarks>,
}

struct PoolSlot {
    state: SlotState,
    leases: usize,
    /// Trials that may still want it.
    users: usize,
    restarts: u32,
}

enum SlotState {
    Idle,
    /// Another task is starting or stopping it and will notify.
    Changing(Arc<Instance>),
    Running(Arc<Instance>),
    /// A trial has it to itself and may run so many instances of its own.
    LeasedExclusively {
        limit: usize,
        instances: Vec<Arc<Instance>>,
    },
    Failed(BackendError),
}

impl Pool {
    /// A pool for instances `0..users.len()`, where `users[i]` trials will call [`Self::leave`] for instance `i`.
    pub(crate) fn new(open: Arc<Open>, users: Vec<usize>, limit: usize) -> Self {
        let slots =
            users.into_iter().map(|users| PoolSlot { state: SlotState::Idle, leases: 0, users, restarts: 0 }).collect();
        Self {
            open,
            limit: limit.max(1),
            slots: Mutex::new(slots),
            changed: Notify::new(),
            fatal: OnceLock::new(),
            starts: Arc::default(),
            notes: std::sync::Mutex::default(),
            leaks: std::sync::Mutex::default(),
            unknown: std::sync::Mutex::default(),
            remarks: std::sync::Mutex::default(),
        }
    }

    /// The same pool, reporting what its instances do while they start.
    pub(crate) fn heard_by(mut self, starts: Arc<StartingInstances>) -> Self {
        self.starts = starts;
        self
    }

    /// Makes an instance that is not started, and lets be heard what it does.
    fn open(&self, index: usize) -> Result<Arc<Instance>, BackendError> {
        let instance = Arc::new((self.open)(index)?);
        self.starts.add(&instance);
        Ok(instance)
    }

    /// Waits until the instance runs, starting it if need be.
    ///
    /// # Errors
    /// The error of its start; who asks later in the run gets it as inherited, without another try.
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
                        self.stop_slot(slots, victim).await;
                        continue;
                    }
                }
            }
            drop(slots);
            changed.await;
        }
    }

    /// Gives a lease back. One that is broken is stopped, and started afresh for the next call, at most `RESTARTS` times.
    pub(crate) async fn release(&self, lease: Lease, condition: Condition) {
        let mut slots = self.slots.lock().await;
        let Some(slot) = slots.get_mut(lease.slot) else { return };
        slot.leases = slot.leases.saturating_sub(1);
        let is_current = matches!(&slot.state, SlotState::Running(instance) if Arc::ptr_eq(instance, &lease.instance));
        if let (Condition::Broken(error), true) = (condition, is_current) {
            slot.restarts += 1;
            if is_fatal(&error) {
                let _ = self.fatal.set(error.clone());
            }
            let given_up = given_up(error, slot.restarts, lease.instance.label());
            self.stop_slot(slots, lease.slot).await;
            if let (Some(error), Some(slot)) = (given_up, self.slots.lock().await.get_mut(lease.slot)) {
                slot.state = SlotState::Failed(error);
            }
        }
        self.changed.notify_waiters();
    }

    /// Says that one trial will not use the instance any more; after the last one it is stopped.
    pub(crate) async fn leave(&self, index: usize) {
        let mut slots = self.slots.lock().await;
        let Some(slot) = slots.get_mut(index) else { return };
        slot.users = slot.users.saturating_sub(1);
        if slot.users == 0 && matches!(slot.state, SlotState::LeasedExclusively { .. }) {
            // Its trial broke before it could give it back.
            drop(slots);
            let left = self.end_lease(index).await;
            return push(&self.leaks, left);
        }
        if slot.users == 0 && slot.leases == 0 && matches!(slot.state, SlotState::Running(_)) {
            self.stop_slot(slots, index).await;
        }
    }

    /// Stops everything that was started, also what is only half started. Returns once nothing runs. When `urged` comes first,
    /// all of it is killed while a stop waits for its grace period; the leak check still runs.
    pub(crate) async fn stop_all(&self, urged: impl Future<Output = ()>) {
        let instances: Vec<Arc<Instance>> = {
            let mut slots = self.slots.lock().await;
            slots
                .iter_mut()
                .flat_map(|slot| match std::mem::replace(&mut slot.state, SlotState::Failed(over())) {
                    SlotState::Running(instance) | SlotState::Changing(instance) => vec![instance],
                    SlotState::LeasedExclusively { instances, .. } => instances,
                    SlotState::Failed(earlier) => {
                        slot.state = SlotState::Failed(earlier);
                        Vec::new()
                    }
                    SlotState::Idle => Vec::new(),
                })
                .collect()
        };
        self.changed.notify_waiters();
        let mut stops = tokio::task::JoinSet::new();
        for instance in instances.iter().map(Arc::clone) {
            stops.spawn(async move {
                let error = instance.abort().await;
                (instance, error)
            });
        }
        let all_stopped = self.note_ends(stops);
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

    async fn note_ends(&self, mut stops: tokio::task::JoinSet<(Arc<Instance>, Option<BackendError>)>) {
        while let Some(stopped) = stops.join_next().await {
            match stopped {
                Ok((instance, error)) => self.note_end(&instance, error),
                Err(panic) => push(&self.notes, [format!("stopping an instance panicked: {panic}")]),
            }
        }
    }

    /// Failures to stop so far, and other warnings.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = all(&self.notes);
        notes.extend(self.remarked(Severity::Warning));
        notes
    }

    /// What is worth knowing so far and no fault.
    pub(crate) fn remarks(&self) -> Vec<String> {
        self.remarked(Severity::Note)
    }

    fn remarked(&self, severity: Severity) -> Vec<String> {
        let remarks = self.remarks.lock();
        remarks.unwrap_or_else(std::sync::PoisonError::into_inner).lines(severity)
    }

    /// Resources that instances have leaked so far.
    pub(crate) fn leaks(&self) -> Vec<String> {
        all(&self.leaks)
    }

    /// The leak checks that have failed so far.
    pub(crate) fn unknown(&self) -> Vec<String> {
        all(&self.unknown)
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
                // The run was stopped meanwhile; what has started now must go again.
                drop(slots);
                let error = instance.abort().await;
                self.note_end(&instance, error);
                return Err(over());
            }
            Ok(()) => {
                slot.leases += 1;
                slot.state = SlotState::Running(Arc::clone(&instance));
                let (slot, is_fresh) = (index, true);
                Ok(Lease { slot, instance, is_fresh })
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

    async fn stop_slot(&self, mut slots: tokio::sync::MutexGuard<'_, Vec<PoolSlot>>, index: usize) {
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
            slots[index].state = SlotState::Idle;
        }
        drop(slots);
        self.changed.notify_waiters();
    }

    /// Keeps what there is to say about an instance that has been stopped.
    fn note_end(&self, instance: &Instance, error: Option<BackendError>) {
        let report = instance.take_report();
        push(&self.notes, error.map(|error| format!("{}: {error}", instance.label())));
        push(&self.notes, report.warnings);
        push(&self.leaks, report.leaks);
        push(&self.unknown, report.failed_checks);
        let mut remarks = self.remarks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for remark in report.remarks {
            remarks.add(instance.label(), remark);
        }
    }
}

/// What everybody is told who asks for an instance after the end.
fn over() -> BackendError {
    BackendError::new(Stage::Launch, Fault::Cancelled, "the run is over")
}

type Lines = std::sync::Mutex<Vec<String>>;

fn push(lines: &Lines, new: impl IntoIterator<Item = String>) {
    lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(new);
}

fn all(lines: &Lines) -> Vec<String> {
    lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}

/// In what condition a call leaves an instance.
pub(crate) enum Condition {
    /// It can be called again.
    Usable,
    /// It died, hangs or cannot be trusted; the error says how.
    Broken(BackendError),
}

impl PoolSlot {
    /// How many of the instances that may run at once are its.
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

#[cfg(test)]
mod tests;
