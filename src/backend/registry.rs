//! The table of all kinds of backend, and the two steps from a declaration to an instance. `Platform::select` reads settings and accesses
//! nothing outside; `Platform::open` makes an instance that is not started yet.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::OnceCell;

use super::facts::PlatformFacts;
use super::kind::{Creates, Kind, LaunchSpec, Override, Overrides, START_TIMEOUT, Settings, WEIGHTS};
use super::recorder::InstanceRecorder;
use super::requirement::Requirement;
use super::resources::{self, CleanReport, InstanceId, LeakGuard, Mode, ResourceFinder, RunDirectory};
use super::skip::Skip;
use super::start_progress::StartProgress;
use super::{
    Backend, BackendError, Instance, Scenario, apptainer, docker, http, process, python, reference, replay, slurm,
};
use crate::config::{BackendTable, Config, Diagnostic, Diagnostics, suggest};
use crate::prediction::{Contract, Options};
use crate::wire::responses::{RecordingError, ResponseOrigin, ResponseWriter};

/// All kinds, in the order in which they are listed.
pub static KINDS: &[Kind] = &[
    reference::KIND,
    process::KIND,
    docker::KIND,
    apptainer::KIND,
    slurm::KIND,
    http::KIND,
    python::KIND,
    replay::KIND,
];

/// A declared backend with validated settings, ready to be opened for any model.
pub struct Platform {
    /// Its declaration.
    pub table: BackendTable,
    /// Its kind.
    pub kind: &'static Kind,
    /// The weights of its results.
    pub weights: String,
    settings: Arc<dyn Settings>,
    overrides: Overrides,
    recorder: Option<Arc<ResponseWriter>>,
    run: Arc<RunDirectory>,
    facts: PlatformFacts,
    cleaned: Arc<OnceCell<()>>,
}

impl Platform {
    /// The declared backend that `selector` (`NAME` or `NAME:TAG`) names.
    ///
    /// # Errors
    /// Every mistake in the selector, the overrides and the settings of that backend.
    pub fn select(config: &Config, selector: &str, overrides: Overrides) -> Result<Self, Diagnostics> {
        let (name, tag) = selector.split_once(':').unwrap_or((selector, ""));
        let (name, tag) = (name.trim(), Some(tag.trim().to_owned()).filter(|tag| !tag.is_empty()));
        let Some(table) = config.backend(name) else {
            return Err(unknown_backend(config, name).into());
        };
        let mut diagnostics = Diagnostics::new();
        let Some(kind) = kind_of(table, &mut diagnostics) else {
            return Err(diagnostics);
        };
        let settings = (kind.configure)(table, &mut diagnostics);
        let overrides = Overrides { tag: tag.or(overrides.tag), ..overrides };
        refuse_foreign(kind, name, &overrides, &mut diagnostics);
        match settings {
            Some(settings) if diagnostics.is_empty() => Ok(Self {
                table: BackendTable { through: settings.through(), ..table.clone() },
                kind,
                weights: kind.weights.or(table.weights.as_deref()).unwrap_or(WEIGHTS).to_owned(),
                settings,
                overrides,
                recorder: None,
                run: Arc::new(RunDirectory::new()),
                facts: PlatformFacts::default(),
                cleaned: Arc::default(),
            }),
            _ => Err(diagnostics),
        }
    }

    /// An instance for a model, not started yet.
    ///
    /// # Errors
    /// If the model cannot run there at all.
    pub fn open(&self, contract: &Arc<Contract>, config: &Options) -> Result<Instance, BackendError> {
        self.open_wrapped(contract, config, |backend| backend)
    }

    /// An instance like that of [`Self::open`], with the platform's backend wrapped in another.
    ///
    /// # Errors
    /// If the model cannot run there at all.
    pub fn open_wrapped(
        &self,
        contract: &Arc<Contract>,
        config: &Options,
        wrap: impl FnOnce(Box<dyn Backend>) -> Box<dyn Backend>,
    ) -> Result<Instance, BackendError> {
        let launch = self.launch(contract, config);
        let backend = wrap(self.settings.open(&launch)?);
        let label = format!("{} on {}", contract.key, self.table.name);
        let limit = self.table.start_timeout.unwrap_or(START_TIMEOUT);
        let mut instance = Instance::new(label, backend, limit);
        instance.progress = launch.progress;
        if let Creates::Processes | Creates::Resources(_) = self.kind.creates {
            instance = instance.guarded(LeakGuard::new(launch.instance, open_finder, Arc::clone(&self.cleaned)));
        }
        Ok(instance)
    }

