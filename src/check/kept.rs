//! The recorded result of a call for checks that judge it in their own way: found, or kept where none is there yet. Compares nothing.

use super::case_results::{AnsweredCall, CallResult, CaseResults, RecordedResults};
use super::finding::Finding;
use super::weights::mislabelled;
use crate::prediction::Prediction;
use crate::snapshot::{Kept, Provenance, ReferenceResult, SnapshotKey};

/// What was recorded of a call; `None` where it was recorded, or proposed, just now with these fields of the response.
///
/// # Errors
/// Why there is nothing to compare with.
pub(crate) fn find_or_keep(
    check: &'static str,
    fields: &[&str],
    results: &CaseResults<'_>,
    recorded: &RecordedResults<'_>,
    response: &CallResult,
    answered: &AnsweredCall<'_>,
) -> Result<Option<Prediction>, Box<Finding>> {
    let unjudged =
        |summary: String| Box::new(Finding { call: Some(response.call.clone()), ..Finding::unjudged(check, summary) });
    let key = (recorded.key)(&response.call).map_err(|error| unjudged(error.to_string()))?;
    let unread = |summary: String| Box::new(Finding::without_reference(check, &response.call, summary));
    let provenance = recorded.provenance(results.contract, response);
    let stored = recorded.store.read(&key).map_err(|error| unread(error.to_string()))?;
    if let Some(finding) =
        stored.as_ref().and_then(|reference| configured_otherwise(check, response, &key, reference, &provenance))
    {
        return Err(Box::new(finding));
    }
    // What is of other weights than the table says is no fault of the backend, whatever it differs by.
    if let Some(finding) = mislabelled(check, &key, recorded, answered) {
        return Err(Box::new(finding));
    }
    if let Some(reference) = stored {
        return Ok(Some(reference.prediction));
    }
    let selected = Prediction {
        class: answered.prediction.class.clone(),
        fields: answered
            .prediction
            .fields
            .iter()
            .filter(|(name, _)| fields.contains(&name.as_str()))
            .cloned()
            .collect(),
    };
    match recorded.store.keep(&key, &selected, &provenance) {
        Ok(Kept::Recorded(path)) => {
            recorded.notes.borrow_mut().push(format!("recorded {}", path.display()));
            Ok(None)
        }
        Ok(Kept::Proposed) => Ok(None),
        Ok(_) => {
            let finding = Finding::without_reference(check, &response.call, format!("no recorded result: {key}"));
            Err(Box::new(finding.hint(recorded.advice())))
        }
        Err(error) => Err(unjudged(error.to_string())),
    }
}

/// Why a recorded result is no reference for a response: it was recorded under other fixed options than the instance has.
pub(crate) fn configured_otherwise(
    check: &'static str,
    response: &CallResult,
    key: &SnapshotKey,
    reference: &ReferenceResult,
    provenance: &Provenance,
) -> Option<Finding> {
    let (before, now) = reference.configured_otherwise(provenance)?;
    let summary = format!("{key} was recorded under other fixed options, and is not compared");
    let details = [format!("recorded under: {before}"), format!("this instance has: {now}")];
    let hint = "give the backend the same `config`, or keep its results in a directory of their own (`--snapshots`)";
    let finding = Finding::without_reference(check, &response.call, summary);
    Some(finding.with_details(details).hint(hint))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::folded::{declared, folded};
    use super::super::fixture::{compiled, judge_recorded};
    use super::CallResult;
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
                judge_recorded(&*check, &contract, &[under(config)], directory.path(), recording)
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
