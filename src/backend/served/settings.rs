//! The settings that every kind with a model server has: how long to wait for what. Reads them; waits for nothing.

use std::time::Duration;

use crate::backend::registry::START_TIMEOUT;
use crate::config::{BackendTable, TableReader};
use crate::wire::client::ClientTimeouts;

/// How a model server is waited for and called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServedSettings {
    /// Time until the first response of `/health`.
    pub(crate) start: Duration,
    /// Time between two questions to `/health`.
    pub(crate) interval: Duration,
    /// Time for the parts of an exchange.
    pub(crate) timeouts: ClientTimeouts,
}

impl ServedSettings {
    /// Takes its keys out of a backend's table.
    pub(crate) fn read(table: &BackendTable, reader: &mut TableReader<'_>) -> Self {
        let standard = ClientTimeouts::default();
        Self {
            start: table.start_timeout.unwrap_or(START_TIMEOUT),
            interval: reader.duration("health_interval").unwrap_or(Duration::from_secs(1)),
            timeouts: ClientTimeouts {
                connect: reader.duration("connect_timeout").unwrap_or(standard.connect),
                write: reader.duration("write_timeout").unwrap_or(standard.write),
                read: reader.duration("read_timeout").unwrap_or(standard.read),
                total: reader.duration("call_timeout").unwrap_or(standard.total),
                health: reader.duration("health_timeout").unwrap_or(standard.health),
                progress: standard.progress,
            },
        }
    }

    /// When to give up waiting: a little before the instance does, which could not say what was wrong.
    pub(crate) fn patience(&self) -> Duration {
        self.start.saturating_sub((self.start / 20).min(Duration::from_secs(1)))
    }
}
