//! Searches for the shortest input on which a case still fails in the same way, by repeating its calls with parts removed. Does not change a
//! verdict or print, and stops everything that it started before it returns.
//!
//! Loading a model takes minutes, so that a search uses one instance, from a pool of its own. The failure may depend on the many earlier
//! calls, so that the result is repeated on a fresh instance. Each case takes two starts, and a few more if calls crash the instance.

mod attempts;
mod ddmin;
mod failure;
mod parts;
mod request;
#[cfg(test)]
mod tests;

use self::attempts::Attempts;
use self::ddmin::shortest;
use self::failure::{FailureKey, why_not};
use self::parts::{InputParts, PartLevel};
use crate::backend::Responsible;
use crate::check::{Check, Finding, InputScope, for_other_inputs};
use crate::outcome::{Shrinking, ShrunkCase};
use crate::plan::{PlannedCall, PlannedTrial};

pub(crate) use request::ShrinkRequest;

/// Shrinks the input of a case that the backend failed.
pub(crate) async fn shrink(request: &ShrinkRequest<'_>) -> Shrinking {
    let trial = request.trial;
    if trial.scenario.is_some() {
        return Shrinking::LeftOut("it is a scenario of the life cycle".to_owned());
    }
    // Without the checks that hold for the original input only.
    let mut judged = PlannedTrial { checks: for_other_inputs(&trial.checks), ..trial.clone() };
    let wrong: Vec<&Finding> =
        request.outcome.findings.iter().filter(|finding| finding.responsible == Responsible::Backend).collect();
    let can_be_seen = |finding: &&&Finding| {
        let mut names = judged.checks.iter().filter_map(Check::other_inputs);
        finding.call.is_some() && names.any(|(name, _)| name == finding.check)
    };
    let keys: Vec<FailureKey> = wrong.iter().filter(can_be_seen).map(|found| FailureKey::of(found)).collect();
    if keys.is_empty() {
        return Shrinking::LeftOut(why_not(&wrong));
    }
    judged.retries = 0;
    // A proof that no residue can be removed takes all remaining calls. Some are reserved to remove options.
    let options = trial.calls.iter().map(|call| call.request.options.len()).max();
    let reserve = options.unwrap_or(0).min(request.calls / 4);
    let attempts = Attempts::new(request, judged, reserve);
    let found = search(request, (&attempts, reserve), &keys).await;
    let notes = attempts.stop().await;
    let mut shrunk = match found {
        Ok(shrunk) => shrunk,
        Err(reason) => return Shrinking::LeftOut(reason),
    };
    shrunk.case.notes = notes;
    if request.interrupt.pending().is_none() {
        let fresh = attempts.afresh(request);
        let again = fresh.fails(&shrunk.key, &shrunk.calls).await;
        shrunk.case.notes.extend(fresh.stop().await);
        shrunk.case.calls += fresh.made.get();
        shrunk.case.is_repeated = again.map(|found| found.is_some());
    }
    Shrinking::Shrunk(Box::new(shrunk.case))
}

/// The result of a search, with the calls and the failure that show it.
struct Smallest {
    case: ShrunkCase,
    key: FailureKey,
    calls: Vec<PlannedCall>,
}

