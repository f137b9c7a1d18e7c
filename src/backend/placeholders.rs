//! The placeholders in the settings of kinds that run a command: `{model}`, `{port}`, `${HOME}` and their like. Checks them
//! where they are written and fills them in; what is run with the result is for the kind.

use super::{BackendError, Fault, Stage, installation};
use crate::config::{Diagnostic, InterpolationError, TableReader, interpolate};
use crate::prediction::Contract;

/// What every kind fills in: the model, its class, its image, and the path of this very program.
const COMMON: [&str; 4] = ["model", "model.core", "model.image", "hydrotest"];

/// Which placeholders a kind knows besides those that all have, such as `port`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placeholders(pub(crate) &'static [&'static str]);

impl Placeholders {
    /// Whether the placeholders of a text are known, without the values of variables.
    ///
    /// # Errors
    /// The first mistake.
    pub(crate) fn check(self, text: &str) -> Result<(), InterpolationError> {
        let known: Vec<(&str, &str)> = self.0.iter().chain(&COMMON).map(|name| (*name, "")).collect();
        interpolate(text, &known, |_| Some(String::new())).map(drop)
    }

    /// Reads an array of words and reports every placeholder that is not known where it is written.
    pub(crate) fn words(self, reader: &mut TableReader<'_>, key: &'static str) -> Option<Words> {
        let words = reader.located_texts(key)?;
        let mut sound = true;
        for word in &words {
            if let Err(error) = self.check(&word.value) {
                sound = false;
                let diagnostic = Diagnostic::at(word.location.clone(), error.to_string());
                reader.diagnostics().push(diagnostic);
            }
        }
        let words = words.into_iter().map(|word| word.value).collect();
        Some(Words { words, sound })
    }

    /// Reads a text and reports a placeholder in it that is not known.
    pub(crate) fn text(self, reader: &mut TableReader<'_>, key: &'static str) -> Option<String> {
        let text = reader.text(key)?;
        if let Err(error) = self.check(&text) {
            reader.reject(key, error, "in this text");
        }
        Some(text)
    }

    /// Reads the variables of the table `env`, in declared order.
    pub(crate) fn environment(self, reader: &mut TableReader<'_>) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        for (name, value) in reader.object("env").unwrap_or_default() {
            let serde_json::Value::String(value) = value else {
                reader.reject("env", format!("`env.{name}` is not a string"), "expected strings");
                continue;
            };
            if let Err(error) = self.check(&value) {
                reader.reject("env", error, format!("in `{name}`"));
            }
            variables.push((name, value));
        }
        variables
    }
}

/// The words of a command as they are written.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) words: Vec<String>,
    /// Whether all their placeholders are known.
    pub(crate) sound: bool,
}

/// What placeholders stand for.
#[derive(Debug)]
pub(crate) struct PlaceholderValues(Vec<(&'static str, String)>);

impl PlaceholderValues {
    /// What those that all kinds have stand for, and the kind's own.
    ///
    /// # Errors
    /// When this program does not know where it is.
    pub(crate) fn new<const N: usize>(
        contract: &Contract,
        own: [(&'static str, String); N],
    ) -> Result<Self, BackendError> {
        let program =
            installation::program().map_err(|error| unusable(format!("cannot find this executable: {error}")))?;
        let mut values = Vec::from(own);
        values.extend([
            ("model", contract.key.clone()),
            ("model.core", contract.core.clone()),
            ("model.image", contract.image.clone()),
            ("hydrotest", program.to_string_lossy().into_owned()),
        ]);
        Ok(Self(values))
    }

    /// A text with everything filled in.
    ///
    /// # Errors
    /// When a variable that it refers to is not set.
    pub(crate) fn fill(&self, text: &str) -> Result<String, BackendError> {
        let values: Vec<(&str, &str)> = self.0.iter().map(|(name, value)| (*name, value.as_str())).collect();
        interpolate(text, &values, |name| std::env::var(name).ok()).map_err(|error| unusable(error.to_string()))
    }

    /// Every word of a command.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub(crate) fn fill_all(&self, words: &[String]) -> Result<Vec<String>, BackendError> {
        words.iter().map(|word| self.fill(word)).collect()
    }

    /// The values of variables.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub(crate) fn fill_values(&self, variables: &[(String, String)]) -> Result<Vec<(String, String)>, BackendError> {
        let filled = variables.iter().map(|(name, value)| Ok((name.clone(), self.fill(value)?)));
        filled.collect()
    }
}

fn unusable(message: String) -> BackendError {
    BackendError::new(Stage::Configure, Fault::Misconfigured, message)
}
