//! Suites: the TOML files of a directory, each a list of cases. Reads and validates all of them at once. Does not expand them for
//! models; the plan does.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::call::Defaults;
use super::level::Levels;
use super::scope::ScopeNames;
use super::{Case, Config, Diagnostic, Diagnostics, Scope, Section, Sequences, Source, TableReader, model};
use crate::built_in;
use crate::prediction::Contract;

/// The file of a suites directory that holds its sequences.
pub const SEQUENCES: &str = "sequences.fasta";

/// The suites of a directory, by name.
#[derive(Debug, Clone, Default)]
pub struct Suites {
    /// In alphabetical order.
    pub suites: Vec<Suite>,
}

/// One file of cases.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The name of its file without extension.
    pub name: String,
    /// What it proves.
    pub about: String,
    /// The models it is for.
    pub scope: Scope,
    /// The weights that it is for; `None` means all. Backends with other weights skip it.
    pub weights: Option<Vec<String>>,
    /// Models in order of preference, if one is enough: the suite is for the first one that is present.
    pub first_of: Option<Vec<String>>,
    /// The time limit of cases that have none of their own.
    pub timeout: Option<Duration>,
    /// The number of retries of cases that have none of their own.
    pub retries: Option<usize>,
    /// In the order of the file.
    pub cases: Vec<Arc<Case>>,
}

impl Suite {
    /// Whether it is for a model, if the models with the keys of `present` are there.
    pub fn is_for(&self, contract: &Contract, present: impl Fn(&str) -> bool) -> bool {
        let first = |preferred: &Vec<String>| preferred.iter().find(|key| present(key)) == Some(&contract.key);
        self.scope.fits(contract) && self.first_of.as_ref().is_none_or(first)
    }

    /// Whether it is for a backend with these weights, or for any backend if they are unknown.
    pub(crate) fn is_for_weights(&self, weights: Option<&str>) -> bool {
        self.weights.as_ref().zip(weights).is_none_or(|(wanted, weights)| wanted.iter().any(|name| name == weights))
    }

    /// The cases that are for a model, in the order of the file.
    pub fn cases_for<'a>(&'a self, contract: &'a Contract) -> impl Iterator<Item = &'a Arc<Case>> {
        let fits = self.scope.fits(contract);
        self.cases.iter().filter(move |case| fits && case.fits(contract))
    }
}

impl Suites {
    /// Reads every `*.toml` of a directory and its [`SEQUENCES`].
    ///
    /// # Errors
    /// All mistakes in the files, or that the directory cannot be read.
    pub fn load(directory: &Path, config: &Config) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let sequences = Sequences::load(&directory.join(SEQUENCES));
        let sequences = sequences.map_err(|wrong| diagnostics.append(wrong)).unwrap_or_default();
        let mut sources = Vec::new();
        for path in toml_files(directory)? {
            match Source::read(&path) {
                Ok(source) => sources.push(source),
                Err(wrong) => diagnostics.append(wrong),
            }
        }
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        Self::parse(&sources, config, &sequences)
    }

    /// Reads the suites that this program was built with.
    ///
    /// # Errors
    /// They do not fit the models of the configuration.
    pub(crate) fn built_in(config: &Config) -> Result<Self, Diagnostics> {
        let sources: Vec<Arc<Source>> = built_in::below("suites")
            .filter(|file| Path::new(file.path).extension().is_some_and(|ending| ending == "toml"))
            .map(|file| Source::new(format!("built-in suites/{}", file.path), String::from_utf8_lossy(file.content)))
            .collect();
        Self::parse(&sources, config, &Sequences::built_in()?)
    }

    /// Reads texts whose paths end in the suite's name and `.toml`.
    ///
    /// # Errors
    /// All mistakes in them.
    pub fn parse(sources: &[Arc<Source>], config: &Config, sequences: &Sequences) -> Result<Self, Diagnostics> {
        let scope_names = ScopeNames::new(config)?;
        let mut diagnostics = Diagnostics::new();
        let mut suites: Vec<Suite> = sources
            .iter()
            .filter_map(|source| Suite::read(source, sequences, &scope_names, &mut diagnostics))
            .collect();
        suites.sort_by(|a, b| a.name.cmp(&b.name));
        diagnostics.into_result(Self { suites })
    }
}

impl Suite {
    fn read(
        source: &Arc<Source>,
        sequences: &Sequences,
        scope_names: &ScopeNames,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let stem = Path::new(source.path()).file_stem()?.to_string_lossy().into_owned();
        if !model::is_name(&stem) {
            let message = format!("suite file {}: the name must be lowercase letters, digits and `_`", source.path());
            diagnostics.push(Diagnostic::new(message));
        }
        let root = Section::parse_strictly(source, diagnostics)?;
        let mut reader = TableReader::new(&root, diagnostics);
        let about = reader.required_text("about").unwrap_or_default();
        let scope = Scope::read(&mut reader, scope_names);
        let first_of = reader.known_texts("first_of", "model", &scope_names.models);
        let weights = reader.texts("weights");
        let levels = Levels::default().read(&mut reader, scope_names);
        let defaults = Defaults::default().read_options(&mut reader, scope_names);
        let timeout = reader.duration("timeout");
        let retries = reader.count("retries", 0);
        let sections = reader.require("case").sections("case");
        let read_case =
            |section| Case::read(section, (&defaults, &levels), sequences, scope_names, &mut reader).map(Arc::new);
        let cases = sections.iter().filter_map(read_case).collect();
        reader.finish();
        let suite = Self { name: stem, about, scope, weights, first_of, timeout, retries, cases };
        suite.check_applicability(scope_names, diagnostics);
        Some(suite)
    }

    /// Reports cases that no model fits, and cases of one name for one model, which would share a snapshot.
    fn check_applicability(&self, scope_names: &ScopeNames, diagnostics: &mut Diagnostics) {
        let contracts = || scope_names.contracts.iter().filter(|contract| self.scope.fits(contract));
        for case in &self.cases {
            if !contracts().any(|contract| case.fits(contract)) {
                let diagnostic = Diagnostic::at(case.location.clone(), format!("no model fits case `{}`", case.name));
                let help = "see `method`, `needs`, `lacks`, `models` and `variants` of the case and its suite";
                diagnostics.push(diagnostic.with_label("it would never run").with_help(help));
            }
        }
        let names: HashSet<&str> = self.cases.iter().map(|case| case.name.as_str()).collect();
        if names.len() == self.cases.len() {
            return;
        }
        let mut reported = HashSet::new();
        for contract in contracts() {
            let mut first: HashMap<&str, usize> = HashMap::new();
            for (index, case) in self.cases.iter().enumerate().filter(|(_, case)| case.fits(contract)) {
                let first = *first.entry(&case.name).or_insert(index);
                if first != index && reported.insert(index) {
                    let message = format!("case `{}` is there already for {}", case.name, contract.key);
                    let diagnostic = Diagnostic::at(case.location.clone(), message);
                    diagnostics.push(diagnostic.with_related(self.cases[first].location.clone(), "first here"));
                }
            }
        }
    }
}

fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, Diagnostics> {
    let fail = |error: std::io::Error| {
        Diagnostics::from(Diagnostic::new(format!("failed to read {}: {error}", directory.display())))
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        let message = format!("there are no suites in {}", directory.display());
        return Err(Diagnostic::new(message).with_help("a suite is a file NAME.toml").into());
    }
    Ok(paths)
}
