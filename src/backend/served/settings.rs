//! The settings of every kind with a model server: how long to wait for each step. Reads them from a backend's table and does not wait
//! itself.

use std::time::Duration;

use crate::backend::kind::START_TIMEOUT;
use crate::config::{BackendTable, TableReader};
use crate::wire::client::ClientTimeouts;

/// How long to wait for each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServedSettings {
    /// Time until the first response of `/health`.
    pub(crate) start: Duration,
    /// Time between two requests to `/health`.
    pub(super) interval: Duration,
    /// Timeouts of one exchange.
    pub(crate) timeouts: ClientTimeouts,
}

impl ServedSettings {
    /// Reads its keys of a backend's table.
    pub(crate) fn read(table: &BackendTable, reader: &mut TableReader<'_>) -> Self {
        let default = ClientTimeouts::default();
        Self {
            start: table.start_timeout.unwrap_or(START_TIMEOUT),
            interval: reader.duration("health_interval").unwrap_or(Duration::from_secs(1)),
            timeouts: ClientTimeouts {
                connect: reader.duration("connect_timeout").unwrap_or(default.connect),
                write: reader.duration("write_timeout").unwrap_or(default.write),
                read: reader.duration("read_timeout").unwrap_or(default.read),
                total: reader.duration("call_timeout").unwrap_or(default.total),
                health: reader.duration("health_timeout").unwrap_or(default.health),
                progress: default.progress,
            },
        }
    }

    /// How long to wait for readiness: a little less than the instance does, whose error could not say what was wrong.
    pub(crate) fn patience(&self) -> Duration {
        self.start.saturating_sub((self.start / 20).min(Duration::from_secs(1)))
    }
}
