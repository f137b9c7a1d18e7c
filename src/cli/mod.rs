//! The command line: reads arguments, wires the modules together, chooses the exit code. The only module that prints.

mod arguments;
mod begin;
mod calibrate;
mod clean;
mod closing;
mod compare;
mod doctor;
mod ended;
mod evidence;
mod import;
mod init;
mod judge;
mod libtest;
mod list;
mod log;
mod matrix;
mod mutants;
mod new;
mod nothing;
mod parse;
mod price;
mod project;
mod references;
mod report;
mod report_writer;
mod reproduce;
mod run;
mod same_rules;
mod serve;
mod shell;
mod show;
mod shrink;
mod snapshots;
mod trend;
mod try_call;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

use clap::Parser;

use crate::backend::supervise;
use crate::config::{Diagnostics, Style};
use crate::metric_value::count;
use arguments::{Colour, Command, CommandLine};

/// Usage or configuration is wrong.
const MISCONFIGURED: u8 = 2;
/// The harness broke.
const BROKEN: u8 = 3;

/// Runs the program with these arguments, the first being its own name, and says with which code to exit.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(code) = supervise::run_if_asked(&arguments) {
        return code;
    }
    log::begin();
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(MISCONFIGURED);
            if error.use_stderr() {
                let _ = error.print();
                return code;
            }
            // Help and version come as errors too.
            let text = error.render();
            let is_coloured = colours(Colour::Auto, &std::io::stdout());
            say(&if is_coloured { text.ansi().to_string() } else { text.to_string() });
            return with_output(code);
        }
    };
    let colour = match &line.command {
        Some(Command::Run(arguments)) => arguments.color,
        _ => line.run.color,
    };
    let result = match line.command {
        None => run::run(&line.run),
        Some(Command::Run(arguments)) => run::run(&arguments),
        Some(Command::Backends(arguments)) => list::backends(&arguments),
        Some(Command::Models(arguments)) => list::models(&arguments),
        Some(Command::Suites(arguments)) if arguments.price => price::show(&arguments.list),
        Some(Command::Suites(arguments)) => list::suites(&arguments.list),
        Some(Command::Doctor(arguments)) => doctor::doctor(&arguments),
        Some(Command::Clean(arguments)) => clean::clean(&arguments),
        Some(Command::New(arguments)) => new::new(&arguments.what),
        Some(Command::Show(arguments)) => show::show(&arguments),
        Some(Command::Completions(arguments)) => Ok(shell::completions(arguments.shell)),
        Some(Command::Man(arguments)) => shell::man(arguments.directory.as_deref()),
        Some(Command::Init(arguments)) => init::init(&arguments.directory),
        Some(Command::Calibrate(arguments)) => calibrate::calibrate(&arguments),
        Some(Command::Try(arguments)) => try_call::try_call(&arguments),
        Some(Command::Snapshots(arguments)) => snapshots::snapshots(arguments.action),
        Some(Command::Compare(arguments)) => compare::run(&arguments),
        Some(Command::Judge(arguments)) => judge::judge(&arguments),
        Some(Command::Mutants(arguments)) => mutants::mutants(&arguments),
        Some(Command::Report(arguments)) => report::report(&arguments),
        Some(Command::Merge(arguments)) => report::merged(&arguments),
        Some(Command::Diff(arguments)) => report::diff(&arguments),
        Some(Command::Matrix(arguments)) => matrix::matrix(&arguments),
        Some(Command::Trend(arguments)) => trend::trend(&arguments),
        Some(Command::Schema(arguments)) => report::schema(&arguments),
        Some(Command::Serve(arguments)) => serve::serve(&arguments),
    };
    with_output(result.unwrap_or_else(|error| error.report(colour)))
}

/// Why the program ends without a verdict.
#[derive(Debug)]
enum CommandError {
    /// Configuration or usage is wrong.
    Misconfigured(Diagnostics),
    /// The machine or the harness failed.
    Broken(String),
}

impl CommandError {
    fn report(self, colour: Colour) -> u8 {
        match self {
            Self::Misconfigured(diagnostics) => {
                let style = if colours(colour, &std::io::stderr()) { Style::Coloured } else { Style::Plain };
                complain(&diagnostics.render(style));
                let errors = count(diagnostics.len(), "error");
                complain(&format!("\n{errors} in usage or configuration (exit code {MISCONFIGURED})"));
                MISCONFIGURED
            }
            Self::Broken(message) => {
                complain(&format!("error: {message} (exit code {BROKEN})"));
                BROKEN
            }
        }
    }
}

impl From<Diagnostics> for CommandError {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Misconfigured(diagnostics)
    }
}

/// Something to wait for things with, where no run brings its own.
fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| CommandError::Broken(format!("cannot start the runtime: {error}")))
}

/// What kept standard output from being written, the first time.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// Writes to standard output. What cannot be written is told once, at the end, and the program does not end with success then.
fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    if let Err(error) = written {
        let _ = UNWRITTEN.set(error.to_string());
    }
}

/// The exit code of a program whose output may be missing.
fn with_output(code: u8) -> u8 {
    let Some(error) = UNWRITTEN.get() else { return code };
    let code = if code == 0 { BROKEN } else { code };
    complain(&format!("error: standard output cannot be written: {error} (exit code {code})"));
    code
}

/// Writes a line to standard error.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn colours(colour: Colour, stream: &impl IsTerminal) -> bool {
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
            let is_forced = is_set("CLICOLOR_FORCE");
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && (is_forced || stream.is_terminal())
        }
    }
}
