//! `seeded`: structures follow the seed. Two responses under one seed are much nearer to each other than either is to responses under
//! other seeds. Needs nothing recorded; says nothing of how good a structure is.

#[cfg(test)]
mod tests;

use super::Check;
use super::case_results::{AnsweredCall, Calls, CaseResults};
use super::finding::Finding;
use super::number::{names, show};
use super::pair::Pair;
use super::parser::CheckParser;
use super::structure_field::{same_name, structure_of};
use crate::metric::selection::Part;
use crate::metric::{Point, rmsd, superpose};
use crate::metric_value::{Direction, MetricValue};
use crate::prediction::Value;
use crate::prediction::contract::FieldKind;
use crate::protein::Structure;

/// The name of the check.
pub(crate) const NAME: &str = "seeded";

/// At most this fraction of the distance to another seed, unless the check says otherwise. Chai-1 repeats itself to 0.65 Å where
/// its structures lie (chai-lab, issue 426), and samples of it lie 22 to 33 Å apart, superposed 1.8 to 2.7 Å.
const RATIO: f64 = 0.4;

#[derive(Debug)]
struct Seeded {
    calls: Calls,
    first: String,
    second: String,
    others: Vec<String>,
    field: String,
    ratio: f64,
}

/// How far two structures are from each other.
#[derive(Debug, Clone, Copy)]
struct Distance {
    /// Where they lie: a diffusion model draws the place and the turn of a structure too.
    placed: f64,
    superposed: f64,
}

/// Reads `first`, `second`, `others`, `field` and `ratio`.
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    let field = parser.field_or("atom_array", "a field of structures", |field| field.kind == FieldKind::Structures);
    let reader = parser.reader();
    let ratio = reader.number("ratio", 0.0..1.0).unwrap_or(RATIO);
    reader.require("first").require("second").require("others");
    let (first, second) = (parser.call("first"), parser.call("second"));
    let others = parser.named_calls("others");
    let (field, first, second, others) = (field?, first?, second?, others?);
    let mut calls = vec![first.clone(), second.clone()];
    calls.extend(others.iter().cloned());
    if let Some(twice) = (1..calls.len()).find(|&index| calls[..index].contains(&calls[index])) {
        let message = format!("the call `{}` is named twice", calls[twice]);
        let key = if twice == 1 { "second" } else { "others" };
        parser.reader().reject(key, message, "expected another call");
    }
    Some(Box::new(Seeded { calls: Calls::Named(calls), first, second, others, field: field.name().to_owned(), ratio }))
}

impl Check for Seeded {
    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        let find = |call: &String| Pair::other(results, call);
        let (Some(first), Some(second)) = (find(&self.first), find(&self.second)) else {
            return Vec::new();
        };
        // A call that failed is a finding of its own.
        let others: Option<Vec<AnsweredCall<'_>>> = self.others.iter().map(find).collect();
        let Some(others) = others else {
            return Vec::new();
        };
        let count = |answered: &AnsweredCall<'_>| items(answered, &self.field).map_or(0, <[Value]>::len);
        let samples = count(&first);
        if samples == 0 {
            return vec![self.wrong(format!("{}: no structures to compare", self.field))];
        }
        let every = [&second].into_iter().chain(&others);
        if let Some(other) = every.clone().find(|other| count(other) != samples) {
            let (call, found) = (other.call, count(other));
            return vec![self.wrong(format!("{}: {samples} structures against {found} of `{call}`", self.field))];
        }
        (0..samples).filter_map(|sample| self.judge_sample(results, sample, &first, &second, &others)).collect()
    }
}

impl Seeded {
    fn wrong(&self, summary: String) -> Finding {
        Finding::wrong(NAME, &self.second, summary)
    }

