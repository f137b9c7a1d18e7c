//! What is done with the responses of a trial: its checks judge them, beside recorded results, or they are kept for the caller. Data
//! says where they come from; no caller is asked.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use super::plots::PlotBudget;
use crate::check::{self, CallResult, CaseResults, Finding, MetricValues, RecordedResults};
use crate::metric_value::CheckedValue;
use crate::outcome::record::{PlotRecord, ResponseRecord};
use crate::plan::PlannedTrial;
use crate::prediction::contract::Tolerance;
use crate::snapshot::Store;

/// What judging gave.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What is wrong; empty when all is well.
    pub(crate) findings: Vec<Finding>,
    /// What is worth knowing although nothing is wrong.
    pub(crate) notes: Vec<String>,
    /// The numbers behind the verdicts of comparisons.
    pub(crate) measurements: Vec<CheckedValue>,
    /// What checks could not judge although nothing is wrong, and why.
    pub(crate) unjudged: Vec<String>,
    /// What reports draw, where that was asked for.
    pub(crate) plots: Vec<PlotRecord>,
    /// What is known of the responses, by the name of the call.
    pub(crate) responses: Vec<(String, ResponseRecord)>,
}

/// Where responses come from, as a recorded result names it.
#[derive(Debug, Clone)]
pub struct PredictionOrigin {
    /// Name of the backend.
    pub backend: String,
    /// Its kind.
    pub kind: &'static str,
    /// Which parameters stand behind its responses.
    pub weights: String,
    /// Where its table says which weights it has.
    pub declared: String,
    /// How far its responses may lie apart whatever the contract allows real models; `None` leaves it to the contract.
    pub noise: Option<Tolerance>,
    /// The command line that runs one case again, up to its name.
    pub reproduce: String,
}

/// What becomes of responses.
#[derive(Debug)]
pub enum Judging {
    /// The checks of the trial judge them.
    Checks {
        /// Where they come from.
        origin: PredictionOrigin,
        /// The recorded results.
        store: Store,
        /// The room for what reports draw; `None` where no report draws anything.
        plots: Option<PlotBudget>,
    },
    /// Those of which a result is recorded are kept with the name of their trial, and only calls that failed are findings.
    Answers(Mutex<Vec<(String, CallResult)>>),
}

impl Judging {
    /// Where the responses come from that checks judge.
    pub(super) const fn origin(&self) -> Option<&PredictionOrigin> {
        match self {
            Self::Checks { origin, .. } => Some(origin),
            Self::Answers(_) => None,
        }
    }

    /// What is wrong with the responses of a trial.
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
                let answered = responses.iter().filter(recorded);
                let answered = answered.map(|response| (trial.name.clone(), response.clone()));
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend(answered);
                let measured = MetricValues::default();
                Judged { findings: check::judge(&[], &results(trial, responses, None, &measured)), ..Judged::default() }
            }
        }
    }
}

/// Judges by the checks of a trial; what they note about snapshots goes to the report.
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
    let mut findings = check::judge(&trial.checks, &results(trial, responses, Some(&recorded), &measured));
    if let (Some(drawn), Some(last)) = (trial.statement.drawn(), findings.last_mut()) {
        last.details.push(drawn);
    }
    let (measurements, unjudged) = measured.into_inner();
    Judged { findings, notes: notes.into_inner(), measurements, unjudged, plots: Vec::new(), responses: Vec::new() }
}

fn results<'a>(
    trial: &'a PlannedTrial,
    responses: &'a [CallResult],
    recorded: Option<&'a RecordedResults<'a>>,
    measured: &'a MetricValues,
) -> CaseResults<'a> {
    CaseResults { contract: &trial.contract, responses, recorded, measured }
}
