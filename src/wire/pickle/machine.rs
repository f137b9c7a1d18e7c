//! The stack machine: follows the instructions of a pickle and builds the graph of its objects. Does not call anything itself.

use bytes::Bytes;

use super::call;
use super::error::{PickleError, PickleFault};
use super::graph::{Graph, Node, NodeId};
use super::opcode as op;
use super::reader::{Outside, PickleReader};
use super::stack::{Memo, Stack};
use super::symbol::{Symbol, is_dotted_name};
use super::torch;
use crate::wire::ResponseLimits;

/// Runs one pickle that begins at `start` of the payload. Returns its graph, its result, and the offset behind its `STOP`.
pub(super) fn run<'a>(
    payload: &'a Bytes,
    start: usize,
    limits: &'a ResponseLimits,
    outside: Outside<'a>,
) -> Result<(Graph<'a>, NodeId, usize), PickleError> {
    let mut machine = Machine {
        reader: PickleReader::new(payload, start),
        graph: Graph::new(payload, limits, outside),
        stack: Stack::new(limits),
        memo: Memo::new(limits),
        outside,
    };
    machine.header().map_err(error_at(start, op::PROTO))?;
    loop {
        let offset = machine.reader.position();
        let code = machine.reader.byte().map_err(error_at(offset, op::STOP))?;
        if code == op::STOP {
            let root = machine.stack.pop().map_err(error_at(offset, code))?;
            return Ok((machine.graph, root, machine.reader.position()));
        }
        machine.step(code).map_err(error_at(offset, code))?;
    }
}

/// Turns a fault into an error with its place.
pub(super) fn error_at(offset: usize, code: u8) -> impl Fn(PickleFault) -> PickleError {
    move |fault| PickleError { offset, opcode: op::name(code).unwrap_or("unknown"), fault }
}

/// How protocols 0 and 1, which have no header, begin to write an object.
const OLDER: &[u8] = b"ccopy_reg\n_reconstructor\n";

struct Machine<'a> {
    reader: PickleReader<'a>,
    graph: Graph<'a>,
    stack: Stack,
    memo: Memo,
    outside: Outside<'a>,
}

