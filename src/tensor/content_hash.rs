//! Names made of content: equal content has one name, and a name proves its content. Hashes only.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::{DType, Tensor};

/// The first 128 bits of a SHA-256, written as 32 lowercase hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ContentHash([u8; 16]);

impl ContentHash {
    /// The hash of plain bytes.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.bytes(bytes);
        hasher.finish()
    }

    /// The hash of an array: element type, shape and elements.
    pub(crate) fn of_tensor(tensor: &Tensor) -> Self {
        let mut hasher = Hasher::default();
        hasher.tensor(tensor);
        hasher.finish()
    }

    /// The hash of named arrays, which must come sorted by name.
    pub(crate) fn of_named<'a>(arrays: impl IntoIterator<Item = (&'a String, &'a Tensor)>) -> Self {
        let mut hasher = Hasher::default();
        for (name, tensor) in arrays {
            hasher.bytes(name.as_bytes());
            hasher.tensor(tensor);
        }
        hasher.finish()
    }
}

/// Every variable part goes in behind its length, so that no two contents run together to the same bytes.
#[derive(Default)]
struct Hasher(Sha256);

impl Hasher {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn tensor(&mut self, tensor: &Tensor) {
        // NumPy has no bfloat16: it is stored, and so named, as the 16 bits it is.
        let dtype = match tensor.dtype() {
            DType::BF16 => DType::U16,
            dtype => dtype,
        };
        self.bytes(dtype.to_string().as_bytes());
        self.0.update((tensor.shape().len() as u64).to_le_bytes());
        for &dimension in tensor.shape() {
            self.0.update((dimension as u64).to_le_bytes());
        }
        self.bytes(tensor.bytes());
    }

    fn finish(self) -> ContentHash {
        let whole = self.0.finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&whole[..16]);
        ContentHash(first)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A text where a hash should stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 lowercase hexadecimal digits, got {0:?}")]
pub(crate) struct NotAHash(String);

impl FromStr for ContentHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let mut bytes = [0; 16];
        let is_lowercase = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if is_lowercase => Ok(Self(bytes)),
            _ => Err(NotAHash(text.chars().take(40).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back_from_its_digits() {
        let hash = ContentHash::of_bytes(b"abc");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!("0123".parse::<ContentHash>().is_err());
        assert!(format!("{hash}0").parse::<ContentHash>().is_err());
        assert!(hash.to_string().replace(|_| true, "G").parse::<ContentHash>().is_err());
    }

    #[test]
    fn type_shape_and_name_are_part_of_the_content() {
        let zeros = Tensor::vector(&[0f32; 4]);
        let integers = Tensor::vector(&[0i32; 4]);
        let square = Tensor::from_values(vec![2, 2], &[0f32; 4]).unwrap();
        assert_ne!(ContentHash::of_tensor(&zeros), ContentHash::of_tensor(&integers));
        assert_ne!(ContentHash::of_tensor(&zeros), ContentHash::of_tensor(&square));
        let (one, two) = ("a".to_owned(), "b".to_owned());
        assert_ne!(ContentHash::of_named([(&one, &zeros)]), ContentHash::of_named([(&two, &zeros)]));
    }
}
