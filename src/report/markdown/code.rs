//! Foreign text in Markdown: always as code, in which no renderer looks for markup, links or mentions, and of bounded length. Makes no
//! other markup.

use std::fmt::Write;

use crate::metric_value::count;
use crate::report::words::cut;

/// The most characters of one line.
const LINE: usize = 400;
/// The most lines of one block.
pub(super) const LINES: usize = 60;

/// Foreign text as code in a line.
pub(in crate::report) fn code(text: &str) -> String {
    let text = cut(&text.replace('\n', " "), LINE);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    // Renderers do not agree on a bar in the code of a table.
    if text.contains('|') {
        let mut shown = String::from("<code>");
        for letter in text.chars() {
            if letter.is_ascii_punctuation() {
                let _ = write!(shown, "&#{};", u32::from(letter));
            } else {
                shown.push(letter);
            }
        }
        return shown + "</code>";
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let is_open = |letter: char| letter == '`' || letter == ' ';
    let space = if text.starts_with(is_open) || text.ends_with(is_open) { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Foreign lines as a code block.
pub(super) fn block(lines: &[String]) -> String {
    let lines: Vec<&str> = lines.iter().flat_map(|line| line.split('\n')).collect();
    let mut shown: Vec<String> = lines.iter().take(LINES).map(|line| cut(line, LINE)).collect();
    if lines.len() > LINES {
        shown.push(format!("… and {}", count(lines.len() - LINES, "more line")));
    }
    let text = shown.join("\n");
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_code() {
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("`embeddings`: [a](b)"), "`` `embeddings`: [a](b) ``");
        assert_eq!(code("a|b <c>"), "<code>a&#124;b &#60;c&#62;</code>");
        assert_eq!(code("one\ntwo"), "`one two`");
        assert_eq!(code(" "), "(empty)");
        assert_eq!(block(&["```".into(), "x".into()]), "````text\n```\nx\n````\n");
    }
}
