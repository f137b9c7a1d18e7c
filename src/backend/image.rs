//! The names of the images that contain the models: repository, image and tag, from the command line, the environment and the backend's
//! table. Also recognises why a pull failed. It does not contact a registry or an engine.

use std::fmt;

use super::kind::Overrides;
use super::{BackendError, Fault};
use crate::config::TableReader;
use crate::prediction::Contract;

/// Where boileroom's images are published.
const REPOSITORY: &str = "docker.io/jakublala";
/// Names another account of Docker Hub.
const REPOSITORY_VARIABLE: &str = "BOILEROOM_DOCKER_REPOSITORY";
/// Names the tag, unless the command line does.
const TAG_VARIABLE: &str = "BOILEROOM_IMAGE_TAG";
/// The default registry.
const HUB: &str = "docker.io";
/// The version of boileroom that this harness was written against.
const VERSION: &str = "0.4.1";
/// The versions of CUDA for which images are published.
const CUDA_VERSIONS: [&str; 2] = ["11.8", "12.6"];
/// The maximum length of a tag.
const LONGEST_TAG: usize = 128;

/// The settings of images in a backend's table.
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
    /// Reads the keys `repository` and `tag` of a backend's table.
    pub(crate) fn read(reader: &mut TableReader<'_>) -> Self {
        let repository = reader.text("repository");
        if let Some(Err(message)) = repository.as_deref().map(parse_repository) {
            let label = "expected such as `docker.io/jakublala` or `127.0.0.1:5000/lab`";
            reader.reject("repository", message, label);
        }
        let tag = reader.text("tag");
        if let Some(Err(message)) = tag.as_deref().map(|tag| resolve(tag, VERSION)) {
            reader.reject("tag", message, "expected such as `0.4.1` or `cuda12.6-0.4.1`");
        }
        Self { repository, tag }
    }

    /// The image of a model. The command line takes precedence over the environment, the environment over the table, and the table over
    /// boileroom's published images.
    ///
    /// # Errors
    /// If the command line or the environment names an invalid tag or repository.
    pub(crate) fn name(&self, contract: &Contract, overrides: &Overrides) -> Result<ImageName, BackendError> {
        self.name_in(contract, overrides, |name| std::env::var(name).ok())
    }

    fn name_in(
        &self,
        contract: &Contract,
        overrides: &Overrides,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<ImageName, BackendError> {
        let unusable = |source: Option<&str>, message: String| match source {
            Some(source) => BackendError::configuration(format_args!("{source}: {message}")),
            None => BackendError::configuration(message),
        };
        let variable = |name| Some((environment(name).filter(|value| !value.trim().is_empty())?, name));
        let account = overrides.docker_user.clone().map(|account| (account, "--docker-user"));
        let (registry, path) = if let Some((account, source)) = account.or_else(|| variable(REPOSITORY_VARIABLE)) {
            (HUB.to_owned(), hub_account(&account).map_err(|message| unusable(Some(source), message))?)
        } else {
            let repository = self.repository.as_deref().unwrap_or(REPOSITORY);
            parse_repository(repository).map_err(|message| unusable(None, message))?
        };
        let (tag, source) = match (&overrides.tag, variable(TAG_VARIABLE)) {
            (Some(tag), _) => (tag.clone(), None),
            (None, Some((tag, source))) => (tag, Some(source)),
            (None, None) => (self.tag.clone().unwrap_or_default(), None),
        };
        // An empty tag becomes the version.
        let tag = resolve(&tag, self.version()).map_err(|message| unusable(source, message))?;
        let separator = if path.is_empty() { "" } else { "/" };
        Ok(ImageName { registry, path: format!("{path}{separator}{}", contract.image), tag })
    }

    /// The version that completes a tag with only a version of CUDA.
    fn version(&self) -> &str {
        let declared = self.tag.as_deref().map(str::trim).filter(|tag| !tag.is_empty());
        declared.and_then(|tag| cuda_version(tag).map_or(Some(tag), |(_, version)| version)).unwrap_or(VERSION)
    }
}

