//! Named arrays as one npz file: deterministic, compressed, readable by `numpy.load`. Bounds and checks everything, because the bytes are
//! untrusted. Does not touch files.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::npy;
use crate::tensor::{ContentHash, DType, Tensor};

/// Why bytes could not be unpacked, or arrays could not be packed.
type ArchiveError = Box<dyn Error>;

/// Arrays by name.
pub(super) type Arrays = BTreeMap<String, Tensor>;

/// The most bytes of all arrays of one file once unpacked.
const UNPACKED: u64 = 256 << 20;
/// The most arrays of one file.
const ENTRIES: usize = 100_000;
/// The beginning of the file that Git LFS leaves in place of content that it has not fetched.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The name of a file with these arrays.
pub(super) fn name(arrays: &Arrays) -> ContentHash {
    ContentHash::of_named(arrays)
}

/// Packs arrays. Equal arrays have equal bytes.
pub(super) fn pack(arrays: &Arrays) -> Result<Vec<u8>, ArchiveError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, tensor) in arrays {
        zip.start_file(format!("{name}.npy"), options)?;
        zip.write_all(&npy::header(tensor))?;
        zip.write_all(tensor.bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Unpacks arrays.
pub(super) fn unpack(bytes: &[u8]) -> Result<Arrays, ArchiveError> {
    if bytes.starts_with(LFS_POINTER) {
        return Err("is a pointer of Git LFS, and its content was not fetched; run `git lfs pull`".into());
    }
    let mut zip = ZipArchive::new(Cursor::new(bytes))?;
    let too_large = "it unpacks to more than 256 MiB or 100000 arrays";
    if zip.len() > ENTRIES {
        return Err(too_large.into());
    }
    let mut arrays = Arrays::new();
    let mut left = UNPACKED;
    for index in 0..zip.len() {
        let entry = zip.by_index(index)?;
        let file = entry.name()?.into_owned();
        let name = file.strip_suffix(".npy").unwrap_or(&file).to_owned();
        // The stated size of an entry is only a claim, so the limit is on the unpacked bytes.
        let mut unpacked = Vec::new();
        entry.take(left + 1).read_to_end(&mut unpacked)?;
        left = left.checked_sub(unpacked.len() as u64).ok_or(too_large)?;
        let tensor = npy::read(&unpacked.into()).map_err(|problem| format!("its array {name:?} {problem}"))?;
        if arrays.insert(name.clone(), tensor).is_some() {
            return Err(format!("its array {name:?} is there twice").into());
        }
    }
    Ok(arrays)
}

/// How stored arrays contradict the snapshot that names them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoredError {
    /// The snapshot names an array that the file does not have.
    #[error("has no array {0:?}")]
    Missing(String),
    /// The file has an array that the snapshot does not name.
    #[error("has an array {0:?} that the snapshot does not speak of")]
    Unknown(String),
    /// The text of the snapshot does not match its values.
    #[error("says of {0:?} what its values do not say: the text was edited")]
    Edited(String),
    /// An array has another type or shape than the snapshot says.
    #[error("has an array {name:?} of {found}, where the snapshot says {expected}")]
    Unlike {
        /// Its name.
        name: String,
        /// Its type and shape.
        found: String,
        /// The type and shape in the snapshot.
        expected: String,
    },
}

/// Takes out an array of known type and shape.
pub(super) fn take(arrays: &mut Arrays, name: &str, dtype: DType, shape: &[usize]) -> Result<Tensor, StoredError> {
    let tensor = arrays.remove(name).ok_or_else(|| StoredError::Missing(name.to_owned()))?;
    // NumPy has no bfloat16, so its bits are stored.
    let stored = if dtype == DType::BF16 { DType::U16 } else { dtype };
    let unlike = || StoredError::Unlike {
        name: name.to_owned(),
        found: format!("{} {:?}", tensor.dtype(), tensor.shape()),
        expected: format!("{stored} {shape:?}"),
    };
    if tensor.dtype() != stored || tensor.shape() != shape {
        return Err(unlike());
    }
    Tensor::new(dtype, shape.to_vec(), tensor.bytes().clone()).map_err(|_| unlike())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrays() -> Arrays {
        let half = [0.5, -2.0].map(half::f16::from_f32);
        let tensors = [
            Tensor::from_values(vec![2, 3], &[1.0f32, 2.0, 3.0, 4.0, 5.0, f32::NAN]).unwrap(),
            Tensor::vector(&[true, false]),
            Tensor::vector(&[i64::MIN, 7]),
            Tensor::vector(&[200u8]),
            Tensor::vector(&half),
            Tensor::scalar(0.1f64),
            Tensor::from_values::<i32>(vec![0, 4], &[]).unwrap(),
            Tensor::from_texts(3, ["CA", "N", "OXT"]),
        ];
        let names = (0..).map(|at| format!("field[{at}].x#sums"));
        names.zip(tensors).collect()
    }

    #[test]
    fn a_pointer_of_git_lfs_says_what_to_run() {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";
        let error = unpack(pointer.as_bytes()).unwrap_err().to_string();
        insta::assert_snapshot!(error, @"is a pointer of Git LFS, and its content was not fetched; run `git lfs pull`");
    }

    #[test]
    fn arrays_come_back_as_they_were_and_pack_alike() {
        let packed = pack(&arrays()).unwrap();
        assert_eq!(packed, pack(&arrays()).unwrap());
        assert_eq!(name(&unpack(&packed).unwrap()), name(&arrays()));
        assert_eq!(unpack(&packed).unwrap(), arrays());
    }

    #[test]
    fn bfloat16_comes_back_as_its_bits_under_the_same_name() {
        let wide = Tensor::vector(&[half::bf16::from_f32(1.5)]);
        let arrays = Arrays::from([("x".to_owned(), wide)]);
        let back = unpack(&pack(&arrays).unwrap()).unwrap();
        assert_eq!(back["x"], Tensor::vector(&[0x3fc0u16]));
        assert_eq!(name(&back), name(&arrays));
    }

    #[test]
    fn damaged_files_are_errors_whatever_is_cut() {
        let packed = pack(&arrays()).unwrap();
        for end in (0..packed.len()).step_by(7) {
            assert!(unpack(&packed[..end]).is_err(), "cut at {end}");
        }
    }
}
