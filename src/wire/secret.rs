//! The shared secret that signs responses. Masks it in texts for users. Does not compute signatures.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};

/// A shared secret. Its text goes only into the environment of a model server. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    /// Other texts to mask, such as the token of a header.
    hidden: Vec<String>,
    /// The variable of this process that the user gave it in.
    variable: Option<String>,
}

impl Secret {
    /// The environment variable that passes it to a model server.
    pub const VARIABLE: &'static str = "BOILEROOM_TRANSPORT_HMAC_KEY";
    /// Replaces the secret in texts.
    const MASK: &'static str = "[secret]";
    /// Shorter ones are not masked: without every `a`, a text would not be readable.
    const LEAST_SCRUBBED: usize = 4;

    /// A given secret; `None` if it is empty, which a model server takes for a missing one.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Option<Self> {
        Some(Self { text: text.into(), hidden: Vec::new(), variable: None }).filter(|secret| !secret.text.is_empty())
    }

    /// The same secret, which also masks these texts.
    pub(crate) fn hiding(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.hidden.extend(texts);
        self
    }

    /// The same secret, which the user gave in this variable.
    pub(crate) fn given_in(mut self, variable: &str) -> Self {
        self.variable = Some(variable.to_owned());
        self
    }

    /// The variable that the user gave it in. `None` for a secret of hydrotest's own.
    pub(crate) fn variable(&self) -> Option<&str> {
        self.variable.as_deref()
    }

    /// The secret of a text in which the real one is masked already. It masks nothing.
    pub(in crate::wire) const fn unknown() -> Self {
        Self { text: String::new(), hidden: Vec::new(), variable: None }
    }

    /// 32 bytes from the system's random source as 64 hexadecimal digits.
    ///
    /// # Errors
    /// The system has no random source.
    pub fn generate() -> io::Result<Self> {
        let mut bytes = [0u8; 32];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Self { text: hex::encode(bytes), hidden: Vec::new(), variable: None })
    }

    /// The text for the environment. Its UTF-8 bytes are the key of the signature; hexadecimal digits are not decoded.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// A command line in one line, without the values that it gives to the variable.
    pub(crate) fn scrub_command(line: &str) -> String {
        let given = format!("{}=", Self::VARIABLE);
        let mut parts = line.split_inclusive(&given);
        let mut clean = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(char::is_whitespace).unwrap_or(part.len());
            clean.push_str(Self::MASK);
            clean.push_str(&part[end..]);
        }
        clean
    }

    /// A text without this secret.
    pub(crate) fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let all = std::iter::once(&self.text).chain(&self.hidden);
        all.filter(|secret| secret.len() >= Self::LEAST_SCRUBBED).fold(Cow::Borrowed(text), |text, secret| {
            if text.contains(secret) { Cow::Owned(text.replace(secret, Self::MASK)) } else { text }
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_generated_secrets_differ_and_have_64_hexadecimal_digits() {
        let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), 64);
        assert!(one.expose().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn a_command_line_shows_the_variable_and_not_its_value() {
        let clean =
            |line: &str| Secret::scrub_command(&line.replace("KEY", Secret::VARIABLE)).replace(Secret::VARIABLE, "KEY");
        assert_eq!(clean("run --env KEY=0123 --env A=b serve"), "run --env KEY=[secret] --env A=b serve");
        assert_eq!(clean("env KEY=0123 XKEY=45"), "env KEY=[secret] XKEY=[secret]");
        assert_eq!(clean("run KEY 5"), "run KEY 5");
        assert_eq!(clean(""), "");
    }

    #[test]
    fn it_shows_in_no_text() {
        let secret = Secret::new("open sesame").unwrap();
        assert_eq!(secret.scrub("say open sesame twice"), "say [secret] twice");
        assert_eq!(secret.scrub("nothing here"), "nothing here");
        assert!(!format!("{secret:?}").contains("sesame"));
        assert_eq!(Secret::new(""), None);
        let more = secret.hiding(["Bearer t0ken".to_owned(), "abc".to_owned()]);
        assert_eq!(more.scrub("open sesame, Bearer t0ken, abc"), "[secret], [secret], abc");
    }
}