    /// Why it cannot run a model with a configuration although nothing is wrong with it.
    #[must_use]
    pub fn unsupported(&self, contract: &Contract, config: &Options) -> Option<String> {
        self.settings.unsupported(contract, config)
    }

    /// Why it cannot run a scenario of the life cycle.
    #[must_use]
    pub fn cannot_run(&self, scenario: &Scenario) -> Option<Skip> {
        let inapplicable = |why: &str| Some(Skip::inapplicable(format!("kind `{}` {why}", self.kind.name)));
        if scenario.needs_server() && !self.kind.is_served {
            return inapplicable("has no server that speaks the model-server protocol");
        }
        if matches!(self.kind.creates, Creates::Nothing) && !scenario.is_only_of_calls() {
            return inapplicable("starts nothing, so that only hydrotest itself would be tested");
        }
        let (needed, limit, name) = (scenario.instances(), self.table.max_instances, &self.table.name);
        if needed > limit {
            return Some(Skip::not_run(format!(
                "needs {needed} instances at once, and `max_instances` of backend `{name}` is {limit}"
            )));
        }
        if matches!(self.kind.creates, Creates::Objects) && scenario.needs_external_kill() {
            return inapplicable("starts nothing outside of the harness that could be killed from outside");
        }
        None
    }

    /// What the platform would be given to start a model, for a reader. Returns `None` if the kind has nothing to show.
    #[must_use]
    pub fn dry_run(&self, contract: &Arc<Contract>, config: &Options) -> Option<Result<String, BackendError>> {
        self.settings.dry_run(&self.launch(contract, config))
    }

    /// Checks, before the first start, whether a run of these models can succeed at all.
    ///
    /// # Errors
    /// A mistake in the backend's table that every case would meet.
    pub async fn foresee(&self, models: &[Arc<Contract>]) -> Result<(), BackendError> {
        self.settings.foresee(models).await
    }

    /// The launch of a new instance.
    fn launch(&self, contract: &Arc<Contract>, config: &Options) -> LaunchSpec {
        let recorder = |writer: &Arc<ResponseWriter>| InstanceRecorder {
            writer: Arc::clone(writer),
            model: contract.key.clone(),
            config: config.clone(),
        };
        LaunchSpec {
            instance: InstanceId::next(&self.run),
            progress: StartProgress::default(),
            facts: self.facts.clone(),
            contract: Arc::clone(contract),
            config: config.clone(),
            overrides: self.overrides.clone(),
            recorder: self.recorder.as_ref().map(recorder),
        }
    }

    /// Keeps the raw responses of all instances that are opened from now on, in the directory of the overrides. Returns the writer, if
    /// responses are to be kept.
    ///
    /// # Errors
    /// If the directory cannot be created.
    pub fn keep_responses(&mut self) -> Result<Option<Arc<ResponseWriter>>, RecordingError> {
        let Some(directory) = &self.overrides.keep_responses else {
            return Ok(None);
        };
        let origin = ResponseOrigin {
            backend: self.table.name.clone(),
            kind: self.kind.name.to_owned(),
            weights: self.weights.clone(),
            hydrotest: env!("CARGO_PKG_VERSION").to_owned(),
        };
        self.recorder = Some(Arc::new(ResponseWriter::create(directory, origin)?));
        Ok(self.recorder.clone())
    }

    /// Checks everything that the backend needs for these models, without starting one.
    pub async fn examine(&self, models: &[Arc<Contract>]) -> Vec<Requirement> {
        self.settings.examine(models, &self.overrides).await
    }

    /// The facts about the platform. Instances add to them when they start.
    pub(crate) fn facts(&self) -> PlatformFacts {
        self.facts.clone()
    }

    /// How many calls one instance works on at once.
    #[must_use]
    pub fn calls_per_instance(&self) -> usize {
        self.table.calls_per_instance.unwrap_or(self.kind.calls_per_instance)
    }
}

/// The kind of a name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// Finds the resources of killed runs on the platforms of all kinds. Removes them in [`Mode::Remove`].
pub async fn clean(mode: Mode) -> CleanReport {
    resources::clean(open_finder, mode).await
}

/// Opens a kind's resource finder for a platform that a run has recorded.
fn open_finder(name: &str, platform: &Value) -> Result<Box<dyn ResourceFinder>, String> {
    match kind(name).map(|kind| kind.creates) {
        Some(Creates::Resources(open)) => open(platform).map_err(|error| format!("{name}: {error}")),
        _ => Err(format!("kind `{name}` has no resource finder")),
    }
}

