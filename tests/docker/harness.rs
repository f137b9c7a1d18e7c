//! What every test here needs: a backend on a real engine, an instance of it, and the program itself with a configuration.

use std::time::Duration;

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry;
use hydrotest::backend::{BackendError, Instance};
use hydrotest::config::{Config, Source};
use hydrotest::prediction::{Input, Method, Options, Request};

use crate::engine::engine;
use crate::image::{VERSION, pushed};
use crate::runtime::run_within;

/// No event takes this long unless it never comes.
pub const LONG: Duration = Duration::from_secs(120);
/// What a container runs to be a good model server.
pub const SERVE: &str = "command = ['/usr/local/bin/hydrotest', 'serve', '--host', '0.0.0.0', '--port', '{port}']\n";

/// The engine that a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    Docker,
    Podman,
}

/// A test.
pub struct Case {
    pub name: &'static str,
    pub on: &'static [Platform],
    pub run: fn(Platform),
}

impl Case {
    pub const fn new(name: &'static str, run: fn(Platform)) -> Self {
        let on = &[Platform::Docker];
        Self { name, on, run }
    }

    pub const fn on_both(name: &'static str, run: fn(Platform)) -> Self {
        let on = &[Platform::Docker, Platform::Podman];
        Self { name, on, run }
    }
}

impl Platform {
    /// The socket of the engine.
    pub fn host(self) -> String {
        let variable = match self {
            Self::Docker => "HYDROTEST_DOCKER",
            Self::Podman => "HYDROTEST_PODMAN",
        };
        engine(variable).unwrap()
    }
}

/// A registry on loopback that everybody may use.
pub fn registry() -> String {
    engine("HYDROTEST_REGISTRY").unwrap()
}

/// The name of a test image, such as `127.0.0.1:5000/hydrotest/boileroom-esm:0.4.1`.
pub fn esm_image() -> String {
    format!("{}/boileroom-esm:{VERSION}", pushed(&registry()))
}

/// Runs a test in a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    run_within(2 * LONG, test);
}

/// The table of a backend on an engine, with further settings.
pub fn table(on: Platform, settings: &str) -> String {
    let (host, repository) = (on.host(), pushed(&registry()));
    let limit = if settings.contains("start_timeout =") {
        String::new()
    } else {
        format!("start_timeout = '{}s'\n", LONG.as_secs())
    };
    format!(
        "default = 'engine'\n[backends.engine]\nkind = 'docker'\nhost = '{host}'\nrepository = '{repository}'\nweights = \
         'synthetic'\n{limit}{settings}"
    )
}

/// A backend on an engine, with further settings.
pub fn declared(on: Platform, settings: &str) -> registry::Platform {
    select(&table(on, settings))
}

/// The backend of a configuration.
pub fn select(text: &str) -> registry::Platform {
    let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
    registry::Platform::select(&config, "engine", Overrides::default())
        .unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// An instance of a backend.
pub fn open(platform: &registry::Platform) -> Instance {
    let built_in = Config::built_in().unwrap();
    let config = serde_json::json!({"model_name": "esm2_t6_8M_UR50D"});
    let contract = built_in.model("esm2").unwrap();
    platform.open(contract, config.as_object().unwrap()).unwrap()
}

/// An instance of which the start must fail, and the error.
pub async fn failed_start(on: Platform, settings: &str) -> BackendError {
    let instance = open(&declared(on, settings));
    let error = instance.start().await.expect_err("the start succeeds");
    assert_eq!(instance.take_leaks(), Vec::<String>::new());
    error
}

/// An instance that runs.
pub async fn started(on: Platform, settings: &str) -> Instance {
    let instance = open(&declared(on, &format!("{SERVE}{settings}")));
    let started = instance.start().await;
    started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
    instance
}

/// A call of no importance.
pub fn request() -> Request {
    Request {
        method: Method::Embed,
        input: Input::One("MALW".into()),
        options: Options::new(),
    }
}
