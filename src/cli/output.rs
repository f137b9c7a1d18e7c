//! What commands share: errors with their exit codes, the two output streams, the runtime, how instances are opened, and suggestions.
//! Does not know commands.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Runtime};

use super::arguments::Colour;
use crate::backend::registry::Platform;
use crate::config::{Diagnostic, Diagnostics, Style, suggest};
use crate::metric_value::count;
use crate::plan::Plan;
use crate::run::Open;
use crate::snapshot::SnapshotError;

/// Exit code: usage or configuration is wrong.
pub(super) const MISCONFIGURED: u8 = 2;
/// Exit code: the platform or the harness failed.
pub(super) const BROKEN: u8 = 3;

/// Why the program ends without a verdict.
#[derive(Debug)]
pub(super) enum CommandError {
    /// Configuration or usage is wrong.
    Misconfigured(Diagnostics),
    /// The machine or the harness failed.
    Broken(String),
}

impl CommandError {
    /// An error of the user, who has to change something.
    pub(super) fn misconfigured(problem: impl Into<String>) -> Self {
        Diagnostic::new(problem).into()
    }

    /// An error of the machine or the harness whose message needs no context.
    pub(super) fn broken(error: impl Display) -> Self {
        Self::Broken(error.to_string())
    }

    /// Adds context to an error of the machine or the harness: what failed.
    pub(super) fn because<E: Display>(what: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self::Broken(format!("{what}: {error}"))
    }

    pub(super) fn report(self, colour: Colour) -> u8 {
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

/// A runtime with this many worker threads; with one, everything runs on the calling thread.
pub(super) fn runtime(threads: usize) -> Result<Runtime, CommandError> {
    let mut builder = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    let built = builder.worker_threads(threads).enable_all().build();
    built.map_err(CommandError::because("cannot start the runtime"))
}

/// Opens the instances of a plan on a platform.
pub(super) fn opening(plan: &Arc<Plan>, platform: impl Into<Arc<Platform>>) -> Arc<Open> {
    let (plan, platform) = (Arc::clone(plan), platform.into());
    Arc::new(move |index| platform.open(&plan.instances[index].contract, &plan.instances[index].config))
}

/// Help that suggests a known name which is close to the given one.
pub(super) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    suggest(name, known).map(|meant| format!("did you mean `{meant}`?"))
}

/// The first error of writing to standard output.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// Writes to standard output. An error is reported once, at the end, and the program does not exit with success then.
pub(super) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        let _ = UNWRITTEN.set(error.to_string());
    }
}

/// The exit code of a program whose output may be missing.
pub(super) fn with_output(code: u8) -> u8 {
    let Some(error) = UNWRITTEN.get() else { return code };
    let code = if code == 0 { BROKEN } else { code };
    complain(&format!("error: standard output cannot be written: {error} (exit code {code})"));
    code
}

/// Writes a line to standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

pub(super) fn colours(colour: Colour, stream: &impl IsTerminal) -> bool {
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
