//! The installation of hydrotest that this process works with: its program and its state directory. It only names them; a
//! process that is the program itself need not choose one.

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::os;

/// Says where the state directory is, in place of the usual one.
const STATE: &str = "HYDROTEST_STATE_DIR";

static CHOSEN: OnceLock<Installation> = OnceLock::new();

/// A program and a state directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The executable `hydrotest`: it is started again as supervisor, and `{hydrotest}` in settings stands for it.
    pub program: PathBuf,
    /// Where runs keep what must outlive them.
    pub state: PathBuf,
}

impl Installation {
    /// Makes this process work with it instead of with itself: for a process that uses the library and is not the program, such
    /// as a test. Must come before the first backend is opened.
    ///
    /// # Errors
    /// The installation itself, when one was chosen before.
    pub fn choose(self) -> Result<(), Self> {
        CHOSEN.set(self)
    }
}

/// The path of the program.
pub(super) fn program() -> io::Result<PathBuf> {
    match CHOSEN.get() {
        Some(chosen) => Ok(chosen.program.clone()),
        None => std::env::current_exe(),
    }
}

/// The path by which the program is started again, on Linux also after its own file was replaced.
pub(super) fn program_to_start() -> io::Result<PathBuf> {
    match CHOSEN.get() {
        Some(chosen) => Ok(chosen.program.clone()),
        None => os::own_program(),
    }
}

/// Where the harness keeps what must outlive it: the chosen directory, else `HYDROTEST_STATE_DIR`, else the user's directory
/// for state, else the system's for temporary files.
pub(crate) fn state_directory() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let chosen = CHOSEN.get().map(|chosen| chosen.state.clone());
    chosen
        .or_else(|| named(STATE))
        .or_else(|| Some(named("XDG_STATE_HOME")?.join("hydrotest")))
        .or_else(|| Some(named("HOME")?.join(".local/state/hydrotest")))
        .unwrap_or_else(|| {
            let user = os::user();
            std::env::temp_dir().join(format!("hydrotest-{user}"))
        })
}
