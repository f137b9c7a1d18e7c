//! Typed n-dimensional arrays over shared bytes: C order, little-endian, cheap to clone and to view.
//!
//! Reading a tensor does not copy its bytes, so a decoded response can hand out views into one buffer. Does not know files, the wire or
//! proteins.

mod content_hash;
mod dtype;
mod element;
mod kept_rows;
pub(crate) mod strided;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub(crate) use content_hash::ContentHash;
pub use dtype::DType;
pub use element::Element;
pub use kept_rows::KeptRows;
pub(crate) use kept_rows::RowGrid;

/// Evaluates an expression with `$T` as the Rust type of the elements, or another expression for text.
macro_rules! for_element {
    ($dtype:expr, $T:ident => $number:expr, else $text:expr) => {
        for_element!(@ $dtype, $T, $number, $text, Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16,
            U32 u32, U64 u64, F16 half::f16, BF16 half::bf16, F32 f32, F64 f64)
    };
    (@ $dtype:expr, $T:ident, $number:expr, $text:expr, $($name:ident $type:ty),*) => {
        match $dtype {
            $(DType::$name => {
                type $T = $type;
                $number
            })*
            DType::Text(_) => $text,
        }
    };
}

/// An n-dimensional array in C order over little-endian bytes. Zero dimensions make it a scalar of one element.
#[derive(Clone, PartialEq, Eq)]
pub struct Tensor {
    dtype: DType,
    shape: Vec<usize>,
    data: Bytes,
    device: Option<Arc<str>>,
}

/// Bytes and a shape that do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TensorError {
    /// The product of the dimensions does not fit into memory.
    #[error("shape {0:?} has more elements than memory can hold")]
    TooLarge(Vec<usize>),
    /// The number of bytes is not elements × element size.
    #[error("shape {shape:?} of {dtype} needs {expected} bytes, got {actual}")]
    WrongLength {
        /// The dimensions asked for.
        shape: Vec<usize>,
        /// The element type asked for.
        dtype: DType,
        /// Bytes that shape and type need.
        expected: usize,
        /// Bytes that were there.
        actual: usize,
    },
}

impl Tensor {
    /// An array of `shape` over `data`.
    ///
    /// # Errors
    /// The number of bytes does not fit the shape.
    pub fn new(dtype: DType, shape: Vec<usize>, data: Bytes) -> Result<Self, TensorError> {
        match Self::size_of(dtype.size(), &shape) {
            None => Err(TensorError::TooLarge(shape)),
            Some(expected) if expected != data.len() => {
                Err(TensorError::WrongLength { actual: data.len(), expected, shape, dtype })
            }
            Some(_) => Ok(Self { dtype, shape, data, device: None }),
        }
    }

    /// The bytes of an array with elements of `size` bytes; `None` if memory cannot hold them. As in `NumPy`, the other dimensions of an
    /// empty array must fit into memory too, so that no product of some of them can overflow later.
    pub(crate) fn size_of(size: usize, shape: &[usize]) -> Option<usize> {
        shape
            .iter()
            .filter(|&&dimension| dimension != 0)
            .try_fold(size.max(1), |product, &dimension| product.checked_mul(dimension))
            .filter(|&product| isize::try_from(product).is_ok())
            .map(|product| if size == 0 || shape.contains(&0) { 0 } else { product })
    }

    /// An array of `shape` from values in C order.
    ///
    /// # Errors
    /// The number of values does not fit the shape.
    pub fn from_values<T: Element>(shape: Vec<usize>, values: &[T]) -> Result<Self, TensorError> {
        Self::new(T::DTYPE, shape, Self::vector(values).data)
    }

    /// A one-dimensional array.
    #[must_use]
    pub fn vector<T: Element>(values: &[T]) -> Self {
        let mut data = Vec::with_capacity(values.len() * T::DTYPE.size());
        for value in values {
            value.write(&mut data);
        }
        Self { dtype: T::DTYPE, shape: vec![values.len()], data: data.into(), device: None }
    }

    /// An array without dimensions: one value, as a `NumPy` scalar is.
    #[must_use]
    pub fn scalar<T: Element>(value: T) -> Self {
        Self { shape: Vec::new(), ..Self::vector(&[value]) }
    }

    /// The same array with the device that its writer had stored it on, such as `cuda:0`.
    #[must_use]
    pub fn on_device(mut self, device: Arc<str>) -> Self {
        self.device = Some(device);
        self
    }

    /// The device that its writer had stored it on; `None` for main memory.
    #[must_use]
    pub fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    /// The element type.
    #[must_use]
    pub const fn dtype(&self) -> DType {
        self.dtype
    }

