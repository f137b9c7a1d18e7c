//! Hints that only the whole run shows: several cases that go wrong in one way, such as by an option that reaches no model or a response
//! that does not repeat. Counts facts in calls and findings. Gives no hint without several of them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CallRecord, CaseRecord, FindingRecord, ResponseRecord};
use crate::backend::Responsible;
use crate::config::Config;
use crate::metric_value::count;
use crate::outcome::Verdict;
use crate::prediction::Contract;

/// The fewest cases that show that options are ignored.
const SEVERAL: usize = 2;
/// The fewest comparisons with recorded results from which a hint follows.
const COMPARED: usize = 3;
/// The most cases that a line of evidence names.
const NAMED: usize = 3;
/// The most characters of the fact of one case.
const LONGEST_FACT: usize = 120;
/// The option that requests fields.
const INCLUDE: &str = "include_fields";
/// Checks that compare with recorded results.
const REFERENCE_CHECKS: [&str; 3] = ["snapshot", "positions", "ensemble"];

/// A hint that follows from several cases of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HintRecord {
    /// The subject of the hint.
    pub(crate) kind: HintKind,
    /// The problem of the run, and what to do.
    pub(crate) sentence: String,
    /// The facts of the first cases.
    pub(crate) evidence: String,
    /// All cases that show the problem, in plan order.
    pub(crate) cases: Vec<String>,
}

/// The subject of a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HintKind {
    /// Every response is that of another model.
    OtherModel,
    /// Options of calls change no response.
    OptionsIgnored,
    /// Options of the configuration change no response.
    ConfigurationIgnored,
    /// The same call gets other responses.
    NotRepeatable,
    /// Responses differ from recorded results and satisfy the other rules.
    OtherWeights,
}

/// A case with its fact.
type Shown<'a> = (&'a CaseRecord, String);

/// The hints from the cases of a run on a backend of this kind with these declared weights.
pub(crate) fn hints(cases: &[&CaseRecord], kind: &str, weights: &str) -> Vec<HintRecord> {
    if !cases.iter().any(|case| case.is_wrong()) {
        return Vec::new();
    }
    let mut models: BTreeMap<&str, Vec<&CaseRecord>> = BTreeMap::new();
    for &case in cases {
        models.entry(&case.model).or_default().push(case);
    }
    let mut hints = Vec::new();
    for (model, cases) in models {
        let other = other_model(model, &cases, kind).or_else(|| other_size(model, &cases));
        let mut found: Vec<HintRecord> = other.into_iter().collect();
        if found.is_empty() {
            found.extend(ignored(model, &cases, OptionSource::Call));
            found.extend(ignored(model, &cases, OptionSource::Configuration));
            found.extend(not_repeatable(model, &cases));
        }
        if found.is_empty() {
            found.extend(other_weights(model, &cases, weights));
        }
        hints.append(&mut found);
    }
    hints
}

impl HintRecord {
    /// The hint in one line.
    pub(crate) fn line(&self) -> String {
        format!("{} ({})", self.sentence, self.evidence)
    }

    fn of(kind: HintKind, sentence: String, shown: &[Shown<'_>]) -> Self {
        let short = |fact: &str| fact.chars().take(LONGEST_FACT).collect::<String>();
        let named = shown.iter().take(NAMED).map(|(case, fact)| format!("{}: {}", case.name, short(fact)));
        let mut named: Vec<String> = named.collect();
        if shown.len() > NAMED {
            named.push(format!("and {} more", shown.len() - NAMED));
        }
        Self {
            kind,
            sentence,
            evidence: format!("seen in {}", named.join("; ")),
            cases: shown.iter().map(|(case, _)| case.name.clone()).collect(),
        }
    }
}

/// The hint that all responses are of another model, by their classes or by the class that raised an exception.
fn other_model(model: &str, cases: &[&CaseRecord], kind: &str) -> Option<HintRecord> {
    if cases.iter().flat_map(|case| answered(case)).any(|(_, response)| response.other_class.is_none()) {
        return None;
    }
    let declared = Config::built_in().ok()?;
    let others = declared.models.iter().filter(|contract| contract.key != model);
    let mut others = others.map(|contract| (&contract.key, shown_of(contract, cases)));
    let (key, shown) = others.find(|(_, shown)| !shown.is_empty())?;
    let start = if kind == "http" { "start" } else { "make the command start" };
    let sentence = format!(
        "this server runs another model, {key} and not {model}: say `models = [\"{key}\"]` in the table of the backend, or {start} {model} \
         there"
    );
    Some(HintRecord::of(HintKind::OtherModel, sentence, &shown))
}

/// The cases that show that another model works behind a server.
fn shown_of<'a>(other: &Contract, cases: &[&'a CaseRecord]) -> Vec<Shown<'a>> {
    let core = other.core.rsplit('.').next().unwrap_or(&other.core);
    // Python's message for a class without such a method.
    let message = format!("'{core}' object has no attribute ");
    let shown = cases.iter().filter_map(|case| {
        if answered(case).any(|(_, response)| response.other_class.as_ref() == Some(&other.output)) {
            return Some((*case, format!("the response is a {}", other.output)));
        }
        let (raised, _) = findings(case).find(|(finding, _)| finding.summary.contains(&message))?;
        Some((*case, raised.summary.clone()))
    });
    shown.collect()
}

