//! Reads the file of a [`Source`], and reports why one cannot be read. Does not look at its text.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::{Diagnostic, Diagnostics, Source};

/// The largest file that is read, in bytes. A file written by hand is a thousand times smaller.
const LARGEST: u64 = 16 << 20;

impl Source {
    /// Reads a regular file of at most 16 MiB. A pipe could block, and a growing file might never end.
    ///
    /// # Errors
    /// The file cannot be read, is not a regular file, is too large or is not UTF-8.
    pub fn read(path: &Path) -> Result<Arc<Self>, Diagnostics> {
        let shown = path.display();
        let failed = |error: std::io::Error| Diagnostic::new(format!("failed to read {shown}: {error}"));
        // Checked before opening, because opening a pipe waits for its other end.
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(Diagnostic::new(format!("failed to read {shown}: not a regular file")).into());
        }
        let too_large = || {
            let limit = LARGEST >> 20;
            let message =
                format!("failed to read {shown}: larger than {limit} MiB, the most that such a file may have");
            Err(Diagnostic::new(message).into())
        };
        if metadata.len() > LARGEST {
            return too_large();
        }
        let mut text = String::with_capacity(metadata.len() as usize);
        let file = std::fs::File::open(path).map_err(failed)?;
        // The file may grow while it is read.
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > LARGEST {
            return too_large();
        }
        Ok(Self::new(shown.to_string(), text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_a_sane_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| Source::read(&folder.path().join(name)).map(|source| source.text().len());
        let refused = |name: &str| {
            let error = read(name).unwrap_err().to_string();
            error.replace(&folder.path().display().to_string(), "DIR")
        };
        let sparse = |name: &str, size| {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            file.set_len(size).unwrap();
        };
        sparse("whole.toml", LARGEST);
        sparse("larger.toml", 300 << 20);
        assert_eq!(read("whole.toml").unwrap() as u64, LARGEST);
        insta::assert_snapshot!(refused("larger.toml"), @"error: failed to read DIR/larger.toml: larger than 16 MiB, the most that such a file may have");
        insta::assert_snapshot!(refused(""), @"error: failed to read DIR/: not a regular file");
        let pipe = folder.path().join("pipe.toml");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        insta::assert_snapshot!(refused("pipe.toml"), @"error: failed to read DIR/pipe.toml: not a regular file");
    }
}
