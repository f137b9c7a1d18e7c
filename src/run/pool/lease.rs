//! The rights of trials to instances: to call a shared one, or to run some of their own within the limit of the pool. Does not start any
//! instance.

use std::sync::Arc;

use super::{Pool, PoolSlot, SlotState, over};
use crate::backend::{BackendError, Fault, Instance, Stage};

/// The right to make a call on a running instance. Give it back with [`Pool::release`].
#[derive(Clone)]
pub(crate) struct Lease {
    pub(super) slot: usize,
    /// The running instance.
    pub(crate) instance: Arc<Instance>,
    /// Whether it was started for this lease.
    pub(crate) is_fresh: bool,
}

/// The right of one trial to run instances of its own. Give it back with [`Pool::return_lease`].
pub(crate) struct ExclusiveLease<'a> {
    pool: &'a Pool,
    slot: usize,
}

impl Pool {
    /// Waits until `instances` more may run, and reserves the room for the caller.
    ///
    /// # Errors
    /// If there will never be room, no start can succeed, or the run is over.
    pub(crate) async fn lease_exclusively(
        &self,
        index: usize,
        instances: usize,
    ) -> Result<ExclusiveLease<'_>, BackendError> {
        if instances > self.limit {
            let message = format!("{instances} instances cannot run at once where {} may", self.limit);
            return Err(BackendError::new(Stage::Configure, Fault::Misconfigured, message));
        }
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(error) = self.fatal.get() {
                return Err(error.clone().inherited());
            }
            let mut slots = self.slots.lock().await;
            if self.has_room(&slots, instances) {
                let Some(slot) = slots.get_mut(index) else { return Err(over()) };
                if let SlotState::Failed(error) = &slot.state {
                    return Err(error.clone().inherited());
                }
                slot.state = SlotState::LeasedExclusively { limit: instances, instances: Vec::new() };
                return Ok(ExclusiveLease { pool: self, slot: index });
            }
            if let Some(victim) = slots.iter().position(PoolSlot::can_make_room) {
                self.stop_slot(slots, victim, SlotState::Idle).await;
                continue;
            }
            drop(slots);
            changed.await;
        }
    }

    /// Stops everything that was opened on a lease, and returns the leaks.
    pub(crate) async fn return_lease(&self, lease: ExclusiveLease<'_>) -> Vec<String> {
        self.end_lease(lease.slot).await
    }

    pub(super) async fn end_lease(&self, index: usize) -> Vec<String> {
        let opened = match self.slots.lock().await.get(index).map(|slot| &slot.state) {
            Some(SlotState::LeasedExclusively { instances, .. }) => instances.clone(),
            _ => Vec::new(),
        };
        let mut leaks = Vec::new();
        for instance in opened {
            let error = instance.abort().await;
            leaks.extend(instance.take_leaks());
            self.note_end(&instance, error);
        }
        if let Some(slot) = self.slots.lock().await.get_mut(index)
            && matches!(slot.state, SlotState::LeasedExclusively { .. })
        {
            slot.state = SlotState::Idle;
        }
        self.changed.notify_waiters();
        leaks
    }
}

impl ExclusiveLease<'_> {
    /// Makes an instance from an index of the plan, without starting it.
    ///
    /// # Errors
    /// If it cannot run at all, or the run is over.
    pub(crate) async fn open(&self, index: usize) -> Result<Arc<Instance>, BackendError> {
        let instance = self.pool.open(index)?;
        let mut slots = self.pool.slots.lock().await;
        match slots.get_mut(self.slot).map(|slot| &mut slot.state) {
            Some(SlotState::LeasedExclusively { instances, .. }) => instances.push(Arc::clone(&instance)),
            _ => return Err(over()),
        }
        Ok(instance)
    }
}
