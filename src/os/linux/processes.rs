//! Processes: the table in `/proc` with parents, command lines and environments, and what a supervisor needs of the kernel. Signals
//! only descendants of this process.

use std::fs;
use std::io;

use rustix::process::{set_child_subreaper, set_parent_process_death_signal};

use crate::os::{Pid, Signal, Unavailable, getpid, kill_process};

/// Whether processes can be found by what is in their environment.
///
/// # Errors
/// Where the system does not show environments.
pub(crate) fn reads_environments() -> Result<(), Unavailable> {
    Ok(())
}

/// The environment of every process that may be looked at: `NAME=value`, each ended by NUL.
///
/// # Errors
/// Where the system does not show environments.
pub(crate) fn environments() -> Result<Vec<(i32, Vec<u8>)>, Unavailable> {
    let found = numbers().into_iter();
    Ok(found.filter_map(|process| Some((process, read(process, "environ")?))).collect())
}

/// The environment of a process: `NAME=value`, each ended by NUL. Empty for one that has exited or is another user's.
///
/// # Errors
/// Where the system does not show environments.
pub(crate) fn environment(process: i32) -> Result<Vec<u8>, Unavailable> {
    Ok(read(process, "environ").unwrap_or_default())
}

/// The command line of a process, each argument ended by NUL. Empty for one that has exited.
pub(crate) fn command_line(process: i32) -> Vec<u8> {
    read(process, "cmdline").unwrap_or_default()
}

/// The bytes of memory that a process has in use; pages that it shares with others count in full.
///
/// # Errors
/// For one that has exited, and where the system does not say.
pub(crate) fn resident(process: i32) -> Result<u64, Unavailable> {
    let status = read(process, "status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = size.and_then(|size| size.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kibibytes.map(|size| size.saturating_mul(1024)).ok_or(Unavailable)
}

/// Whether a process runs; one that has exited and waits for its parent does not.
pub(crate) fn is_alive(process: i32) -> bool {
    let status = read(process, "stat").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let state = status.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// A process and all its descendants.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn with_descendants(ancestor: i32) -> Result<Vec<i32>, Unavailable> {
    let processes = parents();
    let mut members = vec![ancestor];
    let mut index = 0;
    while let Some(parent) = members.get(index).copied() {
        index += 1;
        let born = processes.iter().filter(|(_, its_parent)| *its_parent == parent);
        members.extend(born.map(|(child, _)| *child));
    }
    Ok(members)
}

/// Has this process killed when the thread that started it dies.
///
/// # Errors
/// When the system refuses.
pub(crate) fn die_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Makes this process the parent of every descendant whose own parent dies.
///
/// # Errors
/// When the system refuses.
pub(crate) fn adopt_descendants() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// The processes that `program`, a child of this process, started and that still run.
pub(crate) fn remaining(_program: Pid) -> Vec<i32> {
    let own = getpid().as_raw_pid();
    let all = with_descendants(own).into_iter().flatten();
    all.filter(|&process| process != own && is_alive(process)).collect()
}

/// Kills the visible remaining processes of `program`. Children of a killed process become children of this one, so this must be
/// repeated. Returns whether some may not be children of this process.
pub(crate) fn kill_remaining(_program: Pid) -> bool {
    let own = getpid().as_raw_pid();
    for (child, _) in parents().into_iter().filter(|(_, parent)| *parent == own) {
        // A child keeps its number until it has been waited for, so that no other process can be hit.
        let _ = Pid::from_raw(child).map(|child| kill_process(child, Signal::KILL));
    }
    false
}

/// Every process with its parent.
fn parents() -> Vec<(i32, i32)> {
    let with_parent = |process| {
        let status = read(process, "stat")?;
        Some((process, parent_in(&String::from_utf8_lossy(&status))?))
    };
    numbers().into_iter().filter_map(with_parent).collect()
}

fn numbers() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn read(process: i32, file: &str) -> Option<Vec<u8>> {
    fs::read(format!("/proc/{process}/{file}")).ok()
}

/// The parent in the text of `/proc/PID/stat`. The second column is the program's name in parentheses, which may hold
/// anything, also parentheses.
fn parent_in(status: &str) -> Option<i32> {
    let (_, rest) = status.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_found_behind_any_name() {
        assert_eq!(parent_in("17 (a) S 3 (b) c) S 4 17 0"), Some(4));
        assert_eq!(parent_in("17 (a"), None);
    }

    #[test]
    fn a_child_has_a_parent_and_an_environment() {
        let mut child = std::process::Command::new("sleep").arg("600").env("HYDROTEST_OS_TEST", "1").spawn().unwrap();
        let process = child.id() as i32;
        assert!(resident(std::process::id() as i32).unwrap() > 1 << 20);
        assert!(with_descendants(std::process::id() as i32).unwrap().contains(&process));
        // Between fork and exec it has our environment.
        let is_marked =
            |environment: &[u8]| environment.split(|byte| *byte == 0).any(|one| one == b"HYDROTEST_OS_TEST=1");
        while !is_marked(&environment(process).unwrap()) {
            std::thread::yield_now();
        }
        assert!(environments().unwrap().iter().any(|(found, text)| *found == process && is_marked(text)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
