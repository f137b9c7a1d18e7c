//! Finds what killed runs leave, without hydrotest's code: processes by their environment, also in containers, the ports that
//! they listen on, mounted images, files, and the platform's own lists.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::home::{Home, VARIABLE};

/// How long the last resource may take to disappear: a process that was between two steps when the harness was killed ends by
/// itself soon after.
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
    let processes = processes(home.path(), &home.killed());
    let processes = processes.into_iter().map(|(process, command)| format!("process {process} ({command})"));
    let mut left: Vec<String> = processes.collect();
    left.extend(loop_devices(home.path()));
    left.extend(files(&home.runs()));
    left.extend(files(&home.temporary()));
    left.extend((home.platform.things)(home.path()));
    left
}

/// The pid and command of every process on this machine, also in containers, that has the home or the label of one of these
/// runs in its environment. Listening processes are among them.
pub fn processes(home: &Path, runs: &[String]) -> Vec<(i32, String)> {
    let variable = [VARIABLE.as_bytes(), b"=", home.as_os_str().as_bytes()].concat();
    let labels: Vec<String> = runs.iter().map(|run| format!("HYDROTEST_INSTANCE={run}-")).collect();
    let ours = |word: &[u8]| word == variable || labels.iter().any(|label| word.starts_with(label.as_bytes()));
    let processes = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let environment = fs::read(entry.path().join("environ")).ok()?;
        environment.split(|byte| *byte == 0).find(|word| ours(word))?;
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        Some((process, command.trim().to_owned()))
    });
    processes.collect()
}

/// Images below the home that are mounted anywhere, also inside a container.
fn loop_devices(home: &Path) -> Vec<String> {
    let devices = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let files = devices.filter_map(|device| fs::read_to_string(device.path().join("loop/backing_file")).ok());
    let ours = files.filter(|file| Path::new(file.trim()).starts_with(home));
    ours.map(|file| format!("loop device of {}", file.trim())).collect()
}

fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| format!("file {}", entry.path().display())).collect()
}

/// Proves that leaked resources are detected: with resources left on purpose, and again after they are gone.
#[track_caller]
pub fn sees(home: &Home<'_>) {
    let file = home.temporary().join("forgotten");
    fs::write(&file, "").unwrap();
    let planted = (home.platform.plant)(home.path());
    let wanted: Vec<&str> = planted.seen_as.iter().map(String::as_str).chain(["forgotten"]).collect();
    let deadline = Instant::now() + SETTLING;
    // It takes a moment to start.
    let (seen, missed) = loop {
        let seen = look(home);
        let named = |text: &&&str| !seen.iter().any(|line| line.contains(**text));
        let missed: Vec<&str> = wanted.iter().filter(named).copied().collect();
        if missed.is_empty() || Instant::now() >= deadline {
            break (seen, missed.join(", "));
        }
    };
    (planted.remove)();
    fs::remove_file(&file).unwrap();
    assert!(missed.is_empty(), "left on purpose but not found: {missed}; found: {seen:?}");
    let left = left(home);
    assert!(left.is_empty(), "it is found although it is gone: {left:?}");
}
