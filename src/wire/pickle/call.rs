//! Calls, object creation and state: the places where a pickle would run code. Each uses the allow-list. Does not run anything.

use super::biotite;
use super::error::PickleFault;
use super::graph::{Graph, Node, NodeId};
use super::numpy;
use super::symbol::Symbol;
use super::torch;

/// `REDUCE`: the result of a listed function.
pub(super) fn call(graph: &mut Graph, callee: NodeId, arguments: NodeId) -> Result<Node, PickleFault> {
    let symbol = graph.symbol(callee).ok_or_else(|| PickleFault::Call(graph.describe(callee)))?;
    if symbol == Symbol::Harmless {
        return Err(unread(graph, callee, arguments));
    }
    // The longest call, torch's, has seven arguments.
    let arguments = match graph.tuple(arguments) {
        Some(items) if items.len() <= 8 => items.to_vec(),
        _ => return Err(PickleFault::Malformed("arguments of a call")),
    };
    match symbol {
        Symbol::DType => numpy::dtype(graph, &arguments),
        Symbol::Reconstruct => numpy::reconstruct(graph, &arguments),
        Symbol::FromBuffer => numpy::from_buffer(graph, &arguments),
        Symbol::Scalar => numpy::scalar(graph, &arguments),
        Symbol::BondList | Symbol::BondListFromState => biotite::bond_list(graph, &arguments),
        Symbol::RebuildTensor => torch::rebuild_tensor(graph, &arguments),
        Symbol::OrderedDict => ordered_dict(graph, &arguments),
        Symbol::GetAttr => attribute(graph, &arguments),
        Symbol::Encode => encode(graph, &arguments),
        Symbol::Bytes | Symbol::ByteArray => copy_bytes(graph, &arguments),
        Symbol::Set => set(graph, &arguments),
        Symbol::NdArray
        | Symbol::AtomArray
        | Symbol::AtomArrayStack
        | Symbol::TorchStorage(_)
        // The machine reads its argument, which holds pickles, before it comes here.
        | Symbol::LoadFromBytes
        | Symbol::Harmless
        | Symbol::Unknown => Err(PickleFault::Call(graph.describe(callee))),
    }
}

/// The fault of a call of a harmless name, whose result hydrotest does not read. With code among its arguments, such as a factory of
/// default values, it is refused like any other call.
fn unread(graph: &Graph, callee: NodeId, arguments: NodeId) -> PickleFault {
    let is_code = |&argument: &NodeId| graph.symbol(argument) == Some(Symbol::Unknown);
    let is_data = graph.tuple(arguments).is_some_and(|items| !items.iter().any(is_code));
    let fault = if is_data { PickleFault::Unsupported } else { PickleFault::Call };
    fault(graph.describe(callee))
}

/// `NEWOBJ`: an object of a class that gets its state later. Constructor arguments would be a call.
pub(super) fn create(graph: &mut Graph, class: NodeId, arguments: NodeId) -> Result<Node, PickleFault> {
    let has_none = graph.tuple(arguments).is_some_and(<[NodeId]>::is_empty);
    match graph.node(class) {
        Node::Global { symbol, .. } if has_none && symbol.takes_state() => Ok(Node::Shell(*symbol)),
        Node::Global { symbol: Symbol::Unknown, name } if has_none => {
            let class = name.clone();
            graph.charge(class.len())?;
            Ok(Node::Object { class, state: None })
        }
        Node::Global { symbol: Symbol::Harmless, .. } => Err(unread(graph, class, arguments)),
        _ => Err(PickleFault::Call(graph.describe(class))),
    }
}

/// `BUILD`: gives an object its state, once.
pub(super) fn build(graph: &mut Graph, object: NodeId, state: NodeId) -> Result<(), PickleFault> {
    let built = match graph.node(object) {
        Node::Shell(Symbol::Reconstruct) => numpy::array_state(graph, state)?,
        Node::Shell(Symbol::BondList) => biotite::bond_state(graph, state)?,
        Node::Shell(symbol) => biotite::structure(graph, *symbol, state)?,
        Node::ElementType(element) => numpy::dtype_state(graph, *element, state)?,
        Node::Object { class, state: None } => Node::Object { class: class.clone(), state: Some(state) },
        _ => return Err(PickleFault::State(graph.describe(object))),
    };
    graph.replace(object, built);
    Ok(())
}

