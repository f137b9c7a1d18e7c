//! Foreign text made harmless: what backends, engines, logs and configuration say becomes text that no terminal, page or log acts
//! on. Done once, where a record is made, so that every report holds plain text; markup is for each format to escape.

use std::fmt::Write;

/// The longest text of a record: more than a person reads, and less than what fills a disk.
const LONGEST: usize = 256 << 10;

/// One line of foreign text: controls, marks that change the direction of text and characters without width are written as escapes,
/// and nothing in it is a command to a CI log.
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

/// Several lines of foreign text, each made plain by itself.
pub(crate) fn plain_lines(text: &str) -> Vec<String> {
    text.lines().map(plain_line).collect()
}

/// Foreign text whose line breaks stay.
pub(crate) fn plain_text(text: &str) -> String {
    plain_lines(text).join("\n")
}

fn is_harmful(letter: char) -> bool {
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

/// GitHub reads `::name` at the beginning of a line and `##[name` anywhere in it as a command; Azure `##vso[`.
fn without_commands(text: String) -> String {
    let text = if text.contains("##") { text.replace("##", "#\\u{23}") } else { text };
    let spaces = text.len() - text.trim_start().len();
    if text[spaces..].starts_with("::") {
        format!("{}\\u{{3a}}:{}", &text[..spaces], &text[spaces + 2..])
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
