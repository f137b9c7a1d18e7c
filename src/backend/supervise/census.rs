//! Who is whose child and who listens where, as `/proc` tells. Reads only; elsewhere than on Linux it knows nothing.

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use rustix::process::Pid;

/// The longest command line that a message shows.
const LONGEST: usize = 120;

/// To whom the socket that answers on a port of this machine belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// To the process in question or a descendant of it.
    Family,
    /// To somebody else.
    Stranger,
    /// Nobody listens.
    Nobody,
    /// It cannot be told: no `/proc`, or a descendant whose files may not be looked at.
    Unknown,
}

/// The processes whose parent is `parent`.
pub(super) fn children(parent: Pid) -> Vec<Pid> {
    processes()
        .into_iter()
        .filter(|(_, its_parent)| *its_parent == parent.as_raw_pid())
        .filter_map(|(child, _)| Pid::from_raw(child))
        .collect()
}

/// All descendants of `ancestor` that run; one that has ended and waits for its parent does not.
pub(super) fn descendants(ancestor: Pid) -> Vec<i32> {
    let ancestor = ancestor.as_raw_pid();
    let family = family(ancestor).into_iter();
    family
        .filter(|&process| process != ancestor && is_alive(process))
        .collect()
}

/// Whether a process runs; one that has ended and waits for its parent does not.
#[must_use]
pub fn is_alive(process: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = status.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// The command line of a process, in one line, and where it listens.
#[must_use]
pub fn describe(process: i32) -> String {
    let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).replace(char::is_control, " ");
    let mut shown: String = line.trim().chars().take(LONGEST).collect();
    for port in listening_ports(process) {
        let _ = write!(shown, ", listening on port {port}");
    }
    shown
}

/// To whom the socket belongs that a connection to `127.0.0.1:port` reaches, as seen from the family of `ancestor`.
#[must_use]
pub fn owner_of_port(port: u16, ancestor: u32) -> Owner {
    let tables: Vec<String> = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    if tables.is_empty() {
        return Owner::Unknown;
    }
    let sockets: Vec<String> = tables
        .iter()
        .flat_map(|table| table.lines().filter_map(|line| listening_socket(line, port)))
        .collect();
    if sockets.is_empty() {
        return Owner::Nobody;
    }
    let mut held = HashSet::new();
    let mut all_seen = true;
    for process in family(i32::try_from(ancestor).unwrap_or(i32::MAX)) {
        all_seen &= collect_sockets(process, &mut held);
    }
    if sockets.iter().all(|socket| held.contains(socket)) {
        Owner::Family
    } else if all_seen {
        Owner::Stranger
    } else {
        Owner::Unknown
    }
}

/// The TCP ports on which a process listens, in order.
#[must_use]
pub fn listening_ports(process: i32) -> Vec<u16> {
    ports(process, |_| true)
}

/// The TCP ports on which a process listens for connections from all networks, in order.
#[must_use]
pub fn open_ports(process: i32) -> Vec<u16> {
    ports(process, |address| address.bytes().all(|digit| digit == b'0'))
}

