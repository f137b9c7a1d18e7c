//! The operating system: everything that differs between Unix systems. Answers questions and sends signals; does not know backends.
//!
//! Linux has the full version. Every other Unix system, and Linux with the feature `portable-os`, has a portable one, which uses
//! POSIX alone. Where the portable version cannot answer, the type says so: [`Unavailable`], or [`PortOwner::Unknown`]. An empty
//! list always means that there is nothing.
//!
//! | | Linux | portable |
//! |---|---|---|
//! | a supervised program dies with its supervisor | the kernel ends it | the supervisor ends it, unless it is killed itself |
//! | [`remaining`] processes of a program | all descendants | the members of its process group |
//! | processes by their environment | yes | [`Unavailable`] |
//! | owner of a port, ports of a process | yes | unknown, [`Unavailable`] |
//! | [`own_program`] after its file was replaced | the one that runs | the new one |
//! | memory of a process | yes | [`Unavailable`] |
//! | total memory, whether a signal is ignored | yes | [`Unavailable`] |
//! | huge pages | asked for | not asked for |

mod unix;

#[cfg(all(target_os = "linux", not(feature = "portable-os")))]
#[path = "linux/mod.rs"]
mod system;
#[cfg(not(all(target_os = "linux", not(feature = "portable-os"))))]
#[path = "portable.rs"]
mod system;

use std::fmt::Write;

pub(crate) use system::{
    NVIDIA_DRIVER, adopt_descendants, advise_huge_pages, command_line, die_with_parent, environment, environments,
    is_alive, is_ignored, kill_remaining, listening_ports, memory, open_ports, own_program, owner_of_port,
    reads_environments, remaining, resident, with_descendants, with_short_path,
};
pub(crate) use unix::{
    Pid, Reaped, Signal, WaitStatus, effective_user, free_disk, getpid, getppid, has_bytes, host_name, kill_process,
    kill_process_group, open_plain_file, reap, same_output, setsid, terminal_width, user, wait_for_bytes,
};

/// The longest command line that [`describe`] shows, in characters.
const LONGEST: usize = 120;

/// An answer that the portable version cannot give. It never means "nothing".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not available on this system")]
pub(crate) struct Unavailable;

/// Which process answers on a port of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortOwner {
    /// The process in question or a descendant of it.
    #[cfg_attr(
        any(not(target_os = "linux"), feature = "portable-os"),
        allow(dead_code, reason = "the portable version cannot tell")
    )]
    Ours,
    /// Another process.
    Other,
    /// No process listens.
    None,
    /// It cannot be found out: the system does not say, or a descendant's files may not be read.
    Unknown,
}

/// The command line of a process, in one line, and the ports on which it listens where the system says. `clean` removes
/// from the line what must not be shown, before it is cut.
pub(crate) fn describe(process: i32, clean: fn(&str) -> String) -> String {
    let line = command_line(process);
    let line = clean(&String::from_utf8_lossy(&line).replace(char::is_control, " "));
    let mut shown: String = line.trim().chars().take(LONGEST).collect();
    for port in listening_ports(process).into_iter().flatten() {
        let _ = write!(shown, ", listening on port {port}");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_described_and_dead_once_it_has_exited() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let process = child.id() as i32;
        while describe(process, str::to_owned) != "sleep 600" {
            std::thread::yield_now();
        }
        assert_eq!(describe(process, |line| line.replace("600", &"x".repeat(LONGEST))).len(), LONGEST);
        assert!(is_alive(process));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(process));
    }

    #[test]
    fn a_socket_can_be_bound_in_a_directory_with_a_long_path() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("d".repeat(150));
        std::fs::create_dir(&deep).unwrap();
        with_short_path(&deep, |short| std::os::unix::net::UnixListener::bind(short.join("socket"))).unwrap();
        assert!(deep.join("socket").exists());
    }

    #[test]
    fn a_path_that_does_not_exist_has_the_space_of_its_disk() {
        assert!(free_disk(std::path::Path::new("/no/such/path")).unwrap() > 0);
    }
}