/// The hint that every response has the dimensions of another size of the model, which no configuration requested.
fn other_size(model: &str, cases: &[&CaseRecord]) -> Option<HintRecord> {
    let is_unasked =
        |(call, _): &(&CallRecord, &ResponseRecord)| call.config.as_object().is_none_or(serde_json::Map::is_empty);
    let unasked = || cases.iter().flat_map(|case| answered(case)).filter(is_unasked);
    let size = unasked().next()?.1.other_size.as_deref()?;
    // A response without arrays has no size.
    if unasked().any(|(_, response)| response.digest.is_some() && response.other_size.as_deref() != Some(size)) {
        return None;
    }
    let is_shown =
        |case: &CaseRecord| answered(case).filter(is_unasked).any(|(_, response)| response.other_size.is_some());
    let shown = cases.iter().filter(|case| is_shown(case)).map(|case| (*case, "its dimensions".to_owned()));
    let shown: Vec<Shown<'_>> = shown.collect();
    let sentence = format!(
        "this server runs another size of {model}, {size}: say it in `variants.{model}` or `config.{model}` of the backend, or start the \
         size that is declared"
    );
    Some(HintRecord::of(HintKind::OtherModel, sentence, &shown))
}

/// The origin of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OptionSource {
    Call,
    Configuration,
}

impl OptionSource {
    /// The options of a call from this origin.
    fn of(self, call: &CallRecord) -> &Value {
        match self {
            Self::Call => &call.options,
            Self::Configuration => &call.config,
        }
    }

    /// Whether two calls differ in these options and in nothing else.
    fn alone_differs(self, one: &CallRecord, other: &CallRecord) -> bool {
        let differ = (one.options != other.options, one.config != other.config);
        asks_alike(one, other) && differ == (self == Self::Call, self == Self::Configuration)
    }

    /// Whether a call requests fields by options of this origin.
    fn asks_for_fields(self, call: &CallRecord) -> bool {
        let by_call = call.options.get(INCLUDE).is_some();
        match self {
            Self::Call => by_call,
            Self::Configuration => !by_call && call.config.get(INCLUDE).is_some(),
        }
    }
}

/// The hint that options are ignored: several cases got the response of the default options, and none got what its options request.
fn ignored(model: &str, cases: &[&CaseRecord], source: OptionSource) -> Option<HintRecord> {
    let is_heard =
        |(call, response): (&CallRecord, &ResponseRecord)| source.asks_for_fields(call) && !response.gave.is_empty();
    if cases.iter().flat_map(|case| answered(case)).any(is_heard) {
        return None;
    }
    let shown: Vec<Shown<'_>> = cases.iter().filter_map(|case| Some((*case, ignoring(case, cases, source)?))).collect();
    if shown.len() < SEVERAL {
        return None;
    }
    let (kind, what, remedy) = match source {
        OptionSource::Call => {
            (HintKind::OptionsIgnored, "options of calls seem", "hand the `options` of each request on to the model")
        }
        OptionSource::Configuration => (
            HintKind::ConfigurationIgnored,
            "the configuration seems",
            "construct the model with the configuration that it is given (`MODEL_CONFIG`)",
        ),
    };
    let cases = count(shown.len(), "case");
    let sentence = format!("{what} to be ignored by {model}, {cases} got the default response: {remedy}");
    Some(HintRecord::of(kind, sentence, &shown))
}

/// The fact that shows that the options of a case are ignored.
fn ignoring(case: &CaseRecord, all: &[&CaseRecord], source: OptionSource) -> Option<String> {
    findings(case).find_map(|(finding, call)| {
        let response = call.response.as_ref()?;
        let names = source.of(call).as_object().filter(|options| !options.is_empty())?;
        if source.asks_for_fields(call) && !response.lacks.is_empty() {
            return Some(format!("asked for `{}`, which did not come", response.lacks.join("`, `")));
        }
        if source == OptionSource::Configuration
            && let Some(size) = &response.other_size
        {
            return Some(format!("the dimensions are those of {size}"));
        }
        match finding.check.as_str() {
            // The input alone need not be refused if another call with it was answered.
            "error" => {
                let is_accepted = |(other, _): (&CallRecord, &ResponseRecord)| source.alone_differs(call, other);
                let mut others = all.iter().filter(|other| !other.checks.iter().any(|check| check == "error"));
                let names: Vec<&str> = names.keys().map(String::as_str).collect();
                others
                    .any(|other| answered(other).any(is_accepted))
                    .then(|| format!("`{}` was not refused", names.join("`, `")))
            }
            "differ" => {
                let is_same = |(other, its): &(&CallRecord, &ResponseRecord)| {
                    source.alone_differs(call, other) && its.digest.is_some() && its.digest == response.digest
                };
                let (other, _) = answered(case).find(is_same)?;
                Some(format!("calls `{}` and `{}` got one response", other.name, call.name))
            }
            _ => None,
        }
    })
}