impl ImageName {
    /// The host of its registry, with the port if there is one, such as `docker.io` or `127.0.0.1:5000`.
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

/// The name of an architecture in image manifests, for the name that a kernel, a label or this program's build uses.
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

/// The registry and the path of a repository. The default registry is Docker Hub.
fn parse_repository(text: &str) -> Result<(String, String), String> {
    let text = text.trim().trim_end_matches('/');
    let (first, rest) = text.split_once('/').unwrap_or((text, ""));
    let (registry, path) = if is_host(first) || first == "localhost" { (first, rest) } else { (HUB, text) };
    let is_path = if path.is_empty() { registry != HUB } else { path.split('/').all(is_component) };
    if !is_path || !is_registry(registry) {
        return Err(format!("`{text}` is not a repository of images"));
    }
    Ok((registry.to_owned(), path.to_owned()))
}

/// The path of an account on Docker Hub, which is all that boileroom accepts from its user.
fn hub_account(text: &str) -> Result<String, String> {
    let shown = text.trim();
    let path = shown.strip_suffix('/').unwrap_or(shown);
    let path = path.strip_prefix("docker.io/").unwrap_or(path);
    if path.split('/').next().is_some_and(is_host) || !path.split('/').all(is_component) {
        return Err(format!(
            "`{shown}` is not an account on Docker Hub, such as `docker.io/jakublala`; another registry is named by \
             `repository` in the backend's table"
        ));
    }
    Ok(path.to_owned())
}

/// The tag in the registry for a tag that a user names: trimmed, and completed if it is only a version of CUDA.
fn resolve(tag: &str, version: &str) -> Result<String, String> {
    let tag = tag.trim();
    let (cuda, rest) = match cuda_version(tag) {
        Some((cuda, rest)) => (Some(cuda), rest.unwrap_or(version)),
        None => (None, if tag.is_empty() { version } else { tag }),
    };
    if rest == "latest" {
        return Err(format!(
            "there are no images with the tag `{tag}`; name a version such as `{VERSION}`, which also says what was tested"
        ));
    }
    if let Some(cuda) = cuda.filter(|cuda| !CUDA_VERSIONS.contains(cuda)) {
        return Err(format!("there are no images for CUDA {cuda}, only for {}", CUDA_VERSIONS.join(" and ")));
    }
    let resolved = cuda.map_or_else(|| rest.to_owned(), |cuda| format!("cuda{cuda}-{rest}"));
    if !is_tag(&resolved) {
        return Err(format!("`{tag}` is not a tag: letters, digits, `_`, `.` and `-`, at most {LONGEST_TAG}"));
    }
    Ok(resolved)
}

/// The version of CUDA at the beginning of a tag, such as `12.6`, and the rest of the tag.
fn cuda_version(tag: &str) -> Option<(&str, Option<&str>)> {
    let rest = tag.strip_prefix("cuda")?;
    let (cuda, rest) = rest.split_once('-').map_or((rest, None), |(cuda, rest)| (cuda, Some(rest)));
    let (major, minor) = cuda.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(major) && is_number(minor) && rest != Some("")).then_some((cuda, rest))
}

fn is_tag(tag: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    tag.len() <= LONGEST_TAG && tag.bytes().all(plain) && !tag.starts_with(['.', '-']) && !tag.is_empty()
}

/// Whether the first part of a name is a host rather than an account.
fn is_host(part: &str) -> bool {
    part.contains(['.', ':'])
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "0"));
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    !host.is_empty() && host.bytes().all(letters) && port.parse::<u16>().is_ok()
}

/// Whether a text can be one part of a repository's path: lower-case letters and digits with single separators between them.
fn is_component(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    part.split(['.', '_', '-']).all(|piece| !piece.is_empty() && piece.bytes().all(plain))
}

/// Why a pull failed although the name of the image is right. It is recognised by its message, because engines report everything that a
/// registry says as one failure of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PullObstacle {
    /// The disk has no space for the image.
    FullDisk,
    /// The registry refuses further pulls from here for a while.
    RateLimit,
}

impl PullObstacle {
    /// The obstacle that a message reports. Returns `None` if it is about something else.
    pub(crate) fn in_words(message: &str) -> Option<Self> {
        let message = message.to_lowercase();
        let has_any = |patterns: &[&str]| patterns.iter().any(|pattern| message.contains(pattern));
        if has_any(&["no space left on device", "disk quota exceeded"]) {
            return Some(Self::FullDisk);
        }
        // A status stands alone; a digest or a size may contain the same digits.
        let has_status = message.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == "429");
        let is_limit = has_status || has_any(&["toomanyrequests", "too many requests", "pull rate limit"]);
        is_limit.then_some(Self::RateLimit)
    }

    /// The fault of a start that failed because of it.
    pub(crate) const fn fault(self) -> Fault {
        match self {
            Self::FullDisk => Fault::Misconfigured,
            Self::RateLimit => Fault::Unreachable,
        }
    }

    /// What to do about it.
    pub(crate) const fn advice(self) -> &'static str {
        match self {
            Self::FullDisk => {
                "the disk is full where images are kept: free some disk space there, the name of the image is not the matter"
            }
            Self::RateLimit => {
                "the registry limits how often images are pulled from here: log in there, wait, or use a mirror (`repository`)"
            }
        }
    }
}

#[cfg(test)]
mod tests;
