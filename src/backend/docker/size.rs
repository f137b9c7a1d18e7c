//! Amounts of memory as people write them: `8g`, `512m`, a plain number of bytes. Reads them, and writes them for messages.

/// Units, the largest first.
const UNITS: [(&str, u64); 4] = [("t", 1 << 40), ("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10)];

/// The bytes that a text means, in units of 1024: `g`, `gb`, `GiB` are the same.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.strip_prefix(digits)?.trim();
    let unit = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit);
    let factor = match unit {
        "" => 1,
        unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    let number: u64 = digits.trim().parse().ok()?;
    let bytes = i64::try_from(number.checked_mul(factor)?).ok()?;
    (bytes > 0).then_some(bytes)
}

/// Bytes in the largest unit that leaves a whole number, such as `64m`.
pub(super) fn show(bytes: i64) -> String {
    let bytes = bytes.unsigned_abs();
    let unit = UNITS.iter().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    unit.map_or_else(|| format!("{bytes} bytes"), |(name, factor)| format!("{}{name}", bytes / factor))
}

/// Bytes as a reader of progress wants them, such as `1.3 GB`.
pub(super) fn approximately(bytes: i64) -> String {
    let bytes = bytes.max(0) as f64;
    if bytes >= 1e9 { format!("{:.1} GB", bytes / 1e9) } else { format!("{:.1} MB", bytes / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_every_spelling_and_shown_in_one() {
        for (text, bytes, shown) in [
            ("8g", 8 << 30, "8g"),
            ("8 GiB", 8 << 30, "8g"),
            ("512mb", 512 << 20, "512m"),
            ("1025", 1025, "1025 bytes"),
            ("2097152", 2 << 20, "2m"),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
            assert_eq!(show(bytes), shown);
        }
        for text in ["", "g", "-1g", "1.5g", "8q", "0", "99999999999t", "8 g g"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
