//! Shared setup of these tests: a backend on a real engine, an instance of it, and the program itself with a configuration.

use std::time::Duration;

use hydrotest::backend::Instance;
use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry;
use hydrotest::config::{Config, Source};
use hydrotest::prediction::{Input, Method, Options, Request};

use crate::containers::none_left;
use crate::engine::engine;
use crate::image::{VERSION, pushed};
use crate::runtime::run_within;
use crate::turns::{self, Turn};

/// Upper bound for waiting for an event.
pub const LONG: Duration = Duration::from_secs(120);
/// The command of a correct model server in a container.
pub const SERVE: &str = "command = ['/usr/local/bin/hydrotest', 'serve', '--host', '0.0.0.0', '--port', '{port}']\n";

/// Variables of the user that select images and credentials.
const OF_THE_USER: [&str; 4] = ["BOILEROOM_IMAGE_TAG", "BOILEROOM_DOCKER_REPOSITORY", "BOILEROOM_SOURCE", "MODEL_DIR"];

/// The engine that a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    Docker,
    Podman,
}

/// Exclusive use of an engine.
pub struct Alone {
    on: Platform,
    _turn: Turn,
}

/// Reserves an engine for one test. It must have no container of hydrotest before and after.
pub fn alone(on: Platform) -> (Platform, Alone) {
    for variable in OF_THE_USER {
        let is_set = std::env::var_os(variable).is_some();
        assert!(!is_set, "unset {variable}: it changes what is tested");
    }
    let turn = turns::alone(on.name());
    none_left(on, "before the test");
    (on, Alone { on, _turn: turn })
}

impl Drop for Alone {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            none_left(self.on, "after the test");
        }
    }
}

impl Platform {
    /// The socket of the engine.
    pub fn host(self) -> String {
        let variable = match self {
            Self::Docker => "HYDROTEST_DOCKER",
            Self::Podman => "HYDROTEST_PODMAN",
        };
        engine(variable)
    }

    /// The name of its lock.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// A registry on loopback without authentication.
pub fn registry() -> String {
    engine("HYDROTEST_REGISTRY")
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

/// A running instance.
pub async fn started(on: Platform, settings: &str) -> Instance {
    let instance = open(&declared(on, &format!("{SERVE}{settings}")));
    let started = instance.start().await;
    started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
    instance
}

/// Any valid call.
pub fn request() -> Request {
    Request { method: Method::Embed, input: Input::One("MALW".into()), options: Options::new() }
}
