//! The placeholders in the settings of kinds that run a command: `{model}`, `{port}`, `${HOME}` and others. Checks them in the table and
//! fills them in. Does not run the result.

use super::{BackendError, installation};
use crate::config::{Diagnostic, InterpolationError, TableReader, interpolate};
use crate::prediction::Contract;

/// The placeholders of every kind: the model, its class, its image, and the path of this program.
const COMMON: [&str; 4] = ["model", "model.core", "model.image", "hydrotest"];

/// The placeholders of a kind besides the common ones, such as `port`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placeholders(pub(crate) &'static [&'static str]);

impl Placeholders {
    /// Checks that the placeholders of a text are known. Does not need the values of variables.
    ///
    /// # Errors
    /// The first mistake.
    pub(crate) fn check(self, text: &str) -> Result<(), InterpolationError> {
        let known: Vec<(&str, &str)> = self.0.iter().chain(&COMMON).map(|name| (*name, "")).collect();
        interpolate(text, &known, |_| Some(String::new())).map(drop)
    }

    /// Reads an array of words and reports every unknown placeholder at its location.
    pub(crate) fn words(self, reader: &mut TableReader<'_>, key: &'static str) -> Option<Words> {
        let located = reader.located_texts(key)?;
        let (mut words, mut sound) = (Vec::new(), true);
        for word in located {
            if let Err(error) = self.check(&word.value) {
                sound = false;
                reader.diagnostics().push(Diagnostic::at(word.location, error.to_string()));
            }
            words.push(word.value);
        }
        Some(Words { words, sound })
    }

    /// Reads a text and reports an unknown placeholder in it.
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
#[derive(Debug, Default)]
pub(crate) struct Words {
    pub(crate) words: Vec<String>,
    /// Whether all their placeholders are known.
    pub(crate) sound: bool,
}

/// The values of placeholders.
#[derive(Debug)]
pub(crate) struct PlaceholderValues(Vec<(&'static str, String)>);

impl PlaceholderValues {
    /// The values of the common placeholders and of the kind's own.
    ///
    /// # Errors
    /// If the path of this program is unknown.
    pub(crate) fn new<const N: usize>(
        contract: &Contract,
        own: [(&'static str, String); N],
    ) -> Result<Self, BackendError> {
        let program = installation::program()
            .map_err(|error| BackendError::configuration(format_args!("cannot find this executable: {error}")))?;
        let mut values = Vec::from(own);
        values.extend([
            ("model", contract.key.clone()),
            ("model.core", contract.core.clone()),
            ("model.image", contract.image.clone()),
            ("hydrotest", program.to_string_lossy().into_owned()),
        ]);
        Ok(Self(values))
    }

    /// Fills in a text.
    ///
    /// # Errors
    /// If an environment variable of the text is not set.
    pub(crate) fn fill(&self, text: &str) -> Result<String, BackendError> {
        let values: Vec<(&str, &str)> = self.0.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fill(text, &values)
    }

    /// Fills in every word of a command.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub(crate) fn fill_all(&self, words: &[String]) -> Result<Vec<String>, BackendError> {
        words.iter().map(|word| self.fill(word)).collect()
    }

    /// Fills in a text that may be absent.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub(crate) fn fill_optional(&self, text: Option<&str>) -> Result<Option<String>, BackendError> {
        text.map(|text| self.fill(text)).transpose()
    }

    /// Fills in the values of variables.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub(crate) fn fill_values(&self, variables: &[(String, String)]) -> Result<Vec<(String, String)>, BackendError> {
        variables.iter().map(|(name, value)| Ok((name.clone(), self.fill(value)?))).collect()
    }
}

/// Fills in a text with these values and the variables of the environment.
///
/// # Errors
/// If an environment variable of the text is not set.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> Result<String, BackendError> {
    interpolate(text, values, |name| std::env::var(name).ok()).map_err(BackendError::configuration)
}
