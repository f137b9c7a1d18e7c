//! What a check says when something is wrong: one sentence, the details, the likely cause. Data only; nothing here prints.

use std::collections::VecDeque;
use std::fmt;

use crate::backend::{BackendError, Responsible};

/// One thing that is wrong with a response, or the reason why it could not be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Whether the backend is wrong (verdict fail), or anything else is, so that there is no verdict on it (verdict error).
    pub(crate) responsible: Responsible,
    /// The check that found it.
    pub check: &'static str,
    /// The call whose response it is about; `None` when it is about the case as a whole.
    pub(crate) call: Option<String>,
    /// One line: field, place, what was expected and what came.
    pub(crate) summary: String,
    /// Further lines: numbers, positions, what would have passed.
    pub(crate) details: Vec<String>,
    /// The values of the response that are not as expected, where they are known one by one.
    pub(crate) differences: Vec<FieldDifference>,
    /// What most likely causes it, or what to do about it.
    pub hint: Option<String>,
    /// The last lines that the platform logged, oldest first.
    pub(crate) log_tail: Vec<String>,
}

/// One value of a response that is not as expected.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FieldDifference {
    /// Its path, such as `plddt[0]`.
    pub(crate) field: String,
    /// The element where the difference is greatest, along every dimension.
    pub(crate) index: Option<Vec<usize>>,
    /// What that element is about, such as `chain A residue 12`.
    pub(crate) residue: Option<String>,
    /// The expected element.
    pub(crate) expected: Option<f64>,
    /// The element that came.
    pub(crate) observed: Option<f64>,
    /// The greatest absolute difference that is allowed there.
    pub(crate) allowed: Option<f64>,
}

impl FieldDifference {
    /// A value of which only the path is known.
    pub(crate) fn of_field(field: impl Into<String>) -> Self {
        Self { field: field.into(), ..Self::default() }
    }
}

impl Finding {
    /// The values of the response that it is about. A summary begins with the path of its value.
    pub(crate) fn differing_values(&self) -> Vec<FieldDifference> {
        let path = self.summary.split_once(": ").map(|(path, _)| path);
        let is_path = |path: &&str| {
            let begins = path.starts_with(|letter: char| letter.is_ascii_lowercase());
            begins && path.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.[]".contains(letter))
        };
        match path.filter(is_path) {
            Some(path) if self.differences.is_empty() => vec![FieldDifference::of_field(path)],
            _ => self.differences.clone(),
        }
    }

    /// A wrong response of the backend.
    pub(crate) fn wrong(check: &'static str, call: &str, summary: impl Into<String>) -> Self {
        Self {
            responsible: Responsible::Backend,
            check,
            call: Some(call.to_owned()),
            summary: summary.into(),
            details: Vec::new(),
            differences: Vec::new(),
            hint: None,
            log_tail: Vec::new(),
        }
    }

    /// A reason of ours, not of the backend's, why there is no verdict on its response.
    pub(crate) fn unjudged(check: &'static str, summary: impl Into<String>) -> Self {
        Self { responsible: Responsible::Harness, call: None, ..Self::wrong(check, "", summary) }
    }

    /// A response of another backend than its table declares: neither it nor the platform is wrong.
    pub(crate) fn misconfigured(check: &'static str, call: &str, summary: impl Into<String>) -> Self {
        Self { responsible: Responsible::Settings, ..Self::wrong(check, call, summary) }
    }

    /// Nothing sound to hold a response against: its recorded result is missing, altered or cannot be read.
    pub(crate) fn without_reference(check: &'static str, call: &str, summary: impl Into<String>) -> Self {
        Self { responsible: Responsible::Reference, ..Self::wrong(check, call, summary) }
    }

    /// A call that gave an error where a response was expected; the error says whom that blames.
    pub(crate) fn failed(check: &'static str, call: &str, error: &BackendError) -> Self {
        let mut lines = error.message.lines();
        let first = lines.next().unwrap_or_default();
        if error.inherited {
            // The case that it happened to has the details and the log.
            return Self {
                responsible: error.responsible(),
                ..Self::wrong(check, call, format!("not asked: {first}"))
            };
        }
        let summary = match &error.exception {
            Some(class) => format!("the call gave {class}: {first}"),
            None => format!("{} failed: {first}", error.stage),
        };
        Self {
            responsible: error.responsible(),
            details: std::iter::once(format!("fault: {}", error.fault.name()))
                .chain(lines.map(str::to_owned))
                .collect(),
            log_tail: error.log_tail.clone(),
            ..Self::wrong(check, call, summary)
        }
    }

