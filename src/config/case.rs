//! One `[[case]]` of a suite: its calls, its checks and its expected failures. Does not read the keys of checks; the module `check`
//! does.

use std::borrow::Cow;
use std::time::Duration;

use super::call::Defaults;
use super::drawn::NameDraw;
use super::level::Levels;
use super::scope::{ScopeNames, known_names};
use super::section::Item;
use super::{Call, Diagnostic, Level, Located, Location, NameOrTable, Scope, Section, Sequences, TableReader, model};
use crate::prediction::Contract;

/// A declared case.
#[derive(Debug, Clone)]
pub struct Case {
    /// The name, unique in the suite for every model that the case is for.
    pub name: String,
    /// The property that it proves.
    pub(crate) about: Option<String>,
    /// The models it is for, among those of the suite.
    pub(crate) scope: Scope,
    levels: Levels,
    pub(crate) variants: Variants,
    /// The steps of the scenario that it runs instead of only making its call. The plan checks their names.
    pub(crate) steps: Option<Vec<NameOrTable>>,
    /// In order; at least one.
    pub(crate) calls: Vec<Call>,
    /// The seed of the names that were drawn for its options, and the names.
    pub(crate) drawn: Option<(u64, Vec<String>)>,
    pub(crate) order: CallOrder,
    /// In order; at least one.
    pub(crate) checks: Vec<CheckTable>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retries: Option<usize>,
    pub(crate) expected_failures: Vec<ExpectedFailure>,
    pub(crate) location: Location,
}

/// When the calls of a case are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CallOrder {
    /// Each after the response to the one before it.
    #[default]
    InTurn,
    /// All at the same time.
    AtOnce,
}

impl CallOrder {
    const NAMES: [(&'static str, Self); 2] = [("in_turn", Self::InTurn), ("at_once", Self::AtOnce)];
}

/// The variants of a model that a case runs for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Variants {
    /// One run with the configuration of the case.
    Configured,
    /// All published ones.
    All,
    /// Those of the model that have one of these names or aliases.
    Named(Vec<String>),
}

/// One run of a case for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repetition<'a> {
    /// The name of the case, followed by `@` and the variant if there is one.
    pub(crate) name: Cow<'a, str>,
    pub(crate) variant: Option<&'a str>,
}

/// The table of one check.
#[derive(Debug, Clone)]
pub(crate) struct CheckTable {
    pub(crate) kind: Located<String>,
    /// The whole table, from which the check reads its own keys.
    pub(crate) section: Section,
}

/// A known and explained failure. The case still runs: if it passes, the entry is outdated.
#[derive(Debug, Clone)]
pub struct ExpectedFailure {
    pub(crate) reason: String,
    /// A text that the failure must contain, so that no other failure is taken for this one.
    pub(crate) message: Option<String>,
    /// `None` means all models.
    pub(crate) models: Option<Vec<String>>,
    /// `None` means all backends.
    pub(crate) backends: Option<Vec<String>>,
}

/// The name of a case for one variant.
pub(crate) fn repetition_name(case: &str, variant: &str) -> String {
    // A variant such as `biohub/ESMFold2-Fast` must not turn a file name into a path.
    format!("{case}@{}", variant.rsplit('/').next().unwrap_or(variant))
}

impl Case {
    /// The runs of the case for a model that suite and case are for. Empty if the model has none of the case's variants.
    pub(crate) fn repetitions<'a>(&'a self, contract: &'a Contract) -> Vec<Repetition<'a>> {
        let repeated =
            |variant: &'a str| Repetition { name: repetition_name(&self.name, variant).into(), variant: Some(variant) };
        match &self.variants {
            Variants::Configured => vec![Repetition { name: self.name.as_str().into(), variant: None }],
            Variants::All => contract.variants.iter().map(|variant| repeated(&variant.name)).collect(),
            Variants::Named(names) => {
                let known = |name: &&String| contract.variants.iter().any(|variant| variant.answers_to(name));
                names.iter().filter(known).map(|name| repeated(name)).collect()
            }
        }
    }