/// Reads the settings of every declared backend, as `--backend` does for one, and reports every mistake.
pub fn validate(config: &Config, diagnostics: &mut Diagnostics) {
    for table in &config.backends {
        if let Some(kind) = kind_of(table, diagnostics) {
            (kind.configure)(table, diagnostics);
        }
    }
}

/// Reports overrides that a kind does not accept.
fn refuse_foreign(kind: &Kind, backend: &str, overrides: &Overrides, diagnostics: &mut Diagnostics) {
    let given = [
        (Override::Tag, overrides.tag.is_some(), "an image tag"),
        (Override::Device, overrides.device.is_some(), "--device"),
        (Override::Gpu, overrides.gpu.is_some(), "--gpu"),
        (Override::DockerUser, overrides.docker_user.is_some(), "--docker-user"),
        (Override::KeepResponses, overrides.keep_responses.is_some(), "--keep-responses"),
    ];
    for (flag, is_given, shown) in given {
        if is_given && !kind.overrides.contains(&flag) {
            let message = format!("{shown} does not apply to backend `{backend}` of kind `{}`", kind.name);
            let takers = KINDS.iter().filter(|other| other.overrides.contains(&flag)).map(|other| other.name);
            let help = match takers.collect::<Vec<_>>().as_slice() {
                [] => "no kind takes it".to_owned(),
                [taker] => format!("it applies to kind {taker}"),
                takers => format!("it applies to kinds {}", takers.join(", ")),
            };
            diagnostics.push(Diagnostic::new(message).with_help(help));
        }
    }
}

fn kind_of(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<&'static Kind> {
    let found = kind(&table.kind.value);
    if found.is_none() {
        let names = KINDS.iter().map(|kind| kind.name);
        diagnostics.push(Diagnostic::unknown(table.kind.location.clone(), "kind", &table.kind.value, names));
    }
    found
}

fn unknown_backend(config: &Config, name: &str) -> Diagnostic {
    let names: Vec<&str> = config.backends.iter().map(|table| table.name.as_str()).collect();
    let message = format!("backend {name} is not declared. Supported backends: {}", names.join(", "));
    Diagnostic::new(message).with_help(match suggest(name, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("declare it as [backends.{name}] in the configuration"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    const TWO: &str =
        "default = 'reference'\n[backends.reference]\nkind = 'reference'\n[backends.odd]\nkind = 'referense'\n";

    fn config(text: &str) -> Config {
        Config::parse(&Source::new("backends.toml", text)).unwrap()
    }

    fn refused(selector: &str, overrides: Overrides) -> String {
        Platform::select(&config(TWO), selector, overrides).err().unwrap().to_string()
    }

    #[test]
    fn a_declared_backend_opens_for_any_model() {
        let config = config(TWO);
        let platform = Platform::select(&config, " reference ", Overrides::default()).unwrap();
        assert_eq!(platform.weights, "synthetic");
        let instance = platform.open(&config.models[0], &Options::new()).unwrap();
        assert_eq!(instance.label(), format!("{} on reference", config.models[0].key));
    }

    #[test]
    fn an_unknown_backend_names_those_there_are() {
        let message = refused("refrence", Overrides::default());
        insta::assert_snapshot!(message, @"
        error: backend refrence is not declared. Supported backends: reference, odd
         |
         = help: did you mean `reference`?
        ");
    }

    #[test]
    fn an_unknown_kind_is_shown_where_it_is_written() {
        let message = refused("odd", Overrides::default());
        insta::assert_snapshot!(message, @"
        error: unknown kind `referense`
         --> backends.toml:5:8
          |
        5 | kind = 'referense'
          |        ^^^^^^^^^^^ did you mean `reference`?
        ");
    }

    #[test]
    fn overrides_that_do_not_apply_are_refused() {
        let message = refused("reference:1.2", Overrides::default());
        insta::assert_snapshot!(message, @"
        error: an image tag does not apply to backend `reference` of kind `reference`
         |
         = help: it applies to kinds docker, apptainer, python
        ");
        let gpu = Overrides { gpu: Some("T4".into()), ..Overrides::default() };
        let message = refused("reference", gpu);
        insta::assert_snapshot!(message, @"
        error: --gpu does not apply to backend `reference` of kind `reference`
         |
         = help: it applies to kind python
        ");
        let message = refused("reference:1.2", Overrides::default());
        insta::assert_snapshot!(message, @"
        error: an image tag does not apply to backend `reference` of kind `reference`
         |
         = help: it applies to kinds docker, apptainer, python
        ");
    }
}
