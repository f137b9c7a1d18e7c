//! The error that a model answers a wrong call or configuration with: a Python exception as data. Formats nothing else.

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
    /// A value of the right type that the model does not take.
    pub fn value(message: impl Into<String>) -> Self {
        Self::new("ValueError", message)
    }

    /// A value of the wrong type.
    pub fn wrong_type(message: impl Into<String>) -> Self {
        Self::new("TypeError", message)
    }

    /// Any other exception.
    pub fn new(exception: &'static str, message: impl Into<String>) -> Self {
        Self {
            exception,
            message: message.into(),
        }
    }

    /// A wrong type unless a condition holds.
    pub(super) fn unless(holds: bool, message: &str) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::wrong_type(message)) }
    }
}
