//! The kind `reference`: the embedded synthetic models, in this process. The yardstick of the suites; it starts nothing.

use std::sync::Arc;

use super::kind::{Creates, Kind, LaunchSpec, Overrides, Settings};
use super::requirement::Requirement;
use super::{Backend, BackendError, Fault, Stage, Watch, Work};
use crate::config::{BackendTable, Diagnostics, TableReader};
use crate::prediction::{Contract, Options, Prediction, Request};
use crate::reference::{ReferenceModel, Refusal, WEIGHTS};

/// The row of this kind.
pub const KIND: Kind = Kind {
    weights: Some(WEIGHTS),
    calls_per_instance: usize::MAX,
    ..Kind::new(
        "reference",
        "the embedded synthetic models, in this process",
        Creates::Objects,
        configure,
    )
};

#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature of every kind; this one has no setting to get wrong"
)]
fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    TableReader::new(&table.settings, diagnostics).finish();
    Some(Arc::new(Embedded))
}

struct Embedded;

impl Settings for Embedded {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        Ok(Box::new(Reference {
            contract: Arc::clone(&launch.contract),
            config: launch.config.clone(),
            model: None,
        }))
    }

    fn examine<'a>(&'a self, _: &'a [Arc<Contract>], _: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        Box::pin(async { vec![Requirement::met("models", "embedded: nothing else is needed")] })
    }
}

struct Reference {
    contract: Arc<Contract>,
    config: Options,
    model: Option<Arc<ReferenceModel>>,
}

impl Backend for Reference {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            let model = ReferenceModel::load(Arc::clone(&self.contract), self.config.clone())
                .map_err(|refusal| refused(Stage::Ready, refusal))?;
            self.model = Some(Arc::new(model));
            Ok(())
        })
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        self.model = None;
        Box::pin(async { Ok(()) })
    }

    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(async {
            let Some(model) = &self.model else {
                return Err(BackendError::new(
                    Stage::Call,
                    Fault::NotRunning,
                    "the model is not loaded",
                ));
            };
            let model = Arc::clone(model);
            let request = request.clone();
            // The arithmetic takes milliseconds; on the blocking pool a deadline can still fire.
            match tokio::task::spawn_blocking(move || model.predict(&request)).await {
                Ok(result) => result.map_err(|refusal| refused(Stage::Call, refusal)),
                Err(panic) => Err(BackendError::new(
                    Stage::Call,
                    Fault::Internal,
                    format!("the model panicked: {panic}"),
                )),
            }
        })
    }
}

fn refused(stage: Stage, refusal: Refusal) -> BackendError {
    BackendError::new(stage, Fault::Refused, refusal.message).with_exception(refusal.exception)
}
