//! Decodes standard padded base64 in pieces of any length into the payload. Does not know JSON or signatures.

use super::payload::Payload;

/// The digits of a block: a multiple of four whose result stays in the processor's cache until it is hashed.
const BLOCK: usize = 32 << 10;

/// A digit that cannot follow the digits before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InvalidBase64 {
    /// The number of valid digits before it in the piece.
    pub(super) sound: usize,
}

#[derive(Default)]
pub(super) struct Base64Stream {
    /// The digits of an incomplete group of four.
    carry: [u8; 4],
    carried: usize,
    /// Whether padding has ended the text.
    is_padded: bool,
}

impl Base64Stream {
    /// Decodes a piece into `out`, and calls `decoded` with every decoded block.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        out: &mut Payload,
        mut decoded: impl FnMut(&[u8]),
    ) -> Result<(), InvalidBase64> {
        let mut rest = piece;
        while self.carried > 0 || rest.len() < 4 {
            let Some((&digit, tail)) = rest.split_first() else { return Ok(()) };
            let sound = piece.len() - rest.len();
            if self.is_padded || !(is_digit(digit) || digit == b'=') {
                return Err(InvalidBase64 { sound });
            }
            rest = tail;
            self.carry[self.carried] = digit;
            self.carried += 1;
            if self.carried == self.carry.len() {
                self.carried = 0;
                let group = self.carry;
                self.block(&group, out, &mut decoded).map_err(|_| InvalidBase64 { sound })?;
            }
        }
        let whole = rest.len() / 4 * 4;
        let (groups, remainder) = rest.split_at(whole);
        for block in groups.chunks(BLOCK) {
            let sound = piece.len() - rest.len();
            self.block(block, out, &mut decoded).map_err(|within| InvalidBase64 { sound: sound + within.sound })?;
            rest = rest.get(block.len()..).unwrap_or_default();
        }
        if remainder.is_empty() {
            return Ok(());
        }
        if self.is_padded {
            return Err(InvalidBase64 { sound: piece.len() - remainder.len() });
        }
        self.carry[..remainder.len()].copy_from_slice(remainder);
        self.carried = remainder.len();
        Ok(())
    }

    /// Whether the digits so far are complete.
    pub(super) const fn is_complete(&self) -> bool {
        self.carried == 0
    }

    /// Decodes whole groups of four digits.
    fn block(&mut self, block: &[u8], out: &mut Payload, decoded: &mut impl FnMut(&[u8])) -> Result<(), InvalidBase64> {
        if self.is_padded {
            return Err(InvalidBase64 { sound: 0 });
        }
        let bytes = out
            .decode(block)
            .map_err(|_| InvalidBase64 { sound: block.iter().take_while(|digit| is_digit(**digit)).count() })?;
        self.is_padded = block.last() == Some(&b'=');
        decoded(bytes);
        Ok(())
    }
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD;

    use super::*;

    fn decode(pieces: &[&[u8]]) -> Result<Vec<u8>, InvalidBase64> {
        let (mut stream, mut out, mut hashed) = (Base64Stream::default(), Payload::with_room(0), Vec::new());
        for piece in pieces {
            stream.push(piece, &mut out, |block| hashed.extend_from_slice(block))?;
        }
        assert_eq!(out.bytes(), hashed, "what was reported is what was decoded");
        assert!(stream.is_complete());
        Ok(hashed)
    }

    #[test]
    fn any_cut_into_two_pieces_gives_the_same_bytes() {
        let plain: Vec<u8> = (0..=255).cycle().take(BLOCK + 7).collect();
        let text = STANDARD.encode_to_string(&plain);
        for cut in (0..16).chain(BLOCK - 4..BLOCK + 4) {
            let (first, second) = text.as_bytes().split_at(cut);
            assert_eq!(decode(&[first, second]).unwrap(), plain, "cut at {cut}");
        }
    }

    #[test]
    fn nothing_may_follow_padding_and_foreign_characters_are_found() {
        let error = |pieces: &[&[u8]]| decode(pieces).unwrap_err().sound;
        assert_eq!(error(&[b"QQ==QQ=="]), 2);
        assert_eq!(error(&[b"QQ==", b"Q"]), 0);
        assert_eq!(error(&[b"QQ==", b"QQQQ"]), 0);
        assert_eq!(error(&[b"QQQQ QQQ"]), 4);
        assert_eq!(error(&[b"QQ-_"]), 2);
        assert_eq!(error(&[b"Q", b"==="]), 2);
    }

    #[test]
    fn unused_bits_of_the_last_digit_must_be_zero() {
        assert_eq!(decode(&[b"QQ=="]).unwrap(), b"A");
        assert!(decode(&[b"QR=="]).is_err());
    }
}