    fn judge_sample(
        &self,
        results: &CaseResults<'_>,
        sample: usize,
        first: &AnsweredCall<'_>,
        second: &AnsweredCall<'_>,
        others: &[AnsweredCall<'_>],
    ) -> Option<Finding> {
        let path = format!("{}[{sample}]", self.field);
        let between = |one: &AnsweredCall<'_>, other: &AnsweredCall<'_>| {
            let found = distance(
                structure(one, &self.field, sample)?.as_ref(),
                structure(other, &self.field, sample)?.as_ref(),
            );
            found.map_err(|reason| format!("`{}` and `{}`: {reason}", one.call, other.call))
        };
        let own = match between(first, second) {
            Ok(own) => own,
            Err(reason) => return Some(self.wrong(format!("{path}: {reason}"))),
        };
        let mut apart = Distance { placed: f64::INFINITY, superposed: f64::INFINITY };
        for other in others {
            for one in [first, second] {
                match between(one, other) {
                    Ok(found) => {
                        apart.placed = apart.placed.min(found.placed);
                        apart.superposed = apart.superposed.min(found.superposed);
                    }
                    Err(reason) => return Some(self.wrong(format!("{path}: {reason}"))),
                }
            }
        }
        let used = share(own.placed, apart.placed).min(share(own.superposed, apart.superposed));
        let measure = MetricValue {
            key: "seeded",
            name: "distance under one seed over that under others",
            unit: "",
            better: Direction::Lower,
            observed: used,
            floor: None,
            allowed: self.ratio,
        };
        results.measured.keep(NAME, &self.second, &path, [measure]);
        if used <= self.ratio {
            return None;
        }
        let (one, again) = (&self.first, &self.second);
        let list = names(self.others.iter().map(String::as_str));
        let summary = if apart.placed <= 0.0 {
            format!("{path}: another seed gives the same structure: {list} against `{one}` and `{again}`")
        } else {
            format!("{path}: `{one}` and `{again}` have one seed and are no nearer to each other than to other seeds")
        };
        let line = |what: &str, own: f64, apart: f64| {
            let (own, apart) = (show(own), show(apart));
            format!("{what}: CA RMSD {own} Å under one seed, at least {apart} Å to other seeds ({list})")
        };
        let reported = self.wrong(summary).with_details([
            line("where they lie", own.placed, apart.placed),
            line("superposed", own.superposed, apart.superposed),
            format!("expected either to be at most {} of the distance to other seeds", self.ratio),
        ]);
        Some(reported.hint("the seed does not reach the model, or does not determine what is drawn"))
    }
}

/// The part that one distance is of another. Of no distance nothing is a part: equal responses under other seeds follow no seed.
fn share(own: f64, apart: f64) -> f64 {
    if apart > 0.0 { own / apart } else { f64::INFINITY }
}

fn items<'a>(answered: &AnsweredCall<'a>, field: &str) -> Option<&'a [Value]> {
    answered.prediction.field(field).and_then(Value::as_items)
}

fn structure<'a>(
    answered: &AnsweredCall<'a>,
    field: &str,
    sample: usize,
) -> Result<std::borrow::Cow<'a, Structure>, String> {
    let item = items(answered, field).and_then(|items| items.get(sample));
    let item = item.ok_or_else(|| format!("`{}` has no such structure", answered.call))?;
    structure_of(FieldKind::Structures, item).map_err(|reason| format!("`{}`: {reason}", answered.call))
}

/// By the alpha carbons, and by all atoms where there are too few of them.
fn distance(one: &Structure, other: &Structure) -> Result<Distance, String> {
    if one.atoms() != other.atoms() || (0..one.atoms()).any(|atom| !same_name(one, other, atom)) {
        return Err("other atoms".to_owned());
    }
    let by = |part: Part| {
        let points = |structure: &Structure| -> Vec<Point> {
            let atoms = part.of(structure).into_iter();
            atoms.filter_map(|atom| structure.coord.get(atom).copied()).collect()
        };
        let (one, other) = (points(one), points(other));
        let superposed = superpose(&one, &other).ok()?.rmsd;
        let placed = rmsd(&one, &other).ok()?;
        (placed.is_finite() && superposed.is_finite()).then_some(Distance { placed, superposed })
    };
    let found = by(Part::AlphaCarbons).or_else(|| by(Part::All));
    found.ok_or_else(|| "no atoms to compare, or coordinates that are not finite".to_owned())
}
