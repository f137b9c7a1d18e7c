//! `hydrotest completions` and `man`: generates completions and manual pages from the declaration of the command line. Contains no text
//! of its own.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use super::command_line::CommandLine;
use super::output::{CommandError, say};

/// Prints the completions for a shell.
pub(super) fn completions(shell: Shell) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "hydrotest", &mut text);
    say(&String::from_utf8_lossy(&text));
    0
}

/// Prints the page of the program, or writes the pages of all commands into a directory.
pub(super) fn man(directory: Option<&Path>) -> Result<u8, CommandError> {
    let failed = |error: std::io::Error| CommandError::Broken(format!("the manual pages cannot be written: {error}"));
    let Some(directory) = directory else {
        let mut text = Vec::new();
        clap_mangen::Man::new(CommandLine::command()).render(&mut text).map_err(failed)?;
        say(&String::from_utf8_lossy(&text));
        return Ok(0);
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(CommandLine::command(), directory).map_err(failed)?;
    say(&format!("wrote the manual pages to {}\n", directory.display()));
    Ok(0)
}
