//! The kind `python`: hosts Python code in its own interpreter and calls it as boileroom does. The code is a wrapper
//! with any backend selector, a class with the interface of boileroom's `Backend`, or a core class in the interpreter's
//! own process.
//!
//! ```text
//! harness ──orders (JSON)──→ bridge ──→ wrapper | backend | core
//!    ↑                         │
//!    └─frames: JSON + pickle 5 ┘   (Unix socket in a private directory)
//!    ←──────── log ────────────── all output
//! ```
//!
//! The bridge (`bridge/`) is Python and part of this program. Its pickles are parsed as data and never executed.

mod bridge;
mod channel;
mod examination;
mod exception;
mod frame;
mod hosted;
mod hosting;
mod interpreter;
mod objects;
mod orders;
mod settings;

use std::sync::Arc;

use super::kind::{Creates, Kind, LaunchSpec, Override, Overrides, Settings};
use super::requirement::Requirement;
use super::{Backend, BackendError, Watch};
use crate::config::{BackendTable, Diagnostics, TableReader};
use crate::prediction::{Contract, Options};

use hosted::Hosted;
use settings::PythonSettings;

/// The row of this kind.
pub(crate) const KIND: Kind = Kind {
    overrides: &[Override::Tag, Override::Device, Override::Gpu, Override::KeepResponses],
    template: r#"# The interpreter that has boileroom and your code: a program, or a program with arguments.
interpreter = ["python3"]
# Folders where your code is imported from.
# path = ["."]
# Either boileroom's wrapper of each model with this backend selector,
selector = "your_backend"
# or a class with the interface of boileroom's `Backend`, with the arguments of its constructor,
# backend_class = "your_package.backend:YourBackend"
# arguments = { core_class = "{model.core}", config = "{config}", device = "{device}" }
# or the model's core class in this interpreter's own process.
# core = true
# device = "cuda:0"
# start_timeout = "20m"
"#,
    ..Kind::new(
        "python",
        "Python code in its own interpreter: a boileroom wrapper, a Backend class or a core class",
        Creates::Processes,
        configure,
    )
};

fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    let mut reader = TableReader::new(&table.settings, diagnostics);
    let settings = PythonSettings::read(table, &mut reader);
    reader.finish();
    Some(Arc::new(settings?))
}

impl Settings for PythonSettings {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        let hosting = self.fill(&launch.contract, &launch.config, &launch.overrides)?;
        Ok(Box::new(Hosted::new(hosting, launch, self.timeouts)))
    }

    fn through(&self) -> Option<String> {
        self.host.through().map(str::to_owned)
    }

    fn examine<'a>(&'a self, models: &'a [Arc<Contract>], overrides: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        let hostings = models.iter().map(|model| self.fill(model, &Options::new(), overrides));
        Box::pin(examination::examine(hostings.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::kind::Overrides;
    use super::super::registry::Platform;
    use super::KIND;
    use crate::backend::requirement::RequirementStatus;
    use crate::config::{Config, Source};
    use crate::prediction::Options;

    fn select(table: &str, overrides: Overrides) -> Result<Platform, String> {
        let text = format!("default = 'lab'\n[backends.lab]\nkind = 'python'\n{table}");
        let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
        Platform::select(&config, "lab", overrides).map_err(|diagnostics| diagnostics.to_string())
    }

    fn refused(table: &str) -> String {
        select(table, Overrides::default()).err().unwrap()
    }

    #[test]
    fn calls_through_a_backend_of_boileroom_are_recognised() {
        for (table, through) in [
            ("selector = 'apptainer:cuda12-0.4.1'", Some("apptainer")),
            ("backend_class = 'boileroom.backend.apptainer:ApptainerBackend'", Some("apptainer")),
            ("backend_class = 'boileroom.backend.modal.ModalBackend'", Some("modal")),
            ("backend_class = 'yours.backend.apptainer:ApptainerBackend'", None),
            ("core = true", None),
        ] {
            let platform = select(table, Overrides::default()).unwrap();
            assert_eq!(platform.table.through.as_deref(), through, "{table}");
        }
    }

    #[test]
    fn mistakes_are_shown_where_they_are_written() {
        let shown = refused("");
        assert!(shown.contains("none of `selector`, `backend_class` and `core` is given"), "{shown}");
        let shown = refused("selector = 'modal'\ncore = true\n");
        assert!(shown.contains("exclude each other"), "{shown}");
        let shown = refused("core = 3\ninterpreter = []\n");
        assert!(shown.contains("`core` is neither `true` nor a class"), "{shown}");
        assert!(shown.contains("`interpreter` is empty"), "{shown}");
        let shown = refused("backend_class = 'a:B'\narguments = { c = ['{model.cor}'] }\nstop_timeout = '1h'\n");
        assert!(shown.contains("did you mean `{model.core}`?"), "{shown}");
        assert!(shown.contains("`stop_timeout` is 3600 s"), "{shown}");
        let shown = refused("selector = 'modal'\narguments = { a = 1 }\nselektor = 'x'\n");
        assert!(shown.contains("there is no constructor to give them to"), "{shown}");
        assert!(shown.contains("unknown key `selektor`"), "{shown}");
        assert!(refused("wrapper = 'a:B'\n").contains("missing key `selector`"));
    }

    #[test]
    fn the_template_is_valid() {
        assert!(select(KIND.template, Overrides::default()).is_ok());
    }

    #[test]
    fn a_variable_that_is_not_set_is_named_before_anything_is_started() {
        let platform = select("selector = '${NO_SUCH_VARIABLE}'\n", Overrides::default()).unwrap();
        let contract = Config::built_in().unwrap().models[0].clone();
        let error = platform.open(&contract, &Options::new()).err().unwrap();
        assert!(error.message.contains("`NO_SUCH_VARIABLE` is not set"), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_is_no_python_is_reported() {
        let models = &Config::built_in().unwrap().models[..2];
        let platform = select("selector = 'modal'\ninterpreter = 'true'\n", Overrides::default()).unwrap();
        let requirements = platform.examine(models).await;
        assert_eq!((requirements.len(), requirements[0].status), (1, RequirementStatus::Unmet));
        assert!(requirements[0].found.contains("does not answer as a Python does"), "{requirements:?}");
    }
}
