//! The two responses, or the two samples, that a comparing check compares. Prepares both sides. Does not compare them.

use super::case_results::{AnsweredCall, Calls, CaseResults};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::parser::{CheckParser, FieldScope};
use super::places::Places;
use crate::compare::PLDDT;
use crate::prediction::contract::FieldKind;
use crate::prediction::{Axes, Leaf, Listing, Prediction, Value};

/// A value on both sides, and how messages name it.
pub(crate) struct Sides<'a> {
    /// The path, with the names of both sides.
    pub(crate) label: String,
    /// The value on the first side as a response, together with the model's confidence in it. A sample of a list is a list of one.
    pub(crate) first: Prediction,
    /// The same of the second side.
    pub(crate) second: Prediction,
    /// The places of the compared samples. `None` for whole fields.
    pub(crate) samples: Option<(usize, usize)>,
    /// The path of the value within the responses.
    path: String,
    /// The places in the second response.
    places: Places<'a>,
}

impl Sides<'_> {
    /// How messages name a path within the responses.
    pub(crate) fn label_of(&self, path: &str) -> String {
        format!("{}{}", self.label, path.strip_prefix(&self.path).unwrap_or_default())
    }

    /// The residues that an element of the array at a path is about.
    pub(crate) fn place(&self, path: &str, position: &[usize]) -> Option<String> {
        self.places.at(path.strip_prefix(&self.path)?, position)
    }

    /// Whether the first side holds anything that could have differed.
    pub(crate) fn holds_values(&self) -> bool {
        let Ok(listing) = Listing::of(&self.first) else {
            return false;
        };
        listing.entries().filter(|(path, _)| path.starts_with(&self.path)).any(|(_, leaf)| match leaf {
            Leaf::None | Leaf::Container(_) => false,
            Leaf::Array(_, tensor) => !tensor.is_empty(),
            Leaf::Integers(values) => !values.is_empty(),
            Leaf::Structure(structure) => structure.atoms() > 0,
            _ => true,
        })
    }

    /// The finding about two sides of which neither holds a value.
    pub(crate) fn nothing_to_compare(&self, check: &'static str, call: &str) -> Finding {
        Finding::wrong(check, call, format!("{}: nothing to compare, both are empty or None", self.label))
    }
}

/// Which responses are compared, which of their fields, and which samples of these.
#[derive(Debug)]
pub(crate) struct Compared {
    /// The call of the first response.
    first: String,
    /// The call of the second response, which findings are about.
    pub(crate) second: String,
    /// The compared fields.
    pub(crate) fields: Vec<FieldPath>,
    /// Samples of the first with samples of the second. Empty if whole fields are compared.
    pub(crate) items: Vec<(usize, usize)>,
}

impl Compared {
    /// Reads `fields`, `first`, `second` and `items`.
    pub(crate) fn read(parser: &mut CheckParser<'_>) -> Option<Self> {
        let (usual_first, usual_second) = match parser.context.calls {
            [only] => (Some(only), Some(only)),
            [first, second] => (Some(first), Some(second)),
            _ => (None, None),
        };
        let mut named = |key: &'static str, usual: Option<&String>| {
            if parser.reader.has(key) {
                return parser.call(key);
            }
            if usual.is_none() {
                parser.reader.require(key);
            }
            usual.cloned()
        };
        let (first, second) = (named("first", usual_first), named("second", usual_second));
        let items = read_items(parser);
        if let (Some(first), Some(second), Some(items)) = (&first, &second, &items)
            && first == second
            && (items.is_empty() || items.iter().any(|(a, b)| a == b))
        {
            let message = format!("the call `{first}` is compared with itself");
            let label = "expected another call, or `items` that are different samples";
            let key = if parser.reader.has("items") { "items" } else { "second" };
            parser.reader.reject(key, message, label);
        }
        let fields = parser.fields(FieldScope::Fillable);
        let (first, second, items, fields) = (first?, second?, items?, fields?);
        if !items.is_empty() {
            parser.demand_samples(&fields);
        }
        parser.calls = Calls::Named(vec![first.clone(), second.clone()]);
        Some(Self { first, second, fields, items })
    }

    /// The findings of `judge` in every field, once for each pair of samples. Empty if a call failed, which is a finding of its
    /// own.
    pub(crate) fn judge_each(
        &self,
        check: &'static str,
        results: &CaseResults<'_>,
        mut judge: impl FnMut(&FieldPath, &Sides<'_>, &AnsweredCall<'_>, &AnsweredCall<'_>) -> Vec<Finding>,
    ) -> Vec<Finding> {
        let (Some(first), Some(second)) = (results.answered(&self.first), results.answered(&self.second)) else {
            return Vec::new();
        };
        let mut findings = Vec::new();
        for field in &self.fields {
            for sides in self.sides(check, field, &first, &second) {
                match sides {
                    Ok(sides) => findings.extend(judge(field, &sides, &first, &second)),
                    Err(finding) => findings.push(*finding),
                }
            }
        }
        findings
    }

    /// A field on both sides, once for each pair of samples.
    fn sides<'a>(
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
                response(field, value.clone(), answered.prediction.field(PLDDT).cloned())
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
        let cut = |answered: &AnsweredCall<'_>, value: &Value, index: usize| -> Result<Prediction, Box<Finding>> {
            let own = sample(answered, field, value, index).ok_or_else(|| {
                let summary = format!("{field}: there is no sample {index} to compare");
                Box::new(Finding::wrong(check, answered.call, summary))
            })?;
            let own = if is_list { Value::List(vec![own]) } else { own };
            let structures = value.as_items().map_or(0, <[Value]>::len);
            Ok(response(field, own, confidence_behind(answered.prediction, structures, index)))
        };
        let pairs = self.items.iter().map(|&(from, to)| {
            Ok(Sides {
                label: format!("{field} (`{}` sample {from}, `{}` sample {to})", self.first, self.second),
                first: cut(first, values.0, from)?,
                second: cut(second, values.1, to)?,
                samples: Some((from, to)),
                path: format!("{}{}", field.name(), if is_list { "[0]" } else { "" }),
                places: places.of_sample(to),
            })
        });
        pairs.collect()
    }
}

fn read_items(parser: &mut CheckParser<'_>) -> Option<Vec<(usize, usize)>> {
    if !parser.reader.has("items") {
        return Some(Vec::new());
    }
    let written = parser.reader.json("items")?;
    let pairs = serde_json::from_value(written).ok().filter(|pairs: &Vec<(usize, usize)>| !pairs.is_empty());
    if pairs.is_none() {
        let label = "expected pairs of samples, as in `[[0, 1], [1, 0]]`";
        parser.reader.reject("items", "these are not pairs of samples", label);
    }
    pairs
}

/// A response of one value and the model's confidence in it. A part of a field stands by itself.
fn response(field: &FieldPath, value: Value, confidence: Option<Value>) -> Prediction {
    let mut fields = vec![(field.name().to_owned(), value)];
    fields.extend(confidence.filter(|_| field.name() != PLDDT).map(|plddt| (PLDDT.to_owned(), plddt)));
    Prediction { class: String::new(), fields }
}

/// The confidence in one of the structures of a response, as a list of one.
fn confidence_behind(prediction: &Prediction, structures: usize, index: usize) -> Option<Value> {
    let items = prediction.field(PLDDT)?.as_items()?;
    let each = items.len().checked_div(structures).filter(|each| each * structures == items.len())?;
    Some(Value::List(vec![items.get(index * each)?.clone()]))
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
