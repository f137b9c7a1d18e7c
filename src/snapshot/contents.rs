//! One side of a comparison: the digest of a response and the arrays behind it, made from a response or from files.
//! Both sides are the same type, so that a judge need not know which is which. Compares nothing, touches no file.

use std::collections::BTreeMap;

use super::archive::{Arrays, StoredError, take};
use super::columns;
use super::digest::{Digest, Entry, Storage};
use super::rows::KeptRows;
use crate::prediction::Value;
use crate::protein::Structure;
use crate::tensor::Tensor;

/// A response, or what is stored of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    pub(super) digest: Digest,
    pub(super) tensors: BTreeMap<String, Tensor>,
    pub(super) rows: BTreeMap<String, KeptRows>,
    pub(super) structures: BTreeMap<String, Structure>,
    /// The naming columns of the structures of a response, to be stored; those of a stored one are in its structures.
    pub(super) names: Arrays,
}

impl Contents {
    /// What is stored: a digest as read, and the arrays it names.
    ///
    /// # Errors
    /// When an array is missing, is not what the digest says, or is not spoken of at all.
    pub fn from_stored(digest: Digest, mut arrays: Arrays) -> Result<Self, StoredError> {
        let mut contents = Self {
            digest,
            tensors: BTreeMap::new(),
            rows: BTreeMap::new(),
            structures: BTreeMap::new(),
            names: Arrays::new(),
        };
        for (path, entry) in &contents.digest.entries {
            let Entry::Array(array) = entry else { continue };
            match array.storage {
                Storage::Whole => {
                    let tensor = take(&mut arrays, path, array.dtype, &array.shape)?;
                    contents.tensors.insert(path.clone(), tensor);
                }
                Storage::Rows => {
                    let rows = KeptRows::take(&mut arrays, path, array)?;
                    contents.rows.insert(path.clone(), rows);
                }
                Storage::Hash => {}
            }
        }
        for (path, entry) in &contents.digest.entries {
            if let Entry::Structure(structure) = entry {
                let structure = columns::assemble(&mut arrays, &contents.tensors, path, structure.atoms)?;
                contents.structures.insert(path.clone(), structure);
            }
        }
        match arrays.into_keys().next() {
            Some(name) => Err(StoredError::Unknown(name)),
            None => Ok(contents),
        }
    }

    /// The arrays to store.
    pub(super) fn arrays(&self) -> Arrays {
        let mut arrays = self.names.clone();
        for (path, entry) in &self.digest.entries {
            match entry {
                Entry::Array(array) if array.storage == Storage::Whole => {
                    arrays.extend(self.tensors.get(path).map(|tensor| (path.clone(), tensor.clone())));
                }
                Entry::Array(array) if array.storage == Storage::Rows => {
                    if let Some(rows) = self.rows.get(path) {
                        rows.store(path, &mut arrays);
                    }
                }
                _ => {}
            }
        }
        arrays
    }

    /// Every value in words, with the hashes of those that have one.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The array at a path, such as `plddt[0]` or `atom_array[0].coord`; for a recorded one only when it is stored whole.
    #[must_use]
    pub fn array(&self, path: &str) -> Option<&Tensor> {
        self.tensors.get(path)
    }

    /// What is kept of an array at a path that is too large to keep whole.
    #[must_use]
    pub fn kept_rows(&self, path: &str) -> Option<&KeptRows> {
        self.rows.get(path)
    }

    /// The array, the structure or the list of them at a path; `None` where it is none of these or is not stored whole.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<Value> {
        if let Some(array) = self.array(path) {
            return Some(Value::Array(array.clone()));
        }
        if let Some(structure) = self.structure(path) {
            return Some(Value::Structure(Box::new(structure.clone())));
        }
        match self.digest.entry(path)? {
            Entry::Container(_) => {
                let items = (0..).map(|index| format!("{path}[{index}]"));
                let items = items.take_while(|path| self.digest.entry(path).is_some());
                items
                    .map(|path| self.value(&path))
                    .collect::<Option<_>>()
                    .map(Value::List)
            }
            _ => None,
        }
    }

    /// The structure at a path, such as `atom_array[0]`.
    #[must_use]
    pub fn structure(&self, path: &str) -> Option<&Structure> {
        self.structures.get(path)
    }
}

/// A response that cannot be described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the response has more than {0} values")]
pub struct TooManyValues(pub(super) usize);