impl Machine<'_> {
    fn header(&mut self) -> Result<(), PickleFault> {
        match self.reader.array() {
            Ok([op::PROTO, 2..=5]) => Ok(()),
            _ if self.graph.payload.starts_with(OLDER) => {
                Err(PickleFault::Unsupported("pickle protocol 0 or 1".into()))
            }
            _ => Err(PickleFault::Header),
        }
    }

    fn step(&mut self, code: u8) -> Result<(), PickleFault> {
        match code {
            // A frame tells how much to read at once, which must be there.
            op::FRAME => {
                let length = self.reader.number::<8>()?;
                if length > self.reader.remaining() as u64 { Err(PickleFault::Truncated) } else { Ok(()) }
            }
            op::MARK => self.stack.mark(),
            op::POP => self.stack.discard(),
            op::POP_MARK => self.stack.take_marked().map(drop),
            op::DUP => self.stack.top().and_then(|top| self.stack.push(top)),
            op::APPEND | op::APPENDS | op::SETITEM | op::SETITEMS | op::ADDITEMS => self.fill(code),
            op::MEMOIZE => self.put(self.memo.next()),
            op::BINPUT => self.reader.number::<1>().and_then(|index| self.put(index)),
            op::LONG_BINPUT => self.reader.number::<4>().and_then(|index| self.put(index)),
            op::BINGET => self.reader.number::<1>().and_then(|index| self.stack.push(self.memo.get(index)?)),
            op::LONG_BINGET => self.reader.number::<4>().and_then(|index| self.stack.push(self.memo.get(index)?)),
            // Decoded buffers are never written to.
            op::READONLY_BUFFER if matches!(self.outside, Outside::Buffers(_)) => self.stack.top().map(drop),
            op::BUILD => {
                let (state, object) = (self.stack.pop()?, self.stack.top()?);
                call::build(&mut self.graph, object, state)
            }
            _ => {
                let node = match self.literal(code)? {
                    Some(node) => node,
                    None => self.compound(code)?,
                };
                self.stack.push(self.graph.add(node)?)
            }
        }
    }

    /// Instructions that push a value of their own; `None` for all others.
    fn literal(&mut self, code: u8) -> Result<Option<Node>, PickleFault> {
        let reader = &mut self.reader;
        Ok(Some(match code {
            op::NONE => Node::None,
            op::NEWTRUE => Node::Bool(true),
            op::NEWFALSE => Node::Bool(false),
            op::BININT => Node::Integer(i32::from_le_bytes(reader.array()?).into()),
            op::BININT1 => Node::Integer(reader.byte()?.into()),
            op::BININT2 => Node::Integer(u16::from_le_bytes(reader.array()?).into()),
            op::LONG1 => self.long::<1>()?,
            op::LONG4 => self.long::<4>()?,
            op::BINFLOAT => Node::Float(f64::from_be_bytes(reader.array()?)),
            op::SHORT_BINUNICODE => self.text::<1>()?,
            op::BINUNICODE => self.text::<4>()?,
            op::BINUNICODE8 => self.text::<8>()?,
            op::SHORT_BINBYTES => self.bytes::<1>()?,
            op::BINBYTES => self.bytes::<4>()?,
            op::BINBYTES8 | op::BYTEARRAY8 => self.bytes::<8>()?,
            op::EMPTY_LIST => Node::List(Vec::new()),
            op::EMPTY_DICT => Node::Map(Vec::new()),
            op::EMPTY_SET => Node::Set(Vec::new()),
            op::EMPTY_TUPLE => Node::Tuple(Vec::new()),
            _ => return Ok(None),
        }))
    }

    /// Instructions that make a value from values on the stack.
    fn compound(&mut self, code: u8) -> Result<Node, PickleFault> {
        Ok(match code {
            op::TUPLE1 => Node::Tuple(self.stack.take(1)?),
            op::TUPLE2 => Node::Tuple(self.stack.take(2)?),
            op::TUPLE3 => Node::Tuple(self.stack.take(3)?),
            op::TUPLE => Node::Tuple(self.stack.take_marked()?),
            op::LIST => Node::List(self.stack.take_marked()?),
            op::FROZENSET => Node::Set(self.stack.take_marked()?),
            op::DICT => Node::Map(pairs(&self.stack.take_marked()?)?),
            op::GLOBAL => {
                let (module, name) = (self.reader.line()?, self.reader.line()?);
                self.global(module, name)?
            }
            op::STACK_GLOBAL => {
                let (name, module) = (self.stack.pop()?, self.stack.pop()?);
                match (self.graph.word(module), self.graph.word(name)) {
                    (Some(module), Some(name)) => self.global(module, name)?,
                    _ => return Err(PickleFault::Name),
                }
            }
            op::REDUCE => {
                let (arguments, callee) = (self.stack.pop()?, self.stack.pop()?);
                match self.graph.symbol(callee) {
                    Some(Symbol::LoadFromBytes) => self.storage(arguments)?,
                    _ => call::call(&mut self.graph, callee, arguments)?,
                }
            }
            op::NEWOBJ => {
                let (arguments, class) = (self.stack.pop()?, self.stack.pop()?);
                call::create(&mut self.graph, class, arguments)?
            }
            op::NEWOBJ_EX => {
                let (keywords, arguments, class) = (self.stack.pop()?, self.stack.pop()?, self.stack.pop()?);
                if !matches!(self.graph.node(keywords), Node::Map(entries) if entries.is_empty()) {
                    return Err(PickleFault::Call(self.graph.describe(class)));
                }
                call::create(&mut self.graph, class, arguments)?
            }
            op::BINPERSID if self.outside == Outside::Persistent => Node::Persistent(self.stack.pop()?),
            op::NEXT_BUFFER if matches!(self.outside, Outside::Buffers(_)) => {
                self.graph.charge(size_of::<Bytes>())?;
                Node::Bytes(Box::new(self.outside.next()?))
            }
            _ if op::is_older(code) => {
                let name = op::name(code).unwrap_or_default();
                return Err(PickleFault::Unsupported(format!("the instruction {name} of protocol 0 or 1")));
            }
            _ if op::name(code).is_some() => return Err(PickleFault::ForbiddenOpcode),
            _ => return Err(PickleFault::UnknownOpcode(code)),
        })
    }

    /// A whole number whose length has `N` bytes.
    fn long<const N: usize>(&mut self) -> Result<Node, PickleFault> {
        let range = self.reader.counted::<N>()?;
        Ok(Node::Integer(signed(self.graph.payload.get(range).unwrap_or_default())?))
    }

    /// A text whose length has `N` bytes.
    fn text<const N: usize>(&mut self) -> Result<Node, PickleFault> {
        let range = self.reader.counted::<N>()?;
        let bytes = self.graph.payload.get(range.clone()).unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(_) => Ok(Node::Text(range)),
            Err(_) if has_surrogates_only(bytes) => {
                Err(PickleFault::Unsupported("text with half a surrogate pair".into()))
            }
            Err(_) => Err(PickleFault::Encoding),
        }
    }

    /// Bytes whose length has `N` bytes.
    fn bytes<const N: usize>(&mut self) -> Result<Node, PickleFault> {
        let range = self.reader.counted::<N>()?;
        self.graph.charge(size_of::<Bytes>())?;
        Ok(Node::Bytes(Box::new(self.graph.payload.slice(range))))
    }

    fn global(&mut self, module: &str, name: &str) -> Result<Node, PickleFault> {
        if !is_dotted_name(module) || !is_dotted_name(name) {
            return Err(PickleFault::Name);
        }
        self.graph.charge(module.len() + name.len() + 1)?;
        Ok(Node::Global { symbol: Symbol::resolve(module, name), name: format!("{module}.{name}").into() })
    }

    /// `torch.storage._load_from_bytes(stream)`: reads the pickles of a stream of `torch.save` with separate machines and tighter bounds.
    fn storage(&mut self, arguments: NodeId) -> Result<Node, PickleFault> {
        let stream = torch::StorageStream::open(&mut self.graph, arguments)?;
        let parse = |from, outside| run(&stream.header, from, &stream.limits, outside).map_err(|error| error.fault);
        let (system, root, end) = parse(torch::MAGIC.len(), Outside::Nothing)?;
        torch::check_system(&system, root)?;
        let (object, root, end) = parse(end, Outside::Persistent)?;
        let described = torch::described_storage(&object, root)?;
        let (keys, root, end) = parse(end, Outside::Nothing)?;
        torch::check_keys(&keys, root, &described)?;
        stream.storage(end, &described)
    }

    fn fill(&mut self, code: u8) -> Result<(), PickleFault> {
        let items = match code {
            op::APPEND => self.stack.take(1)?,
            op::SETITEM => self.stack.take(2)?,
            _ => self.stack.take_marked()?,
        };
        let target = self.stack.top()?;
        match code {
            op::APPEND | op::APPENDS => self.graph.append(target, &items),
            op::ADDITEMS => self.graph.unite(target, &items),
            _ => self.graph.insert(target, &pairs(&items)?),
        }
    }

    fn put(&mut self, index: u64) -> Result<(), PickleFault> {
        let grown = self.memo.put(index, self.stack.top()?)?;
        self.graph.charge(grown * Memo::ENTRY)
    }
}

