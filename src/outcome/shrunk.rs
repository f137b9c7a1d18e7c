//! What came of the search for a shorter input on which a case still fails. Plain data.

use crate::check::Finding;
use crate::prediction::{Input, Options, Request};

/// What came of the search for one case.
#[derive(Debug, Clone)]
pub(crate) enum Shrinking {
    /// The failure was seen again, and its input made as short as the calls allowed.
    Shrunk(Box<ShrunkCase>),
    /// It was not looked for, or not seen again, for this reason.
    LeftOut(String),
}

/// The shortest input on which a case was seen to fail in the same way.
#[derive(Debug, Clone)]
pub(crate) struct ShrunkCase {
    /// The input of the case's call.
    pub(crate) before: Input,
    /// The options of the case's call.
    pub(crate) options_before: Options,
    /// The call that fails now.
    pub(crate) request: Request,
    /// What its instance is configured with.
    pub(crate) config: Options,
    /// How it fails.
    pub(crate) finding: Finding,
    /// Calls that were made.
    pub(crate) calls: usize,
    /// Why the search ended before its end.
    pub(crate) cut_short: Option<String>,
    /// The other calls of the case that it takes.
    pub(crate) others: Vec<String>,
    /// Whether it failed in the same way on an instance that had been asked nothing before; `None` when that was not tried.
    pub(crate) is_repeated: Option<bool>,
    /// What the platform left or complained of.
    pub(crate) notes: Vec<String>,
}

impl ShrunkCase {
    /// Whether nothing shorter was found.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.before == self.request.input && self.options_before == self.request.options
    }

    /// The options that it does without.
    pub(crate) fn removed_options(&self) -> Vec<&str> {
        let removed = self.options_before.keys();
        let removed = removed.filter(|name| !self.request.options.contains_key(*name));
        removed.map(String::as_str).collect()
    }
}
