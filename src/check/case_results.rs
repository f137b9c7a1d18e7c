//! The results of a case: the responses to its calls and everything needed to judge them. Data only.

use std::cell::RefCell;

use super::expected::Expected;
use crate::backend::BackendError;
use crate::metric_value::{CheckedValue, MetricValue};
use crate::prediction::contract::Tolerance;
use crate::prediction::{Contract, Options, Prediction, Request, Value};
use crate::snapshot::{InvalidKey, Provenance, SnapshotKey, Store};
use crate::synthetic::WEIGHTS as SYNTHETIC;

/// The weights that the authors of the models published.
const PUBLISHED: &str = "published";

/// The result of one call of a case.
#[derive(Debug, Clone)]
pub struct CallResult {
    /// The name of the call within its case.
    pub call: String,
    /// The request that was sent.
    pub request: Request,
    /// The configuration of the instance that was asked.
    pub config: Options,
    /// The response.
    pub result: Result<Prediction, BackendError>,
}

/// Everything a check may look at.
#[derive(Clone, Copy)]
pub struct CaseResults<'a> {
    /// The contract of the model that answered.
    pub contract: &'a Contract,
    /// One response for each call of the case, in order.
    pub responses: &'a [CallResult],
    /// Results recorded earlier. `None` if nothing can have been recorded.
    pub recorded: Option<&'a RecordedResults<'a>>,
    /// Where comparisons leave their metrics, whatever the verdict.
    pub measured: &'a MetricValues,
}

impl<'a> CaseResults<'a> {
    /// The response to a call. Returns `None` if the call failed.
    pub(crate) fn answered(&self, call: &str) -> Option<AnsweredCall<'a>> {
        self.answer(self.responses.iter().find(|response| response.call == call)?)
    }

    /// A response as a prediction. Returns `None` if the call failed.
    pub(crate) fn answer(&self, response: &'a CallResult) -> Option<AnsweredCall<'a>> {
        Some(AnsweredCall {
            call: &response.call,
            contract: self.contract,
            prediction: response.result.as_ref().ok()?,
            expected: Expected::new(self.contract, &response.request, &response.config),
            response,
            results: *self,
        })
    }
}

/// The metrics behind the verdicts of a case, in the order in which its checks took them, and what could not be judged.
#[derive(Debug, Default)]
pub struct MetricValues {
    measurements: RefCell<Vec<CheckedValue>>,
    unjudged: RefCell<Vec<String>>,
}

impl MetricValues {
    /// Keeps the metrics that a check took at a path of the response to a call.
    pub(crate) fn keep(
        &self,
        check: &'static str,
        call: &str,
        path: &str,
        measures: impl IntoIterator<Item = MetricValue>,
    ) {
        let (call, path) = (call.to_owned(), path.to_owned());
        let checked = |measure| CheckedValue { check, call: call.clone(), path: path.clone(), measure };
        self.measurements.borrow_mut().extend(measures.into_iter().map(checked));
    }

    /// Notes that a check found nothing to judge in the response to a call, and why. A case with such a note and no finding has
    /// not passed.
    pub(crate) fn leave_unjudged(&self, check: &'static str, call: &str, reason: &str) {
        self.unjudged.borrow_mut().push(format!("{check} [{call}]: {reason}"));
    }

    /// The metrics, and the reasons why something was not judged.
    #[must_use]
    pub fn into_inner(self) -> (Vec<CheckedValue>, Vec<String>) {
        (self.measurements.into_inner(), self.unjudged.into_inner())
    }
}

