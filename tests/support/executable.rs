//! Executable files that a test writes and then runs.
//!
//! The kernel refuses to run a file that any process has open for writing ("text file busy"). If this process wrote the file, a
//! command that another test starts at that moment would hold it open until its fork has finished. So a separate process writes
//! it, which shares no files with others.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes `content` to `path` as a file that every user may run.
pub fn executable(path: &Path, content: &[u8]) {
    let mut shell = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(content).unwrap();
    assert!(shell.wait().unwrap().success(), "{} is not written", path.display());
}
