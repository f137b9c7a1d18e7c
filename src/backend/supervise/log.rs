//! The output of a program: written line by line to a file of bounded size, with the last lines kept in memory and the
//! secret removed. Reads on its own thread, so a flood of output does not block the harness.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::backend::private;
use crate::os;
use crate::wire::Secret;

/// Lines kept in memory: the number that boileroom shows.
pub(crate) const TAIL: usize = 50;
/// Characters of one line kept in memory.
pub(crate) const LONGEST_LINE: usize = 2000;
/// Bytes of a line before it is cut into several.
const LONGEST_PIECE: usize = 32 << 10;
/// Bytes of the file before it is rotated. At most one rotated file is kept.
const LARGEST_FILE: u64 = 16 << 20;

/// How long output that has already been written may take to arrive.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// The log of one program. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    shared: Arc<SharedLog>,
    ended: watch::Receiver<bool>,
}

/// What a log shares with the thread that reads it.
#[derive(Debug)]
struct SharedLog {
    tail: Mutex<VecDeque<String>>,
    reader: PipeReader,
    /// Held from before output leaves the pipe until it is in the tail.
    taking: Mutex<()>,
}

impl Log {
    /// Creates a log at `path` and the pipe that the program writes to. The log ends when the last writer is closed.
    ///
    /// # Errors
    /// If the file cannot be created, or the system is out of pipes or threads.
    pub(crate) fn create(path: &Path, secret: &Secret) -> io::Result<(Self, PipeWriter)> {
        Self::create_bounded(path, secret, LARGEST_FILE)
    }

    fn create_bounded(path: &Path, secret: &Secret, largest: u64) -> io::Result<(Self, PipeWriter)> {
        let file = private::create_file(path)?;
        let (reader, writer) = io::pipe()?;
        let shared = Arc::new(SharedLog { tail: Mutex::default(), reader, taking: Mutex::default() });
        let (ending, ended) = watch::channel(false);
        let (path, secret) = (path.to_owned(), secret.clone());
        let mut pump = Pump { file, written: 0, largest, path, secret, shared: Arc::clone(&shared) };
        std::thread::Builder::new().name("log".into()).spawn(move || {
            pump.run();
            // The receiver may be gone.
            let _ = ending.send(true);
        })?;
        Ok((Self { shared, ended }, writer))
    }

    /// The last lines so far, oldest first.
    pub(crate) fn tail(&self) -> Vec<String> {
        self.shared.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Waits until all output so far has arrived: a response on another channel may overtake lines that were written
    /// before it.
    pub(crate) async fn caught_up(&self) {
        let deadline = Instant::now() + ON_ITS_WAY;
        while Instant::now() < deadline && !self.has_caught_up() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn has_caught_up(&self) -> bool {
        let _taking = self.shared.taking.lock().unwrap_or_else(PoisonError::into_inner);
        !os::has_bytes(&self.shared.reader)
    }

    /// Waits until every writer is closed and all output has arrived.
    pub(crate) async fn closed(&self) {
        // The thread ends in either case.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }
}

struct Pump {
    file: File,
    written: u64,
    largest: u64,
    path: PathBuf,
    secret: Secret,
    shared: Arc<SharedLog>,
}

impl Pump {
    fn run(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut reader = &shared.reader;
        let mut chunk = [0; 8 << 10];
        let mut line = Vec::new();
        loop {
            // Waits without reading, so that pending output is either in the pipe or read under the lock.
            if os::wait_for_bytes(reader).is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
                continue;
            }
            let _taking = shared.taking.lock().unwrap_or_else(PoisonError::into_inner);
            match reader.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
                Ok(count) => self.take(chunk.get(..count).unwrap_or_default(), &mut line),
            }
        }
        if !line.is_empty() {
            self.put(&line);
        }
    }

    /// Processes a chunk; `line` is the incomplete line so far.
    fn take(&mut self, chunk: &[u8], line: &mut Vec<u8>) {
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if line.ends_with(b"\n") {
                line.pop();
                self.put(line);
                line.clear();
            } else if line.len() > LONGEST_PIECE {
                // Once whole secrets are removed, only the end of the line can hold the beginning of one.
                let mut clean = self.secret.scrub(&String::from_utf8_lossy(line)).into_owned().into_bytes();
                *line = clean.split_off(clean.len().saturating_sub(self.secret.expose().len() - 1));
                self.put(&clean);
            }
        }
    }

