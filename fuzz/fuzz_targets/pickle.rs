//! Any bytes decode or fail within their bounds, and a decoded value is the same after it is written and read again.
#![no_main]

use bytes::Bytes;
use hydrotest::wire::{ResponseLimits, pickle};
use libfuzzer_sys::fuzz_target;

const LIMITS: ResponseLimits = ResponseLimits { allocation: 16 << 20, ..ResponseLimits::DEFAULT };

fuzz_target!(|input: &[u8]| {
    let Ok(value) = pickle::decode(&Bytes::copy_from_slice(input), &LIMITS) else {
        return;
    };
    // Some values have no pickle, such as a record whose class has no module. All others must round-trip.
    if let Ok(payload) = pickle::encode(&value) {
        let again = pickle::decode(&payload, &ResponseLimits::DEFAULT).expect("what we write can be read");
        // Compared as bytes, because NaN is not equal to itself.
        assert_eq!(pickle::encode(&again).as_ref(), Ok(&payload));
    }
});
