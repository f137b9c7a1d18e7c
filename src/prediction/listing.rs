//! Lists every value of a response by its path, in the order of the response, for recording and comparing. A response is untrusted:
//! names in paths are escaped, and depth and number of values are bounded. Does not compare values.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::{Prediction, Value, show_shape};
use crate::protein::Structure;
use crate::tensor::{KeptRows, Tensor};

/// The most values a response may have, arrays counted as one.
const VALUES: usize = 20_000;
/// The most values that may have one path, of which all but the first get suffixes.
const NAMESAKES: usize = 64;
/// The longest list of whole numbers that stays a list. A longer one becomes an array.
const LISTED: usize = 64;
/// The listed attributes of a response's metadata. Times differ from call to call, and name and version identify the software, not
/// its results.
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
    /// Something that contains the values below it, described as in `list of 2`.
    Container(String),
    /// Numbers or fixed-width texts: an array, or a list of numbers.
    Array(ArrayOrigin, Tensor),
    /// The recorded rows of an array.
    Rows(&'a KeptRows),
    /// The atoms of a structure. Its columns of numbers are arrays below it.
    Structure(&'a Structure),
}

/// The Python object that contained the numbers of an array.
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
#[error("the response has more than {VALUES} values, or more than {NAMESAKES} of one name")]
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
    /// A short description of the value, without the numbers of an array.
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
    /// The greatest depth of nested values.
    pub(crate) const DEPTH: usize = 32;

    /// Lists everything in a response except most of its metadata.
    ///
    /// # Errors
    /// When the response has too many values, or too many of one name.
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

    /// The array at a path; `None` if there is none or only some of its rows are known.
    pub(crate) fn array(&self, path: &str) -> Option<&Tensor> {
        match self.get(path)? {
            Leaf::Array(_, tensor) => Some(tensor),
            _ => None,
        }
    }

    /// The recorded rows of the array at a path, if the whole array is not known.
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

    /// The array, the structure or the list of these at a path.
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
        if depth > Self::DEPTH {
            return self.entry(path, Leaf::Container(format!("nested deeper than {}", Self::DEPTH)));
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
            Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::Objects { items, .. } => {
                if let Some(leaf) = matches!(value, Value::List(_)).then(|| numbers(items)).flatten() {
                    return self.entry(path, leaf);
                }
                let path = self.entry_at(path, Leaf::Container(value.describe()))?;
                for (at, item) in items.iter().enumerate() {
                    self.add(format!("{path}[{at}]"), item, depth + 1)?;
                }
                Ok(())
            }
            Value::Map(entries) => {
                let path = self.entry_at(path, Leaf::Container(value.describe()))?;
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
                let description = format!("object {}", plain(&record.class, "."));
                let path = self.entry_at(path, Leaf::Container(description))?;
                for (name, value) in &record.fields {
                    self.add(format!("{path}.{}", plain(name, "")), value, depth + 1)?;
                }
                Ok(())
            }
        }
    }

    fn structure_at(&mut self, path: String, structure: &'a Structure) -> Result<(), TooManyValues> {
        // A structure with uneven columns cannot be walked.
        if let Some(column) = structure.uneven_column() {
            let description = format!("structure whose column `{column}` has not one entry for each atom");
            return self.entry(path, Leaf::Container(description));
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

    /// Two keys of a mapping may have the same text. The second gets a suffix, so that every path identifies one value. Suffixes are
    /// tried one by one, so there are few.
    fn entry_at(&mut self, mut path: String, leaf: Leaf<'a>) -> Result<String, TooManyValues> {
        if self.entries.len() >= VALUES {
            return Err(TooManyValues);
        }
        let mut namesakes = 1;
        while self.places.contains_key(&path) {
            namesakes += 1;
            if namesakes > NAMESAKES {
                return Err(TooManyValues);
            }
            path.push('~');
        }
        self.places.insert(path.clone(), self.entries.len());
        self.entries.push((path.clone(), leaf));
        Ok(path)
    }
}

/// The single value of a list of only whole numbers, or of only floats.
fn numbers<'a>(items: &[Value]) -> Option<Leaf<'a>> {
    if let Value::Integer(_) = items.first()? {
        let integers = items.iter().map(|item| match item {
            Value::Integer(integer) => Some(*integer),
            _ => None,
        });
        let integers: Vec<i64> = integers.collect::<Option<_>>()?;
        return Some(if integers.len() <= LISTED {
            Leaf::Integers(integers)
        } else {
            Leaf::Array(ArrayOrigin::List, Tensor::vector(&integers))
        });
    }
    let floats = items.iter().map(|item| match item {
        Value::Float(float) => Some(*float),
        _ => None,
    });
    let floats: Vec<f64> = floats.collect::<Option<_>>()?;
    Some(Leaf::Array(ArrayOrigin::List, Tensor::vector(&floats)))
}

/// The field of a path such as `atom_array[0].coord`.
pub(crate) fn field_of(path: &str) -> &str {
    &path[..path.find(['.', '[']).unwrap_or(path.len())]
}

/// Escapes a name: letters, digits, `_`, `-`, `+` and the bytes in `also` stay, every other byte becomes `%` and two digits.
fn plain(text: &str, also: &str) -> String {
    // An empty name would make an invalid path.
    if text.is_empty() {
        return "%".to_owned();
    }
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes().take(200) {
        if byte.is_ascii_alphanumeric() || b"_-+".contains(&byte) || also.as_bytes().contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02x}");
        }
    }
    escaped
}

/// The name that was escaped in a path.
pub(crate) fn unescaped(path: &str) -> String {
    let bytes = path.trim_end_matches('~').as_bytes();
    let mut name = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        let code = path.get(place + 1..place + 3).filter(|_| byte == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                name.push(byte);
                place += 3;
            }
            // An empty name is written as the sign alone.
            None if byte == b'%' => place += 1,
            None => {
                name.push(byte);
                place += 1;
            }
        }
    }
    String::from_utf8(name).unwrap_or_else(|_| path.to_owned())
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

    #[test]
    fn names_that_begin_alike_are_few() {
        // A name in a path is cut after 200 bytes.
        let key = |number: usize| Value::Text(format!("{}{number}", "x".repeat(200)));
        let named = |count: usize| {
            let entries = (0..count).map(|number| (key(number), Value::None)).collect();
            Prediction { class: String::new(), fields: vec![("map".into(), Value::Map(entries))] }
        };
        assert_eq!(Listing::of(&named(64)).unwrap().entries().count(), 65);
        let error = Listing::of(&named(65)).unwrap_err();
        insta::assert_snapshot!(error, @"the response has more than 20000 values, or more than 64 of one name");
    }

    #[test]
    fn every_name_comes_back_from_its_plain_words() {
        for name in ["plddt[0]", "\u{1b}[2J\n", "", "a~", "100%"] {
            assert_eq!(unescaped(&plain(name, "")), name);
        }
        assert_eq!(unescaped("map.1~"), "map.1");
        assert_eq!(field_of("atom_array[0].coord"), "atom_array");
    }
}
