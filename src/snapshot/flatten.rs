//! Turns a response into entries with paths and the arrays behind them. A response is untrusted: paths come out as plain
//! words, and however deep or long it is, the walk ends. Compares nothing.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use super::ContentHash;
use super::archive::{self, Arrays};
use super::columns;
use super::contents::{Contents, TooManyValues};
use super::digest::{ArrayEntry, Digest, Entry, Form, Storage, StructureEntry, TextEntry};
use super::rows::KeptRows;
use super::statistics::{Statistics, scan};
use crate::prediction::{Prediction, Value, show_shape};
use crate::protein::Structure;
use crate::tensor::Tensor;

/// Arrays up to this many bytes are stored whole.
pub const WHOLE_BYTES: usize = 8 << 20;
/// The most values a response may have, arrays counted as one.
const VALUES: usize = 20_000;
/// How deep values may lie in one another.
const DEPTH: usize = 32;
/// The longest text, in characters, that the digest quotes.
const QUOTED: usize = 60;
/// The longest list of whole numbers that the digest quotes.
const LISTED: usize = 64;
/// What is kept of a response's metadata: its times differ from call to call, and name and version say which software
/// answered, not what it computed.
const METADATA: [&str; 1] = ["sequence_lengths"];

pub(super) struct Flatten {
    contents: Contents,
    paths: HashSet<String>,
}

/// Whether an array's size decides how it is stored, or it belongs to a structure and is always whole.
#[derive(Clone, Copy)]
enum Keep {
    BySize,
    Whole,
}

impl Contents {
    /// Everything a response holds, apart from how long it took.
    ///
    /// # Errors
    /// When the response has more values than any snapshot may describe.
    pub fn of(prediction: &Prediction) -> Result<Self, TooManyValues> {
        let mut contents = Flatten::new(&prediction.class).prediction(prediction)?;
        let arrays = contents.arrays();
        if !arrays.is_empty() {
            contents.digest.arrays = Some(archive::name(&arrays));
        }
        Ok(contents)
    }
}

impl Contents {
    /// What files hold that are compared value by value: arrays, structures and lists of them, under the paths of [`Self::of`]. Without
    /// their hashes, columns and numbers in words, which take longer than reading the file.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn outline(fields: Vec<(String, Value)>) -> Result<Self, TooManyValues> {
        let mut flatten = Flatten::new("");
        for (name, value) in fields {
            flatten.outline(plain(&name, ""), value)?;
        }
        Ok(flatten.contents)
    }
}

impl Flatten {
    pub(super) fn new(class: &str) -> Self {
        Self {
            contents: Contents {
                digest: Digest {
                    class: plain(class, "."),
                    arrays: None,
                    entries: Vec::new(),
                    absent: Vec::new(),
                },
                tensors: BTreeMap::new(),
                rows: BTreeMap::new(),
                structures: BTreeMap::new(),
                names: Arrays::new(),
            },
            paths: HashSet::new(),
        }
    }

    pub(super) fn prediction(mut self, prediction: &Prediction) -> Result<Contents, TooManyValues> {
        for (name, value) in &prediction.fields {
            match value {
                Value::Record(record) if name == "metadata" => {
                    for (own, value) in &record.fields {
                        if METADATA.contains(&own.as_str()) {
                            self.value(format!("metadata.{own}"), value, 0)?;
                        }
                    }
                }
                value => self.value(plain(name, ""), value, 0)?,
            }
        }
        Ok(self.contents)
    }

    fn outline(&mut self, path: String, value: Value) -> Result<(), TooManyValues> {
        match value {
            Value::Array(tensor) => {
                let path = self.entry_at(path, Entry::Container("array".into()))?;
                self.contents.tensors.insert(path, tensor);
            }
            Value::Structure(structure) if columns::is_even(&structure) => {
                let path = self.entry_at(path, Entry::Container("structure".into()))?;
                self.contents.structures.insert(path, *structure);
            }
            Value::List(items) if numbers(&items).is_none() => {
                let path = self.entry_at(path, Entry::Container(format!("list of {}", items.len())))?;
                for (at, item) in items.into_iter().enumerate() {
                    self.outline(format!("{path}[{at}]"), item)?;
                }
            }
            other => self.value(path, &other, 0)?,
        }
        Ok(())
    }

