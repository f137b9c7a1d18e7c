//! Text about a case that went wrong and how to reproduce it. Does not print.

use std::fmt::Write;

use super::record::is_harmful;
use super::{Outcome, Verdict};
use crate::backend::Responsible;

impl Outcome {
    /// The verdict, every finding, and the command that repeats just this case.
    ///
    /// `reproduce` is the command line up to the name of a case; empty if there is none.
    pub(crate) fn explain(&self, reproduce: &str) -> String {
        let meaning = match (self.verdict, self.owner()) {
            (Verdict::Fail, _) => "the backend is wrong",
            (Verdict::Error, Some(Responsible::Reference)) => "there is nothing sound to compare with",
            (Verdict::Error, Some(Responsible::Settings)) => "inconclusive, the configuration is wrong",
            (Verdict::Error, Some(Responsible::Harness)) => "inconclusive, hydrotest could not judge it",
            (Verdict::Error, _) => "inconclusive, the platform failed",
            (Verdict::UnexpectedPass, _) => "passes although a failure is expected: remove `xfail` from the case",
            (Verdict::ExpectedFailure, _) => "fails as expected",
            (Verdict::KnownUpstream, _) => "a defect that is known upstream",
            (Verdict::KnownFailure, _) => "a failure that is known of the backend",
            (Verdict::Stale, _) => "passes although its failure is known",
            (Verdict::Pass, _) => "as it should be",
            (Verdict::Skip, _) if self.attempts > 0 => "there was nothing to judge",
            (Verdict::Skip, _) => "not run",
        };
        let mut text = format!("{}: {meaning}", self.verdict);
        if let Some(reason) = &self.reason {
            let _ = write!(text, " ({reason})");
        }
        if self.attempts > 1 {
            // Known failures and expectations change the verdict of the case, but not those of its attempts.
            let own = Verdict::of(&self.findings);
            let alike = self.history.iter().filter(|attempt| attempt.verdict == own).count();
            let _ = match self.attempts {
                attempts if alike == attempts as usize => write!(text, ", in each of {attempts} attempts"),
                attempts => write!(text, ", in {alike} of {attempts} attempts"),
            };
        }
        for finding in &self.findings {
            let _ = write!(text, "\n\n{finding}");
        }
        if !reproduce.is_empty() {
            let _ = write!(text, "\n\nreproduce: {reproduce} --exact {}", quote(&self.name));
        }
        text
    }

    /// The entry that would list this failure as known until a date, as TOML. The reason is left empty for a person to fill in.
    pub(crate) fn known_entry(&self, expires: &str) -> String {
        let mut messages: Vec<String> = Vec::new();
        for finding in &self.findings {
            let text = finding.to_string();
            let first = text.lines().next().unwrap_or_default().chars();
            let message = basic_string(&first.take(LONGEST_MESSAGE).collect::<String>());
            if !messages.contains(&message) {
                messages.push(message);
            }
        }
        format!(
            "[[known]]\ncase = {}\nmessage = [{}]\nreason = \"\"\nlink = \"\"\nexpires = {expires}",
            basic_string(&self.name),
            messages.join(", ")
        )
    }
}

/// The most characters of a finding in an entry.
const LONGEST_MESSAGE: usize = 160;

/// A text as a TOML basic string on one line. Escapes what would act on a terminal or on the log of a CI, such as `##[error]`, so that it
/// still reads as the same text.
fn basic_string(text: &str) -> String {
    let mut written = String::from("\"");
    let mut before = '"';
    for letter in text.chars() {
        match letter {
            '"' | '\\' => written.extend(['\\', letter]),
            letter if is_harmful(letter) || (before, letter) == ('#', '#') => {
                let code = u32::from(letter);
                let _ = match u16::try_from(code) {
                    Ok(code) => write!(written, "\\u{code:04X}"),
                    Err(_) => write!(written, "\\U{code:08X}"),
                };
            }
            letter => written.push(letter),
        }
        before = letter;
    }
    written + "\""
}

