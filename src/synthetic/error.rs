//! The error of an embedded model: the exception that boileroom raises in its place. Holds class and message. Does not write
//! the messages.

/// A Python exception: its class and its message, without a traceback.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{exception}: {message}")]
pub struct ModelError {
    /// Name of the exception class, such as `ValueError`.
    pub exception: &'static str,
    /// What `str(exception)` gives.
    pub message: String,
}

impl ModelError {
    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new("ValueError", message)
    }

    pub(crate) fn wrong_type(message: impl Into<String>) -> Self {
        Self::new("TypeError", message)
    }

    pub(crate) fn new(exception: &'static str, message: impl Into<String>) -> Self {
        Self { exception, message: message.into() }
    }
}
