//! Any body opens or fails, and splitting it into pieces changes nothing. The secret is known here, so that bodies can open.
#![no_main]

use hydrotest::wire::envelope::{EnvelopeError, EnvelopeReader};
use hydrotest::wire::ResponseLimits;
use libfuzzer_sys::fuzz_target;

fn read(body: &[u8], piece: usize) -> Result<bytes::Bytes, EnvelopeError> {
    let mut reader = EnvelopeReader::new(&ResponseLimits::DEFAULT, "secret", None);
    for piece in body.chunks(piece) {
        reader.push(piece)?;
    }
    reader.finish()
}

fuzz_target!(|body: &[u8]| {
    let whole = read(body, body.len().max(1));
    for piece in [1, 3, 64] {
        match (&whole, read(body, piece)) {
            (Ok(one), Ok(other)) => assert_eq!(*one, other),
            (Err(_), Err(_)) => {}
            (one, other) => panic!("{one:?} in one piece, {other:?} in pieces of {piece}"),
        }
    }
});
