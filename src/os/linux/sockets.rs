//! The processes that listen on TCP ports, from the kernel's tables and the descriptors of processes. Does not open sockets.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::processes::with_descendants;
use crate::os::{PortOwner, Unavailable};

/// The listening and other TCP sockets of this network namespace.
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// Which process a connection to `127.0.0.1:port` reaches: `ancestor` with its descendants, or another.
pub(crate) fn owner_of_port(port: u16, ancestor: u32) -> PortOwner {
    let tables: Vec<String> = TABLES.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    if tables.is_empty() {
        return PortOwner::Unknown;
    }
    let sockets: Vec<String> =
        tables.iter().flat_map(|table| table.lines().filter_map(|line| listening_socket(line, port))).collect();
    if sockets.is_empty() {
        return PortOwner::None;
    }
    let mut held = HashSet::new();
    let mut all_seen = true;
    let ancestor = i32::try_from(ancestor).unwrap_or(i32::MAX);
    for process in with_descendants(ancestor).into_iter().flatten() {
        all_seen &= collect_sockets(process, &mut held);
    }
    if sockets.iter().all(|socket| held.contains(socket)) {
        PortOwner::Ours
    } else if all_seen {
        PortOwner::Other
    } else {
        PortOwner::Unknown
    }
}

/// The TCP ports on which a process listens, in order.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn listening_ports(process: i32) -> Result<Vec<u16>, Unavailable> {
    Ok(ports(process, |_| true))
}

/// The TCP ports on which a process listens for connections from all networks, in order.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn open_ports(process: i32) -> Result<Vec<u16>, Unavailable> {
    Ok(ports(process, |address| address.bytes().all(|digit| digit == b'0')))
}

/// The TCP ports on which a process listens at addresses of a kind.
fn ports(process: i32, wanted: impl Fn(&str) -> bool) -> Vec<u16> {
    let mut held = HashSet::new();
    collect_sockets(process, &mut held);
    let mut ports = Vec::new();
    for path in TABLES {
        let table = fs::read_to_string(path).unwrap_or_default();
        let listeners = table.lines().filter_map(listener);
        ports.extend(
            listeners.filter(|(address, _, socket)| wanted(address) && held.contains(socket)).map(|(_, port, _)| port),
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

/// Adds the sockets that a process holds; false when its files may not be looked at.
fn collect_sockets(process: i32, held: &mut HashSet<String>) -> bool {
    match fs::read_dir(format!("/proc/{process}/fd")) {
        Ok(files) => {
            let targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
            held.extend(targets.filter_map(|target| socket_name(&target)));
            true
        }
        // It has exited meanwhile, and holds nothing.
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

fn socket_name(target: &Path) -> Option<String> {
    let name = target.to_str()?;
    name.starts_with("socket:").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

    use super::*;

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
    fn a_listener_of_this_process_is_its_own_and_another_one_to_others() {
        let own = std::process::id();
        let mut idle = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        for address in [Ipv4Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()] {
            let address: std::net::IpAddr = address;
            // A machine without IPv6 has nothing to show for the last.
            let Ok(listener) = TcpListener::bind((address, 0)) else {
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            assert_eq!(owner_of_port(port, own), PortOwner::Ours);
            assert!(listening_ports(own as i32).unwrap().contains(&port));
            assert_eq!(open_ports(own as i32).unwrap().contains(&port), address.is_unspecified());
            assert_eq!(owner_of_port(port, idle.id()), PortOwner::Other);
            drop(listener);
            assert_eq!(owner_of_port(port, own), PortOwner::None);
        }
        idle.kill().unwrap();
        idle.wait().unwrap();
    }
}
