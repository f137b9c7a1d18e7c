//! Programs that a test makes and then runs.
//!
//! The kernel refuses to run a file that any process has open for writing ("text file busy"). Were it written here, a
//! command that another test starts at that moment would carry the open file along for as long as its fork takes. So
//! another process writes it, which nobody else has files in common with.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes `content` to `path` as a file that everybody may run.
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
