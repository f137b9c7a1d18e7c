//! Writes arrays: in the form of `NumPy` that 1.x and 2.x read, or in that of torch for types that `NumPy` lacks and for arrays on
//! devices. Does not write other values.

use super::EncodeError;
use super::writer::PickleWriter;
use crate::tensor::strided::c_strides;
use crate::tensor::{DType, Tensor};
use crate::wire::pickle::symbol::STORAGES;
use crate::wire::pickle::{numpy, opcode as op, torch};

/// Writes `_reconstruct(ndarray, (0,), b'b')` with the array's state.
pub(super) fn array(writer: &mut PickleWriter, tensor: &Tensor) -> Result<(), EncodeError> {
    if tensor.dtype() == DType::BF16 || tensor.device().is_some() {
        return torch_tensor(writer, tensor);
    }
    begin(writer, tensor.shape());
    dtype(writer, tensor.dtype())?;
    writer.boolean(false);
    writer.bytes(&[tensor.bytes()]);
    end(writer);
    Ok(())
}

/// Writes an array of objects whose list of items `items` writes.
pub(super) fn objects(
    writer: &mut PickleWriter,
    shape: &[usize],
    items: impl FnOnce(&mut PickleWriter) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    begin(writer, shape);
    element_type(writer, "O8", "|", [-1, -1, 63]);
    writer.boolean(false);
    items(writer)?;
    end(writer);
    Ok(())
}

fn begin(writer: &mut PickleWriter, shape: &[usize]) {
    // NumPy 2 still knows the module's old name, NumPy 1 no other.
    writer.global("numpy.core.multiarray", "_reconstruct");
    writer.global("numpy", "ndarray");
    writer.sizes(&[0]);
    writer.bytes(&[b"b"]);
    writer.ops(&[op::TUPLE3, op::REDUCE, op::MARK]);
    writer.integer(1);
    writer.sizes(shape);
}

fn end(writer: &mut PickleWriter) {
    writer.ops(&[op::TUPLE, op::BUILD]);
}

fn dtype(writer: &mut PickleWriter, dtype: DType) -> Result<(), EncodeError> {
    let code = numpy::code(dtype).ok_or(EncodeError::DType(dtype))?;
    let order = if dtype.size() == 1 { "|" } else { "<" };
    let numbers = match dtype {
        DType::Text(_) => [dtype.size() as i64, 4, 8],
        _ => [-1, -1, 0],
    };
    element_type(writer, &code, order, numbers);
    Ok(())
}

/// Writes `dtype(code, False, True)` and its state with size, alignment and flags.
fn element_type(writer: &mut PickleWriter, code: &str, order: &str, numbers: [i64; 3]) {
    writer.global("numpy", "dtype");
    writer.text(code);
    writer.boolean(false);
    writer.boolean(true);
    writer.ops(&[op::TUPLE3, op::REDUCE, op::MARK]);
    writer.integer(3);
    writer.text(order);
    writer.ops(&[op::NONE; 3]);
    for number in numbers {
        writer.integer(number);
    }
    writer.ops(&[op::TUPLE, op::BUILD]);
}

fn torch_tensor(writer: &mut PickleWriter, tensor: &Tensor) -> Result<(), EncodeError> {
    let dtype = tensor.dtype();
    let (class, _) = STORAGES.iter().find(|(_, stored)| *stored == dtype).ok_or(EncodeError::DType(dtype))?;
    writer.global("torch._utils", "_rebuild_tensor_v2");
    writer.op(op::MARK);
    writer.global("torch.storage", "_load_from_bytes");
    let header = torch::storage_header(class, tensor.device().unwrap_or("cpu"), tensor.len());
    writer.bytes(&[&header, tensor.bytes()]);
    writer.ops(&[op::TUPLE1, op::REDUCE]);
    writer.integer(0);
    writer.sizes(tensor.shape());
    writer.sizes(&c_strides(tensor.shape()));
    writer.boolean(false);
    writer.global("collections", "OrderedDict");
    writer.ops(&[op::EMPTY_TUPLE, op::REDUCE, op::TUPLE, op::REDUCE]);
    Ok(())
}
