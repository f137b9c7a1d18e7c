//! The kind `replay`: answers calls with recorded responses, which it decodes like live ones. It starts nothing and cannot answer calls
//! that were not recorded.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::kind::{Creates, Kind, LaunchSpec, Overrides, Settings, WEIGHTS};
use super::requirement::Requirement;
use super::served::failure;
use super::{Backend, BackendError, Fault, Stage, Watch, Work, placeholders};
use crate::config::{BackendTable, Diagnostics, TableReader, interpolate};
use crate::prediction::{Contract, Options, Prediction, Request, largest_response};
use crate::wire::ResponseLimits;
use crate::wire::client::decode;
use crate::wire::responses::{CallKey, RawResponse, Replayed, ResponseOrigin, ResponseReader};

/// The row of this kind.
pub(crate) const KIND: Kind = Kind {
    // Equal calls are answered in the order in which they were recorded, so they must be made in the order of the plan.
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
    /// Read once for all instances, which share the order of responses to equal calls.
    reader: OnceLock<Result<Arc<ResponseReader>, BackendError>>,
}

fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    let mut reader = TableReader::new(&table.settings, diagnostics);
    let directory = reader.required_text("directory");
    let checked = directory.as_ref().map(|text| interpolate(text, &[], |_| Some(String::new())));
    if let Some(Err(error)) = checked {
        reader.reject("directory", error, "in this path");
    }
    reader.finish();
    Some(Arc::new(Replay { directory: directory?, weights: table.weights.clone(), reader: OnceLock::new() }))
}

impl Replay {
    fn reader(&self) -> Result<Arc<ResponseReader>, BackendError> {
        let open = || {
            let directory = PathBuf::from(placeholders::fill(&self.directory, &[])?);
            let reader = ResponseReader::open(&directory).map_err(BackendError::configuration)?;
            if reader.recorded() == 0 {
                let shown = directory.display();
                return Err(BackendError::configuration(format_args!("{shown} holds no recorded response")));
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
        let failed = |fault, message: String| Err(BackendError::new(Stage::Call, fault, message));
        let key = CallKey::new(&self.contract.key, &self.config, request);
        let reader = Arc::clone(&self.reader);
        match tokio::task::spawn_blocking(move || reader.next(&key)).await {
            Err(panic) => failed(Fault::Internal, format!("the reader stopped: {panic}")),
            Ok(Err(error)) => failed(Fault::Internal, error.to_string()),
            Ok(Ok(Replayed::Absent)) => failed(Fault::Unrecorded, "no recorded response".to_owned()),
            Ok(Ok(Replayed::Exhausted { recorded })) => failed(
                Fault::Unrecorded,
                format!("no recorded response: of equal calls, {recorded} were recorded and more are made"),
            ),
            Ok(Ok(Replayed::Response { origin, raw })) => {
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
        Err(BackendError::configuration(format_args!(
            "the responses are of weights `{recorded}`, and the backend is declared with weights `{stated}`; write \
             `weights = \"{recorded}\"` in its table"
        )))
    }
}

async fn read(raw: RawResponse, limits: &ResponseLimits) -> Result<Prediction, BackendError> {
    let RawResponse::Failure { fault, decoding, message, exception } = raw else {
        return decode(raw, limits).await.map_err(|error| failure::of(&error));
    };
    let Some(known) = Fault::RESPONSES.into_iter().find(|known| known.name() == fault) else {
        let message = format!("a recorded response states the fault {fault:?}, which no response has");
        return Err(BackendError::new(Stage::Call, Fault::Internal, message));
    };
    let stage = if decoding { Stage::Decode } else { Stage::Call };
    Err(BackendError { exception, ..BackendError::new(stage, known, message) })
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
