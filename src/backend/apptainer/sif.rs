//! Checks the architecture of a SIF file and whether the file is complete. Reads its header, its table of parts and the
//! head of its file system, trusting no number; does not read the content of the file system.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// The size of the header, and the offsets of its fields.
const HEADER: usize = 128;
const MAGIC: (usize, &[u8]) = (32, b"SIF_MAGIC\0");
const ARCHITECTURE: usize = 45;
const PARTS: usize = 88;
const TABLE: usize = 96;

/// The size of one row of the table of parts, and the offsets of its fields.
const ROW: usize = 585;
const USED: usize = 4;
const START: usize = 17;
const SIZE: usize = 25;
const FORM: usize = 201;
const ROLE: usize = 205;

/// The type of a part that is a file system.
const FILE_SYSTEM: u32 = 0x4004;
/// The role of a container's root file system.
const PRIMARY: u32 = 2;
/// The form of a squashfs.
const SQUASHFS: u32 = 1;
/// Apptainer writes tables of 48 rows; longer ones than this are refused.
const MOST_PARTS: u64 = 4096;

/// The first bytes of a squashfs, and the offset of its length.
const SQUASHFS_MAGIC: &[u8] = b"hsqs";
const SQUASHFS_LENGTH: usize = 40;

/// The codes of architectures in a header.
const ARCHITECTURES: [(&[u8; 2], &str); 11] = [
    (b"01", "386"),
    (b"02", "amd64"),
    (b"03", "arm"),
    (b"04", "arm64"),
    (b"05", "ppc64"),
    (b"06", "ppc64le"),
    (b"07", "mips"),
    (b"08", "mipsle"),
    (b"09", "mips64"),
    (b"11", "s390x"),
    (b"12", "riscv64"),
];

/// A complete SIF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sif {
    /// The architecture of its programs, if the header names one. Apptainer takes it from the programs and not from the
    /// image's metadata.
    pub(super) architecture: Option<&'static str>,
}

