//! What every test here needs: an instance whose server misbehaves in a named way.

use std::time::Duration;

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::backend::{BackendError, Instance};
use hydrotest::config::{Config, Source};
use hydrotest::prediction::{Input, Method, Options, Request};

use crate::misbehaviour::MISBEHAVE;
use crate::runtime::run_within;
use crate::witness::{LONG, VARIABLE, Witness};

/// Runs a test in a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    run_within(4 * LONG, test);
}

/// A backend whose server does what `behaviour` says, with further settings.
pub fn platform(witness: &Witness, behaviour: &str, settings: &str) -> Platform {
    let address = witness.address();
    declared(&format!(
        "command = ['{{hydrotest}}', '{MISBEHAVE}', '{behaviour}', '{{port}}']\n\
         env = {{ {VARIABLE} = '{address}' }}\n{settings}"
    ))
}

/// A backend of the kind `process` with these settings.
pub fn declared(settings: &str) -> Platform {
    let text = format!("default = 'bad'\n[backends.bad]\nkind = 'process'\n{settings}\n");
    let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
    Platform::select(&config, "bad", Overrides::default()).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// An instance of such a backend.
pub fn instance(witness: &Witness, behaviour: &str, settings: &str) -> Instance {
    open(&platform(witness, behaviour, settings), &Options::new())
}

/// An instance of a platform.
pub fn open(platform: &Platform, config: &Options) -> Instance {
    let built_in = Config::built_in().unwrap();
    platform.open(built_in.model("esm2").unwrap(), config).unwrap()
}

/// A call of no importance.
pub fn request() -> Request {
    Request {
        method: Method::Embed,
        input: Input::One("MALW".into()),
        options: Options::new(),
    }
}

/// Starts an instance while something else is waited for, and gives what that brought.
pub async fn started<T>(instance: &Instance, meanwhile: impl Future<Output = T>) -> T {
    let started = async {
        let started = instance.start().await;
        started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
    };
    tokio::join!(started, meanwhile).1
}

/// The error that a start must end in, in good time.
pub async fn failed_start(instance: &Instance) -> BackendError {
    let started = tokio::time::timeout(LONG, instance.start()).await;
    started.expect("the start hangs").expect_err("the start succeeds")
}

/// A span that is over soon.
pub const SOON: Duration = Duration::from_millis(200);
