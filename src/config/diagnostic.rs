//! Mistakes in a configuration: what is wrong, where, and how to fix it, with "did you mean" for mistyped names. Renders to text.
//! Does not print.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::Location;

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Where; `None` if it is about a whole file or directory.
    pub location: Option<Location>,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// The text under the caret, such as what was expected there.
    pub label: Option<String>,
    /// How to fix it.
    pub help: Option<String>,
    /// Another place in the same file that explains this one, with its label.
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

    /// A name that is not among the candidates: suggests the nearest candidate, or lists all of them.
    #[must_use]
    pub fn unknown(
        location: Location,
        what: &str,
        name: &str,
        candidates: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        let candidates: Vec<_> = candidates.into_iter().collect();
        let diagnostic = Self::at(location, format!("unknown {what} `{name}`"));
        match suggest(name, candidates.iter().map(AsRef::as_ref)) {
            Some(meant) => diagnostic.with_label(format!("did you mean `{meant}`?")),
            None if candidates.is_empty() => diagnostic.with_label(format!("there is no {what} to choose from")),
            None => diagnostic.with_help(format!("known: {}", list_names(candidates))),
        }
    }

    /// Sets the text under the caret.
    pub(crate) fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets the text that tells how to fix it.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Points at another place in the same file.
    pub(crate) fn with_related(mut self, location: Location, label: impl Into<String>) -> Self {
        self.related = Some((location, label.into()));
        self
    }

    /// File and byte offset; `None` sorts first.
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

    /// Takes only the lines around the mistake: with the whole file, the cost would be quadratic for a file with many mistakes.
    fn snippet<'a>(&'a self, location: &'a Location) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let source = location.source();
        let related = self.related.as_ref().filter(|(place, _)| std::sync::Arc::ptr_eq(place.source(), source));
        let (first, last) = match related {
            Some((place, _)) if place.span().start < location.span().start => (place, location),
            Some((place, _)) => (location, place),
            None => (location, location),
        };
        let start = first.line_start();
        let window = source.text().get(start..last.line_end()).unwrap_or("");
        // A place of several lines, such as a table, is marked on its first line only.
        let within = |place: &Location| {
            let span = place.span();
            span.start - start..span.end.min(place.line_end()).max(span.start) - start
        };
        let primary = AnnotationKind::Primary.span(within(location)).label(self.label.as_deref());
        let context = related.map(|(place, label)| AnnotationKind::Context.span(within(place)).label(label.as_str()));
        Snippet::source(window).path(source.path()).line_start(first.line()).annotation(primary).annotations(context)
    }
}

/// How diagnostics are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text only.
    Plain,
    /// With terminal colours.
    Coloured,
}

/// All mistakes found so far.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Adds one with a place and a text under the caret.
    pub(super) fn report(&mut self, location: Location, message: impl Into<String>, label: impl Into<String>) {
        self.push(Diagnostic::at(location, message).with_label(label));
    }

    /// Adds all of another collection.
    pub fn append(&mut self, other: Self) {
        self.items.extend(other.items);
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The number of mistakes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// All of them by file and place; those without a place come first.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.items.iter().collect();
        sorted.sort_by(|a, b| a.order().cmp(&b.order()));
        sorted
    }

    /// `value` if the collection is empty.
    ///
    /// # Errors
    /// Returns the collection itself if it is not empty.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// All of them as text, separated by blank lines, without a line break at the end.
    pub(crate) fn render(&self, style: Style) -> String {
        let renderer = match style {
            Style::Plain => Renderer::plain(),
            Style::Coloured => Renderer::styled(),
        };
        self.sorted().into_iter().map(|diagnostic| diagnostic.render(&renderer)).collect::<Vec<_>>().join("\n\n")
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

/// The candidate nearest to `word`; `None` if no candidate is near.
///
/// Near means at most one edit (insertion, deletion, substitution or swap of neighbours) per three letters. Case and `-` for `_`
/// do not count. Otherwise, a candidate that begins with the word is taken. The first of equally near candidates wins.
pub(crate) fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let folded = fold(word);
    let letters = folded.chars().count();
    let mut nearest: Option<(usize, &str)> = None;
    let mut longer = None;
    for candidate in candidates.into_iter().filter(|candidate| *candidate != word) {
        let other = fold(candidate);
        let length = other.chars().count();
        let distance = strsim::osa_distance(&folded, &other);
        // One edit turns any single letter into any other, so short names need more than that in common.
        let near = distance <= (letters.max(length) / 3).max(1) && distance < letters.min(length).max(1);
        if near && nearest.is_none_or(|(best, _)| distance < best) {
            nearest = Some((distance, candidate));
        }
        if letters >= 3 && other.starts_with(&folded) {
            longer = longer.or(Some(candidate));
        }
    }
    nearest.map(|(_, candidate)| candidate).or(longer).map(str::to_owned)
}

/// Names for a sentence: `a`, `b`, `c`. The list is not shortened: the wanted name may be the last.
pub(super) fn list_names(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

fn fold(word: &str) -> String {
    word.chars().map(|letter| if letter == '-' { '_' } else { letter.to_ascii_lowercase() }).collect()
}

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
        let unknown = |name, candidates: &[&str]| Diagnostic::unknown(source.line(1), "model", name, candidates);
        insta::assert_snapshot!(unknown("esm22", &["esm2"]).label.as_ref().unwrap(), @"did you mean `esm2`?");
        insta::assert_snapshot!(unknown("boltz", &["esm2", "esmc"]).help.as_ref().unwrap(), @"known: `esm2`, `esmc`");
        insta::assert_snapshot!(unknown("x", &[]).label.as_ref().unwrap(), @"there is no model to choose from");
    }

    #[test]
    fn every_name_is_listed() {
        let names: Vec<String> = (0..30).map(|number| format!("key{number}")).collect();
        let listed = list_names(names.iter().map(String::as_str));
        assert!(listed.starts_with("`key0`, ") && listed.ends_with("`key29`"), "{listed}");
        assert_eq!(listed.matches('`').count(), 60);
    }

    #[test]
    fn the_nearest_name_wins_and_far_ones_are_not_offered() {
        let known = ["hidden_states", "embeddings", "lm_logits"];
        assert_eq!(suggest("hiden_state", known).as_deref(), Some("hidden_states"));
        assert_eq!(suggest("LM-logits", known).as_deref(), Some("lm_logits"));
        assert_eq!(suggest("hidden", known).as_deref(), Some("hidden_states"));
        assert_eq!(suggest("plddt", known), None);
        assert_eq!(suggest("B", ["L", "D"]), None);
        assert_eq!(suggest("knid", ["kind"]).as_deref(), Some("kind"));
    }
}
