//! A short name without an allocation: chain ids, atom names, residue names. Does not know what it names.

use std::cmp::Ordering;
use std::fmt;
use std::sync::{PoisonError, RwLock};

/// At most eight bytes of text without zero bytes, as in the names of chains, residues and atoms. Longer names of chains are rare. They
/// are stored once for the whole program, and the label holds their number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Label([u8; 8]);

/// The first byte of a label with a number. No text begins with it.
const NUMBERED: u8 = 0xff;
/// The longer texts by their numbers. They stay until the program ends, so their number and length are limited.
static LONG: RwLock<Vec<&'static str>> = RwLock::new(Vec::new());
/// The most longer texts.
const MOST_LONG: usize = 1 << 12;

impl Label {
    /// The longest text that fits, in bytes.
    pub const CAPACITY: usize = 8;

    /// The label of a text; `None` if it is longer than [`Self::CAPACITY`] or holds a zero byte.
    #[must_use]
    pub const fn new(text: &str) -> Option<Self> {
        let source = text.as_bytes();
        if source.len() > Self::CAPACITY {
            return None;
        }
        let mut bytes = [0; Self::CAPACITY];
        let mut index = 0;
        while index < source.len() {
            if source[index] == 0 {
                return None;
            }
            bytes[index] = source[index];
            index += 1;
        }
        Some(Self(bytes))
    }

    /// The longest text of [`Self::of_chain`], in bytes.
    pub const LONGEST: usize = 64;

    /// The label of a text of up to [`Self::LONGEST`] bytes. Returns `None` if the text is longer or holds a zero byte, or if there are
    /// already thousands of texts longer than [`Self::CAPACITY`].
    #[must_use]
    pub fn of_chain(text: &str) -> Option<Self> {
        if text.len() <= Self::CAPACITY {
            return Self::new(text);
        }
        if text.len() > Self::LONGEST || text.contains('\0') {
            return None;
        }
        let find = |known: &[&str]| known.iter().position(|&long| long == text);
        let known = find(&LONG.read().unwrap_or_else(PoisonError::into_inner));
        let number = known.or_else(|| {
            let mut known = LONG.write().unwrap_or_else(PoisonError::into_inner);
            let number = find(&known).unwrap_or(known.len());
            if number == known.len() && number < MOST_LONG {
                known.push(String::leak(text.to_owned()));
            }
            (number < known.len()).then_some(number)
        })?;
        let [a, b, c, d] = u32::try_from(number).ok()?.to_be_bytes();
        Some(Self([NUMBERED, a, b, c, d, 0, 0, 0]))
    }

    /// The longer text whose number the label holds.
    fn long(self) -> Option<&'static str> {
        let [NUMBERED, a, b, c, d, ..] = self.0 else { return None };
        let known = LONG.read().unwrap_or_else(PoisonError::into_inner);
        known.get(u32::from_be_bytes([a, b, c, d]) as usize).copied()
    }

    /// The label of a literal. In a constant, a text that does not fit is a compile error.
    ///
    /// # Panics
    /// The text does not fit.
    #[must_use]
    pub const fn literal(text: &'static str) -> Self {
        match Self::new(text) {
            Some(label) => label,
            None => panic!("a label holds at most eight bytes and no zero"),
        }
    }

    /// The label of bytes of a file; `None` if they do not fit or are not UTF-8.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        // A fast path for ASCII, because a structure has five labels per atom.
        if bytes.len() > Self::CAPACITY || bytes.iter().any(|&byte| byte == 0 || !byte.is_ascii()) {
            return Self::new(std::str::from_utf8(bytes).ok()?);
        }
        // Made in a register: a processor waits when it loads as one word what it has just stored as bytes.
        let word = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        Some(Self(word.to_le_bytes()))
    }

    /// The same text with its ASCII letters in capitals.
    #[must_use]
    pub fn to_ascii_uppercase(mut self) -> Self {
        if let Some(long) = self.long() {
            return Self::of_chain(&long.to_ascii_uppercase()).unwrap_or(self);
        }
        self.0.make_ascii_uppercase();
        self
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        if let Some(long) = self.long() {
            return long;
        }
        let length = self.0.iter().position(|&byte| byte == 0).unwrap_or(Self::CAPACITY);
        // Only whole texts are stored, so this is always valid UTF-8.
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }

    /// Whether there is no text.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0[0] == 0
    }
}

impl Ord for Label {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0[0] == NUMBERED || other.0[0] == NUMBERED {
            return self.as_str().cmp(other.as_str());
        }
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq<str> for Label {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Label {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Label;

    #[test]
    fn holds_eight_bytes_and_no_more() {
        assert_eq!(Label::new("12345678").unwrap().as_str(), "12345678");
        assert_eq!(Label::new("123456789"), None);
        assert_eq!(Label::new("a\0b"), None);
        assert_eq!(Label::from_bytes(b"12345678"), Label::new("12345678"));
        assert_eq!(Label::from_bytes("å".as_bytes()), Label::new("å"));
        assert_eq!(Label::from_bytes(b"123456789"), None);
        assert_eq!(Label::from_bytes(b"a\0b"), None);
        assert_eq!(Label::from_bytes(b"\xff"), None);
        assert_eq!(format!("[{:>4}]", Label::literal("CA")), "[  CA]");
        assert!(Label::default().is_empty());
    }

    #[test]
    fn longer_names_of_chains_are_equal_and_ordered_by_their_text() {
        let [heavy, light] = ["heavy_chain", "Light_chain"].map(|text| Label::of_chain(text).unwrap());
        assert_eq!((heavy.as_str(), light.as_str()), ("heavy_chain", "Light_chain"));
        assert_eq!(Label::of_chain("heavy_chain"), Some(heavy));
        assert_ne!(heavy, light);
        assert!(light < heavy && Label::literal("a") < heavy && heavy < Label::literal("i"));
        assert_eq!(heavy.to_ascii_uppercase().as_str(), "HEAVY_CHAIN");
        assert!(!heavy.is_empty() && heavy == "heavy_chain");
        assert_eq!(Label::of_chain("A"), Some(Label::literal("A")));
        assert_eq!(Label::of_chain(&"x".repeat(65)), None);
        assert_eq!(Label::of_chain("heavy\0chain"), None);
    }
}
