//! Observes processes: each connects here, sends its name, takes orders, and is known to be gone when its connection closes. So
//! tests do not poll or sleep. `tests/python/misbehave.py` implements the processes.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Upper bound for waiting for an event.
pub const LONG: Duration = Duration::from_secs(30);

/// The test's side of the connections.
pub struct Witness {
    listener: TcpListener,
    address: SocketAddr,
}

/// The test's handle of one process.
pub struct Guest {
    pub name: String,
    pub process: i32,
    stream: tokio::io::BufReader<tokio::net::TcpStream>,
}

impl Witness {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { address: listener.local_addr().unwrap(), listener }
    }

    /// The settings of a server that misbehaves in a named way.
    pub fn misbehaving(&self, behaviour: &str) -> String {
        format!(
            "command = ['python3', '{}/tests/python/misbehave.py', '{behaviour}', '{{port}}']\nenv = {{ WITNESS = '{}' }}\n",
            env!("CARGO_MANIFEST_DIR"),
            self.address
        )
    }

    /// The next process that connects.
    pub async fn meet(&self) -> Guest {
        self.meet_within(LONG).await.expect("no process connected")
    }

    /// The next process, if it connects within a limit. One that has connected is not lost.
    pub async fn meet_within(&self, limit: Duration) -> Option<Guest> {
        let (stream, _) = tokio::time::timeout(limit, self.listener.accept()).await.ok()?.unwrap();
        let mut stream = tokio::io::BufReader::new(stream);
        let mut line = String::new();
        tokio::time::timeout(LONG, stream.read_line(&mut line))
            .await
            .expect("a process does not say who it is")
            .unwrap();
        let (name, process) = line.trim_end().split_once(' ').unwrap();
        Some(Guest { name: name.to_owned(), process: process.parse().unwrap(), stream })
    }
}

impl Guest {
    /// Sends an order.
    pub async fn order(&mut self, word: &str) {
        self.stream.write_all(format!("{word}\n").as_bytes()).await.unwrap();
    }

    /// The next message of the process.
    pub async fn receive(&mut self) -> String {
        let mut line = String::new();
        let received = tokio::time::timeout(LONG, self.stream.read_line(&mut line));
        received.await.expect("the process sends nothing").unwrap();
        line.trim_end().to_owned()
    }

    /// Waits until the process is gone.
    pub async fn gone(mut self) {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(LONG, self.stream.read_to_end(&mut rest)).await;
        // A reset also means that it is gone.
        drop(end.unwrap_or_else(|_| panic!("process {} ({}) is still there", self.process, self.name)));
    }
}
