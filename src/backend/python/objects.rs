//! Hosts objects for scenarios: backends of the hosted code in a separate interpreter, without the guarantees of an
//! instance. Sends orders and returns their results; does not judge them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::channel::OrderResult;
use super::hosting::Hosting;
use super::interpreter::{Interpreter, SHUTDOWN_REPORT};
use super::orders::{BridgeOrder, decode, limits_of};
use super::settings::PythonTimeouts;
use crate::backend::kind::LaunchSpec;
use crate::backend::remark::Remark;
use crate::backend::resources::Resource;
use crate::backend::{
    BackendError, ExitedProgram, Fault, ObjectAct, ObjectHost, ObjectState, ProgramExit, Stage, Work,
};
use crate::os::{Signal, kill_process};
use crate::prediction::{Prediction, Request};
use crate::wire::ResponseLimits;

/// A start that has created no process is interrupted after this time.
const MOMENT: Duration = Duration::from_secs(2);
/// Pause between two looks for such a process.
const LOOK: Duration = Duration::from_millis(20);

/// An interpreter that hosts objects.
pub(super) struct HostedObjects {
    interpreter: Interpreter,
    launch: LaunchSpec,
    timeouts: PythonTimeouts,
    created: AtomicU64,
}

impl HostedObjects {
    /// Starts the interpreter, without the hosted code.
    pub(super) async fn start(
        hosting: Arc<Hosting>,
        launch: LaunchSpec,
        timeouts: PythonTimeouts,
    ) -> Result<Self, BackendError> {
        let mut interpreter = Interpreter::start(&hosting, &launch.instance)?;
        interpreter.connect(timeouts.start).await?;
        Ok(Self { interpreter, launch, timeouts, created: AtomicU64::new(0) })
    }

    async fn order(&self, mut order: Value, name: &str, doing: &str) -> Result<OrderResult, BackendError> {
        let (stage, limit) = match name {
            "stop" | "failing_stop" | "shutdown" => (Stage::Shutdown, self.timeouts.stop + SHUTDOWN_REPORT),
            "get_model" | "state" => (Stage::Call, self.timeouts.stop + SHUTDOWN_REPORT),
            _ => (Stage::Ready, self.timeouts.start),
        };
        order["do"] = "object".into();
        order["act"] = name.into();
        let (limits, when, spare) = (ResponseLimits::for_fields(0), format!("in {doing}"), self.timeouts.spare);
        let order = BridgeOrder { order, limits: &limits, stage, what: doing, when: &when, limit, spare };
        self.interpreter.ask(order).await
    }

    /// Sends an order that starts something.
    async fn start_order(&self, order: Value, name: &str, doing: &str) -> Result<(), BackendError> {
        match self.order(order, name, doing).await? {
            Ok(_) => Ok(()),
            Err(raised) => Err(self.interpreter.raised_at_start(raised).await),
        }
    }

    /// The value that an object returns to an order.
    async fn value<T: DeserializeOwned>(&self, object: u64, name: &str, doing: &str) -> Result<T, BackendError> {
        match self.order(json!({ "object": object }), name, doing).await? {
            Ok(blobs) => blobs.first().and_then(|blob| serde_json::from_slice(blob).ok()).ok_or_else(|| {
                let message = format!("what came of {doing} is not as the bridge writes it");
                BackendError::new(Stage::Call, Fault::Protocol, message)
            }),
            Err(raised) => {
                self.interpreter.log.caught_up().await;
                Err(raised.in_act(doing))
            }
        }
    }
}

impl ObjectHost for HostedObjects {
    fn make(&self) -> Work<'_, u64> {
        Box::pin(async {
            let object = self.created.fetch_add(1, Ordering::SeqCst);
            let mut order = self.interpreter.hosting.order();
            order["object"] = object.into();
            self.start_order(order, "make", "the constructor").await.map(|()| object)
        })
    }

    fn act(&self, object: u64, act: ObjectAct) -> Work<'_, ()> {
        Box::pin(async move {
            let name = json!(act);
            let name = name.as_str().unwrap_or_default();
            let doing = format!("{}()", name.trim_start_matches("failing_"));
            if act == ObjectAct::Start {
                return self.start_order(json!({ "object": object }), name, &doing).await;
            }
            self.value::<Value>(object, name, &doing).await.map(drop)
        })
    }

    fn interrupt_start(&self, object: u64) -> Work<'_, bool> {
        Box::pin(async move {
            let interrupting = async {
                let moment = Instant::now() + MOMENT;
                while self.interpreter.started_processes().is_empty() && Instant::now() < moment {
                    tokio::time::sleep(LOOK).await;
                }
                if let Ok(channel) = self.interpreter.channel() {
                    channel.tell(&json!({ "do": "interrupt" }));
                }
                std::future::pending().await
            };
            tokio::select! {
                completed = self.value(object, "interrupted_start", "start()") => completed,
                never = interrupting => never,
            }
        })
    }

    fn predict<'a>(&'a self, object: u64, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(async move {
            let hosting = &self.interpreter.hosting;
            let limits = limits_of(&self.launch.contract, request, &hosting.config);
            let mut order = BridgeOrder::call(request, &limits, self.timeouts.call);
            order.order["object"] = object.into();
            decode(self.interpreter.ask(order).await?, hosting.host.origin(), limits).await
        })
    }

    fn state(&self, object: u64) -> Work<'_, ObjectState> {
        Box::pin(self.value(object, "state", "looking at it"))
    }

    fn resources(&self) -> BTreeSet<String> {
        self.interpreter.started_processes().iter().map(ToString::to_string).collect()
    }

    fn crash(&self) -> Vec<String> {
        let processes = self.interpreter.started_processes();
        for process in processes.iter().filter_map(Resource::process) {
            // It may have exited meanwhile.
            let _ = kill_process(process, Signal::KILL);
        }
        processes.iter().map(ToString::to_string).collect()
    }

    fn warn(&self, topic: &'static str, text: String) {
        self.launch.instance.remark(Remark::warning(topic, text));
    }

    fn exit(&mut self, exit: ProgramExit) -> Work<'_, ExitedProgram> {
        let order = if exit == ProgramExit::Orderly { "exit" } else { "terminate" };
        Box::pin(self.interpreter.exit(order, self.timeouts.stop))
    }

    fn end(&mut self) -> Work<'_, ()> {
        Box::pin(self.interpreter.stop(self.timeouts.stop))
    }
}
