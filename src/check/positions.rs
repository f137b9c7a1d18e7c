//! `positions`: atoms lie where the recorded ones do, without superposition, and carry their temperature factors. boileroom's own
//! tests compare in this way; `snapshot` compares structures wherever they lie.

use super::case_results::AnsweredCall;
use super::finding::Finding;
use super::kept::find_or_keep;
use super::number::show;
use super::parser::{CheckParser, TOLERANCES};
use super::structure_field::{name_of_atom, structure_of};
use super::{CallFindings, CheckRule};
use crate::compare::{STRUCTURES, atom_faults};
use crate::metric::rmsd;
use crate::metric_value::{Direction, MetricValue};
use crate::prediction::Value;
use crate::prediction::contract::FieldKind;
use crate::protein::Structure;

/// The name of the check.
pub(crate) const NAME: &str = "positions";

#[derive(Debug)]
struct Positions {
    rmsd: f64,
    b_factor: f64,
}

/// Reads `rmsd` and `b_factor`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let reader = parser.reader.require("rmsd").require("b_factor");
    let (rmsd, b_factor) = (reader.number("rmsd", TOLERANCES), reader.number("b_factor", TOLERANCES));
    Some(Box::new(Positions { rmsd: rmsd?, b_factor: b_factor? }))
}

impl CheckRule for Positions {
    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let Some(recorded) = find_or_keep(NAME, &["metadata", STRUCTURES], answered)? else {
            return Ok(Vec::new());
        };
        let items = answered.items(STRUCTURES);
        let before = recorded.field(STRUCTURES).and_then(Value::as_items).unwrap_or_default();
        let expected: Vec<&Structure> = before.iter().map_while(Value::as_structure).collect();
        let wrong = |summary: String| Finding::wrong(NAME, answered.call, summary);
        if expected.len() != items.len() || expected.is_empty() {
            let (expected, got) = (expected.len(), items.len());
            return Ok(vec![wrong(format!("{STRUCTURES}: {expected} structures recorded, {got} now"))]);
        }
        let faults = expected.into_iter().zip(items).enumerate().filter_map(|(index, (expected, item))| {
            let path = format!("{STRUCTURES}[{index}]");
            let compared =
                structure_of(FieldKind::Structures, item).and_then(|got| self.compare(answered, &path, expected, &got));
            Some(wrong(format!("{path}: {}", compared.err()?)))
        });
        Ok(faults.collect())
    }
}

impl Positions {
    fn compare(
        &self,
        answered: &AnsweredCall<'_>,
        path: &str,
        expected: &Structure,
        got: &Structure,
    ) -> Result<(), String> {
        if let Some(fault) = atom_faults(expected, got).into_iter().next() {
            return Err(fault);
        }
        let distance = rmsd(&expected.coord, &got.coord).map_err(|error| error.to_string())?;
        let keep = |key, name, unit, observed, allowed| {
            let measure = MetricValue { key, name, unit, better: Direction::Lower, observed, floor: None, allowed };
            answered.results.measured.keep(NAME, answered.call, path, [measure]);
        };
        keep("placed_rmsd", "RMSD where atoms lie", " Å", distance, self.rmsd);
        // NaN is within no tolerance.
        if distance.is_nan() || distance >= self.rmsd {
            let (found, allowed) = (show(distance), self.rmsd);
            return Err(format!("RMSD {found} Å where the atoms lie, expected less than {allowed}"));
        }
        let (before, now) = match (&expected.b_factor, &got.b_factor) {
            (Some(before), Some(now)) => (before, now),
            (Some(_), None) => return Err("no temperature factors, which were recorded".to_owned()),
            (None, _) => return Ok(()),
        };
        let differences = before.iter().zip(now).map(|(before, now)| (before - now).abs());
        let worst = differences.enumerate().max_by(|one, other| one.1.total_cmp(&other.1));
        let Some((atom, difference)) = worst else {
            return Ok(());
        };
        keep("b_factor", "temperature factor", "", difference, self.b_factor);
        // NumPy's `allclose`, which boileroom compares with, adds this relative tolerance.
        let allowed = self.b_factor + 1e-5 * before[atom].abs();
        if difference.is_nan() || difference > allowed {
            let (name, before, now) = (name_of_atom(got, atom), show(before[atom]), show(now[atom]));
            let within = self.b_factor;
            return Err(format!(
                "temperature factor of {name}: recorded {before}, got {now}, expected within {within}"
            ));
        }
        Ok(())
    }
}
