//! Locks on an engine, across threads and processes: some tests reserve it, others share it.

use std::fs::File;
use std::path::Path;

/// A lock, held until it is dropped.
pub struct Turn(#[expect(dead_code, reason = "dropping the file releases the lock")] File);

/// Waits until no test uses an engine, and reserves it.
pub fn alone(engine: &str) -> Turn {
    let file = file(engine);
    file.lock().unwrap();
    Turn(file)
}

/// Waits until no test has reserved an engine, and prevents reservations.
pub fn together(engine: &str) -> Turn {
    let file = file(engine);
    file.lock_shared().unwrap();
    Turn(file)
}

fn file(engine: &str) -> File {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{engine}.lock"));
    File::options().create(true).append(true).open(path).unwrap()
}
