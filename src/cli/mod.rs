//! Runs the command that the command line names and returns the exit code. Only `cli`, `run` and the supervisor print.

mod arguments;
mod begin;
mod calibrate;
mod clean;
mod closing;
mod command_line;
mod compare;
mod doctor;
mod evidence;
mod import;
mod judge;
mod list;
mod log;
mod mutants;
mod new;
mod output;
mod paths;
mod price;
mod project;
mod references;
mod report;
mod report_writer;
mod run;
mod serve;
mod shell;
mod show;
mod shrink;
mod snapshots;
mod try_call;

use std::ffi::OsString;

use clap::Parser;

use crate::backend::resources::Mode;
use crate::backend::supervise;
use arguments::Colour;
use command_line::{Command, CommandLine};
use output::{MISCONFIGURED, colours, say, with_output};

/// Runs the program with these arguments, the first being its own name, and returns its exit code.
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
            // Help and version are errors too.
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
        Some(Command::Suites { price: true, list }) => price::show(&list),
        Some(Command::Suites { price: false, list }) => list::suites(&list),
        Some(Command::Show(arguments)) => show::show(&arguments),
        Some(Command::Doctor(arguments)) => doctor::doctor(&arguments),
        Some(Command::Clean { dry_run }) => clean::clean(if dry_run { Mode::DryRun } else { Mode::Remove }),
        Some(Command::New(what)) => new::new(&what),
        Some(Command::Init { directory }) => new::init(&directory),
        Some(Command::Compare(arguments)) => compare::run(&arguments),
        Some(Command::Calibrate(arguments)) => calibrate::calibrate(&arguments),
        Some(Command::Try(arguments)) => try_call::try_call(&arguments),
        Some(Command::Snapshots(action)) => snapshots::snapshots(action),
        Some(Command::Judge(arguments)) => judge::judge(&arguments),
        Some(Command::Mutants(arguments)) => mutants::mutants(&arguments),
        Some(Command::Report(arguments)) => report::report(&arguments),
        Some(Command::Merge(arguments)) => report::merged(&arguments),
        Some(Command::Diff(arguments)) => report::diff(&arguments),
        Some(Command::Matrix(arguments)) => report::matrix(&arguments),
        Some(Command::Trend(arguments)) => report::trend(&arguments),
        Some(Command::Schema { form }) => report::schema(form),
        Some(Command::Completions { shell }) => Ok(shell::completions(shell)),
        Some(Command::Man { directory }) => shell::man(directory.as_deref()),
        Some(Command::Serve(arguments)) => serve::serve(&arguments),
    };
    with_output(result.unwrap_or_else(|error| error.report(colour)))
}
