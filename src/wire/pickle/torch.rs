//! Torch tensors: a view with strides onto a storage, which is a nested `torch.save` stream of the legacy format.
//!
//! The nested stream is pickles and raw bytes. This module checks the contents of the pickles. It does not read them; the machine does.

use std::sync::Arc;

use bytes::Bytes;

use super::error::PickleFault;
use super::graph::{Graph, Node, NodeId, Storage};
use super::numpy::size_of_array;
use super::symbol::Symbol;
use crate::tensor::strided::{gather, is_c_order};
use crate::tensor::{DType, Tensor};
use crate::wire::ResponseLimits;

/// The pickles of the magic number and of format version 1001, as `torch.save` has always written them.
pub(super) const MAGIC: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";

/// The greatest size of the pickles before the raw bytes. They take a few hundred bytes.
const LONGEST_HEADER: usize = 4 << 10;

const NO_STORAGE: PickleFault = PickleFault::Malformed("torch storage");

/// A stream of `torch.save` with one storage: magic number, version, three pickles, raw elements.
pub(super) struct StorageStream {
    stream: Bytes,
    /// The part that may hold pickles.
    pub(super) header: Bytes,
    /// Bounds on each of them.
    pub(super) limits: ResponseLimits,
}

impl StorageStream {
    /// The stream that is the only argument of `torch.storage._load_from_bytes`.
    pub(super) fn open(graph: &mut Graph, arguments: NodeId) -> Result<Self, PickleFault> {
        let Some(&[stream]) = graph.tuple(arguments) else { return Err(NO_STORAGE) };
        let stream = graph.bytes(stream).cloned().ok_or(NO_STORAGE)?;
        // Charged, because a pickle could ask to read the header of one shared stream again and again.
        graph.charge(4 * LONGEST_HEADER)?;
        let header = stream.slice(..stream.len().min(LONGEST_HEADER));
        if !header.starts_with(MAGIC) {
            return Err(NO_STORAGE);
        }
        let limits = ResponseLimits { items: LONGEST_HEADER, memo: LONGEST_HEADER, ..*graph.limits };
        Ok(Self { stream, header, limits })
    }

    /// The storage whose count and elements begin at `start` of the stream.
    pub(super) fn storage(&self, start: usize, described: &Described<'_>) -> Result<Node, PickleFault> {
        let raw = self.stream.slice(start..);
        let (stated, data) = raw.split_first_chunk::<8>().ok_or(NO_STORAGE)?;
        let &Described { dtype, count, .. } = described;
        if u64::from_le_bytes(*stated) != count as u64 || count.checked_mul(dtype.size()) != Some(data.len()) {
            return Err(NO_STORAGE);
        }
        let device = described.device.filter(|device| *device != "cpu").map(Arc::from);
        Ok(Node::Storage(Box::new(Storage { dtype, data: raw.slice(8..), device })))
    }
}

/// Checks the first pickle: the stream must come from a little-endian machine.
pub(super) fn check_system(graph: &Graph, root: NodeId) -> Result<(), PickleFault> {
    match graph.entry(root, "little_endian").map(|order| graph.node(order)) {
        Some(Node::Bool(true)) => Ok(()),
        Some(_) => Err(PickleFault::Unsupported("a big-endian torch storage".into())),
        None => Err(NO_STORAGE),
    }
}

/// Checks the third pickle: the list of storage keys must have exactly one entry.
pub(super) fn check_keys(graph: &Graph, root: NodeId, described: &Described<'_>) -> Result<(), PickleFault> {
    match graph.node(root) {
        Node::List(items) if matches!(items.as_slice(), &[only] if graph.word(only) == Some(described.key)) => Ok(()),
        _ => Err(NO_STORAGE),
    }
}

