//! The stand-in of Modal's service as a process, and the events that it recorded.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value as Json;

use crate::python;

/// The only token that the stand-in accepts.
pub const TOKEN: [(&str, &str); 2] = [("MODAL_TOKEN_ID", "ak-stand-in"), ("MODAL_TOKEN_SECRET", "as-stand-in")];
/// Upper bound for waiting for an event.
const LONG: Duration = Duration::from_secs(300);

/// A running stand-in.
pub struct Cloud {
    child: Child,
    /// The URL on which it listens.
    pub address: String,
    seen: Arc<Seen>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    events: Mutex<Vec<Json>>,
    changed: Condvar,
}

impl Cloud {
    pub fn start() -> Self {
        let mut child = Command::new(python())
            .args(["-m", "cloud"])
            .env("PYTHONPATH", folder("modal_standin"))
            .env("HYDROTEST_PROGRAM", env!("CARGO_BIN_EXE_hydrotest"))
            .envs(TOKEN)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        output.read_line(&mut port).unwrap();
        assert!(!port.is_empty(), "the stand-in does not start; has {} modal?", python());
        let seen = Arc::new(Seen::default());
        let to = Arc::clone(&seen);
        let reader = std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                to.events.lock().unwrap().push(serde_json::from_str(&line).unwrap());
                to.changed.notify_all();
            }
        });
        Self { child, address: format!("http://127.0.0.1:{}", port.trim()), seen, reader: Some(reader) }
    }

    /// Waits for an event in the stand-in.
    pub fn wait_for(&self, event: &str) {
        let events = self.seen.events.lock().unwrap();
        let is_missing = |events: &mut Vec<Json>| !events.iter().any(|one| one["event"] == event);
        let (_events, waited) = self.seen.changed.wait_timeout_while(events, LONG, is_missing).unwrap();
        assert!(!waited.timed_out(), "timed out waiting for {event}");
    }

    /// Stops the stand-in and returns all recorded events.
    pub fn end(mut self) -> Events {
        self.close();
        Events(std::mem::take(&mut *self.seen.events.lock().unwrap()))
    }

    fn close(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.close();
    }
}

/// The events of a stand-in, in order.
pub struct Events(Vec<Json>);

impl Events {
    /// One detail of each event with this name.
    pub fn all(&self, event: &str, detail: &str) -> Vec<String> {
        let events = self.0.iter().filter(|one| one["event"] == event);
        events.map(|one| one[detail].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// How often an event happened.
    pub fn count(&self, event: &str) -> usize {
        self.all(event, "").len()
    }

    /// Checks that every app that was entered was also left, and returns their number.
    pub fn apps(&self) -> usize {
        let (entered, mut left) = (self.all("app_created", "app_id"), self.all("app_stopped", "app_id"));
        left.sort();
        assert_eq!(entered, left);
        entered.len()
    }
}

/// A folder of `tests/python`.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name)
}
