//! Arrays of fixed-width text: code points of four bytes, padded with zeros, as `NumPy` keeps them. Judges no text.

use super::{DType, Tensor};

impl Tensor {
    /// One element of fixed-width text without its padding; `None` past the end, for numbers, or for invalid code points.
    #[must_use]
    pub fn text_at(&self, flat: usize) -> Option<String> {
        let DType::Text(_) = self.dtype else { return None };
        let size = self.dtype.size();
        let cell = self.data.get(flat * size..(flat + 1) * size)?;
        let mut text: Vec<char> = Vec::new();
        for unit in cell.chunks_exact(4) {
            text.push(char::from_u32(u32::from_le_bytes([
                unit[0], unit[1], unit[2], unit[3],
            ]))?);
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
        Self {
            dtype: DType::Text(width),
            shape: vec![count],
            data: data.into(),
            device: None,
        }
    }
}
