//! `error`: a call that must be refused, in the right way and with the right words. A call that succeeds is the finding.

use super::Check;
use super::case_results::{CallResult, Calls, CaseResults};
use super::finding::Finding;
use super::parser::CheckParser;
use crate::backend::{BackendError, Fault, Responsible, Stage};
use crate::config::Diagnostic;

/// The name of the check.
pub(crate) const NAME: &str = "error";

/// The faults by which a request can be refused; a suite may name others.
const REFUSALS: [Fault; 2] = [Fault::Refused, Fault::Schema];

#[derive(Debug)]
struct ExpectError {
    calls: Calls,
    message: Vec<String>,
    exception: Option<String>,
    faults: Vec<Fault>,
}

/// Reads `message`, `exception`, `fault` and `call`.
#[expect(clippy::unnecessary_wraps, reason = "every check is read by a function of this type")]
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    let calls = parser.calls();
    let message = parser.phrases("message");
    let exception = parser.reader().text("exception");
    let faults = read_faults(parser);
    if message.iter().any(String::is_empty) || (message.is_empty() && parser.reader().has("message")) {
        let location = parser.reader().location_of("message");
        let diagnostic = Diagnostic::at(location, "every message contains nothing");
        let diagnostic = diagnostic.with_label("expected words that the message must contain");
        parser.reader().diagnostics().push(diagnostic);
    }
    Some(Box::new(ExpectError { calls, message, exception, faults }))
}

/// The faults of `fault`, one or several; the refusals when it is absent.
fn read_faults(parser: &mut CheckParser<'_>) -> Vec<Fault> {
    let reader = parser.reader();
    let Some(written) = reader.text_or_texts("fault") else {
        return REFUSALS.to_vec();
    };
    let mut faults = Vec::new();
    for name in written.into_vec() {
        if let Some(fault) = Fault::EXPECTABLE.iter().find(|fault| fault.name() == name.value) {
            faults.push(*fault);
        } else {
            let names = Fault::EXPECTABLE.iter().map(|fault| fault.name());
            let diagnostic = Diagnostic::unknown(name.location, "fault", &name.value, names);
            reader.diagnostics().push(diagnostic);
        }
    }
    faults
}

impl Check for ExpectError {
    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn expects_error(&self, call: &str) -> bool {
        self.calls.includes(call)
    }

    fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        self.calls.responses(results).filter_map(|response| self.judge_one(response)).collect()
    }
}

impl ExpectError {
    fn judge_one(&self, response: &CallResult) -> Option<Finding> {
        let call = response.call.as_str();
        let error = match &response.result {
            Ok(prediction) => {
                let summary = format!("expected {}, got a {}", self.describe(), prediction.class);
                return Some(Finding::wrong(NAME, call, summary));
            }
            Err(error) => error,
        };
        if !self.faults.contains(&error.fault) {
            let failed = Finding::failed(NAME, call, error);
            let summary = format!("expected {}, but {}", self.describe(), failed.summary);
            return Some(Finding { summary, ..failed });
        }
        if let Some(expected) = &self.exception
            && let Some(got) = &error.exception
            && got != expected
        {
            let summary = format!("expected exception {expected}, got {got}: {}", first_line(error));
            return Some(Finding::wrong(NAME, call, summary));
        }
        // What a model says while it starts has no way out but the log.
        let reported = |words: &str| {
            error.message.contains(words)
                || (error.stage != Stage::Call && error.log_tail.iter().any(|line| line.contains(words)))
        };
        let missing = self.message.iter().find(|words| !reported(words))?;
        let summary = format!("expected a message with {missing:?}, got {:?}", first_line(error));
        // A client that keeps the message to itself leaves people without the reason; the log shows that it was there.
        let lost = error.log_tail.iter().any(|line| line.contains(missing.as_str()));
        let hint = lost.then(|| "the log has it, so the platform's client lost it on the way".to_owned());
        let finding = Finding::wrong(NAME, call, summary).with_hint(hint);
        Some(Finding {
            // Whether the backend or the connection is responsible follows from the fault, even one that was expected.
            responsible: match error.responsible() {
                Responsible::Backend => finding.responsible,
                responsible => responsible,
            },
            log_tail: error.log_tail.clone(),
            ..finding
        })
    }

