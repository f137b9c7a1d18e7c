//! `positions`: atoms lie where the recorded ones do, without superposition, and carry their temperature factors. It is how
//! boileroom's own tests compare with what was recorded; `snapshot` compares structures wherever they lie.

use super::Check;
use super::case_results::{AnsweredCall, CallResult, Calls, CaseResults, RecordedResults};
use super::finding::Finding;
use super::kept::find_or_keep;
use super::number::show;
use super::parser::{CheckParser, TOLERANCES};
use super::structure_field::{name_of_atom, structure_of};
use crate::compare::{STRUCTURES, atom_faults};
use crate::metric::rmsd;
use crate::metric_value::{Direction, MetricValue};
use crate::prediction::Value;
use crate::prediction::contract::FieldKind;
use crate::protein::Structure;

/// The name of the check.
pub(crate) const NAME: &str = "positions";

/// The fields that are recorded of each call.
const RECORDED: [&str; 2] = ["metadata", STRUCTURES];

#[derive(Debug)]
struct Positions {
    calls: Calls,
    rmsd: f64,
    b_factor: f64,
}

/// Reads `rmsd`, `b_factor` and `call`.
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    let calls = parser.calls();
    let reader = parser.reader();
    reader.require("rmsd").require("b_factor");
    let (rmsd, b_factor) = (reader.number("rmsd", TOLERANCES), reader.number("b_factor", TOLERANCES));
    Some(Box::new(Positions { calls, rmsd: rmsd?, b_factor: b_factor? }))
}

impl Check for Positions {
    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn records(&self, call: &str) -> bool {
        self.calls.includes(call)
    }

    fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        let Some(recorded) = results.recorded else {
            return vec![Finding::unjudged(NAME, "no snapshots are at hand")];
        };
        self.calls.responses(results).flat_map(|response| self.judge_answer(results, recorded, response)).collect()
    }
}

impl Positions {
    fn judge_answer(
        &self,
        results: &CaseResults<'_>,
        recorded: &RecordedResults<'_>,
        response: &CallResult,
    ) -> Vec<Finding> {
        let Some(answered) = AnsweredCall::new(results.contract, response) else {
            return Vec::new();
        };
        let recorded_result = match find_or_keep(NAME, &RECORDED, results, recorded, response, &answered) {
            Ok(Some(prediction)) => prediction,
            Ok(None) => return Vec::new(),
            Err(finding) => return vec![*finding],
        };
        let items = answered.prediction.field(STRUCTURES).and_then(Value::as_items);
        let items = items.unwrap_or_default();
        let before = recorded_result.field(STRUCTURES).and_then(Value::as_items);
        let before = before.unwrap_or_default();
        let expected: Vec<&Structure> = before.iter().map_while(Value::as_structure).collect();
        let wrong = |summary: String| Finding::wrong(NAME, &response.call, summary);
        if expected.len() != items.len() || expected.is_empty() {
            let (expected, got) = (expected.len(), items.len());
            return vec![wrong(format!("{STRUCTURES}: {expected} structures recorded, {got} now"))];
        }
        let pairs = expected.into_iter().zip(items).enumerate();
        pairs
            .filter_map(|(index, (expected, item))| {
                let path = format!("{STRUCTURES}[{index}]");
                let got = match structure_of(FieldKind::Structures, item) {
                    Ok(got) => got,
                    Err(fault) => return Some(wrong(format!("{path}: {fault}"))),
                };
                let reported = self.compare(results, &response.call, &path, expected, &got).err()?;
                Some(wrong(format!("{path}: {reported}")))
            })
            .collect()
    }

    fn compare(
        &self,
        results: &CaseResults<'_>,
        call: &str,
        path: &str,
        expected: &Structure,
        got: &Structure,
    ) -> Result<(), String> {
        if let Some(fault) = atom_faults(expected, got).into_iter().next() {
            return Err(fault);
        }
        let distance = rmsd(&expected.coord, &got.coord).map_err(|error| error.to_string())?;
        let measure = |key, name, unit, observed, allowed| MetricValue {
            key,
            name,
            unit,
            better: Direction::Lower,
            observed,
            floor: None,
            allowed,
        };
        let placed = measure("placed_rmsd", "RMSD where atoms lie", " Å", distance, self.rmsd);
        results.measured.keep(NAME, call, path, [placed]);
        // NaN is no distance within anything.
        if distance.is_nan() || distance >= self.rmsd {
            let (found, allowed) = (show(distance), self.rmsd);
            return Err(format!("RMSD {found} Å where the atoms lie, expected less than {allowed}"));
        }
        let (Some(before), Some(now)) = (&expected.b_factor, &got.b_factor) else {
            return match (&expected.b_factor, &got.b_factor) {
                (Some(_), None) => Err("no temperature factors, which were recorded".to_owned()),
                _ => Ok(()),
            };
        };
        let differences = before.iter().zip(now).map(|(before, now)| (before - now).abs());
        let worst = differences.enumerate().max_by(|one, other| one.1.total_cmp(&other.1));
        let Some((atom, difference)) = worst else {
            return Ok(());
        };
        let factor = measure("b_factor", "temperature factor", "", difference, self.b_factor);
        results.measured.keep(NAME, call, path, [factor]);
        // NumPy's `allclose`, by which boileroom compares, forgives so much beside what it is given.
        let allowed = self.b_factor + 1e-5 * before[atom].abs();
        if difference.is_nan() || difference > allowed {
            return Err(format!(
                "temperature factor of {}: recorded {}, got {}, expected within {}",
                name_of_atom(got, atom),
                show(before[atom]),
                show(now[atom]),
                self.b_factor
            ));
        }
        Ok(())
    }
}
