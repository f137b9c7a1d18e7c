//! The settings of the kind `docker`: image, command, resources of the container. Reads them from the table, and parses and
//! shows amounts of memory; [`super::spec`] fills the settings in for a model.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::backend::image::ImageSettings;
use crate::backend::launcher;
use crate::backend::placeholders::Placeholders;
use crate::backend::served::ServedSettings;
use crate::config::{BackendTable, Diagnostics, TableReader};

/// A stop is given up after 30 s, and the engine needs some of them to remove the container.
const LONGEST_GRACE: Duration = Duration::from_secs(15);
/// The port on which a server listens in its container if the table does not say.
const PORT: i64 = 8000;
/// The placeholders of its settings besides the common ones.
const PLACEHOLDERS: Placeholders = Placeholders(&["port"]);
/// Networks on which an engine publishes no port.
const UNPUBLISHED: [&str; 3] = ["host", "none", "container"];
/// Units of memory, the largest first.
const UNITS: [(&str, u64); 4] = [("t", 1 << 40), ("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10)];

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pull {
    /// If the engine does not have it.
    Missing,
    /// Before every start.
    Always,
    /// Never.
    Never,
}

/// The GPUs of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gpus {
    /// None.
    None,
    /// All.
    All,
    /// This many.
    Count(i64),
    /// Those with these numbers or identifiers.
    These(Vec<String>),
}

/// The validated settings.
#[derive(Debug)]
pub(super) struct DockerSettings {
    /// The address of the engine.
    pub(super) host: Option<String>,
    /// The full name of an image.
    pub(super) image: Option<String>,
    /// Or its repository and tag.
    pub(super) images: ImageSettings,
    /// The command, instead of boileroom's own server.
    pub(super) command: Option<Vec<String>>,
    /// The directory of boileroom's source.
    pub(super) source: Option<String>,
    /// The directory of weights.
    pub(super) model_dir: Option<String>,
    /// More mounts of the engine's files.
    pub(super) binds: Vec<String>,
    /// More variables.
    pub(super) environment: Vec<(String, String)>,
    /// The GPUs of the container. If `None`, the device decides.
    pub(super) gpus: Option<Gpus>,
    /// When the image is pulled.
    pub(super) pull: Pull,
    /// The platform to ask for, such as `linux/amd64`. If `None`, the engine's own.
    pub(super) platform: Option<String>,
    /// The device, unless the command line names one.
    pub(super) device: Option<String>,
    /// Memory of the container in bytes, without swap.
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
    /// Time between SIGTERM and SIGKILL.
    pub(super) grace: Duration,
    /// The directory of logs. If `None`, the instance's own.
    pub(super) log_dir: Option<PathBuf>,
    /// The settings of every kind with a model server.
    pub(super) served: ServedSettings,
}

impl DockerSettings {
    /// Reads a backend's table and reports every mistake.
    pub(super) fn read(table: &BackendTable, diagnostics: &mut Diagnostics) -> Self {
        let mut reader = TableReader::new(&table.settings, diagnostics);
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
            reader.reject("network", message, "expected a bridge, where the engine chooses a port that is surely free");
        }
        let address = reader.text("address");
        let ip = address.as_ref().and_then(|text| text.parse().ok());
        if let Some(text) = address.filter(|_| ip.is_none()) {
            reader.reject(
                "address",
                format_args!("`{text}` is no address"),
                "expected such as `127.0.0.1` or `0.0.0.0`",
            );
        }
        let grace = launcher::grace(&mut reader, LONGEST_GRACE);
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
            address: ip,
            grace,
            log_dir: reader.text("log_dir").map(PathBuf::from),
            served: ServedSettings::read(table, &mut reader),
        };
        reader.finish();
        settings
    }
}

/// The key `gpus`: `"all"`, `"none"`, a number, or an array of numbers or identifiers.
fn gpus(reader: &mut TableReader<'_>) -> Option<Gpus> {
    let words: Vec<String> = reader.text_or_texts("gpus")?.into_vec().into_iter().map(|word| word.value).collect();
    let gpus = match words.as_slice() {
        [] => None,
        [word] if word == "all" => Some(Gpus::All),
        [word] if word == "none" => Some(Gpus::None),
        [word] => match word.parse() {
            Ok(count) => Some(Gpus::Count(count)).filter(|_| count > 0),
            Err(_) => Some(Gpus::These(words)),
        },
        _ => Some(Gpus::These(words)),
    };
    if gpus.is_none() {
        let label = "expected \"all\", \"none\", a number such as \"2\", or an array of identifiers";
        reader.reject("gpus", "`gpus` names no GPU", label);
    }
    gpus
}

/// A key with an amount of memory.
fn bytes(reader: &mut TableReader<'_>, key: &'static str) -> Option<i64> {
    let text = reader.text(key)?;
    let bytes = parse_bytes(&text);
    if bytes.is_none() {
        reader.reject(key, format!("`{text}` is no amount of memory"), "expected such as `24g` or `512m`");
    }
    bytes
}

/// The number of bytes in a text such as `8g`, in units of 1024: `g`, `gb` and `GiB` are the same.
fn parse_bytes(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.strip_prefix(digits)?.trim();
    let unit = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit);
    let factor = match unit {
        "" => 1,
        unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    let number: u64 = digits.trim().parse().ok()?;
    i64::try_from(number.checked_mul(factor)?).ok().filter(|bytes| *bytes > 0)
}

/// Bytes in the largest unit that leaves a whole number, such as `64m`.
pub(super) fn show_bytes(bytes: i64) -> String {
    let bytes = bytes.unsigned_abs();
    let unit = UNITS.iter().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    unit.map_or_else(|| format!("{bytes} bytes"), |(name, factor)| format!("{}{name}", bytes / factor))
}

/// Bytes with one decimal, such as `1.3 GB`.
pub(super) fn approximate_bytes(bytes: i64) -> String {
    let bytes = bytes.max(0) as f64;
    if bytes >= 1e9 { format!("{:.1} GB", bytes / 1e9) } else { format!("{:.1} MB", bytes / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_every_spelling_and_shown_in_one() {
        for (text, bytes, shown) in [
            ("8g", 8 << 30, "8g"),
            ("8 GiB", 8 << 30, "8g"),
            ("512mb", 512 << 20, "512m"),
            ("1025", 1025, "1025 bytes"),
            ("2097152", 2 << 20, "2m"),
        ] {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
            assert_eq!(show_bytes(bytes), shown);
        }
        for text in ["", "g", "-1g", "1.5g", "8q", "0", "99999999999t", "8 g g"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }
}