/// Pairs of alternating keys and values.
fn pairs(items: &[NodeId]) -> Result<Vec<(NodeId, NodeId)>, PickleFault> {
    match items.as_chunks::<2>() {
        (pairs, []) => Ok(pairs.iter().map(|&pair| pair.into()).collect()),
        _ => Err(PickleFault::Malformed("mapping: a key without a value")),
    }
}

/// Whether a text would be UTF-8 without its lone surrogates, which Python allows.
fn has_surrogates_only(mut bytes: &[u8]) -> bool {
    loop {
        let Err(error) = std::str::from_utf8(bytes) else { return true };
        match bytes.get(error.valid_up_to()..) {
            Some([0xed, 0xa0..=0xbf, 0x80..=0xbf, rest @ ..]) => bytes = rest,
            _ => return false,
        }
    }
}

/// A little-endian number in two's complement. Zero bytes mean 0.
fn signed(bytes: &[u8]) -> Result<i64, PickleFault> {
    if bytes.len() > size_of::<i64>() {
        return Err(PickleFault::Integer);
    }
    let is_negative = bytes.last().is_some_and(|&last| last & 0x80 != 0);
    let mut raw = [if is_negative { 0xff } else { 0 }; size_of::<i64>()];
    raw[..bytes.len()].copy_from_slice(bytes);
    Ok(i64::from_le_bytes(raw))
}