/// Everything before the raw elements of a stream that holds one storage, as `torch.save` writes it.
pub(super) fn storage_header(class: &str, device: &str, count: usize) -> Vec<u8> {
    /// Format version, byte order and sizes of C's integers.
    const SYSTEM: &[u8] =
        b"\x80\x02}(X\x10\0\0\0protocol_versionM\xe9\x03X\x0d\0\0\0little_endian\x88X\x0a\0\0\0type_sizes}\
        (X\x05\0\0\0shortK\x02X\x03\0\0\0intK\x04X\x04\0\0\0longK\x04uu.";
    /// The list with the storage's only key, `"0"`.
    const KEYS: &[u8] = b"\x80\x02]X\x01\0\0\x000a.";
    let (device_length, count) = ((device.len() as u32).to_le_bytes(), (count as u64).to_le_bytes());
    let begin = b"\x80\x02(X\x07\0\0\0storagectorch\n";
    let (key, device, class) = (b"\nX\x01\0\0\x000X", device.as_bytes(), class.as_bytes());
    [MAGIC, SYSTEM, begin, class, key, &device_length, device, b"\x8a\x08", &count, b"NtQ.", KEYS, &count].concat()
}

/// A storage as its stream describes it.
pub(super) struct Described<'a> {
    dtype: DType,
    key: &'a str,
    device: Option<&'a str>,
    count: usize,
}

/// The second pickle: the persistent id of a storage, `('storage', class, key, location, count, None)`.
pub(super) fn described_storage<'a>(graph: &Graph<'a>, root: NodeId) -> Result<Described<'a>, PickleFault> {
    let Node::Persistent(id) = graph.node(root) else { return Err(NO_STORAGE) };
    let Some(&[kind, class, key, location, count, view]) = graph.tuple(*id) else { return Err(NO_STORAGE) };
    let dtype = match graph.symbol(class) {
        Some(Symbol::TorchStorage(dtype)) => dtype,
        Some(Symbol::Harmless) => return Err(PickleFault::Unsupported(graph.describe(class))),
        _ => return Err(NO_STORAGE),
    };
    let is_whole = graph.word(kind) == Some("storage") && matches!(graph.node(view), Node::None);
    let device = graph.word(location).filter(|name| is_device(name));
    match (device, graph.word(key), graph.size(count)) {
        (Some(_), Some(key), Some(count)) if is_whole => Ok(Described { dtype, key, device, count }),
        _ => Err(NO_STORAGE),
    }
}

/// Whether a text can be the name of a device, such as `cuda:0`; only such names reach a message.
fn is_device(name: &str) -> bool {
    const LONGEST: usize = 32;
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, ':' | '_');
    !name.is_empty() && name.len() <= LONGEST && name.chars().all(is_letter)
}

/// `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`
pub(super) fn rebuild_tensor(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("torch tensor");
    let &[storage, offset, shape, strides, ..] = arguments else { return Err(FAULT) };
    let Node::Storage(storage) = graph.node(storage) else { return Err(FAULT) };
    let Storage { dtype, data, device } = storage.as_ref().clone();
    let start = graph.size(offset).ok_or(FAULT)?;
    let (shape, strides) = (graph.sizes(shape).ok_or(FAULT)?, graph.sizes(strides).ok_or(FAULT)?);
    if shape.len() != strides.len() {
        return Err(FAULT);
    }
    let length = size_of_array(dtype.size(), &shape)?;
    graph.charge(size_of::<Tensor>() + size_of_val(shape.as_slice()))?;
    let elements = if is_c_order(&shape, &strides) {
        view(&data, start.checked_mul(dtype.size()), length).ok_or(FAULT)?
    } else {
        graph.charge(length)?;
        gather(&data, dtype.size(), &shape, &strides, start).ok_or(FAULT)?.into()
    };
    let tensor = Tensor::new(dtype, shape, elements)?;
    Ok(Node::Array(Box::new(match device {
        Some(device) if graph.keeps_devices => tensor.on_device(device),
        _ => tensor,
    })))
}

fn view(data: &Bytes, start: Option<usize>, length: usize) -> Option<Bytes> {
    if length == 0 {
        return Some(Bytes::new());
    }
    let start = start?;
    let end = start.checked_add(length)?;
    (end <= data.len()).then(|| data.slice(start..end))
}