    fn value(&mut self, path: String, value: &Value, depth: usize) -> Result<(), TooManyValues> {
        if depth > DEPTH {
            return self.entry(path, Entry::Container(format!("nested deeper than {DEPTH}")));
        }
        match value {
            Value::None => {
                let path = self.unique(path)?;
                self.contents.digest.absent.push(path);
                Ok(())
            }
            Value::Bool(value) => self.entry(path, Entry::Bool(*value)),
            Value::Integer(value) => self.entry(path, Entry::Integer(*value)),
            Value::Float(value) => self.entry(path, Entry::Float(*value)),
            Value::Text(text) => self.entry(path, Entry::Text(text_entry(text))),
            Value::Bytes(bytes) => {
                let (length, hash) = (bytes.len(), ContentHash::of_bytes(bytes));
                self.entry(path, Entry::Bytes { length, hash })
            }
            Value::Array(tensor) => self.array(path, tensor.clone(), Form::Array, Keep::BySize),
            Value::Structure(structure) => self.structure(path, structure),
            Value::List(items) => match numbers(items) {
                Some(Numbers::Listed(integers)) => self.entry(path, Entry::Integers(integers)),
                Some(Numbers::Array(tensor)) => self.array(path, tensor, Form::List, Keep::BySize),
                None => self.items(path, format!("list of {}", items.len()), items, depth),
            },
            Value::Tuple(items) => self.items(path, format!("tuple of {}", items.len()), items, depth),
            Value::Set(items) => self.items(path, format!("set of {}", items.len()), items, depth),
            Value::Objects { shape, items } => {
                self.items(path, format!("object array {}", show_shape(shape)), items, depth)
            }
            Value::Map(entries) => {
                let path = self.entry_at(path, Entry::Container(format!("dict of {}", entries.len())))?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    let name = match key {
                        Value::Text(text) => plain(text, ""),
                        Value::Integer(number) => number.to_string(),
                        _ => format!("key{at}"),
                    };
                    self.value(format!("{path}.{name}"), value, depth + 1)?;
                }
                Ok(())
            }
            Value::Record(record) => {
                let path = self.entry_at(path, Entry::Container(format!("object {}", plain(&record.class, "."))))?;
                for (name, value) in &record.fields {
                    self.value(format!("{path}.{}", plain(name, "")), value, depth + 1)?;
                }
                Ok(())
            }
        }
    }

    fn items(&mut self, path: String, words: String, items: &[Value], depth: usize) -> Result<(), TooManyValues> {
        let path = self.entry_at(path, Entry::Container(words))?;
        for (at, item) in items.iter().enumerate() {
            self.value(format!("{path}[{at}]"), item, depth + 1)?;
        }
        Ok(())
    }

    fn structure(&mut self, path: String, structure: &Structure) -> Result<(), TooManyValues> {
        if !columns::is_even(structure) {
            return self.entry(
                path,
                Entry::Container("structure with columns of unequal length".into()),
            );
        }
        let residues = structure.residues();
        let mut sequences = structure.sequences().into_iter();
        let chains = structure.chains().into_iter().map(|(name, atoms)| {
            let (first, last) = (structure.res_id[atoms.start], structure.res_id[atoms.end - 1]);
            let sequence = sequences.next().map(|(_, sequence)| sequence).unwrap_or_default();
            let count = atoms.len();
            format!(
                "{}: {first} to {last}, {count} atoms, {sequence}",
                plain(name.as_str(), "")
            )
        });
        let names = columns::names(structure).map(|(column, tensor)| (column.to_owned(), tensor));
        let entry = StructureEntry {
            atoms: structure.atoms(),
            residues: residues.len(),
            chains: chains.collect(),
            names: archive::name(&names.clone().into()),
        };
        let path = self.entry_at(path, Entry::Structure(entry))?;
        let names = names
            .into_iter()
            .map(|(column, tensor)| (format!("{path}.{column}"), tensor));
        self.contents.names.extend(names);
        for (column, tensor) in columns::values(structure) {
            let column = plain(&column, ".");
            self.array(format!("{path}.{column}"), tensor, Form::Array, Keep::Whole)?;
        }
        self.contents.structures.insert(path, structure.clone());
        Ok(())
    }

    fn array(&mut self, path: String, tensor: Tensor, form: Form, keep: Keep) -> Result<(), TooManyValues> {
        let path = self.unique(path)?;
        let storage = match keep {
            Keep::Whole => Storage::Whole,
            Keep::BySize if tensor.bytes().len() <= WHOLE_BYTES => Storage::Whole,
            Keep::BySize if tensor.dtype().is_numeric() => Storage::Rows,
            Keep::BySize => Storage::Hash,
        };
        let mut statistics = Statistics::new();
        scan(&tensor, |_, values| statistics.add(values));
        if storage == Storage::Rows {
            self.contents.rows.insert(path.clone(), KeptRows::of(&tensor));
        }
        let entry = ArrayEntry {
            form,
            dtype: tensor.dtype(),
            shape: tensor.shape().to_vec(),
            statistics: statistics.describe(tensor.dtype()),
            storage,
            hash: ContentHash::of_tensor(&tensor),
        };
        self.contents.digest.entries.push((path.clone(), Entry::Array(entry)));
        self.contents.tensors.insert(path, tensor);
        Ok(())
    }

    fn entry(&mut self, path: String, entry: Entry) -> Result<(), TooManyValues> {
        self.entry_at(path, entry).map(drop)
    }

    fn entry_at(&mut self, path: String, entry: Entry) -> Result<String, TooManyValues> {
        let path = self.unique(path)?;
        self.contents.digest.entries.push((path.clone(), entry));
        Ok(path)
    }

    /// Two keys of a mapping may read the same; the second gets a mark, so that every path names one value.
    fn unique(&mut self, mut path: String) -> Result<String, TooManyValues> {
        if self.paths.len() >= VALUES {
            return Err(TooManyValues(VALUES));
        }
        while !self.paths.insert(path.clone()) {
            path.push('~');
        }
        Ok(path)
    }
}

