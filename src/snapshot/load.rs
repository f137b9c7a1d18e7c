//! Restores a response from its record and arrays, and refuses those that do not fit together. Does not read files.

use std::collections::HashMap;

use super::archive::{Arrays, StoredError, take};
use super::columns;
use super::record::{ArrayEntry, RecordedValue, SnapshotRecord};
use super::write::{self, bytes_name, rows_names};
use crate::prediction::{Listing, Prediction, Record as PythonObject, Value, unescaped};
use crate::tensor::{DType, KeptRows, RowGrid, Tensor};

/// The response of a record and its arrays.
///
/// # Errors
/// When an array is missing, unlike its entry or unknown, and when the text of the record does not match its values.
pub(super) fn prediction(record: &SnapshotRecord, arrays: Arrays) -> Result<Prediction, StoredError> {
    let mut loading = Loading {
        entries: record.values.iter().map(|(path, entry)| (path.as_str(), entry)).collect(),
        children: HashMap::new(),
        arrays,
        depth: 0,
    };
    let mut roots = Vec::new();
    for (path, _) in &record.values {
        match loading.parent(path) {
            Some(above) if loading.entries.contains_key(above) => {
                loading.children.entry(above).or_default().push(path);
            }
            _ => roots.push(path.as_str()),
        }
    }
    let mut fields: Vec<(String, Value)> = Vec::new();
    for path in roots {
        match path.strip_prefix("metadata.") {
            Some(name) => {
                let value = loading.value(path)?;
                let object = (unescaped(name), value);
                match fields.iter_mut().find(|(field, _)| field == "metadata") {
                    Some((_, Value::Record(metadata))) => metadata.fields.push(object),
                    _ => fields.push((
                        "metadata".to_owned(),
                        Value::Record(PythonObject { class: String::new(), fields: vec![object] }),
                    )),
                }
            }
            None => fields.push((unescaped(path), loading.value(path)?)),
        }
    }
    if let Some(name) = loading.arrays.into_keys().next() {
        return Err(StoredError::Unknown(name));
    }
    let prediction = Prediction { class: unescaped(&record.class), fields };
    check(record, &prediction)?;
    Ok(prediction)
}

/// Checks that the text of the record matches the response. Otherwise it was edited.
fn check(record: &SnapshotRecord, prediction: &Prediction) -> Result<(), StoredError> {
    let edited = |path: &str| StoredError::Edited(path.to_owned());
    let (again, _) = write::record(prediction, record.origin.clone()).map_err(|_| edited("values"))?;
    let differing = record.values.iter().zip(&again.values).find(|(one, other)| match (one, other) {
        // The statistics are of the whole array, which is not stored.
        ((path, RecordedValue::Array(one)), (again, RecordedValue::Array(other))) if one.rows => {
            let statistics = one.statistics.clone();
            path != again || *one != ArrayEntry { statistics, ..other.clone() }
        }
        (one, other) => one != other,
    });
    if let Some(((path, _), _)) = differing {
        return Err(edited(path));
    }
    if record.values.len() != again.values.len() || record.class != again.class {
        return Err(edited("class"));
    }
    Ok(())
}

struct Loading<'a> {
    entries: HashMap<&'a str, &'a RecordedValue>,
    children: HashMap<&'a str, Vec<&'a str>>,
    arrays: Arrays,
    /// How many containers are open.
    depth: usize,
}

