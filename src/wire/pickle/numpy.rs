//! `NumPy` dtypes, arrays and scalars from their pickled parts. Views into the payload wherever order and byte order allow.

use bytes::Bytes;

use super::element::{ByteOrder, ElementType, Kind};
use super::error::PickleFault;
use super::graph::{Graph, Node, NodeId};
use super::symbol::Symbol;
use crate::tensor::strided::{fortran_strides, gather, swap_bytes};
use crate::tensor::{DType, Tensor};

/// How the elements of an array follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    C,
    Fortran,
}

/// `numpy.dtype(code, align, copy)`: the element type in little-endian order until its state says otherwise.
pub(super) fn dtype(graph: &Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    let code = arguments
        .first()
        .and_then(|&code| graph.word(code))
        .ok_or(PickleFault::Malformed("dtype"))?;
    Ok(Node::ElementType(ElementType {
        kind: parse_code(code).ok_or_else(|| PickleFault::Unsupported(format!("dtype {code:?}")))?,
        order: ByteOrder::Little,
    }))
}

/// The state of a dtype: `(3, order, None, None, None, size, alignment, flags)`; version 4 adds metadata.
pub(super) fn dtype_state(graph: &Graph, element: ElementType, state: NodeId) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("dtype state");
    let [version, order, subarray, names, fields, size, ..] = graph.tuple(state).ok_or(FAULT)? else {
        return Err(FAULT);
    };
    if !matches!(graph.integer(*version), Some(3 | 4)) {
        return Err(FAULT);
    }
    let is_plain = [subarray, names, fields]
        .iter()
        .all(|&&part| matches!(graph.node(part), Node::None));
    if !is_plain {
        return Err(PickleFault::Unsupported("structured dtype".into()));
    }
    if let Kind::Plain(DType::Text(_)) = element.kind
        && graph.size(*size) != Some(element.size())
    {
        return Err(FAULT);
    }
    let order = match graph.word(*order) {
        Some("<" | "|") => ByteOrder::Little,
        Some(">") => ByteOrder::Big,
        _ => return Err(FAULT),
    };
    Ok(Node::ElementType(ElementType { order, ..element }))
}

/// `_reconstruct(ndarray, (0,), b'b')`: an array that waits for its state.
pub(super) fn reconstruct(graph: &Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    match arguments {
        [class, _, _] if graph.symbol(*class) == Some(Symbol::NdArray) => Ok(Node::Shell(Symbol::Reconstruct)),
        [class, ..] => Err(PickleFault::Call(format!("_reconstruct of {}", graph.describe(*class)))),
        [] => Err(PickleFault::Malformed("array")),
    }
}

/// The state of an array: `(1, shape, dtype, is_fortran, bytes)`, or a list of the elements when they are objects.
pub(super) fn array_state(graph: &mut Graph, state: NodeId) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("array state");
    let &[_, shape, element, fortran, data] = graph.tuple(state).ok_or(FAULT)? else {
        return Err(FAULT);
    };
    let shape = graph.sizes(shape).ok_or(FAULT)?;
    let element = element_type(graph, element)?;
    let layout = match graph.node(fortran) {
        Node::Bool(false) => Layout::C,
        Node::Bool(true) => Layout::Fortran,
        _ => return Err(FAULT),
    };
    match (element.kind, graph.node(data)) {
        (Kind::Plain(dtype), Node::Bytes(data)) => {
            let data = Bytes::clone(data);
            array(graph, dtype, element.order, layout, shape, data)
        }
        // NumPy writes objects in the order of their indices, whatever the layout in memory.
        (Kind::Object, Node::List(items)) => {
            let items = items.clone();
            graph.charge(size_of_val(items.as_slice()))?;
            let count = size_of_array(1, &shape)?;
            if count != items.len() {
                return Err(FAULT);
            }
            Ok(Node::Objects(Box::new((shape, items))))
        }
        _ => Err(FAULT),
    }
}

