//! `[[models.KEY.known]]` and `[[known]]`: defects that are known upstream, and failures that a site knows of. Reads them; what they
//! explain is judged elsewhere.

use std::path::Path;
use std::sync::Arc;

use super::{BackendTable, Diagnostic, Diagnostics, Located, Section, Source, TableReader};
use crate::prediction::known::{KnownCourse, KnownDefect, KnownOrigin, days};

/// What entries are about.
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// The model in whose table they stand.
    OneModel,
    /// Any model, unless they name some.
    AnyModel,
    /// One backend: they stand in the file of its site.
    Site,
}

impl BackendTable {
    /// Reads the file of failures that are known of this backend, which lies where its table says, seen from the configuration.
    pub(crate) fn load_known_failures(&mut self, configuration: &Path, diagnostics: &mut Diagnostics) {
        let Some(named) = &self.known_failures else { return };
        let path = configuration.parent().unwrap_or(Path::new("")).join(&named.value);
        if !path.is_file() {
            let message = format!("there is no file {}", path.display());
            let diagnostic = Diagnostic::at(named.location.clone(), message);
            diagnostics.push(diagnostic.with_help("an empty file lists no known failure"));
            return;
        }
        match Source::read(&path) {
            Ok(source) => self.known = read_site(&source, diagnostics),
            Err(wrong) => diagnostics.append(wrong),
        }
    }
}

/// The entries of a site's file.
pub(super) fn read_site(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Vec<Arc<KnownDefect>> {
    let mut syntax = Diagnostics::new();
    let root = Section::parse(source, &mut syntax);
    if !syntax.is_empty() {
        diagnostics.append(syntax);
        return Vec::new();
    }
    let mut reader = TableReader::new(&root, diagnostics);
    let (known, _) = read(&mut reader, Of::Site);
    reader.finish();
    known
}

/// Reads those of one model, or those outside of any model with the names of models in them, which are judged later, when all models
/// are known.
pub(super) fn read(outer: &mut TableReader<'_>, of: Of) -> (Vec<Arc<KnownDefect>>, Vec<Located<String>>) {
    let (mut defects, mut named) = (Vec::new(), Vec::new());
    for section in outer.sections("known") {
        let mut reader = outer.within(&section);
        let models = match of {
            Of::OneModel | Of::Site => None,
            Of::AnyModel => reader.located_texts("models"),
        };
        named.extend(models.iter().flatten().cloned());
        let models = models.map(|models| models.into_iter().map(|model| model.value).collect());
        let case = reader.required_text("case");
        let course = match of {
            Of::Site if reader.flag("flaky") == Some(true) => KnownCourse::Flaky,
            _ => KnownCourse::Always,
        };
        if course == KnownCourse::Always {
            reader.require("message");
        }
        let messages = reader.text_or_texts("message");
        let messages: Vec<String> = messages
            .map(super::OneOrMany::into_vec)
            .unwrap_or_default()
            .into_iter()
            .map(|message| message.value)
            .collect();
        if reader.has("message") && messages.iter().any(String::is_empty) {
            reader.reject("message", "no message is expected", "expected words that the finding contains");
        }
        let (through, boileroom) = match of {
            Of::Site => (None, None),
            Of::OneModel | Of::AnyModel => (reader.text("through"), reader.texts("boileroom")),
        };
        let reason = filled(&mut reader, "reason", "expected why it fails");
        let link = filled(&mut reader, "link", "expected where it is written about, such as an issue");
        let expires_text = reader.require("expires").date("expires");
        let expires = expires_text.as_deref().and_then(days);
        if expires_text.is_some() && expires.is_none() {
            reader.reject("expires", "this is not a day", "expected a date such as 2027-06-30");
        }
        let (colons, expected) = match of {
            Of::Site => (2, "expected `model::suite::case`, `*` for anything"),
            Of::OneModel | Of::AnyModel => (1, "expected `suite::case`, `*` for anything"),
        };
        let is_short = |case: &&String| case.matches("::").count() < colons && !case.contains('*');
        if let Some(case) = case.as_ref().filter(is_short) {
            reader.reject("case", format_args!("`{case}` is no case"), expected);
        }
        reader.finish();
        if let (Some(case), Some(reason), Some(link), Some(expires), Some(expires_text)) =
            (case, reason, link, expires, expires_text)
        {
            defects.push(Arc::new(KnownDefect {
                origin: match of {
                    Of::Site => KnownOrigin::Site,
                    Of::OneModel | Of::AnyModel => KnownOrigin::Upstream,
                },
                course,
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

/// A text that must be there and say something.
fn filled(reader: &mut TableReader<'_>, key: &'static str, expected: &'static str) -> Option<String> {
    let text = reader.required_text(key)?;
    if text.trim().is_empty() {
        reader.reject(key, format_args!("`{key}` says nothing"), expected);
    }
    Some(text)
}
