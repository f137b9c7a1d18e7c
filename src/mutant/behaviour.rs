//! Mutants whose answers depend on earlier calls: stale and cached responses, state that leaks between calls, crashes, wrong errors.
//! Does not change starts and stops.

use std::sync::Arc;

use super::alter::{Operation, altered};
use super::generated::replaced;
use super::{Mutant, MutantFault, MutatedCall, hand_made};
use crate::backend::{BackendError, Fault as BackendFault, Stage};
use crate::prediction::{Prediction, Request, Value};

type Predicted = Result<Prediction, BackendError>;

type ResultChange = fn(&MutatedCall<'_>, Predicted) -> Predicted;

/// All mutants that depend on earlier calls.
pub(super) fn mutants() -> impl Iterator<Item = Mutant> {
    let of_table = RESPONSES
        .iter()
        .chain(ERRORS)
        .map(|&(name, about, change)| hand_made(name, about, &[], MutantFault::Result(Arc::new(change))));
    let crossed = "of two calls at once each gets the other's response";
    of_table.chain([hand_made("crossed", crossed, &[], MutantFault::Crossed)])
}

/// Responses to other calls.
const RESPONSES: &[(&str, &str, ResultChange)] = &[
    ("stale", "every response is that to the call before", |call, right| match call.earlier.last() {
        // The earlier response was stale itself, so the right one to that request is looked up.
        Some((request, _)) => {
            call.responses.right(call.contract, call.config, request).map_or(right, |response| Ok((*response).clone()))
        }
        None => right,
    }),
    ("cached-by-sequence", "a response is kept for its sequence, whatever the options are", |call, right| {
        let same = call.earlier.iter().find(|(request, _)| request.input == call.request.input);
        same.map_or(right, |(_, response)| Ok(response.clone()))
    }),
    ("cached-by-length", "a response is kept for the length of its sequence", |call, right| {
        let length = |request: &Request| request.input.to_json().to_string().len();
        let is_same = |(request, _): &&(Request, Prediction)| {
            length(request) == length(call.request) && request.options == call.request.options
        };
        call.earlier.iter().find(is_same).map_or(right, |(_, response)| Ok(response.clone()))
    }),
    ("state-leaks", "every response is changed by the number of those before it", |call, right| {
        right.map(|right| if call.count == 0 { right } else { disturbed(&right) })
    }),
    ("flickers", "every fifth response is wrong in one row", |call, right| {
        right.map(|right| if call.count % 5 == 4 { disturbed(&right) } else { right })
    }),
    ("flickers-rarely", "every second response to the same request is wrong in one row", |call, right| {
        let again = call.earlier.iter().filter(|(request, _)| request == call.request).count();
        right.map(|right| if again % 2 == 1 { disturbed(&right) } else { right })
    }),
];

/// Errors where there should be none, none where there should be, and wrong ones.
const ERRORS: &[(&str, &str, ResultChange)] = &[
    ("crash-on-third-call", "it dies at its third call", |call, right| {
        if call.count == 2 {
            return Err(BackendError::new(Stage::Call, BackendFault::Died, "the server exited with code 139"));
        }
        right
    }),
    ("crash-on-long-input", "it dies at a long sequence", |call, right| {
        if call.request.input.to_json().to_string().len() > 400 {
            return Err(BackendError::new(Stage::Call, BackendFault::Died, "the server exited with code 137"));
        }
        right
    }),
    ("not-ready", "it says that it is ready before it is", |call, right| {
        if call.count == 0 {
            return Err(refusal("RuntimeError", "model is not initialized"));
        }
        right
    }),
    ("other-exception", "errors are of another class", |_, right| {
        right.map_err(|error| BackendError { exception: Some("RuntimeError".to_owned()), ..error })
    }),
    ("other-message", "errors have a message that says nothing", |_, right| {
        right.map_err(|error| BackendError { message: "Internal server error".to_owned(), ..error })
    }),
    ("errors-stay", "after an error every call is refused", |call, right| {
        if call.count > call.earlier.len() {
            return Err(refusal("RuntimeError", "an earlier call failed"));
        }
        right
    }),
    ("accepts-anything", "what must be refused gets some response", |call, right| {
        right.or_else(|error| {
            let any = call.responses.another(call.contract, call.config, call.request, |_, _| true).ok_or(error)?;
            Ok((*any).clone())
        })
    }),
    ("empty-answers", "every response has all its fields None", |_, right| {
        right.map(|right| Prediction {
            fields: right.fields.into_iter().map(|(name, _)| (name, Value::None)).collect(),
            class: right.class,
        })
    }),
    ("refuses-everything", "every call is refused", |_, _| Err(refusal("RuntimeError", "CUDA error: out of memory"))),
];

pub(super) fn refusal(exception: &str, message: &str) -> BackendError {
    BackendError::new(Stage::Call, BackendFault::Refused, message).with_exception(exception)
}

/// The response with one wrong row in the embeddings, or in the structures if there are no embeddings.
pub(super) fn disturbed(right: &Prediction) -> Prediction {
    let of = |name, axis| replaced(right, name, |value| altered(value, Operation::OneRow(axis)));
    of("embeddings", 1).or_else(|| of("atom_array", 0)).unwrap_or_else(|| right.clone())
}
