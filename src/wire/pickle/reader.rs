//! The input of the machine: a cursor over the payload, which never goes past its end, and the buffers that came with it. Does not know
//! instructions.

use std::ops::Range;

use bytes::Bytes;

use super::error::PickleFault;

/// The longest line `GLOBAL` may name a module or class with.
const LONGEST_LINE: usize = 512;

/// Objects outside the stream that a pickle may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outside<'a> {
    /// Nothing, as in every pickle of a response.
    Nothing,
    /// Persistent objects, which are the storages in streams of `torch.save`.
    Persistent,
    /// The buffers that came with it, in order.
    Buffers(&'a [Bytes]),
}

impl Outside<'_> {
    /// Bytes besides the stream.
    pub(super) fn size(self) -> usize {
        let Self::Buffers(buffers) = self else { return 0 };
        buffers.iter().map(Bytes::len).sum()
    }

    /// The next buffer.
    pub(super) fn next(&mut self) -> Result<Bytes, PickleFault> {
        let Self::Buffers([buffer, rest @ ..]) = *self else { return Err(PickleFault::Buffer) };
        *self = Self::Buffers(rest);
        Ok(buffer.clone())
    }
}

pub(super) struct PickleReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> PickleReader<'a> {
    pub(super) const fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    pub(super) const fn position(&self) -> usize {
        self.position
    }

    pub(super) const fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// The next `count` bytes as a range of the payload.
    pub(super) fn range(&mut self, count: usize) -> Result<Range<usize>, PickleFault> {
        if count > self.remaining() {
            return Err(PickleFault::Truncated);
        }
        let start = self.position;
        self.position += count;
        Ok(start..self.position)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], PickleFault> {
        let range = self.range(count)?;
        self.bytes.get(range).ok_or(PickleFault::Truncated)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleFault> {
        let mut raw = [0; N];
        raw.copy_from_slice(self.take(N)?);
        Ok(raw)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PickleFault> {
        self.array().map(|[byte]| byte)
    }

    /// A little-endian unsigned number of `N` bytes, at most eight.
    pub(super) fn number<const N: usize>(&mut self) -> Result<u64, PickleFault> {
        let raw: [u8; N] = self.array()?;
        Ok(raw.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
    }

    /// A length of `N` bytes, followed by as many bytes.
    pub(super) fn counted<const N: usize>(&mut self) -> Result<Range<usize>, PickleFault> {
        let count = usize::try_from(self.number::<N>()?).map_err(|_| PickleFault::Truncated)?;
        self.range(count)
    }

    /// Text up to the next newline, which is taken but not returned.
    pub(super) fn line(&mut self) -> Result<&'a str, PickleFault> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let window = rest.get(..LONGEST_LINE).unwrap_or(rest);
        match window.iter().position(|&byte| byte == b'\n') {
            Some(end) => {
                let line = self.take(end)?;
                self.position += 1;
                std::str::from_utf8(line).map_err(|_| PickleFault::Encoding)
            }
            None if window.len() < LONGEST_LINE => Err(PickleFault::Truncated),
            None => Err(PickleFault::Name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_little_endian_and_never_read_past_the_end() {
        let mut reader = PickleReader::new(&[1, 2, 0, 0, 0, 9], 0);
        assert_eq!(reader.number::<1>(), Ok(1));
        assert_eq!(reader.number::<2>(), Ok(2));
        assert_eq!(reader.number::<4>(), Err(PickleFault::Truncated));
        assert_eq!(reader.remaining(), 3);
        assert_eq!(reader.counted::<1>(), Ok(4..4));
    }

    #[test]
    fn a_line_ends_at_its_newline() {
        let mut reader = PickleReader::new(b"os\nsystem", 0);
        assert_eq!(reader.line(), Ok("os"));
        assert_eq!(reader.line(), Err(PickleFault::Truncated));
        let endless = vec![b'a'; 2 * LONGEST_LINE];
        assert_eq!(PickleReader::new(&endless, 0).line(), Err(PickleFault::Name));
    }
}
