//! `error`: a call must be refused with the right fault, exception and message. A call that succeeds is the finding.

use super::CheckRule;
use super::case_results::{CallResult, Calls, CaseResults};
use super::finding::Finding;
use super::parser::CheckParser;
use crate::backend::{Fault, Responsible, Stage};
use crate::config::Diagnostic;

/// The name of the check.
pub(crate) const NAME: &str = "error";

/// The faults by which a request can be refused. A suite may name others.
const REFUSALS: [Fault; 2] = [Fault::Refused, Fault::Schema];

#[derive(Debug)]
struct ExpectError {
    message: Vec<String>,
    exception: Option<String>,
    faults: Vec<Fault>,
}

/// Reads `message`, `exception` and `fault`.
#[expect(clippy::unnecessary_wraps, reason = "every check is read by a function of this type")]
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let message = parser.phrases("message");
    let exception = parser.reader.text("exception");
    let faults = read_faults(parser);
    if message.iter().any(String::is_empty) || (message.is_empty() && parser.reader.has("message")) {
        let label = "expected words that the message must contain";
        parser.reader.reject("message", "every message contains nothing", label);
    }
    Some(Box::new(ExpectError { message, exception, faults }))
}

/// The faults of `fault`, one or several. The refusals if the key is absent.
fn read_faults(parser: &mut CheckParser<'_>) -> Vec<Fault> {
    let Some(written) = parser.reader.text_or_texts("fault") else {
        return REFUSALS.to_vec();
    };
    let mut faults = Vec::new();
    for name in written.into_vec() {
        if let Some(fault) = Fault::EXPECTABLE.iter().find(|fault| fault.name() == name.value) {
            faults.push(*fault);
        } else {
            let names = Fault::EXPECTABLE.iter().map(|fault| fault.name());
            parser.reader.diagnostics().push(Diagnostic::unknown(name.location, "fault", &name.value, names));
        }
    }
    faults
}

impl CheckRule for ExpectError {
    fn judge(&self, calls: &Calls, results: &CaseResults<'_>) -> Vec<Finding> {
        calls.responses(results).filter_map(|response| self.judge_response(response)).collect()
    }
}

impl ExpectError {
    fn judge_response(&self, response: &CallResult) -> Option<Finding> {
        let wrong = |summary: String| Finding::wrong(NAME, &response.call, summary);
        let error = match &response.result {
            Ok(prediction) => return Some(wrong(format!("expected {}, got a {}", self.describe(), prediction.class))),
            Err(error) => error,
        };
        if !self.faults.contains(&error.fault) {
            let failed = Finding::failed(NAME, &response.call, error);
            let summary = format!("expected {}, but {}", self.describe(), failed.summary);
            return Some(Finding { summary, ..failed });
        }
        let first_line = error.message.lines().next().unwrap_or_default();
        if let (Some(expected), Some(got)) = (&self.exception, &error.exception)
            && got != expected
        {
            return Some(wrong(format!("expected exception {expected}, got {got}: {first_line}")));
        }
        // The messages of a model that starts appear only in the log.
        let is_logged = |words: &str| error.log_tail.iter().any(|line| line.contains(words));
        let is_reported =
            |words: &str| error.message.contains(words) || (error.stage != Stage::Call && is_logged(words));
        let missing = self.message.iter().find(|words| !is_reported(words))?;
        // A client that drops the message leaves people without the reason. The log shows that it was there.
        let hint = is_logged(missing).then(|| "the log has it, so the platform's client lost it on the way".to_owned());
        let finding = wrong(format!("expected a message with {missing:?}, got {first_line:?}")).with_hint(hint);
        Some(Finding {
            // Whether the backend or the connection is responsible follows from the fault, even from an expected one.
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
        if self.message.is_empty() {
            return what;
        }
        let words: Vec<String> = self.message.iter().map(|words| format!("{words:?}")).collect();
        format!("{what} with {}", words.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compile_errors, compiled, failed, folder, judge, response};
    use super::*;
    use crate::backend::BackendError;

    fn refusal() -> BackendError {
        BackendError::new(Stage::Call, Fault::Refused, "Folding failed: empty chain in 'A::B'")
            .with_exception("ValueError")
    }

    fn found(table: &str, error: BackendError) -> Vec<Finding> {
        let contract = folder();
        let check = compiled(&contract, &format!("check = 'error'\n{table}"));
        judge(&check, &contract, &[failed(&contract, "call", "A::B", error)])
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
        let findings = judge(&check, &contract, &[response(&contract, "call", "A", json!({}))]);
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
