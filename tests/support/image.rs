//! The test image: this build of hydrotest, served from a container.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The version tag of the images.
pub const VERSION: &str = "0.4.1";

/// Pushes the images to a registry on loopback, once, and returns their repository.
pub fn pushed(registry: &str) -> &'static str {
    static REPOSITORY: OnceLock<String> = OnceLock::new();
    REPOSITORY.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/engines/image");
        let ran = Command::new(script).args([registry, env!("CARGO_BIN_EXE_hydrotest")]).output().unwrap();
        let reported = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "the image cannot be built: {reported}");
        format!("{registry}/hydrotest")
    })
}
