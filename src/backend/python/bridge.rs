//! The bridge's Python files, which are embedded in this program. Writes them to a directory; does not run them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The script that an interpreter is started with.
const START: &str = "start.py";
/// The package of the bridge.
const PACKAGE: &str = "hydrotest_bridge";

macro_rules! files {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("bridge/hydrotest_bridge/", $name)))),*]
    };
}

/// The modules of the package.
const MODULES: [(&str, &str); 10] = files! {
    "__init__.py" "channel.py" "failure.py" "hosts.py" "inputs.py" "modal_service.py" "objects.py" "result.py" "watched.py"
    "work.py"
};

/// Writes the bridge into a directory and returns the script to start.
pub(super) fn write(directory: &Path) -> io::Result<PathBuf> {
    let package = directory.join(PACKAGE);
    fs::create_dir(&package)?;
    for (name, text) in MODULES {
        fs::write(package.join(name), text)?;
    }
    let start = directory.join(START);
    fs::write(&start, include_str!("bridge/start.py"))?;
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_part_of_the_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/backend/python/bridge").join(PACKAGE);
        let mut found: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "__pycache__")
            .collect();
        found.sort();
        assert_eq!(found, MODULES.map(|(name, _)| name));
    }
}
