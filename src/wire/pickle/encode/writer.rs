//! Writes single instructions of protocol 4, with frames and memo as Python does. Knows no class.

use std::collections::HashMap;

use crate::wire::pickle::opcode as op;

/// Python ends a frame after this many bytes, and writes larger buffers outside of frames.
const FRAME_TARGET: usize = 64 << 10;
/// Python does not frame what is shorter than this.
const SHORTEST_FRAME: usize = 4;
/// `FRAME` and its length.
const FRAME_HEADER: usize = 9;

/// What an object of the memo is. A text is never taken for a class, whatever stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum MemoKey {
    /// A text, such as an attribute's name.
    Word(String),
    /// A class or function: its module and its name.
    Global(String, String),
    /// The element type of this code.
    DType(String),
}

pub(super) struct Writer {
    out: Vec<u8>,
    /// Where the header of the open frame lies.
    frame: usize,
    memo: HashMap<MemoKey, u32>,
}

impl Writer {
    pub(super) fn new() -> Self {
        let mut writer = Self {
            out: vec![op::PROTO, 4],
            frame: 0,
            memo: HashMap::new(),
        };
        writer.open_frame();
        writer
    }

    /// The whole pickle.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.op(op::STOP);
        self.close_frame();
        self.out
    }

    /// Ends the open frame when it is long enough; called between objects.
    pub(super) fn end_frame_if_full(&mut self) {
        if self.out.len() - self.frame - FRAME_HEADER >= FRAME_TARGET {
            self.close_frame();
            self.open_frame();
        }
    }

    pub(super) fn op(&mut self, code: u8) {
        self.out.push(code);
    }

    pub(super) fn integer(&mut self, number: i64) {
        if let Ok(byte) = u8::try_from(number) {
            self.out.extend([op::BININT1, byte]);
        } else if let Ok(short) = u16::try_from(number) {
            self.op(op::BININT2);
            self.out.extend(short.to_le_bytes());
        } else if let Ok(word) = i32::try_from(number) {
            self.op(op::BININT);
            self.out.extend(word.to_le_bytes());
        } else {
            let raw = number.to_le_bytes();
            // The shortest two's complement that keeps the sign, as Python writes it.
            let fill = if number < 0 { 0xff } else { 0 };
            let mut length = raw.len();
            while length > 1 && raw[length - 1] == fill && (raw[length - 2] ^ fill) & 0x80 == 0 {
                length -= 1;
            }
            self.out.extend([op::LONG1, length as u8]);
            self.out.extend(&raw[..length]);
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
        let codes = [op::SHORT_BINUNICODE, op::BINUNICODE, op::BINUNICODE8];
        self.buffer(codes, &[text.as_bytes()]);
    }

    /// `bytes` made of these parts.
    pub(super) fn bytes(&mut self, parts: &[&[u8]]) {
        self.buffer([op::SHORT_BINBYTES, op::BINBYTES, op::BINBYTES8], parts);
    }

    /// A text that may come again, such as an attribute's name.
    pub(super) fn word(&mut self, text: &str) {
        let key = MemoKey::Word(text.to_owned());
        if !self.recall(&key) {
            self.text(text);
            self.memoise(key);
        }
    }

    /// A class or function.
    pub(super) fn global(&mut self, module: &str, name: &str) {
        let key = MemoKey::Global(module.to_owned(), name.to_owned());
        if !self.recall(&key) {
            self.word(module);
            self.word(name);
            self.op(op::STACK_GLOBAL);
            self.memoise(key);
        }
    }

    /// A tuple of what `items` writes, one call for each.
    pub(super) fn tuple<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        if items.len() > 3 {
            self.op(op::MARK);
        }
        for entry in items {
            item(self, entry);
        }
        self.op(match items.len() {
            0 => op::EMPTY_TUPLE,
            1 => op::TUPLE1,
            2 => op::TUPLE2,
            3 => op::TUPLE3,
            _ => op::TUPLE,
        });
    }

    pub(super) fn sizes(&mut self, sizes: &[usize]) {
        self.tuple(sizes, |writer, &size| writer.integer(size as i64));
    }

    /// Pushes what was memoised under a key; `false` when nothing was.
    pub(super) fn recall(&mut self, key: &MemoKey) -> bool {
        let Some(&index) = self.memo.get(key) else {
            return false;
        };
        if let Ok(short) = u8::try_from(index) {
            self.out.extend([op::BINGET, short]);
        } else {
            self.op(op::LONG_BINGET);
            self.out.extend(index.to_le_bytes());
        }
        true
    }

    /// Gives the topmost object the next number of the memo.
    pub(super) fn memoise(&mut self, key: MemoKey) {
        self.op(op::MEMOIZE);
        self.memo.insert(key, self.memo.len() as u32);
    }

    /// A buffer with the instruction for its length: below 2⁸, below 2³², or longer.
    fn buffer(&mut self, [short, medium, long]: [u8; 3], parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let is_large = length >= FRAME_TARGET;
        if is_large {
            self.close_frame();
        }
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
        if is_large {
            self.open_frame();
        }
    }

    fn open_frame(&mut self) {
        self.frame = self.out.len();
        self.out.extend([op::FRAME, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    fn close_frame(&mut self) {
        let body = self.frame + FRAME_HEADER;
        let length = self.out.len() - body;
        if length < SHORTEST_FRAME {
            self.out.drain(self.frame..body);
        } else {
            self.out[self.frame + 1..body].copy_from_slice(&(length as u64).to_le_bytes());
        }
    }
}
