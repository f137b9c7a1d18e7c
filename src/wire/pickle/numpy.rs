//! `NumPy` dtypes, arrays and scalars from their pickled parts. Does not copy elements, unless memory layout or byte order require it.

use std::borrow::Cow;

use bytes::Bytes;

use super::error::PickleFault;
use super::graph::{ByteOrder, ElementKind, ElementType, Graph, Node, NodeId};
use super::symbol::Symbol;
use crate::tensor::strided::{c_strides, fortran_strides, gather, swap_bytes};
use crate::tensor::{DType, Tensor};

/// The codes of element types of fixed size.
const CODES: [(&str, DType); 12] = [
    ("b1", DType::Bool),
    ("i1", DType::I8),
    ("i2", DType::I16),
    ("i4", DType::I32),
    ("i8", DType::I64),
    ("u1", DType::U8),
    ("u2", DType::U16),
    ("u4", DType::U32),
    ("u8", DType::U64),
    ("f2", DType::F16),
    ("f4", DType::F32),
    ("f8", DType::F64),
];

/// `numpy.dtype(code, align, copy)`: the element type in little-endian order until its state says otherwise.
pub(super) fn dtype(graph: &Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    let &code = arguments.first().ok_or(PickleFault::Malformed("dtype"))?;
    let code = match (graph.word(code), graph.symbol(code)) {
        (Some(code), _) => code,
        // `numpy.record` gets its fields from its state.
        (None, Some(Symbol::Harmless)) => return Err(PickleFault::Unsupported("a structured dtype".into())),
        (None, Some(_)) => return Err(PickleFault::Call(format!("a dtype of {}", graph.describe(code)))),
        (None, None) => return Err(PickleFault::Malformed("dtype")),
    };
    match parse_code(code) {
        Some(kind) => Ok(Node::ElementType(ElementType { kind, order: ByteOrder::Little })),
        None if is_code(code) => Err(PickleFault::Unsupported(format!("dtype {code:?}"))),
        None => Err(PickleFault::Malformed("dtype")),
    }
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
    if [subarray, names, fields].iter().any(|&&part| !matches!(graph.node(part), Node::None)) {
        return Err(PickleFault::Unsupported("a structured dtype".into()));
    }
    if let ElementKind::Plain(DType::Text(_)) = element.kind
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
        [class, ..] if graph.symbol(*class) == Some(Symbol::Harmless) => {
            Err(PickleFault::Unsupported(graph.describe(*class)))
        }
        [class, ..] => Err(PickleFault::Call(format!("_reconstruct of {}", graph.describe(*class)))),
        [] => Err(PickleFault::Malformed("array")),
    }
}

/// The state of an array: `(1, shape, dtype, is_fortran, bytes)`, or a list of the elements when they are objects.
pub(super) fn array_state(graph: &mut Graph, state: NodeId) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("array state");
    let &[_, shape, element, fortran, data] = graph.tuple(state).ok_or(FAULT)? else { return Err(FAULT) };
    let shape = graph.sizes(shape).ok_or(FAULT)?;
    let element = element_type(graph, element)?;
    let Node::Bool(is_fortran) = *graph.node(fortran) else { return Err(FAULT) };
    // NumPy writes objects in the order of their indices, whatever the layout in memory.
    if let (ElementKind::Object, Node::List(items)) = (element.kind, graph.node(data)) {
        let items = items.clone();
        graph.charge(size_of_val(items.as_slice()))?;
        if size_of_array(1, &shape)? != items.len() {
            return Err(FAULT);
        }
        return Ok(Node::Objects(Box::new((shape, items))));
    }
    let strides = if is_fortran { strides_of_fortran(element, &shape)? } else { None };
    array(graph, element, strides.as_deref(), shape, data, FAULT)
}

/// `_frombuffer(buffer, dtype, shape, order)`: how protocol 5 writes contiguous arrays. `NumPy` 2.4 and later may write
/// `_frombuffer(buffer, dtype, shape, 'K', axes)`, with the shape in memory and the order of the axes of the array.
pub(super) fn from_buffer(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("array");
    let (data, element, shape, order, axes) = match *arguments {
        [data, element, shape, order] => (data, element, shape, order, None),
        [data, element, shape, order, axes] => (data, element, shape, order, Some(axes)),
        _ => return Err(FAULT),
    };
    let element = element_type(graph, element)?;
    let mut shape = graph.sizes(shape).ok_or(FAULT)?;
    let strides = match (graph.word(order), axes) {
        (Some("C"), _) => None,
        (Some("F"), _) => strides_of_fortran(element, &shape)?,
        (Some("K"), Some(axes)) => {
            let axes = graph.sizes(axes).ok_or(FAULT)?;
            // Checked first: the strides of an impossible shape would overflow.
            size_of_array(element.size(), &shape)?;
            let strides = permuted(&c_strides(&shape), &axes).ok_or(FAULT)?;
            shape = permuted(&shape, &axes).ok_or(FAULT)?;
            Some(strides)
        }
        _ => return Err(FAULT),
    };
    array(graph, element, strides.as_deref(), shape, data, FAULT)
}

