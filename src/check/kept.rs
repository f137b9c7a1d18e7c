//! The recorded result of a call: found, or kept if there is none yet, and the reasons why it is no reference. Compares nothing.

use super::case_results::{AnsweredCall, RecordedResults};
use super::finding::Finding;
use crate::prediction::Prediction;
use crate::snapshot::{Kept, Provenance, ReferenceResult, SnapshotKey};
use crate::synthetic::{WEIGHTS as SYNTHETIC, synthetic_version};

/// The recorded result of a call. Returns `None` if it was recorded, or proposed, just now with these fields of the response.
///
/// # Errors
/// Why there is nothing to compare with.
pub(crate) fn find_or_keep(
    check: &'static str,
    fields: &[&str],
    answered: &AnsweredCall<'_>,
) -> Result<Option<Prediction>, Box<Finding>> {
    let unjudged = |summary: String| Box::new(Finding::unjudged(check, summary).about(answered.call));
    let recorded = recorded(check, answered)?;
    let without = |summary: String| Finding::without_reference(check, answered.call, summary);
    let key = (recorded.key)(answered.call).map_err(|error| unjudged(error.to_string()))?;
    let provenance = recorded.provenance(answered.contract, answered.response);
    let stored = recorded.store.read(&key).map_err(|error| Box::new(without(error.to_string())))?;
    let configured =
        stored.as_ref().and_then(|stored| configured_otherwise(check, answered, &key, stored, &provenance));
    // A response of other weights than the declared ones is not the backend's fault, whatever it differs by.
    if let Some(finding) = configured.or_else(|| mislabelled(check, &key, answered)) {
        return Err(Box::new(finding));
    }
    if let Some(reference) = stored {
        return Ok(Some(reference.prediction));
    }
    let selected = answered.select(|name| fields.contains(&name));
    match recorded.store.keep(&key, &selected, &provenance) {
        Ok(Kept::Recorded(path)) => {
            recorded.notes.borrow_mut().push(format!("recorded {}", path.display()));
            Ok(None)
        }
        Ok(Kept::Proposed) => Ok(None),
        Ok(_) => Err(Box::new(without(format!("no recorded result: {key}")).hint(recorded.advice()))),
        Err(error) => Err(unjudged(error.to_string())),
    }
}

/// The recorded results of the case.
///
/// # Errors
/// There are none at hand.
pub(crate) fn recorded<'a>(
    check: &'static str,
    answered: &AnsweredCall<'a>,
) -> Result<&'a RecordedResults<'a>, Box<Finding>> {
    let missing = || Box::new(Finding::unjudged(check, "no snapshots are at hand").about(answered.call));
    answered.results.recorded.ok_or_else(missing)
}

/// Why a recorded result is no reference for a response: it was recorded under other fixed options than the instance has.
pub(crate) fn configured_otherwise(
    check: &'static str,
    answered: &AnsweredCall<'_>,
    key: &SnapshotKey,
    reference: &ReferenceResult,
    provenance: &Provenance,
) -> Option<Finding> {
    let (before, now) = reference.configured_otherwise(provenance)?;
    let summary = format!("{key} was recorded under other fixed options, and is not compared");
    let details = [format!("recorded under: {before}"), format!("this instance has: {now}")];
    let hint = "give the backend the same `config`, or keep its results in a directory of their own (`--snapshots`)";
    Some(Finding::without_reference(check, answered.call, summary).with_details(details).hint(hint))
}

/// A response whose version says whether it is synthetic and contradicts the declared weights. To compare it would judge one model
/// by the results of another.
pub(crate) fn mislabelled(check: &'static str, key: &SnapshotKey, answered: &AnsweredCall<'_>) -> Option<Finding> {
    let declared = answered.results.recorded?.declared;
    let version = answered.prediction.at("metadata.model_version")?.as_text()?;
    let is_synthetic = synthetic_version(answered.prediction).is_some();
    let weights = key.weights();
    if is_synthetic == (weights == SYNTHETIC) {
        return None;
    }
    let (says, hint) = if is_synthetic {
        let hint = format!("write `weights = \"{SYNTHETIC}\"` {declared}, or run the model itself there");
        ("is synthetic", hint)
    } else {
        let name = "to the name of the weights that the model has there, such as \"published\"";
        ("is not synthetic", format!("change `weights = \"{SYNTHETIC}\"` {declared} {name}"))
    };
    let summary = format!(
        "the response says that it {says} (model version `{version}`), and the backend is declared with weights `{weights}`"
    );
    Some(Finding::misconfigured(check, answered.call, summary).hint(hint))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::CallResult;
    use super::super::fixture::folded::{declared, folded};
    use super::super::fixture::{compiled, judge_recorded};
    use crate::backend::Responsible;
    use crate::prediction::Options;
    use crate::snapshot::Recording;

    #[test]
    fn a_reference_under_other_fixed_options_is_never_compared() {
        let contract = declared("boltz2");
        let right = folded(&contract, "call", "ACDEFG", json!({ "seed": 1, "include_fields": ["plddt"] }));
        let under = |config: serde_json::Value| {
            let config: Options = config.as_object().unwrap().clone();
            CallResult { config, ..right.clone() }
        };
        let mut reported = Vec::new();
        for table in ["check = 'snapshot'", "check = 'positions'\nrmsd = 1\nb_factor = 1"] {
            let check = compiled(&contract, table);
            let directory = tempfile::tempdir().unwrap();
            let judged = |config: serde_json::Value, recording| {
                judge_recorded(&check, &contract, &[under(config)], directory.path(), recording)
            };
            let fewer = json!({ "sampling_steps": 50, "device": "cuda:1" });
            assert_eq!(judged(fewer, Recording::Missing), []);
            // Where it runs changes nothing, nor does a default that is written out.
            let same = json!({ "device": "cpu", "sampling_steps": 50, "step_scale": 1.5 });
            assert_eq!(judged(same, Recording::Never), []);
            for other in [json!({}), json!({ "sampling_steps": 50, "no_kernels": true })] {
                let found = judged(other, Recording::Missing);
                assert_eq!((found.len(), found[0].responsible), (1, Responsible::Reference), "{found:?}");
                reported.push(found[0].to_string());
            }
        }
        insta::assert_snapshot!(reported.join("\n"), @"
        snapshot [call]: synthetic/boltz2/suite/case was recorded under other fixed options, and is not compared
          recorded under: sampling_steps: 50
          this instance has: none beyond the model's defaults
          hint: give the backend the same `config`, or keep its results in a directory of their own (`--snapshots`)
        snapshot [call]: synthetic/boltz2/suite/case was recorded under other fixed options, and is not compared
          recorded under: sampling_steps: 50
          this instance has: sampling_steps: 50, no_kernels: true
          hint: give the backend the same `config`, or keep its results in a directory of their own (`--snapshots`)
        positions [call]: synthetic/boltz2/suite/case was recorded under other fixed options, and is not compared
          recorded under: sampling_steps: 50
          this instance has: none beyond the model's defaults
          hint: give the backend the same `config`, or keep its results in a directory of their own (`--snapshots`)
        positions [call]: synthetic/boltz2/suite/case was recorded under other fixed options, and is not compared
          recorded under: sampling_steps: 50
          this instance has: sampling_steps: 50, no_kernels: true
          hint: give the backend the same `config`, or keep its results in a directory of their own (`--snapshots`)
        ");
    }
}
