//! The project of a command: configuration, sequences and suites, read together so that all mistakes show at once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::arguments::{ConfigPlace, ProjectPaths};
use super::{CommandError, begin};
use crate::backend::{registry, state_directory};
use crate::built_in;
use crate::config::{BackendTable, Config, Diagnostic, Diagnostics, Located, Source, Suite, Suites, suggest};
use crate::plan::{Overriding, Selection, expand};
use crate::snapshot::{SnapshotKey, Unpacked, has_built_in};

/// Everything that is declared.
pub(crate) struct Project {
    /// Backends and models.
    pub(crate) config: Config,
    /// Suites in the order of their names.
    pub(crate) suites: Vec<Suite>,
    /// The files of the suites by name, as they are.
    pub(crate) suite_files: Vec<(String, Vec<u8>)>,
    /// Where recorded results lie, or would.
    pub(crate) snapshots: PathBuf,
    /// Where the suites are from.
    pub(crate) origin: SuiteOrigin,
}

/// Where suites are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SuiteOrigin {
    /// Files of the project, or a command line.
    Project,
    /// The program.
    BuiltIn,
}

/// The recorded results that a run compares with.
#[derive(Debug)]
pub(crate) enum References {
    /// Of the project, which may record others.
    Project(PathBuf),
    /// Of the program; they cannot be changed.
    BuiltIn(Unpacked),
}

impl References {
    /// Where they are.
    pub(crate) fn directory(&self) -> &Path {
        match self {
            Self::Project(directory) => directory,
            Self::BuiltIn(unpacked) => unpacked.directory(),
        }
    }
}

/// Backends and models only, for commands that need no suites.
///
/// # Errors
/// Every mistake in the configuration and in the settings of every backend.
pub(crate) fn read_config(places: &ProjectPaths) -> Result<Config, Diagnostics> {
    let (config, diagnostics) = read_both(&ConfigPlace::find(places.config.as_deref())?)?;
    diagnostics.into_result(config)
}

/// The configuration, and what is wrong with the settings of its backends. Where more is wrong, all of it at once is the error.
fn read_both(place: &ConfigPlace) -> Result<(Config, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let source = match place {
        ConfigPlace::File(path) => Source::read(path)?,
        ConfigPlace::BuiltIn => Config::built_in_source(),
    };
    let Some(config) = Config::read(&source, &mut diagnostics)? else {
        return Err(diagnostics);
    };
    let is_sound = diagnostics.is_empty();
    registry::validate(&config, &mut diagnostics);
    if is_sound { Ok((config, diagnostics)) } else { Err(diagnostics) }
}

