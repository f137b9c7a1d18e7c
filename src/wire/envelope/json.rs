//! Scans a JSON object of texts while it arrives, in pieces of any size, without storing it. Does not know base64.

use memchr::memchr2;

use super::error::EnvelopeError;
use crate::wire::ResponseLimits;

/// The keys of the envelope, and all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EnvelopeKey {
    Payload,
    Signature,
    Other,
}

impl EnvelopeKey {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Payload => "pickled",
            Self::Signature => "hmac",
            Self::Other => "",
        }
    }
}

/// An event of the scanner.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// The text of a field begins.
    Begin(EnvelopeKey),
    /// A piece of the text of a field, without escapes.
    Piece(EnvelopeKey, &'a [u8]),
    /// One escaped character of the text; `None` if it is not ASCII.
    Escaped(EnvelopeKey, Option<u8>),
    /// The text of a field is complete.
    End(EnvelopeKey),
}

pub(super) struct Scanner {
    state: ScanState,
    escape: Escape,
    /// The start of the current key; longer keys are unknown ones.
    key: Vec<u8>,
    field: EnvelopeKey,
    /// The missing closing brackets of a skipped value.
    closing: Vec<u8>,
    offset: usize,
    extra: usize,
    limits: ResponseLimits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanState {
    Start,
    FirstKey,
    NextKey,
    Key,
    Colon,
    Value,
    /// Inside the text of a field, or of an unknown key.
    Text,
    /// Inside a number or literal of an unknown key.
    Literal,
    /// Inside brackets of an unknown key.
    Brackets,
    BracketsText,
    Comma,
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    Backslash,
    /// The number of missing digits and the value so far.
    Unicode(u8, u32),
}

impl Scanner {
    /// The length of the longest known key, plus one.
    const KEY_KEPT: usize = 8;

    pub(super) const fn new(limits: &ResponseLimits) -> Self {
        Self {
            state: ScanState::Start,
            escape: Escape::None,
            key: Vec::new(),
            field: EnvelopeKey::Other,
            closing: Vec::new(),
            offset: 0,
            extra: 0,
            limits: *limits,
        }
    }

    /// The bytes of the body so far.
    pub(super) const fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == ScanState::Done
    }

