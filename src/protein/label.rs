//! A short name that lies inside its struct: chain ids, atom names, residue names. No allocation per atom.

use std::fmt;

/// At most eight bytes of text without zero bytes, as structure files name chains, residues and atoms.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Label([u8; 8]);

impl Label {
    /// The longest text that fits, in bytes.
    pub const CAPACITY: usize = 8;

    /// The label of a text; `None` when it is longer than [`Self::CAPACITY`] or holds a zero byte.
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

    /// The label of a text known when compiling; a text that does not fit does not compile in a constant.
    ///
    /// # Panics
    /// When the text does not fit; meant for literals only.
    #[must_use]
    pub const fn literal(text: &'static str) -> Self {
        match Self::new(text) {
            Some(label) => label,
            None => panic!("a label holds at most eight bytes and no zero"),
        }
    }

    /// The label of some bytes of a file; `None` when they do not fit or are not UTF-8.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        // Names are ASCII but for a freak; the short way matters because a structure has five labels per atom.
        if bytes.len() > Self::CAPACITY || bytes.iter().any(|&byte| byte == 0 || !byte.is_ascii()) {
            return Self::new(std::str::from_utf8(bytes).ok()?);
        }
        let mut label = [0; Self::CAPACITY];
        label[..bytes.len()].copy_from_slice(bytes);
        Some(Self(label))
    }

    /// The same text in capitals, where its letters are ASCII.
    #[must_use]
    pub fn to_ascii_uppercase(mut self) -> Self {
        self.0.make_ascii_uppercase();
        self
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|&byte| byte == 0).unwrap_or(Self::CAPACITY);
        // Only whole texts are ever stored, so this is always valid UTF-8.
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }

    /// Whether there is no text.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0[0] == 0
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
}
