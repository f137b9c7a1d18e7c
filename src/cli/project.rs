//! The project of a command: configuration, sequences and suites, read together so that all mistakes show at once. Does not run anything.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::output::{CommandError, did_you_mean};
use super::paths::{ConfigPlace, ProjectPaths};
use crate::backend::{registry, state_directory};
use crate::built_in;
use crate::config::{BackendTable, Config, Diagnostic, Diagnostics, Located, Suite, Suites};
use crate::plan::{Overriding, Plan, Selection, expand};
use crate::snapshot::{SnapshotKey, Unpacked, has_built_in};

/// Everything that is declared.
pub(crate) struct Project {
    /// Backends and models.
    pub(crate) config: Config,
    /// Suites in the order of their names.
    pub(crate) suites: Vec<Suite>,
    /// The files of the suites by name, unchanged.
    pub(crate) suite_files: Vec<(String, Vec<u8>)>,
    /// The directory of the recorded results, which need not exist.
    pub(crate) snapshots: PathBuf,
    pub(crate) origin: SuiteOrigin,
}

/// The origin of suites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SuiteOrigin {
    /// Files of the project, or a command line.
    Project,
    BuiltIn,
}

/// The recorded results that a run compares with.
#[derive(Debug)]
pub(crate) enum References {
    /// Those of the project, which may record others.
    Project(PathBuf),
    /// Those of the program, which cannot be changed.
    BuiltIn(Unpacked),
}

impl References {
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

/// Reads the configuration, and the mistakes in the settings of its backends. Returns all mistakes as one error if there are others.
fn read_both(place: &ConfigPlace) -> Result<(Config, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let Some(config) = Config::read(&place.source()?, &mut diagnostics)? else {
        return Err(diagnostics);
    };
    let is_sound = diagnostics.is_empty();
    registry::validate(&config, &mut diagnostics);
    if is_sound { Ok((config, diagnostics)) } else { Err(diagnostics) }
}

/// The files of the suites of a directory and their sequences, by name.
fn suite_files(directory: &Path) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    // `Suites::load` reports a directory that does not exist.
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
        // Without a configuration, a directory called `suites` belongs to no project.
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
            diagnostics.push(Diagnostic::new(format!("failed to read {}: {error}", directory.display())));
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
            hash_file(&mut hasher, name, content);
        }
        hex::encode(hasher.finalize())
    }

    /// The recorded results for these weights: those of the project, or the built-in ones for built-in suites.
    ///
    /// # Errors
    /// If the built-in ones cannot be unpacked.
    pub(crate) fn references(&self, weights: &str) -> Result<References, CommandError> {
        let is_own = self.origin == SuiteOrigin::Project || self.snapshots.join(weights).exists();
        if is_own || !has_built_in(weights) {
            return Ok(References::Project(self.snapshots.clone()));
        }
        Unpacked::in_state(&state_directory()).map(References::BuiltIn).map_err(|error| {
            CommandError::Broken(format!(
                "the built-in recorded results cannot be unpacked: {error}; HYDROTEST_STATE_DIR names another directory for them"
            ))
        })
    }

    /// The selector of the given backend, or of the default one.
    pub(super) fn selector<'a>(&'a self, given: Option<&'a str>) -> &'a str {
        given.unwrap_or(&self.config.default)
    }

    /// Plans the selected cases on a backend, with the timeouts and retries that are declared.
    ///
    /// # Errors
    /// Everything that is wrong with the checks of any case.
    pub(super) fn plan(&self, backend: &BackendTable, selection: &Selection) -> Result<Plan, Diagnostics> {
        expand(&self.config, &self.suites, backend, selection, Overriding::default())
    }

    /// Checks the names that a selection uses.
    ///
    /// # Errors
    /// Names that are not declared, each with a suggestion.
    pub(crate) fn check(&self, selection: &Selection) -> Result<(), Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let models: Vec<&str> = self.config.models.iter().map(|model| model.key.as_str()).collect();
        let suites: Vec<&str> = self.suites.iter().map(|suite| suite.name.as_str()).collect();
        for (what, wanted, known) in [("model", &selection.models, models), ("suite", &selection.suites, suites)] {
            for name in wanted.iter().filter(|name| !known.contains(&name.as_str())) {
                let help = did_you_mean(name, known.iter().copied());
                let help = help.unwrap_or_else(|| format!("known: {}", known.join(", ")));
                diagnostics.push(Diagnostic::new(format!("{what} {name} is not declared")).with_help(help));
            }
        }
        diagnostics.into_result(())
    }

    /// The snapshots with these weights that any declared suite uses for any declared model.
    ///
    /// # Errors
    /// Everything that is wrong with the checks of any case.
    pub(crate) fn snapshot_keys(&self, weights: &str) -> Result<HashSet<SnapshotKey>, Diagnostics> {
        let mut tables = self.config.backends.clone();
        // A model that no backend serves today has recorded results all the same. A suite for the first of several models has those
        // of each, because a backend may serve no other.
        if let Some(first) = self.config.backends.first() {
            let serving = |models| BackendTable { models, ..first.clone() };
            let only = |key: &String| vec![Located { value: key.clone(), location: first.location.clone() }];
            tables.push(serving(None));
            tables.extend(self.config.models.iter().map(|model| serving(Some(only(&model.key)))));
        }
        let mut keys = HashSet::new();
        for table in &tables {
            let plan = self.plan(table, &Selection::of_weights(weights))?;
            keys.extend(plan.trials.iter().flat_map(|trial| trial.snapshot_keys(weights)));
        }
        Ok(keys)
    }

    /// Whether there is a suite of this name.
    pub(crate) fn declares_suite(&self, name: &str) -> bool {
        self.suites.iter().any(|suite| suite.name == name)
    }
}

/// Adds a name and its content with their lengths, so that no two lists have the same hash.
pub(super) fn hash_file(hasher: &mut Sha256, name: &str, content: &[u8]) {
    for part in [name.as_bytes(), content] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
}