    /// The dimensions, outermost first.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no element at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements in memory: C order, little-endian.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.data
    }

    /// The elements in C order, when `T` is exactly the element type.
    #[must_use]
    pub fn values<T: Element>(&self) -> Option<impl ExactSizeIterator<Item = T> + '_> {
        (T::DTYPE == self.dtype).then(|| self.data.chunks_exact(T::DTYPE.size()).map(T::read))
    }

    /// The elements in C order as double precision; `None` for text. 64-bit integers beyond 2⁵³ lose their last digits.
    #[must_use]
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        if !self.dtype.is_numeric() {
            return None;
        }
        let mut values = Vec::with_capacity(self.len());
        self.for_each_f64(0..self.len(), |_, value| values.push(value));
        Some(values)
    }

    /// One element as double precision; `None` past the end or for text.
    #[must_use]
    pub fn f64_at(&self, flat: usize) -> Option<f64> {
        let mut found = None;
        if flat < self.len() {
            self.for_each_f64(flat..flat + 1, |_, value| found = Some(value));
        }
        found
    }

    /// Calls `visit` with flat index and value of every element in `range`; never for text.
    pub fn for_each_f64(&self, range: std::ops::Range<usize>, mut visit: impl FnMut(usize, f64)) {
        let size = self.dtype.size();
        let Some(cells) = self.data.get(range.start * size..range.end * size) else { return };
        let mut flat = range.start;
        for_element!(self.dtype, T => T::for_each(cells, |value| {
            visit(flat, value.to_f64());
            flat += 1;
        }), else ());
    }

    /// Reads elements from `start` on as double precision until the buffer or the array ends. Returns what was read; nothing for text.
    /// The fast way through a large array.
    pub fn read_f64<'a>(&self, start: usize, buffer: &'a mut [f64]) -> &'a [f64] {
        let bytes = self.data.get(start.saturating_mul(self.dtype.size())..).unwrap_or_default();
        let read = for_element!(self.dtype, T => T::widen(bytes, buffer), else 0);
        &buffer[..read]
    }

    /// The part at `index` of the outermost dimension, sharing these bytes; `None` for scalars and past the end.
    #[must_use]
    pub fn part(&self, index: usize) -> Option<Self> {
        let (&outer, inner) = self.shape.split_first()?;
        if index >= outer {
            return None;
        }
        let size = inner.iter().product::<usize>() * self.dtype.size();
        Some(Self {
            dtype: self.dtype,
            shape: inner.to_vec(),
            data: self.data.slice(index * size..(index + 1) * size),
            device: self.device.clone(),
        })
    }

    /// A new array of the parts at `indices` of the outermost dimension; `None` for scalars and past the end.
    #[must_use]
    pub fn gather(&self, indices: &[usize]) -> Option<Self> {
        let mut shape = self.shape.clone();
        *shape.first_mut()? = indices.len();
        let mut data = Vec::new();
        for &index in indices {
            data.extend_from_slice(&self.part(index)?.data);
        }
        Self::new(self.dtype, shape, data.into()).ok()
    }

    /// The position of a flat index along every dimension.
    #[must_use]
    pub fn position(&self, flat: usize) -> Vec<usize> {
        position(&self.shape, flat)
    }
}

/// The position of a flat index along every dimension of a shape.
fn position(shape: &[usize], flat: usize) -> Vec<usize> {
    let mut rest = flat;
    let mut position = vec![0; shape.len()];
    for (along, &size) in position.iter_mut().zip(shape).rev() {
        *along = rest % size.max(1);
        rest /= size.max(1);
    }
    position
}

/// Shows type, shape and size: the elements are too many for a log.
impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({} {:?}, {} bytes)", self.dtype, self.shape, self.data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_shares_bytes_and_reads_the_same_values() {
        let tensor = Tensor::from_values(vec![2, 3], &[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let part = tensor.part(1).unwrap();
        assert_eq!(part.values::<f32>().unwrap().collect::<Vec<_>>(), [4.0, 5.0, 6.0]);
        assert_eq!(part.bytes().as_ptr(), tensor.bytes()[12..].as_ptr());
        assert_eq!(tensor.part(2), None);
    }

    #[test]
    fn gathering_takes_rows_in_the_order_asked_for() {
        let tensor = Tensor::from_values(vec![3, 2], &[1u8, 2, 3, 4, 5, 6]).unwrap();
        let expected = Tensor::from_values(vec![2, 2], &[5u8, 6, 1, 2]).unwrap();
        assert_eq!(tensor.gather(&[2, 0]), Some(expected));
        assert_eq!(tensor.gather(&[3]), None);
        assert_eq!(Tensor::scalar(1u8).gather(&[0]), None);
    }

    #[test]
    fn length_must_fit_the_shape() {
        let error = Tensor::new(DType::F32, vec![3], Bytes::from_static(&[0; 8])).unwrap_err();
        assert_eq!(error.to_string(), "shape [3] of float32 needs 12 bytes, got 8");
        let error = Tensor::new(DType::F64, vec![usize::MAX, 2], Bytes::new()).unwrap_err();
        assert!(matches!(error, TensorError::TooLarge(_)));
        let error = Tensor::new(DType::F64, vec![0, usize::MAX, 2], Bytes::new()).unwrap_err();
        assert!(matches!(error, TensorError::TooLarge(_)));
    }

    #[test]
    fn positions_count_from_the_outermost_dimension() {
        let tensor = Tensor::from_values(vec![2, 3, 4], &[0u8; 24]).unwrap();
        assert_eq!(tensor.position(23), [1, 2, 3]);
        assert_eq!(tensor.position(4), [0, 1, 0]);
        assert_eq!(Tensor::scalar(1.0f64).position(0), Vec::<usize>::new());
    }

    #[test]
    fn a_run_of_elements_is_read_until_buffer_or_array_ends() {
        let tensor = Tensor::vector(&[1i16, -2, 3, 4, 5]);
        let mut buffer = [0.0; 3];
        assert_eq!(tensor.read_f64(1, &mut buffer), [-2.0, 3.0, 4.0]);
        assert_eq!(tensor.read_f64(4, &mut buffer), [5.0]);
        assert_eq!(tensor.read_f64(5, &mut buffer), [0.0; 0]);
        assert_eq!(tensor.read_f64(usize::MAX, &mut buffer), [0.0; 0]);
        assert_eq!(Tensor::from_texts(1, ["A"]).read_f64(0, &mut buffer), [0.0; 0]);
    }

    #[test]
    fn text_keeps_its_letters_and_drops_its_padding() {
        let names = Tensor::from_texts(4, ["A", "ALAN", "LONGER"]);
        assert_eq!(names.shape(), [3]);
        assert_eq!(names.text_at(0).as_deref(), Some("A"));
        assert_eq!(names.text_at(2).as_deref(), Some("LONG"));
        assert_eq!(names.to_f64(), None);
    }
}
