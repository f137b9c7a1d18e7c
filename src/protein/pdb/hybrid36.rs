//! Hybrid-36 numbers, which extend the decimals of PDB's fixed columns: 9999, A000, …, ZZZZ, a000, …. Does not read decimals.
//!
//! Scheme of R. W. Grosse-Kunstleve, 2007 (`hybrid_36` of the computational crystallography toolbox).

/// The number as right-aligned text of exactly `WIDTH` columns; `None` if it does not fit.
pub(super) fn encode<const WIDTH: usize>(number: i64) -> Option<[u8; WIDTH]> {
    let power = |base: i64, exponent: usize| base.checked_pow(u32::try_from(exponent).ok()?);
    let decimals = power(10, WIDTH)?;
    let letters = 26 * power(36, WIDTH.checked_sub(1)?)?;
    let first_letter = 10 * power(36, WIDTH - 1)?;
    let mut text = [b' '; WIDTH];
    let (mut rest, base, ten) = if number < decimals {
        (i64::try_from(number.unsigned_abs()).ok()?, 10, b'A')
    } else if number < decimals + letters {
        (number - decimals + first_letter, 36, b'A')
    } else if number < decimals + 2 * letters {
        (number - decimals - letters + first_letter, 36, b'a')
    } else {
        return None;
    };
    let mut columns = text.iter_mut().rev();
    loop {
        let digit = u8::try_from(rest % base).ok()?;
        *columns.next()? = if digit < 10 { b'0' + digit } else { ten + digit - 10 };
        rest /= base;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        *columns.next()? = b'-';
    }
    Some(text)
}

/// The number of hybrid-36 columns that start with a letter.
pub(super) fn decode(columns: &[u8]) -> Option<i32> {
    let (&first, rest) = columns.split_first()?;
    let offset = match first {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 26,
        _ => return None,
    };
    // Small letters belong to the second range. Capital and small letters are not mixed.
    if rest.iter().any(|byte| byte.is_ascii_alphabetic() && byte.is_ascii_lowercase() != (offset > 0)) {
        return None;
    }
    let width = u32::try_from(columns.len()).ok().filter(|&width| width <= 5)?;
    let mut value: i64 = 0;
    for &byte in columns {
        value = value * 36 + i64::from(char::from(byte).to_digit(36)?);
    }
    let letters = 36i64.pow(width - 1);
    i32::try_from(value + (offset - 10) * letters + 10i64.pow(width)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<const WIDTH: usize>(number: i64) -> Option<String> {
        encode::<WIDTH>(number).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn counting_goes_on_in_capitals_then_in_small_letters() {
        let known = [
            (0, "   0"),
            (-999, "-999"),
            (9999, "9999"),
            (10_000, "A000"),
            (10_035, "A00Z"),
            (10_036, "A010"),
            (1_223_055, "ZZZZ"),
            (1_223_056, "a000"),
            (2_436_111, "zzzz"),
        ];
        for (number, expected) in known {
            assert_eq!(text::<4>(number).as_deref(), Some(expected), "{number}");
            if number > 9999 {
                assert_eq!(decode(expected.as_bytes()).map(i64::from), Some(number), "{expected}");
            }
        }
        assert_eq!(text::<5>(100_000).as_deref(), Some("A0000"));
    }

    #[test]
    fn other_letters_are_no_numbers() {
        for columns in ["", "9999", "A00z", "aA00", "A 00", "A-00", "ABCDEF", "é00"] {
            assert_eq!(decode(columns.as_bytes()), None, "{columns:?}");
        }
        assert_eq!(decode(b"A0000"), Some(100_000));
    }

    #[test]
    fn numbers_without_room_are_refused() {
        assert_eq!(text::<4>(2_436_112), None);
        assert_eq!(text::<4>(-1000), None);
        assert_eq!(text::<4>(i64::MIN), None);
    }
}
