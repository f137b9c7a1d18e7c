//! Raw responses of models, kept in files so that they can be judged again where no model runs. Stores what came over the
//! wire and gives it back as it was; decodes and judges nothing.
//!
//! A recording is one zip file for one response: `DIR/MODEL/HASH.zip`, where `HASH` names the call (model, configuration,
//! method, sequences, options). Further responses to an equal call are `HASH-2.zip` and so on, in the order in which they
//! came. A file holds `recording.json` (call, origin, response), the payload's pickle and its buffers where there are any,
//! and `SHA256SUMS` over all of them, which `sha256sum -c` understands.

mod file;
mod key;
mod reader;
mod writer;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use file::RecordingError;
pub use key::CallKey;
pub use reader::{Replayed, ResponseReader};
pub use writer::ResponseWriter;

/// What a model answered to a call, before anything of it is interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawResponse {
    /// A result: a pickle, and the buffers that it names where they did not go into its stream.
    Payload {
        /// The pickle.
        pickle: Bytes,
        /// Its buffers outside of the stream, in the order in which it names them.
        buffers: Vec<Bytes>,
    },
    /// A model server's answer of another status than 200.
    Status {
        /// The status.
        status: u16,
        /// Where it redirects to.
        location: Option<String>,
        /// The beginning of its body, without secrets.
        body: String,
    },
    /// An answer that came in no such form, such as an exception in a Python process or a body without a valid signature.
    Failure {
        /// The name of the fault that it counts as.
        fault: String,
        /// Whether it arose when the response was read, not in the call.
        decoding: bool,
        /// In the words of whoever noticed it.
        message: String,
        /// The class of the exception that the model raised, where it is known.
        exception: Option<String>,
    },
}

/// Where a recorded response comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseOrigin {
    /// The backend's name.
    pub backend: String,
    /// Its kind.
    pub kind: String,
    /// Which parameters stand behind the response.
    pub weights: String,
    /// The version of hydrotest that kept it.
    pub hydrotest: String,
}
