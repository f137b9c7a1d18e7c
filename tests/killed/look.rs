//! What is left of killed runs, found without any of our code: processes by their environment, the ports that they listen on, files,
//! and what the platform itself says.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::home::{Home, VARIABLE};

/// How long the last of it may take to go: what was between two steps when the harness was killed ends by itself a moment later.
const SETTLING: Duration = Duration::from_secs(20);

/// Everything that is left, one line each.
pub fn left(home: &Home<'_>) -> Vec<String> {
    let deadline = Instant::now() + SETTLING;
    loop {
        let left = look(home);
        if left.is_empty() || Instant::now() >= deadline {
            return left;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn look(home: &Home<'_>) -> Vec<String> {
    let mut left = processes(home.path());
    left.extend(files(&home.runs()));
    left.extend(files(&home.temporary()));
    left.extend((home.platform.things)());
    left
}

/// Processes that have the home in their environment. Whatever listens on a port is one of them.
fn processes(home: &Path) -> Vec<String> {
    let variable = [VARIABLE.as_bytes(), b"=", home.as_os_str().as_bytes()].concat();
    let processes = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        let environment = fs::read(entry.path().join("environ")).ok()?;
        environment.split(|byte| *byte == 0).find(|word| *word == variable)?;
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        Some(format!("process {process} ({})", command.trim()))
    });
    processes.collect()
}

fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| format!("file {}", entry.path().display()))
        .collect()
}

/// Proves that what is left is seen, with things that are left on purpose.
pub fn sees(home: &Home<'_>) -> Result<(), String> {
    let file = home.temporary().join("forgotten");
    fs::write(&file, "").unwrap();
    let mut orphan = std::process::Command::new("sleep")
        .arg("600")
        .env(VARIABLE, home.path())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + SETTLING;
    let mut seen = look(home);
    // Between fork and exec the process has our environment, not its own.
    while seen.len() < 2 && Instant::now() < deadline {
        seen = look(home);
    }
    orphan.kill().unwrap();
    orphan.wait().unwrap();
    fs::remove_file(&file).unwrap();
    let named = |words: &str| seen.iter().any(|line| line.contains(words));
    if named(&format!("process {}", orphan.id())) && named("forgotten") && left(home).is_empty() {
        return Ok(());
    }
    Err(format!("what was left on purpose is not seen: {seen:?}"))
}
