//! Shared setup of these tests: an instance whose server is a job and misbehaves in a named way.

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::backend::{BackendError, Instance};
use hydrotest::config::{Config, Source};
use hydrotest::prediction::{Input, Method, Options, Request};

use crate::cluster;
use crate::runtime::run_within;
use crate::witness::{LONG, Witness};

/// Runs a test in a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    run_within(5 * LONG, test);
}

/// The configuration of a backend of the kind `slurm` with these settings.
pub fn table(settings: &str) -> String {
    let conf = cluster::conf();
    let waiting = if settings.contains("start_timeout") { "" } else { "start_timeout = '90s'" };
    format!(
        "default = 'lab'\n[backends.lab]\nkind = 'slurm'\nweights = 'synthetic'\nconf = '{conf}'\npoll_interval = '500ms'\n\
         {waiting}\n{settings}\n"
    )
}

/// A backend of the kind `slurm` with these settings.
pub fn declared(settings: &str) -> Platform {
    let config = Config::parse(&Source::new("backends.toml", table(settings))).unwrap();
    Platform::select(&config, "lab", Overrides::default()).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// An instance whose server is a job and misbehaves in a named way, with further settings.
pub fn instance(witness: &Witness, behaviour: &str, settings: &str) -> Instance {
    open(&declared(&(witness.misbehaving(behaviour) + settings)))
}

/// An instance of a platform.
pub fn open(platform: &Platform) -> Instance {
    let built_in = Config::built_in().unwrap();
    platform.open(built_in.model("esm2").unwrap(), &Options::new()).unwrap()
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

/// The error of a start, which must not take long and must leave nothing.
pub async fn failed_start(instance: &Instance) -> BackendError {
    let started = tokio::time::timeout(4 * LONG, instance.start()).await;
    let error = started.expect("the start hangs").expect_err("the start succeeds");
    assert_eq!(instance.take_leaks(), [""; 0]);
    error
}

/// Stops an instance, which must leave nothing.
pub async fn stopped(instance: &Instance) {
    let stopped = instance.stop().await;
    assert!(stopped.is_none(), "{stopped:?}");
    assert_eq!(instance.take_leaks(), [""; 0]);
}
