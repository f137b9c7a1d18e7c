//! The dimensions of a shape, with the symbols that stand for sizes. Does not know which fields have them.

use std::collections::BTreeMap;
use std::fmt;

/// One dimension of a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dimension {
    /// Exactly this many.
    Fixed(usize),
    /// A symbol plus an offset: `B` samples, `L` longest residue count, `N` residues of this sample, `C` chains of this
    /// sample, or a size of the variant such as `D`, `layers+1`.
    Symbol(String, usize),
}

/// Symbols that have a size in every response: samples, longest residue count, residues and chains of the sample.
pub(crate) const RESPONSE_SYMBOLS: [&str; 4] = ["B", "L", "N", "C"];

/// Those of them that have a size for each sample, and none for a batch.
pub(crate) const SAMPLE_SYMBOLS: [&str; 2] = ["N", "C"];

/// The sizes that symbols stand for in one response.
pub(crate) type Sizes = BTreeMap<String, usize>;

impl Dimension {
    /// The number of elements along this dimension; `None` while its symbol has no size.
    pub(crate) fn resolve(&self, sizes: &Sizes) -> Option<usize> {
        match self {
            Self::Fixed(size) => Some(*size),
            Self::Symbol(name, plus) => sizes.get(name)?.checked_add(*plus),
        }
    }

    /// Reads `B`, `layers+1` or `64`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            return text.parse().ok().map(Self::Fixed);
        }
        let (name, plus) = match text.split_once('+') {
            Some((name, plus)) => (name, plus.parse().ok()?),
            None => (text, 0),
        };
        let valid = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        valid.then(|| Self::Symbol(name.to_owned(), plus))
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Symbol(name, 0) => f.write_str(name),
            Self::Symbol(name, plus) => write!(f, "{name}+{plus}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_read_and_resolve() {
        let sizes = Sizes::from([("layers".to_owned(), 6)]);
        let layers = Dimension::parse("layers+1").unwrap();
        assert_eq!(layers.resolve(&sizes), Some(7));
        assert_eq!(layers.to_string(), "layers+1");
        assert_eq!(Dimension::parse("64"), Some(Dimension::Fixed(64)));
        assert_eq!(Dimension::parse("L").unwrap().resolve(&sizes), None);
        assert_eq!(Dimension::parse("+1"), None);
        assert_eq!(Dimension::parse("layers+x"), None);
    }
}
