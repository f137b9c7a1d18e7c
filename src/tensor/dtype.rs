//! The element types of arrays, with their sizes and `NumPy` names. Does not read values.

use std::fmt;

/// The type of one element of a [`Tensor`](super::Tensor); always little-endian in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// One byte, 0 or 1.
    Bool,
    /// Signed 8-bit integer.
    I8,
    /// Signed 16-bit integer.
    I16,
    /// Signed 32-bit integer.
    I32,
    /// Signed 64-bit integer.
    I64,
    /// Unsigned 8-bit integer.
    U8,
    /// Unsigned 16-bit integer.
    U16,
    /// Unsigned 32-bit integer.
    U32,
    /// Unsigned 64-bit integer.
    U64,
    /// IEEE half precision.
    F16,
    /// The upper half of a single-precision float, as torch carries it; `NumPy` has no such type.
    BF16,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
    /// Fixed-width text of this many UCS-4 code points, padded with zeros.
    Text(u32),
}

impl DType {
    /// The types of fixed size with their names.
    pub(crate) const NAMES: [(Self, &str); 13] = [
        (Self::Bool, "bool"),
        (Self::I8, "int8"),
        (Self::I16, "int16"),
        (Self::I32, "int32"),
        (Self::I64, "int64"),
        (Self::U8, "uint8"),
        (Self::U16, "uint16"),
        (Self::U32, "uint32"),
        (Self::U64, "uint64"),
        (Self::F16, "float16"),
        (Self::BF16, "bfloat16"),
        (Self::F32, "float32"),
        (Self::F64, "float64"),
    ];

    /// Bytes per element.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 | Self::BF16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
            Self::Text(width) => 4 * width as usize,
        }
    }

    /// Whether elements are floating-point numbers, so that NaN and infinity can occur.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::BF16 | Self::F32 | Self::F64)
    }

    /// Whether elements are whole numbers (booleans are not).
    pub(crate) const fn is_integer(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64 | Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// Whether elements have a numeric value; everything but text.
    pub(crate) const fn is_numeric(self) -> bool {
        !matches!(self, Self::Text(_))
    }

    /// The dtype of a `NumPy` name; `str4` is text of four code points.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match Self::NAMES.iter().find(|(_, known)| *known == name) {
            Some((dtype, _)) => Some(*dtype),
            None => Some(Self::Text(name.strip_prefix("str")?.parse().ok()?)),
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, Self::NAMES.iter().find(|(dtype, _)| dtype == self)) {
            (Self::Text(width), _) => write!(f, "str{width}"),
            (_, known) => f.write_str(known.map_or("", |(_, name)| name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_its_type() {
        let whole =
            [DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U16, DType::U32, DType::U64, DType::Bool];
        let others = [DType::F16, DType::BF16, DType::F32, DType::F64, DType::Text(4)];
        for dtype in whole.into_iter().chain(others) {
            assert_eq!(DType::parse(&dtype.to_string()), Some(dtype));
        }
        assert_eq!(DType::parse("float"), None);
        assert_eq!(DType::parse("strx"), None);
    }
}
