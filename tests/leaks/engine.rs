//! A fake engine that is controlled by a test: it creates a container late, or stops responding. Implements just enough of
//! Docker's API.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// Upper bound for waiting for an event.
const LONG: Duration = Duration::from_secs(120);

/// How it handles the creation of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// Creates it when the test allows it.
    Late,
    /// Stops responding to all requests.
    GoesAway,
}

/// The test's handle of the engine.
#[derive(Default)]
pub struct Engine {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_requested: bool,
    released: bool,
    gone: bool,
    containers: Vec<Value>,
}

impl Engine {
    /// Listens on a socket.
    pub fn start(socket: &Path, creation: Creation) -> Arc<Self> {
        let engine = Arc::new(Self::default());
        let listener = UnixListener::bind(socket).unwrap();
        let shared = Arc::clone(&engine);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let engine = Arc::clone(&shared);
                std::thread::spawn(move || engine.serve(&stream, creation));
            }
        });
        engine
    }

    /// Waits until a container has been requested.
    pub fn wait_for_request(&self) {
        let state = self.state.lock().unwrap();
        let waited = self.changed.wait_timeout_while(state, LONG, |state| !state.is_requested);
        assert!(!waited.unwrap().1.timed_out(), "no container is requested");
    }

    /// Lets the engine create the requested container, and waits for it.
    pub fn create(&self) {
        let mut state = self.state.lock().unwrap();
        state.released = true;
        self.changed.notify_all();
        let created = self.changed.wait_timeout_while(state, LONG, |state| state.containers.is_empty());
        assert!(!created.unwrap().1.timed_out(), "nothing is created");
    }

    /// The number of containers.
    pub fn containers(&self) -> usize {
        self.state.lock().unwrap().containers.len()
    }

    fn serve(&self, mut stream: &UnixStream, creation: Creation) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if first.is_empty() {
                first.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        if let Some((status, reply)) = self.reply(&first, &body, creation) {
            let reply = reply.to_string();
            let head = format!(
                "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nApi-Version: 1.41\r\n\
                 Connection: close\r\n\r\n",
                reply.len()
            );
            // A client that has stopped waiting is gone.
            let _ = stream.write_all((head + &reply).as_bytes());
        }
    }

    fn reply(&self, request: &str, body: &[u8], creation: Creation) -> Option<(u16, Value)> {
        let mut state = self.state.lock().unwrap();
        if state.gone {
            return None;
        }
        if request.contains("/containers/create") {
            state.is_requested = true;
            self.changed.notify_all();
            if creation == Creation::GoesAway {
                state.gone = true;
                return None;
            }
            let mut state = self.changed.wait_while(state, |state| !state.released).unwrap();
            let request: Value = serde_json::from_slice(body).unwrap();
            let id = "c".repeat(64);
            state.containers.push(json!({ "Id": id, "Labels": request["Labels"], "Names": ["/late"] }));
            self.changed.notify_all();
            return Some((201, json!({ "Id": id, "Warnings": [] })));
        }
        if request.starts_with("DELETE") {
            state.containers.clear();
            return Some((200, json!({})));
        }
        Some(if request.contains("/containers/json") {
            (200, Value::from(state.containers.clone()))
        } else if request.contains("/images/") {
            (200, json!({ "Id": "sha256:aa", "Architecture": "amd64" }))
        } else if request.contains("/version") {
            let version = json!({
                "Version": "20.10", "ApiVersion": "1.41", "Arch": "amd64",
                "Components": [{ "Name": "Engine", "Version": "20" }],
            });
            (200, version)
        } else if request.contains("_ping") {
            (200, json!({}))
        } else {
            (404, json!({ "message": "no" }))
        })
    }
}
