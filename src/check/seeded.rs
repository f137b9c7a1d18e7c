//! `seeded`: structures follow the seed. Two responses under one seed are much nearer to each other than either is to responses under
//! other seeds. Needs nothing recorded. Does not judge how good a structure is.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::CheckRule;
use super::case_results::{AnsweredCall, Calls, CaseResults};
use super::finding::Finding;
use super::number::{names, show};
use super::parser::CheckParser;
use super::structure_field::{same_name, structure_of};
use crate::metric::selection::{Part, positions};
use crate::metric::{rmsd, superpose};
use crate::metric_value::{Direction, MetricValue};
use crate::prediction::contract::FieldKind;
use crate::protein::Structure;

/// The name of the check.
pub(crate) const NAME: &str = "seeded";

/// The greatest allowed fraction of the distance to another seed, unless the check sets another. Chai-1 repeats itself to 0.65 Å
/// without superposition (chai-lab, issue 426), and its samples lie 22 to 33 Å apart, superposed 1.8 to 2.7 Å.
const RATIO: f64 = 0.4;

#[derive(Debug)]
struct Seeded {
    first: String,
    second: String,
    others: Vec<String>,
    field: String,
    ratio: f64,
}

/// The distance of two structures.
#[derive(Debug, Clone, Copy)]
struct Distance {
    /// Without superposition: a diffusion model also draws the place and the orientation of a structure.
    placed: f64,
    superposed: f64,
}

/// Reads `first`, `second`, `others`, `field` and `ratio`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let field = parser.field_or("atom_array", "a field of structures", |field| field.kind == FieldKind::Structures);
    let ratio = parser.reader.number("ratio", 0.0..1.0).unwrap_or(RATIO);
    parser.reader.require("first").require("second").require("others");
    let (first, second) = (parser.call("first"), parser.call("second"));
    let others = parser.named_calls("others");
    let (field, first, second, others) = (field?, first?, second?, others?);
    let mut calls = vec![first.clone(), second.clone()];
    calls.extend(others.iter().cloned());
    if let Some(twice) = (1..calls.len()).find(|&index| calls[..index].contains(&calls[index])) {
        let message = format!("the call `{}` is named twice", calls[twice]);
        let key = if twice == 1 { "second" } else { "others" };
        parser.reader.reject(key, message, "expected another call");
    }
    parser.calls = Calls::Named(calls);
    Some(Box::new(Seeded { first, second, others, field: field.name().to_owned(), ratio }))
}

impl CheckRule for Seeded {
    fn judge(&self, _: &Calls, results: &CaseResults<'_>) -> Vec<Finding> {
        // A call that failed is a finding of its own.
        let others: Option<Vec<AnsweredCall<'_>>> = self.others.iter().map(|call| results.answered(call)).collect();
        let (Some(first), Some(second), Some(others)) =
            (results.answered(&self.first), results.answered(&self.second), others)
        else {
            return Vec::new();
        };
        let count = |answered: &AnsweredCall<'_>| answered.items(&self.field).len();
        let samples = count(&first);
        if samples == 0 {
            return vec![self.wrong(format!("{}: no structures to compare", self.field))];
        }
        if let Some(other) = [&second].into_iter().chain(&others).find(|other| count(other) != samples) {
            let (call, found) = (other.call, count(other));
            return vec![self.wrong(format!("{}: {samples} structures against {found} of `{call}`", self.field))];
        }
        let judged = (0..samples).map(|sample| {
            let path = format!("{}[{sample}]", self.field);
            let judged = self.judge_sample(&path, sample, [&first, &second], &others);
            judged.unwrap_or_else(|reason| Some(self.wrong(format!("{path}: {reason}"))))
        });
        judged.flatten().collect()
    }
}

impl Seeded {
    fn wrong(&self, summary: String) -> Finding {
        Finding::wrong(NAME, &self.second, summary)
    }

    fn structure<'a>(&self, answered: &AnsweredCall<'a>, sample: usize) -> Result<Cow<'a, Structure>, String> {
        let item = answered.items(&self.field).get(sample);
        let item = item.ok_or_else(|| format!("`{}` has no such structure", answered.call))?;
        structure_of(FieldKind::Structures, item).map_err(|reason| format!("`{}`: {reason}", answered.call))
    }

    fn judge_sample(
        &self,
        path: &str,
        sample: usize,
        [first, second]: [&AnsweredCall<'_>; 2],
        others: &[AnsweredCall<'_>],
    ) -> Result<Option<Finding>, String> {
        let between = |one: &AnsweredCall<'_>, other: &AnsweredCall<'_>| {
            distance(&*self.structure(one, sample)?, &*self.structure(other, sample)?)
                .map_err(|reason| format!("`{}` and `{}`: {reason}", one.call, other.call))
        };
        let own = between(first, second)?;
        let mut apart = Distance { placed: f64::INFINITY, superposed: f64::INFINITY };
        for other in others {
            for one in [first, second] {
                let found = between(one, other)?;
                apart.placed = apart.placed.min(found.placed);
                apart.superposed = apart.superposed.min(found.superposed);
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
        first.results.measured.keep(NAME, &self.second, path, [measure]);
        if used <= self.ratio {
            return Ok(None);
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
        Ok(Some(reported.hint("the seed does not reach the model, or does not determine what is drawn")))
    }
}

/// One distance as a part of another. Equal responses under other seeds follow no seed, so that the part is infinite.
fn share(own: f64, apart: f64) -> f64 {
    if apart > 0.0 { own / apart } else { f64::INFINITY }
}

/// The distance by the alpha carbons, or by all atoms if there are too few of them.
fn distance(one: &Structure, other: &Structure) -> Result<Distance, String> {
    if one.atoms() != other.atoms() || (0..one.atoms()).any(|atom| !same_name(one, other, atom)) {
        return Err("other atoms".to_owned());
    }
    let by = |part: Part| {
        let (one, other) = (positions(one, &part.of(one)), positions(other, &part.of(other)));
        let distance = Distance { placed: rmsd(&one, &other).ok()?, superposed: superpose(&one, &other).ok()?.rmsd };
        (distance.placed.is_finite() && distance.superposed.is_finite()).then_some(distance)
    };
    let found = by(Part::AlphaCarbons).or_else(|| by(Part::All));
    found.ok_or_else(|| "no atoms to compare, or coordinates that are not finite".to_owned())
}
