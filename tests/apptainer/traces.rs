//! What the system knows about containers: processes with a token in their environment, and mounted images.

use std::fs;
use std::path::Path;

use crate::harness::wait_for;

/// One process.
#[derive(Debug)]
pub struct Process {
    pub number: i32,
    pub command: String,
    pub environment: String,
}

impl Process {
    pub fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_raw(self.number).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
    }

    /// The port in its command.
    pub fn port(&self) -> u16 {
        let mut words = self.command.split('\0').skip_while(|word| *word != "--port");
        words.nth(1).unwrap().parse().unwrap()
    }

    pub fn variable(&self, name: &str) -> Option<&str> {
        let mut variables = self.environment.split('\0');
        variables.find_map(|variable| variable.strip_prefix(name)?.strip_prefix('='))
    }
}

/// Every process on this machine whose environment is readable.
pub fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            let text = |name| Some(String::from_utf8_lossy(&fs::read(entry.path().join(name)).ok()?).into_owned());
            Some(Process { number, command: text("cmdline")?, environment: text("environ")? })
        })
        .collect()
}

/// The processes with a token in their environment, including the supervisor and Apptainer itself.
pub fn of(token: &str) -> Vec<Process> {
    processes().into_iter().filter(|process| process.environment.contains(token)).collect()
}

/// The process in the container, which has the variable itself.
pub fn contained(token: &str) -> Option<Process> {
    of(token).into_iter().find(|process| process.variable("BENCH") == Some(token))
}

/// Whether a connection to a port of this machine has unread data: a call to a stopped server.
pub fn is_called(port: u16) -> bool {
    let port = format!(":{port:04X}");
    let connections = fs::read_to_string("/proc/net/tcp").unwrap();
    connections.lines().skip(1).any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (local, state, queues) = (words[1], words[3], words[4]);
        // Established, and the second queue is not empty.
        local.ends_with(&port) && state == "01" && !queues.ends_with(":00000000")
    })
}

/// Checks that no process is left. A killed process may need a moment to disappear.
#[track_caller]
pub fn none_of(token: &str) {
    wait_for("the end of all processes", || of(token).is_empty().then_some(()));
}

/// Checks that no image below a directory is mounted.
#[track_caller]
pub fn no_mounts_of(cache: &Path) {
    wait_for("the end of all mounts", || {
        let devices = fs::read_dir("/sys/block").into_iter().flatten().flatten();
        let mut files = devices.filter_map(|device| fs::read_to_string(device.path().join("loop/backing_file")).ok());
        (!files.any(|file| Path::new(file.trim()).starts_with(cache))).then_some(())
    });
}
