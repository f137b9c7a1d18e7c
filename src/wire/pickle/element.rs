//! The type of an array's elements, as NumPy describes it. Reads no description.

use crate::tensor::DType;

/// A `numpy.dtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementType {
    pub(super) kind: ElementKind,
    pub(super) order: ByteOrder,
}

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementKind {
    Plain(DType),
    Object,
}

/// In which order its bytes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ElementType {
    /// Bytes of one.
    pub(super) const fn size(self) -> usize {
        match self.kind {
            ElementKind::Plain(dtype) => dtype.size(),
            ElementKind::Object => 8,
        }
    }
}