    /// Whether it runs for a model that its suite is for.
    pub(crate) fn fits(&self, contract: &Contract) -> bool {
        let has_variants = self.variants == Variants::Configured || !self.repetitions(contract).is_empty();
        has_variants && self.scope.fits(contract)
    }

    /// The level of the case for a model.
    pub(crate) fn level(&self, model: &str) -> Level {
        self.levels.of(model)
    }

    /// The known failure for a model on a backend.
    pub(crate) fn expected_failure(&self, model: &str, backend: &str) -> Option<&ExpectedFailure> {
        let named = |names: &Option<Vec<String>>, name: &str| {
            names.as_ref().is_none_or(|names| names.iter().any(|known| known == name))
        };
        self.expected_failures.iter().find(|failure| named(&failure.models, model) && named(&failure.backends, backend))
    }

    /// Reads one table over the defaults of its suite.
    pub(super) fn read(
        section: &Section,
        (suite, levels): (&Defaults, &Levels),
        sequences: &Sequences,
        scope_names: &ScopeNames,
        outer: &mut TableReader<'_>,
    ) -> Option<Self> {
        let mut reader = outer.within(section);
        let name = read_name(&mut reader);
        let about = reader.text("about");
        let scope = Scope::read(&mut reader, scope_names);
        let levels = levels.read(&mut reader, scope_names);
        let mut defaults = suite.read_options(&mut reader, scope_names);
        defaults.read_input(&mut reader, sequences);
        let variants = read_variants(&mut reader, scope_names);
        let steps = reader.names_or_tables("steps");
        if reader.is_empty_array("steps") {
            reader.reject("steps", "a scenario without steps proves nothing", "expected at least one");
        }
        if steps.is_some() && reader.has("call") {
            reader.reject("call", "a scenario makes its own calls", "say in the case what it sends, without `call`");
        }
        let order = reader.choice("order", &CallOrder::NAMES).unwrap_or_default();
        let timeout = reader.duration("timeout");
        let retries = reader.count("retries", 0);
        let expected_failures = read_expected_failures(&mut reader, scope_names);
        let checks = read_checks(&mut reader);
        let mut calls = read_calls(&mut reader, defaults, sequences, scope_names);
        let drawn = draw_names(&mut reader, &mut calls);
        if order == CallOrder::AtOnce && calls.len() == 1 {
            reader.reject("order", "one call is at once with none", "expected several of `[[case.call]]`");
        }
        reader.finish();
        let Located { value: name, location } = name?;
        Some(Self {
            name,
            about,
            scope,
            levels,
            variants,
            steps,
            calls,
            drawn,
            order,
            checks,
            timeout,
            retries,
            expected_failures,
            location,
        })
    }
}

/// Replaces the placeholders in the options of calls by names drawn from the seed of the case.
fn draw_names(reader: &mut TableReader<'_>, calls: &mut [Call]) -> Option<(u64, Vec<String>)> {
    let seed = reader.count("seed", 0);
    let seed = seed.and_then(|seed| u64::try_from(seed).ok());
    let mut draw = NameDraw::new(seed.unwrap_or(0));
    for call in calls {
        draw.fill(&mut call.options);
        draw.fill(&mut call.config);
    }
    match (seed, draw.drawn.is_empty()) {
        (Some(_), true) => reader.reject("seed", "nothing is drawn", "expected `{random}` among the unchecked options"),
        (None, false) => drop(reader.require("seed")),
        (None, true) | (Some(_), false) => {}
    }
    Some((seed?, draw.drawn))
}

/// Reads `name`, which must be fit for test names and file names.
fn read_name(reader: &mut TableReader<'_>) -> Option<Located<String>> {
    let name = reader.require("name").located_text("name")?;
    if !model::is_name(&name.value) {
        reader.reject("name", format_args!("`{}` is not a name", name.value), model::EXPECTED_NAME);
    }
    Some(name)
}

