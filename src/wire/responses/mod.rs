//! Raw responses of models in files, so that they can be judged again without a model. Stores and returns responses unchanged. Does not
//! decode or judge them.
//!
//! A recording is one zip file for one response: `DIR/MODEL/HASH.zip`, where `HASH` names the call (model, configuration, method,
//! sequences, options). Further responses to an equal call are `HASH-2.zip` and so on, in order of arrival. A file holds
//! `recording.json` (call, origin, response), the pickle and buffers of a payload, and `SHA256SUMS` of all of them, which
//! `sha256sum -c` understands.

mod file;
mod reader;
mod recording;
mod writer;

pub(crate) use file::RecordingError;
pub(crate) use reader::{Replayed, ResponseReader};
pub use recording::{CallKey, RawResponse, ResponseOrigin};
pub use writer::ResponseWriter;
