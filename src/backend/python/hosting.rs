//! The hosting of one model, with all placeholders filled in: the interpreter, its environment, and the order to start.
//! Contains data only.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use super::exception::ExceptionOrigin;
use crate::prediction::Options;

/// A model to be hosted, serialised as the order to start it.
#[derive(Debug, Serialize)]
pub(super) struct Hosting {
    /// The interpreter and its arguments.
    #[serde(skip)]
    pub(super) interpreter: Vec<String>,
    /// The working directory; `None` for the current one.
    #[serde(skip)]
    pub(super) directory: Option<PathBuf>,
    #[serde(skip)]
    pub(super) environment: Vec<(String, String)>,
    #[serde(flatten)]
    pub(super) host: Host,
    /// The method that the model answers.
    pub(super) method: &'static str,
    pub(super) config: Options,
    /// The device, in the platform's own terms.
    pub(super) device: Option<String>,
    /// The module with the classes of structured input, if that is passed as objects.
    pub(super) inputs: Option<String>,
}

/// The code through which a model is called. Classes are `package.module:Name` or `package.module.Name`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "host", rename_all = "lowercase")]
pub(super) enum Host {
    /// boileroom's wrapper with a backend selector.
    Wrapper { class: String, selector: String },
    /// A class with the interface of boileroom's `Backend`.
    Backend { class: String, arguments: Options },
    /// A core class in the interpreter's own process.
    Core { class: String },
}

impl Host {
    pub(super) fn class(&self) -> &str {
        match self {
            Self::Wrapper { class, .. } | Self::Backend { class, .. } | Self::Core { class } => class,
        }
    }

    /// The backend of boileroom that calls go through, by the wrapper's selector or the module of the class.
    pub(super) fn through(&self) -> Option<&str> {
        match self {
            Self::Wrapper { selector, .. } => selector.split(':').next(),
            Self::Backend { class, .. } => class.strip_prefix("boileroom.backend.")?.split([':', '.']).next(),
            Self::Core { .. } => None,
        }
    }

    /// The code that raises the exceptions of a start.
    pub(super) const fn origin(&self) -> ExceptionOrigin {
        if matches!(self, Self::Core { .. }) { ExceptionOrigin::Model } else { ExceptionOrigin::Backend }
    }
}

impl Hosting {
    /// Advice for an interpreter that is one string with spaces in it: probably a program and its arguments.
    pub(super) fn meant_interpreter(&self) -> Option<String> {
        let [text] = self.interpreter.as_slice() else { return None };
        let words: Vec<String> = text.split_whitespace().map(|word| format!("{word:?}")).collect();
        if words.len() < 2 || Path::new(text).exists() {
            return None;
        }
        Some(format!("`{text}` is taken for the name of one program: write `interpreter = [{}]`", words.join(", ")))
    }

    /// The order to start, for the bridge.
    pub(super) fn order(&self) -> Value {
        let mut order = json!(self);
        order["do"] = "start".into();
        order
    }
}