async fn search(
    request: &ShrinkRequest<'_>,
    (attempts, reserve): (&Attempts<'_>, usize),
    keys: &[FailureKey],
) -> Result<Smallest, String> {
    let trial = request.trial;
    let seen = attempts.findings(&trial.calls).await;
    let seen = seen.ok_or_else(|| attempts.ended.borrow().clone().unwrap_or_default())?;
    let again = keys.iter().find_map(|key| Some((key, key.find(&seen)?)));
    let Some((key, finding)) = again else {
        return Err("it did not fail in the same way when its calls were made again on a fresh instance".to_owned());
    };
    let mut finding = finding.clone();
    let all = &trial.calls;
    let call = all.iter().find(|call| *call.name == *key.call);
    let call = call.ok_or_else(|| format!("its finding is about no call: {}", key.call))?;
    let mut parts = InputParts::of(&call.request.input).ok_or("its input is structured")?;
    let mut calls = essential(&attempts.trial, key, call)?;
    let is_common = calls.len() > 1;
    if calls.len() < all.len() {
        match attempts.fails(key, &calls).await {
            Some(Some(found)) => finding = found,
            // The response may depend on the earlier calls.
            _ => calls = all.clone(),
        }
    }
    let with = |calls: &[PlannedCall], changed: &InputParts| -> Vec<PlannedCall> {
        let mut calls = calls.to_vec();
        for own in calls.iter_mut().filter(|own| own.request.input == call.request.input) {
            own.request.input = changed.input();
        }
        calls
    };
    let mut level = Some(PartLevel::Items);
    while let Some(this) = level {
        let search = shortest(parts.count(this), async |kept| {
            let found = attempts.fails(key, &with(&calls, &parts.keep(this, kept))).await?;
            let fails = found.is_some();
            finding = found.unwrap_or_else(|| finding.clone());
            Some(fails)
        });
        let kept = search.await;
        parts = parts.keep(this, &kept);
        level = next(this, &parts);
    }
    calls = with(&calls, &parts);
    let ended = attempts.allow(reserve);
    if !is_common {
        remove_options(request, attempts, key, (&mut calls, &mut finding)).await;
    }
    let last = calls.iter().find(|own| own.name == call.name).unwrap_or(call);
    let case = ShrunkCase {
        before: call.request.input.clone(),
        options_before: call.request.options.clone(),
        request: last.request.clone(),
        config: last.config.clone(),
        finding,
        calls: attempts.made.get(),
        cut_short: ended.or_else(|| attempts.ended.borrow().clone()),
        others: calls.iter().filter(|own| own.name != call.name).map(|own| own.name.to_string()).collect(),
        is_repeated: None,
        notes: Vec::new(),
    };
    Ok(Smallest { case, key: key.clone(), calls })
}

/// The next level: first the list of items, then the chains of each item, then the residues of each chain.
fn next(level: PartLevel, parts: &InputParts) -> Option<PartLevel> {
    let items = parts.count(PartLevel::Items);
    let residues = |item: usize, chain: usize| {
        let mut places =
            (item..items).flat_map(|item| (0..parts.count(PartLevel::Chains(item))).map(move |chain| (item, chain)));
        places.find(|&place| place >= (item, chain))
    };
    let (item, chain) = match level {
        PartLevel::Items if items > 0 => return Some(PartLevel::Chains(0)),
        PartLevel::Items => return None,
        PartLevel::Chains(item) if item + 1 < items => return Some(PartLevel::Chains(item + 1)),
        PartLevel::Chains(_) => residues(0, 0)?,
        PartLevel::Residues(item, chain) => residues(item, chain + 1)?,
    };
    Some(PartLevel::Residues(item, chain))
}

/// The calls that a check needs: those that it compares, or only the one that its finding names.
fn essential(trial: &PlannedTrial, key: &FailureKey, call: &PlannedCall) -> Result<Vec<PlannedCall>, String> {
    let own = trial.checks.iter().filter(|check| check.calls.includes(&key.call));
    let mut scopes = own.filter_map(|check| {
        let (name, scope) = check.other_inputs()?;
        (name == key.check).then_some((check, scope))
    });
    let Some((check, InputScope::Common)) = scopes.find(|(_, scope)| *scope == InputScope::Common) else {
        return Ok(vec![call.clone()]);
    };
    let is_compared = |own: &&PlannedCall| check.calls.includes(&own.name);
    let compared: Vec<PlannedCall> = trial.calls.iter().filter(is_compared).cloned().collect();
    // A tolerance between different requests holds for these requests only.
    if compared.iter().any(|own| own.request != call.request || own.config != call.config) {
        return Err(format!("`{}` compares calls that do not ask the same", key.check));
    }
    Ok(compared)
}

/// Removes the options of the call one by one. The seed stays, because the result would not repeat without it.
async fn remove_options(
    request: &ShrinkRequest<'_>,
    attempts: &Attempts<'_>,
    key: &FailureKey,
    (calls, finding): (&mut Vec<PlannedCall>, &mut Finding),
) {
    let Some(own) = calls.iter().position(|call| *call.name == *key.call) else { return };
    let seed = request.trial.contract.seed_option();
    let names: Vec<String> = calls[own].request.options.keys().cloned().collect();
    for name in names.iter().filter(|name| Some(name.as_str()) != seed) {
        let mut without = calls.clone();
        without[own].request.options.shift_remove(name);
        match attempts.fails(key, &without).await {
            None => return,
            Some(None) => {}
            Some(Some(found)) => {
                *calls = without;
                *finding = found;
            }
        }
    }
}
