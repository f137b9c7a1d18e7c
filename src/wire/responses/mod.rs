//! Raw responses of models, kept in files so that they can be judged again where no model runs. Stores what came over the
//! wire and gives it back as it was; decodes and judges nothing.
//!
//! A recording is one zip file for one response: `DIR/MODEL/HASH.zip`, where `HASH` names the call (model, configuration,
//! method, sequences, options). Further responses to an equal call are `HASH-2.zip` and so on, in the order in which they
//! came. A file holds `recording.json` (call, origin, response), the payload's pickle and its buffers where there are any,
//! and `SHA256SUMS` over all of them, which `sha256sum -c` understands.

mod file;
mod reader;
mod recording;
mod writer;

pub(crate) use file::RecordingError;
pub(crate) use reader::{Replayed, ResponseReader};
pub use recording::{CallKey, RawResponse, ResponseOrigin};
pub use writer::ResponseWriter;
