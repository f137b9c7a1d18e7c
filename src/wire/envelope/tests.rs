//! Bodies that the reader takes and refuses, in one piece and cut at every byte.

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// Python: `hmac.new(SECRET.encode("utf-8"), b"hydrotest", hashlib.sha256).hexdigest()`.
const SIGNATURE: &str = "7d5668a79c82484e196d1a6454fcf4e9a8bce0ce43313d05a645394de36c5c0a";
/// `b"hydrotest"` in base64.
const DIGITS: &str = "aHlkcm90ZXN0";

fn read(body: &str, piece: usize) -> Result<Bytes, EnvelopeError> {
    let mut reader = EnvelopeReader::new(&ResponseLimits::default(), SECRET, None);
    for piece in body.as_bytes().chunks(piece) {
        reader.push(piece)?;
    }
    reader.finish()
}

/// Reads a body in one piece and byte by byte; both must agree.
fn read_both(body: &str) -> Result<Bytes, EnvelopeError> {
    let whole = read(body, body.len().max(1));
    assert_eq!(whole, read(body, 1), "{body}");
    whole
}

fn body() -> String {
    format!(r#"{{"pickled":"{DIGITS}","hmac":"{SIGNATURE}"}}"#)
}

#[test]
fn pythons_signature_opens_the_envelope_and_ours_is_pythons() {
    assert_eq!(read_both(&body()).unwrap(), "hydrotest");
    assert_eq!(String::from_utf8(seal(b"hydrotest", SECRET)).unwrap(), body());
}

#[test]
fn what_is_sealed_is_read_back_at_any_length() {
    for length in [0, 1, 2, 3, 4, 24 << 10, (24 << 10) + 1, 100_000] {
        let payload: Vec<u8> = (0..=255).cycle().take(length).collect();
        let sealed = String::from_utf8(seal(&payload, "short")).unwrap();
        let mut reader = EnvelopeReader::new(&ResponseLimits::default(), "short", Some(sealed.len() as u64));
        sealed.as_bytes().chunks(1000).for_each(|piece| reader.push(piece).unwrap());
        assert_eq!(reader.finish().unwrap(), payload, "{length} bytes");
    }
}

#[test]
fn a_secret_longer_than_a_block_is_hashed_first() {
    // RFC 4231, test case 6, has such a key, but of bytes that are no text; this one is checked against Python.
    let long = "k".repeat(100);
    let sealed = String::from_utf8(seal(b"hydrotest", &long)).unwrap();
    assert!(sealed.contains("0e33a1538f45f744137e09cda7ebf5a121767392adeea221f32347246daafeb3"), "{sealed}");
}

#[test]
fn order_space_escapes_and_unknown_keys_do_not_matter() {
    let escaped = DIGITS.replace('H', "\\u0048");
    for body in [
        format!(r#" {{ "hmac" : "{SIGNATURE}" , "pickled" :{DIGITS:?} }} "#),
        format!(r#"{{"pic\u006bled":"{escaped}","hmac":"{SIGNATURE}"}}"#),
        format!(
            r#"{{"a":[1,{{"b":"]}}\""}},null],"c":-1.5e+3,"pickled_":"x","":"","é":true,"hmac":"{SIGNATURE}","pickled":"{DIGITS}"}}"#
        ),
    ] {
        assert_eq!(read_both(&body).unwrap(), "hydrotest", "{body}");
    }
}

#[test]
fn base64_may_have_line_breaks() {
    let broken = DIGITS.replace("cm90", "cm\\n90\\r\\n") + "\\n";
    assert_eq!(read_both(&body().replace(DIGITS, &broken)).unwrap(), "hydrotest");
}

#[test]
fn escaped_slashes_are_base64_digits() {
    let payload = [0xff; 6];
    let sealed = String::from_utf8(seal(&payload, SECRET)).unwrap();
    assert!(sealed.contains("////////"));
    assert_eq!(read_both(&sealed.replace('/', "\\/")).unwrap(), payload.as_slice());
}

#[test]
fn every_wrong_signature_has_its_own_error() {
    let error = |signature: &str| read_both(&body().replace(SIGNATURE, signature)).unwrap_err();
    assert_eq!(error(&"0".repeat(64)), EnvelopeError::WrongSignature);
    assert_eq!(error(&SIGNATURE.to_uppercase()), EnvelopeError::SignatureCase);
    assert_eq!(error(&SIGNATURE[..63]), EnvelopeError::SignatureLength(63));
    assert_eq!(error(&format!("{SIGNATURE}0")), EnvelopeError::SignatureLength(65));
    assert_eq!(error(""), EnvelopeError::SignatureLength(0));
    assert_eq!(error(&"g".repeat(64)), EnvelopeError::SignatureDigits);
    let missing = body().replace("hmac", "hmac_");
    assert_eq!(read_both(&missing), Err(EnvelopeError::MissingKey("hmac")));
    let mut other_secret = EnvelopeReader::new(&ResponseLimits::default(), &SECRET.to_uppercase(), None);
    other_secret.push(body().as_bytes()).unwrap();
    assert_eq!(other_secret.finish(), Err(EnvelopeError::WrongSignature));
}

#[test]
fn a_changed_payload_does_not_open() {
    let changed = body().replace(DIGITS, "aHlkcm90ZXN1");
    assert_eq!(read_both(&changed), Err(EnvelopeError::WrongSignature));
}

#[test]
fn what_is_no_envelope_is_refused_where_it_goes_wrong() {
    let error = |body: &str| read_both(body).unwrap_err();
    let json = |offset, expected| EnvelopeError::Json { offset, expected };
    assert_eq!(error(""), EnvelopeError::Truncated(0));
    assert_eq!(error("[]"), json(0, "a JSON object"));
    assert_eq!(error("{}"), EnvelopeError::MissingKey("pickled"));
    assert_eq!(error("{} x"), json(3, "the end of the body"));
    assert_eq!(error("{\"a\":1,}"), json(7, "a key"));
    assert_eq!(error("{\"a\" 1}"), json(5, "a colon"));
    assert_eq!(error("{\"a\":[}"), json(6, "matching brackets"));
    assert_eq!(error("{\"a\":\"\n\"}"), json(6, "text without control characters"));
    assert_eq!(error("{\"a\":\"\\x\"}"), json(7, "an escape of JSON"));
    assert_eq!(error("{\"pickled\":null}"), EnvelopeError::NotText("pickled"));
    assert_eq!(error("{\"hmac\":[]}"), EnvelopeError::NotText("hmac"));
    assert_eq!(error("{\"pickled\":\"\",\"pickled\":\"\"}"), EnvelopeError::DuplicateKey("pickled"));
    assert_eq!(error("{\"pickled\":\"QQ\"}"), EnvelopeError::Base64Padding { offset: 14 });
    assert_eq!(error("{\"pickled\":\"QQQQQ-QQ\"}"), EnvelopeError::Base64Url { offset: 17 });
}

#[test]
fn a_body_cut_at_any_byte_is_truncated() {
    let body = body();
    for length in 0..body.len() {
        assert_eq!(read(&body[..length], 7), Err(EnvelopeError::Truncated(length)));
    }
}

#[test]
fn bounds_hold_however_the_body_arrives() {
    let limits = ResponseLimits { body: 1000, extra: 100, depth: 8, ..ResponseLimits::default() };
    let error = |body: String| {
        let mut reader = EnvelopeReader::new(&limits, SECRET, Some(u64::MAX));
        let error = body.as_bytes().chunks(10).find_map(|piece| reader.push(piece).err());
        let again = reader.push(b" ").unwrap_err();
        assert_eq!(reader.finish().unwrap_err(), again, "the first error stays");
        assert_eq!(error.as_ref(), Some(&again));
        again
    };
    assert_eq!(error(" ".repeat(101)), EnvelopeError::TooMuchExtra { limit: 100 });
    assert_eq!(error(format!("{{\"hmac\":\"{}", "0".repeat(101))), EnvelopeError::TooMuchExtra { limit: 100 });
    assert_eq!(error(format!("{{\"a\":{}", "[".repeat(20))), EnvelopeError::TooDeep { limit: 8 });
    assert_eq!(error(format!("{{\"pickled\":\"{}", "QUJD".repeat(300))), EnvelopeError::TooLarge { limit: 1000 });
}
