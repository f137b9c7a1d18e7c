//! Names by content: equal contents have the same name, and a name proves its content. Does not store contents.

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
        Hasher::default().bytes(bytes).finish()
    }

    /// The hash of an array: element type, shape and elements.
    pub(crate) fn of_tensor(tensor: &Tensor) -> Self {
        Hasher::default().tensor(tensor).finish()
    }

    /// The hash of named arrays, which must be sorted by name.
    pub(crate) fn of_named<'a>(arrays: impl IntoIterator<Item = (&'a String, &'a Tensor)>) -> Self {
        let add = |hasher: Hasher, (name, tensor): (&String, _)| hasher.bytes(name.as_bytes()).tensor(tensor);
        arrays.into_iter().fold(Hasher::default(), add).finish()
    }
}

/// Hashes every part of variable length after its length, so that different contents never give the same bytes.
#[derive(Default)]
struct Hasher(Sha256);

impl Hasher {
    fn bytes(self, bytes: &[u8]) -> Self {
        Self(self.0.chain_update((bytes.len() as u64).to_le_bytes()).chain_update(bytes))
    }

    fn tensor(self, tensor: &Tensor) -> Self {
        // NumPy has no bfloat16, so it is stored and named as 16-bit integers.
        let dtype = if tensor.dtype() == DType::BF16 { DType::U16 } else { tensor.dtype() };
        let shape = tensor.shape();
        let sizes = std::iter::once(shape.len()).chain(shape.iter().copied()).map(|size| (size as u64).to_le_bytes());
        let hash = sizes.fold(self.bytes(dtype.to_string().as_bytes()).0, Sha256::chain_update);
        Self(hash).bytes(tensor.bytes())
    }

    fn finish(self) -> ContentHash {
        let mut first = [0; 16];
        first.copy_from_slice(&self.0.finalize()[..16]);
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

/// A text that is not a hash.
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