/// `_frombuffer(buffer, dtype, shape, order)`: how protocol 5 writes contiguous arrays.
pub(super) fn from_buffer(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("array");
    let &[data, element, shape, order] = arguments else {
        return Err(FAULT);
    };
    let element = element_type(graph, element)?;
    let shape = graph.sizes(shape).ok_or(FAULT)?;
    let layout = match graph.word(order) {
        Some("C") => Layout::C,
        Some("F") => Layout::Fortran,
        _ => return Err(FAULT),
    };
    match (element.kind, graph.bytes(data)) {
        (Kind::Plain(dtype), Some(data)) => {
            let data = Bytes::clone(data);
            array(graph, dtype, element.order, layout, shape, data)
        }
        _ => Err(FAULT),
    }
}

/// `scalar(dtype, bytes)`: an array without dimensions.
pub(super) fn scalar(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("scalar");
    let &[element, data] = arguments else {
        return Err(FAULT);
    };
    let element = element_type(graph, element)?;
    match (element.kind, graph.bytes(data)) {
        (Kind::Plain(dtype), Some(data)) => {
            let data = Bytes::clone(data);
            array(graph, dtype, element.order, Layout::C, Vec::new(), data)
        }
        _ => Err(FAULT),
    }
}

/// Bytes an array needs, the way `NumPy` bounds it: also an empty array's other dimensions must fit into memory.
pub(super) fn size_of_array(size: usize, shape: &[usize]) -> Result<usize, PickleFault> {
    let fits = shape
        .iter()
        .filter(|&&dimension| dimension != 0)
        .try_fold(size.max(1), |product, &dimension| product.checked_mul(dimension))
        .is_some_and(|product| isize::try_from(product).is_ok());
    if fits {
        Ok(shape.iter().product::<usize>() * size)
    } else {
        Err(PickleFault::Malformed("shape: more elements than memory can hold"))
    }
}

fn element_type(graph: &Graph, id: NodeId) -> Result<ElementType, PickleFault> {
    match graph.node(id) {
        Node::ElementType(element) => Ok(*element),
        _ => Err(PickleFault::Malformed("dtype")),
    }
}

/// An array in C order and little-endian; the bytes are copied only when they are not so already.
fn array(
    graph: &mut Graph,
    dtype: DType,
    order: ByteOrder,
    layout: Layout,
    shape: Vec<usize>,
    mut data: Bytes,
) -> Result<Node, PickleFault> {
    let size = dtype.size();
    size_of_array(size, &shape)?;
    graph.charge(size_of::<Tensor>() + size_of_val(shape.as_slice()))?;
    let mut tensor = Tensor::new(dtype, shape, data.clone())?;
    if layout == Layout::Fortran && tensor.shape().len() > 1 {
        graph.charge(data.len())?;
        let strides = fortran_strides(tensor.shape());
        data = gather(&data, size, tensor.shape(), &strides, 0)
            .ok_or(PickleFault::Malformed("array"))?
            .into();
        tensor = Tensor::new(dtype, tensor.shape().to_vec(), data.clone())?;
    }
    if order == ByteOrder::Big && size > 1 {
        graph.charge(data.len())?;
        tensor = Tensor::new(dtype, tensor.shape().to_vec(), swap_bytes(dtype, &data).into())?;
    }
    Ok(Node::Array(Box::new(tensor)))
}

fn parse_code(code: &str) -> Option<Kind> {
    Some(Kind::Plain(match code {
        "b1" => DType::Bool,
        "i1" => DType::I8,
        "i2" => DType::I16,
        "i4" => DType::I32,
        "i8" => DType::I64,
        "u1" => DType::U8,
        "u2" => DType::U16,
        "u4" => DType::U32,
        "u8" => DType::U64,
        "f2" => DType::F16,
        "f4" => DType::F32,
        "f8" => DType::F64,
        "O8" => return Some(Kind::Object),
        text => {
            let width = text.strip_prefix('U')?.parse().ok()?;
            // Text of no width would let a few bytes claim any number of elements.
            (1..1 << 28).contains(&width).then_some(DType::Text(width))?
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_array_may_not_hide_an_impossible_dimension() {
        assert_eq!(size_of_array(4, &[2, 0, 3]), Ok(0));
        assert!(size_of_array(4, &[0, usize::MAX, 2]).is_err());
    }
}
