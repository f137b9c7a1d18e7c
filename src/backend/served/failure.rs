//! What a failed exchange with a model server means for the stage it happened in. Translates; asks nobody.

use crate::backend::{BackendError, Fault, Stage};
use crate::wire::client::ClientError;
use crate::wire::envelope::EnvelopeError;

/// The error of a backend whose server could not be talked to.
pub(in crate::backend) fn of(error: &ClientError) -> BackendError {
    let (stage, fault) = match error {
        ClientError::Unusable(_) => (Stage::Configure, Fault::Misconfigured),
        ClientError::Unreachable { .. } | ClientError::Gateway { .. } => (Stage::Call, Fault::Unreachable),
        ClientError::Timeout { .. } => (Stage::Call, Fault::Timeout),
        ClientError::Dropped(_) => (Stage::Call, Fault::Died),
        ClientError::Refused(_) => (Stage::Call, Fault::Refused),
        ClientError::Schema(_) => (Stage::Call, Fault::Schema),
        ClientError::Protocol(_) => (Stage::Call, Fault::Protocol),
        ClientError::Envelope(error) => (Stage::Decode, envelope(error)),
        ClientError::Undecodable(error) => (Stage::Decode, Fault::of_payload(error)),
        ClientError::Internal(_) => (Stage::Call, Fault::Internal),
    };
    BackendError::new(stage, fault, error.to_string())
}

fn envelope(error: &EnvelopeError) -> Fault {
    match error {
        EnvelopeError::WrongSignature
        | EnvelopeError::SignatureCase
        | EnvelopeError::SignatureDigits
        | EnvelopeError::SignatureLength(_)
        | EnvelopeError::MissingKey("hmac") => Fault::Signature,
        EnvelopeError::Memory(_) => Fault::Internal,
        _ => Fault::Protocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Blame;
    use crate::wire::pickle::{PickleError, PickleFault};

    #[test]
    fn a_response_without_or_with_a_wrong_signature_is_a_fault_of_its_own() {
        let fault = |error: EnvelopeError| of(&error.into()).fault;
        assert_eq!(fault(EnvelopeError::WrongSignature), Fault::Signature);
        assert_eq!(fault(EnvelopeError::MissingKey("hmac")), Fault::Signature);
        assert_eq!(fault(EnvelopeError::MissingKey("pickled")), Fault::Protocol);
        assert_eq!(fault(EnvelopeError::Truncated(3)), Fault::Protocol);
    }

    #[test]
    fn the_words_of_the_model_are_the_message() {
        let error = of(&ClientError::Refused("Invalid amino acid(s)".into()));
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Refused));
        assert_eq!(error.message, "Invalid amino acid(s)");
    }

    #[test]
    fn a_form_that_we_do_not_read_is_our_own_fault() {
        let error = |fault| {
            of(&ClientError::Undecodable(PickleError {
                offset: 1,
                opcode: "REDUCE",
                fault,
            }))
        };
        let unread = error(PickleFault::Unsupported("datetime.datetime".into()));
        assert_eq!((unread.stage, unread.fault), (Stage::Decode, Fault::Unsupported));
        assert_eq!(unread.blame(), Blame::Harness);
        assert!(
            unread.message.ends_with("hydrotest cannot read datetime.datetime"),
            "{unread}"
        );
        let refused = error(PickleFault::Call("os.system".into()));
        assert_eq!((refused.fault, refused.blame()), (Fault::Undecodable, Blame::Backend));
    }
}
