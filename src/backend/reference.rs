//! The kind `reference`: serves the embedded synthetic models in this process. It starts nothing and does not judge.

use std::sync::Arc;

use super::kind::{Creates, Kind, LaunchSpec, Overrides, Settings};
use super::requirement::Requirement;
use super::{Backend, BackendError, Fault, Stage, Watch, Work};
use crate::config::{BackendTable, Diagnostics, TableReader};
use crate::prediction::{Contract, Input, Options, Prediction, Request};
use crate::synthetic::{ModelError, SyntheticModel, WEIGHTS};

/// Inputs of up to this many letters are predicted in microseconds, which is faster than handing them to another thread.
const AT_ONCE: usize = 32;

/// The row of this kind.
pub(crate) const KIND: Kind = Kind {
    weights: Some(WEIGHTS),
    calls_per_instance: usize::MAX,
    ..Kind::new("reference", "the embedded synthetic models, in this process", Creates::Objects, configure)
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every kind; this one has no setting to get wrong")]
fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    TableReader::new(&table.settings, diagnostics).finish();
    Some(Arc::new(EmbeddedSettings))
}

struct EmbeddedSettings;

impl Settings for EmbeddedSettings {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        let contract = Arc::clone(&launch.contract);
        Ok(Box::new(EmbeddedBackend { contract, config: launch.config.clone(), model: None }))
    }

    fn examine<'a>(&'a self, _: &'a [Arc<Contract>], _: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        Box::pin(async { vec![Requirement::met("models", "embedded: nothing else is needed")] })
    }
}

struct EmbeddedBackend {
    contract: Arc<Contract>,
    config: Options,
    model: Option<Arc<SyntheticModel>>,
}

impl Backend for EmbeddedBackend {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            let model = SyntheticModel::load(Arc::clone(&self.contract), self.config.clone());
            self.model = Some(Arc::new(model.map_err(|error| refused(Stage::Ready, error))?));
            Ok(())
        })
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        self.model = None;
        Box::pin(async { Ok(()) })
    }

    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(async {
            let Some(model) = self.model.clone() else {
                return Err(BackendError::new(Stage::Call, Fault::NotRunning, "the model is not loaded"));
            };
            let result = if is_short(&request.input) {
                model.predict(request)
            } else {
                let request = request.clone();
                // The computation takes milliseconds; on the blocking pool a deadline can still fire.
                tokio::task::spawn_blocking(move || model.predict(&request)).await.map_err(|panic| {
                    BackendError::new(Stage::Call, Fault::Internal, format!("the model panicked: {panic}"))
                })?
            };
            result.map_err(|error| refused(Stage::Call, error))
        })
    }
}

fn is_short(input: &Input) -> bool {
    (1..=AT_ONCE).contains(&input.strings().iter().map(String::len).sum())
}

fn refused(stage: Stage, error: ModelError) -> BackendError {
    BackendError::new(stage, Fault::Refused, error.message).with_exception(error.exception)
}