    /// Adds a line of detail.
    pub(crate) fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds several lines of detail.
    pub(crate) fn with_details(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(lines);
        self
    }

    /// Says which values of the response differ.
    pub(crate) fn with_differences(mut self, differences: impl IntoIterator<Item = FieldDifference>) -> Self {
        self.differences.extend(differences);
        self
    }

    /// Says what most likely causes it or what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same for a screen: long lines and logs are cut, with how much
    /// more there is. The beginning of a message tells most, and the end of a log.
    pub(crate) fn shortened(&self) -> Self {
        let mut details = Vec::new();
        let mut room = ROOM;
        for (index, line) in self.details.iter().enumerate() {
            let line = cut(line);
            if line.len() > room {
                details.push(more(&self.details[index..], ""));
                break;
            }
            room -= line.len();
            details.push(line);
        }
        let mut log_tail = VecDeque::new();
        let mut room = ROOM;
        for (index, line) in self.log_tail.iter().enumerate().rev() {
            let line = cut(line);
            if line.len() > room {
                log_tail.push_front(more(&self.log_tail[..=index], " before"));
                break;
            }
            room -= line.len();
            log_tail.push_front(line);
        }
        Self {
            summary: cut(&self.summary),
            hint: self.hint.as_deref().map(cut),
            details,
            log_tail: log_tail.into(),
            ..self.clone()
        }
    }

    /// Says the likely cause, where there is one.
    pub(crate) fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

/// Characters of a line on a screen.
const LONGEST_LINE: usize = 1000;
/// Bytes of the details, and of the log, on a screen.
const ROOM: usize = 4 << 10;

/// A line, cut to a readable length.
fn cut(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}… {} more characters", &line[..end], line[end..].chars().count()),
    }
}

/// What there is besides.
fn more(lines: &[String], place: &str) -> String {
    let characters: usize = lines.iter().map(|line| line.chars().count()).sum();
    format!("… {characters} more characters{place}")
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
            BackendError::new(Stage::Call, Fault::Timeout, "no response within 5 s").with_log(vec!["tick".into()]);
        let finding = Finding::failed("response", "first", &error);
        assert_eq!(finding.responsible, Responsible::Platform);
        insta::assert_snapshot!(finding, @"
        response [first]: call failed: no response within 5 s
          fault: timeout
          log: tick
        ");
        let refused = BackendError::new(Stage::Call, Fault::Refused, "bad\nworse").with_exception("ValueError");
        let finding = Finding::failed("response", "first", &refused);
        assert_eq!(finding.responsible, Responsible::Backend);
        insta::assert_snapshot!(finding.summary, @"the call gave ValueError: bad");
        assert_eq!(finding.details, ["fault: refused", "worse"]);
        assert_eq!(finding.shortened(), finding, "what is short stays as it is");
    }

    #[test]
    fn what_happened_to_another_case_is_told_in_one_line() {
        let error = BackendError::new(Stage::Ready, Fault::Died, "esm2 on lab did not start: exit 3\nmore")
            .with_log(vec!["Traceback".into()]);
        let finding = Finding::failed("response", "call", &error.inherited());
        insta::assert_snapshot!(finding, @"response [call]: not asked: esm2 on lab did not start: exit 3");
        assert_eq!(finding.responsible, Responsible::Platform);
    }

    #[test]
    fn what_floods_a_screen_is_cut_and_counted() {
        let log: Vec<String> = (0..50).map(|line| format!("{line:02}{}", "x".repeat(1998))).collect();
        let message = format!("{}\nthe second line", "é".repeat(64 << 10));
        let error = BackendError::new(Stage::Call, Fault::Died, message).with_log(log);
        let whole = Finding::failed("response", "first", &error);
        let short = whole.shortened();
        assert!(short.to_string().len() < 12 << 10, "{}", short.to_string().len());
        insta::assert_snapshot!(short.summary.replace('é', ""), @"call failed: … 64549 more characters");
        assert_eq!(short.summary.matches('é').count(), 987);
        assert_eq!(short.details, ["fault: died", "the second line"]);
        insta::assert_snapshot!(short.log_tail[0], @"… 92000 more characters before");
        let last = short.log_tail.last().unwrap();
        assert!(last.starts_with("49x") && last.ends_with("x… 1000 more characters"), "{last}");
        let wide = Finding::wrong("shape", "call", "s").with_details((0..50).map(|_| "y".repeat(900)));
        let short = wide.shortened();
        assert_eq!(short.details.len(), 5);
        insta::assert_snapshot!(short.details[4], @"… 41400 more characters");
    }
}
