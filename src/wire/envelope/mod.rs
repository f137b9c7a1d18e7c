//! The signed envelope of a response: `{"pickled": BASE64, "hmac": HEX}`. Does not interpret the payload.
//!
//! Reading is one pass over the body while it arrives. Base64 is decoded into the buffer of the payload, and every decoded block is
//! hashed while it is in the cache; a thread hashes long payloads. The payload is returned only if the signature is right, so unsigned
//! data is never interpreted.

mod base64;
mod error;
mod json;
mod mistake;
mod payload;
mod signer;
#[cfg(test)]
mod tests;

use base64_simd::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub use error::EnvelopeError;

use super::ResponseLimits;
use base64::Base64Stream;
use json::{EnvelopeKey, Event, Scanner};
use payload::Payload;
use signer::PayloadSigner;

/// The signature of a payload: HMAC-SHA256 with the text of the secret as the key, even if it has the form of digits.
#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn signer(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("HMAC takes keys of every length")
}

/// The JSON body for a payload signed with `secret`, as a model server writes it.
#[must_use]
pub fn seal(payload: &[u8], secret: &str) -> Vec<u8> {
    let signature = hex::encode(signer(secret.as_bytes()).chain_update(payload).finalize().into_bytes());
    let mut body = b"{\"pickled\":\"".to_vec();
    STANDARD.encode_append(payload, &mut body);
    body.extend_from_slice(format!("\",\"hmac\":\"{signature}\"}}").as_bytes());
    body
}

/// Reads one body piece by piece.
pub struct EnvelopeReader {
    secret: String,
    scanner: Scanner,
    base64: Base64Stream,
    payload: Payload,
    signer: PayloadSigner,
    /// The digits of the signature so far.
    digits: Vec<u8>,
    signature: [u8; 32],
    has_payload: bool,
    has_signature: bool,
    limits: ResponseLimits,
    failure: Option<EnvelopeError>,
}

impl EnvelopeReader {
    /// A reader for a body signed with `secret`. `length` is the declared length of the body, if any. It only saves reallocations.
    #[must_use]
    pub fn new(limits: &ResponseLimits, secret: &str, length: Option<u64>) -> Self {
        let announced = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        Self {
            secret: secret.to_owned(),
            scanner: Scanner::new(limits),
            base64: Base64Stream::default(),
            payload: Payload::with_room(decoded_length(announced.min(limits.body))),
            signer: PayloadSigner::new(signer(secret.as_bytes())),
            digits: Vec::new(),
            signature: [0; 32],
            has_payload: false,
            has_signature: false,
            limits: *limits,
            failure: None,
        }
    }

    /// Takes the next piece of the body.
    ///
    /// # Errors
    /// The body cannot be an envelope. Every later call returns the same error.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), EnvelopeError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let result = self.read(piece);
        if let Err(error) = &result {
            self.failure = Some(error.clone());
            self.payload = Payload::with_room(0);
        }
        result
    }

    /// The payload, if the body is complete and its signature is right.
    ///
    /// # Errors
    /// The body is incomplete or failed before, or the signature does not belong to this payload and secret.
    pub fn finish(self) -> Result<Bytes, EnvelopeError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if !self.scanner.is_done() {
            return Err(EnvelopeError::Truncated(self.scanner.offset()));
        }
        for (key, is_there) in [(EnvelopeKey::Payload, self.has_payload), (EnvelopeKey::Signature, self.has_signature)]
        {
            if !is_there {
                return Err(EnvelopeError::MissingKey(key.name()));
            }
        }
        let hash = self.signer.finish();
        let hash = hash.unwrap_or_else(|| signer(self.secret.as_bytes()).chain_update(self.payload.bytes()));
        // Compares in constant time.
        if hash.verify_slice(&self.signature).is_ok() {
            return Ok(self.payload.into_bytes());
        }
        let mistake = mistake::of(&self.secret, self.payload.bytes(), &self.signature);
        Err(mistake.map_or(EnvelopeError::WrongSignature, EnvelopeError::SignatureMistake))
    }

    fn read(&mut self, piece: &[u8]) -> Result<(), EnvelopeError> {
        let limit = self.limits.body;
        if piece.len() > limit - self.scanner.offset().min(limit) {
            return Err(EnvelopeError::TooLarge { limit });
        }
        let mut rest = piece;
        while let Some(event) = self.scanner.next(&mut rest)? {
            match event {
                Event::Begin(field) => self.begin(field)?,
                Event::Piece(EnvelopeKey::Payload, digits) => self.decode(digits)?,
                // Python's decoder ignores line breaks, which its encoder for mail writes.
                Event::Escaped(EnvelopeKey::Payload, Some(b'\n' | b'\r')) => {}
                Event::Escaped(EnvelopeKey::Payload, Some(digit)) => self.decode(&[digit])?,
                Event::Piece(_, digits) => self.digits.extend_from_slice(digits),
                Event::Escaped(EnvelopeKey::Payload, None) => {
                    return Err(EnvelopeError::Base64 { offset: self.scanner.offset().saturating_sub(1) });
                }
                Event::Escaped(_, digit) => self.digits.push(digit.unwrap_or(0)),
                Event::End(EnvelopeKey::Payload) if !self.base64.is_complete() => {
                    let offset = self.scanner.offset().saturating_sub(1);
                    return Err(EnvelopeError::Base64Padding { offset });
                }
                Event::End(EnvelopeKey::Payload) => {}
                Event::End(_) => self.signature = parse_signature(&self.digits)?,
            }
        }
        Ok(())
    }

    fn begin(&mut self, field: EnvelopeKey) -> Result<(), EnvelopeError> {
        let seen = match field {
            EnvelopeKey::Payload => &mut self.has_payload,
            EnvelopeKey::Signature | EnvelopeKey::Other => &mut self.has_signature,
        };
        if std::mem::replace(seen, true) {
            return Err(EnvelopeError::DuplicateKey(field.name()));
        }
        Ok(())
    }

    fn decode(&mut self, digits: &[u8]) -> Result<(), EnvelopeError> {
        self.payload.reserve(decoded_length(digits.len())).map_err(EnvelopeError::Memory)?;
        let signer = &mut self.signer;
        self.base64.push(digits, &mut self.payload, |block| signer.update(block)).map_err(|invalid| {
            let offset = self.scanner.offset().saturating_sub(digits.len() - invalid.sound);
            match digits.get(invalid.sound) {
                Some(b'-' | b'_') => EnvelopeError::Base64Url { offset },
                _ => EnvelopeError::Base64 { offset },
            }
        })
    }
}

/// The bytes of this many base64 digits, plus one group for digits carried over.
const fn decoded_length(digits: usize) -> usize {
    digits / 4 * 3 + 3
}

/// The bytes of a signature.
fn parse_signature(digits: &[u8]) -> Result<[u8; 32], EnvelopeError> {
    let mut signature = [0; 32];
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(EnvelopeError::SignatureDigits);
    }
    hex::decode_to_slice(digits, &mut signature).map_err(|_| EnvelopeError::SignatureLength(digits.len()))?;
    if digits.iter().any(u8::is_ascii_uppercase) {
        return Err(EnvelopeError::SignatureCase);
    }
    Ok(signature)
}
