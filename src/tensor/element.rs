//! The elements of arrays: a trait for a closed set of Rust types, and text of fixed width. Reads and writes elements. Does not check
//! their values.

use half::{bf16, f16};

use super::{DType, Tensor};

/// A Rust type that is the element type of a [`DType`].
pub trait Element: Copy + 'static {
    /// The array type whose elements are these.
    const DTYPE: DType;

    /// Reads one element from exactly `DTYPE.size()` little-endian bytes.
    fn read(bytes: &[u8]) -> Self;

    /// Calls `visit` with every element; ignores an incomplete last one. A plain loop, because checks visit every element of every array.
    fn for_each(bytes: &[u8], visit: impl FnMut(Self));

    /// Reads elements as double precision until the bytes or the buffer end. Returns how many were read.
    fn widen(bytes: &[u8], buffer: &mut [f64]) -> usize;

    /// The value as double precision.
    fn to_f64(self) -> f64;

    /// Appends the little-endian bytes of the element.
    fn write(self, out: &mut Vec<u8>);
}

macro_rules! number {
    ($type:ty, $dtype:ident, $widen:expr) => {
        impl Element for $type {
            const DTYPE: DType = DType::$dtype;

            fn read(bytes: &[u8]) -> Self {
                let mut raw = [0; size_of::<$type>()];
                raw.copy_from_slice(bytes);
                Self::from_le_bytes(raw)
            }

            fn for_each(bytes: &[u8], mut visit: impl FnMut(Self)) {
                let (elements, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                for element in elements {
                    visit(Self::from_le_bytes(*element));
                }
            }

            // Cells of a size known at compile time, so that even a lightly optimised build reads without a check per element.
            fn widen(bytes: &[u8], buffer: &mut [f64]) -> usize {
                let (elements, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                for (slot, element) in buffer.iter_mut().zip(elements) {
                    *slot = $widen(Self::from_le_bytes(*element));
                }
                elements.len().min(buffer.len())
            }

            fn to_f64(self) -> f64 {
                $widen(self)
            }

            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    };
}

number!(i8, I8, f64::from);
number!(i16, I16, f64::from);
number!(i32, I32, f64::from);
number!(i64, I64, |value| value as f64);
number!(u8, U8, f64::from);
number!(u16, U16, f64::from);
number!(u32, U32, f64::from);
number!(u64, U64, |value| value as f64);
number!(f16, F16, f64::from);
number!(bf16, BF16, f64::from);
number!(f32, F32, f64::from);
number!(f64, F64, |value| value);

impl Element for bool {
    const DTYPE: DType = DType::Bool;

    fn read(bytes: &[u8]) -> Self {
        bytes.first().is_some_and(|&byte| byte != 0)
    }

    fn for_each(bytes: &[u8], mut visit: impl FnMut(Self)) {
        for &byte in bytes {
            visit(byte != 0);
        }
    }

    fn widen(bytes: &[u8], buffer: &mut [f64]) -> usize {
        for (slot, &byte) in buffer.iter_mut().zip(bytes) {
            *slot = (byte != 0).to_f64();
        }
        bytes.len().min(buffer.len())
    }

    fn to_f64(self) -> f64 {
        f64::from(u8::from(self))
    }

    fn write(self, out: &mut Vec<u8>) {
        out.push(u8::from(self));
    }
}

// Fixed-width text: code points of four bytes, padded with zeros, as `NumPy` keeps them.
impl Tensor {
    /// One element of fixed-width text without its padding; `None` past the end, for numbers, or for invalid code points.
    #[must_use]
    pub fn text_at(&self, flat: usize) -> Option<String> {
        let DType::Text(_) = self.dtype else { return None };
        let size = self.dtype.size();
        let cell = self.data.get(flat * size..(flat + 1) * size)?;
        let units = cell.as_chunks().0.iter().map(|&unit| char::from_u32(u32::from_le_bytes(unit)));
        Some(units.collect::<Option<String>>()?.trim_end_matches('\0').to_owned())
    }

    /// A one-dimensional array of fixed-width text; longer entries are cut at `width` code points.
    #[must_use]
    pub fn from_texts<'a>(width: u32, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut data = Vec::new();
        let mut count = 0;
        for text in texts {
            let units = text.chars().map(u32::from).chain(std::iter::repeat(0));
            for unit in units.take(width as usize) {
                data.extend_from_slice(&unit.to_le_bytes());
            }
            count += 1;
        }
        Self { dtype: DType::Text(width), shape: vec![count], data: data.into(), device: None }
    }
}
