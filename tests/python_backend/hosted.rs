//! Shared setup of these tests: backends of the kind `python` with the test package on their path.

use std::path::Path;
use std::time::Duration;

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::backend::{BackendError, Instance};
use hydrotest::config::{Config, Source};
use hydrotest::prediction::{Contract, Input, Options, Prediction, Request};
use serde_json::{Value as Json, json};

use crate::python;
use crate::runtime::run_within;

/// Upper bound for waiting for an event.
pub const LONG: Duration = Duration::from_secs(300);

/// Runs a test in a runtime of its own, with a time limit.
pub fn run(test: impl Future<Output = ()>) {
    run_within(LONG, test);
}

/// A declaration with the test package on its path, served by `program`.
pub fn declaration(program: &str, settings: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    format!(
        "default = 'lab'\n[backends.lab]\nkind = 'python'\nweights = 'synthetic'\ninterpreter = ['{}']\n\
         path = ['{}', '{}']\n{settings}\n[backends.lab.env]\nHYDROTEST_PROGRAM = '{program}'\nEVIL = '{}'\n\
         PYTHONDONTWRITEBYTECODE = '1'\n",
        python(),
        folder.join("boilerlike").display(),
        folder.display(),
        crate::installed::state().join("evil").display(),
    )
}

/// A backend with these settings.
pub fn platform(settings: &str) -> Platform {
    declared(&declaration("{hydrotest}", settings))
}

/// The backend `lab` of a declaration.
pub fn declared(text: &str) -> Platform {
    let config = Config::parse(&Source::new("backends.toml", text.to_owned())).unwrap();
    Platform::select(&config, "lab", Overrides::default()).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// An instance of a model.
pub fn open(platform: &Platform, model: &str) -> Instance {
    let config = Config::built_in().unwrap();
    platform.open(config.model(model).unwrap(), &Options::new()).unwrap()
}

/// Starts an instance, which must succeed.
pub async fn start(instance: &Instance) {
    let started = instance.start().await;
    started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
}

/// A call to a model.
pub fn request(contract: &Contract, input: Input, options: &Json) -> Request {
    Request { method: contract.method, input, options: options.as_object().unwrap().clone() }
}

/// A call that makes a misbehaving model do something.
pub async fn asked(instance: &Instance, what: &str) -> Result<Prediction, BackendError> {
    let config = Config::built_in().unwrap();
    let call = request(config.model("esm2").unwrap(), Input::One("MAL".into()), &json!({ "do": what }));
    instance.predict(&call).await
}

/// Stops an instance, which must succeed and leave nothing.
pub async fn stop(instance: &Instance) {
    assert_eq!(instance.stop().await, None);
    assert_eq!(instance.take_leaks(), Vec::<String>::new());
}
