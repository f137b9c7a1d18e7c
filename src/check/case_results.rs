//! What a case gave back: the responses of its calls and all that is needed to judge them. Data only.

use std::cell::RefCell;

use super::expected::Expected;
use crate::backend::BackendError;
use crate::metric_value::{CheckedValue, MetricValue};
use crate::prediction::contract::Tolerance;
use crate::prediction::{Contract, Options, Prediction, Request};
use crate::snapshot::{InvalidKey, Provenance, SnapshotKey, Store};

/// What one call of a case gave.
#[derive(Debug, Clone)]
pub struct CallResult {
    /// The name of the call within its case.
    pub call: String,
    /// What was asked.
    pub request: Request,
    /// The configuration of the instance that was asked.
    pub config: Options,
    /// What came back.
    pub result: Result<Prediction, BackendError>,
}

/// Everything a check may look at.
#[derive(Clone, Copy)]
pub struct CaseResults<'a> {
    /// The contract of the model that answered.
    pub contract: &'a Contract,
    /// One response for each call of the case, in order.
    pub responses: &'a [CallResult],
    /// What was recorded earlier; `None` where nothing can have been.
    pub recorded: Option<&'a RecordedResults<'a>>,
    /// Where comparisons leave their numbers, whatever they say.
    pub measured: &'a MetricValues,
}

/// The numbers behind the verdicts of a case, in the order in which its checks took them, and what they could not judge.
#[derive(Debug, Default)]
pub struct MetricValues {
    measurements: RefCell<Vec<CheckedValue>>,
    unjudged: RefCell<Vec<String>>,
}

impl MetricValues {
    /// Keeps what a check measured at a path of the response to a call.
    pub(crate) fn keep(
        &self,
        check: &'static str,
        call: &str,
        path: &str,
        measures: impl IntoIterator<Item = MetricValue>,
    ) {
        let measurements = measures.into_iter().map(|measure| CheckedValue {
            check,
            call: call.to_owned(),
            path: path.to_owned(),
            measure,
        });
        self.measurements.borrow_mut().extend(measurements);
    }

    /// Says that a check found nothing to judge in the response to a call, and why: a case in which nothing is wrong has not passed
    /// then.
    pub(crate) fn leave_unjudged(&self, check: &'static str, call: &str, reason: &str) {
        self.unjudged.borrow_mut().push(format!("{check} [{call}]: {reason}"));
    }

    /// The numbers, and what was not judged.
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
    /// Which of them is that of a call, by the call's name.
    pub key: &'a dyn Fn(&str) -> Result<SnapshotKey, InvalidKey>,
    /// What is worth telling although nothing is wrong: results that were recorded just now.
    pub notes: &'a RefCell<Vec<String>>,
    /// How far results of this backend may lie apart whatever the contract allows real models: a backend that computes
    /// the same anywhere has no noise to be forgiven. `None` leaves it to the contract.
    pub noise: Option<Tolerance>,
    /// Name of the backend.
    pub backend: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// The file of the suite.
    pub source: &'a str,
    /// When it answered, in words; left out where recording must be reproducible.
    pub at: Option<&'a str>,
    /// The command that records what is missing for this case; `None` where it would not, because something else is wrong.
    pub command: Option<&'a str>,
    /// Where the backend says which weights it has, in words.
    pub declared: &'a str,
}

impl RecordedResults<'_> {
    /// What to do where nothing is recorded.
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

/// A prediction together with what was asked for.
#[derive(Debug, Clone)]
pub struct AnsweredCall<'a> {
    /// The name of the call.
    pub(crate) call: &'a str,
    /// The contract of the model that answered.
    pub(crate) contract: &'a Contract,
    /// What came back.
    pub(crate) prediction: &'a Prediction,
    /// What must come back.
    pub(crate) expected: Expected,
}

/// Which calls of a case a check looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Calls {
    /// Every call.
    All,
    /// The calls of these names.
    Named(Vec<String>),
}

impl Calls {
    /// The predictions among the responses of these calls. Errors are left out: they are findings of their own, unless the
    /// case expects them.
    pub(crate) fn answered<'a>(&'a self, results: &CaseResults<'a>) -> impl Iterator<Item = AnsweredCall<'a>> + 'a {
        let contract = results.contract;
        self.responses(results).filter_map(move |response| AnsweredCall::new(contract, response))
    }

    /// The responses of these calls.
    pub(crate) fn responses<'a>(&'a self, results: &CaseResults<'a>) -> impl Iterator<Item = &'a CallResult> + 'a {
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

impl<'a> AnsweredCall<'a> {
    /// The prediction of a response; `None` when the call failed.
    pub(crate) fn new(contract: &'a Contract, response: &'a CallResult) -> Option<Self> {
        let prediction = response.result.as_ref().ok()?;
        Some(Self {
            call: &response.call,
            contract,
            prediction,
            expected: Expected::new(contract, &response.request, &response.config),
        })
    }
}
