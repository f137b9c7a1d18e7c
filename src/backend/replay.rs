//! The kind `replay`: answers with responses that were recorded before, through the reader of every live response. Starts
//! nothing; what was not recorded it cannot answer.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::kind::{Creates, Kind, LaunchSpec, Overrides, Settings, WEIGHTS};
use super::requirement::Requirement;
use super::served::failure;
use super::{Backend, BackendError, Fault, Stage, Watch, Work};
use crate::config::{BackendTable, Diagnostics, TableReader, interpolate};
use crate::prediction::{Contract, Options, Prediction, Request, largest_response};
use crate::wire::ResponseLimits;
use crate::wire::client::decode;
use crate::wire::responses::{CallKey, RawResponse, RecordingError, Replayed, ResponseOrigin, ResponseReader};

/// The row of this kind.
pub(crate) const KIND: Kind = Kind {
    // Equal calls are answered in the order in which they were recorded, so that order has to be that of the plan.
    calls_per_instance: 1,
    template: r#"# Where `--keep-responses` has put the responses of another backend.
directory = "responses"
# Which parameters stand behind them: what that backend's table says.
# weights = "published"
"#,
    ..Kind::new(
        "replay",
        "responses that `--keep-responses` recorded, judged again without the model",
        Creates::Nothing,
        configure,
    )
};

struct Replay {
    directory: String,
    weights: Option<String>,
    /// Looked through once for all instances, which share the order of responses to equal calls.
    reader: Arc<OnceLock<Result<Arc<ResponseReader>, BackendError>>>,
}

fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    let mut reader = TableReader::new(&table.settings, diagnostics);
    let directory = reader.required_text("directory");
    let checked = directory.as_ref().map(|text| interpolate(text, &[], |_| Some(String::new())));
    if let Some(Err(error)) = checked {
        reader.reject("directory", error, "in this path");
    }
    reader.finish();
    Some(Arc::new(Replay { directory: directory?, weights: table.weights.clone(), reader: Arc::default() }))
}

impl Replay {
    fn reader(&self) -> Result<Arc<ResponseReader>, BackendError> {
        let open = || {
            let unusable = |message: String| BackendError::new(Stage::Configure, Fault::Misconfigured, message);
            let directory = interpolate(&self.directory, &[], |name| std::env::var(name).ok());
            let directory = PathBuf::from(directory.map_err(|error| unusable(error.to_string()))?);
            let reader = ResponseReader::open(&directory).map_err(|error| unusable(error.to_string()))?;
            if reader.recorded() == 0 {
                let shown = directory.display();
                return Err(unusable(format!("{shown} holds no recorded response")));
            }
            Ok(Arc::new(reader))
        };
        self.reader.get_or_init(open).clone()
    }
}

impl Settings for Replay {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        Ok(Box::new(Recorded {
            reader: self.reader()?,
            weights: self.weights.clone(),
            contract: Arc::clone(&launch.contract),
            config: launch.config.clone(),
        }))
    }

    fn examine<'a>(&'a self, _: &'a [Arc<Contract>], _: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        Box::pin(async {
            vec![match self.reader() {
                Ok(reader) => Requirement::met("responses", format!("{} are recorded", reader.recorded())),
                Err(error) => Requirement::unset(&error),
            }]
        })
    }
}

/// The recorded responses of one model with one configuration.
struct Recorded {
    reader: Arc<ResponseReader>,
    weights: Option<String>,
    contract: Arc<Contract>,
    config: Options,
}

