//! An image whose programs are for another architecture, pushed to the registry.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::registry;
use crate::image::VERSION;

/// The architecture of its programs, as named in images.
pub const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "amd64" } else { "arm64" };

/// Pushes it as `REGISTRY/foreign/boileroom-esm:0.4.1` and returns the repository.
pub fn pushed() -> String {
    // Kernels read the machine field in a program's header.
    let machine: u8 = if cfg!(target_arch = "aarch64") { 62 } else { 183 };
    let root = tempfile::tempdir().unwrap();
    let mut shell = fs::read("/bin/sh").unwrap();
    shell[18] = machine;
    for directory in ["bin", "dev", "etc", "proc", "sys", "tmp"] {
        fs::create_dir(root.path().join(directory)).unwrap();
    }
    let program = root.path().join("bin/sh");
    fs::write(&program, shell).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(program, mode).unwrap();
    push(root.path(), "foreign/boileroom-esm");
    format!("{}/foreign", registry())
}

fn push(root: &Path, repository: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apptainer/push.sh");
    let mut command = Command::new("bash");
    command.arg(script).args([registry().as_str(), repository, VERSION, ARCHITECTURE]);
    let output = command.arg(root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
