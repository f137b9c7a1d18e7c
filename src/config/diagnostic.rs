//! What is wrong with a configuration, where, and how to mend it; many at once. Renders to text and prints nothing.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::Location;
use super::suggestion::{list_names, suggest};

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Where; `None` when it is about a whole file or directory.
    pub location: Option<Location>,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// What to say under the caret, such as what was expected there.
    pub label: Option<String>,
    /// How to mend it.
    pub help: Option<String>,
    /// Another place in the same file that explains this one, with what to say there.
    pub related: Option<(Location, String)>,
}

impl Diagnostic {
    /// A diagnostic without a place.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { location: None, message: message.into(), label: None, help: None, related: None }
    }

    /// A diagnostic about a place.
    #[must_use]
    pub fn at(location: Location, message: impl Into<String>) -> Self {
        Self { location: Some(location), ..Self::new(message) }
    }

    /// A name that is none of those it could be: says which one may have been meant, or all of them.
    #[must_use]
    pub fn unknown<'a>(
        location: Location,
        what: &str,
        name: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let candidates: Vec<&str> = candidates.into_iter().collect();
        let diagnostic = Self::at(location, format!("unknown {what} `{name}`"));
        match suggest(name, candidates.iter().copied()) {
            Some(meant) => diagnostic.with_label(format!("did you mean `{meant}`?")),
            None if candidates.is_empty() => diagnostic.with_label(format!("there is no {what} to choose from")),
            None => diagnostic.with_help(format!("known: {}", list_names(candidates))),
        }
    }

    /// Says something under the caret.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Points at another place in the same file.
    #[must_use]
    pub fn with_related(mut self, location: Location, label: impl Into<String>) -> Self {
        self.related = Some((location, label.into()));
        self
    }

    /// File and byte offset, nothing for what has no place.
    fn order(&self) -> Option<(&str, usize)> {
        let location = self.location.as_ref()?;
        Some((location.source().path(), location.span().start))
    }

    fn render(&self, renderer: &Renderer) -> String {
        let title = Level::ERROR.primary_title(&self.message);
        let mut group = match &self.location {
            None => annotate_snippets::Group::with_title(title),
            Some(location) => title.element(self.snippet(location)),
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }

    /// The lines that matter, not the whole file: a file with many mistakes must not cost its square.
    fn snippet<'a>(&'a self, location: &'a Location) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let source = location.source();
        let related = self.related.as_ref().filter(|(place, _)| std::sync::Arc::ptr_eq(place.source(), source));
        let first = related.map_or(
            location,
            |(place, _)| {
                if place.span().start < location.span().start { place } else { location }
            },
        );
        let last = related.map_or(
            location,
            |(place, _)| {
                if place.span().start > location.span().start { place } else { location }
            },
        );
        let start = first.line_start();
        let window = source.text().get(start..last.line_end()).unwrap_or("");
        // A place of several lines, such as a table, is pointed at by its first.
        let within = |place: &Location| {
            let span = place.span();
            span.start - start..span.end.min(place.line_end()).max(span.start) - start
        };
        let primary = AnnotationKind::Primary.span(within(location)).label(self.label.as_deref());
        let context = related.map(|(place, label)| AnnotationKind::Context.span(within(place)).label(label.as_str()));
        Snippet::source(window).path(source.path()).line_start(first.line()).annotation(primary).annotations(context)
    }
}

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text only.
    Plain,
    /// With terminal colours.
    Coloured,
}

/// Everything found wrong so far. Empty means that all is well.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Nothing wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Adds all of another collection.
    pub fn append(&mut self, other: Self) {
        self.items.extend(other.items);
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many things are wrong.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// All of them in the order of their files and places, those without a place first.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.items.iter().collect();
        sorted.sort_by(|a, b| a.order().cmp(&b.order()));
        sorted
    }

    /// `value` when nothing is wrong.
    ///
    /// # Errors
    /// Itself, when something is.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// All of them as text, a blank line between, without a line break at the end.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let renderer = match style {
            Style::Plain => Renderer::plain(),
            Style::Coloured => Renderer::styled(),
        };
        let texts: Vec<String> = self.sorted().into_iter().map(|diagnostic| diagnostic.render(&renderer)).collect();
        texts.join("\n\n")
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { items: vec![diagnostic] }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Style::Plain))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    #[test]
    fn findings_come_in_file_order_and_colour_only_when_asked_for() {
        let source = Source::new("a.toml", "one\ntwo\n");
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::at(source.line(2), "second").with_label("here"));
        diagnostics.push(Diagnostic::at(source.line(1), "first").with_help("mend it"));
        diagnostics.push(Diagnostic::new("about no place"));
        let plain = diagnostics.render(Style::Plain);
        insta::assert_snapshot!(plain, @r#"
        error: about no place

        error: first
         --> a.toml:1:1
          |
        1 | one
          | ^^^
          |
          = help: mend it

        error: second
         --> a.toml:2:1
          |
        2 | two
          | ^^^ here
        "#);
        let coloured = diagnostics.render(Style::Coloured);
        assert!(coloured.contains("\u{1b}[") && !plain.contains('\u{1b}'));
    }

    #[test]
    fn a_place_of_several_lines_is_pointed_at_by_its_first() {
        let source = Source::new("a.toml", "a = [\n  1,\n]\n");
        let place = Location::new(&source, 4..12);
        let shown = Diagnostics::from(Diagnostic::at(place, "an array"));
        insta::assert_snapshot!(shown, @r#"
        error: an array
         --> a.toml:1:5
          |
        1 | a = [
          |     ^
        "#);
    }

    #[test]
    fn unknown_names_are_listed_when_none_is_near() {
        let source = Source::new("a.toml", "x");
        let unknown = |name, candidates: &[&str]| {
            let candidates = candidates.iter().copied();
            Diagnostic::unknown(source.line(1), "model", name, candidates)
        };
        insta::assert_snapshot!(unknown("esm22", &["esm2"]).label.as_ref().unwrap(), @"did you mean `esm2`?");
        insta::assert_snapshot!(unknown("boltz", &["esm2", "esmc"]).help.as_ref().unwrap(), @"known: `esm2`, `esmc`");
        insta::assert_snapshot!(unknown("x", &[]).label.as_ref().unwrap(), @"there is no model to choose from");
    }
}
