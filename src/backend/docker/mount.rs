//! Directories of the engine's machine that a container sees: `HERE:THERE`, `HERE:THERE:ro`. Reads them; whether they are
//! there is for the engine, which does not make them.

use bollard::models::{Mount, MountType};

/// One directory or file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bind {
    source: String,
    target: String,
    read_only: bool,
}

impl Bind {
    /// Takes a text apart.
    ///
    /// # Errors
    /// What is wrong with it, as an end of `a bind …`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let source = parts.next().unwrap_or_default();
        let target = parts.next().unwrap_or(source);
        let read_only = match parts.next() {
            None | Some("rw") => false,
            Some("ro") => true,
            Some(other) => return Err(format!("ends with `{other}`; only `ro` and `rw` can stand there")),
        };
        if parts.next().is_some() {
            return Err("has more than three parts".to_owned());
        }
        for path in [source, target] {
            if !path.starts_with('/') {
                return Err(format!(
                    "needs absolute paths, and `{path}` is not one (named volumes outlive a run and are not taken)"
                ));
            }
        }
        Ok(Self::new(source, target, read_only))
    }

    /// One that needs no parsing.
    pub(super) fn new(source: &str, target: &str, read_only: bool) -> Self {
        Self { source: source.to_owned(), target: target.to_owned(), read_only }
    }

    /// As the engine wants it. A mount, unlike what `docker run -v` asks for, is an error where the source is missing.
    pub(super) fn mount(&self) -> Mount {
        Mount {
            target: Some(self.target.clone()),
            source: Some(self.source.clone()),
            typ: Some(MountType::BIND),
            read_only: Some(self.read_only),
            ..Mount::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_are_taken_apart() {
        assert_eq!(Bind::parse("/a:/b:ro"), Ok(Bind::new("/a", "/b", true)));
        assert_eq!(Bind::parse("/a:/b"), Ok(Bind::new("/a", "/b", false)));
        assert_eq!(Bind::parse("/a"), Ok(Bind::new("/a", "/a", false)));
        insta::assert_snapshot!(Bind::parse("cache:/b").unwrap_err(), @"needs absolute paths, and `cache` is not one (named volumes outlive a run and are not taken)");
        insta::assert_snapshot!(Bind::parse("/a:/b:z").unwrap_err(), @"ends with `z`; only `ro` and `rw` can stand there");
        assert!(Bind::parse("/a:/b:ro:x").is_err());
    }
}
