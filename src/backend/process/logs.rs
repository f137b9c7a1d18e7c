//! Where the logs of processes go: a directory that the user names and keeps, or one of this run that goes with it.

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use tempfile::TempDir;

/// A directory of logs, made when the first of them is.
#[derive(Debug)]
pub(super) struct LogDirectory {
    named: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    temporary: Option<TempDir>,
    logs: usize,
}

impl LogDirectory {
    /// The directory `named`, or a temporary one.
    pub(super) fn new(named: Option<PathBuf>) -> Self {
        Self {
            named,
            state: Mutex::default(),
        }
    }

    /// The path of a new log about `what`. Several runs may share a named directory, so the process number is in it.
    pub(super) fn next(&self, what: &str) -> io::Result<PathBuf> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.logs += 1;
        let name = format!("{what}-{}-{}.log", std::process::id(), state.logs);
        if let Some(named) = &self.named {
            std::fs::create_dir_all(named)?;
            return Ok(named.join(name));
        }
        let temporary = match state.temporary.take() {
            Some(temporary) => temporary,
            None => tempfile::Builder::new().prefix("hydrotest-logs-").tempdir()?,
        };
        Ok(state.temporary.insert(temporary).path().join(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_directory_goes_with_the_run_and_a_named_one_stays() {
        let temporary = LogDirectory::new(None);
        let (one, other) = (temporary.next("esm2").unwrap(), temporary.next("esm2").unwrap());
        assert_ne!(one, other);
        let directory = one.parent().unwrap();
        assert!(directory.is_dir());
        drop(temporary);
        assert!(!directory.exists());

        let kept = tempfile::tempdir().unwrap();
        let named = LogDirectory::new(Some(kept.path().join("deep/logs")));
        let log = named.next("esm2").unwrap();
        drop(named);
        assert!(log.parent().unwrap().is_dir());
    }
}
