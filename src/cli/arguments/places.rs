//! Where a project lies: the arguments that say so, and where it is looked for when they do not. Reads no file.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::{Diagnostic, Diagnostics};
use crate::os;

/// The usual name of a configuration.
const CONFIG: &str = "backends.toml";

/// Where the project lies.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ProjectPaths {
    /// The file that declares backends and models [default: `backends.toml` here or in a directory above, else the one built in].
    #[arg(long, value_name = "FILE", help_heading = "Places")]
    pub(crate) config: Option<PathBuf>,
    /// The directory of the suites [default: `suites` beside the configuration, else those built in].
    #[arg(long, value_name = "DIR", help_heading = "Places")]
    pub(crate) suites: Option<PathBuf>,
    /// The directory of the recorded results [default: `snapshots` beside the configuration; for built-in suites those built in].
    #[arg(long, value_name = "DIR", help_heading = "Places")]
    pub(crate) snapshots: Option<PathBuf>,
}

/// Where a configuration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigPlace {
    /// In this file.
    File(PathBuf),
    /// In the program.
    BuiltIn,
}

impl ProjectPaths {
    /// The same for a command that reads no suites.
    pub(crate) fn without_suites(&self) -> Self {
        Self { suites: None, snapshots: None, ..self.clone() }
    }
}

impl ConfigPlace {
    /// The file that was given, else the one that is found from the working directory upwards.
    ///
    /// # Errors
    /// When the one that is found above belongs to another user, whose commands it would run.
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, Diagnostics> {
        if let Some(given) = given {
            return Ok(Self::File(given.to_owned()));
        }
        let here = std::env::current_dir().unwrap_or_default();
        Self::above(&here)
    }

    fn above(here: &Path) -> Result<Self, Diagnostics> {
        // As it is seen from here, so that it can be typed.
        let mut shown = PathBuf::from(CONFIG);
        for directory in here.ancestors() {
            let file = directory.join(CONFIG);
            let Ok(metadata) = std::fs::metadata(&file) else {
                shown = Path::new("..").join(shown);
                continue;
            };
            let owner = metadata.uid();
            if directory != here && owner != 0 && owner != os::effective_user() {
                let message = format!("{} belongs to another user, user {owner}", file.display());
                let help = format!("if you trust it, name it: --config {}", shown.display());
                return Err(Diagnostic::new(message).with_help(help).into());
            }
            return Ok(Self::File(shown));
        }
        Ok(Self::BuiltIn)
    }

    /// The directory of the project; the working directory where nothing is declared.
    pub(crate) fn home(&self) -> &Path {
        match self {
            Self::File(path) => path.parent().unwrap_or(Path::new("")),
            Self::BuiltIn => Path::new(""),
        }
    }

    /// The file, or the usual one in the working directory where there is none yet.
    pub(crate) fn file(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::BuiltIn => Path::new(CONFIG),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_searched_upwards_and_shown_as_seen_from_here() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(ConfigPlace::above(&deep).unwrap(), ConfigPlace::BuiltIn);
        std::fs::write(home.path().join(CONFIG), "").unwrap();
        let found = ConfigPlace::above(&deep).unwrap();
        assert_eq!(found, ConfigPlace::File("../../backends.toml".into()));
        assert_eq!(found.home(), Path::new("../.."));
        std::fs::write(deep.join(CONFIG), "").unwrap();
        assert_eq!(ConfigPlace::above(&deep).unwrap(), ConfigPlace::File(CONFIG.into()));
    }

    #[test]
    fn a_file_above_that_another_user_owns_is_not_obeyed() {
        let home = tempfile::tempdir().unwrap();
        let below = home.path().join("below");
        std::fs::create_dir(&below).unwrap();
        let file = home.path().join(CONFIG);
        std::fs::write(&file, "").unwrap();
        // Only root can give a file away.
        if std::os::unix::fs::chown(&file, Some(4711), None).is_ok() {
            let refused = ConfigPlace::above(&below).unwrap_err().to_string();
            let refused = refused.replace(&home.path().display().to_string(), "HOME");
            insta::assert_snapshot!(refused, @"
            error: HOME/backends.toml belongs to another user, user 4711
             |
             = help: if you trust it, name it: --config ../backends.toml
            ");
            assert!(ConfigPlace::above(home.path()).is_ok(), "here it is seen");
        }
    }

    #[test]
    fn what_is_given_is_not_searched_for() {
        let given = ConfigPlace::find(Some(Path::new("no/such.toml"))).unwrap();
        assert_eq!(given, ConfigPlace::File("no/such.toml".into()));
    }
}
