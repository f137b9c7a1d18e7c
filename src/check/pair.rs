//! The two responses, or the two samples, that a comparing check holds against each other.

use super::case_results::{AnsweredCall, Calls, CaseResults};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::parser::{CheckParser, FieldScope};
use super::places::Places;
use crate::compare::PLDDT;
use crate::prediction::contract::FieldKind;
use crate::prediction::{Axes, Leaf, Listing, Prediction, Value};

/// Which two responses are compared, and which of their samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    calls: Calls,
    first: String,
    second: String,
    /// Samples of the first with samples of the second; empty when whole fields are compared.
    items: Vec<(usize, usize)>,
}

/// A value on both sides and the words for it.
pub(crate) struct Sides<'a> {
    /// The path, with what is compared with what.
    pub(crate) label: String,
    /// The value on the first side as a response that holds it, and how confident the model is of it. A sample of a list is a list
    /// of one.
    pub(crate) first: Prediction,
    /// The same of the second side.
    pub(crate) second: Prediction,
    /// The samples compared, by their places; `None` for whole fields.
    pub(crate) samples: Option<(usize, usize)>,
    /// The value's path within the responses.
    path: String,
    /// The places in the second.
    places: Places<'a>,
}

impl Sides<'_> {
    /// What a path within the responses is called in messages.
    pub(crate) fn label_of(&self, path: &str) -> String {
        match path.strip_prefix(&self.path) {
            Some(rest) => format!("{}{rest}", self.label),
            None => self.label.clone(),
        }
    }

    /// The residues that an element of the array at a path is about.
    pub(crate) fn place(&self, path: &str, position: &[usize]) -> Option<String> {
        match path.strip_prefix(&self.path)? {
            "" => self.places.residues(position),
            item => {
                let index = item.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
                self.places.of_item(index).residues(position)
            }
        }
    }

    /// Whether the first side holds anything that could have differed.
    pub(crate) fn holds_values(&self) -> bool {
        let Ok(listing) = Listing::of(&self.first) else {
            return false;
        };
        let own = listing.entries().filter(|(path, _)| path.starts_with(&self.path));
        own.map(|(_, leaf)| leaf).any(|leaf| match leaf {
            Leaf::None | Leaf::Container(_) => false,
            Leaf::Array(_, tensor) => !tensor.is_empty(),
            Leaf::Integers(values) => !values.is_empty(),
            Leaf::Structure(structure) => structure.atoms() > 0,
            _ => true,
        })
    }
}

/// What checks that compare read besides what they allow.
#[derive(Debug)]
pub(crate) struct Compared {
    /// The responses or samples.
    pub(crate) pair: Pair,
    /// What of them.
    pub(crate) fields: Vec<FieldPath>,
}

impl Compared {
    /// Reads `fields`, `first`, `second` and `items`.
    pub(crate) fn read(parser: &mut CheckParser<'_>) -> Option<Self> {
        let pair = Pair::read(parser);
        let fields = parser.fields(FieldScope::Fillable);
        let (pair, fields) = (pair?, fields?);
        if pair.is_of_samples() {
            parser.demand_samples(&fields);
        }
        Some(Self { pair, fields })
    }

    /// What `judge` finds in every field, once for each pair of samples; nothing when a call failed, which is a finding of its
    /// own.
    pub(crate) fn judge_each(
        &self,
        check: &'static str,
        results: &CaseResults<'_>,
        mut judge: impl FnMut(&FieldPath, &Sides<'_>, &AnsweredCall<'_>, &AnsweredCall<'_>) -> Vec<Finding>,
    ) -> Vec<Finding> {
        let Some((first, second)) = self.pair.answered(results) else {
            return Vec::new();
        };
        let mut findings = Vec::new();
        for field in &self.fields {
            for sides in self.pair.sides(check, field, &first, &second) {
                match sides {
                    Ok(sides) => findings.extend(judge(field, &sides, &first, &second)),
                    Err(finding) => findings.push(*finding),
                }
            }
        }
        findings
    }
}

impl Pair {
    /// Reads `first`, `second` and `items`.
    fn read(parser: &mut CheckParser<'_>) -> Option<Self> {
        let calls = parser.all_calls();
        let mut named = |key: &'static str, usual: Option<&String>| {
            if parser.reader().has(key) {
                return parser.call(key);
            }
            if usual.is_none() {
                parser.reader().require(key);
            }
            usual.cloned()
        };
        let (usual_first, usual_second) = match calls {
            [only] => (Some(only), Some(only)),
            [first, second] => (Some(first), Some(second)),
            _ => (None, None),
        };
        let first = named("first", usual_first);
        let second = named("second", usual_second);
        let items = read_items(parser);
        let (first, second, items) = (first?, second?, items?);
        if first == second && (items.is_empty() || items.iter().any(|(a, b)| a == b)) {
            let message = format!("the call `{first}` is compared with itself");
            let label = "expected another call, or `items` that are different samples";
            let key = if parser.reader().has("items") { "items" } else { "second" };
            parser.reader().reject(key, message, label);
        }
        Some(Self { calls: Calls::Named(vec![first.clone(), second.clone()]), first, second, items })
    }

    /// The calls that are compared.
    pub(crate) const fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Whether samples are compared, not whole fields.
    #[must_use]
    pub(super) const fn is_of_samples(&self) -> bool {
        !self.items.is_empty()
    }