impl<'a> Loading<'a> {
    /// The path of the value that contains this one.
    fn parent(&self, path: &'a str) -> Option<&'a str> {
        // A column such as `atom_array[0].extra.charge` belongs to the structure.
        let of_extra = path.find(".extra.").and_then(|end| path.get(..end));
        let is_structure = |path: &&str| matches!(self.entries.get(path), Some(RecordedValue::Structure { .. }));
        let above = || path.get(..path.rfind(['.', '['])?);
        of_extra.filter(is_structure).or_else(above)
    }

    fn value(&mut self, path: &'a str) -> Result<Value, StoredError> {
        let entry = *self.entries.get(path).ok_or_else(|| StoredError::Missing(path.to_owned()))?;
        let edited = || StoredError::Edited(path.to_owned());
        Ok(match entry {
            RecordedValue::None => Value::None,
            RecordedValue::Bool(value) => Value::Bool(*value),
            RecordedValue::Int(value) => Value::Integer(*value),
            RecordedValue::Float(words) => Value::Float(words.parse().map_err(|_| edited())?),
            RecordedValue::Ints(values) => Value::List(values.iter().map(|value| Value::Integer(*value)).collect()),
            RecordedValue::Text(text) => Value::Text(text.clone()),
            RecordedValue::LongText { .. } => Value::Text(String::from_utf8(self.bytes(path)?).map_err(|_| edited())?),
            RecordedValue::Bytes { .. } => Value::Bytes(self.bytes(path)?.into()),
            RecordedValue::Array(array) if array.rows => Value::Rows(Box::new(self.rows(path, array)?)),
            RecordedValue::Array(array) => Value::Array(take(&mut self.arrays, path, array.dtype, &array.shape)?),
            RecordedValue::List(array) => list(&take(&mut self.arrays, path, array.dtype, &array.shape)?),
            RecordedValue::Structure { atoms, .. } => {
                let children = self.children.get(path).cloned().unwrap_or_default();
                let structure = columns::assemble(&mut self.arrays, &self.entries, path, &children, *atoms)?;
                Value::Structure(Box::new(structure))
            }
            RecordedValue::Holds(words) => self.container(path, words)?,
        })
    }

    fn bytes(&mut self, path: &str) -> Result<Vec<u8>, StoredError> {
        let name = bytes_name(path);
        let tensor = self.arrays.remove(&name);
        let tensor = tensor.filter(|tensor| tensor.dtype() == DType::U8 && tensor.shape().len() == 1);
        Ok(tensor.ok_or(StoredError::Missing(name))?.bytes().to_vec())
    }

    fn rows(&mut self, path: &str, array: &ArrayEntry) -> Result<KeptRows, StoredError> {
        let grid = RowGrid::of(array.dtype, &array.shape);
        let (kept, lengths) = rows_names(path);
        let rows = take(&mut self.arrays, &kept, array.dtype, &[grid.kept(), grid.width])?;
        let lengths = take(&mut self.arrays, &lengths, DType::F64, &[grid.rows])?;
        Ok(KeptRows {
            shape: array.shape.clone(),
            hash: array.hash,
            grid,
            rows,
            lengths: lengths.to_f64().unwrap_or_default(),
        })
    }

    fn container(&mut self, path: &'a str, words: &str) -> Result<Value, StoredError> {
        let edited = || StoredError::Edited(path.to_owned());
        // No record is written of deeper values, and each level takes space on the stack.
        if self.depth > Listing::DEPTH {
            return Err(edited());
        }
        self.depth += 1;
        let children = self.children.get(path).cloned().unwrap_or_default();
        let mut values = Vec::with_capacity(children.len());
        for child in children {
            let name = child.get(path.len()..).unwrap_or_default();
            let name = name.trim_start_matches(['.', '[']).trim_end_matches(']');
            values.push((unescaped(name), self.value(child)?));
        }
        self.depth -= 1;
        let kinds = ["list of ", "tuple of ", "set of ", "dict of ", "object array ", "object "];
        let mut kinds = kinds.into_iter().filter_map(|kind| Some((kind, words.strip_prefix(kind)?)));
        let (kind, rest) = kinds.next().ok_or_else(edited)?;
        let items = |values: Vec<(String, Value)>| values.into_iter().map(|(_, value)| value).collect();
        Ok(match kind {
            "list of " => Value::List(items(values)),
            "tuple of " => Value::Tuple(items(values)),
            "set of " => Value::Set(items(values)),
            "dict of " => Value::Map(values.into_iter().map(|(name, value)| (Value::Text(name), value)).collect()),
            "object array " => {
                let sizes = rest.trim_matches(['(', ')']).split(',').map(str::trim).filter(|size| !size.is_empty());
                let shape = sizes.map(str::parse).collect::<Result<_, _>>().map_err(|_| edited())?;
                Value::Objects { shape, items: items(values) }
            }
            _ => Value::Record(PythonObject { class: unescaped(rest), fields: values }),
        })
    }
}

/// A Python list of numbers.
fn list(tensor: &Tensor) -> Value {
    Value::List(match tensor.values::<i64>() {
        Some(integers) => integers.map(Value::Integer).collect(),
        None => tensor.to_f64().unwrap_or_default().into_iter().map(Value::Float).collect(),
    })
}
