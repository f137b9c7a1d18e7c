//! What is to be hosted for one model, with everything filled in: the interpreter, its environment, and the order to start.
//! Data only.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::exception::ExceptionOrigin;
use crate::prediction::{Method, Options};

/// One model, to be hosted.
#[derive(Debug)]
pub(super) struct Hosting {
    /// The interpreter and its arguments.
    pub(super) interpreter: Vec<String>,
    /// Where it runs; here when `None`.
    pub(super) directory: Option<PathBuf>,
    /// Variables it finds.
    pub(super) environment: Vec<(String, String)>,
    /// What it hosts.
    pub(super) host: Host,
    /// The method that the model answers.
    pub(super) method: Method,
    /// The model's configuration.
    pub(super) config: Options,
    /// The device, in the platform's own words.
    pub(super) device: Option<String>,
    /// The module with the classes of structured input, where that travels as objects.
    pub(super) inputs: Option<String>,
}

/// The way to a model. Classes are `package.module:Name` or `package.module.Name`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Host {
    /// A wrapper as users build it.
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

    /// Which of boileroom's own backends it goes through: a wrapper's selector names it, a class is in a module of that name.
    pub(super) fn through(&self) -> Option<&str> {
        match self {
            Self::Wrapper { selector, .. } => selector.split(':').next(),
            Self::Backend { class, .. } => class.strip_prefix("boileroom.backend.")?.split([':', '.']).next(),
            Self::Core { .. } => None,
        }
    }

    /// Whose exceptions a start raises.
    pub(super) const fn origin(&self) -> ExceptionOrigin {
        match self {
            Self::Wrapper { .. } | Self::Backend { .. } => ExceptionOrigin::Backend,
            Self::Core { .. } => ExceptionOrigin::Model,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Wrapper { .. } => "wrapper",
            Self::Backend { .. } => "backend",
            Self::Core { .. } => "core",
        }
    }
}

impl Hosting {
    /// The setting that was probably meant by an interpreter that is one word with spaces in it: a program and its arguments.
    pub(super) fn meant_interpreter(&self) -> Option<String> {
        let [text] = self.interpreter.as_slice() else {
            return None;
        };
        let words: Vec<String> = text.split_whitespace().map(|word| format!("{word:?}")).collect();
        if words.len() < 2 || Path::new(text).exists() {
            return None;
        }
        let words = words.join(", ");
        Some(format!("`{text}` is taken for the name of one program: write `interpreter = [{words}]`"))
    }

    /// What the bridge is told to start.
    pub(super) fn order(&self) -> Value {
        let mut config = self.config.clone();
        if let (Host::Core { .. }, Some(device)) = (&self.host, &self.device) {
            // A core has nowhere else to look for it.
            config.entry("device").or_insert_with(|| device.clone().into());
        }
        let (selector, arguments) = match &self.host {
            Host::Wrapper { selector, .. } => (Some(selector), None),
            Host::Backend { arguments, .. } => (None, Some(arguments)),
            Host::Core { .. } => (None, None),
        };
        json!({
            "do": "start",
            "host": self.host.name(),
            "class": self.host.class(),
            "method": self.method.name(),
            "selector": selector,
            "arguments": arguments,
            "config": config,
            "device": self.device,
            "inputs": self.inputs,
        })
    }
}
