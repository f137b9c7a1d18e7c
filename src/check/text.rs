//! `text`: what a string, or every string of a list, starts with, contains or must not contain.

use super::Check;
use super::case_results::{AnsweredCall, Calls};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::parser::CheckParser;
use crate::config::Diagnostic;
use crate::prediction::Value;

/// The name of the check.
pub(crate) const NAME: &str = "text";

#[derive(Debug)]
struct TextCheck {
    calls: Calls,
    field: FieldPath,
    starts_with: Option<String>,
    contains: Vec<String>,
    not_contains: Vec<String>,
}

/// Reads `field`, `call`, and at least one of `starts_with`, `contains` and `not_contains`.
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    let calls = parser.calls();
    let field = parser.field();
    let starts_with = parser.reader().text("starts_with");
    let contains = parser.phrases("contains");
    let not_contains = parser.phrases("not_contains");
    let demands = starts_with.iter().chain(&contains).chain(&not_contains);
    if demands.clone().next().is_none() || demands.clone().any(String::is_empty) {
        let location = parser.reader().table().location();
        let diagnostic = Diagnostic::at(location, "nothing is demanded of the text");
        let label = "expected words in `starts_with`, `contains` or `not_contains`";
        parser.reader().diagnostics().push(diagnostic.with_label(label));
    }
    Some(Box::new(TextCheck { calls, field: field?, starts_with, contains, not_contains }))
}

impl Check for TextCheck {
    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> Vec<Finding> {
        let field = &self.field;
        let value = match field.find(NAME, answered) {
            Ok(value) => value,
            Err(finding) => return vec![*finding],
        };
        let items: Vec<(String, &Value)> = match value.as_items() {
            Some(items) => items.iter().enumerate().map(|(index, item)| (format!("{field}[{index}]"), item)).collect(),
            None => vec![(field.to_string(), value)],
        };
        if items.is_empty() {
            return vec![Finding::wrong(NAME, answered.call, format!("{field}: expected text, got an empty list"))];
        }
        let wrong = items.into_iter().filter_map(|(path, item)| match item.as_text() {
            Some(text) => self.fault(text).map(|fault| format!("{path}: {fault}")),
            None => Some(format!("{path}: expected a str, got {}", item.describe())),
        });
        wrong.map(|summary| Finding::wrong(NAME, answered.call, summary)).collect()
    }
}

impl TextCheck {
    fn fault(&self, text: &str) -> Option<String> {
        let begins = |start: &&String| text.starts_with(start.as_str());
        if let Some(start) = self.starts_with.as_ref().filter(|start| !begins(start)) {
            return Some(format!("expected to start with {start:?}, starts {:?}", excerpt(text)));
        }
        if let Some(phrase) = self.contains.iter().find(|phrase| !text.contains(phrase.as_str())) {
            return Some(format!("expected to contain {phrase:?}, starts {:?}", excerpt(text)));
        }
        let unwanted = self.not_contains.iter().find(|phrase| text.contains(phrase.as_str()))?;
        let line = text.lines().position(|line| line.contains(unwanted.as_str()));
        let place = line.map_or_else(String::new, |line| format!(" in line {}", line + 1));
        Some(format!("must not contain {unwanted:?}, does{place}"))
    }
}

/// The beginning of a text, enough to recognise it.
fn excerpt(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut start: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compile_errors, compiled, folder, response, summaries};
    use super::*;

    #[test]
    fn phrases_are_looked_for_in_every_text() {
        let contract = folder();
        let responses = [response(&contract, "call", "A|C", json!({"include_fields": ["pdb"]}))
            .with("pdb", Value::List(vec![Value::Text("ATOM 1\nEND".into()), Value::Text("HEADER\nATOM".into())]))];
        let found = |table: &str| {
            let check = compiled(&contract, &format!("check = 'text'\nfield = 'pdb'\n{table}"));
            summaries(&*check, &contract, &responses)
        };
        assert!(found("contains = ['ATOM']\nnot_contains = 'HETATM'").is_empty());
        insta::assert_snapshot!(found("starts_with = 'ATOM'").join("\n"), @r#"pdb[1]: expected to start with "ATOM", starts "HEADER\nATOM""#);
        insta::assert_snapshot!(found("contains = ['ATOM', 'END']").join("\n"), @r#"pdb[1]: expected to contain "END", starts "HEADER\nATOM""#);
        insta::assert_snapshot!(found("not_contains = 'END'").join("\n"), @r#"pdb[0]: must not contain "END", does in line 2"#);
    }

    #[test]
    fn what_is_no_text_is_found() {
        let contract = folder();
        let check = compiled(&contract, "check = 'text'\nfield = 'ptm'\ncontains = 'x'");
        let responses = [response(&contract, "call", "A", json!({"include_fields": ["ptm"]}))];
        insta::assert_snapshot!(summaries(&*check, &contract, &responses).join("\n"), @"ptm[0]: expected a str, got float32 array (1,)");
    }

    #[test]
    fn a_check_that_demands_nothing_is_refused() {
        let errors = ["", "contains = []", "starts_with = ''"]
            .map(|demands| compile_errors(&folder(), &format!("check = 'text'\nfield = 'pdb'\n{demands}")));
        insta::assert_snapshot!(errors.join("\n\n"), @"
        error: nothing is demanded of the text
         --> check.toml:1:1
          |
        1 | check = 'text'
          | ^ expected words in `starts_with`, `contains` or `not_contains`

        error: nothing is demanded of the text
         --> check.toml:1:1
          |
        1 | check = 'text'
          | ^ expected words in `starts_with`, `contains` or `not_contains`

        error: nothing is demanded of the text
         --> check.toml:1:1
          |
        1 | check = 'text'
          | ^ expected words in `starts_with`, `contains` or `not_contains`
        ");
    }
}
