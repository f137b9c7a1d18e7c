//! Makes sure that the engine has an image that it can run: pulls it by policy with the registry's credentials, reports the progress, and
//! compares architectures. It does not create containers.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{CreateImageInfo, ImageInspect};
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::engine::{self, Engine, bounded};
use super::settings::{DockerSettings, Pull, approximate_bytes};
use super::spec::ContainerSpec;
use super::watch::DockerLogWriter;
use super::{credentials, host};
use crate::backend::image::{self, PullObstacle};
use crate::backend::start_progress::StartProgress;
use crate::backend::{BackendError, Fault, Stage};

/// Time between two log lines about a pull.
const INTERVAL: Duration = Duration::from_secs(2);
/// The lowest HTTP status of server errors.
const SERVER_ERROR: u16 = 500;

/// Makes sure that the engine has the image, and returns the engine's description of it. Reports the progress of a pull.
///
/// # Errors
/// If there is no such image, it cannot be pulled, or it is for another machine.
pub(super) async fn ensure(
    engine: &Engine,
    spec: &ContainerSpec,
    settings: &DockerSettings,
    log: &mut DockerLogWriter,
    progress: &StartProgress,
) -> Result<ImageInspect, BackendError> {
    let (name, platform) = (&spec.image, settings.platform.as_deref());
    progress.set(Stage::Launch, format!("asking the engine for the image {name}"));
    let present = inspect(engine, name).await?;
    let image = match (settings.pull, present) {
        (Pull::Missing | Pull::Never, Some(present)) => present,
        (Pull::Never, None) => {
            return Err(unusable(format!(
                "the engine has no image {name} and `pull = \"never\"`; run `docker pull {name}`, or allow \"missing\""
            )));
        }
        (Pull::Always | Pull::Missing, _) => {
            pull(engine, spec, platform, log, progress).await?;
            let pulled = inspect(engine, name).await?;
            pulled.ok_or_else(|| unusable(format!("the engine has pulled {name} and does not have it")))?
        }
    };
    suits(engine, name, &image, platform)?;
    Ok(image)
}

/// The digest of an image in its registry, if the engine pulled or pushed it.
pub(super) fn registry_digest(found: &ImageInspect) -> Option<&str> {
    found.repo_digests.iter().flatten().filter_map(|digest| Some(digest.rsplit_once('@')?.1)).min()
}

/// The engine's description of an image. Returns `None` if it does not have it.
///
/// # Errors
/// If the engine does not answer.
pub(super) async fn inspect(engine: &Engine, image: &str) -> Result<Option<ImageInspect>, BackendError> {
    match bounded("looking at an image", engine.docker.inspect_image(image)).await? {
        Ok(found) => Ok(Some(found)),
        Err(error) if engine::is_missing(&error) => Ok(None),
        Err(error) => {
            let message = format!("the engine does not tell about the image {image}: {}", engine::message(&error));
            Err(BackendError::new(Stage::Launch, Fault::Unreachable, message))
        }
    }
}

/// Checks that the engine can run an image: its architecture is that of the engine, or of the requested platform.
///
/// # Errors
/// If it is another architecture.
pub(super) fn suits(
    engine: &Engine,
    name: &str,
    found: &ImageInspect,
    platform: Option<&str>,
) -> Result<(), BackendError> {
    let (wanted, reason) = match platform {
        Some(platform) => {
            let asked = image::architecture(platform.rsplit_once('/').map_or(platform, |(_, last)| last));
            let reason = format!("`platform` asks for {asked}");
            (asked, reason)
        }
        None => (engine.architecture.clone(), format!("the engine's machine is {}", engine.architecture)),
    };
    let has = found.architecture.as_deref().map(image::architecture).unwrap_or_default();
    // Some builders do not set it.
    if has.is_empty() || wanted.is_empty() || has == wanted {
        return Ok(());
    }
    Err(unusable(format!(
        "the image {name} is for {has}, and {reason}; take a tag that is built for {wanted}, or, where emulation is installed and \
         meant, write `platform = \"linux/{has}\"`"
    )))
}

async fn pull(
    engine: &Engine,
    spec: &ContainerSpec,
    platform: Option<&str>,
    log: &mut DockerLogWriter,
    progress: &StartProgress,
) -> Result<(), BackendError> {
    let name = &spec.image;
    let found = credentials::find(&spec.registry, &host::variable).await;
    log.line(&format!("pulling {name} {}", found.origin)).await;
    progress.set(Stage::Launch, format!("pulling {name}"));
    let mut options = CreateImageOptionsBuilder::default().from_image(name);
    if let Some(platform) = platform {
        options = options.platform(platform);
    }
    let mut pieces = engine.docker.create_image(Some(options.build()), None, found.credentials);
    let mut pulled = PullProgress::default();
    let mut last_report = Instant::now();
    while let Some(piece) = pieces.next().await {
        pulled.take(&piece.map_err(|error| refused(spec, &found.origin, &error))?);
        progress.set_detail(pulled.show());
        if last_report.elapsed() >= INTERVAL {
            last_report = Instant::now();
            log.line(&format!("pulling {name}: {}", pulled.show())).await;
        }
    }
    log.line(&format!("pulled {name}: {}", pulled.show())).await;
    Ok(())
}

