//! What a bomb takes in memory stays within the bound it was given, measured from outside: the peak of a whole process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/hostile.rs"]
mod hostile;

use std::process::Command;

use bytes::Bytes;
use hostile::BOMBS;
use hydrotest::wire::{Limits, pickle};

/// Names the bomb a child process is to read.
const CHILD: &str = "HYDROTEST_TEST_BOMB";

/// The process's highest resident memory so far; `None` where the system does not tell.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
}

#[test]
fn no_bomb_takes_more_memory_than_it_was_granted() {
    let limits = Limits {
        allocation: 64 << 20,
        ..Limits::default()
    };
    let wanted = std::env::var(CHILD).ok();
    for (name, make) in BOMBS {
        match &wanted {
            Some(wanted) if wanted == name => {
                let payload = Bytes::from(make());
                let granted = limits.allocation_for(payload.len());
                let before = peak();
                assert!(pickle::decode(&payload, &limits).is_err(), "{name}");
                let Some((before, after)) = before.zip(peak()) else {
                    eprintln!("skipped: this system does not tell a process its peak memory");
                    return;
                };
                let taken = after - before;
                eprintln!("{name}: {} bytes took {taken} of {granted} bytes", payload.len());
                // A vector that grows holds its old and its new buffer for a moment, and has room it does not use.
                assert!(taken <= 2 * granted, "{name}");
            }
            Some(_) => {}
            None => {
                let child = Command::new(std::env::current_exe().unwrap())
                    .env(CHILD, name)
                    .args([
                        "--exact",
                        "no_bomb_takes_more_memory_than_it_was_granted",
                        "--nocapture",
                    ])
                    .output()
                    .unwrap();
                let report = String::from_utf8_lossy(&child.stderr);
                assert!(child.status.success(), "{report}");
                eprint!("{report}");
            }
        }
    }
}
