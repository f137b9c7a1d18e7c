//! Reports: one file per format. A report makes text from given results. It does not judge, print or write files.

pub(crate) mod compare;
pub(crate) mod conclusion;
pub(crate) mod console;
pub(crate) mod difference;
pub(crate) mod doctor;
pub(crate) mod failures;
pub(crate) mod format;
mod github;
mod html;
mod junit;
mod markdown;
pub(crate) mod matrix;
pub(crate) mod mutants;
pub(crate) mod shrink;
mod tap;
pub(crate) mod trend;
mod words;