    fn describe(&self) -> String {
        let what = match (&self.exception, self.faults.as_slice()) {
            (Some(exception), _) => exception.clone(),
            (None, [fault]) => format!("the fault {}", fault.name()),
            (None, _) => "a refusal".into(),
        };
        match self.message.as_slice() {
            [] => what,
            words => format!(
                "{what} with {}",
                words.iter().map(|words| format!("{words:?}")).collect::<Vec<_>>().join(" and ")
            ),
        }
    }
}

fn first_line(error: &BackendError) -> &str {
    error.message.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compile_errors, compiled, failed, folder, judge, response};
    use super::*;

    fn refusal() -> BackendError {
        BackendError::new(Stage::Call, Fault::Refused, "Folding failed: empty chain in 'A::B'")
            .with_exception("ValueError")
    }

    fn found(table: &str, error: BackendError) -> Vec<Finding> {
        let contract = folder();
        let check = compiled(&contract, &format!("check = 'error'\n{table}"));
        judge(&*check, &contract, &[failed(&contract, "call", "A::B", error)])
    }

    #[test]
    fn the_right_refusal_passes() {
        assert_eq!(found("message = 'empty chain'\nexception = 'ValueError'", refusal()), []);
        assert_eq!(found("message = ['empty', 'A::B']\nfault = 'refused'", refusal()), []);
        assert_eq!(found("", refusal()), []);
        let mut silent = refusal();
        silent.exception = None;
        assert_eq!(found("exception = 'ValueError'", silent), [], "a platform may lose the class");
    }

    #[test]
    fn a_call_that_succeeds_is_found() {
        let contract = folder();
        let check = compiled(&contract, "check = 'error'\nmessage = 'empty chain'\nexception = 'ValueError'");
        let findings = judge(&*check, &contract, &[response(&contract, "call", "A", json!({}))]);
        insta::assert_snapshot!(findings[0].summary, @r#"expected ValueError with "empty chain", got a toy.folder.Output"#);
        assert_eq!(findings[0].responsible, Responsible::Backend);
        assert!(check.expects_error("call"));
    }

    #[test]
    fn other_words_classes_and_faults_are_found() {
        let summary = |table: &str| found(table, refusal()).remove(0).summary;
        insta::assert_snapshot!(summary("message = 'Invalid amino acid'"), @r#"expected a message with "Invalid amino acid", got "Folding failed: empty chain in 'A::B'""#);
        insta::assert_snapshot!(summary("exception = 'TypeError'"), @"expected exception TypeError, got ValueError: Folding failed: empty chain in 'A::B'");
        insta::assert_snapshot!(summary("fault = 'schema'"), @"expected the fault schema, but the call gave ValueError: Folding failed: empty chain in 'A::B'");
    }

    #[test]
    fn a_platform_that_breaks_is_not_taken_for_a_refusal() {
        let findings = found("", BackendError::new(Stage::Call, Fault::Died, "connection dropped"));
        assert_eq!(findings[0].responsible, Responsible::Platform);
    }

    #[test]
    fn a_message_that_only_the_log_has_is_called_lost() {
        let error = BackendError::new(Stage::Call, Fault::Refused, "500 Server Error")
            .with_log(vec!["ValueError: empty chain".into()]);
        let findings = found("message = 'empty chain'", error);
        insta::assert_snapshot!(findings[0].hint.as_ref().unwrap(), @"the log has it, so the platform's client lost it on the way");
    }

    #[test]
    fn a_model_that_does_not_start_may_say_why_in_the_log() {
        let error = BackendError::new(Stage::Ready, Fault::Died, "exited with 3")
            .with_log(vec!["ValueError: Unsupported ESM-C model: nope".into()]);
        let wanted = "message = 'Unsupported ESM-C model'\nfault = ['refused', 'died']";
        assert_eq!(found(wanted, error.clone()), []);
        assert_eq!(found("message = 'else'\nfault = 'died'", error.clone())[0].responsible, Responsible::Platform);
        assert_eq!(found("message = 'Unsupported'", error).len(), 1, "a crash is no refusal unless it is expected");
    }

    #[test]
    fn demands_without_words_and_unknown_faults_are_refused() {
        insta::assert_snapshot!(compile_errors(&folder(), "check = 'error'\nmessage = ''"), @"
        error: every message contains nothing
         --> check.toml:2:11
          |
        2 | message = ''
          |           ^^ expected words that the message must contain
        ");
        insta::assert_snapshot!(compile_errors(&folder(), "check = 'error'\nfault = 'refuse'"), @"
        error: unknown fault `refuse`
         --> check.toml:2:9
          |
        2 | fault = 'refuse'
          |         ^^^^^^^^ did you mean `refused`?
        ");
    }
}
