//! The platforms on which the harness is killed: what each needs, how its backend is declared, and how it is asked what is there.
//! Data; to add a platform, add a row.

use std::process::Command;

use crate::engine::engine;

/// One platform.
pub struct Platform {
    /// Its kind.
    pub name: &'static str,
    /// The variables that name its engines.
    pub engines: &'static [&'static str],
    /// The table of its backend, below `kind`.
    pub table: fn() -> String,
    /// Everything on the platform that may be of a run, one line each, in the platform's own words.
    pub things: fn() -> Vec<String>,
}

impl Platform {
    pub fn is_there(&self) -> bool {
        self.engines.iter().all(|variable| engine(variable).is_some())
    }
}

pub const PLATFORMS: &[Platform] = &[Platform {
    name: "process",
    engines: &[],
    table: || "command = ['{hydrotest}', 'serve', '--port', '{port}']\ngrace = '1s'\n".to_owned(),
    things: Vec::new,
}];

/// The lines that a command prints.
#[expect(dead_code, reason = "for the platforms that are asked by a command")]
pub fn lines(program: &str, arguments: &[&str]) -> Vec<String> {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}
