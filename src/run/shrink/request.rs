//! The request of a search: a case that failed, and the means. Does not search.

use std::sync::Arc;

use super::super::{Interrupt, Judging, Open};
use crate::outcome::Outcome;
use crate::plan::PlannedTrial;

/// A case that failed, and the means of the search.
pub(crate) struct ShrinkRequest<'a> {
    pub(crate) trial: &'a PlannedTrial,
    pub(crate) outcome: &'a Outcome,
    /// Opens an instance by its index in the plan.
    pub(crate) open: Arc<Open>,
    /// Must not record anything.
    pub(crate) judging: &'a Judging,
    /// Instances that may run at once.
    pub(crate) instances: usize,
    /// Most calls.
    pub(crate) calls: usize,
    pub(crate) interrupt: &'a Interrupt,
}
