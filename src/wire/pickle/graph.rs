//! The objects that a pickle has built so far: nodes in one flat arena that refer to each other by number. Does not interpret them.
//!
//! A shared or cyclic object is one node, and dropping the arena does not recurse. Every node and every copied byte is charged to the
//! budget before it is made.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::error::{PickleBound, PickleFault};
use super::reader::Outside;
use super::symbol::Symbol;
use crate::protein::{Bond, Structure};
use crate::tensor::{DType, Tensor};
use crate::wire::ResponseLimits;

/// The number of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(u32);

/// One object of the pickle.
#[derive(Debug)]
pub(super) enum Node {
    None,
    Bool(bool),
    Integer(i64),
    Float(f64),
    /// Text as its place in the payload; known to be UTF-8.
    Text(Range<usize>),
    /// `bytes` or `bytearray`; a view into the payload, unless it was encoded from text.
    Bytes(Box<Bytes>),
    List(Vec<NodeId>),
    Tuple(Vec<NodeId>),
    Set(Vec<NodeId>),
    Map(Vec<(NodeId, NodeId)>),
    /// A class or function, known or not.
    Global {
        symbol: Symbol,
        name: Box<str>,
    },
    /// An object of a class outside the allow-list.
    Object {
        class: Box<str>,
        state: Option<NodeId>,
    },
    /// An object of a known class that waits for its state.
    Shell(Symbol),
    ElementType(ElementType),
    Array(Box<Tensor>),
    Objects(Box<(Vec<usize>, Vec<NodeId>)>),
    Structure(Box<Structure>),
    Bonds(Box<BondTable>),
    /// The elements behind torch tensors.
    Storage(Box<Storage>),
    /// An object that a torch stream stores elsewhere.
    Persistent(NodeId),
}

/// A `numpy.dtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementType {
    pub(super) kind: ElementKind,
    pub(super) order: ByteOrder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementKind {
    Plain(DType),
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ElementType {
    /// Bytes of one element.
    pub(super) const fn size(self) -> usize {
        match self.kind {
            ElementKind::Plain(dtype) => dtype.size(),
            ElementKind::Object => 8,
        }
    }
}

/// A torch storage.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    pub(super) dtype: DType,
    pub(super) data: Bytes,
    /// The device at the time of writing, such as `cuda:0`; `None` for main memory.
    pub(super) device: Option<Arc<str>>,
}

/// A biotite `BondList`.
#[derive(Debug, Clone)]
pub(super) struct BondTable {
    pub(super) atoms: usize,
    pub(super) bonds: Vec<Bond>,
}

pub(super) struct Graph<'a> {
    pub(super) payload: &'a Bytes,
    nodes: Vec<Node>,
    pub(super) limits: &'a ResponseLimits,
    allocated: usize,
    allowance: usize,
    /// Whether tensors keep the device on which torch had stored them. False on the machine of the writer, where the device exists.
    pub(super) keeps_devices: bool,
}

impl<'a> Graph<'a> {
    const NONE: NodeId = NodeId(0);
    const FALSE: NodeId = NodeId(1);
    const TRUE: NodeId = NodeId(2);

    /// An empty graph of a payload and the buffers that came with it.
    pub(super) fn new(payload: &'a Bytes, limits: &'a ResponseLimits, outside: Outside<'_>) -> Self {
        Self {
            payload,
            nodes: vec![Node::None, Node::Bool(false), Node::Bool(true)],
            limits,
            allocated: 0,
            allowance: limits.allocation_for(payload.len().saturating_add(outside.size())),
            keeps_devices: !matches!(outside, Outside::Buffers(_)),
        }
    }

