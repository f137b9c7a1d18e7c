//! Drives insta: hands a reference and a new snapshot to a visitor from within insta's own assertion, and keeps to itself
//! that insta would print, write and panic there. Decides nothing about snapshots.
//!
//! insta offers no comparison without consequences: after a mismatch it prints and writes as configuration and environment
//! tell it, then panics through the hook of the whole process. So the comparator, where both snapshots are at hand, does
//! all that is to be done and leaves by [`resume_unwind`], which runs no hook, before insta goes on. No thread sees another's
//! output, and `INSTA_UPDATE` or a configuration file cannot turn a verdict.
//!
//! The function behind `assert_snapshot!` is called instead of the macro, because the macro asks `cargo metadata` for the
//! workspace when the program runs; hence the version in `Cargo.toml` is held to one minor release.

use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use insta::internals::Content;
use insta::{Comparator, Settings, Snapshot};

/// What goes into a new snapshot.
pub(super) struct Candidate<'a> {
    /// One line for people.
    pub description: String,
    /// Structured metadata.
    pub info: Content,
    /// The file that states the case.
    pub source: &'a str,
    /// The digest.
    pub body: &'a str,
}

/// How insta could not be driven.
#[derive(Debug, thiserror::Error)]
pub(super) enum RuntimeError {
    /// The reference is not a snapshot.
    #[error("{0}")]
    Unreadable(String),
    /// Anything else.
    #[error("insta: {0}")]
    Insta(String),
}

/// Runs an assertion of `candidate` against the snapshot in `directory` called `name`, and returns what `visit` makes of the
/// two. The snapshot must exist.
pub(super) fn compare<R, V>(
    directory: &Path,
    name: &str,
    candidate: &Candidate<'_>,
    visit: V,
) -> Result<R, RuntimeError>
where
    R: Send + 'static,
    V: Fn(&Snapshot, &Snapshot) -> R + Send + Sync + 'static,
{
    // insta prints a warning for a snapshot it cannot read and goes on without; so it must not come to that.
    let path = directory.join(format!("{name}.snap"));
    quietly(|| Snapshot::from_file(&path).map(drop).map_err(|error| error.to_string()))
        .and_then(|read| read)
        .map_err(RuntimeError::Unreadable)?;

    let result = Arc::new(Mutex::new(None));
    let mut settings = Settings::new();
    settings.set_snapshot_path(directory);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(candidate.description.as_str());
    settings.set_raw_info(&candidate.info);
    settings.set_comparator(Box::new(Tap {
        visit: Arc::new(visit),
        result: Arc::clone(&result),
    }));
    let outcome = quietly(|| {
        settings.bind(|| {
            insta::_macro_support::assert_snapshot(
                (name, candidate.body).into(),
                // No workspace: the path of the source is written as it is given.
                Path::new(""),
                "judge",
                module_path!(),
                candidate.source,
                0,
                "",
            )
            .map_err(|error| error.to_string())
        })
    });
    let result = result.lock().unwrap_or_else(PoisonError::into_inner).take();
    match result {
        Some(Ok(result)) => Ok(result),
        // The visitor's own panic is not insta's and goes on as it would anywhere.
        Some(Err(payload)) => resume_unwind(payload),
        None => Err(RuntimeError::Insta(match outcome {
            Ok(Ok(())) => "passed without comparing".into(),
            Ok(Err(error)) | Err(error) => error,
        })),
    }
}

/// Builds `candidate` as a new snapshot without reference and returns what `visit` makes of it.
pub(super) fn build<R, V>(candidate: &Candidate<'_>, visit: V) -> Result<R, RuntimeError>
where
    R: Send + 'static,
    V: Fn(&Snapshot) -> R + Send + Sync + 'static,
{
    // insta calls a comparator only when there is something to compare with.
    let nothing = tempfile::tempdir().map_err(|error| RuntimeError::Insta(error.to_string()))?;
    fs::write(nothing.path().join("nothing.snap"), "---\nsource: nothing\n---\n")
        .map_err(|error| RuntimeError::Insta(error.to_string()))?;
    compare(nothing.path(), "nothing", candidate, move |_, new| visit(new))
}

/// The metadata that a snapshot would be written with; `None` when there is no place to write.
pub(super) fn metadata(snapshot: &Snapshot) -> Option<String> {
    let place = tempfile::tempdir().ok()?;
    let path = place.path().join("metadata.snap");
    snapshot.save(&path).ok()?;
    Some(super::text::read_parts(&path).ok()?.0)
}

/// The text of a snapshot; `None` for a binary one.
pub(super) fn text(snapshot: &Snapshot) -> Option<String> {
    snapshot.as_text().map(ToString::to_string)
}

/// The comparator that looks and leaves.
struct Tap<R, V> {
    visit: Arc<V>,
    result: Arc<Mutex<Option<thread::Result<R>>>>,
}

/// The unwinding that is not a failure.
struct Left;

impl<R, V> Comparator for Tap<R, V>
where
    R: Send + 'static,
    V: Fn(&Snapshot, &Snapshot) -> R + Send + Sync + 'static,
{
    fn matches(&self, reference: &Snapshot, test: &Snapshot) -> bool {
        let result = catch_unwind(AssertUnwindSafe(|| (self.visit)(reference, test)));
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        resume_unwind(Box::new(Left));
    }

    fn dyn_clone(&self) -> Box<dyn Comparator> {
        Box::new(Self {
            visit: Arc::clone(&self.visit),
            result: Arc::clone(&self.result),
        })
    }
}

/// Turns a panic, which only a file that fools insta's parser or an invalid `INSTA_*` variable can cause, into its message.
fn quietly<R>(run: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| message(&*payload))
}

fn message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "stopped without a word".into())
}
