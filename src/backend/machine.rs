//! What every backend needs of this machine: programs that can be run, a place for state, disk, and no runs that were killed and
//! never cleaned up. Looks, and changes nothing.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::installation::state_directory;
use super::requirement::Requirement;
use super::resources::StaleRuns;
use crate::os;

/// Below this nothing can be relied on: logs, temporary files and recorded results need some.
const TOO_LITTLE: u64 = 64 << 20;
/// Below this a run may still do; images and weights will not fit.
const LITTLE: u64 = 2 << 30;

/// What the machine is like, for backends of any kind.
pub(crate) fn examine() -> Vec<Requirement> {
    let state = state_directory();
    vec![writable(&state), disk(&state), killed_runs()]
}

fn writable(state: &Path) -> Requirement {
    const SUBJECT: &str = "state directory";
    let tried = std::fs::create_dir_all(state).and_then(|()| tempfile::tempfile_in(state));
    match tried {
        Ok(_) => Requirement::met(SUBJECT, format!("{} can be written", state.display())),
        Err(error) => Requirement::unmet(
            SUBJECT,
            format!("{} cannot be written: {error}", state.display()),
            "set HYDROTEST_STATE_DIR to a directory of your own: what a killed run leaves is found by what is kept there",
        ),
    }
}

fn disk(directory: &Path) -> Requirement {
    const SUBJECT: &str = "disk";
    let existing = directory.ancestors().find(|part| part.exists()).unwrap_or(directory);
    match os::free_disk(existing) {
        Ok(free) => {
            let found = format!("{:.1} GiB free at {}", free as f64 / f64::from(1 << 30), existing.display());
            if free < TOO_LITTLE {
                Requirement::unmet(SUBJECT, found, "free some disk space")
            } else if free < LITTLE {
                Requirement::doubtful(SUBJECT, found, "free some disk space before images or weights are fetched")
            } else {
                Requirement::met(SUBJECT, found)
            }
        }
        Err(error) => Requirement::doubtful(
            SUBJECT,
            format!("the space at {} cannot be read: {error}", existing.display()),
            "check with `df`",
        ),
    }
}

fn killed_runs() -> Requirement {
    const SUBJECT: &str = "killed runs";
    let stale = match StaleRuns::acquire() {
        Ok(stale) if stale.refused.is_empty() => stale,
        Ok(stale) => {
            return Requirement::unmet(
                SUBJECT,
                stale.refused.join("; "),
                "see to its permissions, then hydrotest clean",
            );
        }
        Err(error) => {
            let found = format!("they could not be listed: {error}");
            return Requirement::unmet(SUBJECT, found, "see to the permissions there, or set HYDROTEST_STATE_DIR");
        }
    };
    match stale.runs.len() {
        0 => Requirement::met(SUBJECT, "none left anything unchecked"),
        1 => Requirement::doubtful(SUBJECT, "one was not cleaned up", "hydrotest clean"),
        runs => Requirement::doubtful(SUBJECT, format!("{runs} were not cleaned up"), "hydrotest clean"),
    }
}

/// Whether this machine has the GPU that a device of a model names; `None` where it names none.
pub(crate) fn gpu(device: Option<&str>) -> Option<Requirement> {
    let sign = Path::new(os::NVIDIA_DRIVER);
    device.filter(|device| device.starts_with("cuda"))?;
    Some(if sign.exists() {
        Requirement::met("GPU", "NVIDIA's driver is loaded")
    } else {
        Requirement::doubtful(
            "GPU",
            format!("NVIDIA's driver is not loaded: there is no {}", sign.display()),
            "install the driver, or run on the processor with `device = \"cpu\"`",
        )
    })
}

/// Whether a program can be run, as the system would find it: by its path, seen from `directory`, or in the directories of
/// `path`, the variable `PATH` as the program will have it.
pub(crate) fn program(subject: &str, name: &str, directory: Option<&Path>, path: Option<&OsStr>) -> Requirement {
    let directory = directory.unwrap_or(Path::new("."));
    if name.contains('/') {
        let file = directory.join(name);
        return match is_executable(&file) {
            Some(true) => Requirement::met(subject, file.display().to_string()),
            Some(false) => Requirement::unmet(subject, format!("{} is not executable", file.display()), "chmod +x"),
            None => Requirement::unmet(
                subject,
                format!("{} is not there", file.display()),
                "correct the path or install it",
            ),
        };
    }
    let own = std::env::var_os("PATH");
    let places: Vec<PathBuf> =
        path.or(own.as_deref()).map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let found =
        places.iter().map(|place| directory.join(place).join(name)).find(|file| is_executable(file) == Some(true));
    match found {
        Some(file) => Requirement::met(subject, file.display().to_string()),
        None => Requirement::unmet(
            subject,
            format!("`{name}` is in none of the {} directories of PATH", places.len()),
            "install it, or write its whole path",
        ),
    }
}

/// Whether a file may be executed; `None` when there is none.
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
