//! The memory that all responses of this process may hold together. Does not read responses.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::os;

/// The bytes of one permit: a semaphore cannot have one permit per byte.
const UNIT: usize = 1 << 20;
/// The least budget. Also the budget if the system does not report its memory.
const LEAST: usize = 2 << 30;
/// How long a response waits for others to be dropped.
const PATIENCE: Duration = Duration::from_secs(120);

/// A budget for many responses.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    units: Arc<Semaphore>,
    total: usize,
    patience: Duration,
}

/// A part of a budget, which is returned on drop.
#[derive(Debug)]
pub(crate) struct Share(OwnedSemaphorePermit);

impl Budget {
    /// A new budget.
    pub(crate) fn new(bytes: usize) -> Self {
        let total = (bytes / UNIT).max(1);
        Self { units: Arc::new(Semaphore::new(total)), total, patience: PATIENCE }
    }

    /// The same budget without waiting.
    #[cfg(test)]
    pub(crate) fn without_waiting(mut self) -> Self {
        self.patience = Duration::ZERO;
        self
    }

    /// The budget of this process: half of the machine's memory.
    pub(crate) fn of_process() -> Self {
        static SHARED: LazyLock<Budget> = LazyLock::new(|| {
            let memory = os::memory().map_or(0, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
            Budget::new((memory / 2).max(LEAST))
        });
        SHARED.clone()
    }

    /// Waits for space for a response and takes it. A response that is larger than the budget takes all of it. Returns `None` if
    /// others hold the space for too long.
    pub(crate) async fn take(&self, bytes: usize) -> Option<Share> {
        let units = bytes.div_ceil(UNIT).clamp(1, self.total);
        let permit = Arc::clone(&self.units).acquire_many_owned(u32::try_from(units).unwrap_or(u32::MAX));
        tokio::time::timeout(self.patience, permit).await.ok()?.ok().map(Share)
    }

    /// Bytes of the whole budget.
    pub(crate) const fn total(&self) -> usize {
        self.total * UNIT
    }
}

impl Share {
    /// The same bytes, which keep the needed part of the share until their last view is dropped.
    pub(crate) fn hold(mut self, payload: Bytes) -> Bytes {
        struct Held {
            payload: Bytes,
            _share: Option<OwnedSemaphorePermit>,
        }
        impl AsRef<[u8]> for Held {
            fn as_ref(&self) -> &[u8] {
                &self.payload
            }
        }
        let needed = payload.len().div_ceil(UNIT).min(self.0.num_permits());
        Bytes::from_owner(Held { payload, _share: self.0.split(needed) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_response_holds_is_free_again_once_its_last_view_is_gone() {
        let budget = Budget::new(4 * UNIT).without_waiting();
        let share = budget.take(100 * UNIT).await.unwrap();
        assert!(budget.take(1).await.is_none(), "one that is larger takes all, and others wait in vain");
        let payload = share.hold(Bytes::from(vec![7; 3 * UNIT]));
        let view = payload.slice(5..6);
        drop(payload);
        assert!(budget.take(2 * UNIT).await.is_none());
        assert!(budget.take(UNIT).await.is_some());
        assert_eq!(view, [7].as_slice());
        drop(view);
        assert!(budget.take(4 * UNIT).await.is_some());
    }
}
