//! What a check says when something is wrong: one sentence, the details, the likely cause. Data only; nothing here prints.

use std::fmt;

use crate::backend::{BackendError, Blame};

/// One thing that is wrong with an answer, or the reason why it could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the backend is wrong (verdict fail), or the platform broke or the reference is missing (verdict error).
    pub blame: Blame,
    /// The check that found it.
    pub check: &'static str,
    /// The call whose answer it is about; `None` when it is about the case as a whole.
    pub call: Option<String>,
    /// One line: field, place, what was expected and what came.
    pub summary: String,
    /// Further lines: numbers, positions, what would have passed.
    pub details: Vec<String>,
    /// What most likely causes it, or what to do about it.
    pub hint: Option<String>,
    /// The last lines that the platform logged, oldest first.
    pub log_tail: Vec<String>,
}

impl Finding {
    /// A wrong answer of the backend.
    #[must_use]
    pub fn wrong(check: &'static str, call: &str, summary: impl Into<String>) -> Self {
        Self {
            blame: Blame::Backend,
            check,
            call: Some(call.to_owned()),
            summary: summary.into(),
            details: Vec::new(),
            hint: None,
            log_tail: Vec::new(),
        }
    }

    /// A reason of ours, not of the backend's, why there is no verdict on its answer.
    #[must_use]
    pub fn unjudged(check: &'static str, summary: impl Into<String>) -> Self {
        Self {
            blame: Blame::Platform,
            call: None,
            ..Self::wrong(check, "", summary)
        }
    }

    /// Nothing sound to hold an answer against: its recorded result is missing, altered or cannot be read.
    #[must_use]
    pub fn without_reference(check: &'static str, call: &str, summary: impl Into<String>) -> Self {
        Self {
            blame: Blame::Reference,
            ..Self::wrong(check, call, summary)
        }
    }

    /// A call that gave an error where an answer was expected; the fault says whom that blames.
    #[must_use]
    pub fn failed(check: &'static str, call: &str, error: &BackendError) -> Self {
        let mut lines = error.message.lines();
        let first = lines.next().unwrap_or_default();
        let summary = match &error.exception {
            Some(class) => format!("the call gave {class}: {first}"),
            None => format!("{} failed: {first}", error.stage),
        };
        Self {
            blame: error.fault.blame(),
            details: std::iter::once(format!("fault: {}", error.fault.name()))
                .chain(lines.map(str::to_owned))
                .collect(),
            log_tail: error.log_tail.clone(),
            ..Self::wrong(check, call, summary)
        }
    }

    /// Adds a line of detail.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds several lines of detail.
    #[must_use]
    pub fn with_details(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(lines);
        self
    }

    /// Says what most likely causes it or what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says the likely cause, where there is one.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

/// The whole finding on several lines, without a line break at the end.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.check)?;
        if let Some(call) = &self.call {
            write!(f, " [{call}]")?;
        }
        write!(f, ": {}", self.summary)?;
        for line in &self.details {
            write!(f, "\n  {line}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        for line in &self.log_tail {
            write!(f, "\n  log: {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Fault, Stage};

    #[test]
    fn a_failed_call_blames_by_its_fault_and_keeps_the_log() {
        let error =
            BackendError::new(Stage::Call, Fault::Timeout, "no answer within 5 s").with_log(vec!["tick".into()]);
        let finding = Finding::failed("answer", "first", &error);
        assert_eq!(finding.blame, Blame::Platform);
        assert_eq!(
            finding.to_string(),
            "answer [first]: call failed: no answer within 5 s\n  fault: timeout\n  log: tick"
        );
        let refused = BackendError::new(Stage::Call, Fault::Refused, "bad\nworse").with_exception("ValueError");
        let finding = Finding::failed("answer", "first", &refused);
        assert_eq!(finding.blame, Blame::Backend);
        assert_eq!(finding.summary, "the call gave ValueError: bad");
        assert_eq!(finding.details, ["fault: refused", "worse"]);
    }
}
