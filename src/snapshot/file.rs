//! Bounded reads and atomic writes of files. Does not know formats.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::SnapshotError;

/// The most bytes of a snapshot's text.
pub(super) const TEXT_LIMIT: u64 = 8 << 20;
/// The most bytes of a file of arrays.
pub(super) const ARRAYS_LIMIT: u64 = 64 << 20;

/// The most bytes of an array file that the user names; memory is the real limit.
pub(super) const OWN_ARRAY_LIMIT: u64 = 64 << 30;

/// Reads a regular file of at most `limit` bytes. Does not map it, because truncating a mapped file would end the program.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("is not a file"));
    }
    let mut bytes = Vec::new();
    // Growing by doubling could use twice the memory.
    let length = usize::try_from(metadata.len().min(limit)).unwrap_or(usize::MAX);
    bytes.try_reserve_exact(length.saturating_add(1)).map_err(io::Error::other)?;
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("is longer than {} MiB", limit >> 20)));
    }
    Ok(bytes)
}

/// Writes a file in one step: a reader finds the old content or the new, never a part.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    replace(path, |part| File::options().write(true).open(part)?.write_all(content))
}

/// Reads as [`read_bounded`], with an error that names the file.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, SnapshotError> {
    read_bounded(path, limit).map_err(|error| SnapshotError::file(path, error))
}

/// Writes as [`write_atomically`], with an error that names the file.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), SnapshotError> {
    write_atomically(path, content).map_err(|error| SnapshotError::file(path, error))
}

/// Removes a file, which need not exist.
pub(super) fn remove(path: &Path) -> Result<(), SnapshotError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SnapshotError::file(path, error)),
        _ => Ok(()),
    }
}

/// Lets `fill` write a temporary file beside `path`, which then replaces `path`.
fn replace(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let directory = path.parent().ok_or_else(|| io::Error::other("has no directory"))?;
    fs::create_dir_all(directory)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".hydrotest-");
    // Temporary files are private by default; these become files of a checkout. The umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let part = builder.tempfile_in(directory)?.into_temp_path();
    fill(&part)?;
    part.persist(path).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_content_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b.snap");
        write(&path, b"old").unwrap();
        let failed = replace(&path, |part| {
            fs::write(part, b"half of the n")?;
            Err(io::Error::other("stopped"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "stopped");
        assert_eq!(read(&path, 10).unwrap(), b"old");
        assert_eq!(fs::read_dir(directory.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn a_longer_file_than_expected_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("long");
        write(&path, &[0; 11]).unwrap();
        assert!(read(&path, 10).is_err());
        assert!(read(directory.path(), 10).is_err());
        assert_eq!(read(&path, 11).unwrap().len(), 11);
    }
}
