//! Time spans as people write them: seconds, or numbers with units. Longer than nothing, shorter than a thousand years.

use std::time::Duration;

/// What a time span looks like, for messages.
pub(super) const EXPECTED: &str = "a number of seconds above 0 or text such as \"90s\", \"20m\" or \"1h30m\"";

const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
const LONGEST: f64 = 1000.0 * 366.0 * 86400.0;

/// A span of so many seconds.
pub(super) fn from_seconds(seconds: f64) -> Option<Duration> {
    (seconds > 0.0 && seconds <= LONGEST).then(|| Duration::from_secs_f64(seconds))
}

/// Reads `1.5s` or `1h30m`; a number without a unit means seconds only when nothing else is there. `None` when it is not a
/// time span longer than nothing.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    if let Some(seconds) = plain_number(text) {
        return from_seconds(seconds);
    }
    let mut rest = text.trim();
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let unit_at = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
        let (number, tail) = rest.split_at(unit_at);
        let next = tail.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(next);
        let scale = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        seconds += plain_number(number.trim())? * scale;
        rest = tail.trim_start();
    }
    from_seconds(seconds)
}

/// Digits with at most one point: no sign, exponent or `inf`, which `f64` would take.
fn plain_number(text: &str) -> Option<f64> {
    let plain = text.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_usual_spellings() {
        let seconds = |text| parse(text).map(|span| span.as_secs_f64());
        assert_eq!(seconds("20m"), Some(1200.0));
        assert_eq!(seconds("1.5s"), Some(1.5));
        assert_eq!(seconds("250ms"), Some(0.25));
        assert_eq!(seconds("1h 30m"), Some(5400.0));
        assert_eq!(seconds("90"), Some(90.0));
    }

    #[test]
    fn refuses_what_is_no_span() {
        for text in ["", "m", "-1s", "0s", "1e9s", "infs", "3 days", "1m2", "1..5s", "99999999999h"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(from_seconds(f64::NAN), None);
    }
}
