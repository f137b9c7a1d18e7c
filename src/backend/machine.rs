//! The requirements of every backend on this machine: runnable programs, a state directory, disk space, and no killed runs that were not
//! cleaned up. Checks them and changes nothing.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::installation::state_directory;
use super::requirement::Requirement;
use super::resources::StaleRuns;
use crate::os;

/// Less free disk than this is too little for logs, temporary files and recorded results.
const TOO_LITTLE: u64 = 64 << 20;
/// Less free disk than this may suffice for a run, but not for images and weights.
const LITTLE: u64 = 2 << 30;

/// The requirements on the machine that backends of all kinds share.
pub(crate) fn examine() -> Vec<Requirement> {
    let state = state_directory();
    vec![writable(&state), disk(&state), killed_runs()]
}

fn writable(state: &Path) -> Requirement {
    const SUBJECT: &str = "state directory";
    let shown = state.display();
    match std::fs::create_dir_all(state).and_then(|()| tempfile::tempfile_in(state)) {
        Ok(_) => Requirement::met(SUBJECT, format!("{shown} can be written")),
        Err(error) => Requirement::unmet(
            SUBJECT,
            format!("{shown} cannot be written: {error}"),
            "set HYDROTEST_STATE_DIR to a directory of your own: what a killed run leaves is found by what is kept there",
        ),
    }
}

fn disk(directory: &Path) -> Requirement {
    const SUBJECT: &str = "disk";
    let existing = directory.ancestors().find(|part| part.exists()).unwrap_or(directory);
    let shown = existing.display();
    let free = match os::free_disk(existing) {
        Ok(free) => free,
        Err(error) => {
            let found = format!("the space at {shown} cannot be read: {error}");
            return Requirement::doubtful(SUBJECT, found, "check with `df`");
        }
    };
    let found = format!("{:.1} GiB free at {shown}", free as f64 / f64::from(1 << 30));
    if free < TOO_LITTLE {
        Requirement::unmet(SUBJECT, found, "free some disk space")
    } else if free < LITTLE {
        Requirement::doubtful(SUBJECT, found, "free some disk space before images or weights are fetched")
    } else {
        Requirement::met(SUBJECT, found)
    }
}

fn killed_runs() -> Requirement {
    const SUBJECT: &str = "killed runs";
    let stale = match StaleRuns::acquire() {
        Ok(stale) => stale,
        Err(error) => {
            let found = format!("they could not be listed: {error}");
            return Requirement::unmet(SUBJECT, found, "see to the permissions there, or set HYDROTEST_STATE_DIR");
        }
    };
    if !stale.refused.is_empty() {
        let advice = "see to its permissions, then hydrotest clean";
        return Requirement::unmet(SUBJECT, stale.refused.join("; "), advice);
    }
    match stale.runs.len() {
        0 => Requirement::met(SUBJECT, "none left anything unchecked"),
        1 => Requirement::doubtful(SUBJECT, "one was not cleaned up", "hydrotest clean"),
        runs => Requirement::doubtful(SUBJECT, format!("{runs} were not cleaned up"), "hydrotest clean"),
    }
}

/// Whether this machine has the GPU that a model's device names. Returns `None` if it names none.
pub(crate) fn gpu(device: Option<&str>) -> Option<Requirement> {
    device.filter(|device| device.starts_with("cuda"))?;
    let driver = Path::new(os::NVIDIA_DRIVER);
    Some(if driver.exists() {
        Requirement::met("GPU", "NVIDIA's driver is loaded")
    } else {
        let found = format!("NVIDIA's driver is not loaded: there is no {}", driver.display());
        Requirement::doubtful("GPU", found, "install the driver, or run on the processor with `device = \"cpu\"`")
    })
}

/// Whether a program can be run. Finds it as the system does: by its path relative to `directory`, or in the directories of `path`, the
/// variable `PATH` of the program's environment.
pub(crate) fn program(subject: &str, name: &str, directory: Option<&Path>, path: Option<&OsStr>) -> Requirement {
    let directory = directory.unwrap_or(Path::new("."));
    if name.contains('/') {
        let file = directory.join(name);
        let shown = file.display();
        return match is_executable(&file) {
            Some(true) => Requirement::met(subject, shown.to_string()),
            Some(false) => Requirement::unmet(subject, format!("{shown} is not executable"), "chmod +x"),
            None => Requirement::unmet(subject, format!("{shown} is not there"), "correct the path or install it"),
        };
    }
    let own = std::env::var_os("PATH");
    let folders = path.or(own.as_deref()).into_iter().flat_map(std::env::split_paths);
    let files: Vec<PathBuf> = folders.map(|folder| directory.join(folder).join(name)).collect();
    match files.iter().find(|file| is_executable(file) == Some(true)) {
        Some(file) => Requirement::met(subject, file.display().to_string()),
        None => Requirement::unmet(
            subject,
            format!("`{name}` is in none of the {} directories of PATH", files.len()),
            "install it, or write its whole path",
        ),
    }
}

/// Whether a file may be executed. Returns `None` if there is no such file.
fn is_executable(file: &Path) -> Option<bool> {
    let metadata = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
    Some(metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::super::requirement::RequirementStatus;
    use super::*;

    #[test]
    fn a_gpu_is_looked_for_where_a_device_names_one() {
        assert_eq!(gpu(None), None);
        assert_eq!(gpu(Some("cpu")), None);
        let found = gpu(Some("cuda:1")).unwrap().status;
        let expected =
            if Path::new(os::NVIDIA_DRIVER).exists() { RequirementStatus::Met } else { RequirementStatus::Doubtful };
        assert_eq!(found, expected);
    }

    #[test]
    fn programs_are_found_as_the_system_finds_them() {
        let home = tempfile::tempdir().unwrap();
        let tool = home.path().join("tool");
        std::fs::write(&tool, "").unwrap();
        let state = |name: &str, path: Option<&Path>| {
            program("command", name, Some(home.path()), path.map(Path::as_os_str)).status
        };
        assert_eq!(state("./tool", None), RequirementStatus::Unmet, "it is not executable");
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(state("./tool", None), RequirementStatus::Met);
        assert_eq!(state("tool", Some(home.path())), RequirementStatus::Met);
        assert_eq!(state("tool", Some(Path::new("/"))), RequirementStatus::Unmet);
        assert_eq!(state("./no_tool", None), RequirementStatus::Unmet);
        assert_eq!(state("sh", None), RequirementStatus::Met);
    }
}
