//! Handles the responses of a trial: its checks judge them, also by recorded results, or they are kept for the caller. Does not make any
//! call.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use super::plots::PlotBudget;
use crate::check::{self, CallResult, CaseResults, Finding, MetricValues, RecordedResults};
use crate::metric_value::CheckedValue;
use crate::outcome::record::{PlotRecord, ResponseRecord};
use crate::plan::PlannedTrial;
use crate::prediction::contract::Tolerance;
use crate::snapshot::Store;

/// The result of judging responses.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    pub(crate) notes: Vec<String>,
    /// The metric values of comparisons.
    pub(crate) measurements: Vec<CheckedValue>,
    /// What checks could not judge, and why.
    pub(crate) unjudged: Vec<String>,
    /// Empty unless a report draws plots.
    pub(crate) plots: Vec<PlotRecord>,
    /// The records of the responses, by the name of the call.
    pub(crate) responses: Vec<(String, ResponseRecord)>,
}

/// The origin of responses, as recorded results name it.
#[derive(Debug, Clone)]
pub struct PredictionOrigin {
    /// Name of the backend.
    pub backend: String,
    /// Its kind.
    pub kind: &'static str,
    /// The parameters of its models.
    pub weights: String,
    /// The place in its table that declares its weights.
    pub declared: String,
    /// How far its responses may differ, in place of the tolerance of the contract. `None` leaves it to the contract.
    pub noise: Option<Tolerance>,
    /// The command line that runs one case again, up to its name.
    pub reproduce: String,
}

/// How responses are handled.
#[derive(Debug)]
pub enum Judging {
    /// The checks of the trial judge them.
    Checks {
        /// The origin of the responses.
        origin: PredictionOrigin,
        /// The recorded results.
        store: Store,
        /// The budget of plots. `None` if no report draws any.
        plots: Option<PlotBudget>,
    },
    /// Responses with a recorded result are kept with the name of their trial. Only failed calls are findings.
    Answers(Mutex<Vec<(String, CallResult)>>),
}

impl Judging {
    /// The origin of responses that checks judge.
    pub(super) const fn origin(&self) -> Option<&PredictionOrigin> {
        match self {
            Self::Checks { origin, .. } => Some(origin),
            Self::Answers(_) => None,
        }
    }

    /// Judges or keeps the responses of a trial.
    pub(super) fn judge(&self, trial: &PlannedTrial, responses: &[CallResult]) -> Judged {
        match self {
            Self::Checks { origin, store, plots } => {
                let mut judged = by_checks(origin, store, trial, responses);
                if let Some(budget) = plots {
                    let passed = judged.findings.is_empty();
                    judged.plots = budget.plots(trial, (store, &origin.weights), responses, passed);
                }
                judged
            }
            Self::Answers(kept) => {
                let recorded = |response: &&CallResult| trial.checks.iter().any(|check| check.records(&response.call));
                let named = responses.iter().filter(recorded).map(|response| (trial.name.clone(), response.clone()));
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend(named);
                let measured = MetricValues::default();
                let results = CaseResults { contract: &trial.contract, responses, recorded: None, measured: &measured };
                Judged { findings: check::judge(&[], &results), ..Judged::default() }
            }
        }
    }
}

/// Judges responses by the checks of a trial.
fn by_checks(origin: &PredictionOrigin, store: &Store, trial: &PlannedTrial, responses: &[CallResult]) -> Judged {
    let (notes, measured) = (RefCell::default(), MetricValues::default());
    let recorded = RecordedResults {
        store,
        key: &|call| trial.snapshot_key(&origin.weights, call),
        notes: &notes,
        noise: origin.noise,
        backend: &origin.backend,
        kind: origin.kind,
        source: &trial.source,
        at: None,
        command: Some(&format!("{} --record --exact {}", origin.reproduce, trial.name)),
        declared: &origin.declared,
    };
    let results = CaseResults { contract: &trial.contract, responses, recorded: Some(&recorded), measured: &measured };
    let mut findings = check::judge(&trial.checks, &results);
    if let (Some(drawn), Some(last)) = (trial.statement.drawn(), findings.last_mut()) {
        last.details.push(drawn);
    }
    let (measurements, unjudged) = measured.into_inner();
    Judged { findings, notes: notes.into_inner(), measurements, unjudged, ..Judged::default() }
}
