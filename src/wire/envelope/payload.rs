//! The memory into which a payload is decoded. Does not know JSON or signatures.
//!
//! A long payload with a declared length has separate memory pages, large ones if the system has them. Allocating 200 MB in small pages
//! takes more time than decoding and hashing the payload.

use base64_simd::{AsOut as _, STANDARD};
use bytes::Bytes;
use memmap2::MmapMut;

use crate::os;

/// Payloads up to this length are on the heap.
const LONG: usize = 4 << 20;

/// The part of a payload that has arrived.
pub(super) enum Payload {
    Heap(Vec<u8>),
    /// In separate pages, with the number of written bytes.
    Pages(MmapMut, usize),
}

/// Digits that are not base64.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoBase64;

impl Payload {
    /// An empty payload with space for this many bytes. Memory is not used before it is written.
    pub(super) fn with_room(bytes: usize) -> Self {
        let pages = (bytes > LONG).then(|| MmapMut::map_anon(bytes).ok()).flatten();
        if let Some(pages) = pages {
            os::advise_huge_pages(&pages);
            return Self::Pages(pages, 0);
        }
        let mut heap = Vec::new();
        // If there is not enough memory, `reserve` fails once the bytes arrive.
        let _ = heap.try_reserve_exact(bytes);
        Self::Heap(heap)
    }

    /// The bytes so far.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Heap(bytes) => bytes,
            Self::Pages(pages, length) => pages.get(..*length).unwrap_or_default(),
        }
    }

    /// Makes space for more bytes. The error is the needed size, if memory is not sufficient.
    pub(super) fn reserve(&mut self, more: usize) -> Result<(), usize> {
        if let Self::Pages(pages, length) = self {
            if length.saturating_add(more) <= pages.len() {
                return Ok(());
            }
            // More bytes than declared.
            let mut heap = Vec::new();
            let wanted = length.saturating_add(more);
            heap.try_reserve(wanted).map_err(|_| wanted)?;
            heap.extend_from_slice(self.bytes());
            *self = Self::Heap(heap);
        }
        match self {
            Self::Heap(bytes) => bytes.try_reserve(more).map_err(|_| bytes.len().saturating_add(more)),
            Self::Pages(..) => Ok(()),
        }
    }

    /// Appends the bytes of whole groups of four digits, for which space must be reserved, and returns them.
    pub(super) fn decode(&mut self, digits: &[u8]) -> Result<&[u8], NoBase64> {
        match self {
            Self::Heap(bytes) => {
                let before = bytes.len();
                STANDARD.decode_append(digits, bytes).map_err(|_| NoBase64)?;
                Ok(bytes.get(before..).unwrap_or_default())
            }
            Self::Pages(pages, length) => {
                let space = pages.get_mut(*length..*length + digits.len() / 4 * 3).ok_or(NoBase64)?;
                let decoded = STANDARD.decode(digits, space.as_out()).map_err(|_| NoBase64)?;
                *length += decoded.len();
                Ok(decoded)
            }
        }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Heap(bytes) => bytes.into(),
            Self::Pages(pages, length) => Bytes::from_owner(pages).slice(..length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_the_same_wherever_it_lies() {
        let plain: Vec<u8> = (0..=250).cycle().take(LONG + 100).collect();
        let digits = STANDARD.encode_to_string(&plain);
        for room in [0, LONG, LONG + 1, LONG + 200] {
            let mut payload = Payload::with_room(room);
            assert_eq!(matches!(payload, Payload::Pages(..)), room > LONG);
            for piece in digits.as_bytes().chunks(1 << 20) {
                payload.reserve(piece.len() / 4 * 3).unwrap();
                payload.decode(piece).unwrap();
            }
            assert_eq!(payload.bytes(), plain);
            assert_eq!(payload.into_bytes(), plain, "room for {room}");
        }
    }

    #[test]
    fn what_is_no_base64_appends_nothing() {
        for room in [0, LONG + 1] {
            let mut payload = Payload::with_room(room);
            payload.reserve(6).unwrap();
            payload.decode(b"QUJD").unwrap();
            assert_eq!(payload.decode(b"QU-D"), Err(NoBase64));
            assert_eq!(payload.bytes(), b"ABC");
        }
    }
}