/// Quotes a word for a shell, unless it is plain.
pub(crate) fn quote(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-:./=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Finding;
    use crate::outcome::JudgedAttempt;

    #[test]
    fn a_failure_names_verdict_finding_and_command() {
        let mut outcome = Outcome::skipped("esm2::embed::short", "");
        outcome.verdict = Verdict::Fail;
        outcome.reason = None;
        outcome.attempts = 2;
        outcome.findings = vec![Finding::wrong("shape", "only", "`embeddings` is (1, 23, 320)")];
        outcome.history = vec![JudgedAttempt { verdict: Verdict::Fail, findings: outcome.findings.clone() }; 2];
        insta::assert_snapshot!(outcome.explain("cargo run -- --backend local"), @"
        fail: the backend is wrong, in each of 2 attempts

        shape [only]: `embeddings` is (1, 23, 320)

        reproduce: cargo run -- --backend local --exact esm2::embed::short
        ");
    }

    #[test]
    fn only_the_attempts_that_came_out_so_are_counted() {
        let mut outcome = Outcome::skipped("esm2::embed::short", "");
        outcome.reason = None;
        outcome.attempts = 3;
        outcome.findings = vec![Finding::wrong("shape", "only", "`embeddings` is (1, 23, 320)")];
        let (wrong, right) = (outcome.findings.clone(), Vec::new());
        outcome.history = vec![
            JudgedAttempt { verdict: Verdict::Fail, findings: wrong },
            JudgedAttempt { verdict: Verdict::Error, findings: vec![Finding::unjudged("harness", "no space")] },
            JudgedAttempt { verdict: Verdict::Pass, findings: right },
        ];
        let first = |outcome: &Outcome| outcome.explain("").lines().next().unwrap_or_default().to_owned();
        outcome.verdict = Verdict::Fail;
        insta::assert_snapshot!(first(&outcome), @"fail: the backend is wrong, in 1 of 3 attempts");
        outcome.verdict = Verdict::KnownFailure;
        insta::assert_snapshot!(first(&outcome), @"known failure: a failure that is known of the backend, in 1 of 3 attempts");
        outcome.history[1] = outcome.history[0].clone();
        insta::assert_snapshot!(first(&outcome), @"known failure: a failure that is known of the backend, in 2 of 3 attempts");
    }

    #[test]
    fn an_entry_says_in_toml_what_failed() {
        let mut outcome = Outcome::skipped("esm2::embed::short", "");
        outcome.findings = vec![
            Finding::wrong("shape", "only", "`embeddings` is \"odd\" \\ \u{1b}[31m").detail("(1, 23, 320)"),
            Finding::wrong("shape", "only", "`embeddings` is \"odd\" \\ \u{1b}[31m"),
            Finding::wrong("range", "only", "é".repeat(500)),
        ];
        let entry = outcome.known_entry("2027-06-30");
        insta::assert_snapshot!(entry.replace('é', ""), @r#"
        [[known]]
        case = "esm2::embed::short"
        message = ["shape [only]: `embeddings` is \"odd\" \\ \u001B[31m", "range [only]: "]
        reason = ""
        link = ""
        expires = 2027-06-30
        "#);
        let read: toml::Table = entry.parse().unwrap();
        let messages = read["known"][0]["message"].as_array().unwrap().clone();
        assert_eq!(messages.len(), 2);
        for (message, finding) in messages.iter().zip([&outcome.findings[0], &outcome.findings[2]]) {
            assert!(finding.to_string().contains(message.as_str().unwrap()), "{message:?}");
        }
    }

    #[test]
    fn an_entry_acts_on_no_log_and_reads_as_what_failed() {
        let mut outcome = Outcome::skipped("esm2::embed::short", "");
        let foreign = "###[error]x ##vso[task.complete] # a\u{202e}b\u{200b}\u{e0041}";
        outcome.findings = vec![Finding::wrong("response", "call", foreign)];
        let entry = outcome.known_entry("2027-06-30");
        insta::assert_snapshot!(entry.lines().nth(2).unwrap(), @r#"message = ["response [call]: #\u0023\u0023[error]x #\u0023vso[task.complete] # a\u202Eb\u200B\U000E0041"]"#);
        let read: toml::Table = entry.parse().unwrap();
        assert_eq!(read["known"][0]["message"][0].as_str(), Some(outcome.findings[0].to_string().as_str()));
    }

    #[test]
    fn names_that_a_shell_would_touch_are_quoted() {
        assert_eq!(quote("a::b"), "a::b");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
