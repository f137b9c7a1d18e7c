//! The settings of the kind `docker`: which image, which command, with what. Reads them and fills them in for a model; asks no
//! engine.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::mount::Bind;
use super::size;
use crate::backend::image::ImageSettings;
use crate::backend::kind::Overrides;
use crate::backend::placeholders::{Known, Values};
use crate::backend::served::ServedSettings;
use crate::backend::{BackendError, Fault, Stage};
use crate::config::{BackendTable, Diagnostics, Reader};
use crate::prediction::Contract;

/// How long a server may take to end when asked to: as long as boileroom gives it.
const GRACE: Duration = Duration::from_secs(10);
/// A stop is given up after 30 s, and the engine needs some of them to remove what it has stopped.
const LONGEST_GRACE: Duration = Duration::from_secs(15);
/// The port in the container on which a server listens, where the table does not say.
const PORT: i64 = 8000;
/// What settings may refer to besides what all kinds know.
const PLACEHOLDERS: Known = Known(&["port"]);
/// The variable that names boileroom's source.
const SOURCE_VARIABLE: &str = "BOILEROOM_SOURCE";
/// Where the source is in a container.
const SOURCE: &str = "/boileroom";
/// The variable that names the directory of weights, here and in a container.
const MODEL_DIR_VARIABLE: &str = "MODEL_DIR";
/// Where weights are in a container, as boileroom has it in its own.
const MODEL_DIR: &str = "/.model_cache";
/// Networks on which an engine publishes no port.
const UNPUBLISHED: [&str; 3] = ["host", "none", "container"];

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pull {
    /// When the engine does not have it.
    Missing,
    /// Before every start.
    Always,
    /// Never.
    Never,
}

/// The GPUs that a container gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gpus {
    /// None of them.
    None,
    /// All there are.
    All,
    /// So many.
    Count(i64),
    /// Those of these numbers or identifiers.
    These(Vec<String>),
}

/// The validated settings.
#[derive(Debug)]
pub(super) struct DockerSettings {
    host: Option<String>,
    image: Option<String>,
    images: ImageSettings,
    command: Option<Vec<String>>,
    source: Option<String>,
    model_dir: Option<String>,
    binds: Vec<String>,
    environment: Vec<(String, String)>,
    gpus: Option<Gpus>,
    /// When the image is pulled.
    pub(super) pull: Pull,
    /// The platform to ask for, such as `linux/amd64`; the engine's own when `None`.
    pub(super) platform: Option<String>,
    /// The device where the command line gives none.
    pub(super) device: Option<String>,
    /// Memory of the container in bytes, swap not added.
    pub(super) memory: Option<i64>,
    /// Size of `/dev/shm` in bytes.
    pub(super) shm: Option<i64>,
    /// The user in the container.
    pub(super) user: Option<String>,
    /// The network of the container.
    pub(super) network: Option<String>,
    /// The port in the container.
    pub(super) port: u16,
    /// The address of the engine's machine on which the port is published.
    pub(super) address: Option<IpAddr>,
    /// Time between asking a server to end and killing it.
    pub(super) grace: Duration,
    /// Where logs are kept; with the instance, when `None`.
    pub(super) log_dir: Option<PathBuf>,
    /// What it shares with every kind that has a model server.
    pub(super) served: ServedSettings,
}

/// Settings with everything filled in for one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    /// Where the engine is, if it is said.
    pub(super) host: Option<String>,
    /// The image, with tag or digest.
    pub(super) image: String,
    /// The registry of the image.
    pub(super) registry: String,
    /// The command, to follow the image's own entry point.
    pub(super) command: Vec<String>,
    /// Variables besides those of the job.
    pub(super) environment: Vec<(String, String)>,
    /// What the container sees of the engine's machine.
    pub(super) binds: Vec<Bind>,
    /// The GPUs it gets.
    pub(super) gpus: Gpus,
}

