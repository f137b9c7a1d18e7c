//! Every value of a response by its path, in the order of the response: what recording writes and what comparing walks. A response
//! is untrusted: paths come out as plain words, and however deep or long it is, the walk ends. Compares nothing.

use std::collections::HashMap;

use super::path::plain;
use super::{Prediction, Value, show_shape};
use crate::protein::Structure;
use crate::tensor::{KeptRows, Tensor};

/// The most values a response may have, arrays counted as one.
const VALUES: usize = 20_000;
/// How deep values may lie in one another.
const DEPTH: usize = 32;
/// The longest list of whole numbers that stays a list; a longer one is an array.
const LISTED: usize = 64;
/// What is listed of a response's metadata: its times differ from call to call, and name and version say which software
/// answered, not what it computed.
const METADATA: [&str; 1] = ["sequence_lengths"];

/// One value without the values below it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf<'a> {
    /// Python's `None`.
    None,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Integer(i64),
    /// `float`.
    Float(f64),
    /// A short `list` of `int`.
    Integers(Vec<i64>),
    /// `str`.
    Text(&'a str),
    /// `bytes`.
    Bytes(&'a [u8]),
    /// Something that holds the values below it, in words: `list of 2`.
    Container(String),
    /// Numbers or fixed-width texts: an array, or a list of numbers.
    Array(ArrayOrigin, Tensor),
    /// What is kept of an array.
    Rows(&'a KeptRows),
    /// The atoms of a structure; its columns of numbers are arrays below it.
    Structure(&'a Structure),
}

/// What held the numbers of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArrayOrigin {
    /// A `NumPy` array or scalar.
    Array,
    /// A Python list of numbers.
    List,
}

/// A response by paths such as `plddt[0]` or `atom_array[0].coord`.
#[derive(Debug, Clone)]
pub(crate) struct Listing<'a> {
    /// Dotted Python class of the response.
    pub(crate) class: String,
    entries: Vec<(String, Leaf<'a>)>,
    places: HashMap<String, usize>,
}

/// A response that cannot be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the response has more than {VALUES} values")]
pub struct TooManyValues;

impl ArrayOrigin {
    /// `array` or `list`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::List => "list",
        }
    }
}

impl Leaf<'_> {
    /// What a reader calls the value, without the numbers of an array.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::None => "None".to_owned(),
            Self::Bool(value) => format!("bool {value}"),
            Self::Integer(value) => format!("int {value}"),
            Self::Float(value) => format!("float {value}"),
            Self::Integers(values) => format!("list of int {values:?}"),
            Self::Text(text) => format!("str of {} characters", text.chars().count()),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Self::Container(words) => words.clone(),
            Self::Array(form, tensor) => format!("{} {} {}", tensor.dtype(), form.name(), show_shape(tensor.shape())),
            Self::Rows(rows) => format!("{} array {}", rows.dtype(), show_shape(&rows.shape)),
            Self::Structure(structure) => {
                format!("structure of {} atoms in {} residues", structure.atoms(), structure.residues().len())
            }
        }
    }
}

impl<'a> Listing<'a> {
    /// Everything a response holds, apart from how long it took.
    ///
    /// # Errors
    /// When the response has more values than can be recorded.
    pub(crate) fn of(prediction: &'a Prediction) -> Result<Self, TooManyValues> {
        let mut listing = Self { class: plain(&prediction.class, "."), entries: Vec::new(), places: HashMap::new() };
        for (name, value) in &prediction.fields {
            match value {
                Value::Record(record) if name == "metadata" => {
                    for (own, value) in &record.fields {
                        if METADATA.contains(&own.as_str()) {
                            listing.add(format!("metadata.{own}"), value, 0)?;
                        }
                    }
                }
                value => listing.add(plain(name, ""), value, 0)?,
            }
        }
        Ok(listing)
    }

