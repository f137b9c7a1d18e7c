//! Where the logs of processes go: a directory that the user names and keeps, or the instance's own, which goes with it.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::backend::private;
use crate::backend::resources::InstanceId;

/// A directory of logs.
#[derive(Debug)]
pub(super) struct LogDirectory {
    named: Option<PathBuf>,
    logs: AtomicUsize,
}

impl LogDirectory {
    /// The directory `named`, or that of the instance.
    pub(super) const fn new(named: Option<PathBuf>) -> Self {
        Self { named, logs: AtomicUsize::new(0) }
    }

    /// The path of a new log about `what`. Several runs may share a named directory, so that the label of the instance is in
    /// it: process numbers come again.
    pub(super) fn next(&self, what: &str, instance: &InstanceId) -> io::Result<PathBuf> {
        let directory = match &self.named {
            Some(named) => {
                private::make_directory(named)?;
                named.clone()
            }
            None => instance.directory()?,
        };
        let number = self.logs.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(directory.join(format!("{what}-{}-{number}.log", instance.label())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_directory_is_made_and_no_log_has_the_name_of_another() {
        let kept = tempfile::tempdir().unwrap();
        let run = std::sync::Arc::new(crate::backend::resources::RunDirectory::new());
        let instance = InstanceId::next(&run);
        let named = LogDirectory::new(Some(kept.path().join("deep/logs")));
        let (one, other) = (named.next("esm2", &instance).unwrap(), named.next("esm2", &instance).unwrap());
        assert_ne!(one, other);
        assert!(one.parent().unwrap().is_dir());
    }
}
