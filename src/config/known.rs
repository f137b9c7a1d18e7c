//! `[[models.KEY.known]]` and `[[known]]`: defects that are known upstream. Reads them; what they explain is judged elsewhere.

use std::sync::Arc;

use super::{Located, TableReader};
use crate::prediction::known::{KnownDefect, days};

/// What entries are about.
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// The model in whose table they stand.
    OneModel,
    /// Any model, unless they name some.
    AnyModel,
}

/// Reads those of one model, or those outside of any model with the names of models in them, which are judged later, when all models
/// are known.
pub(super) fn read(outer: &mut TableReader<'_>, of: Of) -> (Vec<Arc<KnownDefect>>, Vec<Located<String>>) {
    let (mut defects, mut named) = (Vec::new(), Vec::new());
    for section in outer.sections("known") {
        let mut reader = outer.within(&section);
        let models = match of {
            Of::OneModel => None,
            Of::AnyModel => reader.located_texts("models"),
        };
        named.extend(models.iter().flatten().cloned());
        let models = models.map(|models| models.into_iter().map(|model| model.value).collect());
        let case = reader.required_text("case");
        let messages = reader.require("message").text_or_texts("message");
        let messages: Vec<String> = messages
            .map(super::OneOrMany::into_vec)
            .unwrap_or_default()
            .into_iter()
            .map(|message| message.value)
            .collect();
        if reader.has("message") && messages.iter().all(String::is_empty) {
            reader.reject(
                "message",
                "no message is expected",
                "expected words that the finding contains",
            );
        }
        let through = reader.text("through");
        let boileroom = reader.texts("boileroom");
        let reason = reader.required_text("reason");
        let link = reader.required_text("link");
        let expires_text = reader.require("expires").date("expires");
        let expires = expires_text.as_deref().and_then(days);
        if expires_text.is_some() && expires.is_none() {
            reader.reject("expires", "this is not a day", "expected a date such as 2027-06-30");
        }
        if let Some(case) = case.as_ref().filter(|case| !case.contains("::") && !case.contains('*')) {
            reader.reject(
                "case",
                format_args!("`{case}` is no case"),
                "expected `suite::case`, `*` for anything",
            );
        }
        reader.finish();
        if let (Some(case), Some(reason), Some(link), Some(expires), Some(expires_text)) =
            (case, reason, link, expires, expires_text)
        {
            defects.push(Arc::new(KnownDefect {
                case,
                messages,
                models,
                through,
                boileroom,
                reason,
                link,
                expires,
                expires_text,
                place: section.location().to_string(),
            }));
        }
    }
    (defects, named)
}
