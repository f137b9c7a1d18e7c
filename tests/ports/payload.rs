//! Changes arrays in a payload of `hydrotest serve`, which writes arrays one by one without memo or frames.

use std::ops::Range;

/// The pickle opcodes for `b'…'` of up to 255 bytes, and of more.
const SHORT_BYTES: u8 = b'C';
const BYTES: u8 = b'B';
/// The end of a dtype's state, and the flag of an array in C order after it.
const BETWEEN: [u8; 2] = [b'b', 0x89];

/// An array of single precision in a payload: where its dtype is named, and its bytes with the length before them.
struct Floats {
    code: Range<usize>,
    header: Range<usize>,
    data: Range<usize>,
}

fn floats(payload: &[u8]) -> Vec<Floats> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(place) = position(&payload[from..], b"\x02f4") {
        let code = from + place + 1..from + place + 3;
        from = code.end;
        let Some(end) = position(&payload[from..], &BETWEEN) else {
            break;
        };
        let start = from + end + BETWEEN.len();
        let (header, length) = match payload[start] {
            SHORT_BYTES => (start..start + 2, usize::from(payload[start + 1])),
            BYTES => {
                let length = payload[start + 1..start + 5].try_into().unwrap();
                (start..start + 5, u32::from_le_bytes(length) as usize)
            }
            other => panic!("an array begins with {other}"),
        };
        from = header.end + length;
        found.push(Floats { code, data: header.end..from, header });
    }
    assert!(!found.is_empty(), "a payload without arrays");
    found
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// Replaces every number in the payload's arrays of single precision. `change` gets the index and the number.
pub fn changed(payload: &[u8], mut change: impl FnMut(usize, f32) -> f32) -> Vec<u8> {
    let mut payload = payload.to_vec();
    for array in floats(&payload) {
        for (index, place) in array.data.step_by(4).enumerate() {
            let bytes = &mut payload[place..place + 4];
            let number = f32::from_le_bytes(bytes.try_into().unwrap());
            bytes.copy_from_slice(&change(index, number).to_le_bytes());
        }
    }
    payload
}

/// Converts the payload's arrays from single to double precision.
pub fn doubled(payload: &[u8]) -> Vec<u8> {
    let mut wide = Vec::new();
    let mut from = 0;
    for array in floats(payload) {
        wide.extend(&payload[from..array.code.start]);
        wide.extend(b"f8");
        wide.extend(&payload[array.code.end..array.header.start]);
        wide.push(BYTES);
        wide.extend(u32::try_from(array.data.len() * 2).unwrap().to_le_bytes());
        let numbers = payload[array.data.clone()].chunks_exact(4);
        for number in numbers {
            let number = f32::from_le_bytes(number.try_into().unwrap());
            wide.extend(f64::from(number).to_le_bytes());
        }
        from = array.data.end;
    }
    wide.extend(&payload[from..]);
    wide
}

/// Replaces every occurrence of a text in the payload by another one of the same length.
pub fn renamed(payload: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "a text has its length before it");
    let mut payload = payload.to_vec();
    let mut start = 0;
    while let Some(place) = position(&payload[start..], from.as_bytes()) {
        start += place;
        payload[start..start + from.len()].copy_from_slice(to.as_bytes());
    }
    payload
}