    /// Spends part of the allocation budget.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), PickleFault> {
        self.allocated = self.allocated.saturating_add(bytes);
        PickleBound::Allocation.check(self.allocated, self.allowance)
    }

    /// Adds a node. `None`, `True` and `False` exist once.
    pub(super) fn add(&mut self, node: Node) -> Result<NodeId, PickleFault> {
        match node {
            Node::None => return Ok(Self::NONE),
            Node::Bool(false) => return Ok(Self::FALSE),
            Node::Bool(true) => return Ok(Self::TRUE),
            _ => {}
        }
        PickleBound::Items.check(self.nodes.len() + 1, self.limits.items)?;
        let held = match &node {
            Node::List(items) | Node::Tuple(items) | Node::Set(items) => size_of_val(items.as_slice()),
            Node::Map(entries) => size_of_val(entries.as_slice()),
            _ => 0,
        };
        self.charge(size_of::<Node>() + held)?;
        let id = NodeId(u32::try_from(self.nodes.len()).map_err(|_| PickleFault::Stack)?);
        self.nodes.push(node);
        Ok(id)
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        // Only `add` makes ids, and nodes are never removed.
        self.nodes.get(id.0 as usize).unwrap_or(&Node::None)
    }

    /// Puts another node in place of one that exists.
    pub(super) fn replace(&mut self, id: NodeId, node: Node) {
        if let Some(place) = self.nodes.get_mut(id.0 as usize) {
            *place = node;
        }
    }

    /// Appends to a list.
    pub(super) fn append(&mut self, id: NodeId, items: &[NodeId]) -> Result<(), PickleFault> {
        self.charge(size_of_val(items))?;
        let Some(Node::List(list)) = self.nodes.get_mut(id.0 as usize) else {
            return Err(PickleFault::Malformed("append to what is no list"));
        };
        list.extend_from_slice(items);
        Ok(())
    }

    /// Adds members to a set.
    pub(super) fn unite(&mut self, id: NodeId, items: &[NodeId]) -> Result<(), PickleFault> {
        self.charge(size_of_val(items))?;
        let Some(Node::Set(set)) = self.nodes.get_mut(id.0 as usize) else {
            return Err(PickleFault::Malformed("member of what is no set"));
        };
        set.extend_from_slice(items);
        Ok(())
    }

    /// Appends entries to a mapping.
    pub(super) fn insert(&mut self, id: NodeId, pairs: &[(NodeId, NodeId)]) -> Result<(), PickleFault> {
        self.charge(size_of_val(pairs))?;
        let Some(Node::Map(entries)) = self.nodes.get_mut(id.0 as usize) else {
            return Err(PickleFault::Malformed("entry of what is no mapping"));
        };
        entries.extend_from_slice(pairs);
        Ok(())
    }

    /// The text of a node, however long it is.
    pub(super) fn text(&self, id: NodeId) -> Option<&'a str> {
        std::str::from_utf8(self.raw_text(id)?).ok()
    }

    /// A text short enough to be a code or a name. A long text must not be validated again and again.
    pub(super) fn word(&self, id: NodeId) -> Option<&'a str> {
        const LONGEST: usize = 256;
        let raw = self.raw_text(id).filter(|raw| raw.len() <= LONGEST)?;
        std::str::from_utf8(raw).ok()
    }

    fn raw_text(&self, id: NodeId) -> Option<&'a [u8]> {
        let Node::Text(range) = self.node(id) else { return None };
        self.payload.get(range.clone())
    }

    pub(super) fn bytes(&self, id: NodeId) -> Option<&Bytes> {
        let Node::Bytes(bytes) = self.node(id) else { return None };
        Some(bytes)
    }

    pub(super) fn integer(&self, id: NodeId) -> Option<i64> {
        match self.node(id) {
            Node::Integer(number) => Some(*number),
            // A count may have been a NumPy scalar.
            Node::Array(tensor) if tensor.shape().is_empty() && tensor.dtype().is_integer() => {
                tensor.f64_at(0).map(|number| number as i64)
            }
            _ => None,
        }
    }

    pub(super) fn size(&self, id: NodeId) -> Option<usize> {
        usize::try_from(self.integer(id)?).ok()
    }

    pub(super) fn tuple(&self, id: NodeId) -> Option<&[NodeId]> {
        let Node::Tuple(items) = self.node(id) else { return None };
        Some(items)
    }

    /// A tuple of sizes, such as a shape, with at most as many dimensions as `NumPy` allows.
    pub(super) fn sizes(&self, id: NodeId) -> Option<Vec<usize>> {
        const MOST: usize = 64;
        let items = self.tuple(id).filter(|items| items.len() <= MOST)?;
        items.iter().map(|&item| self.size(item)).collect()
    }

    pub(super) fn symbol(&self, id: NodeId) -> Option<Symbol> {
        let Node::Global { symbol, .. } = self.node(id) else { return None };
        Some(*symbol)
    }

    /// The entries of a small mapping, such as the state of a known class.
    pub(super) fn entries(&self, id: NodeId) -> Option<&[(NodeId, NodeId)]> {
        const MOST: usize = 256;
        match self.node(id) {
            Node::Map(entries) if entries.len() <= MOST => Some(entries),
            _ => None,
        }
    }

    /// The value under a text key of a small mapping.
    pub(super) fn entry(&self, id: NodeId, key: &str) -> Option<NodeId> {
        self.entries(id)?.iter().find(|(name, _)| self.raw_text(*name) == Some(key.as_bytes())).map(|&(_, value)| value)
    }

    /// The name of this node in messages.
    pub(super) fn describe(&self, id: NodeId) -> String {
        let name = match self.node(id) {
            Node::Global { name, .. } | Node::Object { class: name, .. } => name,
            Node::None => "None",
            Node::Bool(_) => "bool",
            Node::Integer(_) => "int",
            Node::Float(_) => "float",
            Node::Text(_) => "str",
            Node::Bytes(_) => "bytes",
            Node::List(_) => "list",
            Node::Tuple(_) => "tuple",
            Node::Set(_) => "set",
            Node::Map(_) => "dict",
            Node::Shell(symbol) => symbol.describe(),
            Node::ElementType(_) => "dtype",
            Node::Array(_) | Node::Objects(_) => "array",
            Node::Structure(_) => "structure",
            Node::Bonds(_) => "bond list",
            Node::Storage(_) => "torch storage",
            Node::Persistent(_) => "persistent object",
        };
        name.to_owned()
    }
}
