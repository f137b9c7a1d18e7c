//! Says in words what is wrong with a case and how to see it again. Makes text and prints nothing.

use std::fmt::Write;

use super::{Outcome, Verdict};
use crate::backend::Responsible;

impl Outcome {
    /// The whole story of a case that went wrong: the verdict, every finding, and the command that repeats just this case.
    ///
    /// `reproduce` is the command line up to the name of a case; empty where there is none.
    pub(crate) fn explain(&self, reproduce: &str) -> String {
        let mut text = String::new();
        let meaning = match (self.verdict, self.owner()) {
            (Verdict::Fail, _) => "the backend is wrong",
            (Verdict::Error, Some(Responsible::Reference)) => "there is nothing sound to compare with",
            (Verdict::Error, Some(Responsible::Settings)) => "inconclusive, the configuration is wrong",
            (Verdict::Error, Some(Responsible::Harness)) => "inconclusive, hydrotest could not judge it",
            (Verdict::Error, _) => "inconclusive, the platform failed",
            (Verdict::UnexpectedPass, _) => "passes although a failure is expected: remove `xfail` from the case",
            (Verdict::ExpectedFailure, _) => "fails as expected",
            (Verdict::KnownUpstream, _) => "a defect that is known upstream",
            (Verdict::Stale, _) => "passes although its failure is known upstream",
            (Verdict::Pass, _) => "as it should be",
            (Verdict::Skip, _) if self.attempts > 0 => "there was nothing to judge",
            (Verdict::Skip, _) => "not run",
        };
        let _ = write!(text, "{}: {meaning}", self.verdict);
        if let Some(reason) = &self.reason {
            let _ = write!(text, " ({reason})");
        }
        if self.attempts > 1 {
            let _ = write!(text, ", in each of {} attempts", self.attempts);
        }
        for finding in &self.findings {
            let _ = write!(text, "\n\n{finding}");
        }
        if !reproduce.is_empty() {
            let _ = write!(text, "\n\nreproduce: {reproduce} --exact {}", quote(&self.name));
        }
        text
    }
}

/// A word that a shell reads as one: quoted when it holds anything that a shell would act on.
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

    #[test]
    fn a_failure_names_verdict_finding_and_command() {
        let mut outcome = Outcome::skipped("esm2::embed::short", "");
        outcome.verdict = Verdict::Fail;
        outcome.reason = None;
        outcome.attempts = 2;
        outcome.findings = vec![Finding::wrong("shape", "only", "`embeddings` is (1, 23, 320)")];
        insta::assert_snapshot!(outcome.explain("cargo run -- --backend local"), @"
        fail: the backend is wrong, in each of 2 attempts

        shape [only]: `embeddings` is (1, 23, 320)

        reproduce: cargo run -- --backend local --exact esm2::embed::short
        ");
    }

    #[test]
    fn names_that_a_shell_would_touch_are_quoted() {
        assert_eq!(quote("a::b"), "a::b");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
