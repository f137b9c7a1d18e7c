//! The command line: reads arguments, wires the modules together, chooses the exit code. The only module that prints.

mod arguments;
mod begin;
mod calibrate;
mod clean;
mod closing;
mod compare;
mod doctor;
mod evidence;
mod import;
mod judge;
mod list;
mod log;
mod mutants;
mod new;
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
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use clap::Parser;
use tokio::runtime::Runtime;

use crate::backend::registry::Platform;
use crate::backend::resources::Mode;
use crate::backend::supervise;
use crate::config::{Diagnostic, Diagnostics, Style, suggest};
use crate::metric_value::count;
use crate::plan::Plan;
use crate::run::Open;
use crate::snapshot::SnapshotError;
use arguments::{Colour, Command, CommandLine};

/// Exit code: usage or configuration is wrong.
const MISCONFIGURED: u8 = 2;
/// Exit code: the platform or the harness failed.
const BROKEN: u8 = 3;

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

/// Why the program ends without a verdict.
#[derive(Debug)]
enum CommandError {
    /// Configuration or usage is wrong.
    Misconfigured(Diagnostics),
    /// The machine or the harness failed.
    Broken(String),
}

impl CommandError {
    /// An error of the user, who has to change something.
    fn misconfigured(problem: impl Into<String>) -> Self {
        Diagnostic::new(problem).into()
    }

    /// An error of the machine or the harness whose message needs no context.
    fn broken(error: impl Display) -> Self {
        Self::Broken(error.to_string())
    }

    /// Adds context to an error of the machine or the harness: what failed.
    fn because<E: Display>(what: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self::Broken(format!("{what}: {error}"))
    }

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

impl From<Diagnostic> for CommandError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Misconfigured(diagnostic.into())
    }
}

impl From<SnapshotError> for CommandError {
    fn from(error: SnapshotError) -> Self {
        Self::broken(error)
    }
}

impl From<Diagnostics> for CommandError {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Misconfigured(diagnostics)
    }
}

/// A runtime with this many worker threads.
fn runtime(threads: usize) -> Result<Runtime, CommandError> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    built.map_err(CommandError::because("cannot start the runtime"))
}

/// Opens the instances of a plan on a platform.
fn opening(plan: &Arc<Plan>, platform: impl Into<Arc<Platform>>) -> Arc<Open> {
    let (plan, platform) = (Arc::clone(plan), platform.into());
    Arc::new(move |index| platform.open(&plan.instances[index].contract, &plan.instances[index].config))
}

/// Help that suggests a known name which is close to the given one.
fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    suggest(name, known).map(|meant| format!("did you mean `{meant}`?"))
}

/// The first error of writing to standard output.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// Writes to standard output. An error is reported once, at the end, and the program does not exit with success then.
fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
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
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                && (is_set("CLICOLOR_FORCE") || stream.is_terminal())
        }
    }
}
