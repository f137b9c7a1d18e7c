//! The declared world: backends, models and suites, read from TOML with the place of every word.
//!
//! Reads and validates; opens nothing, starts nothing and prints nothing. All mistakes of a file are found at once.

mod diagnostic;
mod duration;
mod json;
mod reader;
mod section;
mod source;
mod suggestion;
mod typed;

pub use diagnostic::{Diagnostic, Diagnostics, Style};
pub use reader::Reader;
pub use section::Section;
pub use source::{Location, Source};
pub use suggestion::suggest;
pub use typed::{Located, OneOrMany};
