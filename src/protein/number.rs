//! Reads the decimal numbers of structure files: fast for common forms, correctly rounded for all. Does not know file formats.

/// Powers of ten that a double holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The double nearest to a decimal number, which may have blanks around it. Returns `None` if it is not a number.
pub(super) fn read_f64(bytes: &[u8]) -> Option<f64> {
    exact(bytes).or_else(|| text(bytes)?.parse().ok())
}

/// The single-precision float nearest to a decimal number, which may have blanks around it. Returns `None` if it is not a number.
pub(super) fn read_f32(bytes: &[u8]) -> Option<f32> {
    /// The bits of a double below the last bit of a float.
    const BELOW: u64 = (1 << 29) - 1;
    const HALF: u64 = 1 << 28;
    // Rounding twice is wrong only if the first result is halfway between two floats.
    match exact(bytes) {
        Some(value) if value.to_bits() & BELOW != HALF && (value == 0.0 || value.abs() > 1e-30) => Some(value as f32),
        _ => text(bytes)?.parse().ok(),
    }
}

/// A whole number, which may have blanks around it.
pub(super) fn read_i32(bytes: &[u8]) -> Option<i32> {
    let bytes = bytes.trim_ascii();
    let (digits, negative) = match bytes.split_first()? {
        (b'-', rest) => (rest, true),
        (b'+', rest) => (rest, false),
        _ => (bytes, false),
    };
    if digits.is_empty() || digits.len() > 10 {
        return None;
    }
    let mut value: i64 = 0;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    i32::try_from(if negative { -value } else { value }).ok()
}

/// The value of numbers such as `-12.345`, as one division of two exact numbers, which rounds only once (Clinger 1990). Returns `None`
/// for all other forms and for too many digits.
fn exact(bytes: &[u8]) -> Option<f64> {
    let mut bytes = bytes;
    while let [b' ', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' '] = bytes {
        bytes = rest;
    }
    let (digits, negative) = match bytes {
        [b'-', rest @ ..] => (rest, true),
        _ => (bytes, false),
    };
    // Sixteen characters, one of them the point, stay below 2⁵³.
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let mut mantissa: u64 = 0;
    let mut point = None;
    for (index, &byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            mantissa = mantissa * 10 + u64::from(digit);
        } else if byte == b'.' && point.is_none() {
            point = Some(index);
        } else {
            return None;
        }
    }
    let decimals = match point {
        None if digits.len() > 15 => return None,
        None => 0,
        Some(_) if digits.len() == 1 => return None,
        Some(index) => digits.len() - 1 - index,
    };
    let value = mantissa as f64 / EXACT_POWERS.get(decimals)?;
    Some(if negative { -value } else { value })
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(str::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_decimals_read_as_the_standard_library_reads_them() {
        for thousandth in (-9_999_999i64..100_000_000).step_by(977) {
            let printed = format!("{:8.3}", thousandth as f64 / 1000.0);
            let expected = printed.trim();
            assert_eq!(read_f64(printed.as_bytes()), expected.parse().ok(), "{printed}");
            assert_eq!(read_f32(printed.as_bytes()), expected.parse().ok(), "{printed}");
        }
    }

    #[test]
    fn numbers_near_the_middle_of_two_floats_round_once() {
        // 1 + 2⁻²⁴ is halfway between two floats; the last digits decide, but not in double precision.
        let middle = "1.000000059604644775390625";
        for printed in [middle, "1.0000000596046449", "1.0000000596046447", "16777217.0", "16777217.000000001"] {
            assert_eq!(read_f32(printed.as_bytes()), printed.parse().ok(), "{printed}");
        }
    }

    #[test]
    fn uncommon_forms_are_numbers_too() {
        for printed in ["1e-7", "+2.5", ".5", "5.", "-.25", "123456789012345678.5", "0.1234567890123456789", "-0.0"] {
            let expected: f64 = printed.parse().unwrap();
            assert_eq!(read_f64(printed.as_bytes()).map(f64::to_bits), Some(expected.to_bits()), "{printed}");
        }
        assert!(read_f64(b" NaN ").is_some_and(f64::is_nan));
        assert_eq!(read_f32(b"1e-42"), Some(1e-42));
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for printed in ["", " ", ".", "-", "-.", "1.2.3", "1 2", "--1", "1,5", "0x10"] {
            assert_eq!(read_f64(printed.as_bytes()), None, "{printed:?}");
            assert_eq!(read_i32(printed.as_bytes()), None, "{printed:?}");
        }
        assert_eq!(read_i32(b" -12 "), Some(-12));
        assert_eq!(read_i32(b"2147483648"), None);
        assert_eq!(read_i32(b"-2147483648"), Some(i32::MIN));
    }
}
