//! A model in hosted Python code: starts, calls and stops it, and explains failures of its interpreter. Does not read
//! settings.

use std::sync::Arc;

use super::channel::OrderResult;
use super::hosting::{Host, Hosting};
use super::interpreter::Interpreter;
use super::objects::HostedObjects;
use super::orders::{BridgeOrder, decode, limits_of, report_steps};
use super::settings::PythonTimeouts;
use crate::backend::kind::LaunchSpec;
use crate::backend::{Backend, BackendError, Fault, ObjectHost, Stage, Work};
use crate::prediction::{Prediction, Request};
use crate::wire::responses::RawResponse;

/// One model in one interpreter.
pub(super) struct Hosted {
    hosting: Arc<Hosting>,
    launch: LaunchSpec,
    timeouts: PythonTimeouts,
    interpreter: Option<Interpreter>,
}

impl Hosted {
    /// A model that is not started yet.
    pub(super) fn new(hosting: Hosting, launch: &LaunchSpec, timeouts: PythonTimeouts) -> Self {
        Self { hosting: Arc::new(hosting), launch: launch.clone(), timeouts, interpreter: None }
    }

    async fn start(&mut self) -> Result<(), BackendError> {
        let limit = self.timeouts.start;
        let deadline = tokio::time::Instant::now() + limit;
        let interpreter = self.interpreter.insert(Interpreter::start(&self.hosting, &self.launch.instance)?);
        self.launch.progress.set(Stage::Launch, "waiting for the interpreter");
        let channel = interpreter.connect(limit).await?;
        let response = async {
            tokio::select! {
                response = channel.order(self.hosting.order()) => response,
                never = report_steps(channel, &self.launch.progress) => match never {},
            }
        };
        match tokio::time::timeout_at(deadline, response).await {
            Ok(Ok(Ok(_))) => Ok(()),
            Ok(Ok(Err(raised))) => Err(interpreter.raised_at_start(raised).await),
            Ok(Err(_)) => {
                Err(interpreter.lost(Stage::Ready, &format!("while {} was under way", interpreter.doing())).await)
            }
            Err(_) => {
                interpreter.show_where(self.timeouts.spare).await;
                Err(interpreter.too_long(Stage::Ready, &interpreter.doing(), limit))
            }
        }
    }

    async fn call(&self, request: &Request) -> Result<Prediction, BackendError> {
        let Some(interpreter) = &self.interpreter else {
            return Err(BackendError::new(Stage::Call, Fault::NotRunning, "the interpreter is not running"));
        };
        let limits = limits_of(&self.launch.contract, request, &self.hosting.config);
        let response = interpreter.ask(BridgeOrder::call(request, &limits, self.timeouts.call)).await?;
        if response.is_err() {
            interpreter.log.caught_up().await;
        }
        self.keep(request, &response).await;
        decode(response, self.hosting.host.origin(), limits).await
    }

    /// Keeps a response if responses are recorded.
    async fn keep(&self, request: &Request, response: &OrderResult) {
        let Some(recorder) = &self.launch.recorder else { return };
        match response {
            Ok(blobs) => {
                let mut blobs = blobs.iter().cloned();
                let raw = RawResponse::Payload { pickle: blobs.next().unwrap_or_default(), buffers: blobs.collect() };
                recorder.keep(request, &raw, None).await;
            }
            Err(raised) => recorder.keep_error(request, &raised.clone().in_call(self.hosting.host.origin())).await,
        }
    }
}

impl Backend for Hosted {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(self.start())
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            let Some(interpreter) = &mut self.interpreter else { return Ok(()) };
            let stopped = interpreter.stop(self.timeouts.stop).await;
            self.interpreter = None;
            stopped
        })
    }

    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(self.call(request))
    }

    fn objects(&self) -> Option<Work<'_, Box<dyn ObjectHost>>> {
        // A core has no life cycle of its own: it starts and stops with its interpreter.
        if matches!(self.hosting.host, Host::Core { .. }) {
            return None;
        }
        let starting = HostedObjects::start(Arc::clone(&self.hosting), self.launch.clone(), self.timeouts);
        Some(Box::pin(async { Ok(Box::new(starting.await?) as Box<dyn ObjectHost>) }))
    }

    fn log_tail(&self) -> Vec<String> {
        self.interpreter.as_ref().map(|interpreter| interpreter.log.tail()).unwrap_or_default()
    }
}