impl Recorded {
    async fn answer(&self, request: &Request) -> Result<Prediction, BackendError> {
        let key = CallKey::new(&self.contract.key, &self.config, request);
        let reader = Arc::clone(&self.reader);
        let found = tokio::task::spawn_blocking(move || reader.next(&key)).await;
        let found = found.map_err(|panic| broken(format!("the reader stopped: {panic}")))?;
        let unrecorded = |message: String| BackendError::new(Stage::Call, Fault::Unrecorded, message);
        match found.map_err(|error: RecordingError| broken(error.to_string()))? {
            Replayed::Absent => Err(unrecorded("no recorded response".to_owned())),
            Replayed::Exhausted { recorded } => Err(unrecorded(format!(
                "no recorded response: of equal calls, {recorded} were recorded and more are made"
            ))),
            Replayed::Response { origin, raw } => {
                self.check_weights(&origin)?;
                let largest = largest_response(&self.contract, request, &self.config);
                read(raw, &ResponseLimits::for_fields(largest)).await
            }
        }
    }

    /// Results of other weights are compared with other references.
    fn check_weights(&self, origin: &ResponseOrigin) -> Result<(), BackendError> {
        let stated = self.weights.as_deref().unwrap_or(WEIGHTS);
        let recorded = &origin.weights;
        if recorded == stated {
            return Ok(());
        }
        let message = format!(
            "the responses are of weights `{recorded}`, and the backend is declared with weights `{stated}`; write \
             `weights = \"{recorded}\"` in its table"
        );
        Err(BackendError::new(Stage::Configure, Fault::Misconfigured, message))
    }
}

fn broken(message: String) -> BackendError {
    BackendError::new(Stage::Call, Fault::Internal, message)
}

async fn read(raw: RawResponse, limits: &ResponseLimits) -> Result<Prediction, BackendError> {
    let RawResponse::Failure { fault, decoding, message, exception } = raw else {
        return decode(raw, limits).await.map_err(|error| failure::of(&error));
    };
    let known = Fault::RESPONSES.into_iter().find(|known| known.name() == fault);
    let Some(known) = known else {
        return Err(broken(format!("a recorded response states the fault {fault:?}, which no response has")));
    };
    let stage = if decoding { Stage::Decode } else { Stage::Call };
    let error = BackendError::new(stage, known, message);
    Err(BackendError { exception, ..error })
}

impl Backend for Recorded {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(self.answer(request))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::prediction::Input;
    use crate::wire::responses::ResponseWriter;

    /// A pickle of one text of so many bytes.
    fn text(length: usize) -> bytes::Bytes {
        let mut pickle = b"\x80\x02X".to_vec();
        pickle.extend_from_slice(&(length as u32).to_le_bytes());
        pickle.resize(pickle.len() + length, b'a');
        pickle.push(b'.');
        pickle.into()
    }

    #[tokio::test]
    async fn a_recorded_response_is_read_within_the_bounds_of_its_request() {
        let config = crate::config::Config::built_in().unwrap();
        let contract = Arc::clone(config.model("esm2").unwrap());
        let request = Request {
            method: contract.method,
            input: Input::One("ACD".into()),
            options: json!({}).as_object().unwrap().clone(),
        };
        let home = tempfile::tempdir().unwrap();
        let origin = ResponseOrigin {
            backend: "live".into(),
            kind: "process".into(),
            weights: "published".into(),
            hydrotest: "0".into(),
        };
        let writer = ResponseWriter::create(home.path(), origin).unwrap();
        let key = CallKey::new(&contract.key, &Options::new(), &request);
        for length in [1 << 10, 40 << 20] {
            let raw = RawResponse::Payload { pickle: text(length), buffers: Vec::new() };
            writer.keep(&key, &raw);
        }
        assert_eq!(writer.failures(), Vec::<String>::new());
        let backend = Recorded {
            reader: Arc::new(ResponseReader::open(home.path()).unwrap()),
            weights: Some("published".into()),
            contract,
            config: Options::new(),
        };
        let short = backend.answer(&request).await.unwrap_err();
        insta::assert_snapshot!(short.message, @"the payload cannot be read as data: pickle byte 1031 (STOP): the result is a str of 1024 characters, not a prediction");
        // A live server would not have been read so far, either.
        let long = backend.answer(&request).await.unwrap_err();
        assert_eq!((long.stage, long.fault), (Stage::Decode, Fault::Undecodable), "{long}");
        assert!(!long.message.contains("not a prediction"), "{long}");
    }
}
