//! The names of the images that hold the models: repository, image and tag, from the command line, the environment and the
//! backend's table. Makes names; asks no registry and no engine whether there is such an image.

mod obstacle;

use std::fmt;

use super::kind::Overrides;
use super::{BackendError, Fault, Stage};
use crate::config::TableReader;
use crate::prediction::Contract;

pub(crate) use obstacle::PullObstacle;

/// Where boileroom's images are published.
const REPOSITORY: &str = "docker.io/jakublala";
/// Says that they come from another account of Docker Hub.
const REPOSITORY_VARIABLE: &str = "BOILEROOM_DOCKER_REPOSITORY";
/// Says which tag to use where the command line does not.
const TAG_VARIABLE: &str = "BOILEROOM_IMAGE_TAG";
/// The registry of names that have none.
const HUB: &str = "docker.io";
/// The version of boileroom that this harness was written against.
const VERSION: &str = "0.4.1";
/// The lines of CUDA for which images are published.
const CUDA_LINES: [&str; 2] = ["11.8", "12.6"];
/// The longest tag that a registry takes.
const LONGEST_TAG: usize = 128;

/// What a backend's table says about its images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ImageSettings {
    repository: Option<String>,
    tag: Option<String>,
}

/// The full name of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageName {
    registry: String,
    path: String,
    tag: String,
}

impl ImageSettings {
    /// Takes the keys `repository` and `tag` out of a backend's table.
    pub(crate) fn read(reader: &mut TableReader<'_>) -> Self {
        let repository = reader.text("repository");
        if let Some(Err(message)) = repository.as_deref().map(Repository::parse) {
            let label = "expected such as `docker.io/jakublala` or `127.0.0.1:5000/lab`";
            reader.reject("repository", message, label);
        }
        let tag = reader.text("tag");
        if let Some(Err(message)) = tag.as_deref().map(|tag| resolve(tag, VERSION)) {
            reader.reject("tag", message, "expected such as `0.4.1` or `cuda12.6-0.4.1`");
        }
        Self { repository, tag }
    }

    /// The image of a model. The command line comes before the environment, the environment before the table, and the table
    /// before what boileroom publishes.
    ///
    /// # Errors
    /// When the command line or the environment gives a tag or a repository that cannot be.
    pub(crate) fn name(&self, contract: &Contract, overrides: &Overrides) -> Result<ImageName, BackendError> {
        self.name_in(contract, overrides, |name| std::env::var(name).ok())
    }

    fn name_in(
        &self,
        contract: &Contract,
        overrides: &Overrides,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<ImageName, BackendError> {
        let variable = |name| environment(name).filter(|value| !value.trim().is_empty());
        let unusable = |message: String| BackendError::new(Stage::Configure, Fault::Misconfigured, message);
        let repository = if let Some(account) = &overrides.docker_user {
            let hub = Repository::of_hub(account);
            hub.map_err(|message| unusable(format!("--docker-user: {message}")))?
        } else if let Some(value) = variable(REPOSITORY_VARIABLE) {
            let hub = Repository::of_hub(&value);
            hub.map_err(|message| unusable(format!("{REPOSITORY_VARIABLE}: {message}")))?
        } else {
            Repository::parse(self.repository.as_deref().unwrap_or(REPOSITORY)).map_err(unusable)?
        };
        let version = self.version();
        let tag = if let Some(tag) = &overrides.tag {
            resolve(tag, version).map_err(unusable)?
        } else if let Some(value) = variable(TAG_VARIABLE) {
            resolve(&value, version).map_err(|message| unusable(format!("{TAG_VARIABLE}: {message}")))?
        } else {
            resolve(self.tag.as_deref().unwrap_or(VERSION), version).map_err(unusable)?
        };
        let path = [repository.path.as_str(), contract.image.as_str()];
        let path: Vec<&str> = path.into_iter().filter(|part| !part.is_empty()).collect();
        Ok(ImageName { registry: repository.registry, path: path.join("/"), tag })
    }

    /// The version that completes a tag which names a line of CUDA only.
    fn version(&self) -> &str {
        let declared = self.tag.as_deref().map(str::trim).filter(|tag| !tag.is_empty());
        let declared = declared.and_then(|tag| match cuda_line(tag) {
            Some((_, version)) => version,
            None => Some(tag),
        });
        declared.unwrap_or(VERSION)
    }
}

impl ImageName {
    /// The host it comes from, with the port if there is one, such as `docker.io` or `127.0.0.1:5000`.
    pub(crate) fn registry(&self) -> &str {
        &self.registry
    }