    /// The next event, whose bytes are removed from `rest`. Returns `None` at the end of `rest`.
    pub(super) fn next<'a>(&mut self, rest: &mut &'a [u8]) -> Result<Option<Event<'a>>, EnvelopeError> {
        loop {
            let is_text = self.state == ScanState::Text && self.escape == Escape::None;
            if is_text && self.field != EnvelopeKey::Other {
                let end = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                let (piece, tail) = rest.split_at(end);
                if !piece.is_empty() {
                    if self.field != EnvelopeKey::Payload {
                        self.count(piece.len())?;
                    }
                    *rest = tail;
                    self.offset += piece.len();
                    return Ok(Some(Event::Piece(self.field, piece)));
                }
            }
            let Some((&byte, tail)) = rest.split_first() else { return Ok(None) };
            let event = self.step(byte)?;
            *rest = tail;
            self.offset += 1;
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    fn step(&mut self, byte: u8) -> Result<Option<Event<'static>>, EnvelopeError> {
        if !(self.state == ScanState::Text && self.field == EnvelopeKey::Payload) {
            self.count(1)?;
        }
        match self.state {
            ScanState::Key | ScanState::Text | ScanState::BracketsText => return self.text(byte),
            ScanState::Literal if matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.') => {
                return Ok(None);
            }
            ScanState::Literal => self.state = ScanState::Comma,
            _ => {}
        }
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            return Ok(None);
        }
        self.state = match (self.state, byte) {
            (ScanState::Start, b'{') => ScanState::FirstKey,
            (ScanState::Start, _) => return self.expected("a JSON object"),
            (ScanState::FirstKey | ScanState::NextKey, b'"') => {
                self.key.clear();
                ScanState::Key
            }
            (ScanState::FirstKey | ScanState::Comma, b'}') => ScanState::Done,
            (ScanState::FirstKey | ScanState::NextKey, _) => return self.expected("a key"),
            (ScanState::Colon, b':') => ScanState::Value,
            (ScanState::Colon, _) => return self.expected("a colon"),
            (ScanState::Value, b'"') => {
                self.state = ScanState::Text;
                return Ok((self.field != EnvelopeKey::Other).then_some(Event::Begin(self.field)));
            }
            (ScanState::Value, _) if self.field != EnvelopeKey::Other => {
                return Err(EnvelopeError::NotText(self.field.name()));
            }
            (ScanState::Value, b'{' | b'[') => self.open(byte)?,
            (ScanState::Value, b'0'..=b'9' | b'-' | b't' | b'f' | b'n') => ScanState::Literal,
            (ScanState::Value, _) => return self.expected("a value"),
            (ScanState::Brackets, _) => self.brackets(byte)?,
            (ScanState::Comma, b',') => ScanState::NextKey,
            (ScanState::Comma, _) => return self.expected("a comma or the end of the object"),
            _ => return self.expected("the end of the body"),
        };
        Ok(None)
    }

    /// Counts bytes outside of the payload.
    const fn count(&mut self, bytes: usize) -> Result<(), EnvelopeError> {
        self.extra += bytes;
        let limit = self.limits.extra;
        if self.extra > limit { Err(EnvelopeError::TooMuchExtra { limit }) } else { Ok(()) }
    }

    const fn expected<T>(&self, expected: &'static str) -> Result<T, EnvelopeError> {
        Err(EnvelopeError::Json { offset: self.offset, expected })
    }

    fn open(&mut self, bracket: u8) -> Result<ScanState, EnvelopeError> {
        if self.closing.len() >= self.limits.depth {
            return Err(EnvelopeError::TooDeep { limit: self.limits.depth });
        }
        self.closing.push(if bracket == b'{' { b'}' } else { b']' });
        Ok(ScanState::Brackets)
    }

    /// One byte inside the brackets of an unknown key. Brackets must match; their contents are not checked.
    fn brackets(&mut self, byte: u8) -> Result<ScanState, EnvelopeError> {
        match byte {
            b'"' => Ok(ScanState::BracketsText),
            b'{' | b'[' => self.open(byte),
            b'}' | b']' if self.closing.pop() != Some(byte) => self.expected("matching brackets"),
            b'}' | b']' if self.closing.is_empty() => Ok(ScanState::Comma),
            b'}' | b']' | b',' | b':' | b'.' | b'+' | b'-' | b'E' | b'0'..=b'9' | b'a'..=b'z' => {
                Ok(ScanState::Brackets)
            }
            _ => self.expected("a value"),
        }
    }

    /// One byte of a text outside of a piece.
    fn text(&mut self, byte: u8) -> Result<Option<Event<'static>>, EnvelopeError> {
        let letter = match (self.escape, byte) {
            (Escape::None, b'"') => return Ok(self.end_text()),
            (Escape::None, b'\\') => {
                self.escape = Escape::Backslash;
                return Ok(None);
            }
            (Escape::None, 0..0x20) => return self.expected("text without control characters"),
            (Escape::Backslash, b'u') => {
                self.escape = Escape::Unicode(4, 0);
                return Ok(None);
            }
            (Escape::None, _) | (Escape::Backslash, b'"' | b'\\' | b'/') => Some(byte),
            (Escape::Backslash, b'b') => Some(0x08),
            (Escape::Backslash, b'f') => Some(0x0c),
            (Escape::Backslash, b'n') => Some(b'\n'),
            (Escape::Backslash, b'r') => Some(b'\r'),
            (Escape::Backslash, b't') => Some(b'\t'),
            (Escape::Backslash, _) => return self.expected("an escape of JSON"),
            (Escape::Unicode(left, number), _) => {
                let Some(digit) = char::from(byte).to_digit(16) else { return self.expected("a hexadecimal digit") };
                let number = number << 4 | digit;
                if left > 1 {
                    self.escape = Escape::Unicode(left - 1, number);
                    return Ok(None);
                }
                u8::try_from(number).ok().filter(u8::is_ascii)
            }
        };
        self.escape = Escape::None;
        if self.state == ScanState::Key && self.key.len() < Self::KEY_KEPT {
            // Any byte outside the known keys can replace a character that is not ASCII.
            self.key.push(letter.unwrap_or(0));
        }
        let is_field = self.state == ScanState::Text && self.field != EnvelopeKey::Other;
        Ok(is_field.then_some(Event::Escaped(self.field, letter)))
    }

    fn end_text(&mut self) -> Option<Event<'static>> {
        let is_field = self.state == ScanState::Text && self.field != EnvelopeKey::Other;
        self.state = match self.state {
            ScanState::Key => {
                self.field = match self.key.as_slice() {
                    b"pickled" => EnvelopeKey::Payload,
                    b"hmac" => EnvelopeKey::Signature,
                    _ => EnvelopeKey::Other,
                };
                ScanState::Colon
            }
            ScanState::BracketsText => ScanState::Brackets,
            _ => ScanState::Comma,
        };
        is_field.then_some(Event::End(self.field))
    }
}
