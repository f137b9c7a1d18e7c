//! Writes values as protocol 4 pickles, which Python loads as its own classes, bit for bit. Does not write what cannot be read back.

mod array;
mod structure;
mod writer;

use bytes::Bytes;

use super::biotite::BOND_LIST;
use super::opcode as op;
use super::symbol::{Symbol, is_dotted_name};
use crate::prediction::{Prediction, Record, Value};
use crate::tensor::DType;
use writer::PickleWriter;

/// The most levels of nested values. The same as the default for decoding.
const DEEPEST: usize = 64;

/// A value that cannot be pickled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Values nest too deep to be read back.
    #[error("values nest deeper than {DEEPEST} levels")]
    Depth,
    /// The class of a record is not a dotted name, or its objects are not records.
    #[error("{0:?} is not the class of a record")]
    Class(String),
    /// A column of a structure does not fit the others.
    #[error("structure without a sound {0}")]
    Column(&'static str),
    /// Only some rows of an array are known.
    #[error("an array of which only some rows are known")]
    Rows,
    /// The number of items of an object array does not fit its shape.
    #[error("object array with {0} items")]
    Objects(usize),
    /// Neither `NumPy` nor torch has arrays of this type.
    #[error("{0} arrays cannot be written")]
    DType(DType),
}

/// Writes a value.
///
/// # Errors
/// The value could not be read back: see [`EncodeError`].
pub fn encode(value: &Value) -> Result<Bytes, EncodeError> {
    let mut writer = PickleWriter::new();
    save(&mut writer, value, 0)?;
    Ok(writer.finish().into())
}

/// Writes a prediction as an object of its class.
///
/// # Errors
/// As [`encode`].
pub fn encode_prediction(prediction: &Prediction) -> Result<Bytes, EncodeError> {
    let mut writer = PickleWriter::new();
    object(&mut writer, &prediction.class, &prediction.fields, 1)?;
    Ok(writer.finish().into())
}

fn save(writer: &mut PickleWriter, value: &Value, depth: usize) -> Result<(), EncodeError> {
    match value {
        Value::None => writer.op(op::NONE),
        Value::Bool(value) => writer.boolean(*value),
        Value::Integer(value) => writer.integer(*value),
        Value::Float(value) => writer.float(*value),
        Value::Text(text) => writer.text(text),
        Value::Bytes(bytes) => writer.bytes(&[bytes]),
        Value::Array(tensor) => array::array(writer, tensor)?,
        Value::Rows(_) => return Err(EncodeError::Rows),
        Value::Structure(atoms) => structure::structure(writer, atoms)?,
        Value::List(items) => list(writer, items, deeper(depth)?)?,
        Value::Tuple(items) => fill(writer, items, op::TUPLE, deeper(depth)?, save)?,
        Value::Set(items) => {
            writer.op(op::EMPTY_SET);
            fill(writer, items, op::ADDITEMS, deeper(depth)?, save)?;
        }
        Value::Map(entries) => {
            writer.op(op::EMPTY_DICT);
            let pair = |writer: &mut PickleWriter, (key, value): &(Value, Value), depth| {
                save(writer, key, depth)?;
                save(writer, value, depth)
            };
            fill(writer, entries, op::SETITEMS, deeper(depth)?, pair)?;
        }
        Value::Record(record) if record.class == BOND_LIST => bond_list(writer, record)?,
        Value::Record(record) => object(writer, &record.class, &record.fields, deeper(depth)?)?,
        Value::Objects { shape, items } => {
            let depth = deeper(depth)?;
            let count = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
            if count != Some(items.len()) {
                return Err(EncodeError::Objects(items.len()));
            }
            array::objects(writer, shape, |writer| list(writer, items, depth))?;
        }
    }
    Ok(())
}

const fn deeper(depth: usize) -> Result<usize, EncodeError> {
    if depth < DEEPEST { Ok(depth + 1) } else { Err(EncodeError::Depth) }
}

fn list(writer: &mut PickleWriter, items: &[Value], depth: usize) -> Result<(), EncodeError> {
    writer.op(op::EMPTY_LIST);
    fill(writer, items, op::APPENDS, depth, save)
}

/// Writes a mark, items, and the instruction that takes the items.
fn fill<T>(
    writer: &mut PickleWriter,
    items: &[T],
    take: u8,
    depth: usize,
    item: impl Fn(&mut PickleWriter, &T, usize) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    writer.op(op::MARK);
    for entry in items {
        item(writer, entry, depth)?;
    }
    writer.op(take);
    Ok(())
}

/// Writes an object: the class without arguments, then its attributes.
fn object(writer: &mut PickleWriter, class: &str, fields: &[(String, Value)], depth: usize) -> Result<(), EncodeError> {
    let refused = || EncodeError::Class(class.to_owned());
    let (module, name) = class.rsplit_once('.').ok_or_else(refused)?;
    if Symbol::resolve(module, name) != Symbol::Unknown || !is_dotted_name(module) || !is_dotted_name(name) {
        return Err(refused());
    }
    writer.global(module, name);
    writer.ops(&[op::EMPTY_TUPLE, op::NEWOBJ]);
    if fields.is_empty() {
        return Ok(());
    }
    writer.op(op::EMPTY_DICT);
    let field = |writer: &mut PickleWriter, (name, value): &(String, Value), depth| {
        writer.text(name);
        save(writer, value, depth)
    };
    fill(writer, fields, op::SETITEMS, depth, field)?;
    writer.op(op::BUILD);
    Ok(())
}

/// Writes a separate bond list.
fn bond_list(writer: &mut PickleWriter, record: &Record) -> Result<(), EncodeError> {
    let [(_, Value::Integer(atoms)), (_, Value::Array(rows))] = record.fields.as_slice() else {
        return Err(EncodeError::Column("bonds"));
    };
    let atoms = usize::try_from(*atoms).map_err(|_| EncodeError::Column("bonds"))?;
    structure::bond_list(writer, atoms, rows)
}