/// The hint that responses do not repeat. One case is enough, because it is direct evidence.
fn not_repeatable(model: &str, cases: &[&CaseRecord]) -> Option<HintRecord> {
    let shown: Vec<Shown<'_>> = cases.iter().filter_map(|case| Some((*case, unrepeated(case)?))).collect();
    if shown.is_empty() {
        return None;
    }
    let cases = count(shown.len(), "case");
    let sentence = format!(
        "responses of {model} are not repeatable, in {cases} the same call got another response: evaluate without dropout, fix the seeds, \
         and share no state between calls"
    );
    Some(HintRecord::of(HintKind::NotRepeatable, sentence, &shown))
}

/// The fact that shows that a response of a case does not repeat.
fn unrepeated(case: &CaseRecord) -> Option<String> {
    let by_finding = findings(case).find_map(|(finding, call)| match finding.check.as_str() {
        "repeats" => Some(finding.summary.clone()),
        "agree" => {
            let mut earlier = case.calls.iter().take_while(|other| other.name != call.name);
            let same = earlier.find(|other| {
                asks_alike(other, call) && other.options == call.options && other.config == call.config
            })?;
            Some(format!("`{}` and `{}` are the same call", same.name, call.name))
        }
        _ => None,
    });
    by_finding.or_else(|| {
        // Does not count calls that end with an error once.
        let failed = case.attempts.iter().any(|attempt| {
            attempt.verdict == Verdict::Fail && attempt.findings.iter().all(|finding| finding.check != "response")
        });
        let passed = case.attempts.iter().any(|attempt| attempt.verdict == Verdict::Pass);
        (passed && failed).then(|| "one attempt passed and another did not".to_owned())
    })
}

/// The hint that the weights are others: nearly all comparisons with recorded results fail, the other rules hold, and no one mistake
/// explains it.
fn other_weights(model: &str, cases: &[&CaseRecord], weights: &str) -> Option<HintRecord> {
    let is_of_reference = |finding: &FindingRecord| REFERENCE_CHECKS.contains(&finding.check.as_str());
    let wrong = |case: &CaseRecord, of_reference: bool| {
        findings(case).any(|(finding, _)| is_of_reference(finding) == of_reference)
    };
    let mut judged = cases.to_vec();
    judged.retain(|case| match case.verdict {
        Verdict::Pass => true,
        Verdict::Fail => case.responsible == Some(Responsible::Backend),
        _ => false,
    });
    let is_compared = |case: &CaseRecord| case.checks.iter().any(|check| REFERENCE_CHECKS.contains(&check.as_str()));
    let compared = judged.iter().filter(|case| is_compared(case)).count();
    let differing: Vec<&CaseRecord> = judged.iter().copied().filter(|case| wrong(case, true)).collect();
    let breaking = judged.iter().filter(|case| wrong(case, false)).count();
    let has_cause = |case: &CaseRecord| case.findings().iter().any(|finding| finding.likely_cause.is_some());
    let explained = differing.iter().filter(|case| has_cause(case));
    let (differ, all) = (differing.len(), judged.len());
    if compared < COMPARED || differ * 10 < compared * 9 || breaking * 10 > all || explained.count() * 2 > differ {
        return None;
    }
    let holds = all - breaking;
    let sentence = format!(
        "the weights of {model} may not be `{weights}`, as the table says: {differ} of {compared} comparisons with results recorded with \
         them differ, and the rules hold in {holds} of {all} cases: check which parameters are loaded, or correct `weights`"
    );
    let fact = |case: &CaseRecord| case.deciding_finding().map_or_else(String::new, |finding| finding.summary.clone());
    let shown: Vec<Shown<'_>> = differing.into_iter().map(|case| (case, fact(case))).collect();
    Some(HintRecord::of(HintKind::OtherWeights, sentence, &shown))
}

/// Whether two calls have the same method and input.
fn asks_alike(one: &CallRecord, other: &CallRecord) -> bool {
    one.method == other.method && one.input == other.input
}

/// The calls of a case that were answered.
fn answered(case: &CaseRecord) -> impl Iterator<Item = (&CallRecord, &ResponseRecord)> {
    case.calls.iter().filter_map(|call| Some((call, call.response.as_ref()?)))
}

/// The findings against the backend in a case that went wrong, with the calls that they are about.
fn findings(case: &CaseRecord) -> impl Iterator<Item = (&FindingRecord, &CallRecord)> {
    let findings = case.findings().iter().filter(|_| case.is_wrong());
    findings.filter(|finding| finding.responsible == Responsible::Backend).filter_map(|finding| {
        let name = finding.call.as_deref()?;
        Some((finding, case.calls.iter().find(|call| call.name == name)?))
    })
}

#[cfg(test)]
mod tests;
