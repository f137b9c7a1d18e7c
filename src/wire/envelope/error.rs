//! The reasons to refuse a response body. Does not cover errors of its pickle.

/// A body that is not `{"pickled": BASE64, "hmac": HEX}` with the right signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The body is longer than allowed.
    #[error("the body is larger than a response to this request can be, {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// Too much of the body is not payload.
    #[error("more than {limit} bytes of the body are neither payload nor signature")]
    TooMuchExtra {
        /// Bytes allowed.
        limit: usize,
    },
    /// An unknown key's value nests too deep.
    #[error("the body nests deeper than {limit} levels")]
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// Memory is not sufficient for the payload.
    #[error("no memory for a payload of {0} bytes")]
    Memory(usize),
    /// The body is not the JSON object it should be.
    #[error("byte {offset} of the body: expected {expected}")]
    Json {
        /// Where in the body.
        offset: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// The body ends inside the JSON object.
    #[error("the body ends after {0} bytes, inside its JSON object")]
    Truncated(usize),
    /// A key is missing.
    #[error("the body has no key {0:?}")]
    MissingKey(&'static str),
    /// A key occurs twice.
    #[error("the body has the key {0:?} twice")]
    DuplicateKey(&'static str),
    /// A key's value is not text.
    #[error("the value of {0:?} is not a string")]
    NotText(&'static str),
    /// The payload is not standard base64 with padding.
    #[error("byte {offset} of the body: the payload is not standard base64")]
    Base64 {
        /// Where in the body: the first foreign character, or misplaced padding within its group of four.
        offset: usize,
    },
    /// The payload is URL-safe base64.
    #[error("byte {offset} of the body: the payload is URL-safe base64; it must be standard base64 with padding")]
    Base64Url {
        /// Where in the body the first such character is.
        offset: usize,
    },
    /// The payload is base64 without its padding.
    #[error("byte {offset} of the body: the payload is base64 without padding (`=`), or cut off")]
    Base64Padding {
        /// Where in the body it ends.
        offset: usize,
    },
    /// The signature does not have 64 digits.
    #[error("the signature has {0} digits instead of 64")]
    SignatureLength(usize),
    /// The signature has other characters than hexadecimal digits.
    #[error("the signature is not hexadecimal")]
    SignatureDigits,
    /// The signature has capital digits, which Python's comparison refuses.
    #[error("the signature is in capitals instead of lowercase")]
    SignatureCase,
    /// The signature was made from this payload and key, but in a wrong way.
    #[error("the signature is {0}")]
    SignatureMistake(&'static str),
    /// The signature does not belong to this payload and key.
    #[error("the signature does not match: another key, or a payload changed on the way")]
    WrongSignature,
}
