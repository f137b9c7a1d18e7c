//! Replaces placeholders in settings, such as `{port}`, `{model.image}` and `${HOME}`, by their values. Does not replace placeholders
//! in the values themselves.

use super::diagnostic::{list_names, suggest};

/// Why the placeholders of a text cannot be replaced. Does not show values of variables, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InterpolationError {
    /// A name without a value, with a suggestion.
    #[error("unknown placeholder `{{{0}}}`{1}")]
    Unknown(String, String),
    /// A variable that is not in the environment.
    #[error("environment variable `{0}` is not set")]
    Unset(String),
    /// An opening brace without its closing one.
    #[error("`{{` is never closed; write `{{{{` for a brace")]
    Unclosed,
    /// A closing brace without its opening one.
    #[error("`}}` was never opened; write `}}}}` for a brace")]
    Unopened,
}

/// Replaces every `{name}` by its value in `values` and every `${NAME}` by its value in `environment`. `{{` and `}}` stand for single
/// braces, so `${{NAME}}` leaves `${NAME}` to a shell.
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
            result.extend([before, "{"]);
            rest = tail;
        } else if let Some(tail) = tail.strip_prefix("}}") {
            result.extend([before, "}"]);
            rest = tail;
        } else {
            let (name, tail) = tail
                .strip_prefix('{')
                .ok_or(InterpolationError::Unopened)?
                .split_once('}')
                .ok_or(InterpolationError::Unclosed)?;
            match before.strip_suffix('$') {
                Some(before) => {
                    let value = environment(name).ok_or_else(|| InterpolationError::Unset(name.to_owned()))?;
                    result.extend([before, &value]);
                }
                None => result.extend([before, value_of(name, values)?]),
            }
            rest = tail;
        }
    }
    result.push_str(rest);
    Ok(result)
}

fn value_of<'a>(name: &str, values: &[(&str, &'a str)]) -> Result<&'a str, InterpolationError> {
    values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).ok_or_else(|| {
        let names = values.iter().map(|(known, _)| *known);
        let hint = match suggest(name, names.clone()) {
            Some(meant) => format!("; did you mean `{{{meant}}}`?"),
            None if values.is_empty() => "; there are no placeholders here".to_owned(),
            None => format!("; known: {}", list_names(names)),
        };
        InterpolationError::Unknown(name.to_owned(), hint)
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