/// The files of the suites of a directory and their sequences, by name.
fn suite_files(directory: &Path) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    // A directory that is not there is told by those who read the suites.
    for entry in std::fs::read_dir(directory).into_iter().flatten() {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "toml" || ending == "fasta") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, std::fs::read(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

impl Project {
    /// Reads everything.
    ///
    /// # Errors
    /// Every mistake in the configuration, in the settings of every backend and in every suite.
    pub(crate) fn read(places: &ProjectPaths) -> Result<Self, Diagnostics> {
        let place = ConfigPlace::find(places.config.as_deref())?;
        let (mut config, mut diagnostics) = read_both(&place)?;
        for backend in &mut config.backends {
            backend.load_known_failures(place.file(), &mut diagnostics);
        }
        let beside = |given: &Option<PathBuf>, name: &str| given.clone().unwrap_or_else(|| place.home().join(name));
        let directory = beside(&places.suites, "suites");
        // Without a configuration there is no project whose directory it could be.
        let is_own = places.suites.is_some() || (place != ConfigPlace::BuiltIn && directory.exists());
        let (origin, suites, files) = if is_own {
            let suites = Suites::load(&directory, &config);
            (SuiteOrigin::Project, suites, suite_files(&directory))
        } else {
            let files = built_in::below("suites").map(|file| (file.path.to_owned(), file.content.to_vec()));
            (SuiteOrigin::BuiltIn, Suites::built_in(&config), Ok(files.collect()))
        };
        let suites = suites.map_err(|wrong| diagnostics.append(wrong)).unwrap_or_default().suites;
        let files = files.unwrap_or_else(|error| {
            let message = format!("failed to read {}: {error}", directory.display());
            diagnostics.push(Diagnostic::new(message));
            Vec::new()
        });
        diagnostics.into_result(Self {
            suites,
            suite_files: files,
            snapshots: beside(&places.snapshots, "snapshots"),
            origin: if places.snapshots.is_some() { SuiteOrigin::Project } else { origin },
            config,
        })
    }

    /// SHA-256 of the files of the suites.
    pub(crate) fn suites_sha256(&self) -> String {
        let mut hasher = Sha256::new();
        for (name, content) in &self.suite_files {
            begin::add(&mut hasher, name, content);
        }
        hex::encode(hasher.finalize())
    }

    /// The recorded results for these weights: the project's own, or for built-in suites the built-in ones.
    ///
    /// # Errors
    /// When those that are built in cannot be unpacked.
    pub(crate) fn references(&self, weights: &str) -> Result<References, CommandError> {
        let is_own = self.origin == SuiteOrigin::Project || self.snapshots.join(weights).exists();
        if is_own || !has_built_in(weights) {
            return Ok(References::Project(self.snapshots.clone()));
        }
        let unpacked = Unpacked::in_state(&state_directory()).map_err(|error| {
            CommandError::Broken(format!(
                "the built-in recorded results cannot be unpacked: {error}; HYDROTEST_STATE_DIR names another directory for them"
            ))
        });
        Ok(References::BuiltIn(unpacked?))
    }

    /// Checks the names that a selection uses.
    ///
    /// # Errors
    /// Names that are not declared, with what may have been meant.
    pub(crate) fn check(&self, selection: &Selection) -> Result<(), Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let models: Vec<&str> = self.config.models.iter().map(|model| model.key.as_str()).collect();
        let suites: Vec<&str> = self.suites.iter().map(|suite| suite.name.as_str()).collect();
        for (what, wanted, known) in [("model", &selection.models, models), ("suite", &selection.suites, suites)] {
            for name in wanted.iter().filter(|name| !known.contains(&name.as_str())) {
                let diagnostic = Diagnostic::new(format!("{what} {name} is not declared"));
                diagnostics.push(match suggest(name, known.iter().copied()) {
                    Some(meant) => diagnostic.with_help(format!("did you mean `{meant}`?")),
                    None => diagnostic.with_help(format!("known: {}", known.join(", "))),
                });
            }
        }
        diagnostics.into_result(())
    }

    /// The snapshots, with these weights, that some declared suite uses for some declared model.
    ///
    /// # Errors
    /// Everything that is wrong with the checks of any case.
    pub(crate) fn snapshot_keys(&self, weights: &str) -> Result<HashSet<SnapshotKey>, Diagnostics> {
        let mut keys = HashSet::new();
        let mut add = |table: &BackendTable| -> Result<(), Diagnostics> {
            let selection = Selection { weights: Some(weights.to_owned()), ..Selection::default() };
            let overriding = Overriding::default();
            let plan = expand(&self.config, &self.suites, table, &selection, overriding)?;
            keys.extend(plan.trials.iter().flat_map(|trial| trial.snapshot_keys(weights)));
            Ok(())
        };
        for table in &self.config.backends {
            add(table)?;
        }
        // A model that no backend serves today has recorded results all the same; a suite that is content with the first of
        // several models has those of each, for a backend that serves no other.
        if let Some(first) = self.config.backends.first() {
            let serving = |models| BackendTable { models, ..first.clone() };
            add(&serving(None))?;
            for model in &self.config.models {
                let only = Located { value: model.key.clone(), location: first.location.clone() };
                add(&serving(Some(vec![only])))?;
            }
        }
        Ok(keys)
    }

    /// Whether there is a suite of this name.
    pub(crate) fn declares_suite(&self, name: &str) -> bool {
        self.suites.iter().any(|suite| suite.name == name)
    }
}
