//! Foreign text made safe: plain, so that no terminal, page or log acts on it, and without names and secrets where a record leaves the
//! machine. Does not escape markup, which every report format does in its own way.

use std::fmt::Write;

use serde_json::Value;

use super::RunRecord;

/// The most bytes of a text: more than a person reads, and less than what fills a disk.
const LONGEST: usize = 256 << 10;

/// Makes one line of foreign text plain: escapes controls, marks that change the direction of text, characters without width, and commands
/// to CI logs.
pub(crate) fn plain_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if shown.len() > LONGEST {
            shown.push('…');
            break;
        }
        match letter {
            '\t' => shown.push(' '),
            letter if is_harmful(letter) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => shown.push(letter),
        }
    }
    without_commands(shown)
}

/// Makes each line of foreign text plain.
pub(crate) fn plain_lines(text: &str) -> Vec<String> {
    text.lines().map(plain_line).collect()
}

/// Makes foreign text plain except for its line breaks.
pub(crate) fn plain_text(text: &str) -> String {
    plain_lines(text).join("\n")
}

/// Whether a letter acts on a terminal or a log, or changes how the text around it looks.
pub(crate) fn is_harmful(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
                // No XML holds these.
                | '\u{fffe}'
                | '\u{ffff}'
        )
}

/// Breaks commands: GitHub acts on `::name` at the beginning of a line and on `##[name` anywhere, Azure on `##vso[`.
fn without_commands(text: String) -> String {
    let text = if text.contains("##") { text.replace("##", "#\\u{23}") } else { text };
    let spaces = text.len() - text.trim_start().len();
    if text[spaces..].starts_with("::") {
        format!("{}\\u{{3a}}:{}", &text[..spaces], &text[spaces + 2..])
    } else {
        text
    }
}

/// The record with each first text replaced by its second one in all texts. Replaces longer ones first, so that no part of one is left.
///
/// # Errors
/// When the record has no JSON form, which does not happen.
pub(crate) fn redacted(run: &RunRecord, words: &[(String, String)]) -> serde_json::Result<RunRecord> {
    let mut words: Vec<&(String, String)> = words.iter().filter(|(word, _)| !word.is_empty()).collect();
    words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    let mut run = run.clone();
    // The base64 of plots contains short words by chance, and no secrets.
    let plots: Vec<_> = run.cases.iter_mut().map(|case| std::mem::take(&mut case.plots)).collect();
    let mut value = serde_json::to_value(run)?;
    replace(&mut value, &words);
    let mut redacted: RunRecord = serde_json::from_value(value)?;
    for (case, plots) in redacted.cases.iter_mut().zip(plots) {
        case.plots = plots;
    }
    Ok(redacted)
}

fn replace(value: &mut Value, words: &[&(String, String)]) {
    match value {
        Value::String(text) => {
            for (word, other) in words {
                if text.contains(word.as_str()) {
                    *text = text.replace(word.as_str(), other);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, words)),
        Value::Object(entries) => entries.values_mut().for_each(|item| replace(item, words)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{case, finding, run};
    use super::*;
    use crate::outcome::Verdict;

    #[test]
    fn controls_and_marks_are_written_out() {
        insta::assert_snapshot!(plain_line("a\u{1b}]0;title\u{7}b\tc\u{202e}d\u{0}é"), @r"a\u{1b}]0;title\u{7}b c\u{202e}d\u{0}é");
        insta::assert_snapshot!(plain_text("one\r\ntwo\u{9b}31m"), @r"
        one
        two\u{9b}31m
        ");
    }

    #[test]
    fn commands_to_ci_logs_are_text() {
        insta::assert_snapshot!(plain_line("  ::error file=a::b"), @r"  \u{3a}:error file=a::b");
        insta::assert_snapshot!(plain_line("see ##[error]x ##vso[task]"), @r"see #\u{23}[error]x #\u{23}vso[task]");
        assert_eq!(plain_line("esm2::embed::short"), "esm2::embed::short");
    }

    #[test]
    fn endless_text_ends() {
        assert!(plain_line(&"x".repeat(1 << 20)).len() < LONGEST + 8);
    }

    #[test]
    fn words_are_taken_out_wherever_they_stand() {
        let mut wrong = finding("response", "the call gave OSError: /home/ada/key is missing");
        wrong.log = vec!["token hf_abcdefgh of ada at /home/ada".into()];
        let words = [("/home/ada", "~"), ("hf_abcdefgh", "<HF_TOKEN>"), ("", "nothing")];
        let words = words.map(|(word, other)| (word.to_owned(), other.to_owned()));
        let run = redacted(&run(vec![case("a::b::c", Verdict::Fail, vec![wrong])]), &words).unwrap();
        let finding = &run.cases[0].findings()[0];
        assert_eq!(finding.summary, "the call gave OSError: ~/key is missing");
        assert_eq!(finding.log, ["token <HF_TOKEN> of ada at ~"]);
    }
}
