//! What a snapshot says in text: one readable entry per value of a response, and the names of the arrays behind them.
//! Pure data with its one way of being written; [`super::read`] reads it back.

use std::fmt;

use super::ContentHash;
use crate::prediction::show_shape;
use crate::tensor::DType;

/// The first line of every digest; the number changes when the form does.
pub(super) const TITLE: &str = "hydrotest snapshot 2";

/// The readable body of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Digest {
    /// Dotted Python class of the response.
    pub class: String,
    /// Name of the file with the arrays; `None` when no entry has any.
    pub arrays: Option<ContentHash>,
    /// Path and entry of every value that is there, in the order of the response.
    pub entries: Vec<(String, Entry)>,
    /// Paths of the values that are `None`.
    pub absent: Vec<String>,
}

/// One value of a response.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// `bool`.
    Bool(bool),
    /// `int`.
    Integer(i64),
    /// `float`, at full precision.
    Float(f64),
    /// A short `list` of `int`.
    Integers(Vec<i64>),
    /// `str`.
    Text(TextEntry),
    /// `bytes`.
    Bytes {
        /// How many.
        length: usize,
        /// Which.
        hash: ContentHash,
    },
    /// Something that holds the entries below it, in words: `list of 2`.
    Container(String),
    /// Numbers or fixed-width texts.
    Array(ArrayEntry),
    /// The atoms of a structure; coordinates and other columns are arrays below it.
    Structure(StructureEntry),
}

/// A text: whole when short, else by what identifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextEntry {
    /// One line of at most 60 characters.
    Short(String),
    /// Anything else.
    Long {
        /// Number of characters.
        characters: usize,
        /// Hash of its UTF-8.
        hash: ContentHash,
        /// The first 60 characters of its first line.
        start: String,
    },
}

/// An array in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayEntry {
    /// Whether it was an array or a list of numbers.
    pub form: Form,
    /// Its element type.
    pub dtype: DType,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Least, greatest, mean and standard deviation; empty for texts and for arrays without elements.
    pub statistics: String,
    /// How much of it is stored.
    pub storage: Storage,
    /// Hash of type, shape and all elements, stored or not.
    pub hash: ContentHash,
}

/// What held the numbers of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A `NumPy` array or scalar.
    Array,
    /// A Python list of numbers.
    List,
}

/// How much of an array is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Every element.
    Whole,
    /// Some rows and the length of every row, see [`KeptRows`](super::KeptRows).
    Rows,
    /// Nothing but the hash: texts too large to keep.
    Hash,
}

/// The atoms of a structure in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructureEntry {
    /// Number of atoms.
    pub atoms: usize,
    /// Number of residues.
    pub residues: usize,
    /// Per chain its name, residue numbers, atoms and sequence.
    pub chains: Vec<String>,
    /// Hash of what names the atoms: chain, residue number and name, atom name, element.
    pub names: ContentHash,
}

impl Digest {
    /// The entry at a path.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.iter().find(|(own, _)| own == path).map(|(_, entry)| entry)
    }
}

impl ArrayEntry {
    /// The number of elements; saturating, because a shape may come from a file.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape
            .iter()
            .fold(1, |product: usize, &size| product.saturating_mul(size))
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Type and shape, such as `float32 array (2, 24, 320)`.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{} {} {}", self.dtype, self.form.name(), show_shape(&self.shape))
    }
}

impl Form {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::List => "list",
        }
    }
}

impl Storage {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Rows => "rows",
            Self::Hash => "hash",
        }
    }
}

impl Entry {
    /// What a reader calls the value, without its numbers.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Array(array) => array.describe(),
            Self::Structure(structure) => structure.describe(),
            Self::Text(TextEntry::Long { characters, .. }) => format!("str of {characters} characters"),
            Self::Bytes { length, .. } => format!("{length} bytes"),
            other => other.to_string(),
        }
    }
}

impl StructureEntry {
    /// Numbers of atoms and residues.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("structure of {} atoms in {} residues", self.atoms, self.residues)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TITLE}")?;
        writeln!(f, "class {}", self.class)?;
        match self.arrays {
            Some(hash) => writeln!(f, "arrays {hash}")?,
            None => writeln!(f, "arrays none")?,
        }
        writeln!(f)?;
        for (path, entry) in &self.entries {
            writeln!(f, "{path}: {entry}")?;
        }
        if !self.absent.is_empty() {
            writeln!(f, "None: {}", self.absent.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "bool {value}"),
            Self::Integer(value) => write!(f, "int {value}"),
            Self::Float(value) => write!(f, "float {value}"),
            Self::Integers(values) => write!(f, "list of int {values:?}"),
            Self::Text(TextEntry::Short(text)) => write!(f, "str {}", quote(text)),
            Self::Text(TextEntry::Long {
                characters,
                hash,
                start,
            }) => write!(f, "str of {characters} characters, {hash}, starts {}", quote(start)),
            Self::Bytes { length, hash } => write!(f, "bytes, {length}, {hash}"),
            Self::Container(words) => f.write_str(words),
            Self::Array(array) => {
                f.write_str(&array.describe())?;
                if !array.statistics.is_empty() {
                    write!(f, "\n  {}", array.statistics)?;
                }
                write!(f, "\n  {} {}", array.storage.name(), array.hash)
            }
            Self::Structure(structure) => {
                f.write_str(&structure.describe())?;
                for chain in &structure.chains {
                    write!(f, "\n  chain {chain}")?;
                }
                write!(f, "\n  names {}", structure.names)
            }
        }
    }
}

/// A text as JSON writes it: one line, whatever is in it.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
