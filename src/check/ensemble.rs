//! `ensemble`: the samples of a stochastic model come from the same distribution as the recorded ones. Compares sets of samples,
//! never single ones.

mod samples;
mod tested;
#[cfg(test)]
mod tests;

pub(crate) use self::samples::Sample;
pub(crate) use self::tested::{Tested, test};
use super::CheckRule;
use super::case_results::{AnsweredCall, Calls, CaseResults};
use super::finding::Finding;
use super::kept::find_or_keep;
use super::number::count;
use super::parser::CheckParser;
use crate::compare::{PLDDT, STRUCTURES, atom_faults};
use crate::config::read_changes;
use crate::prediction::gates::{EnsembleGates, GateTable, GateValues};

/// The name of the check.
pub(crate) const NAME: &str = "ensemble";

#[derive(Debug)]
struct Ensemble {
    changes: GateValues,
}

/// Samples of one complex on both sides.
#[derive(Debug)]
struct Sets {
    recorded: Vec<Sample>,
    now: Vec<Sample>,
}

/// Reads `gates`.
#[expect(clippy::unnecessary_wraps, reason = "every check is read by a function of this form")]
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let changes = read_changes::<EnsembleGates>(&mut parser.reader).unwrap_or_default();
    parser.demand_gates(EnsembleGates::NAME, |gates| gates.ensemble.is_some());
    parser.demand_breakable(&changes, |gates| gates.ensemble);
    Some(Box::new(Ensemble { changes }))
}

impl CheckRule for Ensemble {
    fn judge(&self, calls: &Calls, results: &CaseResults<'_>) -> Vec<Finding> {
        let Some(gates) = results.contract.gates.ensemble else {
            return Vec::new();
        };
        let gates = gates.with(&self.changes);
        let mut complexes: Vec<Sets> = Vec::new();
        let mut findings = Vec::new();
        let mut was_recorded = true;
        for response in calls.responses(results) {
            let Some(answered) = results.answer(response) else {
                return findings;
            };
            match gather(&answered) {
                Ok(Some(of_call)) if complexes.is_empty() => complexes = of_call,
                Ok(Some(of_call)) if complexes.len() == of_call.len() => {
                    for (sets, more) in complexes.iter_mut().zip(of_call) {
                        sets.recorded.extend(more.recorded);
                        sets.now.extend(more.now);
                    }
                }
                Ok(Some(_)) => {
                    let summary = "the calls are about different complexes, which make no ensemble";
                    return vec![Finding::unjudged(NAME, summary)];
                }
                Ok(None) => was_recorded = false,
                Err(finding) => findings.push(*finding),
            }
        }
        if was_recorded && findings.is_empty() {
            let judged = complexes.iter().enumerate();
            findings.extend(judged.filter_map(|(index, sets)| sets.judge(index, &gates, results)));
        }
        findings
    }
}

/// The recorded and the new samples of a call, complex by complex. Returns `None` if they were recorded just now.
fn gather(answered: &AnsweredCall<'_>) -> Result<Option<Vec<Sets>>, Box<Finding>> {
    let unjudged = |summary: String| Box::new(Finding::unjudged(NAME, summary).about(answered.call));
    let wrong = |summary: String| Box::new(Finding::wrong(NAME, answered.call, summary));
    let now = samples::of_response(answered).map_err(wrong)?;
    let Some(reference) = find_or_keep(NAME, &["metadata", STRUCTURES, PLDDT], answered)? else {
        return Ok(None);
    };
    let before = samples::recorded(answered, &reference).map_err(unjudged)?;
    if before.len() != now.len() {
        return Err(unjudged("what was recorded is about other complexes".to_owned()));
    }
    Ok(Some(before.into_iter().zip(now).map(|(recorded, now)| Sets { recorded, now }).collect()))
}

impl Sets {
    fn judge(&self, index: usize, gates: &EnsembleGates, results: &CaseResults<'_>) -> Option<Finding> {
        let path = format!("complex {index}");
        let case = |summary: String| Finding { call: None, ..Finding::wrong(NAME, "", summary) };
        for (words, samples) in [("recorded", &self.recorded), ("new", &self.now)] {
            if (samples.len() as f64) < gates.samples {
                let found = count(samples.len(), "sample");
                let summary = format!("{path}: {found} {words}, the gates ask for {}", gates.samples);
                let hint = "give the case more calls, each with a seed of its own, or more samples per call";
                return Some(Finding::unjudged(NAME, summary).hint(hint));
            }
        }
        let first = self.recorded.first()?;
        for sample in self.recorded.iter().chain(&self.now) {
            if let Some(fault) = atom_faults(&first.structure, &sample.structure).first() {
                return Some(case(format!("{path}: {} has other atoms than {}: {fault}", sample.name, first.name)));
            }
        }
        if let Some((one, other)) = tested::copies(&self.now) {
            let (one, other) = (&one.name, &other.name);
            return Some(
                case(format!("{path}: {one} and {other} are the same structure; other seeds must give other samples"))
                    .hint("the seed may not reach the model"),
            );
        }
        if let Some(fault) = tested::unsound_confidence(&self.recorded, &self.now) {
            return Some(case(format!("{path}: {fault}")));
        }
        let tests = test(&self.recorded, &self.now, gates);
        if tests.is_empty() {
            return Some(Finding::unjudged(NAME, format!("{path}: the samples cannot be measured")));
        }
        results.measured.keep(NAME, "", &path, tests.iter().map(Tested::measure));
        if let Some(blind) = tests.iter().find(|test| !test.can_fail()) {
            let splits = blind.result.splits;
            let summary = format!("{path}: no difference of so few samples is surprising, there are {splits} splits");
            return Some(Finding::unjudged(NAME, summary));
        }
        let differing = tests.iter().find(|test| test.differs())?;
        let (before, now) = (self.recorded.len(), self.now.len());
        let summary = format!("{path}: {now} samples are not from the distribution of {before} recorded: {differing}");
        Some(case(summary).with_details(tests.iter().map(ToString::to_string)))
    }
}
