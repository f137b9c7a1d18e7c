//! The installation of hydrotest that this process uses: its program and its state directory. This module only names them. The
//! program itself need not choose an installation.

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::os;

static CHOSEN: OnceLock<Installation> = OnceLock::new();

/// A program and a state directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The executable `hydrotest`. It is started again as supervisor, and `{hydrotest}` in settings stands for it.
    pub program: PathBuf,
    /// Where runs keep state that must outlive them.
    pub state: PathBuf,
}

impl Installation {
    /// Makes this process use the installation. For processes that use the library and are not the program, such as tests. Must be
    /// called before the first backend is opened.
    ///
    /// # Errors
    /// The installation itself if one was chosen before.
    pub fn choose(self) -> Result<(), Self> {
        CHOSEN.set(self)
    }
}

/// The path of the program.
pub(super) fn program() -> io::Result<PathBuf> {
    CHOSEN.get().map_or_else(std::env::current_exe, |chosen| Ok(chosen.program.clone()))
}

/// The path by which the program can be started again, on Linux even after its file was replaced.
pub(super) fn program_to_start() -> io::Result<PathBuf> {
    CHOSEN.get().map_or_else(os::own_program, |chosen| Ok(chosen.program.clone()))
}

/// Where hydrotest keeps state that must outlive it: the chosen directory, else `HYDROTEST_STATE_DIR`, else the user's state
/// directory, else the system's directory for temporary files.
pub(crate) fn state_directory() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    (CHOSEN.get().map(|chosen| chosen.state.clone()))
        .or_else(|| named("HYDROTEST_STATE_DIR"))
        .or_else(|| Some(named("XDG_STATE_HOME")?.join("hydrotest")))
        .or_else(|| Some(named("HOME")?.join(".local/state/hydrotest")))
        .unwrap_or_else(|| std::env::temp_dir().join(format!("hydrotest-{}", os::user())))
}
