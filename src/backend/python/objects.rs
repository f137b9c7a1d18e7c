//! Hosts objects for the scenarios of the life cycle: backends of the hosted code, in an interpreter of their own and without the
//! guarantees of an instance. Gives the orders and brings back what came of them; judges nothing.

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
use super::starting::raised_at_start;
use crate::backend::remark::Remark;
use crate::backend::resources::{InstanceId, Resource};
use crate::backend::{
    BackendError, ExitedProgram, Fault, ObjectAct, ObjectHost, ObjectState, ProgramExit, Stage, Work,
};
use crate::os::{Pid, Signal, kill_process};
use crate::prediction::{Contract, Prediction, Request};
use crate::wire::ResponseLimits;

/// How long after its begin a start is interrupted that has started no process.
const MOMENT: Duration = Duration::from_millis(500);
/// How often it is looked whether one has.
const LOOK: Duration = Duration::from_millis(20);

/// An interpreter that hosts objects.
pub(super) struct HostedObjects {
    interpreter: Interpreter,
    hosting: Arc<Hosting>,
    contract: Arc<Contract>,
    instance: InstanceId,
    timeouts: PythonTimeouts,
    made: AtomicU64,
}

impl HostedObjects {
    /// Starts the interpreter. Nothing of the hosted code runs yet.
    pub(super) async fn start(
        hosting: Arc<Hosting>,
        contract: Arc<Contract>,
        instance: InstanceId,
        timeouts: PythonTimeouts,
    ) -> Result<Self, BackendError> {
        let mut interpreter = Interpreter::start(&hosting, &instance)?;
        interpreter.connect(timeouts.start).await?;
        Ok(Self { interpreter, hosting, contract, instance, timeouts, made: AtomicU64::new(0) })
    }

    async fn order(&self, mut order: Value, name: &str, doing: &str) -> Result<OrderResult, BackendError> {
        let (stage, limit) = match name {
            "stop" | "failing_stop" | "shutdown" => (Stage::Shutdown, self.timeouts.stop + SHUTDOWN_REPORT),
            "get_model" | "state" => (Stage::Call, self.timeouts.stop + SHUTDOWN_REPORT),
            _ => (Stage::Ready, self.timeouts.start),
        };
        order["do"] = "object".into();
        order["act"] = name.into();
        self.interpreter
            .ask(BridgeOrder {
                order,
                limits: &ResponseLimits::for_fields(0),
                stage,
                what: doing,
                when: &format!("in {doing}"),
                limit,
                spare: self.timeouts.spare,
            })
            .await
    }

    /// What an object gives in a response.
    async fn value<T: DeserializeOwned>(&self, object: u64, name: &str, doing: &str) -> Result<T, BackendError> {
        match self.order(json!({ "object": object }), name, doing).await? {
            Ok(blobs) => blobs.first().and_then(|blob| serde_json::from_slice(blob).ok()).ok_or_else(|| {
                let message = format!("what came of {doing} is not as the bridge writes it");
                BackendError::new(Stage::Call, Fault::Protocol, message)
            }),
            Err(raised) => {
                self.interpreter.log_caught_up().await;
                Err(raised.in_act(doing))
            }
        }
    }

    fn processes(&self) -> Vec<Resource> {
        self.interpreter.started_processes()
    }
}

impl ObjectHost for HostedObjects {
    fn make(&self) -> Work<'_, u64> {
        Box::pin(async {
            let object = self.made.fetch_add(1, Ordering::SeqCst);
            let mut order = self.hosting.order();
            order["object"] = object.into();
            match self.order(order, "make", "the constructor").await? {
                Ok(_) => Ok(object),
                Err(raised) => Err(raised_at_start(&self.interpreter, &self.hosting, raised).await),
            }
        })
    }

    fn act(&self, object: u64, act: ObjectAct) -> Work<'_, ()> {
        Box::pin(async move {
            let (name, doing) = match act {
                ObjectAct::Start => ("start", "start()"),
                ObjectAct::FailingStart => ("failing_start", "start()"),
                ObjectAct::Stop => ("stop", "stop()"),
                ObjectAct::FailingStop => ("failing_stop", "stop()"),
                ObjectAct::Shutdown => ("shutdown", "shutdown()"),
                ObjectAct::GetModel => ("get_model", "get_model()"),
            };
            if act != ObjectAct::Start {
                return self.value::<Value>(object, name, doing).await.map(drop);
            }
            match self.order(json!({ "object": object }), name, doing).await? {
                Ok(_) => Ok(()),
                Err(raised) => Err(raised_at_start(&self.interpreter, &self.hosting, raised).await),
            }
        })
    }

    fn interrupt_start(&self, object: u64) -> Work<'_, bool> {
        #[derive(serde::Deserialize)]
        struct Interrupted {
            completed: bool,
        }
        Box::pin(async move {
            let interrupting = async {
                let moment = Instant::now() + MOMENT;
                while self.processes().is_empty() && Instant::now() < moment {
                    tokio::time::sleep(LOOK).await;
                }
                if let Ok(channel) = self.interpreter.channel() {
                    channel.tell(&json!({ "do": "interrupt" }));
                }
                std::future::pending().await
            };
            tokio::select! {
                response = self.value::<Interrupted>(object, "interrupted_start", "start()") => Ok(response?.completed),
                never = interrupting => never,
            }
        })
    }

    fn predict<'a>(&'a self, object: u64, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(async move {
            let limits = limits_of(&self.contract, request, &self.hosting.config);
            let mut order = BridgeOrder::call(request, &limits, self.timeouts.call);
            order.order["object"] = object.into();
            decode(self.interpreter.ask(order).await?, self.hosting.host.origin(), limits).await
        })
    }

    fn state(&self, object: u64) -> Work<'_, ObjectState> {
        Box::pin(self.value(object, "state", "looking at it"))
    }

    fn resources(&self) -> BTreeSet<String> {
        self.processes().iter().map(ToString::to_string).collect()
    }

    fn crash(&self) -> Vec<String> {
        let processes = self.processes();
        for process in processes.iter().filter_map(|process| Pid::from_raw(process.id.parse().ok()?)) {
            // One that has ended meanwhile need not be killed.
            let _ = kill_process(process, Signal::KILL);
        }
        processes.iter().map(ToString::to_string).collect()
    }

    fn warn(&self, topic: &'static str, text: String) {
        self.instance.remark(Remark::warning(topic, text));
    }

    fn exit(&mut self, exit: ProgramExit) -> Work<'_, ExitedProgram> {
        Box::pin(async move {
            let order = match exit {
                ProgramExit::Orderly => "exit",
                ProgramExit::Terminated => "terminate",
            };
            self.interpreter.exit(order, self.timeouts.stop).await
        })
    }

    fn end(&mut self) -> Work<'_, ()> {
        Box::pin(self.interpreter.stop(self.timeouts.stop))
    }
}
