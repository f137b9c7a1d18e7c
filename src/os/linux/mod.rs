//! The full version, for Linux: `/proc` and the kernel's own calls. Has the same interface as the portable version.

#![expect(clippy::unnecessary_wraps, reason = "the portable version cannot tell")]

mod processes;
mod sockets;

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use memmap2::{Advice, MmapMut};

use super::{Signal, Unavailable};

pub(crate) use processes::*;
pub(crate) use sockets::{listening_ports, open_ports, owner_of_port};

/// The file that is there when NVIDIA's driver is loaded.
pub(crate) const NVIDIA_DRIVER: &str = "/proc/driver/nvidia/version";

/// The bytes of memory that the machine has.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn memory() -> Result<u64, Unavailable> {
    let reported = rustix::system::sysinfo();
    Ok((reported.totalram as u64).saturating_mul(u64::from(reported.mem_unit)))
}

/// Asks for huge pages. Without them, small pages are used.
pub(crate) fn advise_huge_pages(pages: &MmapMut) {
    let _ = pages.advise(Advice::HugePage);
}

/// Whether this process was started to ignore a signal.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn is_ignored(signal: Signal) -> Result<bool, Unavailable> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let mask = mask.ok_or(Unavailable)?;
    Ok(mask >> (signal.as_raw() - 1) & 1 == 1)
}

/// The path by which this program is started again, also after its file was replaced.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn own_program() -> io::Result<PathBuf> {
    Ok("/proc/self/exe".into())
}

/// Uses a directory by a path that is short enough for a socket in it, however long its own is.
///
/// # Errors
/// When there is no such path, and those of its use.
pub(crate) fn with_short_path<T>(directory: &Path, used: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let folder = File::open(directory)?;
    used(&Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()))
}
