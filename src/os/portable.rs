//! The portable version, for every Unix system: POSIX calls and `ps`. Answers that POSIX does not offer are [`Unavailable`]. Has the
//! same interface as the Linux version.

#![expect(clippy::unnecessary_wraps, reason = "Linux may refuse")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use memmap2::MmapMut;
use rustix::process::test_kill_process_group;

use super::{Pid, PortOwner, Signal, Unavailable, kill_process_group};

/// The file that is there when NVIDIA's driver is loaded.
pub(crate) const NVIDIA_DRIVER: &str = "/dev/nvidiactl";

/// Whether processes can be found by what is in their environment.
///
/// # Errors
/// Where the system does not show environments.
pub(crate) fn reads_environments() -> Result<(), Unavailable> {
    Err(Unavailable)
}

/// The environment of every process that may be looked at: `NAME=value`, each ended by NUL.
///
/// # Errors
/// Where the system does not show environments.
pub(crate) fn environments() -> Result<Vec<(i32, Vec<u8>)>, Unavailable> {
    Err(Unavailable)
}

/// The environment of a process: `NAME=value`, each ended by NUL. Empty for one that has exited or is another user's.
///
/// # Errors
/// Where the system does not show environments.
pub(crate) fn environment(_process: i32) -> Result<Vec<u8>, Unavailable> {
    Err(Unavailable)
}

/// The command line of a process, each argument ended by NUL. Empty for one that has exited.
///
/// `ps` does not show where an argument with a space ends: it becomes several.
pub(crate) fn command_line(process: i32) -> Vec<u8> {
    let line = ps(&["-o", "command=", "-p", &process.to_string()]);
    line.trim().replace(' ', "\0").into_bytes()
}

/// Whether a process runs; one that has exited and waits for its parent does not.
pub(crate) fn is_alive(process: i32) -> bool {
    runs(ps(&["-o", "stat=", "-p", &process.to_string()]).trim())
}

/// A process and all its descendants.
///
/// # Errors
/// Always: a descendant whose parent has exited cannot be distinguished from a foreign process.
pub(crate) fn with_descendants(_ancestor: i32) -> Result<Vec<i32>, Unavailable> {
    Err(Unavailable)
}

/// Which process a connection to `127.0.0.1:port` reaches: `ancestor` with its descendants, or another.
pub(crate) fn owner_of_port(_port: u16, _ancestor: u32) -> PortOwner {
    PortOwner::Unknown
}

/// The bytes of memory that a process has in use.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn resident(_process: i32) -> Result<u64, Unavailable> {
    Err(Unavailable)
}

/// The TCP ports on which a process listens, in order.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn listening_ports(_process: i32) -> Result<Vec<u16>, Unavailable> {
    Err(Unavailable)
}

/// The TCP ports on which a process listens for connections from all networks, in order.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn open_ports(_process: i32) -> Result<Vec<u16>, Unavailable> {
    Err(Unavailable)
}

/// Has this process killed when the thread that started it dies: POSIX has no such thing, and the supervisor alone ends it.
///
/// # Errors
/// None.
pub(crate) fn die_with_parent() -> io::Result<()> {
    Ok(())
}

/// Makes this process the parent of every descendant whose own parent dies: POSIX has no such thing.
///
/// # Errors
/// None.
pub(crate) fn adopt_descendants() -> io::Result<()> {
    Ok(())
}

/// The processes that `program`, a child of this process, started and that still run in its process group.
pub(crate) fn remaining(program: Pid) -> Vec<i32> {
    // `ps` is itself a child of this process, whose death wakes the supervisor: it is only asked when there is something.
    if test_kill_process_group(program).is_err() {
        return Vec::new();
    }
    members(&ps(&["-A", "-o", "pid=,pgid=,stat="]), program.as_raw_pid())
}

/// Kills what remains of `program`, as far as it can be seen. Says whether there may be some that are not children of this
/// process.
pub(crate) fn kill_remaining(program: Pid) -> bool {
    kill_process_group(program, Signal::KILL).is_ok()
}

/// The bytes of memory that the machine has.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn memory() -> Result<u64, Unavailable> {
    Err(Unavailable)
}

/// Asks for huge pages: POSIX has none.
pub(crate) fn advise_huge_pages(_pages: &MmapMut) {}

/// Whether this process was started to ignore a signal.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn is_ignored(_signal: Signal) -> Result<bool, Unavailable> {
    Err(Unavailable)
}

/// The path by which this program is started again. After its file was replaced it is the new program.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Uses a directory by a path that is short enough for a socket in it, however long its own is: by a link that is removed at
/// once.
///
/// # Errors
/// When there is no such path, and those of its use.
pub(crate) fn with_short_path<T>(directory: &Path, used: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let home = tempfile::Builder::new().prefix("ht").tempdir_in("/tmp")?;
    let link = home.path().join("d");
    std::os::unix::fs::symlink(std::path::absolute(directory)?, &link)?;
    used(&link)
}

/// What `ps` says; empty when it finds no such process.
fn ps(arguments: &[&str]) -> String {
    let reported = Command::new("ps").args(arguments).stdin(Stdio::null()).output();
    reported.map(|reported| String::from_utf8_lossy(&reported.stdout).into_owned()).unwrap_or_default()
}

/// Whether a process in this state runs.
fn runs(state: &str) -> bool {
    !state.is_empty() && !state.starts_with('Z')
}

/// The processes of a group that run, of lines with number, group and state.
fn members(table: &str, group: i32) -> Vec<i32> {
    let member = |line: &str| {
        let mut columns = line.split_ascii_whitespace();
        let (process, its_group) = (columns.next()?.parse().ok()?, columns.next()?.parse::<i32>().ok()?);
        (its_group == group && columns.next().is_some_and(runs)).then_some(process)
    };
    table.lines().filter_map(member).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn only_members_that_run_are_found() {
        let table = "    1     1 Ss\n   17    17 Z+\n   18    17 S+\n   19    17 R\n   20   171 S\n   21\n";
        assert_eq!(members(table, 17), [18, 19]);
    }

    #[test]
    fn a_group_outlives_its_first_member_and_is_killed() {
        let mut leader = Command::new("sh")
            .args(["-c", "sleep 600 & echo"])
            .process_group(0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        leader.wait().unwrap();
        let group = Pid::from_child(&leader);
        assert_eq!(remaining(group).len(), 1);
        assert!(kill_remaining(group));
        while !remaining(group).is_empty() {
            std::thread::yield_now();
        }
    }
}
