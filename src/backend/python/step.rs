//! The steps in which hosted Python starts. Data only.

use serde::Deserialize;

/// A step of the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Step {
    /// A class is imported.
    Import,
    /// An object of it is made.
    Build,
    /// It is started.
    Start,
}
