//! Translates failed exchanges with a model server into errors of backends. It does not make or repeat an exchange.

use crate::backend::{BackendError, Fault, Stage, device};
use crate::wire::Secret;
use crate::wire::client::{ClientError, Declined, ModelClient};
use crate::wire::envelope::EnvelopeError;

/// The line with which a Python traceback begins.
const TRACEBACK: &str = "Traceback (most recent call last):";

/// The error of a failed exchange.
pub(crate) fn of(error: &ClientError) -> BackendError {
    if let ClientError::Refused(message) = error
        && let Some((fault, advice)) = device::of_words(message)
    {
        return BackendError::new(Stage::Call, fault, format!("{message}\n{advice}"));
    }
    let (stage, fault) = match error {
        ClientError::Unusable(_) => (Stage::Configure, Fault::Misconfigured),
        ClientError::Unreachable { .. } => (Stage::Call, Fault::Unreachable),
        ClientError::Declined { status, .. } => (Stage::Call, declined(status.declined)),
        ClientError::NoModelServer(_) => (Stage::Ready, Fault::Protocol),
        ClientError::Timeout { .. } => (Stage::Call, Fault::Timeout),
        ClientError::Dropped(_) => (Stage::Call, Fault::Died),
        ClientError::Refused(_) => (Stage::Call, Fault::Refused),
        ClientError::Schema(_) => (Stage::Call, Fault::Schema),
        ClientError::OddStatus { .. } | ClientError::Protocol(_) => (Stage::Call, Fault::Protocol),
        ClientError::Envelope(error) => (Stage::Decode, envelope(error)),
        ClientError::Undecodable(error) => (Stage::Decode, Fault::of_payload(error)),
        ClientError::Internal(_) => (Stage::Call, Fault::Internal),
    };
    BackendError::new(stage, fault, error.to_string())
}

/// The error of a failed exchange of a client, whose secret may be the wrong one.
pub(crate) fn of_exchange(client: &ModelClient, error: &ClientError) -> BackendError {
    other_secret(client.secret(), error).unwrap_or_else(|| of(error))
}

/// The error of a server that signs with another secret than the user gave, which is a mistake of the configuration. `None` for any other
/// error, and for a secret that the server got from hydrotest.
pub(super) fn other_secret(secret: &Secret, error: &ClientError) -> Option<BackendError> {
    let is_other = matches!(error, ClientError::Envelope(EnvelopeError::WrongSignature));
    let variable = secret.variable().filter(|_| is_other)?;
    Some(BackendError::configuration(format_args!(
        "the server signs with another secret than the environment variable {variable} holds: set it to the server's own {}",
        Secret::VARIABLE
    )))
}

/// The error of a failed call, with advice for the author of a port.
pub(super) fn explained(error: &ClientError) -> BackendError {
    let mut explained = of(error);
    if let Some(advice) = advice(error) {
        explained.message.push('\n');
        explained.message.push_str(advice);
    }
    explained
}

/// What the protocol expects instead of a wrong response.
const fn advice(error: &ClientError) -> Option<&'static str> {
    match error {
        ClientError::OddStatus { status: 404 | 405, .. } => {
            Some("a model server answers `POST /embed` or `POST /fold`, whichever its model has")
        }
        ClientError::OddStatus { .. } => Some(
            "an exception of the model is answered as {\"detail\": MESSAGE}; the server's own log says what was raised here",
        ),
        ClientError::Schema(_) => Some(
            "the body of a request is {\"sequences\": …, \"options\": {…} or null}, with `sequences` as the case has them",
        ),
        ClientError::Undecodable(_) => {
            Some("the payload is the pickle of an object of the model's output class, as boileroom's server sends it")
        }
        ClientError::Envelope(EnvelopeError::WrongSignature | EnvelopeError::SignatureMistake(_)) => None,
        ClientError::Envelope(_) => Some(
            "a response is {\"pickled\": BASE64, \"hmac\": HEX}, the HMAC-SHA256 of the pickle's bytes by the secret",
        ),
        _ => None,
    }
}

/// The error of a start that an exception of the server ended: the exception first, then the log.
pub(super) fn with_cause(mut error: BackendError, log: Vec<String>) -> BackendError {
    if let Some(exception) = last_exception(&log) {
        error.message = format!("{}: {exception}", error.message);
        if let Some((Fault::OutOfMemory, advice)) = device::of_words(exception) {
            error.fault = Fault::OutOfMemory;
            error.message = format!("{}\n{advice}", error.message);
        }
    }
    error.with_log(log)
}

/// The class and the message of the last exception whose traceback is in a log.
fn last_exception(log: &[String]) -> Option<&str> {
    let begin = log.iter().rposition(|line| line.trim() == TRACEBACK)?;
    // Frames are indented. The first line that is not indented is the exception.
    let mut lines = log[begin + 1..].iter();
    Some(lines.find(|line| !line.starts_with([' ', '\t']) && !line.trim().is_empty())?.trim_end())
}

/// The fault of a call that was declined.
pub(in crate::backend) const fn declined(how: Declined) -> Fault {
    match how {
        Declined::Credentials => Fault::Denied,
        Declined::Size => Fault::TooLarge,
        Declined::Slowness => Fault::Timeout,
        Declined::Load => Fault::Busy,
        Declined::Absence => Fault::Unreachable,
    }
}

