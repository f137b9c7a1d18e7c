//! Placeholders in settings: `{port}`, `{model.image}` and `${HOME}` become values. Nothing else is replaced, and the
//! values themselves are never looked into again.

use super::suggest;
use super::suggestion::list_names;

/// Why a text with placeholders has no value. Never shows the value of a variable, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InterpolationError {
    /// A name that stands for nothing here.
    #[error("unknown placeholder `{{{name}}}`{hint}")]
    Unknown {
        /// The name.
        name: String,
        /// What it may have been meant to be, as the end of a sentence.
        hint: String,
    },
    /// A variable that the environment does not have.
    #[error("environment variable `{name}` is not set")]
    Unset {
        /// The variable.
        name: String,
    },
    /// An opening brace without its closing one.
    #[error("`{{` is never closed; write `{{{{` for a brace")]
    Unclosed,
    /// A closing brace without its opening one.
    #[error("`}}` was never opened; write `}}}}` for a brace")]
    Unopened,
}

/// Replaces every `{name}` by its value in `values` and every `${NAME}` by what `environment` says. `{{` and `}}` stand
/// for single braces, so `${{NAME}}` leaves `${NAME}` to a shell.
///
/// # Errors
/// For names without a value, variables that are not set and braces without their counterpart.
pub(crate) fn interpolate(
    text: &str,
    values: &[(&str, &str)],
    environment: impl Fn(&str) -> Option<String>,
) -> Result<String, InterpolationError> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, tail) = rest.split_at(at);
        if let Some(tail) = tail.strip_prefix("{{") {
            result.push_str(before);
            result.push('{');
            rest = tail;
        } else if let Some(tail) = tail.strip_prefix("}}") {
            result.push_str(before);
            result.push('}');
            rest = tail;
        } else if let Some(tail) = tail.strip_prefix('{') {
            let (name, tail) = tail.split_once('}').ok_or(InterpolationError::Unclosed)?;
            if let Some(before) = before.strip_suffix('$') {
                result.push_str(before);
                let unset = || InterpolationError::Unset { name: name.to_owned() };
                result.push_str(&environment(name).ok_or_else(unset)?);
            } else {
                result.push_str(before);
                result.push_str(value_of(name, values)?);
            }
            rest = tail;
        } else {
            return Err(InterpolationError::Unopened);
        }
    }
    result.push_str(rest);
    Ok(result)
}

fn value_of<'a>(name: &str, values: &[(&str, &'a str)]) -> Result<&'a str, InterpolationError> {
    let found = values.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names = values.iter().map(|(known, _)| *known);
        let hint = match suggest(name, names.clone()) {
            Some(meant) => format!("; did you mean `{{{meant}}}`?"),
            None if values.is_empty() => "; there are no placeholders here".to_owned(),
            None => format!("; known: {}", list_names(names)),
        };
        InterpolationError::Unknown { name: name.to_owned(), hint }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let values = [("port", "8000"), ("model.image", "boileroom-esm")];
        let environment = |name: &str| (name == "HOME").then(|| "/home/{port}".to_owned());
        interpolate(text, &values, environment).map_err(|error| error.to_string())
    }

    #[test]
    fn names_and_variables_become_their_values() {
        assert_eq!(filled("http://h:{port}/{model.image}").unwrap(), "http://h:8000/boileroom-esm");
        assert_eq!(filled("a $ b").unwrap(), "a $ b");
    }

    #[test]
    fn a_value_is_not_looked_into_again() {
        assert_eq!(filled("${HOME}").unwrap(), "/home/{port}");
    }

    #[test]
    fn doubled_braces_stand_for_themselves() {
        assert_eq!(filled("{{port}} ${{HOME}}").unwrap(), "{port} ${HOME}");
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text| filled(text).unwrap_err();
        insta::assert_snapshot!(error("{prot}"), @"unknown placeholder `{prot}`; did you mean `{port}`?");
        insta::assert_snapshot!(error("{x}"), @"unknown placeholder `{x}`; known: `port`, `model.image`");
        insta::assert_snapshot!(error("${NOPE}"), @"environment variable `NOPE` is not set");
        insta::assert_snapshot!(error("{port"), @"`{` is never closed; write `{{` for a brace");
        insta::assert_snapshot!(error("port}"), @"`}` was never opened; write `}}` for a brace");
    }
}