/// Recorded results, and what is written beside new ones.
#[derive(Clone, Copy)]
pub struct RecordedResults<'a> {
    /// The snapshots.
    pub store: &'a Store,
    /// The key of a call's snapshot, by the call's name.
    pub key: &'a dyn Fn(&str) -> Result<SnapshotKey, InvalidKey>,
    /// Messages that are no findings, such as results that were recorded just now.
    pub notes: &'a RefCell<Vec<String>>,
    /// How far results of this backend may lie apart, whatever the contract allows real models. A backend that computes the same
    /// anywhere has no noise. `None` leaves it to the contract.
    pub noise: Option<Tolerance>,
    /// Name of the backend.
    pub backend: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// The file of the suite.
    pub source: &'a str,
    /// The time of the response as text. `None` if recording must be reproducible.
    pub at: Option<&'a str>,
    /// The command that records what is missing for this case. `None` if it would not, because something else is wrong.
    pub command: Option<&'a str>,
    /// The place where the backend declares its weights, as text.
    pub declared: &'a str,
}

impl RecordedResults<'_> {
    /// What to do if nothing is recorded.
    pub(crate) fn advice(&self) -> String {
        match self.command {
            Some(command) => format!("record it with: {command}"),
            None => "it is recorded only once nothing else is wrong with the case".to_owned(),
        }
    }

    /// What is written beside a new result.
    pub(crate) fn provenance(&self, contract: &Contract, response: &CallResult) -> Provenance {
        Provenance {
            backend: self.backend.to_owned(),
            kind: self.kind.to_owned(),
            model: contract.name.clone(),
            request: response.request.clone(),
            config: contract.decisive_config(&response.config),
            seed_option: contract.seed_option().map(str::to_owned),
            recorded: self.at.map(str::to_owned),
            source: self.source.to_owned(),
        }
    }
}

/// A prediction together with its request and its case.
#[derive(Clone)]
pub(crate) struct AnsweredCall<'a> {
    /// The name of the call.
    pub(crate) call: &'a str,
    /// The contract of the model that answered.
    pub(crate) contract: &'a Contract,
    /// The prediction.
    pub(crate) prediction: &'a Prediction,
    /// What the prediction must hold.
    pub(crate) expected: Expected,
    /// The result that holds the prediction.
    pub(super) response: &'a CallResult,
    /// The results of the whole case.
    pub(super) results: CaseResults<'a>,
}

impl<'a> AnsweredCall<'a> {
    /// The items of a field that holds a list. Empty for any other field.
    pub(super) fn items(&self, field: &str) -> &'a [Value] {
        self.prediction.field(field).and_then(Value::as_items).unwrap_or_default()
    }

    /// The prediction with the wanted fields only.
    pub(super) fn select(&self, wanted: impl Fn(&str) -> bool) -> Prediction {
        let fields = self.prediction.fields.iter().filter(|(name, _)| wanted(name));
        Prediction { class: self.prediction.class.clone(), fields: fields.cloned().collect() }
    }

    /// The number of the first residue in the structures of the model, or 0.
    pub(super) fn first_residue(&self) -> usize {
        let first = self.contract.fields.iter().find_map(|field| field.first_residue).unwrap_or(0);
        usize::try_from(first).unwrap_or(0)
    }

    /// The declared weights of the backend. Returns `None` if they are not known.
    pub(super) fn weights(&self) -> Option<String> {
        Some((self.results.recorded?.key)(self.call).ok()?.weights().to_owned())
    }
}

/// Whether weights are those of a trained model, so that the structures that it folds could exist.
pub(super) fn is_trained(weights: &str) -> bool {
    [PUBLISHED, SYNTHETIC].contains(&weights)
}

/// The calls of a case that a check looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Calls {
    /// Every call.
    All,
    /// The calls of these names.
    Named(Vec<String>),
}

impl Calls {
    /// The predictions among the responses to these calls. Errors are left out: they are findings of their own, unless the case
    /// expects them.
    pub(crate) fn answered<'a>(&self, results: &CaseResults<'a>) -> impl Iterator<Item = AnsweredCall<'a>> {
        self.responses(results).filter_map(|response| results.answer(response))
    }

    /// The responses to these calls.
    pub(crate) fn responses<'a>(&self, results: &CaseResults<'a>) -> impl Iterator<Item = &'a CallResult> {
        results.responses.iter().filter(|response| self.includes(&response.call))
    }

    /// Whether a call is one of these.
    pub(crate) fn includes(&self, call: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| name == call),
        }
    }
}
