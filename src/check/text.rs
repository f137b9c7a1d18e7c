//! `text`: what a string, or every string of a list, starts with, contains or must not contain.

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::finding::Finding;
use super::parser::CheckParser;
use super::{CallFindings, CheckRule};

/// The name of the check.
pub(crate) const NAME: &str = "text";

#[derive(Debug)]
struct TextCheck {
    field: FieldPath,
    starts_with: Option<String>,
    contains: Vec<String>,
    not_contains: Vec<String>,
}

/// Reads `field` and at least one of `starts_with`, `contains` and `not_contains`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let field = parser.field();
    let starts_with = parser.reader.text("starts_with");
    let contains = parser.phrases("contains");
    let not_contains = parser.phrases("not_contains");
    let mut demands = starts_with.iter().chain(&contains).chain(&not_contains).peekable();
    if demands.peek().is_none() || demands.any(String::is_empty) {
        let label = "expected words in `starts_with`, `contains` or `not_contains`";
        parser.reject("nothing is demanded of the text", label);
    }
    Some(Box::new(TextCheck { field: field?, starts_with, contains, not_contains }))
}

impl CheckRule for TextCheck {
    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let items = self.field.items(self.field.find(NAME, answered)?);
        if items.is_empty() {
            let summary = format!("{}: expected text, got an empty list", self.field);
            return Ok(vec![Finding::wrong(NAME, answered.call, summary)]);
        }
        let faults = items.into_iter().filter_map(|(path, item)| {
            let fault = match item.as_text() {
                Some(text) => self.fault(text)?,
                None => format!("expected a str, got {}", item.describe()),
            };
            Some(Finding::wrong(NAME, answered.call, format!("{path}: {fault}")))
        });
        Ok(faults.collect())
    }
}

impl TextCheck {
    fn fault(&self, text: &str) -> Option<String> {
        if let Some(start) = self.starts_with.as_ref().filter(|start| !text.starts_with(start.as_str())) {
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

/// The beginning of a text, long enough to recognise it.
fn excerpt(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compile_errors, compiled, folder, response, summaries};
    use crate::prediction::Value;

    #[test]
    fn phrases_are_looked_for_in_every_text() {
        let contract = folder();
        let responses = [response(&contract, "call", "A|C", json!({"include_fields": ["pdb"]}))
            .with("pdb", Value::List(vec![Value::Text("ATOM 1\nEND".into()), Value::Text("HEADER\nATOM".into())]))];
        let found = |table: &str| {
            let check = compiled(&contract, &format!("check = 'text'\nfield = 'pdb'\n{table}"));
            summaries(&check, &contract, &responses)
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
        insta::assert_snapshot!(summaries(&check, &contract, &responses).join("\n"), @"ptm[0]: expected a str, got float32 array (1,)");
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