impl DockerSettings {
    /// Reads a backend's table and reports everything wrong with it.
    pub(super) fn read(table: &BackendTable, diagnostics: &mut Diagnostics) -> Self {
        let mut reader = Reader::new(&table.settings, diagnostics);
        let images = ImageSettings::read(&mut reader);
        let image = PLACEHOLDERS.text(&mut reader, "image");
        if image.is_some() && (reader.has("repository") || reader.has("tag")) {
            let message = "`image` names an image in full, so that `repository` and `tag` say nothing";
            reader.reject("image", message, "expected this or the other two");
        }
        let command = PLACEHOLDERS.words(&mut reader, "command").map(|words| words.words);
        if command.as_ref().is_some_and(Vec::is_empty) {
            reader.reject("command", "`command` is empty", "expected a program and its arguments");
        }
        let binds = PLACEHOLDERS.words(&mut reader, "binds");
        let network = reader.text("network");
        let unpublished = |name: &&String| UNPUBLISHED.contains(&name.split(':').next().unwrap_or_default());
        if let Some(name) = network.as_ref().filter(unpublished) {
            let message = format!("on the network `{name}` an engine publishes no port");
            reader.reject(
                "network",
                message,
                "expected a bridge, where the engine chooses a port that is surely free",
            );
        }
        let address = reader.text("address").and_then(|text| {
            let address = text.parse().ok();
            if address.is_none() {
                reader.reject(
                    "address",
                    format!("`{text}` is no address"),
                    "expected such as `127.0.0.1` or `0.0.0.0`",
                );
            }
            address
        });
        let grace = reader.duration("grace").unwrap_or(GRACE);
        if grace > LONGEST_GRACE {
            let message = format!("`grace` is {} s", grace.as_secs_f64());
            let label = format!("expected at most {} s", LONGEST_GRACE.as_secs());
            reader.reject("grace", message, label);
        }
        let pull = [
            ("missing", Pull::Missing),
            ("always", Pull::Always),
            ("never", Pull::Never),
        ];
        let settings = Self {
            host: PLACEHOLDERS.text(&mut reader, "host"),
            image,
            images,
            command,
            source: PLACEHOLDERS.text(&mut reader, "source"),
            model_dir: PLACEHOLDERS.text(&mut reader, "model_dir"),
            binds: binds.map(|words| words.words).unwrap_or_default(),
            environment: PLACEHOLDERS.environment(&mut reader),
            gpus: gpus(&mut reader),
            pull: reader.choice("pull", &pull).unwrap_or(Pull::Missing),
            platform: reader.text("platform"),
            device: reader.text("device"),
            memory: bytes(&mut reader, "memory"),
            shm: bytes(&mut reader, "shm"),
            user: reader.text("user"),
            network,
            port: reader.integer("port", 1..=65535).unwrap_or(PORT) as u16,
            address,
            grace,
            log_dir: reader.text("log_dir").map(PathBuf::from),
            served: ServedSettings::read(table, &mut reader),
        };
        reader.finish();
        settings
    }

    /// Fills in everything for a model.
    ///
    /// # Errors
    /// When the image, a variable or boileroom's source is not named, or a bind is none.
    pub(super) fn fill(
        &self,
        contract: &Contract,
        overrides: &Overrides,
        device: Option<&str>,
    ) -> Result<Recipe, BackendError> {
        let values = Values::new(contract, [("port", self.port.to_string())])?;
        let fill = |text: &Option<String>| text.as_deref().map(|text| values.fill(text)).transpose();
        let (image, registry) = self.image(contract, overrides, &values)?;
        let mut environment = values.fill_values(&self.environment)?;
        let mut binds = Vec::new();
        for bind in values.fill_all(&self.binds)? {
            let bind = Bind::parse(&bind).map_err(|error| unusable(format!("the bind `{bind}` {error}")))?;
            binds.push(bind);
        }
        let variable = |name: &str| std::env::var(name).ok().filter(|value| value.starts_with('/'));
        let source = fill(&self.source)?.or_else(|| variable(SOURCE_VARIABLE));
        if let Some(source) = &source {
            binds.push(Bind::new(source, SOURCE, true));
            environment.push(("PYTHONPATH".to_owned(), SOURCE.to_owned()));
        }
        if let Some(directory) = fill(&self.model_dir)?.or_else(|| variable(MODEL_DIR_VARIABLE)) {
            binds.push(Bind::new(&directory, MODEL_DIR, false));
            environment.push((MODEL_DIR_VARIABLE.to_owned(), MODEL_DIR.to_owned()));
            environment.push(("CHAI_DOWNLOADS_DIR".to_owned(), format!("{MODEL_DIR}/chai")));
        }
        let command = match &self.command {
            Some(command) => values.fill_all(command)?,
            None if source.is_some() => boileroom(self.port),
            None => {
                return Err(unusable(format!(
                    "boileroom's images do not hold its server: say where its source is by `source` or {SOURCE_VARIABLE}, or \
                     what else to run by `command`"
                )));
            }
        };
        // As boileroom does for its own containers: a server on a CUDA device needs one.
        let wants_gpu = device.is_some_and(|device| device.starts_with("cuda"));
        let standard = if wants_gpu { Gpus::All } else { Gpus::None };
        Ok(Recipe {
            host: fill(&self.host)?,
            image,
            registry,
            command,
            environment,
            binds,
            gpus: self.gpus.clone().unwrap_or(standard),
        })
    }

