//! The reasons to refuse a pickle, each with its offset and instruction. Does not decide who is responsible.

use crate::tensor::TensorError;

/// A pickle that is not plain data, is broken, or exceeds a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pickle byte {offset} ({opcode}): {fault}")]
pub struct PickleError {
    /// The offset of the instruction in the payload.
    pub(crate) offset: usize,
    /// The name of the instruction in Python's `pickletools`.
    pub opcode: &'static str,
    /// The fault of the instruction.
    pub fault: PickleFault,
}

/// A fault of one instruction of a pickle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PickleFault {
    /// The payload ends inside an instruction or before `STOP`.
    #[error("the payload ends early")]
    Truncated,
    /// The payload goes on after `STOP`.
    #[error("{0} bytes follow the end of the pickle")]
    Trailing(usize),
    /// The payload does not begin as protocols 2 to 5 do.
    #[error("not a pickle of protocol 2 to 5")]
    Header,
    /// A byte that is no instruction.
    #[error("unknown instruction 0x{0:02x}")]
    UnknownOpcode(u8),
    /// An instruction that protocols 2 to 5 do not emit, or that asks for an object from outside the stream.
    #[error("this instruction is not plain data")]
    ForbiddenOpcode,
    /// An instruction takes more values than the stack has.
    #[error("the stack holds too little")]
    Stack,
    /// An instruction takes a buffer that did not come with the pickle.
    #[error("no buffer is left that came with the pickle")]
    Buffer,
    /// An instruction reads a memo entry that was never written.
    #[error("memo entry {0} does not exist")]
    Memo(u64),
    /// The pickle asks to call something outside the allow-list.
    #[error("refused to call {0}")]
    Call(String),
    /// The pickle sets the state of an object that has none.
    #[error("refused to set the state of {0}")]
    State(String),
    /// A class or function stands where data should.
    #[error("{0} is a reference to code, not data")]
    Reference(String),
    /// The name of a class or function is not a dotted Python name.
    #[error("malformed name of a class or function")]
    Name,
    /// Operands that Python would never write.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// A part of a structure is missing, has the wrong type or size, or an impossible value.
    #[error("structure without a sound {0}")]
    Column(&'static str),
    /// Valid Python data that this decoder does not read. Not a fault of the writer.
    #[error("hydrotest cannot read {0}")]
    Unsupported(String),
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    Encoding,
    /// A whole number wider than 64 bits.
    #[error("hydrotest cannot read a whole number wider than 64 bits")]
    Integer,
    /// A value that contains itself.
    #[error("a value contains itself")]
    Cycle,
    /// A key occurs twice in one mapping.
    #[error("key {0:?} occurs twice")]
    DuplicateKey(String),
    /// Bytes and shape of an array do not fit together.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The pickle exceeds a bound.
    #[error("{bound} exceed the limit of {limit}")]
    Limit {
        /// The limited quantity.
        bound: PickleBound,
        /// The greatest amount allowed.
        limit: usize,
    },
    /// The pickle's result is not an object with fields.
    #[error("the result is a {0}, not a prediction")]
    NotPrediction(String),
}

impl PickleFault {
    /// Whether Python could read this without running anything, so that only hydrotest fails.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        matches!(self, Self::Unsupported(_) | Self::Integer)
    }
}

/// A quantity of a pickle that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PickleBound {
    /// Levels of nesting.
    #[error("levels of nesting")]
    Depth,
    /// Values.
    #[error("values")]
    Items,
    /// Entries of the memo.
    #[error("memo entries")]
    Memo,
    /// Bytes of one text.
    #[error("bytes of one text")]
    Text,
    /// Bytes allocated while decoding.
    #[error("bytes of memory")]
    Allocation,
}

impl PickleBound {
    /// Fails if more than the limit is used.
    pub(super) const fn check(self, used: usize, limit: usize) -> Result<(), PickleFault> {
        if used <= limit { Ok(()) } else { Err(PickleFault::Limit { bound: self, limit }) }
    }
}
