//! What every test here needs: a cache, a backend with that cache on the real Apptainer, and an instance of it.

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

/// No event takes this long unless it never comes.
pub const LONG: Duration = Duration::from_secs(180);
/// What a container runs to be a good model server.
pub const SERVE: &str = "command = ['/usr/local/bin/hydrotest', 'serve', '--host', '127.0.0.1', '--port', '{port}']\n";
/// The file of the image of the models that a test takes when any would do.
pub const SIF: &str = "hydrotest-boileroom-esm_0.4.1.sif";

/// Variables of the user's that say how Apptainer works and what is asked of it.
const OF_THE_USER: [&str; 4] = ["APPTAINER_TMPDIR", "BOILEROOM_IMAGE_TAG", "BOILEROOM_DOCKER_REPOSITORY", "MODEL_DIR"];

/// A cache of images, and a word that is in the environment of everything that is started for a test.
pub struct Bench {
    pub cache: PathBuf,
    pub token: String,
    _home: TempDir,
}

impl Bench {
    /// One with an empty cache.
    pub fn empty() -> Self {
        static BENCHES: AtomicUsize = AtomicUsize::new(0);
        for variable in OF_THE_USER {
            let is_set = std::env::var_os(variable).is_some();
            assert!(!is_set, "unset {variable}: it changes what is tested");
        }
        let home = tempfile::tempdir().unwrap();
        let number = BENCHES.fetch_add(1, Ordering::Relaxed);
        let token = format!("bench-{}-{number}-", std::process::id());
        // A pull works in the cache, and so has the word in its environment as well.
        Self { cache: home.path().join(&token), token, _home: home }
    }

    /// One with the image of esm2 in its cache, which is pulled once for all of them.
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
            // The test that comes first may be in a runtime already.
            std::thread::scope(|scope| scope.spawn(pull).join()).unwrap();
            let sif = fs::read(bench.sif()).unwrap();
            (bench, sif)
        });
        let bench = Self::empty();
        fs::create_dir_all(bench.sif().parent().unwrap()).unwrap();
        // Without a record, as boileroom leaves it.
        fs::write(bench.sif(), sif).unwrap();
        bench
    }

    pub fn sif(&self) -> PathBuf {
        self.cache.join("images").join(SIF)
    }

    /// The configuration, with further settings; the later of two equal ones is not allowed, as in any TOML.
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

    /// What is in the directory of images, sorted.
    pub fn images(&self) -> Vec<String> {
        names_in(&self.cache.join("images"))
    }

    /// The SIF files in it, sorted.
    pub fn sifs(&self) -> Vec<String> {
        let is_sif = |name: &String| Path::new(name).extension().is_some_and(|extension| extension == "sif");
        self.images().into_iter().filter(is_sif).collect()
    }

    /// Checks that no process, mount or half pull is left.
    #[track_caller]
    pub fn nothing_left(&self) {
        traces::none_of(&self.token);
        traces::no_mounts_of(&self.cache);
        let half: Vec<String> = self.images().into_iter().filter(|name| name.starts_with('.')).collect();
        assert!(half.is_empty(), "{half:?}");
    }
}

/// The names of the files in a directory, sorted; none when it is not there.
pub fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A registry on loopback that everybody may use.
pub fn registry() -> String {
    engine("HYDROTEST_REGISTRY")
}

/// Runs a test in a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    run_within(2 * LONG, test);
}

/// An instance that runs.
pub async fn started(bench: &Bench, settings: &str) -> Instance {
    let instance = bench.instance(settings);
    let started = instance.start().await;
    started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
    instance
}

/// The error of a start, after which nothing is left.
pub async fn failed_start(bench: &Bench, settings: &str) -> BackendError {
    let instance = bench.instance(settings);
    let error = instance.start().await.expect_err("the start succeeds");
    assert_eq!(instance.take_leaks(), Vec::<String>::new());
    bench.nothing_left();
    error
}

/// A call of no importance.
pub fn request() -> Request {
    Request { method: Method::Embed, input: Input::One("MALW".into()), options: Options::new() }
}

/// Waits for something to come true.
#[track_caller]
pub fn wait_for<T>(what: &str, question: impl FnMut() -> Option<T>) -> T {
    until(what, LONG, question)
}
