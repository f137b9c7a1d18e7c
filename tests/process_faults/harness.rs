//! Shared setup of these tests: an instance whose server misbehaves in a named way.

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::backend::{BackendError, Instance};
use hydrotest::config::{Config, Source};
use hydrotest::prediction::{Input, Method, Options, Request};

use crate::runtime::run_within;
use crate::witness::{LONG, Witness};

/// Runs a test in a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    run_within(4 * LONG, test);
}

/// The configuration of a backend of the kind `process` with these settings.
pub fn table(settings: &str) -> String {
    format!("default = 'bad'\n[backends.bad]\nkind = 'process'\nweights = 'synthetic'\n{settings}\n")
}

/// An instance whose server misbehaves in a named way, with further settings.
pub fn instance(witness: &Witness, behaviour: &str, settings: &str) -> Instance {
    let settings = witness.misbehaving(behaviour) + settings;
    let config = Config::parse(&Source::new("backends.toml", table(&settings))).unwrap();
    let platform = Platform::select(&config, "bad", Overrides::default());
    let platform = platform.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    platform.open(config.model("esm2").unwrap(), &Options::new()).unwrap()
}

/// Any valid call.
pub fn request() -> Request {
    Request { method: Method::Embed, input: Input::One("MALW".into()), options: Options::new() }
}

/// Starts an instance while `meanwhile` runs, and returns the result of `meanwhile`.
pub async fn started<T>(instance: &Instance, meanwhile: impl Future<Output = T>) -> T {
    let started = async {
        let started = instance.start().await;
        started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
    };
    tokio::join!(started, meanwhile).1
}

/// The error of a start, which must not take long.
pub async fn failed_start(instance: &Instance) -> BackendError {
    let started = tokio::time::timeout(LONG, instance.start()).await;
    started.expect("the start hangs").expect_err("the start succeeds")
}
