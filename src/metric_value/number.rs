//! Formats numbers for people, with the significant digits only. Does not parse numbers.

/// A number with six significant digits. Whole numbers have no decimals.
pub(crate) fn show(value: f64) -> String {
    significant(value, 6)
}

/// A number with the nine significant digits that tell any two single-precision numbers apart.
pub(crate) fn exact(value: f64) -> String {
    significant(value, 9)
}

/// A count with its noun: `1 element`, `3 elements`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn significant(value: f64, digits: usize) -> String {
    const WHOLE: f64 = 1e15;
    if !value.is_finite() {
        return if value.is_nan() { "NaN".into() } else { format!("{value}") };
    }
    if value.fract() == 0.0 && value.abs() < WHOLE {
        return format!("{value:.0}");
    }
    let scientific = format!("{value:.*e}", digits - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if (-4..6).contains(&exponent) => {
            let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
            trimmed(&format!("{value:.decimals$}"))
        }
        _ => format!("{}e{exponent}", trimmed(mantissa)),
    }
}

fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_the_digits_that_matter() {
        let shown =
            [0.0, 3.0, -1.0, 0.1, 1.0 / 3.0, 123_456.78, 1.5e-7, 2.5e8, 0.000_5, f64::NAN, f64::INFINITY].map(show);
        assert_eq!(shown, ["0", "3", "-1", "0.1", "0.333333", "123457", "1.5e-7", "250000000", "0.0005", "NaN", "inf"]);
        assert_eq!(exact(f64::from(0.1f32)), "0.100000001");
    }
}
