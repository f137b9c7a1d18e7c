//! Numbers of an outcome file. JSON has no NaN and no infinity, so these are words and never null.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number, or the word for one that JSON cannot hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum RecordedNumber {
    /// A finite number.
    Finite(f64),
    /// `NaN`, `inf` or `-inf`.
    Word(String),
}

impl RecordedNumber {
    /// The number; NaN if the word is unknown.
    pub(crate) fn value(&self) -> f64 {
        match self {
            Self::Finite(value) => *value,
            Self::Word(word) => word.parse().unwrap_or(f64::NAN),
        }
    }

    /// The number as a used part of an allowance: NaN uses it up.
    pub(crate) fn or_infinite(&self) -> f64 {
        Some(self.value()).filter(|used| !used.is_nan()).unwrap_or(f64::INFINITY)
    }
}

impl From<f64> for RecordedNumber {
    fn from(value: f64) -> Self {
        if value.is_finite() { Self::Finite(value) } else { Self::Word(format!("{value}")) }
    }
}

impl std::fmt::Display for RecordedNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::metric_value::show(self.value()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_json() {
        for value in [0.25, -3.0, f64::INFINITY, f64::NEG_INFINITY] {
            let text = serde_json::to_string(&RecordedNumber::from(value)).unwrap();
            let back: RecordedNumber = serde_json::from_str(&text).unwrap();
            assert_eq!(back.value().to_bits(), value.to_bits(), "{text}");
        }
        let nan = serde_json::to_string(&RecordedNumber::from(f64::NAN)).unwrap();
        assert_eq!(nan, "\"NaN\"");
        assert!(serde_json::from_str::<RecordedNumber>(&nan).unwrap().value().is_nan());
    }
}
