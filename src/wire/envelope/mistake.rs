//! Recognises the usual mistakes in a signature that does not match, by trying other keys and messages. Does not interpret the payload.

use hmac::Mac;
use sha2::{Digest, Sha256};

use super::signer;

/// The usual mistake in a signature, as words that follow "is". Returns `None` if there is none, so that the key differs.
pub(super) fn of(secret: &str, payload: &[u8], signature: &[u8; 32]) -> Option<&'static str> {
    let own = secret.as_bytes();
    let text = base64_simd::STANDARD.encode_to_string(payload);
    let signs = |key: &[u8], message: &[u8]| signer(key).chain_update(message).verify_slice(signature).is_ok();
    if signs(own, text.as_bytes()) {
        return Some("of the base64 text; it must be of the bytes that the text stands for");
    }
    let digest = Sha256::digest(own);
    let hashed = [digest.to_vec(), hex::encode(digest).into_bytes()];
    if hashed.iter().any(|key| signs(key, payload)) {
        return Some("made with a hash of the secret; the key must be the secret's text itself");
    }
    let decoded = [hex::decode(secret).ok(), base64_simd::STANDARD.decode_to_vec(own).ok()];
    if decoded.iter().flatten().any(|key| signs(key, payload)) {
        return Some(
            "made with the secret decoded from hexadecimal or base64; the key must be the secret's text itself",
        );
    }
    let framed = [format!("{secret}\n"), format!("{secret}\r\n"), secret.trim().to_owned()];
    if framed.iter().any(|key| key != secret && signs(key.as_bytes(), payload)) {
        return Some("made with a line break or spaces around the secret added or taken away");
    }
    if signs(b"", payload) {
        return Some("made with an empty key");
    }
    let plain = [
        Sha256::digest(payload),
        Sha256::new().chain_update(own).chain_update(payload).finalize(),
        Sha256::new().chain_update(payload).chain_update(own).finalize(),
    ];
    if plain.iter().any(|digest| digest.as_slice() == signature) {
        return Some("a plain SHA-256; it must be an HMAC with SHA-256");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0a1b2c3d";

    fn signed(key: &[u8], message: &[u8]) -> Option<&'static str> {
        let signature = signer(key).chain_update(message).finalize().into_bytes().into();
        of(SECRET, b"payload", &signature)
    }

    #[test]
    fn each_mistake_is_named_and_another_key_is_none_of_them() {
        let named = |key: &[u8], message: &[u8], words: &str| {
            let found = signed(key, message);
            assert!(found.is_some_and(|found| found.contains(words)), "{words}: {found:?}");
        };
        named(SECRET.as_bytes(), b"cGF5bG9hZA==", "base64 text");
        named(&Sha256::digest(SECRET), b"payload", "hash of the secret");
        named(&[0x0a, 0x1b, 0x2c, 0x3d], b"payload", "hexadecimal");
        named(b"0a1b2c3d\n", b"payload", "line break");
        named(b"", b"payload", "empty key");
        assert_eq!(signed(b"another", b"payload"), None);
        assert_eq!(signed(SECRET.as_bytes(), b"other payload"), None);
        let plain: [u8; 32] = Sha256::digest(b"payload").into();
        assert!(of(SECRET, b"payload", &plain).unwrap().contains("plain SHA-256"));
    }
}