/// These sizes in the order of `axes`; `None` unless every axis is named once.
fn permuted(sizes: &[usize], axes: &[usize]) -> Option<Vec<usize>> {
    let is_named_once = |axis| axes.iter().filter(|&&named| named == axis).count() == 1;
    let is_complete = sizes.len() == axes.len() && (0..sizes.len()).all(is_named_once);
    is_complete.then(|| axes.iter().filter_map(|&axis| sizes.get(axis).copied()).collect())
}

/// `scalar(dtype, bytes)`: an array without dimensions.
pub(super) fn scalar(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("scalar");
    let &[element, data] = arguments else { return Err(FAULT) };
    let element = element_type(graph, element)?;
    array(graph, element, None, Vec::new(), data, FAULT)
}

/// The bytes of an array.
pub(super) fn size_of_array(size: usize, shape: &[usize]) -> Result<usize, PickleFault> {
    Tensor::size_of(size, shape).ok_or(PickleFault::Malformed("shape: more elements than memory can hold"))
}

fn element_type(graph: &Graph, id: NodeId) -> Result<ElementType, PickleFault> {
    let Node::ElementType(element) = graph.node(id) else { return Err(PickleFault::Malformed("dtype")) };
    Ok(*element)
}

/// The strides of an array in Fortran order; `None` if they are also those of C order.
fn strides_of_fortran(element: ElementType, shape: &[usize]) -> Result<Option<Vec<usize>>, PickleFault> {
    // Checked first: the strides of an impossible shape would overflow.
    size_of_array(element.size(), shape)?;
    Ok((shape.len() > 1).then(|| fortran_strides(shape)))
}

/// An array in C order and little-endian. Copies the bytes only if they have other strides or another byte order. `fault` is for data
/// that is not bytes.
fn array(
    graph: &mut Graph,
    element: ElementType,
    strides: Option<&[usize]>,
    shape: Vec<usize>,
    data: NodeId,
    fault: PickleFault,
) -> Result<Node, PickleFault> {
    let (ElementKind::Plain(dtype), Some(data)) = (element.kind, graph.bytes(data)) else { return Err(fault) };
    let mut data = Bytes::clone(data);
    let size = dtype.size();
    size_of_array(size, &shape)?;
    graph.charge(size_of::<Tensor>() + size_of_val(shape.as_slice()))?;
    let mut tensor = Tensor::new(dtype, shape, data.clone())?;
    if let Some(strides) = strides {
        graph.charge(data.len())?;
        data = gather(&data, size, tensor.shape(), strides, 0).ok_or(PickleFault::Malformed("array"))?.into();
        tensor = Tensor::new(dtype, tensor.shape().to_vec(), data.clone())?;
    }
    if element.order == ByteOrder::Big && size > 1 {
        graph.charge(data.len())?;
        tensor = Tensor::new(dtype, tensor.shape().to_vec(), swap_bytes(dtype, &data).into())?;
    }
    Ok(Node::Array(Box::new(tensor)))
}

/// Whether this has the form of an element type of `NumPy`: a letter for the kind, then the size.
fn is_code(code: &str) -> bool {
    let mut letters = code.chars();
    letters.next().is_some_and(|kind| "bBiufcmMSaUVOT".contains(kind)) && letters.all(|digit| digit.is_ascii_digit())
}

fn parse_code(code: &str) -> Option<ElementKind> {
    if code == "O8" {
        return Some(ElementKind::Object);
    }
    let known = CODES.iter().find(|(name, _)| *name == code).map(|&(_, dtype)| dtype);
    let dtype = known.or_else(|| {
        let width = code.strip_prefix('U')?.parse().ok()?;
        // With text of width 0, a few bytes could claim any number of elements.
        (1..1 << 28).contains(&width).then_some(DType::Text(width))
    });
    dtype.map(ElementKind::Plain)
}

/// The code of an element type; `None` for those that `NumPy` does not have.
pub(super) fn code(dtype: DType) -> Option<Cow<'static, str>> {
    match dtype {
        DType::Text(0) => None,
        DType::Text(width) => Some(format!("U{width}").into()),
        _ => CODES.iter().find(|(_, known)| *known == dtype).map(|&(code, _)| code.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_array_may_not_hide_an_impossible_dimension() {
        assert_eq!(size_of_array(4, &[2, 0, 3]), Ok(0));
        assert!(size_of_array(4, &[0, usize::MAX, 2]).is_err());
    }

    #[test]
    fn axes_in_another_order_have_the_strides_of_what_lies_in_memory() {
        // numpy.zeros((2, 3, 4)).transpose(2, 0, 1): shape (4, 2, 3), strides of 1, 12 and 4 elements.
        assert_eq!(permuted(&[2, 3, 4], &[2, 0, 1]), Some(vec![4, 2, 3]));
        assert_eq!(permuted(&c_strides(&[2, 3, 4]), &[2, 0, 1]), Some(vec![1, 12, 4]));
        for axes in [&[0, 1][..], &[0, 1, 1], &[0, 1, 3], &[0, 1, 2, 3]] {
            assert_eq!(permuted(&[2, 3, 4], axes), None, "{axes:?}");
        }
    }
}
