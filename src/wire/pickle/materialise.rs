//! Turns the finished graph into a [`Value`]. A shared node is copied for each use, so everything is counted. Does not interpret values.

use std::collections::HashSet;

use super::biotite;
use super::error::{PickleBound, PickleFault};
use super::graph::{Graph, Node, NodeId};
use super::symbol::Symbol;
use crate::prediction::{Record, Value};
use crate::wire::ResponseLimits;

/// The value of a node and everything below it.
pub(super) fn value(graph: &mut Graph, root: NodeId) -> Result<Value, PickleFault> {
    Materialiser { graph, path: Vec::new(), items: 0 }.value(root)
}

struct Materialiser<'g, 'a> {
    graph: &'g mut Graph<'a>,
    /// The nodes around the current one. The length of the path is the depth, which bounds the recursion.
    path: Vec<NodeId>,
    items: usize,
}

impl Materialiser<'_, '_> {
    fn value(&mut self, id: NodeId) -> Result<Value, PickleFault> {
        let limits = self.graph.limits;
        self.items += 1;
        PickleBound::Items.check(self.items, limits.items)?;
        // Charged before it is made.
        let copied = copied_bytes(self.graph.node(id), limits)?;
        self.graph.charge(size_of::<Value>() + copied)?;
        // Clones ids only: a node must not stay borrowed while its children are made.
        Ok(match self.graph.node(id) {
            Node::None => Value::None,
            Node::Bool(value) => Value::Bool(*value),
            Node::Integer(value) => Value::Integer(*value),
            Node::Float(value) => Value::Float(*value),
            Node::Text(_) => Value::Text(self.graph.text(id).ok_or(PickleFault::Encoding)?.to_owned()),
            Node::Bytes(bytes) => Value::Bytes(bytes.as_ref().clone()),
            Node::Array(tensor) => Value::Array(tensor.as_ref().clone()),
            Node::Structure(structure) => Value::Structure(structure.clone()),
            Node::Bonds(table) => Value::Record(biotite::bond_record(table)?),
            Node::List(items) => Value::List(self.values(id, items.clone())?),
            Node::Tuple(items) => Value::Tuple(self.values(id, items.clone())?),
            Node::Set(items) => Value::Set(self.values(id, items.clone())?),
            Node::Objects(array) => {
                let (shape, items) = array.as_ref().clone();
                Value::Objects { shape, items: self.values(id, items)? }
            }
            Node::Map(entries) => Value::Map(self.map(id, entries.clone())?),
            Node::Object { class, state } => {
                let (class, state) = (class.to_string(), *state);
                let fields = state.map_or_else(|| Ok(Vec::new()), |state| self.fields(state))?;
                Value::Record(Record { class, fields })
            }
            Node::Global { symbol: Symbol::Harmless, name } => {
                return Err(PickleFault::Unsupported(format!("{name} as a value")));
            }
            Node::Global { name, .. } => return Err(PickleFault::Reference(name.to_string())),
            Node::Shell(symbol) => return Err(PickleFault::Malformed(symbol.describe())),
            Node::ElementType(_) => return Err(PickleFault::Unsupported("a dtype as a value".into())),
            Node::Storage(_) => return Err(PickleFault::Unsupported("a torch storage as a value".into())),
            Node::Persistent(_) => return Err(PickleFault::Malformed("persistent object")),
        })
    }

    fn enter(&mut self, id: NodeId) -> Result<(), PickleFault> {
        PickleBound::Depth.check(self.path.len() + 1, self.graph.limits.depth)?;
        if self.path.contains(&id) {
            return Err(PickleFault::Cycle);
        }
        self.path.push(id);
        Ok(())
    }

    fn values(&mut self, id: NodeId, items: Vec<NodeId>) -> Result<Vec<Value>, PickleFault> {
        self.enter(id)?;
        // Grows while items are made and charged, so that a shared list does not get its whole length at once.
        let mut values = Vec::new();
        for item in items {
            values.push(self.value(item)?);
        }
        self.path.pop();
        Ok(values)
    }

    fn map(&mut self, id: NodeId, entries: Vec<(NodeId, NodeId)>) -> Result<Vec<(Value, Value)>, PickleFault> {
        self.enter(id)?;
        let mut seen = HashSet::new();
        let mut pairs = Vec::new();
        for (key, value) in entries {
            // Python keeps the last of two equal keys. Only a forger has a reason to send both.
            let name = match self.graph.node(key) {
                Node::Text(_) => self.graph.text(key).map(Key::Text),
                Node::Integer(number) => Some(Key::Integer(*number)),
                Node::Bool(value) => Some(Key::Integer((*value).into())),
                _ => None,
            };
            let key = self.value(key)?;
            if let Some(name) = name
                && !seen.insert(name)
            {
                return Err(PickleFault::DuplicateKey(name.show()));
            }
            pairs.push((key, self.value(value)?));
        }
        self.path.pop();
        Ok(pairs)
    }

    /// The state of a plain object: its `__dict__`, or that and its slots.
    fn fields(&mut self, state: NodeId) -> Result<Vec<(String, Value)>, PickleFault> {
        const FAULT: PickleFault = PickleFault::Malformed("object state");
        let parts = match self.graph.node(state) {
            Node::None => Vec::new(),
            Node::Map(_) => vec![state],
            Node::Tuple(parts) if parts.len() == 2 => parts.clone(),
            _ => return Err(FAULT),
        };
        let mut fields = Vec::new();
        for part in parts {
            let entries = match self.graph.node(part) {
                Node::None => continue,
                Node::Map(entries) => entries.clone(),
                _ => return Err(FAULT),
            };
            for (key, value) in self.map(part, entries)? {
                match key {
                    Value::Text(name) => fields.push((name, value)),
                    _ => return Err(FAULT),
                }
            }
        }
        Ok(fields)
    }
}

/// A key that is cheap to compare.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'a> {
    Text(&'a str),
    Integer(i64),
}

impl Key<'_> {
    fn show(self) -> String {
        const LONGEST: usize = 64;
        match self {
            Self::Text(text) => text.chars().take(LONGEST).collect(),
            Self::Integer(number) => number.to_string(),
        }
    }
}

/// The bytes that a value copies from its node, without itself and its children.
fn copied_bytes(node: &Node, limits: &ResponseLimits) -> Result<usize, PickleFault> {
    Ok(match node {
        Node::Text(range) => {
            PickleBound::Text.check(range.len(), limits.text)?;
            range.len()
        }
        Node::Array(tensor) => size_of_val(tensor.shape()),
        Node::Objects(array) => size_of_val(array.0.as_slice()),
        Node::Structure(structure) => biotite::size_of_structure(structure),
        Node::Bonds(table) => table.bonds.len() * biotite::BYTES_PER_ROW,
        Node::Object { class, .. } => class.len(),
        _ => 0,
    })
}
