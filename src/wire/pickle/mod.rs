//! Pickles as data: reads pickles of Python and writes pickles that Python reads. Does not run anything.
//!
//! A pickle is a program for a stack machine. The machine here follows protocols 2 to 5. Where Python would call a function or build a
//! class, it looks the name up in a closed list (`symbol.rs`) and makes the data itself. A class that is not listed becomes a
//! [`Record`](crate::prediction::Record) of its attributes. A function that is not listed is refused by name. Objects stay in a flat
//! graph until the end, so that sharing and nesting cost nothing until they are counted.

mod biotite;
mod call;
mod encode;
mod error;
mod graph;
mod machine;
mod materialise;
mod numpy;
mod opcode;
mod reader;
mod stack;
mod symbol;
mod torch;

use bytes::Bytes;

pub(in crate::wire) use biotite::BOND_LIST;
pub use encode::{EncodeError, encode, encode_prediction};
pub use error::{PickleBound, PickleError, PickleFault};

use crate::prediction::{Prediction, Value};
use crate::wire::ResponseLimits;
use reader::Outside;

/// Reads a pickle of protocol 2 to 5. Arrays are views into `payload` wherever their layout allows.
///
/// # Errors
/// When the pickle is broken, would call something that is not plain data, or exceeds a limit.
pub fn decode(payload: &Bytes, limits: &ResponseLimits) -> Result<Value, PickleError> {
    run(payload, Outside::Nothing, limits)
}

/// Reads a pickle whose result is an object with fields. `buffers` belong to a pickle of protocol 5 from another process on this
/// machine, in the order in which it names them. `None` is for a pickle from the network.
///
/// # Errors
/// As [`decode`], when the result is anything else, and when the pickle names more buffers than there are.
pub fn decode_prediction(
    payload: &Bytes,
    buffers: Option<&[Bytes]>,
    limits: &ResponseLimits,
) -> Result<Prediction, PickleError> {
    match run(payload, buffers.map_or(Outside::Nothing, Outside::Buffers), limits)? {
        Value::Record(record) => Ok(Prediction { class: record.class, fields: record.fields }),
        other => {
            let fault = PickleFault::NotPrediction(other.describe());
            Err(machine::error_at(payload.len().saturating_sub(1), opcode::STOP)(fault))
        }
    }
}

fn run(payload: &Bytes, outside: Outside<'_>, limits: &ResponseLimits) -> Result<Value, PickleError> {
    let (mut graph, root, end) = machine::run(payload, 0, limits, outside)?;
    let at_stop = machine::error_at(end.saturating_sub(1), opcode::STOP);
    match payload.len() - end {
        0 => materialise::value(&mut graph, root).map_err(at_stop),
        trailing => Err(at_stop(PickleFault::Trailing(trailing))),
    }
}
