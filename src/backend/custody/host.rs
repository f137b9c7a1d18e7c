//! The name of this machine: a directory that several machines share holds the runs of each of them.

/// What the machine calls itself; empty where the system does not tell.
pub(in crate::backend) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
