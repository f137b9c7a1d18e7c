//! What is being asked of a platform and may come to be late: the creation of a container, the submission of a job. While it is
//! not known what came of it, a file says so, which a sweep finds however the run ended. Asks no platform itself.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::{Builder, TempPath};

use super::mark::{Mark, unwritten};
use super::run::Run;
use crate::backend::{BackendError, private};

/// The directory in a run's directory for what is being made.
const DIRECTORY: &str = "making";
/// How long anything may take to come to be once it was asked for: as long as the longest submission is waited for.
const LATEST: Duration = Duration::from_secs(60);

/// Something that was asked for. Dropped without a word it counts as given up.
#[derive(Debug)]
pub(in crate::backend) struct Making {
    mark: Mark,
    what: &'static str,
    file: Option<TempPath>,
}

impl Mark {
    /// Writes down that something of a platform is about to be asked for, which may come to be although nobody waits for it
    /// any more: `what` names that, such as `the creation of a container`. As long as it is not known what came of it, a
    /// sweep keeps the run in mind.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be asked for.
    pub(in crate::backend) fn making(&self, what: &'static str) -> Result<Making, BackendError> {
        let file = note(self.run()).map_err(|error| unwritten(&error))?;
        Ok(Making {
            mark: self.clone(),
            what,
            file: Some(file),
        })
    }
}

fn note(run: &Run) -> io::Result<TempPath> {
    run.begin()?;
    let directory = run.directory().join(DIRECTORY);
    private::make_directory(&directory)?;
    Ok(Builder::new().tempfile_in(&directory)?.into_temp_path())
}

impl Making {
    /// It is known what came of it.
    pub(in crate::backend) fn settled(mut self) {
        // Dropping the path removes the file.
        self.file = None;
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // The file that cannot be kept is gone, and the run is kept in mind all the same.
            let _ = file.keep();
            self.mark.given_up(self.what);
        }
    }
}

/// How long something of a dead run may still come to be; `None` when nothing can.
pub(super) fn may_come_for(run: &Path) -> io::Result<Option<Duration>> {
    let entries = match fs::read_dir(run.join(DIRECTORY)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut longest = None;
    for entry in entries {
        // A clock that was set back says nothing of how long it has been.
        let age = entry?.metadata()?.modified()?.elapsed().unwrap_or_default();
        let rest = LATEST.checked_sub(age).filter(|rest| !rest.is_zero());
        longest = longest.max(rest);
    }
    Ok(longest)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_was_given_up_may_come_for_a_while_and_what_is_known_may_not() {
        let state = tempfile::tempdir().unwrap();
        let run = Arc::new(Run::in_state(state.path()));
        let mark = run.mark();
        mark.making("the birth of a thing").unwrap().settled();
        assert_eq!(may_come_for(mark.run().directory()).unwrap(), None);
        assert!(mark.take_end().given_up.is_empty());
        drop(mark.making("the birth of a thing").unwrap());
        assert_eq!(mark.take_end().given_up, ["the birth of a thing"]);
        let rest = may_come_for(mark.run().directory()).unwrap().unwrap();
        assert!(rest <= LATEST && rest > LATEST / 2, "{rest:?}");
        let made = fs::read_dir(mark.run().directory().join(DIRECTORY))
            .unwrap()
            .next()
            .unwrap();
        let made = fs::File::options().write(true).open(made.unwrap().path()).unwrap();
        made.set_modified(SystemTime::now() - LATEST).unwrap();
        assert_eq!(may_come_for(mark.run().directory()).unwrap(), None);
        run.end();
        assert!(mark.run().directory().exists(), "the next sweep has to know");
    }
}