/// `OrderedDict()` or `OrderedDict([[key, value], …])`
fn ordered_dict(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("OrderedDict");
    let pairs = match nodes(graph, arguments)[..] {
        [] => return Ok(Node::Map(Vec::new())),
        [Node::List(pairs)] => pairs,
        _ => return Err(FAULT),
    };
    let entry = |&pair| match graph.node(pair) {
        Node::List(pair) | Node::Tuple(pair) => <[NodeId; 2]>::try_from(pair.as_slice()).ok(),
        _ => None,
    };
    let size = pairs.len().saturating_mul(size_of::<(NodeId, NodeId)>());
    let entries: Option<Vec<_>> = pairs.iter().map(|pair| entry(pair).map(<(_, _)>::from)).collect();
    graph.charge(size)?;
    Ok(Node::Map(entries.ok_or(FAULT)?))
}

/// `getattr(BondList, '_from_state')` and nothing else.
fn attribute(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    match *arguments {
        [object, name] if graph.symbol(object) == Some(Symbol::BondList) && graph.word(name) == Some("_from_state") => {
            let name = "biotite.structure.BondList._from_state".into();
            Ok(Node::Global { symbol: Symbol::BondListFromState, name })
        }
        [object, name] => {
            let name = graph.word(name).filter(|name| super::symbol::is_dotted_name(name));
            Err(PickleFault::Call(format!("builtins.getattr for {}.{}", graph.describe(object), name.unwrap_or("?"))))
        }
        _ => Err(PickleFault::Call("builtins.getattr".into())),
    }
}

/// `_codecs.encode(text, 'latin1')`: every character is one byte.
fn encode(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("bytes written as text");
    let &[text, codec] = arguments else { return Err(FAULT) };
    if !matches!(graph.word(codec), Some("latin1" | "latin-1")) {
        return Err(PickleFault::Call("_codecs.encode with another codec than latin1".into()));
    }
    let Node::Text(range) = graph.node(text) else { return Err(FAULT) };
    // Charged before reading, which bounds the work of encoding one text again and again.
    let length = range.len();
    graph.charge(length)?;
    let text = graph.text(text).ok_or(FAULT)?;
    let mut bytes = Vec::with_capacity(length);
    for letter in text.chars() {
        bytes.push(u8::try_from(letter).map_err(|_| FAULT)?);
    }
    Ok(Node::Bytes(Box::new(bytes.into())))
}

/// `bytes()`, `bytearray()`, `bytearray(bytes)` and protocol 2's `bytearray(text, 'latin-1')`.
fn copy_bytes(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    match *arguments {
        [] => Ok(Node::Bytes(Box::default())),
        [only] => match graph.node(only) {
            Node::Bytes(bytes) => Ok(Node::Bytes(bytes.clone())),
            _ => Err(PickleFault::Malformed("bytes")),
        },
        _ => encode(graph, arguments),
    }
}

/// `set(list)` and `frozenset(list)`: how protocols before 4 write sets.
fn set(graph: &mut Graph, arguments: &[NodeId]) -> Result<Node, PickleFault> {
    const FAULT: PickleFault = PickleFault::Malformed("set");
    let items = match *arguments {
        [] => Vec::new(),
        [only] => match graph.node(only) {
            Node::List(items) => items.clone(),
            _ => return Err(FAULT),
        },
        _ => return Err(FAULT),
    };
    graph.charge(size_of_val(items.as_slice()))?;
    Ok(Node::Set(items))
}

fn nodes<'g>(graph: &'g Graph, arguments: &[NodeId]) -> Vec<&'g Node> {
    arguments.iter().map(|&id| graph.node(id)).collect()
}
