//! `hydrotest init`: writes what is built in as files of a project. Overwrites nothing.

use std::path::Path;

use super::{CommandError, say};
use crate::built_in;
use crate::config::{Diagnostic, Diagnostics};
use crate::metric_value::count;
use crate::snapshot::write_atomically;

/// How many of the files in the way are named.
const NAMED: usize = 5;

/// Writes everything, or nothing where any of it is there.
pub(crate) fn init(directory: &Path) -> Result<u8, CommandError> {
    refuse_existing(directory)?;
    let mut written = 0;
    for file in built_in::files() {
        let path = directory.join(file.path);
        let failed = |error: std::io::Error| {
            let path = path.display();
            CommandError::Broken(format!(
                "{path} cannot be written: {error}; {} written before it",
                count(written, "file")
            ))
        };
        write_atomically(&path, file.content).map_err(failed)?;
        written += 1;
    }
    let shown = directory.display();
    say(&format!(
        "wrote backends.toml, suites and snapshots to {shown}: {}\nnext: hydrotest new backend NAME --kind KIND\n",
        count(written, "file")
    ));
    Ok(0)
}

/// Refuses a directory in which a file of a project is already.
fn refuse_existing(directory: &Path) -> Result<(), Diagnostics> {
    // A link that leads nowhere is in the way too.
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    let existing: Vec<&str> =
        built_in::files().map(|file| file.path).filter(|path| is_there(&directory.join(path))).collect();
    if existing.is_empty() {
        return Ok(());
    }
    let shown: Vec<&str> = existing.iter().copied().take(NAMED).collect();
    let more = match existing.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("already in {}: {}{more}", directory.display(), shown.join(", "));
    let help = "nothing was written; name another directory, or move these away";
    Err(Diagnostic::new(message).with_help(help).into())
}