    /// The image of a model and its registry.
    fn image(
        &self,
        contract: &Contract,
        overrides: &Overrides,
        values: &Values,
    ) -> Result<(String, String), BackendError> {
        let Some(image) = &self.image else {
            let name = self.images.name(contract, overrides)?;
            return Ok((name.to_string(), name.registry().to_owned()));
        };
        if overrides.tag.is_some() || overrides.docker_user.is_some() {
            return Err(unusable(format!(
                "`image = \"{image}\"` names an image in full, so that neither a tag nor an account can be chosen for it; write \
                 `repository` and `tag` instead"
            )));
        }
        let image = values.fill(image)?;
        let (first, rest) = image.split_once('/').unwrap_or(("", &image));
        let last = rest.rsplit('/').next().unwrap_or(rest);
        let tag = last.split_once([':', '@']).map(|(_, tag)| tag);
        if tag.is_none_or(|tag| tag.is_empty() || tag == "latest") {
            return Err(unusable(format!(
                "`{image}` does not say which version: an image needs a tag other than `latest`, or a digest, so that a result \
                 can be told from another"
            )));
        }
        let is_registry = first == "localhost" || first.contains(['.', ':']);
        let registry = if is_registry { first } else { "docker.io" };
        Ok((image.clone(), registry.to_owned()))
    }
}

/// How boileroom's own server is started.
fn boileroom(port: u16) -> Vec<String> {
    let server = format!("{SOURCE}/boileroom/backend/server.py");
    let port = port.to_string();
    let words = [
        "/usr/local/bin/python3.12",
        &server,
        "--host",
        "0.0.0.0",
        "--port",
        &port,
    ];
    words.map(str::to_owned).to_vec()
}

/// The key `gpus`: `"all"`, `"none"`, a number, or the numbers or identifiers of some.
fn gpus(reader: &mut Reader<'_>) -> Option<Gpus> {
    let words: Vec<String> = reader
        .text_or_texts("gpus")?
        .into_vec()
        .into_iter()
        .map(|word| word.value)
        .collect();
    let read = match words.as_slice() {
        [word] if word == "all" => Some(Gpus::All),
        [word] if word == "none" => Some(Gpus::None),
        [] => None,
        [word] => Some(word.parse().map_or_else(|_| Gpus::These(words.clone()), Gpus::Count)),
        _ => Some(Gpus::These(words)),
    };
    let sound = match &read {
        Some(Gpus::Count(count)) => *count > 0,
        read => read.is_some(),
    };
    if !sound {
        let label = "expected \"all\", \"none\", a number such as \"2\", or an array of identifiers";
        reader.reject("gpus", "`gpus` names no GPU", label);
    }
    read
}

/// A key that holds an amount of memory.
fn bytes(reader: &mut Reader<'_>, key: &'static str) -> Option<i64> {
    let text = reader.text(key)?;
    let bytes = size::parse(&text);
    if bytes.is_none() {
        reader.reject(
            key,
            format!("`{text}` is no amount of memory"),
            "expected such as `24g` or `512m`",
        );
    }
    bytes
}

fn unusable(message: String) -> BackendError {
    BackendError::new(Stage::Configure, Fault::Misconfigured, message)
}
