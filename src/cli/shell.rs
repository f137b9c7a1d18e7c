//! `hydrotest completions` and `man`: what shells and manual readers know of the command line. Made of its declaration alone.

use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::arguments::CommandLine;
use super::{CommandError, say};

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command(), "hydrotest", &mut text);
    say(&String::from_utf8_lossy(&text));
    0
}

/// Prints the page of the program, or writes those of all commands into a directory.
pub(crate) fn man(directory: Option<&Path>) -> Result<u8, CommandError> {
    let failed = |error: std::io::Error| CommandError::Broken(format!("the manual pages cannot be written: {error}"));
    let Some(directory) = directory else {
        let mut text = Vec::new();
        clap_mangen::Man::new(command()).render(&mut text).map_err(failed)?;
        say(&String::from_utf8_lossy(&text));
        return Ok(0);
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(command(), directory).map_err(failed)?;
    say(&format!("wrote the manual pages to {}\n", directory.display()));
    Ok(0)
}

fn command() -> Command {
    CommandLine::command()
}