enum Numbers {
    Listed(Vec<i64>),
    Array(Tensor),
}

/// A list of nothing but whole numbers, or nothing but floats, is one value.
fn numbers(items: &[Value]) -> Option<Numbers> {
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
                Numbers::Listed(integers)
            } else {
                Numbers::Array(Tensor::vector(&integers))
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
    floats.map(|floats| Numbers::Array(Tensor::vector(&floats)))
}

fn text_entry(text: &str) -> TextEntry {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let start: String = first.chars().take(QUOTED).collect();
    if start == text {
        return TextEntry::Short(start);
    }
    TextEntry::Long {
        characters: text.chars().count(),
        hash: ContentHash::of_bytes(text.as_bytes()),
        start,
    }
}

/// Letters, digits, `_`, `-`, `+` and what `also` allows stay; every other byte becomes `%` and two digits.
fn plain(text: &str, also: &str) -> String {
    // An empty name would be no path, and `None` at the start of a line lists what is absent.
    if text.is_empty() || text == "None" {
        return format!("{text}%");
    }
    let mut words = String::with_capacity(text.len());
    for byte in text.bytes().take(200) {
        let kept = byte.is_ascii_alphanumeric() || b"_-+".contains(&byte) || also.as_bytes().contains(&byte);
        if kept {
            words.push(char::from(byte));
        } else {
            let _ = write!(words, "%{byte:02x}");
        }
    }
    words
}
