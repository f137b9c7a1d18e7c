//! Writes single instructions of protocol 4. Does not know classes.

use crate::wire::pickle::opcode as op;

/// A pickle in progress. It has no frames and no memo, which Python writes for speed but does not need.
pub(super) struct PickleWriter {
    out: Vec<u8>,
}

impl PickleWriter {
    pub(super) fn new() -> Self {
        Self { out: vec![op::PROTO, 4] }
    }

    /// The whole pickle.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.op(op::STOP);
        self.out
    }

    pub(super) fn op(&mut self, code: u8) {
        self.out.push(code);
    }

    pub(super) fn ops(&mut self, codes: &[u8]) {
        self.out.extend_from_slice(codes);
    }

    pub(super) fn integer(&mut self, number: i64) {
        if let Ok(byte) = u8::try_from(number) {
            self.out.extend([op::BININT1, byte]);
        } else if let Ok(word) = i32::try_from(number) {
            self.op(op::BININT);
            self.out.extend(word.to_le_bytes());
        } else {
            let raw = number.to_le_bytes();
            self.out.extend([op::LONG1, raw.len() as u8]);
            self.out.extend(raw);
        }
    }

    pub(super) fn float(&mut self, number: f64) {
        self.op(op::BINFLOAT);
        self.out.extend(number.to_be_bytes());
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.op(if value { op::NEWTRUE } else { op::NEWFALSE });
    }

    pub(super) fn text(&mut self, text: &str) {
        self.buffer([op::SHORT_BINUNICODE, op::BINUNICODE, op::BINUNICODE8], &[text.as_bytes()]);
    }

    /// `bytes` made of these parts.
    pub(super) fn bytes(&mut self, parts: &[&[u8]]) {
        self.buffer([op::SHORT_BINBYTES, op::BINBYTES, op::BINBYTES8], parts);
    }

    /// A class or function.
    pub(super) fn global(&mut self, module: &str, name: &str) {
        self.text(module);
        self.text(name);
        self.op(op::STACK_GLOBAL);
    }

    pub(super) fn sizes(&mut self, sizes: &[usize]) {
        self.op(op::MARK);
        for &size in sizes {
            self.integer(size as i64);
        }
        self.op(op::TUPLE);
    }

    /// A buffer with the instruction for its length: below 2⁸, below 2³², or longer.
    fn buffer(&mut self, [short, medium, long]: [u8; 3], parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if let Ok(length) = u8::try_from(length) {
            self.out.extend([short, length]);
        } else if let Ok(length) = u32::try_from(length) {
            self.op(medium);
            self.out.extend(length.to_le_bytes());
        } else {
            self.op(long);
            self.out.extend((length as u64).to_le_bytes());
        }
        for part in parts {
            self.out.extend_from_slice(part);
        }
    }
}
