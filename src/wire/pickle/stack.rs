//! The working memory of the machine: its stack with marks, and its memo. Holds ids of nodes. Does not know instructions.

use super::error::{PickleBound, PickleFault};
use super::graph::NodeId;
use crate::wire::ResponseLimits;

pub(super) struct Stack {
    items: Vec<NodeId>,
    /// The heights of the stack at its marks.
    marks: Vec<usize>,
    limit: usize,
}

impl Stack {
    pub(super) const fn new(limits: &ResponseLimits) -> Self {
        Self { items: Vec::new(), marks: Vec::new(), limit: limits.items }
    }

    pub(super) fn push(&mut self, id: NodeId) -> Result<(), PickleFault> {
        PickleBound::Items.check(self.items.len() + 1, self.limit)?;
        self.items.push(id);
        Ok(())
    }

    pub(super) fn mark(&mut self) -> Result<(), PickleFault> {
        PickleBound::Items.check(self.marks.len() + 1, self.limit)?;
        self.marks.push(self.items.len());
        Ok(())
    }

    pub(super) fn top(&self) -> Result<NodeId, PickleFault> {
        self.items.get(self.base()..).unwrap_or_default().last().copied().ok_or(PickleFault::Stack)
    }

    pub(super) fn pop(&mut self) -> Result<NodeId, PickleFault> {
        let top = self.top()?;
        self.items.pop();
        Ok(top)
    }

    /// Drops the last value, or a mark above it.
    pub(super) fn discard(&mut self) -> Result<(), PickleFault> {
        if self.marks.last() == Some(&self.items.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    /// Takes the topmost `count` values, the lowest first.
    pub(super) fn take(&mut self, count: usize) -> Result<Vec<NodeId>, PickleFault> {
        let base = self.base();
        let start = self.items.len().checked_sub(count).filter(|&start| start >= base);
        Ok(self.cut(start.ok_or(PickleFault::Stack)?))
    }

    /// Takes everything above the last mark, and the mark.
    pub(super) fn take_marked(&mut self) -> Result<Vec<NodeId>, PickleFault> {
        self.marks.pop().map(|start| self.cut(start)).ok_or(PickleFault::Stack)
    }

    /// The height at the last mark. No instruction takes values below it.
    fn base(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    /// Copies the end of the stack, so that a short result does not keep the capacity of a tall stack.
    fn cut(&mut self, start: usize) -> Vec<NodeId> {
        let taken = self.items.get(start..).unwrap_or_default().to_vec();
        self.items.truncate(start);
        taken
    }
}

pub(super) struct Memo {
    entries: Vec<Option<NodeId>>,
    limit: usize,
}

impl Memo {
    /// Memory of one entry.
    pub(super) const ENTRY: usize = size_of::<Option<NodeId>>();

    pub(super) const fn new(limits: &ResponseLimits) -> Self {
        Self { entries: Vec::new(), limit: limits.memo }
    }

    /// The entry that `MEMOIZE` writes next.
    pub(super) const fn next(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Writes an entry; returns how many entries the memo grew by.
    pub(super) fn put(&mut self, index: u64, id: NodeId) -> Result<usize, PickleFault> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        PickleBound::Memo.check(index.saturating_add(1), self.limit)?;
        let before = self.entries.len();
        if index >= before {
            self.entries.resize(index + 1, None);
        }
        if let Some(entry) = self.entries.get_mut(index) {
            *entry = Some(id);
        }
        Ok(self.entries.len() - before)
    }

    pub(super) fn get(&self, index: u64) -> Result<NodeId, PickleFault> {
        usize::try_from(index).ok().and_then(|index| *self.entries.get(index)?).ok_or(PickleFault::Memo(index))
    }
}