/// The TCP ports on which a process listens at addresses of a kind.
fn ports(process: i32, wanted: impl Fn(&str) -> bool) -> Vec<u16> {
    let mut held = HashSet::new();
    collect_sockets(process, &mut held);
    let mut ports = Vec::new();
    for path in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        let table = fs::read_to_string(path).unwrap_or_default();
        let listeners = table.lines().filter_map(listener);
        ports.extend(
            listeners
                .filter(|(address, _, socket)| wanted(address) && held.contains(socket))
                .map(|(_, port, _)| port),
        );
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The `socket:[inode]` of a line of `/proc/net/tcp` or `tcp6` that listens on the port for connections to this machine.
fn listening_socket(line: &str, port: u16) -> Option<String> {
    let (address, listening, socket) = listener(line)?;
    (listening == port && takes_loopback(address)).then_some(socket)
}

/// Address, port and `socket:[inode]` of a line of `/proc/net/tcp` or `tcp6` that listens.
fn listener(line: &str) -> Option<(&str, u16, String)> {
    const LISTEN: &str = "0A";
    let mut columns = line.split_ascii_whitespace().skip(1);
    let (address, number) = columns.next()?.split_once(':')?;
    let state = columns.nth(1)?;
    let inode = columns.nth(5)?;
    let port = u16::from_str_radix(number, 16).ok()?;
    (state == LISTEN).then(|| (address, port, format!("socket:[{inode}]")))
}

/// Whether a socket bound to this address, four bytes at a time in the machine's order, takes connections to 127.0.0.1.
fn takes_loopback(address: &str) -> bool {
    let word = |index: usize| {
        let digits = address.get(index * 8..index * 8 + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let loopback = |bytes: Option<[u8; 4]>| bytes == Some([127, 0, 0, 1]) || bytes == Some([0; 4]);
    match address.len() {
        8 => loopback(word(0)),
        32 if address.bytes().all(|digit| digit == b'0') => true,
        32 => word(2) == Some([0, 0, 0xff, 0xff]) && loopback(word(3)),
        _ => false,
    }
}

/// A process and all its descendants.
#[must_use]
pub fn family(ancestor: i32) -> Vec<i32> {
    let processes = processes();
    let mut members = vec![ancestor];
    let mut index = 0;
    while let Some(parent) = members.get(index).copied() {
        index += 1;
        let born = processes.iter().filter(|(_, its_parent)| *its_parent == parent);
        members.extend(born.map(|(child, _)| *child));
    }
    members
}

/// Adds the sockets that a process holds; false when its files may not be looked at.
fn collect_sockets(process: i32, held: &mut HashSet<String>) -> bool {
    match fs::read_dir(format!("/proc/{process}/fd")) {
        Ok(files) => {
            let targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
            held.extend(targets.filter_map(|target| socket_name(&target)));
            true
        }
        // It ended meanwhile, and holds nothing any more.
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

fn socket_name(target: &Path) -> Option<String> {
    let name = target.to_str()?;
    name.starts_with("socket:").then(|| name.to_owned())
}

/// Every process with its parent.
fn processes() -> Vec<(i32, i32)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let process = entry.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((process, parent_in(&status)?))
        })
        .collect()
}

/// The parent in the text of `/proc/PID/stat`. The second column is the program's name in parentheses, which may hold
/// anything, also parentheses.
fn parent_in(status: &str) -> Option<i32> {
    let (_, rest) = status.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

    use super::*;

    #[test]
    fn a_parent_is_found_behind_any_name() {
        assert_eq!(parent_in("17 (a) S 3 (b) c) S 4 17 0"), Some(4));
        assert_eq!(parent_in("17 (a"), None);
    }

    #[test]
    fn only_listeners_that_take_loopback_count() {
        let line = |address: &str, state: &str| {
            format!(
                "   0: {address}:1F90 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 4711 1"
            )
        };
        let found = |address: &str, state: &str| listening_socket(&line(address, state), 8080).is_some();
        let loopback = format!("{:08X}", u32::from_ne_bytes([127, 0, 0, 1]));
        let elsewhere = format!("{:08X}", u32::from_ne_bytes([10, 0, 0, 1]));
        let mapped = format!("{:016X}{:08X}{loopback}", 0, u32::from_ne_bytes([0, 0, 255, 255]));
        assert!(found(&loopback, "0A") && found("00000000", "0A"));
        assert!(found(&"0".repeat(32), "0A") && found(&mapped, "0A"));
        assert!(!found(&loopback, "01"), "established");
        assert!(!found(&elsewhere, "0A"));
        assert!(listening_socket(&line(&loopback, "0A"), 8081).is_none());
        assert_eq!(listening_socket(&line(&loopback, "0A"), 8080).unwrap(), "socket:[4711]");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_listener_of_this_process_is_family_to_it_and_strange_to_others() {
        let own = std::process::id();
        let mut idle = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        for address in [
            Ipv4Addr::LOCALHOST.into(),
            Ipv4Addr::UNSPECIFIED.into(),
            Ipv6Addr::UNSPECIFIED.into(),
        ] {
            let address: std::net::IpAddr = address;
            // A machine without IPv6 has nothing to show for the last.
            let Ok(listener) = TcpListener::bind((address, 0)) else {
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            assert_eq!(owner_of_port(port, own), Owner::Family);
            assert!(listening_ports(own as i32).contains(&port));
            assert_eq!(open_ports(own as i32).contains(&port), address.is_unspecified());
            assert_eq!(owner_of_port(port, idle.id()), Owner::Stranger);
            drop(listener);
            assert_eq!(owner_of_port(port, own), Owner::Nobody);
        }
        assert!(
            children(rustix::process::getpid())
                .iter()
                .any(|child| child.as_raw_pid() == idle.id() as i32)
        );
        idle.kill().unwrap();
        idle.wait().unwrap();
    }
}
