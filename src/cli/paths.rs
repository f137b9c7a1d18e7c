//! The paths of a project: their arguments, the search for a configuration, and the command line that names the same project again.
//! Does not interpret any file.

use std::fmt::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::backend::kind::Overrides;
use crate::config::{Config, Diagnostic, Diagnostics, Source};
use crate::os;
use crate::outcome::quote;

/// The usual name of a configuration.
const CONFIG: &str = "backends.toml";

/// The paths of a project.
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

impl ProjectPaths {
    /// The same paths for a command that reads no suites.
    pub(super) fn without_suites(&self) -> Self {
        Self { suites: None, snapshots: None, ..self.clone() }
    }

    /// The command line that runs cases of this project on a backend, without the arguments that select cases.
    pub(super) fn run_line(&self, selector: &str, overrides: &Overrides) -> String {
        self.command_line("", selector, overrides)
    }

    /// The command line of a subcommand, whose name ends in a space.
    pub(super) fn command_line(&self, command: &str, selector: &str, overrides: &Overrides) -> String {
        // Cargo sets the variable, and users of `cargo run` have no `hydrotest` in their path.
        let program = if std::env::var_os("CARGO").is_some() { "cargo run --" } else { "hydrotest" };
        let [config, suites, snapshots] =
            [&self.config, &self.suites, &self.snapshots].map(|path| path.as_ref().map(|path| path.to_string_lossy()));
        let given = [
            ("--device", overrides.device.as_deref()),
            ("--gpu", overrides.gpu.as_deref()),
            ("--image-tag", overrides.tag.as_deref()),
            ("--docker-user", overrides.docker_user.as_deref()),
            ("--config", config.as_deref().filter(|path| *path != "backends.toml")),
            ("--suites", suites.as_deref()),
            ("--snapshots", snapshots.as_deref()),
        ];
        let mut line = format!("{program} {command}--backend {}", quote(selector));
        for (flag, value) in given {
            if let Some(value) = value {
                let _ = write!(line, " {flag} {}", quote(value));
            }
        }
        line
    }
}

/// The location of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigPlace {
    File(PathBuf),
    /// Part of the program.
    BuiltIn,
}

impl ConfigPlace {
    /// The source of the configuration.
    pub(super) fn source(&self) -> Result<Arc<Source>, Diagnostics> {
        match self {
            Self::File(path) => Source::read(path),
            Self::BuiltIn => Ok(Config::built_in_source()),
        }
    }

    /// The given file, or the nearest one in the working directory and those above it.
    ///
    /// # Errors
    /// If a file above belongs to another user, because its commands would run.
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, Diagnostics> {
        if let Some(given) = given {
            return Ok(Self::File(given.to_owned()));
        }
        Self::above(&std::env::current_dir().unwrap_or_default())
    }

    fn above(here: &Path) -> Result<Self, Diagnostics> {
        // Relative to the working directory, so that it can be typed.
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

    /// The directory of the project; the working directory without a configuration.
    pub(crate) fn home(&self) -> &Path {
        self.file().parent().unwrap_or(Path::new(""))
    }

    /// The file, or the usual one in the working directory if there is none yet.
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

    #[test]
    fn what_was_asked_for_is_asked_for_again_in_words_that_a_shell_takes() {
        let overrides = Overrides { gpu: Some("A100 40GB".to_owned()), ..Overrides::default() };
        let places =
            ProjectPaths { config: Some("backends.toml".into()), suites: Some("my suites".into()), snapshots: None };
        let line = places.run_line("lab:0.4", &overrides);
        assert!(line.ends_with("--backend lab:0.4 --gpu 'A100 40GB' --suites 'my suites'"), "{line}");
    }
}
