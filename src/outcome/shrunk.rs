//! The result of a search for a shorter input on which a case still fails, as plain data. Does not search.

use crate::check::Finding;
use crate::prediction::{Input, Options, Request};

/// The result of the search for one case.
#[derive(Debug, Clone)]
pub(crate) enum Shrinking {
    /// The failure was seen again, and its input made as short as the calls allowed.
    Shrunk(Box<ShrunkCase>),
    /// The case was not searched, or its failure was not seen again, for this reason.
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
    /// The configuration of its instance.
    pub(crate) config: Options,
    /// Its failure.
    pub(crate) finding: Finding,
    /// The number of calls that were made.
    pub(crate) calls: usize,
    /// Why the search ended early.
    pub(crate) cut_short: Option<String>,
    /// The other calls of the case that the failure needs.
    pub(crate) others: Vec<String>,
    /// Whether it failed in the same way on a fresh instance; `None` if that was not tried.
    pub(crate) is_repeated: Option<bool>,
    /// Leaks and warnings of the platform.
    pub(crate) notes: Vec<String>,
}

impl ShrunkCase {
    /// Whether nothing shorter was found.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.before == self.request.input && self.options_before == self.request.options
    }

    /// The options that the failure does not need.
    pub(crate) fn removed_options(&self) -> Vec<&str> {
        let names = self.options_before.keys().map(String::as_str);
        names.filter(|name| !self.request.options.contains_key(*name)).collect()
    }
}
