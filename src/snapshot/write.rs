//! Turns a response into its record and arrays. Does not touch files.

use super::archive::{self, Arrays};
use super::columns;
use super::provenance::Origin;
use super::record::{ArrayEntry, RecordedValue, SnapshotRecord};
use super::statistics::Statistics;
use crate::prediction::{ArrayOrigin, Leaf, Listing, Prediction, TooManyValues};
use crate::protein::Structure;
use crate::tensor::{ContentHash, KeptRows, Tensor};

/// Arrays up to this many bytes are stored whole.
pub(crate) const WHOLE_BYTES: usize = 8 << 20;
/// The longest text, in characters, that the record quotes.
const QUOTED: usize = 60;

/// The record of a response, and its arrays.
pub(super) fn record(prediction: &Prediction, origin: Origin) -> Result<(SnapshotRecord, Arrays), TooManyValues> {
    let listing = Listing::of(prediction)?;
    let mut record = SnapshotRecord::new(origin, listing.class.clone());
    let mut arrays = Arrays::new();
    for (path, leaf) in listing.entries() {
        let in_structure = path.match_indices('.').any(|(end, _)| listing.structure(&path[..end]).is_some());
        record.values.push((path.to_owned(), entry(path, leaf, in_structure, &mut arrays)));
    }
    record.arrays = (!arrays.is_empty()).then(|| archive::name(&arrays));
    Ok((record, arrays))
}

/// The name of the array that holds a text or bytes.
pub(super) fn bytes_name(path: &str) -> String {
    format!("{path}#bytes")
}

/// The names of the arrays that hold some rows and the lengths of all rows.
pub(super) fn rows_names(path: &str) -> (String, String) {
    (format!("{path}#rows"), format!("{path}#lengths"))
}

fn entry(path: &str, leaf: &Leaf<'_>, in_structure: bool, arrays: &mut Arrays) -> RecordedValue {
    match leaf {
        Leaf::None => RecordedValue::None,
        Leaf::Bool(value) => RecordedValue::Bool(*value),
        Leaf::Integer(value) => RecordedValue::Int(*value),
        Leaf::Float(value) => RecordedValue::Float(value.to_string()),
        Leaf::Integers(values) => RecordedValue::Ints(values.clone()),
        Leaf::Text(text) => self::text(path, text, arrays),
        Leaf::Bytes(bytes) => {
            arrays.insert(bytes_name(path), Tensor::vector(bytes));
            RecordedValue::Bytes { length: bytes.len(), hash: ContentHash::of_bytes(bytes) }
        }
        Leaf::Container(words) => RecordedValue::Holds(words.clone()),
        Leaf::Array(ArrayOrigin::List, tensor) => RecordedValue::List(whole(path, tensor, arrays)),
        Leaf::Array(ArrayOrigin::Array, tensor) => {
            if tensor.bytes().len() <= WHOLE_BYTES || in_structure || !tensor.dtype().is_numeric() {
                return RecordedValue::Array(whole(path, tensor, arrays));
            }
            let rows = KeptRows::of(tensor);
            store_rows(path, &rows, arrays);
            RecordedValue::Array(ArrayEntry { rows: true, ..array(tensor, rows.hash) })
        }
        Leaf::Rows(rows) => {
            store_rows(path, rows, arrays);
            RecordedValue::Array(ArrayEntry {
                dtype: rows.dtype(),
                shape: rows.shape.clone(),
                statistics: String::new(),
                rows: true,
                hash: rows.hash,
            })
        }
        Leaf::Structure(structure) => self::structure(path, structure, arrays),
    }
}

fn whole(path: &str, tensor: &Tensor, arrays: &mut Arrays) -> ArrayEntry {
    arrays.insert(path.to_owned(), tensor.clone());
    array(tensor, ContentHash::of_tensor(tensor))
}

fn array(tensor: &Tensor, hash: ContentHash) -> ArrayEntry {
    ArrayEntry {
        dtype: tensor.dtype(),
        shape: tensor.shape().to_vec(),
        statistics: Statistics::of(tensor).describe(tensor.dtype()),
        rows: false,
        hash,
    }
}

fn store_rows(path: &str, rows: &KeptRows, arrays: &mut Arrays) {
    let (kept, lengths) = rows_names(path);
    arrays.insert(kept, rows.rows.clone());
    arrays.insert(lengths, Tensor::vector(&rows.lengths));
}

fn text(path: &str, text: &str, arrays: &mut Arrays) -> RecordedValue {
    let first = text.lines().next().unwrap_or_default();
    let start: String = first.chars().take(QUOTED).collect();
    if start == text {
        return RecordedValue::Text(start);
    }
    arrays.insert(bytes_name(path), Tensor::vector(text.as_bytes()));
    RecordedValue::LongText {
        characters: text.chars().count(),
        starts: start,
        hash: ContentHash::of_bytes(text.as_bytes()),
    }
}

fn structure(path: &str, structure: &Structure, arrays: &mut Arrays) -> RecordedValue {
    let mut sequences = structure.sequences().into_iter();
    let chains = structure.chains().into_iter().map(|(name, atoms)| {
        let (first, last) = (structure.res_id[atoms.start], structure.res_id[atoms.end - 1]);
        let sequence = sequences.next().map(|(_, sequence)| sequence).unwrap_or_default();
        format!("{name}: {first} to {last}, {} atoms, {sequence}", atoms.len())
    });
    let names = columns::names(structure).map(|(column, tensor)| (column.to_owned(), tensor));
    let entry = RecordedValue::Structure {
        atoms: structure.atoms(),
        residues: structure.residues().len(),
        chains: chains.collect(),
        names: archive::name(&names.clone().into()),
    };
    arrays.extend(names.map(|(column, tensor)| (format!("{path}.{column}"), tensor)));
    entry
}
