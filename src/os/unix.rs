//! Calls that are the same on every Unix system: users, signals, children, descriptors, disks and the terminal. Must not contain paths
//! or calls of a single system.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{WaitOptions, wait};

pub(crate) use rustix::process::{Pid, Signal, WaitStatus, getpid, getppid, kill_process, kill_process_group, setsid};

/// What [`reap`] found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reaped {
    /// This child has exited.
    Child(Pid, WaitStatus),
    /// There are children, and all of them run.
    AllRun,
    /// This process has no children.
    NoChildren,
}

/// Waits for one child that has exited, if there is one. Never blocks.
pub(crate) fn reap() -> Reaped {
    match wait(WaitOptions::NOHANG) {
        Ok(Some((child, status))) => Reaped::Child(child, status),
        Ok(None) | Err(Errno::INTR) => Reaped::AllRun,
        Err(_) => Reaped::NoChildren,
    }
}

/// The real user id of this process.
pub(crate) fn user() -> u32 {
    rustix::process::getuid().as_raw()
}

/// The effective user id of this process, which owns the files that it makes.
pub(crate) fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The name of this machine; machines that share a directory are told apart by it.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The bytes of disk that this user may still fill at a path, or at the nearest of its parents that exists.
///
/// # Errors
/// When the system does not say.
pub(crate) fn free_disk(path: &Path) -> io::Result<u64> {
    let existing = path.ancestors().find(|part| part.exists()).unwrap_or(path);
    let disk = rustix::fs::statvfs(existing)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Opens a file for reading and writing, but neither a link to one nor a pipe that would have to be waited for.
///
/// # Errors
/// When it cannot be opened, or is a link.
pub(crate) fn open_plain_file(path: &Path) -> io::Result<File> {
    let flags = i32::from_ne_bytes((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().to_ne_bytes());
    File::options().read(true).write(true).custom_flags(flags).open(path)
}

/// Waits until a descriptor has bytes or has ended, and takes none.
///
/// # Errors
/// When a signal interrupts the wait, or the descriptor cannot be waited for.
pub(crate) fn wait_for_bytes(reader: &impl AsFd) -> io::Result<()> {
    poll(&mut [PollFd::new(reader, PollFlags::IN)], None)?;
    Ok(())
}

/// Whether a descriptor has bytes to read.
pub(crate) fn has_bytes(reader: &impl AsFd) -> bool {
    matches!(rustix::io::ioctl_fionread(reader), Ok(1..))
}

/// Whether standard output and standard error are the same file, pipe or terminal.
pub(crate) fn same_output() -> bool {
    let (out, err) = (rustix::fs::fstat(io::stdout()), rustix::fs::fstat(io::stderr()));
    out.is_ok_and(|out| err.is_ok_and(|err| (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino)))
}

/// The columns of the terminal that standard error is; `None` where it is none.
pub(crate) fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
    Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
}
