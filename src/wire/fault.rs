//! Every way a response can fail on its way to a prediction, as one type. Texts are fragments; decides nothing.

use super::envelope::EnvelopeError;
use super::pickle::{EncodeError, PickleError};

/// Why bytes did not become a prediction, or a prediction bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The body is no signed envelope, or not signed by who it should be.
    #[error("refused the envelope: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The signed payload is not plain data, or broken.
    #[error("refused the payload: {0}")]
    Pickle(#[from] PickleError),
    /// A value has no form on the wire.
    #[error("cannot write the prediction: {0}")]
    Encode(#[from] EncodeError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::pickle::PickleFault;

    #[test]
    fn a_message_names_the_stage_the_place_and_the_reason() {
        let error = PickleError {
            offset: 17,
            opcode: "REDUCE",
            fault: PickleFault::Call("os.system".into()),
        };
        assert_eq!(
            WireError::from(error).to_string(),
            "refused the payload: pickle byte 17 (REDUCE): refused to call os.system"
        );
    }
}
