//! Rehearsals: scenes of the life cycle, played by the bridge on the hosted code's own backend in an interpreter of their
//! own. Hands over the scene and brings back what was wrong; judges nothing.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::hosting::Hosting;
use super::interpreter::Interpreter;
use super::settings::Timeouts;
use super::starting::raised_at_start;
use crate::backend::remark::Remark;
use crate::backend::resources::InstanceId;
use crate::backend::{BackendError, Fault, Scene, Stage};

/// What is called in a scene. Every model takes it.
const SEQUENCE: &str = "ACDEFGHIKL";
/// How long a call may take that has to fail.
const LONGEST_FAILURE: Duration = Duration::from_secs(120);

/// A scene may take as long as so many starts, as its instance says; with what a start has to spare there is time to say where it
/// hangs.
const STARTS: u32 = 4;

/// What the bridge says of a scene.
#[derive(Debug, Deserialize)]
struct Said {
    /// What was wrong.
    wrong: Vec<String>,
    /// What is worth knowing and no fault of the hosted code.
    notes: Vec<String>,
}

/// Plays a scene and says what was wrong in it. Leaves nothing, also when it is dropped half-way.
pub(super) async fn play(
    hosting: &Hosting,
    instance: &InstanceId,
    timeouts: Timeouts,
    scene: Scene,
) -> Result<Vec<String>, BackendError> {
    let mut interpreter = Interpreter::start(hosting, instance)?;
    let played = ask(&mut interpreter, hosting, timeouts, scene).await;
    let stopped = interpreter.stop(timeouts.stop).await;
    let said = played?;
    for note in said.notes {
        instance.remark(Remark::warning(scene.name(), note));
    }
    stopped.map(|()| said.wrong)
}

async fn ask(
    interpreter: &mut Interpreter,
    hosting: &Hosting,
    timeouts: Timeouts,
    scene: Scene,
) -> Result<Said, BackendError> {
    let channel = interpreter.connect(timeouts.start).await?;
    let mut order = hosting.order();
    order["do"] = "rehearse".into();
    order["scene"] = scene.name().into();
    order["sequences"] = SEQUENCE.into();
    order["patience"] = json!(timeouts.call.min(LONGEST_FAILURE).as_secs_f64());
    let limit = timeouts.start * STARTS;
    let Ok(answer) = tokio::time::timeout(limit, channel.order(order)).await else {
        interpreter.show_where(timeouts.spare).await;
        let (scene, seconds) = (scene.name(), limit.as_secs_f64());
        let message = format!("the scene {scene} took longer than {seconds} s; the log ends with where it was");
        return Err(BackendError::new(Stage::Call, Fault::Timeout, message).with_log(interpreter.log_tail()));
    };
    match answer {
        Ok(Ok(blobs)) => {
            let said = blobs.first().and_then(|blob| serde_json::from_slice::<Said>(blob).ok());
            said.ok_or_else(|| {
                let message = "what came of the scene is not as the bridge writes it";
                BackendError::new(Stage::Call, Fault::Protocol, message).with_log(interpreter.log_tail())
            })
        }
        Ok(Err(raised)) => Err(raised_at_start(interpreter, hosting, raised).await),
        Err(_) => Err(interpreter
            .lost(Stage::Call, &format!("in the scene {}", scene.name()))
            .await),
    }
}
