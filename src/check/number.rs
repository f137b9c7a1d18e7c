//! Writes places, counts and lists for messages, cut to a readable length.

pub(crate) use crate::metric_value::{count, exact, show};

use crate::prediction::Value;
use crate::prediction::contract::{Dimension, Sizes};

/// A position along every dimension: `[0, 12, 3]`.
pub(crate) fn position(indices: &[usize]) -> String {
    format!("{indices:?}")
}

/// Names in backquotes joined by commas, cut after the first dozen.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}

/// Sizes as Python writes a shape: `(2, 3)`, `(5,)`. A dimension without a known size stands for itself.
pub(crate) fn tuple(dimensions: &[Dimension], sizes: &Sizes) -> String {
    let size = |dimension: &Dimension| match dimension.resolve(sizes) {
        Some(size) => size.to_string(),
        None => dimension.to_string(),
    };
    match dimensions.iter().map(size).collect::<Vec<_>>().as_slice() {
        [only] => format!("({only},)"),
        sizes => format!("({})", sizes.join(", ")),
    }
}

/// The key of a mapping as a path writes it: a name or a number.
pub(crate) fn show_key(key: &Value) -> String {
    match key {
        Value::Integer(number) => number.to_string(),
        other => other.as_text().map_or_else(|| other.describe(), str::to_owned),
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
