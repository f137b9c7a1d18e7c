//! `[[models.KEY.known]]` and `[[known]]`: known defects of upstream, and known failures of a site. Reads them. Does not decide which
//! failures they explain.

use std::path::Path;
use std::sync::Arc;

use super::{BackendTable, Diagnostic, Diagnostics, Located, OneOrMany, Section, Source, TableReader};
use crate::prediction::known::{KnownCourse, KnownDefect, KnownOrigin, days};

/// The scope of entries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The model whose table holds them.
    OneModel,
    /// All models, or those that they name.
    AnyModel,
    /// One backend: they are in the file of its site.
    Site,
}

impl BackendTable {
    /// Reads the file of known failures of this backend. Its path is relative to the configuration.
    pub(crate) fn load_known_failures(&mut self, configuration: &Path, diagnostics: &mut Diagnostics) {
        let Some(named) = &self.known_failures else { return };
        let path = configuration.parent().unwrap_or(Path::new("")).join(&named.value);
        if !path.is_file() {
            let diagnostic = Diagnostic::at(named.location.clone(), format!("there is no file {}", path.display()));
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
    let Some(root) = Section::parse_strictly(source, diagnostics) else { return Vec::new() };
    let mut reader = TableReader::new(&root, diagnostics);
    let (known, _) = read(&mut reader, Of::Site);
    reader.finish();
    known
}

/// Reads the entries below `known`. Returns the names of models in them too, which are checked when all models are known.
pub(super) fn read(outer: &mut TableReader<'_>, of: Of) -> (Vec<Arc<KnownDefect>>, Vec<Located<String>>) {
    let (mut defects, mut named) = (Vec::new(), Vec::new());
    for section in outer.sections("known") {
        let mut reader = outer.within(&section);
        let models = if of == Of::AnyModel { reader.located_texts("models") } else { None };
        named.extend(models.iter().flatten().cloned());
        let models = models.map(|models| models.into_iter().map(|model| model.value).collect());
        let case = reader.required_text("case");
        let is_site = of == Of::Site;
        let is_flaky = is_site && reader.flag("flaky") == Some(true);
        if !is_flaky {
            reader.require("message");
        }
        let messages = reader.text_or_texts("message").map(OneOrMany::into_vec).unwrap_or_default();
        let messages: Vec<String> = messages.into_iter().map(|message| message.value).collect();
        if reader.has("message") && messages.iter().any(String::is_empty) {
            reader.reject("message", "no message is expected", "expected words that the finding contains");
        }
        let (through, boileroom) =
            if is_site { (None, None) } else { (reader.text("through"), reader.texts("boileroom")) };
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
                origin: if is_site { KnownOrigin::Site } else { KnownOrigin::Upstream },
                course: if is_flaky { KnownCourse::Flaky } else { KnownCourse::Always },
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

/// Reads a text that is required and must not be blank.
fn filled(reader: &mut TableReader<'_>, key: &'static str, expected: &'static str) -> Option<String> {
    let text = reader.required_text(key)?;
    if text.trim().is_empty() {
        reader.reject(key, format_args!("`{key}` says nothing"), expected);
    }
    Some(text)
}