    /// Every path and its value, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Leaf<'a>)> {
        self.entries.iter().map(|(path, leaf)| (path.as_str(), leaf))
    }

    /// The value at a path.
    pub(crate) fn get(&self, path: &str) -> Option<&Leaf<'a>> {
        let (_, leaf) = self.entries.get(*self.places.get(path)?)?;
        Some(leaf)
    }

    /// The array at a path; `None` where it is none or only some rows of it are known.
    pub(crate) fn array(&self, path: &str) -> Option<&Tensor> {
        match self.get(path)? {
            Leaf::Array(_, tensor) => Some(tensor),
            _ => None,
        }
    }

    /// What is kept of the array at a path that is not known whole.
    pub(crate) fn rows(&self, path: &str) -> Option<&'a KeptRows> {
        match self.get(path)? {
            Leaf::Rows(rows) => Some(rows),
            _ => None,
        }
    }

    /// The structure at a path such as `atom_array[0]`.
    pub(crate) fn structure(&self, path: &str) -> Option<&'a Structure> {
        match self.get(path)? {
            Leaf::Structure(structure) => Some(structure),
            _ => None,
        }
    }

    /// The array, the structure or the list of them at a path; `None` where it is none of these.
    pub(crate) fn value(&self, path: &str) -> Option<Value> {
        match self.get(path)? {
            Leaf::Array(_, tensor) => Some(Value::Array(tensor.clone())),
            Leaf::Structure(structure) => Some(Value::Structure(Box::new((*structure).clone()))),
            Leaf::Container(_) => {
                let items = (0..).map(|index| format!("{path}[{index}]"));
                let items = items.take_while(|path| self.get(path).is_some_and(|leaf| *leaf != Leaf::None));
                items.map(|path| self.value(&path)).collect::<Option<_>>().map(Value::List)
            }
            _ => None,
        }
    }

    fn add(&mut self, path: String, value: &'a Value, depth: usize) -> Result<(), TooManyValues> {
        if depth > DEPTH {
            return self.entry(path, Leaf::Container(format!("nested deeper than {DEPTH}")));
        }
        match value {
            Value::None => self.entry(path, Leaf::None),
            Value::Bool(value) => self.entry(path, Leaf::Bool(*value)),
            Value::Integer(value) => self.entry(path, Leaf::Integer(*value)),
            Value::Float(value) => self.entry(path, Leaf::Float(*value)),
            Value::Text(text) => self.entry(path, Leaf::Text(text)),
            Value::Bytes(bytes) => self.entry(path, Leaf::Bytes(bytes)),
            Value::Array(tensor) => self.entry(path, Leaf::Array(ArrayOrigin::Array, tensor.clone())),
            Value::Rows(rows) => self.entry(path, Leaf::Rows(rows)),
            Value::Structure(structure) => self.structure_at(path, structure),
            Value::List(items) => match numbers(items) {
                Some(leaf) => self.entry(path, leaf),
                None => self.items(path, format!("list of {}", items.len()), items, depth),
            },
            Value::Tuple(items) => self.items(path, format!("tuple of {}", items.len()), items, depth),
            Value::Set(items) => self.items(path, format!("set of {}", items.len()), items, depth),
            Value::Objects { shape, items } => {
                self.items(path, format!("object array {}", show_shape(shape)), items, depth)
            }
            Value::Map(entries) => {
                let path = self.entry_at(path, Leaf::Container(format!("dict of {}", entries.len())))?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    let name = match key {
                        Value::Text(text) => plain(text, ""),
                        Value::Integer(number) => number.to_string(),
                        _ => format!("key{at}"),
                    };
                    self.add(format!("{path}.{name}"), value, depth + 1)?;
                }
                Ok(())
            }
            Value::Record(record) => {
                let words = format!("object {}", plain(&record.class, "."));
                let path = self.entry_at(path, Leaf::Container(words))?;
                for (name, value) in &record.fields {
                    self.add(format!("{path}.{}", plain(name, "")), value, depth + 1)?;
                }
                Ok(())
            }
        }
    }

    fn items(&mut self, path: String, words: String, items: &'a [Value], depth: usize) -> Result<(), TooManyValues> {
        let path = self.entry_at(path, Leaf::Container(words))?;
        for (at, item) in items.iter().enumerate() {
            self.add(format!("{path}[{at}]"), item, depth + 1)?;
        }
        Ok(())
    }

    fn structure_at(&mut self, path: String, structure: &'a Structure) -> Result<(), TooManyValues> {
        // A structure that is not even cannot be walked.
        if let Some(column) = structure.uneven_column() {
            let words = format!("structure whose column `{column}` has not one entry for each atom");
            return self.entry(path, Leaf::Container(words));
        }
        let path = self.entry_at(path, Leaf::Structure(structure))?;
        for (column, tensor) in structure.number_columns() {
            let column = plain(&column, ".");
            self.entry(format!("{path}.{column}"), Leaf::Array(ArrayOrigin::Array, tensor))?;
        }
        Ok(())
    }

    fn entry(&mut self, path: String, leaf: Leaf<'a>) -> Result<(), TooManyValues> {
        self.entry_at(path, leaf).map(drop)
    }

    /// Two keys of a mapping may read the same; the second gets a mark, so that every path names one value.
    fn entry_at(&mut self, mut path: String, leaf: Leaf<'a>) -> Result<String, TooManyValues> {
        if self.entries.len() >= VALUES {
            return Err(TooManyValues);
        }
        while self.places.contains_key(&path) {
            path.push('~');
        }
        self.places.insert(path.clone(), self.entries.len());
        self.entries.push((path.clone(), leaf));
        Ok(path)
    }
}

