//! The report of a check about one wrong thing: one sentence, the details, the likely cause. Data only; nothing here prints.

use std::fmt;

use crate::backend::{BackendError, Responsible};

/// One thing that is wrong with a response, or the reason why it could not be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Whether the backend is wrong (verdict fail), or anything else is, so that there is no verdict on it (verdict error).
    pub(crate) responsible: Responsible,
    /// The check that found it.
    pub check: &'static str,
    /// The call whose response it is about. `None` if it is about the case as a whole.
    pub(crate) call: Option<String>,
    /// One line: field, place, expected and observed value.
    pub(crate) summary: String,
    /// Further lines: numbers, positions, what would have passed.
    pub(crate) details: Vec<String>,
    /// The values of the response that are not as expected, if they are known one by one.
    pub(crate) differences: Vec<FieldDifference>,
    /// The likely cause, or what to do.
    pub hint: Option<String>,
    /// The last lines that the platform logged, oldest first.
    pub(crate) log_tail: Vec<String>,
}

/// One value of a response that is not as expected.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FieldDifference {
    /// Its path, such as `plddt[0]`.
    pub(crate) field: String,
    /// The element with the greatest difference, along every dimension.
    pub(crate) index: Option<Vec<usize>>,
    /// What that element is about, such as `chain A residue 12`.
    pub(crate) residue: Option<String>,
    /// The expected element.
    pub(crate) expected: Option<f64>,
    /// The observed element.
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
    /// The values of the response that the finding is about. A summary begins with the path of its value.
    pub(crate) fn differing_values(&self) -> Vec<FieldDifference> {
        let is_path = |path: &&str| {
            let begins = path.starts_with(|letter: char| letter.is_ascii_lowercase());
            begins && path.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.[]".contains(letter))
        };
        match self.summary.split_once(": ").map(|(path, _)| path).filter(is_path) {
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

    /// There is no verdict on a response, for a reason of hydrotest's own and not of the backend's.
    pub(crate) fn unjudged(check: &'static str, summary: impl Into<String>) -> Self {
        Self { responsible: Responsible::Harness, call: None, ..Self::wrong(check, "", summary) }
    }

    /// A response of another backend than the declared one, or a demand of the suite that no response can meet: neither the backend nor the
    /// platform is wrong.
    pub(crate) fn misconfigured(check: &'static str, call: &str, summary: impl Into<String>) -> Self {
        Self { responsible: Responsible::Settings, ..Self::wrong(check, call, summary) }
    }

    /// There is no sound reference: the recorded result is missing, altered or cannot be read.
    pub(crate) fn without_reference(check: &'static str, call: &str, summary: impl Into<String>) -> Self {
        Self { responsible: Responsible::Reference, ..Self::wrong(check, call, summary) }
    }

    /// A call that failed although a response was expected. The error tells who is responsible.
    pub(crate) fn failed(check: &'static str, call: &str, error: &BackendError) -> Self {
        let mut lines = error.message.lines();
        let first = lines.next().unwrap_or_default();
        let failed = |summary: String| Self { responsible: error.responsible(), ..Self::wrong(check, call, summary) };
        if error.inherited {
            // The case in which it happened has the details and the log.
            return failed(format!("not asked: {first}"));
        }
        let summary = match &error.exception {
            Some(class) => format!("the call gave {class}: {first}"),
            None => format!("{} failed: {first}", error.stage),
        };
        let fault = format!("fault: {}", error.fault.name());
        let details = std::iter::once(fault).chain(lines.map(str::to_owned)).collect();
        Self { details, log_tail: error.log_tail.clone(), ..failed(summary) }
    }

    /// Sets the call that the finding is about.
    pub(crate) fn about(self, call: &str) -> Self {
        Self { call: Some(call.to_owned()), ..self }
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

    /// Sets the likely cause or what to do.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.with_hint(Some(hint.into()))
    }

    /// Sets the likely cause, if there is one.
    pub(crate) fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// The same for a screen: long lines and logs are cut, with the number of characters left out. Of details the beginning is
    /// kept, of a log the end.
    pub(crate) fn shortened(&self) -> Self {
        let newest_first: Vec<String> = self.log_tail.iter().rev().cloned().collect();
        let mut log_tail = shown(&newest_first, " before");
        log_tail.reverse();
        Self {
            summary: cut(&self.summary),
            hint: self.hint.as_deref().map(cut),
            details: shown(&self.details, ""),
            log_tail,
            ..self.clone()
        }
    }
}

/// Characters of a line on a screen.
const LONGEST_LINE: usize = 1000;
/// Bytes of the details, and of the log, on a screen.
const LONGEST_TEXT: usize = 4 << 10;

/// A line, cut to a readable length.
fn cut(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}… {} more characters", &line[..end], line[end..].chars().count()),
    }
}

/// The first lines, as many as a screen has space for, and how much is left out.
fn shown(lines: &[String], place: &str) -> Vec<String> {
    let mut shown = Vec::new();
    let mut space = LONGEST_TEXT;
    for (index, line) in lines.iter().enumerate() {
        let line = cut(line);
        let Some(left) = space.checked_sub(line.len()) else {
            let characters: usize = lines[index..].iter().map(|line| line.chars().count()).sum();
            shown.push(format!("… {characters} more characters{place}"));
            break;
        };
        space = left;
        shown.push(line);
    }
    shown
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