/// The progress of a pull.
#[derive(Debug, Default)]
struct PullProgress {
    /// The bytes that are downloaded and the total, for each layer.
    layers: HashMap<String, (i64, i64)>,
    last: String,
}

impl PullProgress {
    fn take(&mut self, piece: &CreateImageInfo) {
        let Some(status) = &piece.status else { return };
        self.last.clone_from(status);
        let Some(id) = &piece.id else { return };
        match (status.as_str(), piece.progress_detail.as_ref()) {
            ("Downloading", Some(detail)) => {
                if let (Some(current), Some(total)) = (detail.current, detail.total) {
                    self.layers.insert(id.clone(), (current, total));
                }
            }
            ("Download complete" | "Pull complete", _) => {
                if let Some((current, total)) = self.layers.get_mut(id) {
                    *current = *total;
                }
            }
            _ => {}
        }
    }

    fn show(&self) -> String {
        if self.layers.is_empty() {
            return self.last.clone();
        }
        let (mut here, mut all, mut whole) = (0i64, 0i64, 0);
        for (current, total) in self.layers.values() {
            here = here.saturating_add(*current);
            all = all.saturating_add(*total);
            whole += usize::from(current >= total);
        }
        let (here, all) = (approximate_bytes(here), approximate_bytes(all));
        format!("{whole} of {} layers, {here} of {all}", self.layers.len())
    }
}

fn refused(spec: &ContainerSpec, origin: &str, error: &bollard::errors::Error) -> BackendError {
    let (image, message) = (&spec.image, engine::message(error));
    let failed = |fault, advice: &str| {
        BackendError::new(Stage::Launch, fault, format!("{image} cannot be pulled ({origin}): {message}; {advice}"))
    };
    if let Some(obstacle) = PullObstacle::in_words(&message) {
        return failed(obstacle.fault(), obstacle.advice());
    }
    // Engines report most failures of a registry as their own, and only a missing image as missing.
    let is_server_error = engine::refusal(error).is_none_or(|(status, _)| status >= SERVER_ERROR);
    let advice = format!(
        "is the name right (`--image-tag`, `repository`)? Is the registry there (`docker pull {image}`)? If it is private, \
         `docker login {}`",
        spec.registry
    );
    failed(if is_server_error { Fault::Unreachable } else { Fault::Misconfigured }, &advice)
}

fn unusable(message: String) -> BackendError {
    BackendError::new(Stage::Launch, Fault::Misconfigured, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(id: &str, status: &str, numbers: &str) -> CreateImageInfo {
        let text = format!(r#"{{"id": "{id}", "status": "{status}", "progressDetail": {{{numbers}}}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_image_has_the_digest_of_its_registry_where_it_came_from_one() {
        let digest = |digests: &[&str]| {
            let found = ImageInspect {
                repo_digests: Some(digests.iter().map(|&digest| digest.to_owned()).collect()),
                ..ImageInspect::default()
            };
            registry_digest(&found).map(str::to_owned)
        };
        assert_eq!(digest(&["lab/esm@sha256:7d"]).as_deref(), Some("sha256:7d"));
        assert_eq!(digest(&["mirror:5000/esm@sha256:7d", "lab/esm@sha256:7d"]).as_deref(), Some("sha256:7d"));
        assert_eq!(digest(&[]), None, "built here");
    }

    #[test]
    fn progress_counts_layers_and_bytes() {
        let mut progress = PullProgress::default();
        progress.take(&piece("0.4.1", "Pulling from lab/esm", ""));
        insta::assert_snapshot!(progress.show(), @"Pulling from lab/esm");
        progress.take(&piece("a", "Downloading", r#""current": 500000, "total": 2000000"#));
        progress.take(&piece("b", "Downloading", r#""current": 1000000, "total": 3000000000"#));
        insta::assert_snapshot!(progress.show(), @"0 of 2 layers, 1.5 MB of 3.0 GB");
        progress.take(&piece("a", "Pull complete", ""));
        insta::assert_snapshot!(progress.show(), @"1 of 2 layers, 3.0 MB of 3.0 GB");
    }
}
