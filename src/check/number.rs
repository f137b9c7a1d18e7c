//! Writes places, counts and lists for people, never a wall of them.

pub(crate) use crate::metric_value::{count, exact, show};

use crate::prediction::Value;

/// A position along every dimension: `[0, 12, 3]`.
pub(crate) fn position(indices: &[usize]) -> String {
    let indices: Vec<String> = indices.iter().map(ToString::to_string).collect();
    format!("[{}]", indices.join(", "))
}

/// Names in backquotes joined by commas, cut after the first dozen.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Sizes as Python writes a shape: `(2, 3)`, `(5,)`.
pub(crate) fn tuple(sizes: &[String]) -> String {
    match sizes {
        [only] => format!("({only},)"),
        _ => format!("({})", sizes.join(", ")),
    }
}

/// The key of a mapping as a path has it: a name or a number.
pub(crate) fn show_key(key: &Value) -> String {
    match (key, key.as_text()) {
        (_, Some(name)) => name.to_owned(),
        (Value::Integer(number), _) => number.to_string(),
        (other, _) => other.describe(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stop_after_a_dozen() {
        assert_eq!(names(["a", "b"]), "`a`, `b`");
        assert!(names(vec!["x"; 14]).ends_with("`x` and 2 more"));
        assert_eq!(count(1, "element"), "1 element");
        assert_eq!(position(&[0, 2]), "[0, 2]");
    }
}