    /// The second call, which findings are about.
    pub(crate) fn second(&self) -> &str {
        &self.second
    }

    /// Both predictions; `None` when a call failed, which is a finding of its own.
    pub(crate) fn answered<'a>(&self, results: &CaseResults<'a>) -> Option<(AnsweredCall<'a>, AnsweredCall<'a>)> {
        let find = |name: &str| {
            let response = results.responses.iter().find(|response| response.call == name)?;
            AnsweredCall::new(results.contract, response)
        };
        Some((find(&self.first)?, find(&self.second)?))
    }

    /// A third prediction, beside the two that are compared.
    pub(crate) fn other<'a>(results: &CaseResults<'a>, call: &str) -> Option<AnsweredCall<'a>> {
        let response = results.responses.iter().find(|response| response.call == call)?;
        AnsweredCall::new(results.contract, response)
    }

    /// A field on both sides, once for each pair of samples.
    pub(crate) fn sides<'a>(
        &self,
        check: &'static str,
        field: &FieldPath,
        first: &'a AnsweredCall<'a>,
        second: &'a AnsweredCall<'a>,
    ) -> Vec<Result<Sides<'a>, Box<Finding>>> {
        let values = match (field.find(check, first), field.find(check, second)) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(finding), _) | (_, Err(finding)) => return vec![Err(finding)],
        };
        let places = if field.is_whole() { Places::of_field(field.name(), second) } else { Places::default() };
        if self.items.is_empty() {
            let whole = |answered: &AnsweredCall<'_>, value: &Value| {
                let confidence = answered.prediction.field(PLDDT).cloned();
                response(field, value.clone(), confidence)
            };
            return vec![Ok(Sides {
                label: format!("{field} (`{}`, `{}`)", self.first, self.second),
                first: whole(first, values.0),
                second: whole(second, values.1),
                samples: None,
                path: field.name().to_owned(),
                places,
            })];
        }
        let is_list = first.contract.field(field.name()).is_some_and(|spec| spec.kind != FieldKind::Array);
        let path = format!("{}{}", field.name(), if is_list { "[0]" } else { "" });
        let cut = |answered: &AnsweredCall<'_>, value: &Value, index: usize| -> Result<Prediction, Box<Finding>> {
            let own = sample(answered, field, value, index).ok_or_else(|| {
                let summary = format!("{field}: there is no sample {index} to compare");
                Box::new(Finding::wrong(check, answered.call, summary))
            })?;
            let own = if is_list { Value::List(vec![own]) } else { own };
            let structures = value.as_items().map_or(0, <[Value]>::len);
            let confidence = confidence_behind(answered.prediction, structures, index);
            Ok(response(field, own, confidence))
        };
        self.items
            .iter()
            .map(|&(from, to)| {
                Ok(Sides {
                    label: format!("{field} (`{}` sample {from}, `{}` sample {to})", self.first, self.second),
                    first: cut(first, values.0, from)?,
                    second: cut(second, values.1, to)?,
                    samples: Some((from, to)),
                    path: path.clone(),
                    places: places.of_sample(to),
                })
            })
            .collect()
    }
}

/// A response of one value and of how confident the model is of it. A part of a field stands by itself.
fn response(field: &FieldPath, value: Value, confidence: Option<Value>) -> Prediction {
    let mut fields = vec![(field.name().to_owned(), value)];
    fields.extend(confidence.filter(|_| field.name() != PLDDT).map(|plddt| (PLDDT.to_owned(), plddt)));
    Prediction { class: String::new(), fields }
}

/// The confidence behind one of the structures of a response, as a list of one.
fn confidence_behind(prediction: &Prediction, structures: usize, index: usize) -> Option<Value> {
    let items = prediction.field(PLDDT)?.as_items()?;
    let each = items.len().checked_div(structures).filter(|each| each * structures == items.len())?;
    let own = items.get(index * each)?;
    Some(Value::List(vec![own.clone()]))
}

fn read_items(parser: &mut CheckParser<'_>) -> Option<Vec<(usize, usize)>> {
    if !parser.reader().has("items") {
        return Some(Vec::new());
    }
    let written = parser.reader().json("items")?;
    let pairs = written.as_array().and_then(|items| {
        let pair = |item: &serde_json::Value| {
            let [first, second] = item.as_array()?.as_slice() else {
                return None;
            };
            let index = |number: &serde_json::Value| usize::try_from(number.as_u64()?).ok();
            Some((index(first)?, index(second)?))
        };
        items.iter().map(pair).collect::<Option<Vec<_>>>()
    });
    let pairs = pairs.filter(|pairs| !pairs.is_empty());
    if pairs.is_none() {
        let label = "expected pairs of samples, as in `[[0, 1], [1, 0]]`";
        parser.reader().reject("items", "these are not pairs of samples", label);
    }
    pairs
}

/// One sample of a whole field, without padding.
pub(crate) fn sample(answered: &AnsweredCall<'_>, field: &FieldPath, value: &Value, index: usize) -> Option<Value> {
    let spec = answered.contract.field(field.name())?;
    match (spec.kind, value) {
        (FieldKind::Array, Value::Array(tensor)) => {
            let length = answered.expected.complexes.get(index)?.length;
            Axes::of(spec).sample(tensor, index, length).map(Value::Array)
        }
        (_, value) => value.as_items()?.get(index).cloned(),
    }
}