/// Why a file is not a complete SIF, as a predicate that follows its path.
#[derive(Debug, thiserror::Error)]
pub(super) enum SifError {
    #[error("is empty")]
    Empty,
    #[error("is not a SIF file")]
    Foreign,
    #[error("is truncated: it is {length} bytes long, and {what} ends at byte {end}")]
    Truncated { length: u64, what: &'static str, end: u64 },
    #[error("holds no file system to start from")]
    Headless,
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl Sif {
    /// Reads the header and the tables of a file.
    ///
    /// # Errors
    /// If it is not a SIF file, or an incomplete one.
    pub(super) fn read(path: &Path) -> Result<Self, SifError> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length == 0 {
            return Err(SifError::Empty);
        }
        let within = |what, start: u64, size: u64| {
            let end = start.saturating_add(size);
            if end > length {
                return Err(SifError::Truncated { length, what, end });
            }
            Ok(())
        };
        within("its header", 0, HEADER as u64)?;
        let header = bytes(&mut file, 0, HEADER)?;
        if !header.get(MAGIC.0..).is_some_and(|rest| rest.starts_with(MAGIC.1)) {
            return Err(SifError::Foreign);
        }
        let (parts, table) = (long(&header, PARTS), long(&header, TABLE));
        if parts > MOST_PARTS {
            return Err(SifError::Foreign);
        }
        within("its table of parts", table, parts * ROW as u64)?;
        let rows = bytes(&mut file, table, parts as usize * ROW)?;
        let mut has_primary = false;
        for row in rows.chunks_exact(ROW).filter(|row| row.get(USED) == Some(&1)) {
            let (start, size) = (long(row, START), long(row, SIZE));
            within("one of its parts", start, size)?;
            if word(row, 0) == FILE_SYSTEM && word(row, ROLE) == PRIMARY {
                has_primary = true;
                if word(row, FORM) == SQUASHFS {
                    whole_squashfs(&mut file, start, size, length)?;
                }
            }
        }
        if !has_primary {
            return Err(SifError::Headless);
        }
        let code = header.get(ARCHITECTURE..ARCHITECTURE + 2);
        let named = ARCHITECTURES.iter().find(|(known, _)| code == Some(&known[..]));
        Ok(Self { architecture: named.map(|(_, name)| *name) })
    }
}

/// Checks that the file system is as long as its own head says.
fn whole_squashfs(file: &mut File, start: u64, size: u64, length: u64) -> Result<(), SifError> {
    const HEAD: usize = 96;
    if size < HEAD as u64 {
        return Err(SifError::Headless);
    }
    let head = bytes(file, start, HEAD)?;
    if !head.starts_with(SQUASHFS_MAGIC) {
        return Err(SifError::Headless);
    }
    let own = long(&head, SQUASHFS_LENGTH);
    if own > size {
        return Err(SifError::Truncated { length, what: "its file system", end: start.saturating_add(own) });
    }
    Ok(())
}

fn bytes(file: &mut File, start: u64, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A number of eight bytes. A negative one becomes larger than any file.
fn long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|taken| taken.try_into().ok()).map_or(u64::MAX, u64::from_le_bytes)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|taken| taken.try_into().ok()).map_or(u32::MAX, u32::from_le_bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A SIF file with one file system of 4 KiB at byte 4096.
    pub(in super::super) fn sif(architecture: [u8; 2]) -> Vec<u8> {
        let mut file = vec![0; 8192];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(MAGIC.0, MAGIC.1);
        put(ARCHITECTURE, &architecture);
        put(PARTS, &2_u64.to_le_bytes());
        put(TABLE, &128_u64.to_le_bytes());
        put(128, &FILE_SYSTEM.to_le_bytes());
        put(128 + USED, &[1]);
        put(128 + START, &4096_u64.to_le_bytes());
        put(128 + SIZE, &4096_u64.to_le_bytes());
        put(128 + FORM, &SQUASHFS.to_le_bytes());
        put(128 + ROLE, &PRIMARY.to_le_bytes());
        put(4096, SQUASHFS_MAGIC);
        put(4096 + SQUASHFS_LENGTH, &4000_u64.to_le_bytes());
        file
    }

    fn read(bytes: &[u8]) -> Result<Sif, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Sif::read(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_complete_file_has_an_architecture() {
        for (code, architecture) in [(b"02", Some("amd64")), (b"04", Some("arm64")), (b"00", None)] {
            assert_eq!(read(&sif(*code)), Ok(Sif { architecture }));
        }
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_incomplete() {
        let whole = sif(*b"02");
        for length in [0, 1, 127, 128, 700, 4095, 4096, 4200, 8191] {
            let error = read(&whole[..length]).unwrap_err();
            assert!(error.contains("truncated") || error == "is empty", "{length}: {error}");
        }
        insta::assert_snapshot!(read(&whole[..5000]).unwrap_err(), @"is truncated: it is 5000 bytes long, and one of its parts ends at byte 8192");
    }

    #[test]
    fn other_files_are_refused_and_no_number_is_trusted() {
        assert_eq!(read(&[7; 4096]).unwrap_err(), "is not a SIF file");
        let broken = |at: usize, bytes: &[u8]| {
            let mut file = sif(*b"02");
            file[at..at + bytes.len()].copy_from_slice(bytes);
            read(&file).unwrap_err()
        };
        assert_eq!(broken(PARTS, &u64::MAX.to_le_bytes()), "is not a SIF file");
        insta::assert_snapshot!(broken(TABLE, &u64::MAX.to_le_bytes()), @"is truncated: it is 8192 bytes long, and its table of parts ends at byte 18446744073709551615");
        insta::assert_snapshot!(broken(128 + START, &u64::MAX.to_le_bytes()), @"is truncated: it is 8192 bytes long, and one of its parts ends at byte 18446744073709551615");
        insta::assert_snapshot!(broken(128 + SIZE, &(-1_i64).to_le_bytes()), @"is truncated: it is 8192 bytes long, and one of its parts ends at byte 18446744073709551615");
        insta::assert_snapshot!(broken(128 + USED, &[0]), @"holds no file system to start from");
        insta::assert_snapshot!(broken(4096, &[0; 4]), @"holds no file system to start from");
        insta::assert_snapshot!(broken(4096 + SQUASHFS_LENGTH, &5000_u64.to_le_bytes()), @"is truncated: it is 8192 bytes long, and its file system ends at byte 9096");
    }
}
