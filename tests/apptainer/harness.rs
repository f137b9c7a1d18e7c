//! Shared setup of these tests: an image cache, a backend that uses it on the real Apptainer, and an instance of that backend.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hydrotest::backend::kind::Overrides;
use hydrotest::backend::registry::Platform;
use hydrotest::backend::{BackendError, Instance};
use hydrotest::config::{Config, Source};
use hydrotest::prediction::{Input, Method, Options, Request};
use serde_json::json;
use tempfile::TempDir;

use crate::engine::engine;
use crate::image::pushed;
use crate::runtime::run_within;
use crate::traces;
use crate::until::until;

/// Upper bound for waiting for an event.
pub const LONG: Duration = Duration::from_secs(180);
/// The command of a correct model server in a container.
pub const SERVE: &str = "command = ['/usr/local/bin/hydrotest', 'serve', '--host', '127.0.0.1', '--port', '{port}']\n";
/// The image file for tests that accept any model.
pub const SIF: &str = "hydrotest-boileroom-esm_0.4.1.sif";

/// Variables of the user that change how Apptainer works.
const OF_THE_USER: [&str; 4] = ["APPTAINER_TMPDIR", "BOILEROOM_IMAGE_TAG", "BOILEROOM_DOCKER_REPOSITORY", "MODEL_DIR"];

/// An image cache, and a token that is in the environment of every process started for a test.
pub struct Bench {
    pub cache: PathBuf,
    pub token: String,
    _home: TempDir,
}

impl Bench {
    /// A bench with an empty cache.
    pub fn empty() -> Self {
        static BENCHES: AtomicUsize = AtomicUsize::new(0);
        for variable in OF_THE_USER {
            let is_set = std::env::var_os(variable).is_some();
            assert!(!is_set, "unset {variable}: it changes what is tested");
        }
        let home = tempfile::tempdir().unwrap();
        let number = BENCHES.fetch_add(1, Ordering::Relaxed);
        let token = format!("bench-{}-{number}-", std::process::id());
        // A pull runs in the cache directory, and also gets the token in its environment.
        Self { cache: home.path().join(&token), token, _home: home }
    }

    /// A bench with the esm2 image in its cache. The image is pulled once for all of them.
    pub fn stocked() -> Self {
        static PULLED: OnceLock<(Bench, Vec<u8>)> = OnceLock::new();
        let (_, sif) = PULLED.get_or_init(|| {
            let bench = Self::empty();
            let pull = || {
                run(async {
                    let instance = started(&bench, "").await;
                    assert_eq!(instance.stop().await, None);
                });
            };
            // The first test may already be inside a runtime.
            std::thread::scope(|scope| scope.spawn(pull).join()).unwrap();
            let sif = fs::read(bench.sif()).unwrap();
            (bench, sif)
        });
        let bench = Self::empty();
        fs::create_dir_all(bench.sif().parent().unwrap()).unwrap();
        // Without a cache record, as boileroom leaves it.
        fs::write(bench.sif(), sif).unwrap();
        bench
    }

    pub fn sif(&self) -> PathBuf {
        self.cache.join("images").join(SIF)
    }

    /// The configuration with further settings. A key must not appear twice, as in any TOML.
    pub fn table(&self, settings: &str) -> String {
        let repository = if settings.contains("repository =") {
            String::new()
        } else {
            format!("repository = '{}'\n", pushed(&registry()))
        };
        let command = if settings.contains("command =") || settings.contains("source =") { "" } else { SERVE };
        let limit = if settings.contains("start_timeout =") {
            String::new()
        } else {
            format!("start_timeout = '{}s'\n", LONG.as_secs())
        };
        let device = if settings.contains("device =") { "" } else { "device = 'cpu'\n" };
        format!(
            "default = 'cluster'\n[backends.cluster]\nkind = 'apptainer'\nhttps = false\nweights = 'synthetic'\n\
             cache = '{}'\nenv = {{ BENCH = '{}' }}\n{device}{repository}{limit}{command}{settings}",
            self.cache.display(),
            self.token
        )
    }

    /// The backend, with further settings.
    pub fn platform(&self, settings: &str) -> Platform {
        let config = Config::parse(&Source::new("backends.toml", self.table(settings))).unwrap();
        Platform::select(&config, "cluster", Overrides::default()).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
    }

    /// An instance of it.
    pub fn instance(&self, settings: &str) -> Instance {
        let config = json!({ "model_name": "esm2_t6_8M_UR50D" });
        self.configured(settings, config.as_object().unwrap())
    }

    /// An instance with a configuration.
    pub fn configured(&self, settings: &str, config: &Options) -> Instance {
        let built_in = Config::built_in().unwrap();
        let contract = built_in.model("esm2").unwrap();
        self.platform(settings).open(contract, config).unwrap()
    }

    /// The content of the image directory, sorted.
    pub fn images(&self) -> Vec<String> {
        names_in(&self.cache.join("images"))
    }

    /// The SIF files in it, sorted.
    pub fn sifs(&self) -> Vec<String> {
        let is_sif = |name: &String| Path::new(name).extension().is_some_and(|extension| extension == "sif");
        self.images().into_iter().filter(is_sif).collect()
    }

    /// Checks that no process, mount or incomplete pull is left.
    #[track_caller]
    pub fn nothing_left(&self) {
        traces::none_of(&self.token);
        traces::no_mounts_of(&self.cache);
        let half: Vec<String> = self.images().into_iter().filter(|name| name.starts_with('.')).collect();
        assert!(half.is_empty(), "{half:?}");
    }
}

/// The names of the files in a directory, sorted. Empty if the directory does not exist.
pub fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A registry on loopback without authentication.
pub fn registry() -> String {
    engine("HYDROTEST_REGISTRY")
}

/// Runs a test in a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    run_within(2 * LONG, test);
}

/// A running instance.
pub async fn started(bench: &Bench, settings: &str) -> Instance {
    let instance = bench.instance(settings);
    let started = instance.start().await;
    started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
    instance
}

/// The error of a start. Also checks that nothing is left.
pub async fn failed_start(bench: &Bench, settings: &str) -> BackendError {
    let instance = bench.instance(settings);
    let error = instance.start().await.expect_err("the start succeeds");
    assert_eq!(instance.take_leaks(), Vec::<String>::new());
    bench.nothing_left();
    error
}

/// Any valid call.
pub fn request() -> Request {
    Request { method: Method::Embed, input: Input::One("MALW".into()), options: Options::new() }
}

/// Waits for a condition.
#[track_caller]
pub fn wait_for<T>(what: &str, question: impl FnMut() -> Option<T>) -> T {
    until(what, LONG, question)
}