    fn put(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = self.secret.scrub(text.trim_end_matches('\r'));
        // Of a progress bar that is redrawn, keep the last state.
        let shown = text.rsplit('\r').next().unwrap_or_default();
        let shown = shown.replace(|letter: char| letter.is_control() && letter != '\t', "\u{fffd}");
        let mut tail = self.shared.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(shown.chars().take(LONGEST_LINE).collect());
        drop(tail);
        self.write(text.as_bytes());
    }

    /// Writes a line. Errors are ignored: on a full disk the program would otherwise block on its output.
    fn write(&mut self, line: &[u8]) {
        if self.written > self.largest {
            let mut earlier = self.path.clone().into_os_string();
            earlier.push(".earlier");
            let renamed = std::fs::rename(&self.path, earlier);
            let Ok(file) = renamed.and_then(|()| private::create_file(&self.path)) else { return };
            (self.file, self.written) = (file, 0);
        }
        self.written += line.len() as u64 + 1;
        let _ = self.file.write_all(&[line, b"\n"].concat());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const LARGEST: u64 = 1 << 20;

    async fn log_of(text: &[u8]) -> (Log, String, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.log");
        let (log, mut writer) = Log::create_bounded(&path, &Secret::new("the-secret").unwrap(), LARGEST).unwrap();
        let text = text.to_owned();
        tokio::task::spawn_blocking(move || writer.write_all(&text)).await.unwrap().unwrap();
        log.closed().await;
        let written = std::fs::read_to_string(path).unwrap();
        (log, written, directory)
    }

    #[tokio::test]
    async fn lines_come_out_without_the_secret() {
        let (log, written, _directory) = log_of(b"one\r\nkey=the-secret;\n\xff\nlast").await;
        assert_eq!(log.tail(), ["one", "key=[secret];", "\u{fffd}", "last"]);
        assert_eq!(written, "one\nkey=[secret];\n\u{fffd}\nlast\n");
    }

    #[tokio::test]
    async fn what_was_written_before_is_here_once_it_has_caught_up() {
        let directory = tempfile::tempdir().unwrap();
        let secret = Secret::new("the-secret").unwrap();
        let (log, mut writer) = Log::create(&directory.path().join("model.log"), &secret).unwrap();
        for number in 0..1000 {
            writeln!(writer, "line {number}").unwrap();
            log.caught_up().await;
            assert_eq!(log.tail().last(), Some(&format!("line {number}")));
        }
    }

    #[tokio::test]
    async fn a_secret_in_a_line_without_end_is_found_wherever_it_is_cut() {
        for before in LONGEST_PIECE - 30..LONGEST_PIECE + 10 {
            let mut text = vec![b'x'; before];
            text.extend_from_slice(b"the-secret and on");
            text.extend_from_slice(&[b'y'; 64]);
            let (_, written, _directory) = log_of(&text).await;
            let joined = written.replace('\n', "");
            assert!(joined.contains("x[secret] and ony"), "{before}");
            assert!(!joined.contains("the-secret"), "{before}");
        }
    }

    #[tokio::test]
    async fn a_flood_leaves_the_last_lines_and_two_bounded_files() {
        let line = "y".repeat(1023);
        let mut text = format!("{line}\n").repeat(3 * LARGEST as usize / 1024);
        text.push_str("the end\n");
        let (log, written, directory) = log_of(text.as_bytes()).await;
        assert_eq!(log.tail().len(), TAIL);
        assert_eq!(log.tail().last().unwrap(), "the end");
        assert!(written.ends_with("the end\n"));
        let entries = std::fs::read_dir(directory.path()).unwrap();
        let files: Vec<_> = entries.map(|entry| entry.unwrap().metadata().unwrap()).collect();
        assert_eq!(files.len(), 2);
        assert!(files.iter().all(|file| file.len() <= LARGEST + 1024), "{files:?}");
        assert!(files.iter().all(|file| file.permissions().mode() & 0o777 == 0o600), "{files:?}");
    }
}