    /// Its path in the registry, such as `jakublala/boileroom-esm`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Its tag.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.registry, self.path, self.tag)
    }
}

/// The architecture as image manifests call it, for a name that a kernel, a label or this program's build gives it.
pub(crate) fn architecture(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    match name.as_str() {
        "x86_64" | "x86-64" => "amd64".to_owned(),
        "aarch64" | "arm64/v8" => "arm64".to_owned(),
        "x86" | "i386" | "i686" => "386".to_owned(),
        "powerpc64le" => "ppc64le".to_owned(),
        _ => name,
    }
}

/// The architecture of this machine.
pub(crate) fn own_architecture() -> String {
    architecture(std::env::consts::ARCH)
}

/// A registry and a path in it.
#[derive(Debug, PartialEq, Eq)]
struct Repository {
    registry: String,
    path: String,
}

impl Repository {
    /// One on any registry, or on Docker Hub when no registry is named.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches('/');
        let (first, rest) = text.split_once('/').unwrap_or((text, ""));
        let (registry, path) = if is_host(first) || first == "localhost" { (first, rest) } else { (HUB, text) };
        let is_path = if path.is_empty() { registry != HUB } else { path.split('/').all(is_component) };
        if !is_path || !is_registry(registry) {
            return Err(format!("`{text}` is not a repository of images"));
        }
        Ok(Self { registry: registry.to_owned(), path: path.to_owned() })
    }

    /// One on Docker Hub, which is all that boileroom takes from its user.
    fn of_hub(text: &str) -> Result<Self, String> {
        let shown = text.trim();
        let path = shown.strip_suffix('/').unwrap_or(shown);
        let path = path.strip_prefix("docker.io/").unwrap_or(path);
        let foreign = path.split('/').next().is_some_and(is_host);
        if foreign || !path.split('/').all(is_component) {
            return Err(format!(
                "`{shown}` is not an account on Docker Hub, such as `docker.io/jakublala`; another registry is named by \
                 `repository` in the backend's table"
            ));
        }
        Ok(Self { registry: HUB.to_owned(), path: path.to_owned() })
    }
}

/// The tag in the registry for one that a person gives: trimmed, with a version behind a line of CUDA.
fn resolve(tag: &str, version: &str) -> Result<String, String> {
    let tag = tag.trim();
    let (line, rest) = match cuda_line(tag) {
        Some((line, rest)) => (Some(line), rest.unwrap_or(version)),
        None => (None, if tag.is_empty() { version } else { tag }),
    };
    if rest == "latest" {
        return Err(format!(
            "there are no images with the tag `{tag}`; name a version such as `{VERSION}`, which also says what was tested"
        ));
    }
    if let Some(line) = line.filter(|line| !CUDA_LINES.contains(line)) {
        let lines = CUDA_LINES.join(" and ");
        return Err(format!("there are no images for CUDA {line}, only for {lines}"));
    }
    let resolved = line.map_or_else(|| rest.to_owned(), |line| format!("cuda{line}-{rest}"));
    if !is_tag(&resolved) {
        return Err(format!("`{tag}` is not a tag: letters, digits, `_`, `.` and `-`, at most {LONGEST_TAG}"));
    }
    Ok(resolved)
}

/// The line of CUDA that a tag begins with, such as `12.6`, and what follows it.
fn cuda_line(tag: &str) -> Option<(&str, Option<&str>)> {
    let rest = tag.strip_prefix("cuda")?;
    let (line, rest) = match rest.split_once('-') {
        Some((line, rest)) if !rest.is_empty() => (line, Some(rest)),
        Some(_) => return None,
        None => (rest, None),
    };
    let (major, minor) = line.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(major) && is_number(minor)).then_some((line, rest))
}

fn is_tag(tag: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    tag.len() <= LONGEST_TAG && tag.bytes().all(plain) && !tag.starts_with(['.', '-']) && !tag.is_empty()
}

/// Whether the first part of a name is a host and not an account.
fn is_host(part: &str) -> bool {
    part.contains(['.', ':'])
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "0"));
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    !host.is_empty() && host.bytes().all(letters) && port.parse::<u16>().is_ok()
}

/// Whether this can be one part of a repository's path: small letters and digits, with single separators between them.
fn is_component(part: &str) -> bool {
    let pieces = part.split(['.', '_', '-']);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    pieces.into_iter().all(|piece| !piece.is_empty() && piece.bytes().all(plain))
}

#[cfg(test)]
mod tests;
