//! Writes the envelope around a payload, as the model server does. The inverse of reading.

use base64_simd::STANDARD;
use hmac::Mac;

use super::signer;

/// Bytes encoded at once: a multiple of three, so that no padding falls inside.
const BLOCK: usize = 24 << 10;

/// The JSON body for a payload signed with `secret`.
#[must_use]
pub fn seal(payload: &[u8], secret: &str) -> Vec<u8> {
    const BEGIN: &[u8] = b"{\"pickled\":\"";
    const MIDDLE: &[u8] = b"\",\"hmac\":\"";
    const END: &[u8] = b"\"}";
    const SIGNATURE: usize = 64;
    let digits = payload.len().div_ceil(3) * 4;
    let mut body = Vec::with_capacity(BEGIN.len() + digits + MIDDLE.len() + SIGNATURE + END.len());
    let mut signer = signer(secret.as_bytes());
    body.extend_from_slice(BEGIN);
    for block in payload.chunks(BLOCK) {
        signer.update(block);
        STANDARD.encode_append(block, &mut body);
    }
    body.extend_from_slice(MIDDLE);
    for byte in signer.finalize().into_bytes() {
        body.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
    body.extend_from_slice(END);
    body
}
