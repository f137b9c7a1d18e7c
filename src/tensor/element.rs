//! The elements of arrays: a trait for a closed set of Rust types, and text of fixed width. Reads and writes single elements and
//! judges no value.

use half::{bf16, f16};

use super::{DType, Tensor};

/// A Rust type that is the element of some [`DType`].
pub trait Element: Copy + 'static {
    /// The array type whose elements are these.
    const DTYPE: DType;

    /// Reads one element from exactly `DTYPE.size()` little-endian bytes.
    fn read(bytes: &[u8]) -> Self;

    /// Reads elements one after another; bytes that are left over make none. Checks go over every element of every array,
    /// so this is one plain loop.
    fn for_each(bytes: &[u8], visit: impl FnMut(Self));

    /// Appends the element's little-endian bytes.
    fn write(self, out: &mut Vec<u8>);
}

macro_rules! number {
    ($type:ty, $dtype:ident) => {
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

            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    };
}

number!(i8, I8);
number!(i16, I16);
number!(i32, I32);
number!(i64, I64);
number!(u8, U8);
number!(u16, U16);
number!(u32, U32);
number!(u64, U64);
number!(f16, F16);
number!(bf16, BF16);
number!(f32, F32);
number!(f64, F64);

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
        let mut text: Vec<char> = Vec::new();
        for unit in cell.chunks_exact(4) {
            text.push(char::from_u32(u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]))?);
        }
        Some(text.iter().collect::<String>().trim_end_matches('\0').to_owned())
    }

    /// A one-dimensional array of fixed-width text; longer entries are cut at `width` code points.
    #[must_use]
    pub fn from_texts<'a>(width: u32, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut data = Vec::new();
        let mut count = 0;
        for text in texts {
            let mut units = text.chars().map(u32::from).chain(std::iter::repeat(0));
            for _ in 0..width {
                data.extend_from_slice(&units.next().unwrap_or(0).to_le_bytes());
            }
            count += 1;
        }
        Self { dtype: DType::Text(width), shape: vec![count], data: data.into(), device: None }
    }
}
