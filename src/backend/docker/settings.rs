//! The settings of the kind `docker`: which image, which command, with what. Reads them; [`super::spec`] fills
//! them in for a model.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::size;
use crate::backend::image::ImageSettings;
use crate::backend::placeholders::Placeholders;
use crate::backend::served::ServedSettings;
use crate::config::{BackendTable, Diagnostics, TableReader};

/// How long a server may take to end when asked to: as long as boileroom gives it.
const GRACE: Duration = Duration::from_secs(10);
/// A stop is given up after 30 s, and the engine needs some of them to remove what it has stopped.
const LONGEST_GRACE: Duration = Duration::from_secs(15);
/// The port in the container on which a server listens, where the table does not say.
const PORT: i64 = 8000;
/// What settings may refer to besides what all kinds know.
const PLACEHOLDERS: Placeholders = Placeholders(&["port"]);
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
    /// Where the engine is.
    pub(super) host: Option<String>,
    /// The whole name of an image.
    pub(super) image: Option<String>,
    /// Or where it is and its tag.
    pub(super) images: ImageSettings,
    /// What to run, in place of boileroom's own server.
    pub(super) command: Option<Vec<String>>,
    /// Where boileroom's source is.
    pub(super) source: Option<String>,
    /// Where weights are kept.
    pub(super) model_dir: Option<String>,
    /// More of the engine's files.
    pub(super) binds: Vec<String>,
    /// More variables.
    pub(super) environment: Vec<(String, String)>,
    /// The GPUs that a container gets; by the device, when `None`.
    pub(super) gpus: Option<Gpus>,
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

impl DockerSettings {
    /// Reads a backend's table and reports everything wrong with it.
    pub(super) fn read(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut reader = TableReader::new(&table.settings, diagnostics);
        let images = ImageSettings::read(&mut reader);
        let image = PLACEHOLDERS.text(&mut reader, "image");
        if image.is_some() && (reader.has("repository") || reader.has("tag")) {
            let message = "`image` names an image in full, so that `repository` and `tag` say nothing";
            reader.reject("image", message, "expected this or the other two");
        }
        let command = PLACEHOLDERS.words(&mut reader, "command").map(|words| words.words);
        let is_empty = command.as_ref().is_some_and(Vec::is_empty);
        if is_empty {
            reader.reject("command", "`command` is empty", "expected a program and its arguments");
        }
        let binds = PLACEHOLDERS.words(&mut reader, "binds");
        let network = reader.text("network");
        let unpublished = |name: &&String| UNPUBLISHED.contains(&name.split(':').next().unwrap_or_default());
        if let Some(name) = network.as_ref().filter(unpublished) {
            let message = format!("on the network `{name}` an engine publishes no port");
            reader.reject("network", message, "expected a bridge, where the engine chooses a port that is surely free");
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
        let pull = [("missing", Pull::Missing), ("always", Pull::Always), ("never", Pull::Never)];
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
        (!is_empty).then_some(settings)
    }
}

/// The key `gpus`: `"all"`, `"none"`, a number, or the numbers or identifiers of some.
fn gpus(reader: &mut TableReader<'_>) -> Option<Gpus> {
    let words: Vec<String> = reader.text_or_texts("gpus")?.into_vec().into_iter().map(|word| word.value).collect();
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
fn bytes(reader: &mut TableReader<'_>, key: &'static str) -> Option<i64> {
    let text = reader.text(key)?;
    let bytes = size::parse(&text);
    if bytes.is_none() {
        reader.reject(key, format!("`{text}` is no amount of memory"), "expected such as `24g` or `512m`");
    }
    bytes
}
