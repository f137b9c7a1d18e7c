//! Writes numbers, places and lists for people: as many digits as matter, never a wall of them.

use crate::prediction::Value;

/// A number with six significant digits, whole numbers as such.
#[must_use]
pub fn show(value: f64) -> String {
    significant(value, 6)
}

/// A number with the nine significant digits that tell any two single-precision numbers apart.
#[must_use]
pub fn exact(value: f64) -> String {
    significant(value, 9)
}

/// A position along every dimension: `[0, 12, 3]`.
#[must_use]
pub fn position(indices: &[usize]) -> String {
    let indices: Vec<String> = indices.iter().map(ToString::to_string).collect();
    format!("[{}]", indices.join(", "))
}

/// A count with its noun: `1 element`, `3 elements`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// Names in backquotes joined by commas, cut after the first dozen.
#[must_use]
pub fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Sizes as Python writes a shape: `(2, 3)`, `(5,)`.
#[must_use]
pub fn tuple(sizes: &[String]) -> String {
    match sizes {
        [only] => format!("({only},)"),
        _ => format!("({})", sizes.join(", ")),
    }
}

/// The key of a mapping as a path has it: a name or a number.
#[must_use]
pub fn show_key(key: &Value) -> String {
    match (key, key.as_text()) {
        (_, Some(name)) => name.to_owned(),
        (Value::Integer(number), _) => number.to_string(),
        (other, _) => other.describe(),
    }
}

fn significant(value: f64, digits: usize) -> String {
    const WHOLE: f64 = 1e15;
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else {
            format!("{value}")
        };
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
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_the_digits_that_matter() {
        let shown = [
            0.0,
            3.0,
            -1.0,
            0.1,
            1.0 / 3.0,
            123_456.78,
            1.5e-7,
            2.5e8,
            0.000_5,
            f64::NAN,
            f64::INFINITY,
        ]
        .map(show);
        assert_eq!(
            shown,
            [
                "0",
                "3",
                "-1",
                "0.1",
                "0.333333",
                "123457",
                "1.5e-7",
                "250000000",
                "0.0005",
                "NaN",
                "inf"
            ]
        );
        assert_eq!(exact(f64::from(0.1f32)), "0.100000001");
    }

    #[test]
    fn lists_stop_after_a_dozen() {
        assert_eq!(names(["a", "b"]), "`a`, `b`");
        assert!(names(vec!["x"; 14]).ends_with("`x` and 2 more"));
        assert_eq!(count(1, "element"), "1 element");
        assert_eq!(position(&[0, 2]), "[0, 2]");
    }
}
