//! The values of a field: Python objects as data. Numbers stay in their arrays, and nothing is executed.

use bytes::Bytes;

use crate::protein::Structure;
use crate::tensor::{KeptRows, Tensor};

/// One decoded Python value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Python's `None`: a field that was not requested.
    None,
    /// `bool`.
    Bool(bool),
    /// `int`; larger ones than 64 bits are refused when decoding.
    Integer(i64),
    /// `float`.
    Float(f64),
    /// `str`.
    Text(String),
    /// `bytes` or `bytearray`.
    Bytes(Bytes),
    /// A `NumPy` array, a `NumPy` scalar (no dimensions) or a torch tensor.
    Array(Tensor),
    /// The recorded rows of an array that is too large to be recorded whole. No response contains this.
    Rows(Box<KeptRows>),
    /// A biotite `AtomArray` or `AtomArrayStack`.
    Structure(Box<Structure>),
    /// `list`.
    List(Vec<Value>),
    /// `tuple`.
    Tuple(Vec<Value>),
    /// `set` or `frozenset`, in the order it was written.
    Set(Vec<Value>),
    /// `dict` or `OrderedDict`, in order.
    Map(Vec<(Value, Value)>),
    /// An object of a class with plain state.
    Record(Record),
    /// A `NumPy` array of objects in C order.
    Objects {
        /// Dimensions of the array.
        shape: Vec<usize>,
        /// Its elements.
        items: Vec<Value>,
    },
}

/// An object as its class name and attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Dotted Python class.
    pub class: String,
    /// Attributes in order.
    pub fields: Vec<(String, Value)>,
}

impl Value {
    /// Whether this is Python's `None`.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The array, if it is one.
    #[must_use]
    pub const fn as_array(&self) -> Option<&Tensor> {
        match self {
            Self::Array(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// The structure, if it is one.
    #[must_use]
    pub fn as_structure(&self) -> Option<&Structure> {
        match self {
            Self::Structure(structure) => Some(structure),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    #[must_use]
    pub fn as_items(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) | Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// A whole number, from an `int` or an integer array of one element.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Array(tensor) if tensor.len() == 1 && tensor.dtype().is_integer() => {
                tensor.f64_at(0).map(|number| number as i64)
            }
            _ => None,
        }
    }

    /// A number, from an `int`, a `float` or a numeric array of one element.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Array(tensor) if tensor.len() == 1 => tensor.f64_at(0),
            _ => None,
        }
    }

    /// A short description of the value, such as `float32 array (1, 24, 320)` or `list of 2`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::None => "None".into(),
            Self::Bool(value) => format!("bool {value}"),
            Self::Integer(value) => format!("int {value}"),
            Self::Float(value) => format!("float {value}"),
            Self::Text(text) => format!("str of {} characters", text.chars().count()),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Self::Array(tensor) => format!("{} array {}", tensor.dtype(), show_shape(tensor.shape())),
            Self::Rows(rows) => format!("some rows of a {} array {}", rows.dtype(), show_shape(&rows.shape)),
            Self::Structure(structure) => format!("structure of {} atoms", structure.atoms()),
            Self::List(items) => format!("list of {}", items.len()),
            Self::Tuple(items) => format!("tuple of {}", items.len()),
            Self::Set(items) => format!("set of {}", items.len()),
            Self::Map(entries) => format!("dict of {}", entries.len()),
            Self::Record(record) => format!("{} object", record.class),
            Self::Objects { shape, .. } => format!("object array {}", show_shape(shape)),
        }
    }

    /// The value at the rest of a path: `""`, `.name…` or `[index]…`.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        if path.is_empty() {
            return Some(self);
        }
        if let Some(rest) = path.strip_prefix('[') {
            let (index, rest) = rest.split_once(']')?;
            return self.as_items()?.get(index.parse::<usize>().ok()?)?.at(rest);
        }
        let rest = path.strip_prefix('.')?;
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        match self {
            Self::Record(record) => record.fields.iter().find(|(field, _)| field == name)?.1.at(rest),
            Self::Map(entries) => entries.iter().find(|(key, _)| key.as_text() == Some(name))?.1.at(rest),
            _ => None,
        }
    }
}

/// Writes dimensions as Python does: `(2, 3)`, `(5,)`, `()`.
#[must_use]
pub fn show_shape(shape: &[usize]) -> String {
    match shape {
        [only] => format!("({only},)"),
        _ => format!("({})", shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}
