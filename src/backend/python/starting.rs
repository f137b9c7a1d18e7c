//! The steps of a start: what is under way, and what an exception in one of them means. Starts nothing.

use std::convert::Infallible;

use super::channel::Channel;
use super::exception::{HostedStartStep, PythonException};
use super::frame::InterpreterReady;
use super::hosting::Hosting;
use super::interpreter::Interpreter;
use crate::backend::start_progress::StartProgress;
use crate::backend::{BackendError, Stage};

/// The error of a start that raised an exception.
pub(super) async fn raised_at_start(
    interpreter: &Interpreter,
    hosting: &Hosting,
    raised: PythonException,
) -> BackendError {
    let state = interpreter.state();
    let mut error = match &state.step {
        Some((HostedStartStep::Import, path)) => {
            let advice = raised.missing.as_ref().map(|missing| advice(missing, path, state.ready.as_ref()));
            let mut error = raised.at_import(&doing(interpreter));
            error.message.push_str(&advice.unwrap_or_default());
            error
        }
        step => raised.at_start(step.as_ref().map(|(step, _)| *step), &doing(interpreter), hosting.host.origin()),
    };
    interpreter.log_caught_up().await;
    let mut log = interpreter.log_tail();
    log.append(&mut error.log_tail);
    error.with_log(log)
}

/// States each step of the start as it begins.
pub(super) async fn state_steps(channel: &Channel, status: &StartProgress) -> Infallible {
    let mut state = channel.subscribe();
    loop {
        let step = state.borrow_and_update().step.clone();
        if step.is_some() {
            status.set(Stage::Ready, step_in_words(step));
        }
        if state.changed().await.is_err() {
            // The pending order learns of the end.
            std::future::pending::<()>().await;
        }
    }
}

/// What is under way at the start, as the subject of a sentence.
pub(super) fn doing(interpreter: &Interpreter) -> String {
    step_in_words(interpreter.state().step)
}

fn step_in_words(step: Option<(HostedStartStep, String)>) -> String {
    match step {
        Some((HostedStartStep::Import, what)) => format!("importing {what}"),
        Some((HostedStartStep::Build, what)) => format!("the constructor of {what}"),
        Some((HostedStartStep::Start, what)) => what,
        None => "the start of the bridge".to_owned(),
    }
}

/// What to do about a module that is not found: the one that the settings name, or one that it imports in turn.
fn advice(missing: &str, path: &str, ready: Option<&InterpreterReady>) -> String {
    let InterpreterReady { version, executable, .. } = ready.cloned().unwrap_or_default();
    let is_named = path.strip_prefix(missing).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':']));
    let what = if is_named { "name the folder it is in with `path`" } else { "install it there" };
    format!(" (Python {version}, {executable}); {what}, or name the interpreter that has it with `interpreter`")
}