fn envelope(error: &EnvelopeError) -> Fault {
    match error {
        EnvelopeError::WrongSignature
        | EnvelopeError::SignatureMistake(_)
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
    use crate::backend::Responsible;
    use crate::wire::client::DeclineStatus;
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
    fn a_secret_that_the_user_gave_may_be_the_wrong_one() {
        let secret = Secret::new("k").unwrap();
        let wrong = ClientError::Envelope(EnvelopeError::WrongSignature);
        assert_eq!(other_secret(&secret, &wrong), None, "the server got this one from hydrotest");
        let given = secret.given_in("LAB_SECRET");
        let error = other_secret(&given, &wrong).unwrap();
        assert_eq!((error.responsible(), error.fault.is_response()), (Responsible::Settings, false));
        assert!(error.message.contains("LAB_SECRET holds"), "{}", error.message);
        assert_eq!(other_secret(&given, &EnvelopeError::SignatureCase.into()), None);
    }

    #[test]
    fn each_status_has_an_owner() {
        let owner = |code| {
            let status = DeclineStatus::of(code).unwrap();
            let declined = ClientError::Declined { status, text: String::new(), retry_after: None };
            of(&declined).responsible()
        };
        for code in [401, 403, 407, 413] {
            assert_eq!(owner(code), Responsible::Settings, "{code}");
        }
        for code in [408, 425, 429, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530] {
            assert_eq!(owner(code), Responsible::Platform, "{code}");
        }
    }

    #[test]
    fn a_start_tells_the_exception_that_ended_it_first() {
        let log = |exception: &str| vec!["Traceback (most recent call last):".to_owned(), exception.to_owned()];
        let died =
            || BackendError::new(Stage::Ready, Fault::Died, "the server exited with status 3 before it was ready");
        let error = with_cause(died(), log("ValueError: no such model"));
        insta::assert_snapshot!(error.message, @"the server exited with status 3 before it was ready: ValueError: no such model");
        assert_eq!((error.fault, error.log_tail.len()), (Fault::Died, 2));
        let error = with_cause(died(), log("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate"));
        assert_eq!(error.fault, Fault::OutOfMemory);
        insta::assert_snapshot!(error.message, @"
        the server exited with status 3 before it was ready: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate
        the memory of the device or the machine is too small: use a bigger GPU or machine, a smaller model (`model_name`), or fewer instances on one
        ");
        assert_eq!(with_cause(died(), vec!["bye".to_owned()]).message, died().message);
    }

    #[test]
    fn words_about_the_device_are_no_refusal() {
        let refused = |words: &str| of(&ClientError::Refused(words.into()));
        let memory = refused("CUDA out of memory. Tried to allocate 2.00 GiB");
        assert_eq!((memory.fault, memory.responsible()), (Fault::OutOfMemory, Responsible::Platform));
        insta::assert_snapshot!(memory.message, @"
        CUDA out of memory. Tried to allocate 2.00 GiB
        the memory of the device or the machine is too small: use a bigger GPU or machine, a smaller model (`model_name`), or fewer instances on one
        ");
        let memory = refused("Unable to allocate 12.0 GiB for an array with shape (3221225472,)");
        assert_eq!((memory.fault, memory.responsible()), (Fault::OutOfMemory, Responsible::Platform));
        let poisoned = refused("CUDA error: device-side assert triggered");
        assert_eq!((poisoned.fault, poisoned.responsible()), (Fault::Poisoned, Responsible::Backend));
        assert!(!poisoned.fault.leaves_usable());
        let broken = refused("CUDA error: uncorrectable ECC error encountered");
        assert_eq!((broken.fault, broken.responsible()), (Fault::Unreachable, Responsible::Platform));
        assert!(!broken.fault.leaves_usable() && !broken.is_crash());
    }

    #[test]
    fn the_words_of_the_model_are_the_message() {
        let error = of(&ClientError::Refused("Invalid amino acid(s)".into()));
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Refused));
        insta::assert_snapshot!(error.message, @"Invalid amino acid(s)");
    }

    #[test]
    fn a_form_that_we_do_not_read_is_our_own_fault() {
        let error = |fault| of(&ClientError::Undecodable(PickleError { offset: 1, opcode: "REDUCE", fault }));
        let unread = error(PickleFault::Unsupported("datetime.datetime".into()));
        assert_eq!((unread.stage, unread.fault), (Stage::Decode, Fault::Unsupported));
        assert_eq!(unread.responsible(), Responsible::Harness);
        insta::assert_snapshot!(unread.message, @"the payload cannot be read as data: pickle byte 1 (REDUCE): hydrotest cannot read datetime.datetime");
        let refused = error(PickleFault::Call("os.system".into()));
        assert_eq!((refused.fault, refused.responsible()), (Fault::Undecodable, Responsible::Backend));
    }

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_last_exception_is_found_among_other_lines() {
        let log = lines(
            "loading\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    f()\nKeyError: 'a'\n\n\
             During handling of the above exception, another exception occurred:\n\n\
             Traceback (most recent call last):\n  File \"b.py\", line 2\n\nValueError: Unsupported model: nope\nbye",
        );
        assert_eq!(last_exception(&log), Some("ValueError: Unsupported model: nope"));
    }

    #[test]
    fn a_log_without_an_exception_has_none() {
        assert_eq!(last_exception(&lines("Error: no such file\nbye")), None);
        assert_eq!(last_exception(&lines("Traceback (most recent call last):\n  File \"a.py\"")), None);
        assert_eq!(last_exception(&[]), None);
    }
}
