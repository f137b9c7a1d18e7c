//! A model that Python code hosts: start, calls, stop, and what became of the interpreter when one fails.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::channel::Answer;
use super::frame::{Hello, Step};
use super::hosting::Hosting;
use super::interpreter::Interpreter;
use super::settings::Timeouts;
use crate::backend::custody::Mark;
use crate::backend::{Backend, BackendError, Fault, Stage, Work};
use crate::prediction::{Prediction, Request};
use crate::wire::{Limits, pickle};

/// One model in one interpreter.
pub(super) struct Hosted {
    hosting: Hosting,
    mark: Mark,
    timeouts: Timeouts,
    interpreter: Option<Interpreter>,
}

impl Hosted {
    /// A model that is not started yet.
    pub(super) const fn new(hosting: Hosting, mark: Mark, timeouts: Timeouts) -> Self {
        Self {
            hosting,
            mark,
            timeouts,
            interpreter: None,
        }
    }

    async fn start(&mut self) -> Result<(), BackendError> {
        let deadline = tokio::time::Instant::now() + self.timeouts.start;
        let interpreter = self.interpreter.insert(Interpreter::start(&self.hosting, &self.mark)?);
        let limit = self.timeouts.start;
        let Ok(connected) = tokio::time::timeout_at(deadline, interpreter.connect()).await else {
            let message = format!(
                "the interpreter did not connect within {} s; is `interpreter` a Python?",
                limit.as_secs_f64()
            );
            return Err(BackendError::new(Stage::Launch, Fault::Timeout, message).with_log(interpreter.log_tail()));
        };
        let answer = connected?.order(self.hosting.order());
        let answer = tokio::time::timeout_at(deadline, answer).await;
        let interpreter = &*interpreter;
        let news = interpreter.channel()?.news();
        let doing = doing(news.step.as_ref());
        match answer {
            Ok(Ok(Ok(_))) => Ok(()),
            Ok(Ok(Err(raised))) => {
                let mut error = raised.at_start(&doing, self.hosting.host.raiser());
                if news.step.is_some_and(|(step, _)| step == Step::Import) {
                    error.message.push_str(&advice(news.hello.as_ref()));
                }
                let mut log = interpreter.log_tail();
                log.append(&mut error.log_tail);
                Err(error.with_log(log))
            }
            Ok(Err(_)) => Err(interpreter
                .lost(Stage::Ready, &format!("while {doing} was under way"))
                .await),
            Err(_) => {
                interpreter.show_where().await;
                let message = format!(
                    "{doing} took longer than {} s; the log ends with where it was",
                    limit.as_secs_f64()
                );
                Err(BackendError::new(Stage::Ready, Fault::Timeout, message).with_log(interpreter.log_tail()))
            }
        }
    }

    async fn call(&self, request: &Request) -> Result<Prediction, BackendError> {
        let Some(interpreter) = &self.interpreter else {
            return Err(BackendError::new(
                Stage::Call,
                Fault::NotRunning,
                "the interpreter is not running",
            ));
        };
        let answer = interpreter.channel()?.order(json!({
            "do": "call",
            "method": request.method.name(),
            "sequences": request.input.to_json(),
            "options": request.options,
        }));
        match tokio::time::timeout(self.timeouts.call, answer).await {
            Ok(Ok(answer)) => decode(answer).await,
            Ok(Err(_)) => Err(interpreter.lost(Stage::Call, "in the middle of a call").await),
            Err(_) => Err(too_long(interpreter, self.timeouts.call).await),
        }
    }
}

async fn too_long(interpreter: &Interpreter, limit: Duration) -> BackendError {
    interpreter.show_where().await;
    let message = format!(
        "the call took longer than {} s; the log ends with where it was",
        limit.as_secs_f64()
    );
    BackendError::new(Stage::Call, Fault::Timeout, message).with_log(interpreter.log_tail())
}

async fn decode(answer: Answer) -> Result<Prediction, BackendError> {
    let mut blobs = answer.map_err(super::exception::Raised::in_call)?;
    if blobs.is_empty() {
        blobs.push(Bytes::new());
    }
    // Decoding hundreds of megabytes must not hold up the watch over other instances.
    let decoded = tokio::task::spawn_blocking(move || {
        let payload = blobs.remove(0);
        pickle::decode_prediction_with_buffers(&payload, &blobs, &Limits::default())
    });
    match decoded.await {
        Ok(Ok(prediction)) => Ok(prediction),
        Ok(Err(error)) => Err(BackendError::new(Stage::Decode, Fault::Undecodable, error.to_string())),
        Err(panic) => Err(BackendError::new(
            Stage::Decode,
            Fault::Internal,
            format!("the decoder stopped: {panic}"),
        )),
    }
}

/// What is under way at the start, as the subject of a sentence.
fn doing(step: Option<&(Step, String)>) -> String {
    match step {
        Some((Step::Import, what)) => format!("importing {what}"),
        Some((Step::Build, what)) => format!("the constructor of {what}"),
        Some((Step::Start, what)) => what.clone(),
        None => "the start of the bridge".to_owned(),
    }
}

/// What to do about something that cannot be imported.
fn advice(hello: Option<&Hello>) -> String {
    let Hello { version, executable } = hello.cloned().unwrap_or_default();
    format!(
        " (Python {version}, {executable}); name the folder it is in with `path`, or the interpreter that has it with `interpreter`"
    )
}

impl Backend for Hosted {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(self.start())
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            let Some(interpreter) = &mut self.interpreter else {
                return Ok(());
            };
            let stopped = interpreter.stop(self.timeouts.stop).await;
            self.interpreter = None;
            stopped
        })
    }

    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(self.call(request))
    }

    fn log_tail(&self) -> Vec<String> {
        self.interpreter.as_ref().map(Interpreter::log_tail).unwrap_or_default()
    }
}
