//! Creations that a platform was asked for and may carry out late, such as a container or a job. Keeps a file for each
//! until its outcome is known, for `clean` to read; does not ask platforms itself.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::{Builder, TempPath};

use super::if_exists;
use super::label::{InstanceId, unwritten};
use crate::backend::{BackendError, private};

/// The subdirectory of a run's directory for these files.
const DIRECTORY: &str = "pending";
/// The longest time from the request, or from when it was given up, to the creation: the time limit of the longest
/// submission.
const LATEST: Duration = Duration::from_secs(60);

/// A creation whose outcome is not known yet. If dropped without [`Self::confirm`], it counts as abandoned.
#[derive(Debug)]
pub(crate) struct PendingCreation {
    instance: InstanceId,
    what: &'static str,
    file: Option<TempPath>,
}

impl InstanceId {
    /// Records that a platform is about to be asked for a resource, which it may create even if nothing waits for the
    /// response. `what` names it in messages, such as `the creation of a container`.
    ///
    /// # Errors
    /// If the record cannot be written. The platform must not be asked then.
    pub(crate) fn pending(&self, what: &'static str) -> Result<PendingCreation, BackendError> {
        let directory = self.run.path.join(DIRECTORY);
        let created = self.run.begin().and_then(|()| private::make_directory(&directory));
        let file = created.and_then(|()| Builder::new().tempfile_in(&directory)).map_err(|error| unwritten(&error))?;
        Ok(PendingCreation { instance: self.clone(), what, file: Some(file.into_temp_path()) })
    }
}

impl PendingCreation {
    /// The outcome is known: the resource was created, or never will be.
    pub(crate) fn confirm(mut self) {
        // Dropping the path removes the file.
        self.file = None;
    }
}

impl Drop for PendingCreation {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // The directory of the run is kept even if the file cannot be. Writing to the file renews its time: the
            // request may have been under way for longer than a creation counts as pending.
            let _ = file.keep().map(|path| fs::write(path, self.what));
            self.instance.abandoned(self.what);
        }
    }
}

/// How long an abandoned creation of a run may still be carried out; `None` if there is none.
pub(super) fn pending_for(run: &Path) -> io::Result<Option<Duration>> {
    let mut longest = None;
    for entry in if_exists(fs::read_dir(run.join(DIRECTORY)))?.into_iter().flatten() {
        // If the clock was set back, the age is unknown.
        let age = entry?.metadata()?.modified()?.elapsed().unwrap_or_default();
        longest = longest.max(LATEST.checked_sub(age).filter(|rest| !rest.is_zero()));
    }
    Ok(longest)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;
    use crate::backend::resources::RunDirectory;

    #[test]
    fn an_abandoned_creation_stays_pending_for_a_while_and_a_confirmed_one_does_not() {
        let state = tempfile::tempdir().unwrap();
        let run = Arc::new(RunDirectory::in_state(state.path()));
        let instance = InstanceId::next(&run);
        instance.pending("the creation of a thing").unwrap().confirm();
        assert_eq!(pending_for(&run.path).unwrap(), None);
        assert!(instance.take_observed().abandoned.is_empty());
        let pending = instance.pending("the creation of a thing").unwrap();
        let long_ago = SystemTime::now() - 2 * LATEST;
        File::options().write(true).open(pending.file.as_ref().unwrap()).unwrap().set_modified(long_ago).unwrap();
        drop(pending);
        assert_eq!(instance.take_observed().abandoned, ["the creation of a thing"]);
        let rest = pending_for(&run.path).unwrap().unwrap();
        assert!(rest <= LATEST && rest > LATEST / 2, "{rest:?}");
        let file = fs::read_dir(run.path.join(DIRECTORY)).unwrap().next().unwrap();
        let file = File::options().write(true).open(file.unwrap().path()).unwrap();
        file.set_modified(SystemTime::now() - LATEST).unwrap();
        assert_eq!(pending_for(&run.path).unwrap(), None);
        run.end();
        assert!(run.path.exists(), "`clean` has to look there");
    }
}
