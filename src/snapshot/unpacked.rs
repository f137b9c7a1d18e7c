//! The recorded results that are built into the program, as files in a directory of the program. Writes them as a whole and checks them
//! before each use. Never records there.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::built_in::{self, BuiltInFile};

/// Their directory in the state directory.
const HOME: &str = "references";
/// How often they are written again when other processes remove them.
const ATTEMPTS: usize = 3;

/// The recorded results as files, which stay for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Unpacked {
    directory: PathBuf,
    /// Keeps other versions of the program from removing them; `None` if the file system has no locks.
    _lock: Option<File>,
}

impl Unpacked {
    /// Finds or writes them in a state directory, and removes those of other versions that no program uses.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn in_state(state: &Path) -> io::Result<Self> {
        let home = state.join(HOME);
        DirBuilder::new().recursive(true).mode(0o700).create(&home)?;
        let directory = home.join(name());
        remove_others(&home, &directory);
        for _ in 0..ATTEMPTS {
            if let Ok(file) = File::open(&directory) {
                let locked = file.lock_shared().is_ok();
                // The previous holder of the lock may have removed the directory.
                if is_whole(&directory) {
                    return Ok(Self { directory, _lock: locked.then_some(file) });
                }
            }
            put(&home, &directory)?;
        }
        let message = format!("{} is changed while it is read", directory.display());
        Err(io::Error::other(message))
    }

    /// The directory of the files.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Whether results with these weights are built in.
pub(crate) fn has_built_in(weights: &str) -> bool {
    files().any(|file| file.path.split('/').next() == Some(weights))
}

fn files() -> impl Iterator<Item = BuiltInFile> {
    built_in::below("snapshots")
}

/// A name for the built-in content. Files of arrays are named by their content already.
fn name() -> String {
    let mut hasher = Sha256::new();
    for file in files() {
        let content = if is_named_by_content(file) { &[][..] } else { file.content };
        for part in [file.path.as_bytes(), content] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hex::encode(&hasher.finalize()[..8])
}

/// Whether reading the file detects a change of its content.
fn is_named_by_content(file: BuiltInFile) -> bool {
    Path::new(file.path).extension().is_some_and(|ending| ending == "npz")
}

/// Whether a directory has every built-in file with its content.
fn is_whole(directory: &Path) -> bool {
    files().all(|file| {
        let path = directory.join(file.path);
        fs::metadata(&path).is_ok_and(|metadata| metadata.len() == file.content.len() as u64)
            && (is_named_by_content(file) || fs::read(&path).is_ok_and(|content| content == file.content))
    })
}

/// Writes everything to a new directory, which then replaces `directory`.
fn put(home: &Path, directory: &Path) -> io::Result<()> {
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(home)?;
    for file in files() {
        let path = new.path().join(file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, file.content)?;
    }
    if fs::rename(new.path(), directory).is_err() {
        if is_whole(directory) {
            // Another process was faster.
            return Ok(());
        }
        let old = tempfile::Builder::new().prefix(".old-").tempdir_in(home)?;
        fs::rename(directory, old.path().join("references"))?;
        fs::rename(new.path(), directory)?;
    }
    // The directory was renamed, so there is nothing to clean up.
    let _ = new.keep();
    Ok(())
}

/// Removes directories of other versions and unfinished ones, unless a program uses them. Ignores errors.
fn remove_others(home: &Path, own: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if path != own
            && is_directory
            && !is_recent(&path)
            && let Ok(other) = File::open(&path)
            && other.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Whether it changed within the last hour, so that another process may still be writing it.
fn is_recent(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    modified.and_then(|modified| modified.elapsed().ok()).is_none_or(|age| age.as_secs() < 3600)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn age(directory: &Path) {
        let long_ago = SystemTime::now() - Duration::from_secs(7200);
        File::open(directory).unwrap().set_modified(long_ago).unwrap();
    }

    #[test]
    fn many_programs_at_once_find_the_same_whole_directory() {
        let state = tempfile::tempdir().unwrap();
        let start = || Unpacked::in_state(state.path()).unwrap();
        let found: Vec<Unpacked> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|one| one.directory() == found[0].directory()));
        assert!(is_whole(found[0].directory()));
        let entries = fs::read_dir(state.path().join(HOME)).unwrap().count();
        assert_eq!(entries, 1, "nothing of the others stays");
    }

    #[test]
    fn a_changed_or_missing_file_is_put_right() {
        let state = tempfile::tempdir().unwrap();
        let directory = Unpacked::in_state(state.path()).unwrap().directory().to_owned();
        let files: Vec<BuiltInFile> = files().collect();
        let text = files.iter().find(|file| file.path.contains(".snap")).unwrap();
        let arrays = files.iter().find(|file| file.path.contains(".npz")).unwrap();
        let mut spoiled = text.content.to_vec();
        spoiled[0] ^= 1;
        fs::write(directory.join(text.path), spoiled).unwrap();
        assert!(!is_whole(&directory));
        Unpacked::in_state(state.path()).unwrap();
        assert!(is_whole(&directory));
        fs::remove_file(directory.join(arrays.path)).unwrap();
        Unpacked::in_state(state.path()).unwrap();
        assert!(is_whole(&directory));
    }

    #[test]
    fn those_of_other_versions_go_unless_they_are_in_use_or_new() {
        let state = tempfile::tempdir().unwrap();
        let home = state.path().join(HOME);
        let [old, used, new] = ["old", "used", "new"].map(|name| home.join(name));
        for directory in [&old, &used, &new] {
            fs::create_dir_all(directory).unwrap();
        }
        age(&old);
        age(&used);
        let lock = File::open(&used).unwrap();
        lock.lock_shared().unwrap();
        Unpacked::in_state(state.path()).unwrap();
        assert_eq!([old.exists(), used.exists(), new.exists()], [false, true, true]);
    }

    #[test]
    fn weights_are_built_in_or_not() {
        assert!(has_built_in("synthetic") && has_built_in("published"));
        assert!(!has_built_in("synth") && !has_built_in(""));
    }
}
