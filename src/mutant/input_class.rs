//! What kind of input a request has: one chain, a complex or a batch. Says nothing about whether a model takes it.

use std::fmt;

use crate::prediction::contract::ListMeaning;
use crate::prediction::{Contract, Input, Request};

/// The kind of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum InputClass {
    /// One chain.
    Single,
    /// Several chains or molecules that belong together.
    Complex,
    /// Several samples.
    Batch,
}

impl InputClass {
    /// Every class.
    pub(crate) const ALL: [Self; 3] = [Self::Single, Self::Complex, Self::Batch];

    /// The class of a request to a model.
    #[must_use]
    pub(crate) fn of(contract: &Contract, request: &Request) -> Self {
        let of_text = |text: &str| {
            if text.contains([':', '|']) { Self::Complex } else { Self::Single }
        };
        match &request.input {
            Input::One(text) => of_text(text),
            Input::Many(texts) => match (texts.as_slice(), contract.list) {
                ([only], _) => of_text(only),
                (_, ListMeaning::Chains) => Self::Complex,
                _ => Self::Batch,
            },
            Input::Structured(serde_json::Value::Array(_)) => Self::Batch,
            Input::Structured(object) => {
                let molecules = object.get("sequences").and_then(|list| list.as_array());
                if molecules.is_some_and(|molecules| molecules.len() > 1) { Self::Complex } else { Self::Single }
            }
        }
    }
}

impl fmt::Display for InputClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::Complex => "complex",
            Self::Batch => "batch",
        })
    }
}
