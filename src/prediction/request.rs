//! One call to a model: the method, its sequences and its options. Does not define how it is sent.

use std::fmt;

use super::Options;

/// What a model does with sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Predict a structure.
    Fold,
    /// Compute a representation per residue.
    Embed,
    /// Make sequences or structures of a prompt, as models of later boileroom releases do.
    Generate,
}

impl Method {
    /// The name of the method and of its route on a model server.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fold => "fold",
            Self::Embed => "embed",
            Self::Generate => "generate",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The sequences of a call, in the three forms that models take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// One string, chains separated by `:`.
    One(String),
    /// A list of strings; what it means is part of the model's contract.
    Many(Vec<String>),
    /// An object or list of objects, for models with structured input.
    Structured(serde_json::Value),
}

impl Input {
    /// The strings of the input, one or many; none for structured input.
    #[must_use]
    pub fn strings(&self) -> &[String] {
        match self {
            Self::One(sequence) => std::slice::from_ref(sequence),
            Self::Many(sequences) => sequences,
            Self::Structured(_) => &[],
        }
    }

    /// The JSON value that stands for the input on the wire.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::One(sequence) => sequence.clone().into(),
            Self::Many(sequences) => sequences.clone().into(),
            Self::Structured(value) => value.clone(),
        }
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Which method of the model.
    pub method: Method,
    /// What to run it on.
    pub input: Input,
    /// Per-call options; empty is sent as an empty object.
    pub options: Options,
}