fn read_variants(reader: &mut TableReader<'_>, scope_names: &ScopeNames) -> Variants {
    let Some(written) = reader.text_or_texts("variants") else { return Variants::Configured };
    let names = written.into_vec();
    if names.len() == 1 && names.iter().all(|name| name.value == "*") {
        return Variants::All;
    }
    if names.is_empty() {
        reader.reject("variants", "no variant is named", "expected names, or \"*\" for all");
    }
    known_names(names, "variant", &scope_names.variants, reader.diagnostics())
        .map_or(Variants::Configured, Variants::Named)
}

fn read_checks(outer: &mut TableReader<'_>) -> Vec<CheckTable> {
    let sections = outer.require("checks").sections("checks");
    if sections.is_empty() && outer.is_empty_array("checks") {
        outer.reject("checks", "a case without checks proves nothing", "expected at least one");
    }
    let mut checks = Vec::with_capacity(sections.len());
    for section in sections {
        let mut reader = outer.within(&section);
        let kind = reader.require("check").located_text("check");
        let section = reader.rest();
        checks.extend(kind.map(|kind| CheckTable { kind, section }));
    }
    checks
}

fn read_calls(
    outer: &mut TableReader<'_>,
    case: Defaults,
    sequences: &Sequences,
    scope_names: &ScopeNames,
) -> Vec<Call> {
    let sections = outer.sections("call");
    if sections.is_empty() {
        let call = Located { value: "call".to_owned(), location: outer.table().location() };
        if case.input.is_none() {
            report_no_input("case", outer);
        }
        return new_call(call, case).into_iter().collect();
    }
    let mut calls: Vec<Call> = Vec::with_capacity(sections.len());
    for section in &sections {
        let mut reader = outer.within(section);
        let name = read_name(&mut reader);
        let mut defaults = case.read_options(&mut reader, scope_names);
        defaults.read_input(&mut reader, sequences);
        if defaults.input.is_none() {
            report_no_input("call", &mut reader);
        }
        reader.finish();
        let Some(name) = name else { continue };
        if let Some(earlier) = calls.iter().find(|call| call.name == name.value) {
            let diagnostic = Diagnostic::at(name.location.clone(), format!("call `{}` is there already", name.value));
            outer.diagnostics().push(diagnostic.with_related(earlier.location.clone(), "first here"));
        }
        calls.extend(new_call(name, defaults));
    }
    calls
}

/// The call of a name; `None` if it has no input.
fn new_call(name: Located<String>, values: Defaults) -> Option<Call> {
    let Defaults { input, options, config, method } = values;
    Some(Call { name: name.value, input: input?, options, config, method, location: name.location })
}

fn report_no_input(what: &str, reader: &mut TableReader<'_>) {
    let help = "say what to send with `sequences`, `literal` or `structured`, in the case or in every `[[case.call]]`";
    let diagnostic = Diagnostic::at(reader.table().location(), format!("this {what} sends nothing")).with_help(help);
    reader.diagnostics().push(diagnostic);
}

/// Reads `xfail`: a reason, a table, or several tables.
fn read_expected_failures(outer: &mut TableReader<'_>, scope_names: &ScopeNames) -> Vec<ExpectedFailure> {
    if let Some(reason) = outer.item("xfail").and_then(Item::text) {
        return vec![ExpectedFailure { reason: reason.to_owned(), message: None, models: None, backends: None }];
    }
    let mut failures = Vec::new();
    for section in outer.section_or_sections("xfail") {
        let mut reader = outer.within(&section);
        let reason = reader.required_text("reason");
        let message = reader.text("message");
        if message.as_deref() == Some("") {
            reader.reject("message", "every failure contains nothing", "expected words that it must contain");
        }
        let models = reader.known_texts("models", "model", &scope_names.models);
        // A suite is shared: it may name backends that are declared elsewhere.
        let backends = reader.texts("backends");
        reader.finish();
        failures.extend(reason.map(|reason| ExpectedFailure { reason, message, models, backends }));
    }
    failures
}
