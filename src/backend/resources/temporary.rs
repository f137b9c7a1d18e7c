//! The temporary files that an instance has left in the directory that hydrotest creates for it. Measures them within
//! bounds and describes them in a remark; does not remove them and does not report them as leaks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::if_exists;
use crate::backend::remark::Remark;

/// More bytes than this are worth a warning: the disk of the state directory may be small.
const MUCH: u64 = 100 << 20;
/// Entries that are measured; further ones count as empty.
const MEASURED: usize = 100_000;

/// Describes the temporary files in a directory. Returns `None` if it is empty or does not exist.
///
/// They are not a leak: libraries such as `PyTorch` leave an empty directory when a signal ends the process, and
/// hydrotest removes it.
///
/// # Errors
/// If the directory cannot be read.
pub(super) fn remark(directory: &Path) -> io::Result<Option<Remark>> {
    const TOPIC: &str = "temporary files";
    let mut names = Vec::new();
    for entry in if_exists(fs::read_dir(directory))?.into_iter().flatten() {
        let entry = entry?;
        let what = if entry.file_type()?.is_dir() { "directory" } else { "file" };
        names.push((entry.file_name(), what));
    }
    names.sort();
    let Some((name, what)) = names.first() else { return Ok(None) };
    let mut example = format!("temporary {what} {}", name.to_string_lossy());
    if names.len() > 1 {
        example = format!("{example} and {} more", names.len() - 1);
    }
    let bytes = bytes_below(directory);
    let size = if bytes < 1 << 20 { format!("{bytes} bytes") } else { format!("{} MiB", bytes >> 20) };
    let text = format!("{example} ({size}) was left in its TMPDIR, which hydrotest has removed");
    Ok(Some(if bytes > MUCH {
        let advice = "files that are meant to stay, such as a cache, need another place";
        Remark::warning(TOPIC, format!("{text}; {advice}"))
    } else {
        Remark::note(TOPIC, text)
    }))
}

/// The size of the readable files below a directory. Does not follow links.
fn bytes_below(directory: &Path) -> u64 {
    let mut waiting: Vec<PathBuf> = vec![directory.to_owned()];
    let (mut bytes, mut seen) = (0_u64, 0);
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MEASURED {
                return bytes;
            }
            match entry.metadata() {
                Ok(found) if found.is_dir() => waiting.push(entry.path()),
                Ok(found) => bytes = bytes.saturating_add(found.len()),
                Err(_) => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::remark::Severity;

    #[test]
    fn what_is_left_is_a_note_and_above_a_size_a_warning() {
        let directory = tempfile::tempdir().unwrap();
        let found = || remark(directory.path()).unwrap();
        assert_eq!(found(), None);
        assert_eq!(remark(&directory.path().join("none")).unwrap(), None);
        fs::create_dir(directory.path().join("tmpab12")).unwrap();
        let note = found().unwrap();
        let words = "temporary directory tmpab12 (0 bytes) was left in its TMPDIR, which hydrotest has removed";
        assert_eq!(note, Remark::note("temporary files", words));
        // A sparse file: its size counts, but it takes no disk space.
        let file = fs::File::create(directory.path().join("tmpab12/weights")).unwrap();
        file.set_len(MUCH + 1).unwrap();
        fs::write(directory.path().join("z"), "x").unwrap();
        let warning = found().unwrap();
        assert_eq!(warning.severity, Severity::Warning);
        let begin = "temporary directory tmpab12 and 1 more (100 MiB) was left";
        assert!(warning.text.starts_with(begin), "{}", warning.text);
    }
}