/// A list of nothing but whole numbers, or nothing but floats, is one value.
fn numbers<'a>(items: &[Value]) -> Option<Leaf<'a>> {
    let (first, _) = items.split_first()?;
    if let Value::Integer(_) = first {
        let integers: Option<Vec<i64>> = items
            .iter()
            .map(|item| match item {
                Value::Integer(integer) => Some(*integer),
                _ => None,
            })
            .collect();
        return integers.map(|integers| {
            if integers.len() <= LISTED {
                Leaf::Integers(integers)
            } else {
                Leaf::Array(ArrayOrigin::List, Tensor::vector(&integers))
            }
        });
    }
    let floats: Option<Vec<f64>> = items
        .iter()
        .map(|item| match item {
            Value::Float(float) => Some(*float),
            _ => None,
        })
        .collect();
    floats.map(|floats| Leaf::Array(ArrayOrigin::List, Tensor::vector(&floats)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::Record;

    #[test]
    fn every_value_has_one_path_and_hostile_names_are_plain_words() {
        let deep = (0..100).fold(Value::Integer(1), |value, _| Value::Tuple(vec![value]));
        let prediction = Prediction {
            class: "a.B".into(),
            fields: vec![
                (
                    "metadata".into(),
                    Value::Record(Record {
                        class: "M".into(),
                        fields: vec![
                            ("inference_time".into(), Value::Float(1.0)),
                            ("sequence_lengths".into(), Value::List(vec![Value::Integer(3)])),
                        ],
                    }),
                ),
                ("\u{1b}[2J\n".into(), Value::Bool(true)),
                (String::new(), Value::None),
                (
                    "map".into(),
                    Value::Map(vec![
                        (Value::Text("1".into()), Value::Float(0.5)),
                        (Value::Integer(1), Value::Float(1.5)),
                    ]),
                ),
                ("ptm".into(), Value::List(vec![Value::Float(0.5), Value::Float(0.25)])),
                ("deep".into(), deep),
            ],
        };
        let listing = Listing::of(&prediction).unwrap();
        let paths: Vec<&str> = listing.entries().map(|(path, _)| path).take(7).collect();
        assert_eq!(paths, ["metadata.sequence_lengths", "%1b%5b2J%0a", "%", "map", "map.1", "map.1~", "ptm"]);
        assert_eq!(listing.array("ptm").and_then(Tensor::to_f64), Some(vec![0.5, 0.25]));
        assert_eq!(listing.get("map.1~"), Some(&Leaf::Float(1.5)));
        let last = listing.entries().last().unwrap().1.describe();
        insta::assert_snapshot!(last, @"nested deeper than 32");
        let many =
            Prediction { class: String::new(), fields: vec![("x".into(), Value::Tuple(vec![Value::None; 30_000]))] };
        assert!(Listing::of(&many).is_err());
    }
}
